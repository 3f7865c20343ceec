"""ntfy: a push to telephones, by ntfy.sh or a server of one's own.

Published as JSON to the server's root (https://docs.ntfy.sh/publish/#publish-as-json), so that neither title nor topic
stands in a header or an address. A message holds 4,096 bytes; a longer one becomes an attachment. ntfy.sh takes sixty
messages at once and then one in five seconds (https://docs.ntfy.sh/publish/#limitations). Whoever knows a topic reads
it: it is a secret, and is put in when a message is sent, not when it is stored.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from monitor.deliver.markup import PLAIN
from monitor.deliver.means import Endpoint, Problems, endpoint_at, url_of
from monitor.deliver.notes import note_of
from monitor.deliver.posting import Poster, Refused, json_bytes, judge_status, numbered, object_of
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.deliver.means import Means
    from monitor.deliver.pace import Pace
    from monitor.deliver.words import Words
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "MAX_BYTES", "NtfySender", "endpoint", "make"]

MAX_BYTES = 4096
"""Of a message, its title apart (promise O2)."""

_INTERVAL_S, _BURST = 5.0, 30
_PRIORITIES: Mapping[Level | None, int] = {
    Level.CRITICAL: 5,
    Level.HIGH: 4,
    Level.MEDIUM: 3,
    Level.LOW: 2,
    None: 3,
}
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_TOKEN = re.compile(r"[!-~]+")

KIND = ChannelKind(
    Channel.NTFY,
    word="ntfy",
    summary="A push to telephones, by ntfy.sh or a server of yours; how urgent it is follows from the level.",
    options=(
        Option("url", OptionType.TEXT, "The server, without the topic: `https://ntfy.sh`.", is_required=True),
        Option("topic", OptionType.SECRET, "The topic; whoever knows it can read it.", is_required=True),
        Option("token", OptionType.SECRET, "An access token, where the topic is protected."),
    ),
)


def make(receiver: Receiver, means: Means) -> NtfySender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address, topic or token is impossible.
    """
    problems = Problems(receiver)
    url = problems.of(lambda: url_of(receiver, means.settings), "")
    topic, token = receiver.text("topic") or "", receiver.text("token")
    if not _TOPIC.fullmatch(topic):
        problems.note("topic", "topic must be 1 to 64 letters, digits, - and _")
    if token is not None and not _TOKEN.fullmatch(token):
        problems.note("token", "token is none that ntfy gives")
    problems.tell()
    return NtfySender(
        name=receiver.name,
        url=url,
        topic=topic,
        token=token,
        words=means.words,
        client=means.client,
        pace=means.pace(url, interval_s=_INTERVAL_S, burst=_BURST),
    )


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings)


class NtfySender(Poster):
    """Publishes to a topic; see `Poster`.

    Args:
        name: the receiver's name.
        url: the server.
        topic: a secret.
        token: an access token; a secret.
        words: the readers' language and time zone.
        client: what posts.
        deadline_s: for one attempt, in seconds.
        pace: shared by all who publish on this server: it counts by visitor.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        topic: str,
        token: str | None = None,
        words: Words,
        client: HttpClient,
        deadline_s: float = 20.0,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(name=name, url=url, words=words, client=client, deadline_s=deadline_s, pace=pace)
        self._topic = topic
        self._token = token

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  ntfy keeps no identity
        """Return the message as JSON, without its topic."""
        note = note_of(alert, self._words)
        told = note.most(lambda paragraphs: len(PLAIN.text(paragraphs).encode()) <= MAX_BYTES)
        message = {
            "title": PLAIN.paragraph(note.opening),
            "message": PLAIN.text(told),
            "priority": _PRIORITIES[note.level],
        }
        return json_bytes(message if note.url is None else {**message, "click": note.url})

    def _content(self, body: bytes) -> bytes:
        return b'{"topic": ' + json.dumps(self._topic).encode() + b", " + body.removeprefix(b"{")

    def _headers(self) -> Mapping[str, str]:
        return {} if self._token is None else {"authorization": f"Bearer {self._token}"}

    def _judge(self, response: HttpResponse) -> Refused:
        return judge_status(response, numbered(object_of(response).get("code")))
