"""What to tell, to whom, and when to try again. Pure: everything is given, `now` included."""

from __future__ import annotations

from monitor.alerting.bursts import bursting, plan_bursts, raised
from monitor.alerting.digests import Gathering, Release, digest_times, due_slot, missed_by, plan_digest, plan_releases
from monitor.alerting.endpoints import (
    BREAK_AFTER,
    answered,
    enabled,
    failed,
    gave_up,
    health,
    may_send,
    standing,
    waited_for,
)
from monitor.alerting.growth import for_the_untold, plan_growth
from monitor.alerting.heartbeat import after_canary, first_canary, heartbeat_receivers, plan_heartbeat
from monitor.alerting.holding import (
    AT_ONCE,
    Budget,
    Manner,
    QuietHours,
    group_of,
    hold,
    hold_less,
    hold_on,
    next_time,
    spent_until,
)
from monitor.alerting.ids import message_id
from monitor.alerting.incidents import INCIDENT_LIMIT, SOON_POLLS, Sifted, Telling, plan_incidents, sift_incidents
from monitor.alerting.plan import (
    RECAP_LIMIT,
    REFUSAL_LIMIT,
    Recap,
    notifies,
    plan,
    plan_recap,
    plan_refusal,
    refused_since,
)
from monitor.alerting.retry import ATTEMPTS, after_interruptions, next_attempt
from monitor.alerting.rises import once_each, plan_rises
from monitor.alerting.route_file import load_routes, read_routes
from monitor.alerting.route_schema import route_schema, route_schema_text
from monitor.alerting.routes import JOURNAL, Route, Routes, default_routes, idle_groups, idle_matchers
from monitor.alerting.silences import MAX_SILENCE, held_back, make_silence, silence_for, silence_of, silenced
from monitor.alerting.typed import check_matchers, check_typed, is_of_rules
from monitor.alerting.undelivered import is_soon_after, plan_undelivered
from monitor.alerting.updates import Reading, Updates, plan_updates
from monitor.alerting.watch import (
    TROUBLE_LIMIT,
    DiskRoom,
    Limits,
    SiftedTroubles,
    TroubleTelling,
    broken_receivers,
    plan_troubles,
    sift_troubles,
    sights_of,
)

__all__ = [
    "ATTEMPTS",
    "AT_ONCE",
    "BREAK_AFTER",
    "INCIDENT_LIMIT",
    "JOURNAL",
    "MAX_SILENCE",
    "RECAP_LIMIT",
    "REFUSAL_LIMIT",
    "SOON_POLLS",
    "TROUBLE_LIMIT",
    "Budget",
    "DiskRoom",
    "Gathering",
    "Limits",
    "Manner",
    "QuietHours",
    "Reading",
    "Recap",
    "Release",
    "Route",
    "Routes",
    "Sifted",
    "SiftedTroubles",
    "Telling",
    "TroubleTelling",
    "Updates",
    "after_canary",
    "after_interruptions",
    "answered",
    "broken_receivers",
    "bursting",
    "check_matchers",
    "check_typed",
    "default_routes",
    "digest_times",
    "due_slot",
    "enabled",
    "failed",
    "first_canary",
    "for_the_untold",
    "gave_up",
    "group_of",
    "health",
    "heartbeat_receivers",
    "held_back",
    "hold",
    "hold_less",
    "hold_on",
    "idle_groups",
    "idle_matchers",
    "is_of_rules",
    "is_soon_after",
    "load_routes",
    "make_silence",
    "may_send",
    "message_id",
    "missed_by",
    "next_attempt",
    "next_time",
    "notifies",
    "once_each",
    "plan",
    "plan_bursts",
    "plan_digest",
    "plan_growth",
    "plan_heartbeat",
    "plan_incidents",
    "plan_recap",
    "plan_refusal",
    "plan_releases",
    "plan_rises",
    "plan_troubles",
    "plan_undelivered",
    "plan_updates",
    "raised",
    "read_routes",
    "refused_since",
    "route_schema",
    "route_schema_text",
    "sift_incidents",
    "sift_troubles",
    "sights_of",
    "silence_for",
    "silence_of",
    "silenced",
    "spent_until",
    "standing",
    "waited_for",
]
