from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from monitor.errors import ExtractError, Reason
from monitor.extract import Extracted, read_page
from monitor.extract.walls import drop_consent, wall_of
from tests.monitor.extract.pages import BODY, PARAGRAPHS, page
from tests.monitor.extract.walls import ABSENT, ARTICLES, BANNER, BLOCKED, CONSENT

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def read(markup: str) -> Extracted:
    return read_page(markup.encode(), url="https://gazette.example/vignes", now=NOW)


@pytest.mark.parametrize("name", [*CONSENT, *BLOCKED])
def test_i7_a_wall_is_never_taken_for_the_article(name: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read((CONSENT | BLOCKED)[name])

    assert caught.value.reason is Reason.BLOCKED


@pytest.mark.parametrize("name", ABSENT)
def test_i7_a_page_that_says_there_is_none_is_no_article_whatever_its_status(name: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read(ABSENT[name])

    assert caught.value.reason is Reason.EMPTY


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_that_mentions_walls_or_stands_behind_a_banner_is_read(name: str) -> None:
    told = read(ARTICLES[name])

    assert "intérêt" not in told.text  # the banner's
    assert len(told.text) > 200


def test_a_banner_is_no_part_of_the_text() -> None:
    assert read(page(around=BANNER)).text == BODY


def test_a_page_that_is_nothing_but_a_banner_is_a_wall() -> None:
    with pytest.raises(ExtractError) as caught:
        read(f"<html><head><title>La Gazette</title></head><body>{BANNER}<div>La Gazette</div></body></html>")

    assert caught.value.reason is Reason.BLOCKED


def test_a_box_named_after_cookies_that_holds_the_article_stays() -> None:
    tree = lxml_html.fromstring(f'<body><div class="cookie-checked"><p>{PARAGRAPHS[0]}</p></div></body>')

    assert drop_consent(tree) is False
    assert PARAGRAPHS[0] in tree.text_content()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please enable JS and disable any ad blocker", "a robot check"),
        ("Vérification de sécurité en cours", "a robot check"),
        ("Confirmez que vous n’êtes pas un robot", "a robot check"),
        ("Avec votre accord, nos partenaires et nous utilisons des cookies. Continuer sans accepter", "a consent wall"),
        ("Le gel a pris la vigne.", None),
        (f"{BODY} Le captcha agace les internautes.", None),
        ("", None),
    ],
)
def test_a_wall_has_a_name(text: str, expected: str | None) -> None:
    wall = wall_of(title="", text=text)

    assert expected == (wall.name if wall else None)


def test_r3_boxes_in_boxes_take_linear_time() -> None:
    boxes = '<div class="cookie">' * 200
    tree = lxml_html.fromstring(f"<body>{boxes}{'<p>Nos partenaires et nous.</p>' * 20_000}{'</div>' * 200}</body>")

    assert drop_consent(tree) is False


def test_a_long_text_is_no_wall() -> None:
    assert wall_of(title="", text="Nos partenaires et nous utilisons des cookies. " * 200) is None
