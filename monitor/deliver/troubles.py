"""What is said of what is wrong with veille itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.deliver.text import line
from monitor.model import AlertType, NotificationReason, Step, TroubleKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.deliver.words import Words
    from monitor.model import Alert, Trouble

__all__ = ["error_of_trouble", "steps_for", "trouble_headline", "trouble_name", "trouble_sentence", "trouble_subject"]

_NAME_CHARS = 80
_NAMED = 3  # troubles that a subject names


def trouble_name(trouble: Trouble, words: Words) -> str:
    """Return what a trouble is of: `Destinataire slack`."""
    name = _name(trouble, words)
    return name[:1].upper() + name[1:]


def _name(trouble: Trouble, words: Words) -> str:
    is_step = trouble.kind is TroubleKind.CANARY
    subject = words.system.steps[Step(trouble.subject)] if is_step else trouble.subject
    return words.system.names[trouble.kind].format(subject=line(subject, _NAME_CHARS))


def trouble_headline(alert: Alert, words: Words) -> str:
    """Return what happened: `Disque presque plein`, `Veille rétablie`."""
    kinds = {trouble.kind for trouble in alert.troubles}
    title = words.system.titles[next(iter(kinds))] if len(kinds) == 1 else words.system.troubled
    if alert.type is AlertType.SYSTEM_RECOVERED:
        title = words.system.well_again
    if alert.reason is NotificationReason.SYSTEM_STILL_FAILING:
        title += f", {words.sources.reminder}"
    return title[:1].upper() + title[1:]


def trouble_subject(alert: Alert, words: Words) -> str:
    """Return one line: what happened, and to what."""
    names = list(dict.fromkeys(_name(each, words) for each in alert.troubles))
    more = len(alert.troubles) + alert.truncated - len(names[:_NAMED])
    others = [words.sources.others.format(count=more)] if more > 0 else []
    named = ", ".join([*names[:_NAMED], *others])
    return f"{trouble_headline(alert, words)}{words.colon} {named}"


def trouble_sentence(alert: Alert, trouble: Trouble, words: Words) -> str:
    """Return what is known of a trouble; nothing in it comes from outside."""
    if trouble.sight is None:
        until = trouble.ended_at or alert.planned_at
        span = words.span(max(0.0, (until - trouble.began_at).total_seconds()))
        return words.system.again.format(until=words.short_date(until), span=span)
    sight = trouble.sight
    if not sight.count and sight.given_up:
        return words.system.given_up.format(count=sight.given_up)
    waited_s = (alert.planned_at - (sight.since or trouble.began_at)).total_seconds()
    return words.system.told[trouble.kind].format(
        since=words.system.never if sight.since is None else words.short_date(sight.since),
        span=words.span(max(0.0, waited_s)),
        count=sight.count,
        of=sight.of,
        free=sight.free_mb,
        total=sight.total_mb,
    )


def error_of_trouble(trouble: Trouble) -> str | None:
    """Return why the last attempt failed: a text from outside, perhaps."""
    return None if trouble.sight is None else trouble.sight.error


def steps_for(alert: Alert, words: Words, command: Callable[[str], str]) -> list[str]:
    """Return what to do, once for each kind of trouble; `command` marks a command as one."""
    if alert.type is AlertType.SYSTEM_RECOVERED:
        return []
    receivers = {trouble.subject for trouble in alert.troubles if trouble.kind is TroubleKind.OUTBOX}
    receiver = line(next(iter(receivers)), _NAME_CHARS) if len(receivers) == 1 else "NAME"
    commands = {
        "deliveries": command(f"veille deliveries --receiver {receiver}"),
        "test": command(f"veille channels test {receiver}"),
        "replay": command(f"veille deliveries replay --receiver {receiver}"),
        "feeds": command("veille feeds"),
        "journal": command("journalctl -u veille"),
    }
    kinds = dict.fromkeys(trouble.kind for trouble in alert.troubles)
    return [words.system.to_do[kind].format(**commands) for kind in kinds]
