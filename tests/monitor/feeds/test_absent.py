"""Entries that left a document though those around them stayed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.feeds import left_out, names
from monitor.feeds.traces import packed, source_of, trace_of
from monitor.model import Entry


def document(listed: str, **changes: object) -> bytes:
    """Return the traces of a document that lists these, each by one letter."""
    return packed((source_of(name), trace_of(replace(_entry(name), **changes))) for name in listed)  # type: ignore[arg-type]  # fields by name


def _entry(name: str) -> Entry:
    return Entry((), f"guid-{name}", f"https://gazette.example/{name}", f"Titre {name}", "")


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("abcd", "abcd", ""),
        ("abcd", "zabc", ""),  # it slid off the end
        ("abcd", "zyab", ""),
        ("abcd", "zacd", "b"),
        ("abcd", "bcd", "a"),
        ("abcd", "zad", "bc"),
        ("abcd", "dcba", ""),
        ("abcd", "zyxw", ""),  # nothing of it stayed: nothing is known
        ("abcd", "", ""),
        ("", "abcd", ""),
    ],
)
def test_an_entry_that_left_before_one_that_stood_after_it_was_left_out(before: str, after: str, gone: str) -> None:
    found = left_out(document(before), document(after))

    assert set(gone) == {name for name in before if names(f"guid-{name}", f"https://gazette.example/{name}") & found}


def test_an_entry_that_changed_its_guid_or_its_address_is_there() -> None:
    assert not left_out(document("abc"), document("abc", guid="autre"))
    assert not left_out(document("abc"), document("abc", link="https://gazette.example/autre"))


def test_what_has_neither_guid_nor_link_has_no_name() -> None:
    assert not names(None, None)
    assert not left_out(document("abc", guid=None, link=None), document("c"))
