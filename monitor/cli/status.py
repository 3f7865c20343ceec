"""`veille status`: whether all is well, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from monitor.cli.context import log, print_json, settings_of
from monitor.cli.findings import Finding, print_findings
from monitor.cli.when import local, span
from monitor.errors import VeilleError

if TYPE_CHECKING:
    from monitor.alerting import Routes
    from monitor.model import Endpoint, Sight, Silence, SystemFacts, TroubleKind
    from monitor.settings import Settings
    from monitor.store import Gauges, Holder, Store

__all__ = ["status"]

_T = TypeVar("_T")
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is true now, as the store, the disk and the files say."""

    settings: Settings
    now: datetime
    beat_at: datetime | None
    holder: Holder | None
    killed: bool  # who holds it
    facts: SystemFacts
    gauges: Gauges
    sights: tuple[Sight, ...]
    feeds: dict[str, int]  # by how they fare
    articles: int
    matches: int
    given_up: int
    endpoints: tuple[Endpoint, ...]
    unsent: dict[str, int]
    silences: tuple[Silence, ...]
    routes: Routes | None
    refused: dict[str, VeilleError]
    rules: int

    def of(self, kind: TroubleKind) -> list[Sight]:
        """What is wrong of a kind."""
        return [sight for sight in self.sights if sight.kind is kind]

    def ago(self, moment: datetime) -> str:
        """Return when something was, as people say it."""
        return f"{span(max(0.0, (self.now - moment).total_seconds()))} ago"


def status(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Say whether all is well, on one screen.

    The daemon, polls, sources, the outbox, receivers and more have a line each, `ok` or FAIL; the exit code is 1 where
    one fails. Only the database and files are read: no network is asked, and the daemon is not held up.
    """
    seen = _look(settings_of(context))
    lines = {finding.name: (finding, facts) for finding, facts in (look(seen) for look in _LINES)}
    good = all(finding.ok for finding, _ in lines.values())
    if as_json:
        told = {name.replace(" ", "_"): {**_told(finding), **facts} for name, (finding, facts) in lines.items()}
        print_json({"ok": good, "at": seen.now, **told})
    else:
        print_findings(finding for finding, _ in lines.values())
    if not good:
        raise typer.Exit(1)


def _told(finding: Finding) -> dict[str, Any]:
    return {"ok": finding.ok, "said": (finding.found, *finding.errors, *finding.warnings)}


def _look(settings: Settings) -> _Seen:
    """Ask the store, the disk and the files; nothing is decided here but what others decide."""
    from monitor.alerting import load_routes
    from monitor.clock import SystemClock
    from monitor.deliver import KINDS
    from monitor.review import condition_of
    from monitor.rulesets import load_rules
    from monitor.store import holder_of, was_killed

    now = SystemClock().now()
    refused: dict[str, VeilleError] = {}
    routes = _tried("routes", lambda: load_routes(settings, KINDS), refused)
    pack = _tried("rules", lambda: load_rules(settings.rules), refused)
    with log(settings) as store:
        unsent = store.unsent_deliveries()
        facts, sights = _sights(store, settings, frozenset(unsent if routes is None else routes.names), now)
        return _Seen(
            settings=settings,
            now=now,
            beat_at=store.beat_at(),
            holder=holder_of(store.path),
            killed=was_killed(store.path),
            facts=facts,
            gauges=store.gauges(now=now),
            sights=sights,
            feeds=dict(Counter(condition_of(state).value for state in store.feeds())),
            articles=len(store.ledger(since=now - _DAY)),
            matches=sum(store.match_counts(since=now - _DAY).values()),
            given_up=sum(store.failed_deliveries().values()),
            endpoints=store.endpoints(),
            unsent=unsent,
            silences=(*(() if routes is None else routes.silences), *store.active_silences(now=now)),
            routes=routes,
            refused=refused,
            rules=0 if pack is None else len(pack.rules),
        )


def _tried(name: str, load: Callable[[], _T], refused: dict[str, VeilleError]) -> _T | None:
    """Load something, or note why it is refused."""
    try:
        return load()
    except VeilleError as error:
        refused[name] = error
        return None


def _sights(
    store: Store, settings: Settings, receivers: frozenset[str], now: datetime
) -> tuple[SystemFacts, tuple[Sight, ...]]:
    """Return what is wrong, as the daemon's watch over itself says; of canaries, what it noted last."""
    from monitor.alerting import Limits, sights_of
    from monitor.model import Sight, TroubleKind
    from monitor.stages.watching import disk_room

    known = [trouble for trouble in store.pending_troubles().troubles if trouble.ended_at is None]
    failing = {trouble.subject for trouble in known if trouble.kind is TroubleKind.OUTBOX}
    facts = store.system_facts(failing=failing, now=now)
    sights = sights_of(
        facts,
        disk_room(store.path),
        Limits(settings.outbox_late_s, settings.disk_min_mb, settings.disk_min_percent),
        receivers=receivers,
        known={trouble.kind for trouble in known},
        now=now,
    )
    lost = [Sight(each.kind, each.subject, since=each.began_at) for each in known if each.kind is TroubleKind.CANARY]
    return facts, (*sights, *lost)


_Line = tuple[Finding, dict[str, Any]]


def _daemon(seen: _Seen) -> _Line:
    from monitor.app import STALE_AFTER

    beat_at, holder, zone = seen.beat_at, seen.holder, seen.settings.zone
    running = beat_at is not None and abs(seen.now - beat_at) <= STALE_AFTER and not seen.killed
    signed = None if holder is None else holder._asdict()
    facts = {"running": running, "last_round_at": beat_at, "holder": signed}
    who = "" if holder is None else f"pid {holder.pid} on {holder.host}, since {local(holder.started_at, zone)}"
    if _is_polled_by_hand(seen):
        return Finding("daemon", ok=True, found="none is needed: `veille poll` did its work"), facts
    if beat_at is None:
        return Finding("daemon", ok=False, found="none has run yet; `veille run` starts it"), facts
    if running:
        found = ", ".join(filter(None, ("runs", who, f"last round {seen.ago(beat_at)}")))
        return Finding("daemon", ok=True, found=found), facts
    how = f"{'killed' if seen.killed else 'killed, or it hangs'}: {who}" if who else "it was stopped"
    when = f"was {seen.ago(beat_at)}"
    if beat_at > seen.now:
        when = f"is dated {local(beat_at, zone)}, which is yet to come: the clock was set back"
    found = f"does not run, its last round {when}; {how}; `veille run` starts it"
    return Finding("daemon", ok=False, found=found), facts


def _is_polled_by_hand(seen: _Seen) -> bool:
    """Return whether polls succeed without a daemon: after the last round of whatever daemon there was, if any.

    Who holds the database is then nobody, or a poll under way: it came after that round.
    """
    from monitor.app import STALE_AFTER

    beat_at, holder, polled_at = seen.beat_at, seen.holder, seen.facts.polled_at
    if polled_at is None or seen.now - polled_at > _HOUR:
        return False
    if beat_at is None:
        return True
    if beat_at - seen.now > STALE_AFTER:  # the clock was set back since: that round does not tell which came later
        return holder is None
    return polled_at - beat_at > STALE_AFTER and (holder is None or holder.started_at > beat_at)


def _polling(seen: _Seen) -> _Line:
    from monitor.model import TroubleKind

    late, at = seen.of(TroubleKind.POLLING), seen.facts.polled_at
    found = "none has succeeded yet" if at is None else f"the last that succeeded was {seen.ago(at)}"
    wrong = tuple(f"{each.count} of {each.of} feeds fail or are overdue" for each in late)
    return Finding("polls", not late, found, wrong), {"last_ok_at": at, "late": seen.facts.feeds_late}


def _sources(seen: _Seen) -> _Line:
    if not seen.feeds:
        return Finding("sources", ok=False, found="none; `veille feeds add URL` declares one"), {"feeds": {}}
    counted = ", ".join(f"{number} {how.replace('_', ' ')}" for how, number in sorted(seen.feeds.items()))
    wrong = {"failing", "gone"} & set(seen.feeds)
    return Finding("sources", ok=True, found=counted + "; `veille feeds` says why" * bool(wrong)), {"feeds": seen.feeds}


def _lately(seen: _Seen) -> _Line:
    found = f"{seen.articles} articles, {seen.matches} matches; {seen.gauges.entries_waiting} to read"
    facts = {"articles": seen.articles, "matches": seen.matches, "to_read": seen.gauges.entries_waiting}
    return Finding("last 24 h", ok=True, found=found), facts


def _outbox(seen: _Seen) -> _Line:
    from monitor.model import TroubleKind

    late, gauges = seen.of(TroubleKind.OUTBOX), seen.gauges
    oldest = f", the oldest for {span(gauges.outbox_oldest_s)}" if gauges.outbox_pending else ""
    given_up = f"; given up: {seen.given_up}, see `veille deliveries --state failed`" if seen.given_up else ""
    wrong = tuple(f"{each.subject}: {each.count} wait{_because(each)}" for each in late)
    facts = {"pending": gauges.outbox_pending, "oldest_s": gauges.outbox_oldest_s, "given_up": seen.given_up}
    return Finding("outbox", not late, f"{gauges.outbox_pending} to send{oldest}{given_up}", wrong), facts


def _because(sight: Sight) -> str:
    return "" if sight.error is None else f": {sight.error}"


def _receivers(seen: _Seen) -> _Line:
    from monitor.app import orphans
    from monitor.cli.health import condition_of, unwell

    if seen.routes is None:
        return Finding("receivers", ok=False, found="not known, as the routes are refused"), {"receivers": {}}
    names = seen.routes.names
    known = {each.receiver: condition_of(each)._asdict() for each in seen.endpoints if each.receiver in names}
    wrong = unwell(seen.endpoints, names, seen.settings.zone)
    doubts = orphans(seen.unsent, seen.routes)
    found = ", ".join(names) or "none: alerts are in the log only"
    facts = {"receivers": {name: known.get(name, {"health": "ok"}) for name in names}}
    return Finding("receivers", not wrong, found, tuple(wrong), doubts), facts


def _canary(seen: _Seen) -> _Line:
    from monitor.model import TroubleKind

    lost = seen.of(TroubleKind.CANARY)
    found = "none was lost" if not lost else "an article of veille's own does not get to you"
    wrong = tuple(f"lost at {each.subject} since {local(each.since, seen.settings.zone)}" for each in lost)
    return Finding("canary", not lost, found, wrong), {"lost_at": [each.subject for each in lost]}


def _disk(seen: _Seen) -> _Line:
    from monitor.model import TroubleKind

    low = seen.of(TroubleKind.DISK)
    wrong = tuple(f"{each.free_mb} of {each.total_mb} MB are free" for each in low)
    return Finding("disk", not low, "nearly full" if low else "has room", wrong), {"low": bool(low)}


def _silences(seen: _Seen) -> _Line:
    ends = [silence.expires_at for silence in seen.silences if silence.is_active(seen.now)]
    first = f", the first ends {local(min(ends), seen.settings.zone)}; `veille silences`" if ends else ""
    return Finding("silences", ok=True, found=f"{len(ends)} in force{first}"), {"in_force": len(ends)}


def _files(name: str, found: Callable[[_Seen], str]) -> Callable[[_Seen], _Line]:
    def line(seen: _Seen) -> _Line:
        error = seen.refused.get(name)
        if error is None:
            return Finding(name, ok=True, found=found(seen)), {}
        return Finding(name, ok=False, found=f"refused: {error}", errors=getattr(error, "errors", ())), {}

    return line


_LINES: tuple[Callable[[_Seen], _Line], ...] = (
    _daemon,
    _polling,
    _sources,
    _lately,
    _outbox,
    _receivers,
    _canary,
    _silences,
    _disk,
    _files("rules", lambda seen: f"{seen.rules}; `veille check` runs their tests"),
    _files("routes", lambda _: "are valid"),
)
