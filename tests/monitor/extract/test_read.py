from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ExtractError, Reason
from monitor.extract import Extracted, as_dict, read_page
from monitor.extract.read import split_lead
from monitor.model import Completeness
from tests.monitor.extract.pages import BODY, PARAGRAPHS, STANDFIRST, TITLE, linked_data, page
from tests.monitor.extract.teasers import TEASERS, WHOLE

NOW = datetime(2024, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/vignes"


def read(markup: str | bytes, *, url: str = URL, content_type: str | None = "text/html") -> Extracted:
    body = markup.encode() if isinstance(markup, str) else markup
    return read_page(body, url=url, content_type=content_type, now=NOW)


def test_an_article_is_read_whole() -> None:
    told = read(page(head=linked_data(description=STANDFIRST) + '<link rel="canonical" href="/vignes.html">'))

    assert told == Extracted(
        url="https://gazette.example/vignes.html",
        title=TITLE,
        lead=PARAGRAPHS[0],
        body="\n".join(PARAGRAPHS[1:]),
        description=STANDFIRST,
        language="fr",
        published_at=datetime(2024, 5, 16, 6, 30, tzinfo=UTC),
        authors=("Anne Lenoir",),
        completeness=Completeness.FULL,
        wire=None,
        way="precision",
    )
    assert told.text == BODY


def test_a_page_that_states_nothing_still_has_a_title_and_a_text() -> None:
    told = read(page())

    assert (told.title, told.text, told.published_at, told.authors, told.language) == (TITLE, BODY, None, (), "fr")


def test_a_standfirst_that_the_text_lacks_is_the_lead() -> None:
    head = f'<meta name="description" content="{STANDFIRST}">'
    aside = f'<div class="share">{STANDFIRST}</div>'
    told = read(page(head=head).replace("</main>", f"</main><footer>{aside}</footer>"))

    assert (told.lead, told.body) == (STANDFIRST, BODY)


@pytest.mark.parametrize(
    "name", ["chapo", "article-chapo-12 chapo", "article__desc", "Article-standfirst", "post-intro"]
)
def test_a_standfirst_that_is_marked_as_one_is_the_lead_though_its_summary_is_cut(name: str) -> None:
    head = f'<meta name="description" content="{STANDFIRST[:60]} (...)">'
    told = read(page(head=head, around=f'<div class="{name}"><p>{STANDFIRST}</p></div>'))

    assert (told.lead, told.text) == (STANDFIRST, f"{STANDFIRST}\n{BODY}")


def test_the_standfirst_of_another_article_is_no_lead() -> None:
    other = '<div class="chapo">La foire ouvre samedi à dix heures sur la place du marché.</div>'

    assert read(page().replace("<aside>", f"<aside>{other}")).lead == PARAGRAPHS[0]


def test_a_description_that_readers_do_not_see_is_no_lead() -> None:
    assert read(page(head=f'<meta name="description" content="{STANDFIRST}">')).lead == PARAGRAPHS[0]


@pytest.mark.parametrize(
    ("head", "title", "expected"),
    [
        ('<meta property="og:title" content="Le gel frappe les vignes du Vexin | La Gazette">', "x", TITLE),
        (linked_data(headline="LE GEL FRAPPE LES VIGNES DU VEXIN"), "x", TITLE),
        ('<meta property="og:title" content="La vigne gelée">', "x", "La vigne gelée"),
        (linked_data(headline="La vigne gelée"), "x", "La vigne gelée"),
        ("", "La vigne gelée - gazette.example", TITLE),
        ("", "", TITLE),
    ],
)
def test_the_title_is_the_one_that_the_page_agrees_on(head: str, title: str, expected: str) -> None:
    assert expected == read(page(head=head, title=title)).title


def test_a_section_is_no_part_of_the_title() -> None:
    head = '<meta property="article:section" content="Vignobles">'
    told = read(page(head=head, title="La vigne gelée | Vignobles | gazette.example").replace(f"<h1>{TITLE}</h1>", ""))

    assert told.title == "La vigne gelée"


def test_of_several_headings_none_is_preferred_to_the_tab() -> None:
    markup = page(title="La vigne gelée").replace("<aside>", "<aside><h1>Les plus lus de la semaine</h1>")

    assert read(markup).title == "La vigne gelée"


@pytest.mark.parametrize("kind", ["EN DIRECT. ", "VIDÉO. ", "Guerre en Ukraine : "])
def test_what_the_publisher_puts_before_a_title_stays(kind: str) -> None:
    assert read(page().replace(TITLE, f"{kind}{TITLE}")).title == f"{kind}{TITLE}"


def test_an_outlet_is_no_author_and_the_card_of_one_is_read() -> None:
    head = '<meta name="author" content="La Gazette"><meta property="og:site_name" content="La Gazette">'
    card = '<p><span class="vcard author"><a class="url fn">Anne Lenoir</a></span></p>'

    assert read(page(head=head)).authors == ()
    assert read(page(around=card)).authors == ("Anne Lenoir",)


def test_a_canonical_address_of_another_host_is_not_believed() -> None:
    assert read(page(head='<link rel="canonical" href="https://autre.example/x">')).url == URL


def test_without_an_address_there_is_none() -> None:
    assert read(page(), url="").url is None


def test_a_page_that_is_not_free_is_a_teaser() -> None:
    short = "".join(f"<p>{each}</p>" for each in PARAGRAPHS[:2])

    assert read(page(head=linked_data(isAccessibleForFree=False), body=short)).completeness is Completeness.TEASER


@pytest.mark.parametrize("name", TEASERS)
def test_i7_a_teaser_is_marked(name: str) -> None:
    told = read(TEASERS[name])

    assert told.completeness is Completeness.TEASER
    assert "abonn" not in told.text.casefold()


@pytest.mark.parametrize("name", WHOLE)
def test_i7_a_whole_article_is_no_teaser(name: str) -> None:
    assert read(WHOLE[name]).completeness is Completeness.FULL


def test_an_agency_in_the_byline_is_the_wire() -> None:
    told = read(page(head=linked_data(author=[{"name": "La Gazette avec AFP"}])))

    assert (told.wire, told.authors) == ("AFP", ("La Gazette",))


@pytest.mark.parametrize(
    "signed",
    [
        '<meta name="author" content="AFP">',
        '<meta property="og:article:author" content="La Gazette avec AFP">',
        '<p><span itemprop="Publisher">La Gazette avec AFP</span></p>',
        '<p>Par <a rel="author" href="/afp">AFP</a></p>',
        "<p>La Gazette avec AFP</p>",
    ],
)
def test_an_agency_is_read_wherever_a_page_says_who_signs(signed: str) -> None:
    is_head = signed.startswith("<meta")

    assert read(page(head=signed if is_head else "", around="" if is_head else signed)).wire == "AFP"


def test_an_agency_that_took_the_picture_is_not_the_wire() -> None:
    figure = '<figure><img src="/v.jpg" alt=""><figcaption>La vigne. Luc Petit / AFP</figcaption></figure>'

    assert read(page(head=linked_data(), around=figure)).wire is None


def test_first_lines_that_repeat_title_or_author_are_left_out() -> None:
    body = "<p>Anne Lenoir</p>" + "".join(f"<p>{each}</p>" for each in PARAGRAPHS)

    assert read(page(head=linked_data(), body=body)).lead == PARAGRAPHS[0]


def test_i5_a_page_in_windows_1252_is_read() -> None:
    body = page().replace('<meta charset="utf-8">', '<meta charset="iso-8859-1">').encode("cp1252")

    assert read(body).text == BODY


def test_i5_a_page_in_windows_1252_that_does_not_say_so_is_read() -> None:
    body = page().replace('<meta charset="utf-8">', "").encode("cp1252")

    assert read(body).text == BODY


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
def test_i4_a_page_that_was_encoded_twice_is_put_right(charset: str) -> None:
    told = read(page(head=linked_data()).encode().decode(charset).encode())

    assert (told.title, told.text, told.garbled) == (TITLE, BODY, 0)


def test_i4_what_cannot_be_put_right_is_counted() -> None:
    body = page().encode().replace(b"raconte", b"racont\xe9")

    assert read(body).garbled > 0


def test_i10_an_hour_without_a_zone_on_a_french_site_is_that_of_paris() -> None:
    told = read(page(head=linked_data(datePublished="2024-05-16T08:30:00")), url="https://gazette.fr/vignes")

    assert told.published_at == datetime(2024, 5, 16, 6, 30, tzinfo=UTC)


def test_i10_a_page_with_numbered_links_has_no_date() -> None:
    links = "".join(f"<a href='/page/{number}'>{number}</a> " for number in range(1, 40))

    assert read(page(around=f"<nav>{links}</nav><p>Depuis 1995</p>")).published_at is None


def test_a_page_in_utf_16_is_read() -> None:
    assert read(page().encode("utf-16")).text == BODY


def test_a_nul_does_not_end_the_text() -> None:
    assert read(page().replace("bougies", "bou\x00gies")).text == BODY


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/html", Reason.EMPTY),
        (b" \n\0", "text/html", Reason.EMPTY),
        (b"%PDF-1.7 ...", "text/html", Reason.NOT_HTML),
        (b"%PDF-1.7 ...", "application/pdf", Reason.NOT_HTML),
        (b"<html></html>", "image/png", Reason.NOT_HTML),
        (b'{"a": "<b>"}', "text/html", Reason.NOT_HTML),
        (b"pas de balise", None, Reason.NOT_HTML),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- fil --><rss version='2.0'>", "text/xml", Reason.NOT_HTML),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>", None, Reason.NOT_HTML),
        (bytes(range(256)) * 20 + b"<p>", None, Reason.NOT_HTML),
        (b"<html><body></body></html>", None, Reason.EMPTY),
        (b"<script>x", None, Reason.EMPTY),
        (b"<html><body><p>Gel.</p></body></html>", "text/html; charset=utf-8", Reason.EMPTY),
    ],
)
def test_what_is_no_article_is_named(body: bytes, content_type: str | None, reason: Reason) -> None:
    with pytest.raises(ExtractError) as caught:
        read(body, content_type=content_type)

    assert reason == caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "Enable JavaScript and cookies to continue",
        "Nos partenaires et nous utilisons des cookies. Continuer sans accepter.",
    ],
)
def test_i7_a_wall_is_not_taken_for_the_article(text: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read(f"<html><head><title>gazette.example</title></head><body><div>{text}</div></body></html>")

    assert caught.value.reason is Reason.BLOCKED


def test_an_endless_first_paragraph_is_parted_after_a_sentence() -> None:
    glued = " ".join(PARAGRAPHS * 3)
    lead, rest = split_lead(glued)

    assert (lead, f"{lead} {rest}") == (PARAGRAPHS[0], glued)


def test_a_page_is_printed_with_its_date_in_utc_and_nulls() -> None:
    told = as_dict(read(page(head=linked_data())))

    assert told == {
        "url": URL,
        "title": TITLE,
        "published_at": "2024-05-16T06:30:00+00:00",
        "authors": ["Anne Lenoir"],
        "language": "fr",
        "completeness": "full",
        "lead": PARAGRAPHS[0],
        "text": "\n".join(PARAGRAPHS[1:]),
    }


@given(st.binary(max_size=100), st.integers(0, 40))
def test_no_bytes_raise_anything_else_than_a_named_error(noise: bytes, at: int) -> None:
    body = page(head=linked_data()).encode()
    try:
        told = read(body[: at * 80] + noise + body[at * 80 :], content_type=None)
    except ExtractError:
        return

    assert told.text
