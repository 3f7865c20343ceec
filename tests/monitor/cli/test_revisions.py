"""How articles changed, as people read it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import Reason
from monitor.store import Revised, Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import after, alert, article, claim, entry, live_feed, match, message, poll, story

TEXT = Revised(("title", "body"))


@pytest.fixture
def changed(store: Store) -> None:
    """An alerted article whose title and text changed, and then whose page went."""
    feed_id = live_feed(store)
    poll(store, feed_id, entry("un"))
    made = article("Une frape à Kharkiv", body="Un début.\nTrois blessés.\x1b[2J")
    told = (alert("7K2QXYZ0", match()), [message()])
    changes = [
        (made, Revised(), [told]),
        (
            now := replace(made, title="Une frappe à Kharkiv", body="Un début.\nCinq blessés.", text_sha256="beef"),
            TEXT,
            [],
        ),
        (
            replace(now, page_reason=Reason.GONE, page_error="gazette.example: answered 410"),
            Revised(("withdrawn",), lost=("axe",)),
            [],
        ),
    ]
    for minutes, (said, revised, alerts) in enumerate(changes):
        poll(store, feed_id, entry("un", summary=f"Résumé {minutes}"), at=after(100 * minutes))
        [claimed] = claim(store, at=after(100 * minutes))
        store.record_article(
            claimed.id,
            said,
            story=story(),
            matches=[match()] if alerts else [],
            alerts=alerts,
            now=after(100 * minutes),
            rereads=claimed.rereads,
            revised=revised,
        )


def test_revisions_are_listed_newest_first(changed: None, veille: Veille) -> None:
    gone, first = (line.split("\t") for line in veille("revisions").out.splitlines())

    assert ["al_7K2QXYZ0", "2026-05-16 08:40", "La Gazette de Lutèce", "title, body"] == first[:4]
    assert ["title: Une [-frape-] {+frappe+} à Kharkiv", "https://gazette.example/un"] == first[4:]
    assert ["withdrawn", "withdrawn: the page is gone"] == gone[3:5]


def test_one_article_is_shown_with_every_difference(changed: None, veille: Veille) -> None:
    got = veille("revisions", "al_7K2Q")

    assert [
        "2 · 2026-05-16 10:20 · La Gazette de Lutèce · al_7K2QXYZ0",
        "  withdrawn: the page is gone",
        "1 · 2026-05-16 08:40 · La Gazette de Lutèce · al_7K2QXYZ0",
        "  title: Une [-frape-] {+frappe+} à Kharkiv",
        "  body: [-Trois blessés. [2J-] {+Cinq blessés.+}",
    ] == got.out.splitlines()


def test_programs_read_both_wordings_and_the_difference(changed: None, veille: Veille) -> None:
    _, first = veille("revisions", "--json", "https://gazette.example/un").lines

    assert (1, ["title", "body"]) == (first["number"], first["changed"])
    assert ("Une frape à Kharkiv", "Une frappe à Kharkiv") == (first["before"]["title"], first["after"]["title"])
    assert "title: Une [-frape-] {+frappe+} à Kharkiv" == first["diff"][0]


def test_an_empty_list_says_what_fills_it(store: Store, veille: Veille) -> None:
    got = veille("revisions", "--since", "1h")

    assert (0, "") == (got.code, got.out)
    assert got.err.startswith("No revision.")


def test_a_reference_that_means_nothing_is_told(changed: None, veille: Veille) -> None:
    got = veille("revisions", "https://gazette.example/rien")

    assert 5 == got.code
    assert "no article https://gazette.example/rien" in got.err


def test_a_match_says_that_its_article_changed(changed: None, veille: Veille) -> None:
    shown = veille("matches", "1").out

    assert "matched in an earlier text, this is the present one; `veille revisions 1` compares them" in shown
    assert "the page is gone since 2026-05-16 10:20: gazette.example: answered 410\n" in shown
    assert "not found any more since 2026-05-16 10:20: the page was withdrawn\n" in shown


def test_matches_of_articles_that_are_gone_are_marked_in_the_list(changed: None, veille: Veille) -> None:
    [shown] = veille("matches").out.splitlines()
    [told] = veille("matches", "--json").lines

    assert "page gone since 2026-05-16 10:20" == shown.split("\t")[-1]
    assert ("2026-05-16T08:20:00+00:00",) * 2 == (told["lost_at"], told["withdrawn_at"])


def test_a_match_that_a_changed_text_lost_is_marked_in_the_list(store: Store, veille: Veille) -> None:
    feed_id = live_feed(store)
    for minutes, lost in ((0, ()), (60, ("axe",))):
        poll(store, feed_id, entry("un", summary=f"Résumé {minutes}"), at=after(minutes))
        [claimed] = claim(store, at=after(minutes))
        store.record_article(
            claimed.id,
            article(),
            story=story(),
            matches=[] if lost else [match()],
            alerts=[],
            now=after(minutes),
            rereads=claimed.rereads,
            revised=Revised(("body",) if lost else (), lost=lost),
        )

    assert "found no more since 2026-05-16 08:00" == veille("matches").out.rstrip("\n").split("\t")[-1]
    assert "not found any more since 2026-05-16 08:00: the article changed\n" in veille("matches", "1").out
