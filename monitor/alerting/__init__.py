"""What to tell, to whom, and when to try again. Pure: everything is given, `now` included."""

from __future__ import annotations

from monitor.alerting.plan import RECAP_LIMIT, message_id, notifies, plan, plan_recap
from monitor.alerting.retry import ATTEMPTS, next_attempt
from monitor.alerting.routes import Routes, default_routes, load_routes

__all__ = [
    "ATTEMPTS",
    "RECAP_LIMIT",
    "Routes",
    "default_routes",
    "load_routes",
    "message_id",
    "next_attempt",
    "notifies",
    "plan",
    "plan_recap",
]
