"""Which changed entries are read again, how and when (promises I9, P8). Pure: the rows are given.

- Once per change; a change while it waits is read with the one before. The first change is read at once, each further
  one after a longer wait, so that a live blog that changes every minute costs five requests a day at most.
- The page is asked for while the article is young; of an older one, and of one whose text is reserved, only a title
  that changed is looked at. So it is where the feed has used up what it may ask for in a day.
- Where most of what a document holds changed at once, it is the feed that changed, not the news; if only a few titles
  did, these are followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.changes import differ
from monitor.model import Reread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.model import Entry

__all__ = ["Known", "Requeued", "due_again", "is_mass", "plan_rereads"]

_WAITS = (timedelta(0), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
_LONGEST_WAIT = timedelta(days=1)
_YOUNG = timedelta(days=7)
_FEW = 5  # changes that are never too many at once


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that was read, as stored before it changed."""

    id: int
    title: str
    summary: str
    updated_at: datetime | None
    withheld: bool
    first_seen_at: datetime
    rereads: int
    reread_at: datetime | None


@dataclass(frozen=True, slots=True)
class Requeued:
    """An entry to read again, and when."""

    id: int
    reread: Reread
    due_at: datetime


def is_mass(changed: int, known: int) -> bool:
    """Return whether so many known entries changed at once that it is not the news that did.

    >>> is_mass(5, 5), is_mass(20, 30), is_mass(10, 30)
    (False, True, False)
    """
    return changed > _FEW and 2 * changed > known


def plan_rereads(changed: Iterable[tuple[Known, Entry]], *, room: int, now: datetime) -> tuple[Requeued, ...]:
    """Return the entries to read again.

    Args:
        changed: entries that were read, and what the feed says of them now.
        room: how many pages may still be asked for.
        now: the present instant, UTC.
    """
    requeued: list[Requeued] = []
    for known, entry in changed:
        reread = _reread(known, entry, has_room=room > 0, now=now)
        if reread is None:
            continue
        room -= reread is Reread.PAGE
        requeued.append(Requeued(known.id, reread, due_again(known.rereads, known.reread_at, now)))
    return tuple(requeued)


def _reread(known: Known, entry: Entry, *, has_room: bool, now: datetime) -> Reread | None:
    retitled = differ(known.title, entry.title)
    only_title = known.withheld or not has_room or now - known.first_seen_at > _YOUNG
    if only_title:
        return Reread.TITLE if retitled else None
    is_newer = known.updated_at is not None and entry.updated_at is not None and entry.updated_at > known.updated_at
    return Reread.PAGE if retitled or is_newer or differ(known.summary, entry.summary) else None


def due_again(rereads: int, reread_at: datetime | None, now: datetime) -> datetime:
    """Return when an entry is due that is to be read again.

    Args:
        rereads: how often it was before.
        reread_at: when it was last to be, or None.
        now: the present instant, UTC.
    """
    if reread_at is None:
        return now
    wait = _WAITS[rereads] if rereads < len(_WAITS) else _LONGEST_WAIT
    return max(now, reread_at + wait)
