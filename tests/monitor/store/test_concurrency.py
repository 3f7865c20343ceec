"""Two stores on one file, in threads: nothing is claimed twice, nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from monitor.model import Feed
from monitor.store import Store
from tests.monitor.store.samples import NOW, alert, claim, entry, live_feed, match, message, poll, record


def _race(path: Path, take: Callable[[Store], list[int]]) -> list[int]:
    """Take until there is nothing left, in two stores at once; return all that was taken."""

    def drain() -> list[int]:
        store = Store.open(str(path))
        taken: list[int] = []
        while some := take(store):
            taken += some
        store.close()
        return taken

    with ThreadPoolExecutor(2) as threads:
        halves = [threads.submit(drain) for _ in range(2)]
        return [one for half in halves for one in half.result()]


def test_no_host_is_claimed_twice(store: Store, path: Path) -> None:
    store.sync_feeds([Feed(f"https://h{number}.example/") for number in range(200)], now=NOW)

    taken = _race(path, lambda one: [host.id for host in one.claim_hosts(now=NOW, owner="o", lease_s=60, limit=3)])

    assert list(range(1, 201)) == sorted(taken)


def test_no_entry_is_claimed_twice(store: Store, path: Path) -> None:
    poll(store, live_feed(store), *(entry(str(n), link=f"https://h{n}.example/") for n in range(200)))

    taken = _race(path, lambda one: [claimed.id for claimed in claim(one, limit=3)])

    assert list(range(1, 201)) == sorted(taken)


def test_no_delivery_is_claimed_twice(store: Store, path: Path) -> None:
    poll(store, live_feed(store), *(entry(str(n), link=f"https://h{n}.example/") for n in range(100)))
    for claimed in claim(store, limit=100):
        record(store, claimed, (alert(f"{claimed.id:08}", match()), [message(f"{claimed.id:08}")]))

    def take(one: Store) -> list[int]:
        return [d.id for d in one.claim_deliveries("webhook", now=NOW, owner="o", lease_s=60, limit=3)]

    assert list(range(1, 101)) == sorted(_race(path, take))


def test_writers_wait_for_each_other(store: Store, path: Path) -> None:
    """Read, then write, in one transaction: deferred, this fails at once with SQLITE_BUSY_SNAPSHOT."""
    feeds = [live_feed(store, f"https://h{number}.example/") for number in range(2)]

    def write(number: int) -> int:
        other = Store.open(str(path))
        new = sum(poll(other, feeds[number], entry(f"{number}-{turn}")).new for turn in range(60))
        other.close()
        return new

    with ThreadPoolExecutor(2) as threads:
        assert [60, 60] == list(threads.map(write, range(2)))
