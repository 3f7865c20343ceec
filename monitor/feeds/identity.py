"""What identifies an entry inside its document (promise I1)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.links import link_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Entry

__all__ = ["identified"]

_LONGEST: Final = 500


def identified(entries: Sequence[Entry], *, home: str | None) -> tuple[Entry, ...]:
    """Return the entries with their keys.

    A guid that several entries of the document carry is no identity, nor is such a link, nor the feed's own home page.
    An entry with neither is known by what it says.

    Args:
        entries: the document's.
        home: the feed's own link, or None.
    """
    guids = Counter(entry.guid for entry in entries)
    links = Counter(link_key(entry.link) for entry in entries if entry.link)
    if home:
        links[link_key(home)] += len(entries)
    return tuple(replace(entry, keys=_keys(entry, guids, links)) for entry in entries)


def _keys(entry: Entry, guids: Counter[str | None], links: Counter[str]) -> tuple[str, ...]:
    guid = f"g:{_short(entry.guid)}" if entry.guid and guids[entry.guid] == 1 else None
    link = link_key(entry.link) if entry.link else None
    keys = (guid, f"l:{_short(link)}" if link and links[link] == 1 else None)
    return tuple(key for key in keys if key) or (f"h:{_fingerprint(entry)}",)


def _short(identity: str) -> str:
    return identity if len(identity) <= _LONGEST else "sha256:" + hashlib.sha256(identity.encode()).hexdigest()


def _fingerprint(entry: Entry) -> str:
    said = (entry.guid, entry.link, entry.title, entry.summary, entry.published_at and entry.published_at.isoformat())
    return hashlib.sha256("\x1f".join(part or "" for part in said).encode()).hexdigest()
