"""What is said of sources' incidents, in words that Slack and e-mail share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.deliver.text import line
from monitor.model import AlertType, IncidentKind, NotificationReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.deliver.words import Words
    from monitor.model import Alert, FeedState, Incident

__all__ = ["error_of", "headline", "sentences", "source_name", "subject", "to_do"]

_NAME_CHARS = 100
_NAMED = 3  # sources that a subject names
_COMMANDS = ("pause", "remove", "search")


def source_name(source: FeedState) -> str:
    """Return what to call a feed: its outlet and its own title, or what there is of them, else its host."""
    outlet, title = source.feed.outlet or "", source.feed.title or ""
    if outlet.casefold() in title.casefold():
        return title or source.host.removeprefix("www.")
    return f"{outlet} – {title}" if title else outlet


def headline(alert: Alert, words: Words) -> str:
    """Return what happened, to one source or several: `Sources en panne`, `Trou possible`."""
    kinds = {incident.kind for incident in alert.incidents}
    one, several = words.sources.titles[next(iter(kinds))] if len(kinds) == 1 else words.sources.troubled
    if alert.type is AlertType.SOURCE_RECOVERED:
        one, several = words.sources.well_again
    title = one if len(alert.incidents) + alert.truncated == 1 else several
    if alert.reason is NotificationReason.SOURCE_STILL_FAILING:
        title += f", {words.sources.reminder}"
    return title[:1].upper() + title[1:]


def subject(alert: Alert, words: Words) -> str:
    """Return one line: what happened, and to which sources."""
    names = list(dict.fromkeys(line(source_name(incident.source), _NAME_CHARS) for incident in alert.incidents))
    more = len(alert.incidents) + alert.truncated - len(names[:_NAMED])
    others = [words.sources.others.format(count=more)] if more > 0 else []
    return f"{headline(alert, words)}{words.colon} {', '.join([*names[:_NAMED], *others])}"


def sentences(alert: Alert, incident: Incident, words: Words) -> list[str]:
    """Return what is known of an incident, a line each; nothing in them comes from outside."""
    source, kind, told = incident.source, incident.kind, words.sources
    until = incident.ended_at or alert.planned_at
    span = words.span(max(0.0, (until - incident.began_at).total_seconds()))
    if incident.ended_at is not None:
        return [told.again.format(until=words.short_date(incident.ended_at), span=span)]
    first = told.told[kind].format(
        since=words.short_date(incident.began_at),
        span=span,
        count=source.failures,
        cause=told.no_cause if source.last_reason is None else told.causes[source.last_reason],
        missed=_missed(incident, words),
        between=_between(incident, words),
    )
    if kind is IncidentKind.GAP:
        return [first] if incident.count == 1 else [first, told.gaps.format(count=incident.count)]
    if kind in {IncidentKind.FAILING, IncidentKind.GONE}:
        at = source.last_ok_at
        return [first, told.never_ok if at is None else told.last_ok.format(at=words.short_date(at))]
    return [first]


def error_of(incident: Incident) -> str | None:
    """Return why a source fails, as it was found: a text from outside; None where nothing fails."""
    fails = incident.kind is IncidentKind.FAILING and incident.ended_at is None
    return incident.source.last_error if fails else None


def to_do(alert: Alert, words: Words, command: Callable[[str], str]) -> list[str]:
    """Return what to do, once for each kind of incident; `command` marks a command as one.

    Of one source its number is named, so that the command can be typed as it stands.
    """
    if alert.type is AlertType.SOURCE_RECOVERED:
        return []
    single = len(alert.incidents) + alert.truncated == 1
    ref = str(alert.incidents[0].source.id) if single else "N"
    commands = {name: command(f"veille feeds {name} {'…' if name == 'search' else ref}") for name in _COMMANDS}
    kinds = dict.fromkeys(incident.kind for incident in alert.incidents)
    return [words.sources.to_do[kind].format(**commands) for kind in kinds]


def _missed(incident: Incident, words: Words) -> str:
    if incident.missed is None:
        return words.sources.some
    return words.sources.one if incident.missed == 1 else words.sources.about.format(count=incident.missed)


def _between(incident: Incident, words: Words) -> str:
    """Return the time of a gap: `le 16 mai entre 08:12 et 09:40`."""
    since, until = (words.short_date(instant) for instant in (incident.began_at, incident.until_at))
    day, _, since_time = since.rpartition(", ")
    until_day, _, until_time = until.rpartition(", ")
    if day == until_day:
        return words.sources.same_day.format(day=day, since=since_time, until=until_time)
    return words.sources.two_days.format(since=since, until=until)
