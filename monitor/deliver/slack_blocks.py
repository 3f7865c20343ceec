"""Slack's messages: Block Kit, and the plain text that notifications show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.deliver.links import Action
from monitor.deliver.markup import Markup
from monitor.deliver.note import Paragraph, Shape, Span
from monitor.deliver.notes import change_of, note_of
from monitor.model import AlertType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.deliver.words import Words
    from monitor.model import Alert

__all__ = ["MAX_CHARS", "Block", "buttons_of", "escape", "message_of", "reply_of"]

MAX_CHARS = 13_000
"""A whole message; Slack answers `msg_blocks_too_long` a little above (promise O2)."""

_MAX_BLOCKS = 50
_ON_A_STORY = frozenset({AlertType.STORY_NEW, AlertType.STORY_UPDATED})

# `&` takes five characters once escaped: 5 × 250 + 1,200 stay under the 3,000 of a section; so does an incident.
_LINK_CHARS = 1200

Block = dict[str, Any]


def buttons_of(alert: Alert, words: Words) -> Block:
    """Return the buttons that answer an alert on a story; Slack says at `/slack/actions` which was pressed."""
    told = ((Action.RELEVANT, words.relevant), (Action.NOT_RELEVANT, words.irrelevant), (Action.SILENCE, words.silence))
    buttons: list[Block] = [
        {"type": "button", "action_id": action.value, "value": alert.id, "text": _plain(label)}
        for action, label in told
    ]
    if (review := dict(alert.links).get(Action.REVIEW.value)) is not None:
        buttons.append(
            {"type": "button", "action_id": Action.REVIEW.value, "url": review, "text": _plain(words.review)}
        )
    return {"type": "actions", "elements": buttons}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def message_of(alert: Alert, words: Words, *, buttons: bool = False) -> Block:
    """Return the message that tells an alert; `buttons`: with buttons to answer one on a story, instead of links."""
    note = note_of(alert, words)
    has_buttons = buttons and alert.type in _ON_A_STORY
    links = () if has_buttons else words.links(alert)
    spans = [span for label, url in links for span in (Span(" · "), Span(label, url=url))][1:]
    answers = (Paragraph((tuple(spans),), Shape.SMALL),) if links else ()

    def message(told: Sequence[Paragraph]) -> Block:
        made = _message(note.subject, (note.opening, *told, *answers))
        if has_buttons:
            made["blocks"].append(buttons_of(alert, words))
        return made

    return message(note.most(lambda told: _fits(message(told))))


def reply_of(alert: Alert, words: Words) -> Block:
    """Return what is said of an update below the message that it changes."""
    return _message(note_of(alert, words).subject, change_of(alert, words))


def escape(text: str) -> str:
    """Return a text in which `<!channel>` and `<url|label>` do nothing.

    >>> escape("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _link(label: str, url: str) -> str:
    """Return a link whose address ends where it should, or the label alone where that is too long."""
    address = escape(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    return f"<{address}|{label}>" if len(address) <= _LINK_CHARS else label


_MRKDWN = Markup(
    escape=escape,
    link=_link,
    code=lambda text: f"`{escape(text)}`",
    bold="*{}*",
    struck="~{}~",
)


def _message(text: str, told: Sequence[Paragraph]) -> Block:
    blocks = list(map(_block, told))
    return {"text": escape(text), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _fits(message: Block) -> bool:
    return len(message["blocks"]) <= _MAX_BLOCKS and len(json.dumps(message, ensure_ascii=False)) <= MAX_CHARS


def _block(paragraph: Paragraph) -> Block:
    """Return a block that Slack reads as it stands: verbatim, so that `@here` and `#salon` are words."""
    if paragraph.shape is Shape.HEADER:
        told = "".join(span.text for one in paragraph.lines for span in one)
        return {"type": "header", "text": {"type": "plain_text", "text": told, "emoji": False}}
    text = {"type": "mrkdwn", "text": _MRKDWN.paragraph(paragraph), "verbatim": True}
    return (
        {"type": "context", "elements": [text]} if paragraph.shape is Shape.SMALL else {"type": "section", "text": text}
    )
