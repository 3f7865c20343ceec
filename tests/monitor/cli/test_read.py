from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import PAGE

Site = Callable[..., str]
KEYS = ["source", "url", "title", "published_at", "authors", "language", "completeness", "lead", "text", "error"]


def test_each_input_is_one_line_and_a_failure_stops_no_other(veille: Veille, folder: Path) -> None:
    (folder / "un.html").write_text(PAGE, encoding="utf-8")
    (folder / "un.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (folder / "vide.html").write_bytes(b"")
    got = veille(
        *("read", "--json", "--url", "https://gazette.example/un", "un.html", "nulle-part", "vide.html", "un.html.gz")
    )
    first, missing, empty, packed = got.lines

    assert got.code == 1
    assert [KEYS] * 4 == [list(line) for line in got.lines]
    assert ["un.html", "nulle-part", "vide.html", "un.html.gz"] == [line["source"] for line in got.lines]
    assert ("Kharkiv sous les bombes", "2026-05-16T05:30:00+00:00") == (first["title"], first["published_at"])
    assert (["Anne Martin"], "fr", "full") == (first["authors"], first["language"], first["completeness"])
    assert first["lead"].startswith("Trois immeubles")
    assert first["lead"] not in first["text"]
    assert {**first, "source": "un.html.gz"} == packed
    assert "nulle-part: cannot be read: No such file or directory" == missing["error"]
    assert ("the page is empty", None) == (empty["error"], empty["text"])
    assert "à l’abri" in got.out  # accents are not escaped


def test_an_article_is_shown(veille: Veille, site: Site) -> None:
    got = veille("read", address := site("/un.html", PAGE))

    assert got.code == 0
    assert got.out.startswith("Kharkiv sous les bombes\n2026-05-16 07:30 · Anne Martin · fr · full · ")
    assert f"\n{address}\n\nTrois immeubles" in got.out


def test_a_page_without_facts_is_shown_all_the_same(veille: Veille) -> None:
    page = f"<html><body><article><p>{'Ceci est une phrase. ' * 20}</p></article></body></html>"
    got = veille("read", "-", given=page.encode())

    assert got.out.startswith("(no title)\nundated · no author · ")


def test_what_cannot_be_read_is_told_and_exits_1(veille: Veille, folder: Path) -> None:
    (folder / "vide.html").write_bytes(b"")
    got = veille("read", "vide.html", "nulle-part")

    expected = "veille: vide.html: the page is empty\nveille: nulle-part: cannot be read: No such file or directory\n"
    assert (1, expected) == (got.code, got.err)


def test_an_address_that_settings_refuse_is_told(veille: Veille) -> None:
    (got,) = veille("read", "--json", "HTTP://127.0.0.1:9/x").lines

    assert "not on the public internet" in got["error"]
