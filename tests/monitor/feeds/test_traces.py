"""Only what is new in a document is parsed, and it is known as if all had been."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds import parse_feed
from monitor.feeds.document import entries_at
from monitor.feeds.traces import MOST_TRACES, TRACE_BYTES, trace_of
from monitor.model import Entry, ParsedFeed
from tests.monitor.feeds.test_read import ATOM, NOW, RSS, URL, item, rss


def read(document: str, *, after: ParsedFeed | None = None) -> ParsedFeed:
    return parse_feed(document.encode(), url=URL, now=NOW, traces=after.traces if after else b"")


@pytest.mark.parametrize("document", [RSS, ATOM])
def test_of_the_same_document_nothing_is_parsed_again(document: str) -> None:
    first = read(document)
    again = read(document.replace("</title>", " (édition du soir)</title>", 1), after=first)

    assert ((), len(first.entries)) == (again.entries, again.held)
    assert first.traces == again.traces
    assert first.link == again.link


def test_a_new_entry_is_parsed_as_if_all_were() -> None:
    first, document = read(rss(item(1) + item(2))), rss(item(3) + item(1) + item(2))
    second = read(document, after=first)

    assert read(document).entries[:1] == second.entries
    assert (2, read(document).traces) == (second.held, second.traces)


def test_an_entry_whose_words_changed_is_parsed() -> None:
    first = read(rss(item(1) + item(2)))
    second = read(rss(item(1) + item(2).replace("<title>", "<title>Rectifié : ")), after=first)

    assert [True] == [entry.title.startswith("Rectifié") for entry in second.entries]
    assert [first.entries[1].keys] == [entry.keys for entry in second.entries]


@pytest.mark.parametrize("before", ["<!-- <b> -->", ""])
@pytest.mark.parametrize("attribute", ['x="a>b" ', ""])
def test_the_same_words_under_another_base_are_parsed_anew(before: str, attribute: str) -> None:
    document = rss(item(1)).replace("https://gazette.example/1", "1").replace("<rss", f"{before}<rss {attribute}", 1)
    first = read(document)
    second = read(document.replace("<rss", '<rss xml:base="https://autre.example/"', 1), after=first)

    assert (0, 1) == (second.held, len(second.entries))


def _item(guid: str, link: str, title: str, words: str) -> str:
    named = f"<guid>{guid}</guid>" if guid else ""
    linked = f"<link>https://gazette.example/{link}</link>" if link else ""
    dated = "<pubDate>Thu, 16 May 2024 08:30:00 GMT</pubDate>"
    return f"<item>{named}{linked}<title>{title}</title><description>{words}</description>{dated}</item>"


_ITEMS = st.lists(
    st.builds(_item, *(st.sampled_from(values) for values in (("", "g", "h"), ("", "a", "b"), "ST", "vw"))), max_size=6
)


def _names(entries: Iterable[Entry]) -> set[bytes]:
    return {trace_of(entry).name for entry in entries}


@given(_ITEMS, _ITEMS)
def test_i1_what_is_new_has_the_keys_that_the_whole_document_gives_it(before: list[str], after: list[str]) -> None:
    document = rss("".join(after))
    whole, second = read(document).entries, read(document, after=read(rss("".join(before)))).entries
    held = _names(entry for one in set(before) & set(after) for entry in read(rss(one)).entries)

    assert set(second) <= set(whole)
    assert _names(set(whole) - set(second)) <= held


def test_entries_beyond_a_number_are_not_remembered() -> None:
    document = rss("".join(map(item, range(MOST_TRACES + 5))))
    first = read(document)

    assert MOST_TRACES * TRACE_BYTES == len(first.traces)
    assert 5 == len(read(document, after=first).entries)


@pytest.mark.parametrize(
    "document",
    [
        rss(item(1)).removesuffix("</channel></rss>"),
        rss("<item><title>A</title><item><title>B</title></item></item>"),
        rss("<item/>" + item(1)),
        rss(item(1) + "</item>"),
        rss(item(1) + "<!-- "),
    ],
    ids=["cut short", "nested", "closes itself", "closed twice", "open comment"],
)
def test_a_document_in_which_entries_cannot_be_told_for_sure_is_not_remembered(document: str) -> None:
    assert b"" == read(document).traces


def test_elements_of_another_kind_that_are_called_entries_are_not_remembered() -> None:
    other = "<autre:entry xmlns:autre='urn:x'>x</autre:entry></channel>"

    assert b"" == read(rss(item(1)).replace("</channel>", other)).traces


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<rss><item>1</item ><ITEM a='b'>2</ITEM></rss>", ["<item>1</item >", "<ITEM a='b'>2</ITEM>"]),
        ("<feed><a:entry>1</a:entry></feed>", ["<a:entry>1</a:entry>"]),
        ("<rss><!-- <item> --><item><![CDATA[</item>]]></item></rss>", ["<item><![CDATA[</item>]]></item>"]),
        ("<rss><items>1</items></rss>", []),
        ("<rss><item", []),
    ],
)
def test_entries_are_found_without_parsing(document: str, expected: list[str]) -> None:
    assert expected == [document[start:end] for start, end in entries_at(document)]
