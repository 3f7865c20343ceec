"""The few sentences of an article that show why it matched; short quotes, never the article."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rules.types import Document, Evidence, Field, Snippet

__all__ = ["MAX_CHARS", "snippets"]

MAX_CHARS = 300  # of the article, in all
_CUT = "[…]"


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence that carries terms; `marks` are (start, end, term) in the field's text, apart from one another."""

    where: Field
    start: int
    end: int
    marks: tuple[tuple[int, int, str], ...]
    terms: frozenset[str]


def snippets(
    document: Document, sentences: Mapping[Field, Sequence[tuple[int, int]]], evidence: Sequence[Evidence]
) -> tuple[Snippet, ...]:
    """Choose the sentences with the most distinct terms, in reading order, at most `MAX_CHARS` characters in all.

    The title is shown beside every alert, so it is quoted only where no other field carries a term.

    Args:
        document: the article.
        sentences: for each field the (start, end) of its sentences.
        evidence: the spans to show.

    Returns:
        Whole sentences; an over-long one is cut at words, around its marks, and says so.
    """
    carrying = [found for where in Field for found in _carrying(where, sentences.get(where, ()), evidence)]
    candidates = [sentence for sentence in carrying if sentence.where is not Field.TITLE] or carrying
    shown: list[tuple[_Sentence, Snippet]] = []
    seen: set[str] = set()
    left = MAX_CHARS
    while candidates := [sentence for sentence in candidates if not sentence.terms <= seen]:
        chosen = max(candidates, key=lambda sentence: (len(sentence.terms - seen), len(sentence.terms)))
        candidates.remove(chosen)
        text = document.text(chosen.where)
        best = _trimmed(text, chosen)
        if best.end - best.start <= left:
            shown.append((best, _whole(text, best)))
        elif not shown:
            shown.append((best, _cut(text, best)))
        else:
            continue
        left -= len(shown[-1][1].text)
        seen |= best.terms
    order = {where: number for number, where in enumerate(Field)}
    return tuple(snippet for _, snippet in sorted(shown, key=lambda pair: (order[pair[0].where], pair[0].start)))


def _carrying(where: Field, bounds: Sequence[tuple[int, int]], evidence: Sequence[Evidence]) -> Iterator[_Sentence]:
    """Yield the sentences of a field that hold terms; a term that crosses a sentence's end is in neither."""
    held: dict[int, list[tuple[int, int, str]]] = {}
    for found in evidence:
        if found.field is where and (number := _sentence_of(found, bounds)) is not None:
            held.setdefault(number, []).append((found.start, found.end, found.term))
    for number, spans in sorted(held.items()):
        inside = _apart(spans)
        yield _Sentence(where, *bounds[number], inside, frozenset(term for _, _, term in inside))


def _sentence_of(found: Evidence, bounds: Sequence[tuple[int, int]]) -> int | None:
    """Return the number of the sentence that wholly holds a span."""
    number = bisect_right(bounds, found.start, key=_begins) - 1
    return number if number >= 0 and found.end <= bounds[number][1] else None


def _begins(span: tuple[int, int]) -> int:
    return span[0]


def _apart(spans: Sequence[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """Keep spans that do not overlap, the longer of two that begin together."""
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return tuple(kept)


def _trimmed(text: str, sentence: _Sentence) -> _Sentence:
    whole = text[sentence.start : sentence.end]
    start = sentence.start + len(whole) - len(whole.lstrip())
    end = sentence.end - len(whole) + len(whole.rstrip())
    return replace(sentence, start=start, end=end)


def _whole(text: str, sentence: _Sentence) -> Snippet:
    marks = tuple((start - sentence.start, end - sentence.start, term) for start, end, term in sentence.marks)
    return Snippet(sentence.where, text[sentence.start : sentence.end], marks)


def _cut(text: str, sentence: _Sentence) -> Snippet:
    """Cut a sentence around the run of marks that holds the most terms."""
    room = MAX_CHARS - 2 * (len(_CUT) + 1)
    run = max(_runs(sentence.marks, room), key=lambda run: (len({term for _, _, term in run}), -run[0][0]))
    spare = max(0, room - (run[-1][1] - run[0][0])) // 2
    start = _word_start(text, max(sentence.start, run[0][0] - spare), run[0][0], sentence.start)
    end = _word_end(text, min(sentence.end, start + room), min(run[-1][1], start + room), sentence.end)
    before = f"{_CUT} " if start > sentence.start else ""
    after = f" {_CUT}" if end < sentence.end else ""
    shift = len(before) - start
    marks = tuple((a + shift, min(b, end) + shift, term) for a, b, term in sentence.marks if start <= a < end)
    return Snippet(sentence.where, before + text[start:end] + after, marks, truncated=True)


def _runs(marks: Sequence[tuple[int, int, str]], room: int) -> Iterator[tuple[tuple[int, int, str], ...]]:
    """Yield, from each mark on, the marks that fit in `room` characters; at least that mark."""
    for number, first in enumerate(marks):
        yield (first, *(mark for mark in marks[number + 1 :] if mark[1] - first[0] <= room))


def _word_start(text: str, position: int, limit: int, floor: int) -> int:
    """Move right to the beginning of a word, not beyond the first mark."""
    if position == floor:
        return position
    return next((n for n in range(position, limit) if text[n - 1].isspace() and not text[n].isspace()), limit)


def _word_end(text: str, position: int, limit: int, ceiling: int) -> int:
    """Move left to the end of a word, not before the end of the last mark."""
    if position == ceiling:
        return position
    return next((n for n in range(position, limit, -1) if text[n].isspace() and not text[n - 1].isspace()), limit)
