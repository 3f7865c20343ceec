"""Mattermost: an incoming webhook, Markdown in an attachment. Rocket.Chat's incoming webhooks take the same.

An attachment's text is Markdown and mentions people, as the message's own does; see
https://developers.mattermost.com/integrate/webhooks/incoming/ and
https://developers.mattermost.com/integrate/reference/message-attachments/. A message holds 16,383 characters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.deliver.markup import MARKDOWN, markdown_escape
from monitor.deliver.means import Endpoint, endpoint_at, url_of
from monitor.deliver.notes import note_of
from monitor.deliver.posting import Poster, json_bytes
from monitor.deliver.words import COLOURS
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from monitor.deliver.means import Means
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "MAX_CHARS", "MattermostSender", "endpoint", "make"]

MAX_CHARS = 16_000
"""Of the text of one message (promise O2)."""

KIND = ChannelKind(
    Channel.MATTERMOST,
    word="mattermost",
    summary="Markdown to an incoming webhook of Mattermost or Rocket.Chat; nobody is ever mentioned.",
    options=(Option("url", OptionType.SECRET, "The incoming webhook.", is_required=True),),
)


def make(receiver: Receiver, means: Means) -> MattermostSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address is impossible.
    """
    url = url_of(receiver, means.settings)
    return MattermostSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=means.pace(url))


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings)


class MattermostSender(Poster):
    """Posts Markdown to an incoming webhook; see `Poster`."""

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Mattermost keeps no identity
        """Return the message as JSON: its first line as text, the rest beside a line in the level's colour."""
        note = note_of(alert, self._words)
        told = note.most(lambda paragraphs: len(_MARKUP.text(paragraphs)) <= MAX_CHARS)
        attachment = {
            "fallback": _unmentioned(note.subject),
            "color": f"#{COLOURS[note.level]:06x}",
            "text": _MARKUP.text(told),
        }
        return json_bytes({"text": _MARKUP.paragraph(note.opening), "attachments": [attachment]})


def _unmentioned(text: str) -> str:
    """Return a text in which no mention is one: no backslash undoes those."""
    return text.replace("@", "@\u200b")


_MARKUP = replace(
    MARKDOWN,
    escape=lambda text: _unmentioned(markdown_escape(text)),
    code=lambda text: f"`{_unmentioned(text)}`",
)
