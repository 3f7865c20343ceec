from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import PAGE, RULE, TEXT

Site = Callable[..., str]


@pytest.fixture(autouse=True)
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bombes.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "bombes.yaml")


@pytest.mark.parametrize("body", [TEXT.encode(), TEXT.encode("latin-1"), gzip.compress(TEXT.encode(), mtime=0)])
def test_a_text_file_is_explained(veille: Veille, folder: Path, body: bytes) -> None:
    (folder / "t.txt").write_bytes(body)
    got = veille("explain", "t.txt")

    assert got.code == 0
    assert got.out.startswith("Kharkiv visée\nentités : Kharkiv\n\n✔ bombes ")
    assert "    « Des drones sur la ville. »" in got.out


def test_standard_input_is_explained_as_json(veille: Veille) -> None:
    (got,) = veille("explain", "-", "--json", "--rule", "bombes", given=TEXT.encode()).lines
    (told,) = got["rules"]

    assert ("-", ["Kharkiv"]) == (got["source"], got["entities"])
    assert (True, "bombes") == (told["match"], told["rule"])


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", "✘ bombes non : "), ("en", "✘ bombes no: ")], ids=["fr", "en"]
)
def test_why_not_is_told_in_the_readers_language(
    veille: Veille, monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", language)

    assert expected in veille("explain", "-", given=b"La Chine, encre de Chine\n").out


def test_a_near_miss_stands_out_and_masks_are_told(veille: Veille) -> None:
    out = veille("explain", "-", given="Rien\n\nRien.\n\nDrone à Kharkiv, à l'encre de Chine.".encode()).out

    assert "~ bombes " in out
    assert "entités : Kharkiv ; ignoré : « encre de Chine »" in out


def test_a_page_is_read_before_it_is_explained(veille: Veille, site: Site) -> None:
    got = veille("explain", site("/un.html", PAGE))

    assert got.out.startswith("Kharkiv sous les bombes\n")


def test_a_page_in_a_file_is_read_too(veille: Veille, folder: Path) -> None:
    (folder / "un.html").write_text(PAGE, encoding="utf-8")
    (got,) = veille("explain", "un.html", "--json").lines

    assert ["Kharkiv", "Russie", "Saltivka", "Ukraine"] == sorted(got["entities"])


def test_an_unknown_rule_exits_5_and_names_the_nearest(veille: Veille) -> None:
    got = veille("explain", "-", "--rule", "bombe", given=TEXT.encode())

    assert (5, "veille: no rule 'bombe'; did you mean bombes?\n") == (got.code, got.err)


def test_a_rule_like_no_other_is_only_refused(veille: Veille) -> None:
    assert veille("explain", "-", "--rule", "xyz").err == "veille: no rule 'xyz'\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"  \n", "veille: f: is empty\n"),
        (
            b"\x7fELF\x01\x00\x00\xff\x00",
            "veille: f: neither a text nor a page; give a text file, an HTML file or an address\n",
        ),
        (b"x" * 10_000_001, "veille: f: larger than 10 MB, more than any page or feed\n"),
        (gzip.compress(b"x" * 10_000_001), "veille: f: larger than 10 MB, more than any page or feed\n"),
        (gzip.compress(TEXT.encode())[:-9], "veille: f: damaged gzip, or cut short\n"),
    ],
    ids=["empty", "binary", "large", "bomb", "cut"],
)
def test_what_cannot_be_read_is_told(veille: Veille, folder: Path, body: bytes, expected: str) -> None:
    (folder / "f").write_bytes(body)
    got = veille("explain", "f")

    assert (1, expected) == (got.code, got.err)


@pytest.mark.parametrize(("name", "why"), [("nulle-part", "No such file or directory"), (".", "Is a directory")])
def test_what_is_no_file_is_told(veille: Veille, name: str, why: str) -> None:
    got = veille("explain", name)

    assert (1, f"veille: {name}: cannot be read: {why}\n") == (got.code, got.err)


def test_an_address_that_fails_is_told(veille: Veille, site: Site) -> None:
    got = veille("explain", site("/nulle-part", None))

    assert got.code == 1
    assert "404" in got.err


def test_a_text_cannot_steer_the_terminal(veille: Veille) -> None:
    assert "\x1b" not in veille("explain", "-", given=b"Kharkiv \x1b[2J\n").out
