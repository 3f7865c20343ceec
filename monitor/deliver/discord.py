"""Discord: a webhook, and one embed.

Limits and fields: https://discord.com/developers/docs/resources/webhook#execute-webhook and
https://discord.com/developers/docs/resources/message#embed-object-embed-limits (content 2,000 characters, description
4,096, an embed 6,000 in all). A webhook takes five messages in two seconds; 429 says how long to wait, in seconds with
decimals from version 8 of the interface on (an address without a version is an older one, that says milliseconds:
discord-api-docs#4722). With `wait=true` Discord answers once the message stands.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.deliver.markup import MARKDOWN
from monitor.deliver.means import Endpoint, endpoint_at, url_of
from monitor.deliver.notes import note_of
from monitor.deliver.posting import Poster, Refused, json_bytes, judge_status, numbered, object_of
from monitor.deliver.words import COLOURS
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from monitor.deliver.means import Means
    from monitor.http import HttpResponse
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "MAX_CONTENT", "MAX_DESCRIPTION", "DiscordSender", "endpoint", "make"]

MAX_CONTENT = 2000
MAX_DESCRIPTION = 4096
"""In UTF-16 units, the most cautious way to count (promise O2)."""

_INTERVAL_S, _BURST = 1.0, 3  # never more than five in any two seconds
_MAX_WAIT_S = 86_400.0
_VERSION = re.compile(r"^/api(?:/v\d+)?/webhooks/")

KIND = ChannelKind(
    Channel.DISCORD,
    word="discord",
    summary="An embed to a Discord webhook; nobody is ever mentioned.",
    options=(Option("url", OptionType.SECRET, "The webhook.", is_required=True),),
)


def make(receiver: Receiver, means: Means) -> DiscordSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address is impossible.
    """
    url = executing(url_of(receiver, means.settings))
    pace = means.pace(url, interval_s=_INTERVAL_S, burst=_BURST)
    return DiscordSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=pace)


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings)


def executing(url: str) -> str:
    """Return where a webhook is posted to: in a version we know, and so that Discord answers when the message stands.

    >>> executing("https://discord.com/api/webhooks/1/x?thread_id=7")
    'https://discord.com/api/v10/webhooks/1/x?thread_id=7&wait=true'
    """
    parts = urlsplit(url)
    asked = [pair for pair in parse_qsl(parts.query) if pair[0] != "wait"]
    path = _VERSION.sub("/api/v10/webhooks/", parts.path)
    return parts._replace(path=path, query=urlencode([*asked, ("wait", "true")]), fragment="").geturl()


class DiscordSender(Poster):
    """Posts an embed to a webhook; see `Poster`."""

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Discord keeps no identity
        """Return the message as JSON: its first line, which notifications show, and an embed."""
        note = note_of(alert, self._words)
        told = note.most(lambda paragraphs: _units(MARKDOWN.text(paragraphs)) <= MAX_DESCRIPTION)
        embed = {"description": MARKDOWN.text(told), "color": COLOURS[note.level]}
        content = MARKDOWN.paragraph(note.opening)
        return json_bytes({"content": content, "embeds": [embed], "allowed_mentions": {"parse": []}})

    def _judge(self, response: HttpResponse) -> Refused:
        """Return Discord's number for what is wrong, and how long it wants us to wait."""
        told = object_of(response)
        judged, wait_s = judge_status(response, numbered(told.get("code"))), told.get("retry_after")
        if isinstance(wait_s, int | float) and 0 < wait_s <= _MAX_WAIT_S:
            return judged._replace(retry_after=timedelta(seconds=wait_s))
        return judged


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
