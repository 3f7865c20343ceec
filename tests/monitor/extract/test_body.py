from __future__ import annotations

import pytest
from lxml import html

from monitor.extract.body import read_body, without_boilerplate
from tests.monitor.extract.pages import BODY, PARAGRAPHS, TITLE, page


@pytest.mark.parametrize(
    "line",
    [
        "Lire aussi : La foire ouvre samedi",
        "À lire également",
        "- Lire aussi La foire ouvre samedi",
        "Article réservé à nos abonnés La foire",
        "Il vous reste 75% de cet article à lire.",
        "Inscrivez-vous à notre lettre",
        "Publicité",
        "Partager cet article",
        "Publié le 16 mai 2024",
    ],
)
def test_boilerplate_is_dropped(line: str) -> None:
    assert without_boilerplate(f"Gel tardif.\n{line}\nFin.") == "Gel tardif.\nFin."


@pytest.mark.parametrize("line", ["Lire est un plaisir." * 20, "Le partage des eaux.", "La publicité recule."])
def test_sentences_stay(line: str) -> None:
    assert line == without_boilerplate(line)


def test_the_article_is_found_in_the_page() -> None:
    told = read_body(html.document_fromstring(page()), stated="")

    assert (told.text, told.way) == (f"{TITLE}\n{BODY}", "precision")


def test_a_long_stated_body_is_taken_as_it_is() -> None:
    told = read_body(html.document_fromstring(page(body="")), stated=BODY * 2)

    assert (told.text, told.way) == (BODY * 2, "json-ld")


def test_a_stated_body_that_is_a_teaser_is_not_taken() -> None:
    assert read_body(html.document_fromstring(page()), stated=PARAGRAPHS[0]).way == "precision"


def test_a_stated_body_longer_than_the_shown_one_is_taken() -> None:
    told = read_body(html.document_fromstring(page(body=f"<p>{PARAGRAPHS[0]}</p>")), stated="\n".join(PARAGRAPHS[:3]))

    assert told.way == "json-ld"


def test_a_stated_body_whose_paragraphs_are_glued_is_not_taken() -> None:
    glued = "".join(PARAGRAPHS) * 2 + "Fin de sectionLe gel." * 10

    assert read_body(html.document_fromstring(page(body=f"<p>{BODY}</p>" * 4)), stated=glued).way == "precision"


def test_a_short_text_is_tried_twice() -> None:
    told = read_body(html.document_fromstring(page(body="<p>Le gel a pris la vigne.</p>")), stated="")

    assert "Le gel a pris la vigne." in told.text


def test_r3_giant_tables_and_lists_of_links_are_left_out() -> None:
    crowd = "<table>" + "<tr><td>case</td></tr>" * 400 + "</table>" + "<a href=x>lien</a> " * 3100
    told = read_body(html.document_fromstring(page(around=crowd)), stated="")

    assert (PARAGRAPHS[3] in told.text, "case" in told.text) == (True, False)


@pytest.mark.parametrize("around", ["{}", "<table><tr><td>{}</td></tr></table>"])
def test_an_article_laid_out_in_a_table_keeps_its_paragraphs(around: str) -> None:
    cell = f"<h1>{TITLE}</h1>{'<br><br>'.join(PARAGRAPHS)}"
    table = around.format(
        f"<table><tr><td>Accueil</td></tr><tr><td>{cell}</td><td><a href='/autre'>Autre titre</a></td></tr></table>"
    )

    told = read_body(html.document_fromstring(f"<body>{table}</body>"), stated="")

    assert told.text == f"{TITLE}\n{BODY}"


def test_a_table_of_figures_stays_a_table() -> None:
    rows = "".join(f"<tr><td>{town}</td><td>12<br>13</td></tr>" for town in ("Lutèce", "Gisors"))

    told = read_body(html.document_fromstring(page(body=f"<p>{BODY}</p><table>{rows}</table>")), stated="")

    assert "Lutèce | 12" in told.text
