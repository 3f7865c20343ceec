"""What is said of what a receiver does not get, to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.deliver.note import LOOKED, Look, Note, Paragraph, Span, coded, small
from monitor.deliver.text import line
from monitor.model import AlertType, Disabled

if TYPE_CHECKING:
    from monitor.deliver.words import Words
    from monitor.model import Alert, Undelivered

__all__ = ["undelivered_of"]

_NAME_CHARS = 80
_ERROR_CHARS = 160
_NAMED = 3  # receivers that a subject names


def undelivered_of(alert: Alert, words: Words) -> Note:
    """Return what to say of messages that were given up, or of receivers that are disabled."""
    told, of_receivers = words.undelivered, alert.type is AlertType.ENDPOINT_DISABLED
    one, several = told.disabled if of_receivers else told.given_up
    total = len(alert.undelivered) if of_receivers else sum(each.messages for each in alert.undelivered)
    title = one if total == 1 else several
    names = [line(each.receiver, _NAME_CHARS) for each in alert.undelivered]
    rest = [told.others.format(count=len(names) - _NAMED)] if len(names) > _NAMED else []
    step = (told.to_enable if of_receivers else told.to_replay).format(
        **{name: f"{LOOKED}{command}{LOOKED}" for name, command in _commands(alert).items()}
    )
    return Note(
        subject=f"{title}{words.colon} {', '.join([*names[:_NAMED], *rest])}",
        level=None,
        url=None,
        opening=Paragraph(((Span("⚠️ "), Span(title, Look.BOLD)),)),
        body=(),
        items=tuple(_item(alert, each, words) for each in alert.undelivered),
        closing=(
            Paragraph(((Span(f"{words.to_do}{words.colon}", Look.BOLD), Span(" "), *coded(step)),)),
            small((Span(alert.id),)),
        ),
        more=words.recap_more.format(count="{count}", command=f"{LOOKED}veille channels{LOOKED}"),
    )


def _item(alert: Alert, each: Undelivered, words: Words) -> Paragraph:
    lines = [(Span(line(each.receiver, _NAME_CHARS), Look.BOLD),)]
    lines += [(Span(sentence),) for sentence in _sentences(alert, each, words)]
    if each.error:
        lines.append((Span(line(each.error, _ERROR_CHARS).replace("`", "'"), Look.CODE),))
    return Paragraph(tuple(lines))


def _sentences(alert: Alert, each: Undelivered, words: Words) -> list[str]:
    told, since = words.undelivered, words.short_date(each.since)
    if each.why is None:
        one, several = told.messages
        return [(one if each.messages == 1 else several).format(count=each.messages, since=since)]
    span = words.span(max(0.0, (alert.planned_at - each.since).total_seconds()))
    why = told.gone if each.why is Disabled.GONE else told.failing.format(span=span, since=since)
    none, one, several = told.waiting
    waits = none if each.messages == 0 else one if each.messages == 1 else several
    return [why, waits.format(count=each.messages)]


def _commands(alert: Alert) -> dict[str, str]:
    """Return what to type; of one message or one receiver, as it stands."""
    first = alert.undelivered[0]
    name = first.receiver if len(alert.undelivered) == 1 else "NAME"
    which = f"--receiver {name}"
    if len(alert.undelivered) == 1 and first.delivery_id is not None:
        which = str(first.delivery_id)
    return {
        "list": "veille deliveries --state failed",
        "replay": f"veille deliveries replay {which}",
        "enable": f"veille channels enable {name}",
    }
