from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html

from monitor.extract.head import Head, instant_of, people, read_head, without_site
from tests.monitor.extract.pages import TITLE, page

NOW = datetime(2024, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/monde/vignes"


def read(markup: str, *, url: str = URL) -> Head:
    return read_head(html.document_fromstring(markup), url=url)


def date(markup: str, *, url: str = URL) -> str | None:
    instant = instant_of(read(markup, url=url).dates, now=NOW)
    return instant.isoformat() if instant else None


@pytest.mark.parametrize(
    ("head", "around", "expected"),
    [
        (
            '<meta property="article:published_time" content="2024-05-16T08:30:00+02:00">',
            "",
            "2024-05-16T06:30:00+00:00",
        ),
        ('<meta itemprop="datePublished" content="2024-05-16T08:30:00Z">', "", "2024-05-16T08:30:00+00:00"),
        ("", '<span itemprop="datePublished">16/05/2024</span>', "2024-05-16T00:00:00+00:00"),
        ("", '<time datetime="2024-05-16T08:30:00+02:00">16 mai 2024</time>', "2024-05-16T06:30:00+00:00"),
        ("", '<time datetime="2024-05-16T08:30:00+02:00">il y a 3 heures</time>', "2024-05-16T06:30:00+00:00"),
        ("", '<time datetime="2024-05-30T08:30:00Z">Publié le 16 mai 2024</time>', "2024-05-16T00:00:00+00:00"),
        ("", "<time>16 mai 2024</time>", "2024-05-16T00:00:00+00:00"),
        ("", "<p>Publié le jeudi 16 mai 2024 à 08h30</p>", "2024-05-16T08:30:00+00:00"),
        ("", "<p>Par <b>Anne Lenoir</b> | 16/05/2024</p>", "2024-05-16T00:00:00+00:00"),
        ("", '<abbr class="published" title="2024-05-16T08:30:00Z">jeudi</abbr>', "2024-05-16T08:30:00+00:00"),
        ("", "<p>Dans la nuit du 16 mai 2024, le gel a tout pris.</p>", None),
        ("", "<p><strong>Le 16 mai 2024</strong>, le gel a tout pris.</p>", None),
        ("", "", None),
    ],
)
def test_a_date_is_what_the_page_states_as_its_own(head: str, around: str, expected: str | None) -> None:
    assert expected == date(page(head=head, around=around))


def test_a_day_in_the_address_is_a_date() -> None:
    assert date(page(), url="https://gazette.example/2024/05/16/vignes") == "2024-05-16T00:00:00+00:00"


def test_a_day_at_the_end_of_the_tab_is_a_date() -> None:
    assert date(page(title=f"{TITLE} | La Gazette | 16.05.2024")) == "2024-05-16T00:00:00+00:00"


def test_a_date_of_another_article_is_not_taken() -> None:
    related = "<div><h3>La foire</h3><p>16 mai 2024</p></div>" + "<p>mot</p>" * 100

    assert date(f"<html><body>{related}<h1>{TITLE}</h1></body></html>") is None


def test_without_a_heading_only_the_marked_dates_count() -> None:
    assert date("<html><title>Gel</title><body><p>16 mai 2024</p></body></html>") is None


@pytest.mark.parametrize(
    ("head", "around", "expected"),
    [
        ('<meta name="author" content="Anne Lenoir">', "<p>Par <a>Luc Petit</a></p>", ("Anne Lenoir",)),
        (
            '<meta name="article:author" content="https://gazette.example/lenoir">',
            "<p>Par <a>Luc Petit</a></p>",
            ("Luc Petit",),
        ),
        ("", "<p>Par Anne Lenoir</p>", ("Anne Lenoir",)),
        ("", "<p>Auteur :</p><p>Anne Lenoir</p>", ("Anne Lenoir",)),
        ("", "<p>Par</p>", ()),
        ("", "<p>Par ailleurs.</p>", ()),
        ("", '<a rel="author">Anne Lenoir</a>', ("Anne Lenoir",)),
        ("", "", ()),
    ],
)
def test_authors_are_those_that_the_page_names(head: str, around: str, expected: tuple[str, ...]) -> None:
    assert expected == people(read(page(head=head, around=around)).authors)


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("Par Anne Lenoir et Luc Petit", ("Anne Lenoir", "Luc Petit")),
        ("Anne Lenoir (avec Luc Petit)", ("Anne Lenoir", "Luc Petit")),
        ("Anne Lenoir, avec AFP", ("Anne Lenoir",)),
        ("Propos recueillis par Anne Lenoir", ("Anne Lenoir",)),
        ("https://gazette.example/auteurs/7", ()),
        ("anne@gazette.example", ()),
        ("La rédaction", ()),
        ("", ()),
    ],
)
def test_a_byline_becomes_names(byline: str, expected: tuple[str, ...]) -> None:
    assert expected == people([byline])


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Gel tardif - La Gazette", "Gel tardif"),
        ("Gel tardif | la gazette", "Gel tardif"),
        ("Gel tardif | Monde | La Gazette", "Gel tardif | Monde"),
        ("Gel tardif - La Gazette - gazette.example", "Gel tardif"),
        ("Gel tardif | La Gazette | 16.05.2024", "Gel tardif"),
        ("La Gazette - Gel tardif", "Gel tardif"),
        ("Gel : la vigne souffre - enquête", "Gel : la vigne souffre - enquête"),
        ("La Gazette", "La Gazette"),
    ],
)
def test_a_title_loses_the_sites_name(title: str, expected: str) -> None:
    assert expected == without_site(title, "La Gazette", "gazette.example", "")


def test_a_page_states_its_language_site_summary_and_address() -> None:
    head = (
        '<meta property="og:site_name" content="La Gazette"><meta name="description" content="Une nuit.">'
        '<link rel="canonical" href="/monde/vignes.html"><meta property="og:title" content="Gel &amp;amp; vigne">'
    )
    told = read(page(head=head))

    assert (told.site, told.description, told.canonical, told.title, told.language) == (
        "La Gazette",
        "Une nuit.",
        "https://gazette.example/monde/vignes.html",
        "Gel & vigne",
        "fr",
    )


def test_the_locale_stands_in_for_the_language() -> None:
    assert read('<html><meta property="og:locale" content="fr_FR"><body></body></html>').language == "fr_FR"
