"""A feed of alerts to subscribe to: kept in files that a web server shows, or served by the daemon."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.deliver.file import unwritten
from monitor.deliver.means import Problems
from monitor.deliver.syndication import atom_bytes, item_of, json_bytes, latest
from monitor.errors import DeliveryError, Reason
from monitor.model import Receipt, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from monitor.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.deliver.means import Means
    from monitor.deliver.syndication import Item
    from monitor.deliver.words import Words
    from monitor.model import Alert, Delivery
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "FeedSender", "endpoint", "make"]

_ENTRIES = 50
_MOST_ENTRIES = 500
_FOR_ALL = 0o644  # whatever the umask: a web server is to show it
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}")

KIND = ChannelKind(
    Channel.FEED,
    word="feed",
    summary="The latest alerts as Atom 1.0 and JSON Feed 1.1, to subscribe to.",
    options=(
        Option(
            "token",
            OptionType.SECRET,
            "The daemon serves `/feeds/TOKEN.atom` and `.json` at `VEILLE_HTTP_ADDRESS`; 16 letters or more.",
        ),
        Option("path", OptionType.TEXT, "From `/` on, without its ending: two files are kept, `.atom` and `.json`."),
        Option("title", OptionType.TEXT, "Of the feed: `Veille`, with the receiver's name, unless said."),
        Option("entries", OptionType.NUMBER, f"The latest so many: {_ENTRIES} unless said, {_MOST_ENTRIES} at most."),
    ),
    updates_in_place=True,
)


def make(receiver: Receiver, means: Means) -> FeedSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: an option is impossible, or nobody could read the feed.
    """
    problems = Problems(receiver)
    token, path = receiver.text("token"), receiver.text("path")
    if token is None and path is None:
        problems.note("", "a feed needs a token, to be served, or a path, to be written to")
    if token is not None and not _TOKEN.fullmatch(token):
        problems.note("token", "token must be 16 to 200 letters, digits, - and _")
    if token is not None and not means.settings.http_address:
        problems.note("token", f"token: the daemon serves nothing while {PREFIX}HTTP_ADDRESS is not set")
    if path is not None and not Path(path).is_absolute():
        problems.note("path", f"path: {path!r} does not begin with /")
    entries = receiver.number("entries", _ENTRIES)
    if not 1 <= entries <= _MOST_ENTRIES:
        problems.note("entries", f"entries: {entries:g} is not between 1 and {_MOST_ENTRIES}")
    problems.tell()
    return FeedSender(
        name=receiver.name,
        words=means.words,
        token=token,
        path=None if path is None else Path(path),
        title=receiver.text("title"),
        entries=int(entries),
    )


def endpoint(receiver: Receiver, settings: Settings) -> None:
    """Return None: there is nothing to look up."""


class FeedSender:
    """Keeps the latest alerts. What is stored is served: it counts as sent; a file is on the disk before it does.

    Args:
        name: the receiver's name.
        words: the readers' language and time zone.
        token: in the feed's address; a secret; None: it is not served.
        path: of the files, without their endings; None: there are none.
        title: of the feed.
        entries: to keep.
    """

    def __init__(
        self,
        *,
        name: str,
        words: Words,
        token: str | None = None,
        path: Path | None = None,
        title: str | None = None,
        entries: int = _ENTRIES,
    ) -> None:
        self.name = name
        self.token = token
        self.entries = entries
        self._words = words
        self._path = path
        self._title = title or f"Veille{words.colon} {name}"
        self._one_at_a_time = asyncio.Lock()

    def render(self, alert: Alert, message_id: str) -> Rendered:
        """Return the alert as an item of a JSON Feed."""
        item = item_of(alert, message_id, receiver=self.name, words=self._words)
        return Rendered(json.dumps(item, ensure_ascii=False).encode(), content_type="application/json")

    async def send(self, delivery: Delivery) -> Receipt:
        """Put it into the files, where there are any. What the system refuses may be mended, and is tried again.

        Raises:
            DeliveryError: they cannot be read or written.
        """
        if self._path is None:
            return Receipt(detail="the daemon serves what is stored")
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._keep, self._path, json.loads(delivery.rendered.body))
            except OSError as error:
                raise unwritten(error, who=self.name, path=Path(error.filename or self._path)) from error
            except (ValueError, LookupError, TypeError) as error:
                told = f"{self.name}: {self._path}.json is no feed of ours; move it away"
                raise DeliveryError(told, reason=Reason.UNAVAILABLE) from error
        return Receipt()

    def documents(self, items: Iterable[Item]) -> dict[str, bytes]:
        """Return the feed by the endings of its addresses."""
        told = latest(items, self.entries)
        about: dict[str, Any] = {"title": self._title, "language": self._words.code}
        return {".atom": atom_bytes(told, name=f"feed:{self.name}", **about), ".json": json_bytes(told, **about)}

    def _keep(self, path: Path, item: Item) -> None:
        try:
            kept = json.loads(path.with_name(path.name + ".json").read_bytes())["items"]
        except FileNotFoundError:
            kept = []
        for ending, document in self.documents([*kept, item]).items():
            _replace(path.with_name(path.name + ending), document)


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that who reads it sees the old one or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), _FOR_ALL)
    fresh.replace(path)
