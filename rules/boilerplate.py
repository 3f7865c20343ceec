"""The lines of a body that are not the article: read-also blocks, most-read lists, tickers (phenomena 22)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from rules.reading import FieldReading
from rules.text import fold

__all__ = ["HEADINGS", "NOTICES", "boilerplate"]

Span: TypeAlias = tuple[int, int]

NOTICES: Final = frozenset(
    (
        "lire aussi|lire également|lisez aussi|à lire|à lire aussi|à lire également"
        "|voir aussi|voir également|à voir aussi|écouter aussi|regarder aussi|à écouter aussi|à regarder aussi"
        "|abonnez-vous|s'abonner|déjà abonné|inscrivez-vous à|recevez chaque|sur le même sujet|sur le même thème"
        "|les plus lus|les plus partagés|les articles les plus lus|articles les plus lus|dans la même rubrique"
        "|à ne pas manquer|suivez-nous|suivez l'actualité|notre dossier|tous nos articles|nos derniers articles"
        "|les dernières actualités|dernières infos|mots-clés|mots clés|pour aller plus loin|partager cet article"
        "|cet article est réservé|il vous reste|la suite après la publicité|notre newsletter|newsletter|nos newsletters"
        "|infolettre|notre infolettre|lettre d'information|sujets associés|articles liés|thèmes associés"
        "|vous aimerez aussi|vous aimerez également|cela pourrait vous intéresser|ça peut vous intéresser"
        "|nos lecteurs lisent aussi|nos abonnés lisent aussi|à lire sur|contenu sponsorisé|contenus sponsorisés"
        "|articles recommandés|recommandé pour vous|retrouvez toute l'actualité|retrouvez tous nos articles"
    ).split("|")
)
"""What opens a line or a sentence that is no part of the article."""

HEADINGS: Final = frozenset(
    (
        "à la une|fil info|le fil info|fil d'actu|le fil|en continu|l'info en continu|en direct|à découvrir|à suivre"
        "|dossier|dossiers|en bref|les titres|l'actualité en continu|dernière minute|dernières dépêches|dépêches"
        "|l'essentiel|sur le web|ailleurs sur le web|à voir|vidéos|les vidéos|nos vidéos|rubriques|thèmes|tags"
        "|les plus commentés|les plus populaires|top articles|plus d'articles|autres articles|toute l'actualité"
        "|l'actu du jour|nos sélections|la sélection de la rédaction|à lire ailleurs|en images|les rendez-vous"
    ).split("|")
)
"""What heads a list of other articles, where it stands alone on its line; elsewhere these are ordinary words."""

_LONGEST_HEADLINE: Final = 140
_SHORTEST_HEADLINE: Final = 15
_TICKER: Final = 8  # headlines in a row
_LONGEST_LIST: Final = 30  # headlines under a bare notice
_BULLETS: Final = 6  # characters that may stand before a notice
_HEADINGS: Final = frozenset(fold(heading).flat for heading in HEADINGS)


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
        alone = _opens(text, line_start, start) and _opens(text, end, line_end)
        if not alone and reading.folded.flat[start:end] in _HEADINGS:
            continue
        if not _opens(text, line_start, start):
            sentence = reading.sentences[bisect_right(reading.sentences, (start, len(text))) - 1]
            if _opens(text, sentence[0], start):
                yield sentence
            continue
        if alone:
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
