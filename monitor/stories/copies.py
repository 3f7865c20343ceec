"""Whose text an article repeats. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Candidate, Grouped

__all__ = ["copied_from"]


def copied_from(grouped: Grouped | None, candidates: Sequence[Candidate]) -> str | None:
    """Return the house that had an article's text first, or None: it is its own, as far as is known.

    Args:
        grouped: what grouping found of the article.
        candidates: the stories that it was compared with; their articles in the order in which they came.
    """
    if grouped is None or grouped.same_text_as is None:
        return None
    with_it = (one for each in candidates for one in each.members if one.text_id == grouped.same_text_as)
    first = next((one.house for one in with_it), None)
    return None if first == grouped.house else first
