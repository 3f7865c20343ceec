"""Whether it is our own network that is down: then most hosts fail at once, and it is not for them to be blamed.

The hosts that were asked last are looked at, each once. One that does not answer counts only if it did the time before:
sites that have been dead for months say nothing of us. While we are down a host is asked now and then, and nothing is
held against those that do not answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason

if TYPE_CHECKING:
    from monitor.errors import ExternalError
    from monitor.model import FeedId, FeedState

__all__ = ["OUTAGE_WAIT", "Network", "Sighting", "is_unreachable", "look", "probes", "reached"]

OUTAGE_WAIT = timedelta(minutes=1)  # for a host that was asked while we were down
_LOOKED_AT = 10  # hosts
_LEAST = 5
_MOST = 0.8  # of them
_RECENT = timedelta(minutes=30)
_PROBE_EVERY = timedelta(seconds=15)
_PROBES_ON_ANSWER = 3

_SILENT = frozenset({Reason.DNS, Reason.CONNECTION, Reason.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last that was seen of a host."""

    host: str
    at: datetime
    reached: bool
    counted: tuple[FeedId, ...] = ()  # feeds whose failure was counted


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of our own network."""

    sightings: tuple[Sighting, ...] = ()  # of each host one, the latest last
    down_since: datetime | None = None
    probed_at: datetime | None = None


def reached(error: ExternalError) -> bool | None:
    """Return whether a host was reached that failed so; None where that is not known."""
    if is_unreachable(error):
        return False
    return True if error.status is not None else None


def is_unreachable(error: ExternalError) -> bool:
    """Return whether a host did not answer at all, or its robots.txt did not come."""
    is_robots = error.reason is Reason.ROBOTS and error.retryable
    return is_robots or (error.reason in _SILENT and error.status is None)


def look(network: Network, state: FeedState, now: datetime, *, answered: bool) -> tuple[Network, tuple[FeedId, ...]]:
    """Return what is known of our network after a host was asked, and the feeds that were wrongly counted as failing.

    Args:
        network: what was known before.
        state: the feed that was asked for, before this poll.
        now: the present instant.
        answered: whether its host did.
    """
    before = next((seen for seen in network.sightings if seen.host == state.host), None)
    is_known_silent = before is not None and not before.reached
    is_news = state.failures == 0 and state.last_ok_at is not None
    if not (answered or is_news or is_known_silent or network.down_since):
        return network, ()
    others = [seen for seen in network.sightings if seen is not before and timedelta() <= now - seen.at < _RECENT]
    kept = (*others[1 - _LOOKED_AT :], Sighting(state.host, now, answered))
    silent = sum(not seen.reached for seen in kept)
    is_down = silent >= _MOST * len(kept) and (len(kept) >= _LEAST or network.down_since is not None)
    if not is_down:
        counted = (*before.counted, state.id) if before is not None and not answered else (state.id,)
        last = replace(kept[-1], counted=() if answered else counted)
        return Network((*kept[:-1], last)), ()
    wronged = tuple(feed for seen in (*others, *([before] if before else [])) for feed in seen.counted)
    clean = tuple(replace(seen, counted=()) for seen in kept)
    return Network(clean, network.down_since or now, network.probed_at), wronged


def probes(network: Network, now: datetime) -> tuple[Network, int | None]:
    """Return how many hosts may be asked now, and what is known once they are; None: as many as there is room for."""
    if network.down_since is None:
        return network, None
    if network.probed_at is not None and timedelta() <= now - network.probed_at < _PROBE_EVERY:
        last = network.sightings[-1]
        if not (last.reached and last.at >= network.probed_at):
            return network, 0
    count = _PROBES_ON_ANSWER if network.sightings[-1].reached else 1
    return replace(network, probed_at=now), count
