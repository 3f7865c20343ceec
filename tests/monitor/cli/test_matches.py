"""The log as people read it: matches, deliveries, judgements."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.cli.shown import highlighted
from monitor.errors import Reason
from monitor.model import AlertId, AlertType, DeliveryId, Endpoint, Held, Receipt, Why
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import NOW, after, alert, counts, match, message, one_entry, record, record_alert


@pytest.fixture(autouse=True)
def told(store: Store) -> None:
    """Two alerts, one near miss."""
    record_alert(store)
    record_alert(store, "8X3M0000")
    record(store, one_entry(store, "trois"), matches=[match("frontiere", score=7.2, near_miss=True)])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], 2),
        (["--near-misses"], 3),
        (["--rule", "axe"], 2),
        (["--rule", "axe", "--min-score", "99"], 0),
        (["--rule", "frontiere"], 0),
        (["--rule", "axe-moscou-pekin"], 0),
        (["--min-score", "13"], 0),
        (["--since", "2026-05-16"], 2),
        (["--until", "2026-05-15"], 0),
        (["--language", "FR"], 2),
        (["--language", "en"], 0),
        (["--label", "none"], 2),
        (["--label", "OUI"], 0),
        (["--limit", "1"], 1),
        (["--entity", "kharkiv"], 0),
    ],
)
def test_matches_are_filtered(veille: Veille, words: list[str], expected: int) -> None:
    got = veille("matches", "--json", *words)

    assert (0, expected) == (got.code, len(got.lines))


def test_matches_are_listed(veille: Veille) -> None:
    first, *_ = veille("matches").out.splitlines()

    assert ["2", "al_8X3M0000", "2026-05-16 07:00", "medium", "12.5", "axe"] == first.split("\t")[:6]


def test_a_match_that_joined_a_story_that_had_been_told_is_listed_and_shown_as_such(
    veille: Veille, store: Store
) -> None:
    told = (alert("7K2QXYZ0", match("axe")), [message()])
    record(store, one_entry(store, "quatre"), told, matches=[match("axe")])
    listed, shown = veille("matches", "--limit", "1").out, veille("matches", "4").out

    assert ("4", "joined al_7K2QXYZ0") == (listed.split("\t")[0], listed.rstrip("\n").split("\t")[-1])
    assert "" == listed.split("\t")[1]
    assert "\njoined al_7K2QXYZ0 · axe · " in shown


def test_an_empty_list_says_what_fills_it(veille: Veille) -> None:
    got = veille("matches", "--rule", "axe-moscou-pekin")

    assert (0, "") == (got.code, got.out)
    assert got.err.startswith("No match.")


def test_a_judgement_that_is_none_is_refused(veille: Veille) -> None:
    got = veille("matches", "--label", "peut-être")

    assert got.code == 2
    assert "--label takes oui, non or none" in got.err


def test_one_match_is_shown_with_its_points_and_text(veille: Veille) -> None:
    veille("label", "al_7K2Q", "oui")
    got = veille("matches", "al_7k2q")

    assert got.code == 0
    assert got.out.startswith("Une visite\nLa Gazette de Lutèce · ")
    assert "al_7K2QXYZ0 · axe · medium · 12.5 points, threshold 10\n" in got.out
    assert "  chine               9.0  « Chine » (title, 2 ×)\n" in got.out
    assert "  ignored: « encre de Chine »\n" in got.out
    assert "    « La Chine reçoit. »\n" in got.out
    assert "  webhook: pending, 0 attempt(s)\n" in got.out
    assert "  judged oui on " in got.out
    assert "Le corps, où l’on parle de Kharkiv." in got.out


def test_terms_of_a_summary_are_not_marked_in_the_page_that_was_read_later(veille: Veille, store: Store) -> None:
    told = replace(match("tard"), text_sha256="0ld")
    record(store, one_entry(store, "tard"), (alert("9AAA0000", told), [message("9AAA0000")]))
    out = veille("matches", "al_9AAA").out

    assert "  matched in what the feed said; the page was read later, this is its text\n" in out
    assert "read later" not in veille("matches", "al_7K2Q").out


def test_what_a_near_miss_lacks_is_shown(veille: Veille) -> None:
    number = next(line["id"] for line in veille("matches", "--near-misses", "--json").lines if line["near_miss"])
    out = veille("matches", str(number)).out

    assert "not alerted · frontiere · near miss · 7.2 points" in out
    assert "  missing: score 7.2 < 10\n" in out


def test_one_match_is_told_to_programs(veille: Veille) -> None:
    (told,) = veille("matches", "al_7K2QXYZ0", "--json").lines

    assert "2026-05-16T05:00:00+00:00" == told["line"]["matched_at"]
    assert 12.5 == told["match"]["verdict"]["score"]
    assert "Le chapô." == told["article"]["lead"]
    assert {"id", "version", "title", "level", "status", "labels", "tags"} == set(told["match"]["rule"])


def test_terms_stand_out() -> None:
    (span,) = highlighted("La Chine reçoit.", [(3, 8)]).spans

    assert (3, 8, "bold yellow") == (span.start, span.end, span.style)


def test_an_unknown_reference_exits_5(veille: Veille) -> None:
    assert 5 == veille("matches", "al_ZZZZ").code
    assert 5 == veille("label", "al_ZZZZ", "non").code


def test_an_alert_is_judged_and_the_last_judgement_counts(veille: Veille) -> None:
    first = veille("label", "al_7K2Q", "OUI").out
    second = veille("label", "al_7K2Q", "no").out
    (third,) = veille("label", "al_7K2Q", "non", "--json").lines

    assert "al_7K2QXYZ0: relevant (matches: 1)\n" == first
    assert "al_7K2QXYZ0: not relevant (matches: 1, judged otherwise before: 1)\n" == second
    assert ("al_7K2QXYZ0", False) == (third["ref"], third["relevant"])
    assert 1 == len(veille("matches", "--label", "non", "--json").lines)


@pytest.mark.parametrize("words", [["deliveries"], ["deliveries", "list"]])
def test_deliveries_are_listed(veille: Veille, words: list[str]) -> None:
    first, *_ = veille(*words).out.splitlines()

    assert ["2", "al_8X3M0000", "webhook", "pending", "0"] == first.split("\t")[:5]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], 2),
        (["--state", "pending"], 2),
        (["--state", "sent"], 0),
        (["--receiver", "webhook"], 2),
        (["--receiver", "heartbeat"], 0),
        (["--since", "2026-05-17"], 0),
        (["list", "--limit", "1"], 1),
    ],
)
def test_deliveries_are_filtered(veille: Veille, words: list[str], expected: int) -> None:
    assert expected == len(veille("deliveries", *words, "--json").lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deliveries", "--receiver", "mailz"], "no receiver 'mailz'; `veille channels list` tells"),
        (["deliveries", "replay", "--receiver", "heartbeet"], "no receiver 'heartbeet'; did you mean heartbeat?"),
        (["matches", "--rule", "axe-moscou-pekinn"], "no rule 'axe-moscou-pekinn'; did you mean axe-moscou-pekin?"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_what_was_meant(
    veille: Veille, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setenv("VEILLE_HEARTBEAT_URL", "https://hc.example/ping")
    got = veille(*words)

    assert (5, "") == (got.code, got.out)
    assert said in got.err


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (Held(Why.QUIET_HOURS, after(120)), "quiet_hours until 2026-05-16 09:00"),
        (Held(Why.DIGEST), "digest until the next digest"),
    ],
)
def test_a_held_message_says_why_and_until_when(veille: Veille, store: Store, held: Held, said: str) -> None:
    record(store, one_entry(store, "n"), (alert("9AAA0000", match()), [replace(message("9AAA0000"), held=held)]))

    assert said == veille("deliveries", "--state", "held").out.split("\t")[8]
    assert f"al_9AAA0000 to webhook: held, {said}\n" == veille("deliveries", "show", "3").out
    assert "al_7K2QXYZ0 to webhook: pending\n" == veille("deliveries", "show", "1").out


def test_a_grouped_message_says_what_tells_it_and_how_that_stands(veille: Veille, store: Store) -> None:
    held = Held(Why.COOLDOWN, after(60))
    record(store, one_entry(store, "n"), (alert("9AAA0000", match()), [replace(message("9AAA0000"), held=held)]))
    for number, name in ((3, "D1GE0000"), (4, "D1GE0001")):
        digest = alert(name, match(), type_=AlertType.STORY_DIGEST)
        outbox = [replace(message(name), held=Held(Why.QUIET_HOURS, after(120)))]
        store.record_group(digest, outbox, [DeliveryId(number)], [1], now=after(60))
    shown = veille("deliveries", "show", "3")
    store.release([DeliveryId(5)], told=[], told_by=AlertId("al_D1GE0001"), now=after(120))
    store.claim_deliveries("webhook", now=after(121), owner="moi", lease_s=60, limit=9)
    store.settle_sent(DeliveryId(5), Receipt(), now=after(121))

    stands = "al_9AAA0000 to webhook: grouped, told by delivery 4; delivery 5 (al_D1GE0001) is"
    assert (f"{stands} held, quiet_hours until 2026-05-16 09:00\n", "") == (shown.out, shown.err)
    assert f"{stands} sent 2026-05-16 09:01\n" == veille("deliveries", "show", "3").out
    assert {"told by delivery 5", "told by delivery 4"} == {
        line.split("\t")[8] for line in veille("deliveries", "--state", "grouped").out.splitlines()
    }
    assert [5, 4] == [line["told_by"] for line in veille("deliveries", "--state", "grouped", "--json").lines]


def test_an_empty_outbox_says_so(veille: Veille) -> None:
    assert "No delivery." in veille("deliveries", "--state", "sent").err


def test_deliveries_are_replayed(veille: Veille) -> None:
    by_number = veille("deliveries", "replay", "1", "2").out
    by_time = veille("deliveries", "replay", "--since", "2026-05-16", "--state", "pending", "--json").lines

    assert "2 put back to pending\n" == by_number
    assert [{"replayed": 2, "disabled": []}] == by_time


def test_d8_all_that_failed_at_a_receiver_is_replayed_and_who_wanted_it_is_kept(
    veille: Veille, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "anne")
    untried = veille("deliveries", "show", "1").err
    store.claim_deliveries("webhook", now=after(60), owner="moi", lease_s=60, limit=9)
    for number in (1, 2):
        store.settle_failed(DeliveryId(number), reason=Reason.REJECTED, error="non", now=after(60))
    got, (trace,) = veille("deliveries", "replay", "--receiver", "webhook"), store.attempts(DeliveryId(1))[1:]

    assert "Not tried yet.\n" == untried
    assert (0, "2 put back to pending\n", "") == (got.code, got.out, got.err)
    assert ("replayed", "anne") == (trace.outcome, trace.detail)
    assert ["failed", "replayed"] == [line["outcome"] for line in veille("deliveries", "show", "1", "--json").lines]
    assert ["replayed", "anne"] == veille("deliveries", "show", "1").out.splitlines()[2].split("\t")[2::4]


def test_d8_a_replay_to_a_receiver_that_is_disabled_says_so(
    veille: Veille, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    store.enable_endpoint(Endpoint("webhook", disabled_at=NOW), now=NOW)
    got = veille("deliveries", "replay", "1")
    as_json = veille("deliveries", "replay", "1", "--json").lines

    assert "1 put back to pending\n" == got.out
    assert "veille: 1 will wait: webhook is disabled; once it is mended, `veille channels enable webhook`" in got.err
    assert [{"replayed": 1, "disabled": ["webhook"]}] == as_json
    assert f"uid {os.getuid()}" == store.attempts(DeliveryId(1))[0].detail


def test_a_delivery_that_is_not_there_exits_5(veille: Veille) -> None:
    got = veille("deliveries", "replay", "77")

    assert (5, "veille: no delivery 77; `veille deliveries` lists them\n") == (got.code, got.err)
    assert [5, 5] == [veille("deliveries", verb, "9" * 20).code for verb in ("replay", "show")]


@pytest.mark.parametrize("words", [[], ["1", "--since", "1h"], ["1", "--until", "2026-05-16"]])
def test_what_to_replay_must_be_said_once(veille: Veille, words: list[str]) -> None:
    assert 2 == veille("deliveries", "replay", *words).code


def test_reading_the_log_leaves_it_as_it_is(veille: Veille, store: Store, folder: Path) -> None:
    before = counts(store)
    for words in (["matches"], ["feeds"], ["deliveries"]):
        veille(*words)

    assert before == counts(store)


def test_several_matches_of_one_alert_have_one_reference(veille: Veille, store: Store) -> None:
    both = alert("9AAA0000", match("axe"), match("front"))
    record(store, one_entry(store, "quatre"), (both, [message("9AAA0000")]))

    numbers = [line["id"] for line in veille("matches", "--json").lines if line["alert_id"] == "al_9AAA0000"]

    assert 2 == len(numbers)
    assert f"  the best of 2 matches that this alert tells; also {max(numbers)}\n" in veille("matches", "al_9AAA").out


def test_an_alert_on_rules_is_a_delivery_and_no_match(veille: Veille, store: Store) -> None:
    store.record_alert(alert("REFUSED0", type_=AlertType.RULES_REJECTED), [message("REFUSED0")], now=NOW)
    (listed, *_) = veille("deliveries", "--json").lines

    assert ("al_REFUSED0", "rules.rejected", None) == (listed["alert_id"], listed["type"], listed["title"])
    assert "al_REFUSED0" in veille("deliveries").out
    assert "1 put back to pending\n" == veille("deliveries", "replay", str(listed["id"])).out
    assert 2 == len(veille("matches", "--json").lines)
    for words in (["matches", "al_REFUSED0"], ["label", "al_REFUSED0", "oui"]):
        got = veille(*words)

        assert (5, "veille: alert al_REFUSED0 tells no match\n") == (got.code, got.err)
