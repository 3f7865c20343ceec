"""Silences as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.clock import SystemClock
from monitor.model import Silence
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import match, one_entry, record, story

ADD = ("silences", "add", "--author", "Anne", "--reason", "connu")


def test_a_silence_is_added_listed_and_ended(veille: Veille, store: Store) -> None:
    [added] = veille(*ADD, "--for", "24h", "--json", 'rule="axe"', 'story="st_1"').lines
    [listed] = veille("silences", "--json").lines
    ended = veille("silences", "end", added["id"])

    assert added == listed
    assert (['rule="axe"', 'story="st_1"'], "in force", 0) == (listed["matchers"], listed["state"], listed["alerts"])
    assert f"{added['id']}: ended; alerts it held back: 0\n" == ended.out
    assert "ended" == veille("silences", "list").out.split("\t")[1]


def test_an_expired_silence_is_shown_as_such(veille: Veille, store: Store) -> None:
    now = SystemClock().now()
    store.add_silence(
        Silence("si_1", ('rule="axe"',), "Anne", "connu", now - timedelta(days=2), now - timedelta(days=1))
    )

    assert ["si_1", "expired"] == veille("silences").out.split("\t")[:2]


def test_what_was_added_says_until_when(veille: Veille, store: Store) -> None:
    assert ": until 20" in veille(*ADD, "--for", "90m", 'rule="axe"').out


def test_an_empty_list_says_what_fills_it(veille: Veille, store: Store) -> None:
    assert "veille silences add" in veille("silences").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--for", "31d", 'rule="axe"'], "30 days"),
        (["--for", "1h", 'rule!="axe"'], "a silence of everything"),
        (["--for", "1h", 'rulle="b"'], "no rule has a label rulle; did you mean rule?"),
        (["--for", "demain", 'rule="axe"'], "no length of time"),
        (["--for", "9" * 400 + "d", 'rule="axe"'], "no length of time"),
    ],
)
def test_a_silence_that_is_wrong_is_refused(veille: Veille, store: Store, words: list[str], told: str) -> None:
    got = veille(*ADD, *words)

    assert 2 == got.code
    assert told in got.err
    assert () == store.silences()


def test_a_silence_of_a_rule_that_is_not_there_is_added_and_doubted(veille: Veille, store: Store) -> None:
    got = veille(*ADD, "--for", "1h", 'rule="axe-moscou-pekinn"')

    assert (0, 1) == (got.code, len(store.silences()))
    assert "the silence is added; there is no rule 'axe-moscou-pekinn'; did you mean axe-moscou-pekin?\n" == got.err


def test_a_silence_of_a_story_that_nothing_matched_is_doubted(veille: Veille, store: Store) -> None:
    record(store, one_entry(store), matches=[match()], story=story("vu"))
    words = (*ADD, "--for", "1h", "--json")

    assert "" == veille(*words, 'story="st_vu"', 'story=~"st_.*"').err
    assert "the silence is added; no match of story 'st_vy' is in the log\n" == veille(*words, 'story="st_vy"').err
