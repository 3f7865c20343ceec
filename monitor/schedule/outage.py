"""Whether it is our own network that is down: then most sites fail at once, and it is not for them to be blamed.

The sites that were asked last are looked at, each once, however many hosts it has. One that does not answer counts only
if it did the time before: sites that have been dead for months say nothing of us. While we are down a site is asked now
and then, and nothing is held against those that do not answer.

Where some go on answering it was not our network, but one that many share: a provider's, a publisher's. So a few
answers end it, and those that did not answer meanwhile say nothing of us until they do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.links import site_of

if TYPE_CHECKING:
    from monitor.errors import ExternalError
    from monitor.model import FeedId, FeedState

__all__ = ["OUTAGE_WAIT", "Network", "Sighting", "is_unreachable", "look", "probes", "reached"]

OUTAGE_WAIT = timedelta(minutes=1)  # for a host that was asked while we were down
_LOOKED_AT = 10  # sites
_LEAST = 5  # of them, and none of the last five answered
_MOST = 0.8  # of them
_RECENT = timedelta(minutes=30)
_ANSWERS = 3  # since we were down: we are no more
_UNCONFIRMED = timedelta(hours=1)  # at most
_PROBE_EVERY = timedelta(seconds=15)
_ANSWERED = timedelta(minutes=1)  # ago: all that is due is asked, so that it is soon known whether we are back

_SILENT = frozenset({Reason.DNS, Reason.CONNECTION, Reason.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last that was seen of a host."""

    host: str
    at: datetime
    reached: bool
    counted: tuple[FeedId, ...] = ()  # feeds whose failure was counted

    @property
    def site(self) -> str:
        """The site that it is of."""
        return site_of(f"//{self.host}")


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of our own network."""

    sightings: tuple[Sighting, ...] = ()  # of each host one, the latest last
    down_since: datetime | None = None
    confirmed_at: datetime | None = None  # an hour later, and again: nobody had answered for a while
    answered_at: datetime | None = None  # the first time since we are down
    answers: int = 0  # since we are down
    probed_at: datetime | None = None
    mute: frozenset[str] = frozenset()  # hosts that did not answer while others did, and have not since


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
    is_news = state.failures == 0 and state.last_ok_at is not None and state.host not in network.mute
    if answered or is_news or is_known_silent:
        others = [seen for seen in network.sightings if seen is not before and timedelta() <= now - seen.at < _RECENT]
        seen_now = Sighting(state.host, now, answered, counted=() if answered or before is None else before.counted)
        mute = network.mute - {state.host} if answered else network.mute
        network = replace(network, sightings=(*others, seen_now), mute=mute)
        if network.down_since is None:
            return _look_up(network, state.id, now)
    if network.down_since is not None:
        return _look_down(network, now, answered=answered), ()
    return network, ()


def _look_up(network: Network, feed_id: FeedId, now: datetime) -> tuple[Network, tuple[FeedId, ...]]:
    """Return whether we went down with the last sighting, of this feed, and the feeds that were wrongly counted."""
    *earlier, last = network.sightings
    seen = _by_site(network.sightings)[-_LOOKED_AT:]
    silent = sum(not one.reached for one in seen)
    if len(seen) < _LEAST or silent < _MOST * len(seen) or any(one.reached for one in seen[-_LEAST:]):
        last = last if last.reached else replace(last, counted=(*last.counted, feed_id))
        return replace(network, sightings=_latest((*earlier, last))), ()
    wronged = tuple(feed for one in network.sightings for feed in one.counted)
    clean = tuple(replace(one, counted=()) for one in network.sightings)
    return Network(clean, down_since=now, mute=network.mute), wronged


def _look_down(network: Network, now: datetime, *, answered: bool) -> Network:
    """Return whether we still are down, now that one more site answered or did not."""
    if answered:
        network = replace(network, answers=network.answers + 1, answered_at=network.answered_at or now)
    silent = [seen for seen in _by_site(network.sightings) if not seen.reached]
    since = network.answered_at
    not_since = [seen for seen in silent if since is None or seen.at <= since]
    if answered and network.answers >= _ANSWERS and len(not_since) < _LEAST:
        return _over(network)
    confirmed_at = network.confirmed_at or network.down_since
    if confirmed_at is not None and timedelta() <= now - confirmed_at < _UNCONFIRMED:
        return network
    is_answering = any(seen.reached for seen in network.sightings)
    return _over(network) if is_answering or len(silent) < _LEAST else replace(network, confirmed_at=now)


def _over(network: Network) -> Network:
    """Return what is known once we are not down: what did not answer while others did says nothing of us."""
    since = network.answered_at
    mute = {seen.host for seen in network.sightings if not seen.reached and since is not None and seen.at > since}
    kept = tuple(seen for seen in network.sightings if seen.host not in mute)
    return Network(_latest(kept), mute=network.mute | mute)


def _by_site(sightings: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
    """Return the last that was seen of each site; of each host where there are too few sites to tell anything by."""
    latest: dict[str, Sighting] = {}
    for seen in sightings:
        latest.pop(seen.site, None)
        latest[seen.site] = seen
    return tuple(latest.values()) if len(latest) >= _LEAST else sightings


def _latest(sightings: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
    """Return the sightings of the sites that were asked last, as many as are looked at."""
    sites: dict[str, None] = {}
    for place in range(len(sightings) - 1, -1, -1):
        sites[sightings[place].site] = None
        if len(sites) > _LOOKED_AT:
            return sightings[place + 1 :]
    return sightings


def probes(network: Network, now: datetime) -> tuple[Network, int | None]:
    """Return how many hosts may be asked now, and what is known once they are; None: as many as there is room for."""
    if network.down_since is None:
        return network, None
    begins = max(network.down_since, now - _ANSWERED)
    if any(seen.reached and begins <= seen.at for seen in network.sightings):
        return network, None
    if network.probed_at is not None and timedelta() <= now - network.probed_at < _PROBE_EVERY:
        return network, 0
    return replace(network, probed_at=now), 1
