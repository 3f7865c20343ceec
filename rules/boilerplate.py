"""The lines of a body that are not the article: read-also blocks, most-read lists, tickers (phenomena 22)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from rules.reading import FieldReading

__all__ = ["NOTICES", "boilerplate"]

Span: TypeAlias = tuple[int, int]

NOTICES: Final = (
    "lire aussi|lire également|lisez aussi|à lire|à lire aussi|à lire également"
    "|voir aussi|voir également|à voir aussi|écouter aussi|regarder aussi"
    "|abonnez-vous|s'abonner|déjà abonné|inscrivez-vous à|recevez chaque|sur le même sujet|sur le même thème"
    "|les plus lus|les plus partagés|les articles les plus lus|articles les plus lus|dans la même rubrique"
    "|à ne pas manquer|suivez-nous|suivez l'actualité|notre dossier|tous nos articles|nos derniers articles"
    "|les dernières actualités|dernières infos|mots-clés|mots clés|pour aller plus loin|partager cet article"
    "|cet article est réservé|il vous reste|la suite après la publicité|notre newsletter|newsletter|nos newsletters"
    "|sujets associés|articles liés|thèmes associés"
).split("|")
"""What opens a line or a sentence that is no part of the article."""

_LONGEST_HEADLINE: Final = 140
_SHORTEST_HEADLINE: Final = 15
_TICKER: Final = 8  # headlines in a row
_LONGEST_LIST: Final = 30  # headlines under a bare notice
_BULLETS: Final = 6  # characters that may stand before a notice


def boilerplate(reading: FieldReading, notices: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans of a body that are not the article, in order and apart.

    Args:
        reading: the body.
        notices: where notices were seen.
    """
    return _merge((*_noticed(reading, notices), *_tickers(reading)))


def _is_headline(text: str) -> bool:
    line = text.strip()
    return _SHORTEST_HEADLINE <= len(line) <= _LONGEST_HEADLINE and line[-1] not in ".:;," and line.count(" ") > 1


def _tickers(reading: FieldReading) -> Iterator[Span]:
    """Yield runs of many headline-like lines."""
    text = reading.folded.text
    if text.count("\n") < _TICKER - 1:
        return
    run: list[Span] = []
    for span in (*reading.lines, (0, 0)):
        if _is_headline(text[slice(*span)]) if span[1] else False:
            run.append(span)
            continue
        if len(run) >= _TICKER:
            yield run[0][0], run[-1][1]
        run.clear()


def _opens(text: str, start: int, at: int) -> bool:
    """Tell whether nothing but a bullet or a quote stands between two offsets."""
    return at - start <= _BULLETS and not any(map(str.isalnum, text[start:at]))


def _noticed(reading: FieldReading, notices: Iterable[Span]) -> Iterator[Span]:
    """Yield the lines and sentences that a notice opens, and the list that a bare notice heads."""
    text = reading.folded.text
    for start, end in notices:
        number = reading.line(start)
        line_start, line_end = reading.lines[number]
        if not _opens(text, line_start, start):
            sentence = reading.sentences[bisect_right(reading.sentences, (start, len(text))) - 1]
            if _opens(text, sentence[0], start):
                yield sentence
            continue
        if _opens(text, end, line_end):
            for next_start, next_end in reading.lines[number + 1 : number + 1 + _LONGEST_LIST]:
                if not _is_headline(text[next_start:next_end]):
                    break
                line_end = next_end
        yield line_start, line_end


def _merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
