from __future__ import annotations

import fcntl
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import Reason
from monitor.model import DeliveryId, Endpoint, Feed, FeedId, PollOutcome, PollResult, Sight, TroubleKind
from monitor.store import DaemonLock, Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import RULE
from tests.monitor.store.samples import DAY_S, SILENCE, alert, counts, match, message, one_entry, poll, record

NAMES = ["daemon", "polls", "sources", "last 24 h", "outbox", "receivers", "canary", "silences", "disk"]
NAMES += ["rules", "routes"]


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def well(folder: Path, store: Store) -> None:
    """A daemon at work, with one feed that was just polled, one receiver, and room on the disk."""
    settings = ("WEBHOOK_URL=https://hook.example/", "DISK_MIN_PERCENT=0", "DISK_MIN_MB=0", "RULES=r.yaml")
    (folder / ".env").write_text("".join(f"VEILLE_{each}\n" for each in settings), "utf-8")
    (folder / "r.yaml").write_text(RULE, "utf-8")
    store.sync_feeds([Feed("https://gazette.example/rss")], now=ago(9000))
    poll(store, store.feed("1").id, at=ago(2))
    store.heartbeat(now=ago(0))


def fails(veille: Veille) -> dict[str, str]:
    """What fails, and all that is said of it."""
    got = veille("status")
    lines = got.out.replace("\n       ", " | ").splitlines()

    assert NAMES == [line[5:].partition(":")[0] for line in lines]
    assert got.code == any(line.startswith("FAIL") for line in lines)
    return {name: said for name, _, said in (line[5:].partition(": ") for line in lines if line.startswith("FAIL"))}


def line(veille: Veille, name: str) -> str:
    """The line of that name, whole."""
    return next(one for one in veille("status").out.splitlines() if one[5:].startswith(f"{name}:"))


def test_all_is_well(veille: Veille, store: Store) -> None:
    with DaemonLock(store.path):
        got = veille("status")

    assert (0, "") == (got.code, got.err)
    assert got.out.startswith("ok   daemon: runs, pid ")
    assert "ok   polls: the last that succeeded was 2 min ago\nok   sources: 1 polled\n" in got.out
    assert "ok   outbox: 0 to send\nok   receivers: webhook\n" in got.out


def test_programs_are_told_the_same(veille: Veille) -> None:
    [got] = veille("status", "--json").lines

    assert {"ok", "at", *(name.replace(" ", "_") for name in NAMES)} == set(got)
    assert (True, True, {"polled": 1}) == (got["ok"], got["daemon"]["running"], got["sources"]["feeds"])
    assert {"webhook": {"health": "ok"}} == got["receivers"]["receivers"]


def test_a_database_that_is_not_there_is_told(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_DATABASE", "autre.db")
    got = veille("status")

    assert (3, "veille: autre.db: no such database; `veille run` or `veille poll` makes it\n") == (got.code, got.err)


def test_a_daemon_that_does_not_run_is_told_and_how_it_ended(veille: Veille, store: Store) -> None:
    poll(store, store.feed("1").id, at=ago(10))
    store.heartbeat(now=ago(10))
    stopped = fails(veille)
    with DaemonLock(store.path):
        hangs = fails(veille)

    assert {"daemon": "does not run, its last round was 10 min ago; it was stopped; `veille run` starts it"} == stopped
    assert "10 min ago; killed, or it hangs: pid " in hangs["daemon"]


def test_t7_what_is_dated_after_now_does_not_count_as_done(veille: Veille, store: Store) -> None:
    store.heartbeat(now=ago(-600))
    poll(store, store.feed("1").id, at=ago(-600))
    nothing = fails(veille)
    poll(store, store.feed("1").id, at=ago(1))  # by cron
    by_cron = line(veille, "daemon")
    with DaemonLock(store.path):
        hangs = fails(veille)

    assert re.fullmatch(
        "does not run, its last round is dated 20[^;]+, which is yet to come: the clock was set back; "
        "it was stopped; `veille run` starts it",
        nothing["daemon"],
    )
    assert "ok   daemon: none is needed: `veille poll` did its work" == by_cron
    assert "the clock was set back; killed, or it hangs: pid " in hangs["daemon"]


@pytest.fixture
def fresh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Another database, on which nothing has run."""
    monkeypatch.setenv("VEILLE_DATABASE", "autre.db")
    with closing(Store.open(str(folder / "autre.db"))) as opened:
        yield opened


def test_who_polls_by_cron_needs_no_daemon(veille: Veille, fresh: Store) -> None:
    fresh.sync_feeds([Feed("https://gazette.example/rss")], now=ago(9000))
    before = fails(veille)
    poll(fresh, fresh.feed("1").id, at=ago(30))
    after = fails(veille)

    assert {"daemon", "polls"} == set(before)
    assert "none has succeeded yet | 1 of 1 feeds fail or are overdue" == before["polls"]
    assert {} == after
    assert "ok   daemon: none is needed: `veille poll` did its work" == line(veille, "daemon")


def sign(store: Store, *, started_at: datetime, pid: int = 7, host: str = "desk") -> None:
    """Sign the lock as a daemon that started then, and did not let go of it."""
    DaemonLock(store.path).path.write_text(
        json.dumps({"pid": pid, "host": host, "started_at": started_at.isoformat()}), "utf-8"
    )


def test_a_daemon_that_was_just_killed_is_told_at_once(veille: Veille, store: Store) -> None:
    sign(store, started_at=ago(30), pid=os.getpid(), host=socket.gethostname())  # the pid is another's by now
    killed = fails(veille)["daemon"]
    sign(store, started_at=ago(30), pid=2**22 + 1, host=socket.gethostname())  # counted in another container
    with (store.path.parent / f"{store.path.name}.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runs = line(veille, "daemon")

    assert f" s ago; killed: pid {os.getpid()} on " in killed
    assert runs.startswith(f"ok   daemon: runs, pid {2**22 + 1} on ")


def test_a_daemon_is_not_missed_once_cron_has_taken_over(veille: Veille, store: Store) -> None:
    store.heartbeat(now=ago(20))
    with DaemonLock(store.path):  # a poll under way
        under_way = line(veille, "daemon")
    between = line(veille, "daemon")
    sign(store, started_at=ago(30))

    assert ["ok   daemon: none is needed: `veille poll` did its work"] * 2 == [under_way, between]
    assert "; killed: pid 7 on desk, since 20" in line(veille, "daemon")


@pytest.mark.usefixtures("fresh")
def test_a_database_without_feeds_has_no_source(veille: Veille) -> None:
    assert "none; `veille feeds add URL` declares one" == fails(veille)["sources"]


def test_a_source_that_fails_is_counted_and_no_failure_of_veille(veille: Veille, store: Store) -> None:
    outcome = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 500")
    store.record_poll(FeedId(1), outcome, (), next_due_at=ago(-90), now=ago(1), baseline_max_age_s=DAY_S)
    store.sync_feeds([Feed("https://gazette.example/rss"), Feed("https://echo.example/rss")], now=ago(1))
    poll(store, store.feed("2").id, at=ago(1))
    poll(store, store.feed("2").id, at=ago(1))

    assert "ok   sources: 1 failing, 1 polled; `veille feeds` says why" == line(veille, "sources")


def lost_canary(store: Store) -> None:
    store.note_troubles([Sight(TroubleKind.CANARY, "match", since=ago(9))], now=ago(9))


def late_outbox(store: Store) -> None:
    record(store, one_entry(store), (alert("7K2QXYZ0", match()), [message()]), now=ago(600))
    store.claim_deliveries("webhook", now=ago(600), owner="moi", lease_s=60, limit=9)
    store.settle_retry(
        DeliveryId(1), reason=Reason.HTTP_5XX, error="answered 503", next_attempt_at=ago(-9), now=ago(599)
    )


def disabled(store: Store) -> None:
    store.enable_endpoint(Endpoint("webhook", disabled_at=ago(9)), now=ago(9))


@pytest.mark.parametrize(
    ("what", "name", "said"),
    [
        (lost_canary, "canary", "an article of veille's own does not get to you | lost at match since "),
        (late_outbox, "outbox", "1 to send, the oldest for 10 h | webhook: 1 wait: answered 503"),
        (disabled, "receivers", "webhook | webhook: disabled since "),
    ],
)
def test_what_veille_itself_would_tell_fails(
    veille: Veille, store: Store, what: Callable[[Store], None], name: str, said: str
) -> None:
    what(store)

    assert fails(veille)[name].startswith(said)


@pytest.mark.parametrize(
    ("variable", "value", "name", "said"),
    [
        ("DISK_MIN_PERCENT", "99.9", "disk", "nearly full | "),
        ("RULES", "oups.yaml", "rules", "refused: "),
        ("ROUTES", "routes.yaml", "routes", "refused: "),
    ],
)
def test_a_disk_or_a_file_that_is_not_right_fails(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch, *, variable: str, value: str, name: str, said: str
) -> None:
    (folder / "oups.yaml").write_text(RULE + "oups: 1\n", "utf-8")
    (folder / "routes.yaml").write_text("route: {receiver: nobody}\n", "utf-8")
    monkeypatch.setenv(f"VEILLE_{variable}", value)
    got = fails(veille)

    assert got[name].startswith(said)
    assert {name} | ({"receivers"} if name == "routes" else set()) == set(got)


def test_what_was_given_up_and_who_is_no_receiver_any_more_is_told_and_fails_nothing(
    veille: Veille, store: Store
) -> None:
    told = [message(), message(receiver=replace(message().receiver, name="ancien"))]
    record(store, one_entry(store), (alert("7K2QXYZ0", match()), told), now=ago(3))
    store.claim_deliveries("webhook", now=ago(3), owner="moi", lease_s=60, limit=9)
    store.settle_failed(DeliveryId(1), reason=Reason.REJECTED, error="non", now=ago(2))
    got = veille("status").out

    assert "ok   outbox: 1 to send, the oldest for 3 min; given up: 1, see `veille deliveries --state failed`" in got
    assert "warn receivers: webhook\n       ancien: messages wait for it, 1 in all" in got


def test_articles_and_matches_of_a_day_are_counted_and_silences_in_force(veille: Veille, store: Store) -> None:
    record(store, one_entry(store), matches=[match(), match("proche", near_miss=True)], now=ago(3))
    store.add_silence(replace(SILENCE, created_at=ago(9), expires_at=ago(-60)))
    store.add_silence(replace(SILENCE, id="si_0LD00000", created_at=ago(90), expires_at=ago(60)))

    assert "1 matches; 0 to read" in line(veille, "last 24 h")
    assert line(veille, "silences").startswith("ok   silences: 1 in force, the first ends 20")


def test_to_look_changes_nothing(veille: Veille, store: Store) -> None:
    before = counts(store)
    veille("status")

    assert before == counts(store)
