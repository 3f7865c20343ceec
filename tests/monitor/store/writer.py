"""Processes to kill: each records articles until then, and says each one once it is recorded.

One line on standard input, a name, forks one writer; it first says its pid. Forking saves importing everything again.
"""

from __future__ import annotations

import os
import sys

from monitor.store import Store
from tests.monitor.store.samples import NOW, alert, claim, entry, live_feed, match, message, poll, record


def main(database: str) -> None:
    """Fork a writer for each name, one after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _say(str(os.getpid()))
            _write(database, line.strip())
        os.waitpid(pid, 0)
        _say("dead")


def _write(database: str, run: str) -> None:
    store = Store.open(database)
    store.release_leases(now=NOW, interrupted=True)
    feed_id = live_feed(store, f"https://{run}.example/rss")
    for number in range(100_000):
        name = f"{run}{number:07}"
        poll(store, feed_id, entry(name))
        record(store, claim(store, limit=1)[0], (alert(name, match()), [message(name)]))
        _say(name)


def _say(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])
