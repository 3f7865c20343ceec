from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import NotFoundError
from monitor.store import Store
from tests.monitor.store.samples import NOW, SILENCE, after, alert, counts, match, one_entry, record


def test_a_silence_is_kept_once_and_in_force_until_it_ends(store: Store) -> None:
    assert [True, False] == [store.add_silence(SILENCE), store.add_silence(replace(SILENCE, author="Autre"))]
    assert (SILENCE,) == store.silences() == store.active_silences(now=NOW)
    assert () == store.active_silences(now=after(60))

    ended = store.end_silence("7k2q4m9t", now=after(1))

    assert replace(SILENCE, ended_at=after(1)) == ended == store.end_silence("si_7K2Q4M9T", now=after(2))
    assert () == store.active_silences(now=after(1))


def test_a_silence_counts_what_it_held_back(store: Store) -> None:
    store.add_silence(SILENCE)
    told = replace(alert(), receivers=(), silence=SILENCE.id)
    record(store, one_entry(store, "un"), matches=[match()], alerts=[(told, [])])

    assert [1] == [each.alerts for each in store.silences()]
    assert "delivery" not in counts(store)


def test_a_silence_that_is_none_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="veille silences"):
        store.end_silence("si_RIEN", now=NOW)
