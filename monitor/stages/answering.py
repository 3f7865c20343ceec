"""Answering: what a reader says of an alert is kept."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor import alerting
from monitor.deliver.links import Action
from monitor.settings import Language
from monitor.stages.tools import Tools

if TYPE_CHECKING:
    from monitor.store import MatchDetail, Store

__all__ = ["answer"]

_log = logging.getLogger(__name__)

_SILENCED_FOR = timedelta(hours=24)
_REASONS = {Language.FR: "demandé dans {alert}", Language.EN: "asked for in {alert}"}
_JUDGED = {Action.RELEVANT: True, Action.NOT_RELEVANT: False}


async def answer(tools: Tools, alert_id: str, action: Action, *, author: str) -> None:
    """Do what a reader asks for; to ask twice changes nothing more.

    Args:
        tools: what the stages work with.
        alert_id: the alert, by its whole reference.
        action: what is asked for; to review changes nothing.
        author: who asks.

    Raises:
        NotFoundError: there is no such alert.
    """
    await tools.thread.run(_answer, tools, alert_id, action, author, tools.clock.now())
    _log.info("alert_answered", extra={"alert_id": alert_id, "action": action.value, "author": author})


def _answer(tools: Tools, alert_id: str, action: Action, author: str, now: datetime) -> None:
    store = tools.store
    detail = store.match(alert_id)
    judgement = _JUDGED.get(action)
    if judgement is not None:
        if any(line.relevant is not judgement for line in (detail.line, *detail.others)):
            store.label(alert_id, judgement, now=now)
    elif action is not Action.REVIEW:
        reason = _REASONS[tools.settings.language].format(alert=alert_id)
        _silence(store, detail, action, author=author, reason=reason, now=now)


def _silence(store: Store, detail: MatchDetail, action: Action, *, author: str, reason: str, now: datetime) -> None:
    matchers = (f'story="{detail.story.id}"' if action is Action.SILENCE else f'rule="{detail.line.rule}"',)
    if any(each.matchers == matchers for each in store.active_silences(now=now)):
        return
    store.add_silence(alerting.make_silence(matchers, author=author, reason=reason, lasts=_SILENCED_FOR, now=now))
