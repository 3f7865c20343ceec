from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Reason
from monitor.extract import Extracted, changes_of, revised, to_article
from monitor.model import Article, Completeness, Entry
from rules.text import text_sha256
from tests.monitor.extract.pages import BODY, PARAGRAPHS, STANDFIRST, TITLE

DATE = datetime(2024, 5, 16, 6, 30, tzinfo=UTC)
LINK = "https://gazette.example/vignes?utm_source=rss"
ENTRY = Entry(
    keys=("g:1",), guid="1", link=LINK, title=TITLE, summary=STANDFIRST, published_at=DATE, authors=("Anne Lenoir",)
)
PAGE = Extracted(
    url="https://gazette.example/vignes",
    title="Un autre titre",
    lead=PARAGRAPHS[0],
    body="\n".join(PARAGRAPHS[1:]),
    description="",
    language="fr",
    published_at=DATE + timedelta(hours=1),
    authors=("Luc Petit",),
    completeness=Completeness.FULL,
    wire=None,
    way="precision",
)


def article(entry: Entry = ENTRY, extracted: Extracted | None = PAGE) -> Article:
    return to_article(entry, extracted, outlet="La Gazette")


def test_feed_and_page_make_one_article() -> None:
    told = article()

    assert told == Article(
        url=LINK,
        title=TITLE,
        lead=STANDFIRST,
        body=BODY,
        language="fr",
        published_at=DATE,
        authors=("Anne Lenoir",),
        completeness=Completeness.FULL,
        extractor=told.extractor,
        text_sha256=text_sha256(TITLE, STANDFIRST, BODY),
        outlet="La Gazette",
    )
    assert (told.extractor[:12], told.extractor[-10:]) == ("trafilatura/", " precision")


@pytest.mark.parametrize(
    ("title", "expected"), [("Gel tardif", "fr"), ("The frost has hit the vines of the valley", "en")]
)
def test_where_the_text_says_too_little_the_feed_says_the_language(title: str, expected: str) -> None:
    entry = Entry(keys=("h:1",), guid=None, link=None, title=title, summary="")

    assert to_article(entry, None, outlet="La Gazette", language="fr-FR").language == expected


@pytest.mark.parametrize("end", ["", "…", " [...]", " (…)", "... Lire la suite"])
def test_a_summary_that_the_text_repeats_is_not_said_twice(end: str) -> None:
    told = article(replace(ENTRY, summary=PARAGRAPHS[1][:90] + end))

    assert (told.lead, told.body) == (PARAGRAPHS[0], "\n".join(PARAGRAPHS[1:]))


def test_what_the_feed_lacks_is_the_pages() -> None:
    told = article(Entry(keys=("h:1",), guid=None, link=None, title="", summary=""))

    assert (told.url, told.title, told.lead, told.published_at, told.authors) == (
        PAGE.url,
        PAGE.title,
        PARAGRAPHS[0],
        PAGE.published_at,
        PAGE.authors,
    )


def test_an_aggregators_link_is_told_as_the_address_that_it_led_to() -> None:
    wrapped = replace(ENTRY, link="https://t.co/abc")

    assert (PAGE.url, "https://t.co/abc") == (article(wrapped).url, article(wrapped, None).url)


def test_i7_a_page_that_failed_leaves_title_and_summary() -> None:
    told = to_article(ENTRY, None, outlet="La Gazette", page_reason=Reason.BLOCKED, page_error="un mur", reserved=True)

    assert (told.title, told.lead, told.body) == (TITLE, STANDFIRST, "")
    assert (told.completeness, told.extractor, told.page_reason, told.page_error, told.reserved) == (
        Completeness.SUMMARY,
        "feed",
        Reason.BLOCKED,
        "un mur",
        True,
    )


def test_i7_the_feeds_own_full_text_stands_in_for_the_page() -> None:
    told = article(replace(ENTRY, content=BODY * 2), None)

    assert (told.lead, told.body, told.completeness, told.language) == (STANDFIRST, BODY * 2, Completeness.FULL, "fr")


@pytest.mark.parametrize("content", [BODY[:600], BODY * 2 + "…"])
def test_a_short_or_cut_content_is_a_summary(content: str) -> None:
    assert article(replace(ENTRY, content=content), None).completeness is Completeness.SUMMARY


def test_a_page_that_shows_far_less_than_the_feed_is_not_used() -> None:
    told = article(replace(ENTRY, content=BODY), replace(PAGE, lead="Le gel a pris la vigne.", body=""))

    assert (told.body, told.extractor) == (BODY, "feed")


def test_a_summary_as_long_as_an_article_is_parted() -> None:
    told = article(replace(ENTRY, summary=f"{BODY}\n{PARAGRAPHS[0]}"), None)

    assert (told.lead, told.body) == (PARAGRAPHS[0], "\n".join((*PARAGRAPHS[1:], PARAGRAPHS[0])))


def test_a_summary_as_long_as_an_article_is_no_lead_beside_the_page() -> None:
    assert article(replace(ENTRY, summary="Tout autre chose. " * 100)).lead == PARAGRAPHS[0]


def test_an_agency_that_the_feed_credits_is_the_wire() -> None:
    assert article(replace(ENTRY, summary="SAINT-AUBIN (AFP) - Le gel."), None).wire == "AFP"


def test_the_fingerprint_is_of_title_lead_and_body() -> None:
    prints = {text_sha256(*each) for each in (("a", "b", "c"), ("a", "b", "d"), ("a", "e", "c"), ("f", "b", "c"))}

    assert len(prints) == 4


@given(st.text(max_size=50), st.text(max_size=80), st.text(max_size=200))
def test_nothing_that_the_feed_says_is_lost_without_a_page(title: str, summary: str, content: str) -> None:
    told = to_article(Entry(keys=("h:1",), guid=None, link=None, title=title, summary=summary), None, outlet="x")

    assert (told.title, told.lead) == (title, summary.split("\n", maxsplit=1)[0] if len(summary) > 1200 else summary)


# --- read again -----------------------------------------------------------------------------------------------------

BEFORE = Article(
    url="https://gazette.example/un",
    title="Une frape",
    lead="Le chapô.",
    body="Le corps.",
    language="fr",
    published_at=None,
    authors=(),
    completeness=Completeness.FULL,
    extractor="trafilatura/9.9 html",
    text_sha256="f00d",
    outlet="La Gazette de Lutèce",
)


def read_again(after: Article, before: Article = BEFORE, *, page: bool = True, withheld: bool = False) -> Article:
    return revised(before, after, is_page_read=page, is_withheld=withheld)


def test_i9_an_article_that_says_the_same_is_the_same() -> None:
    assert BEFORE is read_again(replace(BEFORE, body="Le  corps.", extractor="trafilatura/10", text_sha256="beef"))


@pytest.mark.parametrize("change", [{"title": "Une frappe"}, {"lead": "Un chapô."}, {"body": "Un corps."}])
def test_i9_an_article_that_says_something_else_is_what_it_says_now(change: dict[str, str]) -> None:
    after = replace(BEFORE, **change)  # type: ignore[arg-type]  # fields by name

    assert after is read_again(after)
    assert tuple(change) == changes_of(BEFORE, after)


@pytest.mark.parametrize(
    ("worse", "page"),
    [
        (replace(BEFORE, body="", completeness=Completeness.TEASER), True),
        (replace(BEFORE, body="", completeness=Completeness.SUMMARY), False),
        (replace(BEFORE, body="Du flux.", extractor="feed"), False),
    ],
)
def test_i9_what_is_read_less_well_than_before_changes_the_title_alone(worse: Article, page: object) -> None:
    after = read_again(replace(worse, title="Une frappe"), page=bool(page))

    assert ("Une frappe", "Le chapô.", "Le corps.", Completeness.FULL) == (
        after.title,
        after.lead,
        after.body,
        after.completeness,
    )
    assert text_sha256(after.title, after.lead, after.body) == after.text_sha256
    assert BEFORE is read_again(replace(worse, title=""), page=bool(page))


def test_i9_more_of_a_text_that_was_known_in_part_takes_its_place() -> None:
    teaser = replace(BEFORE, completeness=Completeness.TEASER)

    assert BEFORE is read_again(BEFORE, teaser)


def test_i9_what_the_feed_says_takes_the_place_of_what_it_said() -> None:
    of_feed = replace(BEFORE, extractor="feed", completeness=Completeness.SUMMARY)
    after = replace(of_feed, body="Un autre corps.")

    assert after is read_again(after, of_feed, page=False)


def test_i9_a_page_that_is_back_is_noted() -> None:
    gone = replace(BEFORE, page_reason=Reason.GONE, page_error="410")

    assert BEFORE is read_again(BEFORE, gone)


def test_p5_an_article_that_is_reserved_since_it_was_read_is_known_to_be() -> None:
    assert read_again(replace(BEFORE, reserved=True, body=""), page=False).reserved
    kept = replace(BEFORE, lead="", body="", reserved=True)
    after = read_again(replace(BEFORE, title="Une frappe"), kept, page=False, withheld=True)

    assert (True, ("title",)) == (after.reserved, changes_of(kept, after, is_withheld=True))
