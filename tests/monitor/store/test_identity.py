from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.model import Entry
from monitor.store.identity import Fresh, Seen, Sorted, keys_of, sort_entries
from tests.monitor.store.samples import entry


def _seen(old: Entry, id_: int = 1) -> Seen:
    main_key, link_key = keys_of(old)
    return Seen(id_, main_key, link_key, old.link, old.title, old.summary)


def _fresh(new: Entry) -> Fresh:
    return Fresh(new, *keys_of(new))


def test_i1_a_guid_seen_before_is_no_new_entry() -> None:
    old = entry("un")

    assert Sorted((), (), 1, 1) == sort_entries([old], [_seen(old)])


def test_i1_a_guid_with_another_link_and_another_title_is_a_new_entry() -> None:
    new = entry("deux", guid="un")

    assert Sorted((_fresh(new),), (), 0, 0) == sort_entries([new], [_seen(entry("un"))])


def test_i1_a_guid_with_another_title_is_the_same_entry_changed() -> None:
    new = replace(entry("un"), title="Titre corrigé")

    assert Sorted((), ((1, new),), 1, 1) == sort_entries([new], [_seen(entry("un"))])


def test_i1_a_guid_with_another_link_is_the_same_entry() -> None:
    new = entry("un", link="https://gazette.example/un?autre")

    assert Sorted((), (), 1, 1) == sort_entries([new], [_seen(entry("un"))])


def test_i1_a_guid_that_changes_at_each_fetch_is_no_new_entry() -> None:
    new = entry("un", guid="2026-05-16T05:00")

    assert Sorted((), (), 1, 1) == sort_entries([new], [_seen(entry("un"))])


def test_i1_an_entry_with_neither_guid_nor_link_is_known_by_its_hash() -> None:
    old = entry("un", guid="", link=None)

    assert Sorted((), (), 1, 1) == sort_entries([old], [_seen(old)])


def test_a_guid_used_again_means_its_last_holder() -> None:
    second = entry("deux", guid="un")
    seen = [_seen(entry("un"), 1), _seen(second, 2)]
    retitled = replace(second, title="Titre corrigé")

    assert Sorted((), ((2, retitled), (1, replace(entry("un"), title="Aussi"))), 2, 2) == sort_entries(
        [retitled, replace(entry("un"), title="Aussi")], seen
    )


def test_an_entry_listed_twice_in_one_document_is_taken_once() -> None:
    new = entry("un")

    assert Sorted((_fresh(new),), (), 1, 0) == sort_entries([new, replace(new, title="Bis")], [])


_NAMES = st.sampled_from(["a", "b", "c"])
_ENTRIES = st.lists(st.builds(lambda name, guid, link: entry(name, guid=guid, link=f"l{link}"), _NAMES, _NAMES, _NAMES))


@settings(deadline=None)
@given(_ENTRIES)
@example([entry("b", guid="c", link="la"), entry("b", guid="c", link="lb"), entry("a", guid="c", link="lc")])
def test_i1_what_was_taken_is_never_new_again(entries: list[Entry]) -> None:
    taken = sort_entries(entries, []).fresh
    seen = [_seen(fresh.entry, id_) for id_, fresh in enumerate(taken)]

    assert () == sort_entries(entries, seen).fresh
