"""Slack: an incoming webhook and Block Kit.

An incoming webhook cannot hear a button, so the message prints its reference and the command that judges it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.deliver.markup import Markup
from monitor.deliver.means import Endpoint, endpoint_at, url_of
from monitor.deliver.notes import Shape, note_of
from monitor.deliver.posting import Poster, Refused, json_bytes, judge_status, slug
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.deliver.means import Means
    from monitor.deliver.notes import Paragraph
    from monitor.deliver.words import Words
    from monitor.http import HttpResponse
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "MAX_CHARS", "SlackSender", "endpoint", "escape", "make"]

MAX_CHARS = 13_000
"""A whole message; Slack answers `msg_blocks_too_long` a little above (promise O2)."""

_MAX_BLOCKS = 50

# `&` takes five characters once escaped: 5 × 250 + 1,200 stay under the 3,000 of a section; so does an incident.
_LINK_CHARS = 1200

Block = dict[str, Any]


KIND = ChannelKind(
    Channel.SLACK,
    word="slack",
    summary="Block Kit messages to a Slack incoming webhook.",
    options=(Option("url", OptionType.SECRET, "The incoming webhook.", setting="slack_webhook_url"),),
    setting="slack_webhook_url",
)


def make(receiver: Receiver, means: Means) -> SlackSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address is impossible.
    """
    url = url_of(receiver, means.settings, "slack_webhook_url")
    return SlackSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=means.pace(url))


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings, "slack_webhook_url")


class SlackSender(Poster):
    """Posts Block Kit messages to an incoming webhook; see `Poster`."""

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Slack keeps no identity
        """Return the message as JSON: blocks, and the plain text that notifications show."""
        return json_bytes(message_of(alert, self._words))

    def _judge(self, response: HttpResponse) -> Refused:
        return judge_status(response, slug(response.body.strip().decode("ascii", "replace")))


def message_of(alert: Alert, words: Words) -> Block:
    """Return the message that tells an alert."""
    note = note_of(alert, words)

    def message(told: Sequence[Paragraph]) -> Block:
        blocks = list(map(_block, (note.opening, *told)))
        return {"text": escape(note.subject), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}

    return message(note.most(lambda told: _fits(message(told))))


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
