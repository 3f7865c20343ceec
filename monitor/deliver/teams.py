"""Microsoft Teams: a workflow that is started by a request, and an Adaptive Card.

The connectors of Office 365 are gone; a workflow ("Post to a channel when a webhook request is received") takes
`{"type": "message", "attachments": [card]}` and answers 202 before the card stands:
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook. A message holds
about 28 kB (https://learn.microsoft.com/connectors/teams/). All text is in text runs, in which Teams sees no Markdown
(https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run); a mention would need an entity, which is never
sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from monitor.deliver.means import Endpoint, endpoint_at, url_of
from monitor.deliver.note import Look, Shape
from monitor.deliver.notes import note_of
from monitor.deliver.posting import Poster, Refused, json_bytes, judge_status, object_of
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.deliver.means import Means
    from monitor.deliver.note import Line, Note, Paragraph, Span
    from monitor.http import HttpResponse
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "MAX_BYTES", "TeamsSender", "endpoint", "make"]

MAX_BYTES = 24_000
"""A whole request: Teams counts what it makes of a card, which is more (promise O2)."""

_CODE = re.compile(r"[A-Z][A-Za-z]{3,60}")
_LOOKS: dict[Look, dict[str, Any]] = {
    Look.PLAIN: {},
    Look.BOLD: {"weight": "Bolder"},
    Look.STRUCK: {"strikethrough": True},
    Look.CODE: {"fontType": "Monospace"},
}
_SHAPES: dict[Shape, dict[str, Any]] = {
    Shape.HEADER: {"size": "Large", "weight": "Bolder"},
    Shape.SMALL: {"size": "Small", "isSubtle": True},
}

Element = dict[str, Any]

KIND = ChannelKind(
    Channel.TEAMS,
    word="teams",
    summary="An Adaptive Card to a Microsoft Teams workflow (Power Automate).",
    options=(Option("url", OptionType.SECRET, "The workflow's address.", is_required=True),),
)


def make(receiver: Receiver, means: Means) -> TeamsSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address is impossible.
    """
    url = url_of(receiver, means.settings)
    return TeamsSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=means.pace(url))


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings)


class TeamsSender(Poster):
    """Posts an Adaptive Card to a workflow; see `Poster`."""

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Teams keeps no identity
        """Return the message as JSON: one card."""
        note = note_of(alert, self._words)
        told = note.most(lambda paragraphs: len(json_bytes(self._message(note, paragraphs)).body) <= MAX_BYTES)
        return json_bytes(self._message(note, told))

    def _message(self, note: Note, told: Sequence[Paragraph]) -> Element:
        card: Element = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "fallbackText": note.subject,
            "body": [element for paragraph in (note.opening, *told) for element in _elements(paragraph)],
        }
        if note.url is not None:
            card["actions"] = [{"type": "Action.OpenUrl", "title": self._words.read_article, "url": note.url}]
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}

    def _judge(self, response: HttpResponse) -> Refused:
        error = object_of(response).get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return judge_status(response, code if isinstance(code, str) and _CODE.fullmatch(code) else "")


def _elements(paragraph: Paragraph) -> list[Element]:
    """Return a paragraph's lines, the first apart from what stands above."""
    own = _SHAPES.get(paragraph.shape, {})
    lines = [_line(told, own, "Small" if place == 0 else "None") for place, told in enumerate(paragraph.lines)]
    return [{"type": "Container", "style": "emphasis", "items": lines}] if paragraph.shape is Shape.QUOTE else lines


def _line(told: Line, own: Element, spacing: str) -> Element:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": [_run(span, own) for span in told if span.text]}


def _run(span: Span, own: Element) -> Element:
    run: Element = {"type": "TextRun", "text": span.text, **own, **_LOOKS[span.look]}
    return run if span.url is None else {**run, "selectAction": {"type": "Action.OpenUrl", "url": span.url}}
