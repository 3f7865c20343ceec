"""UTF-8 that a publisher once read as windows-1252 is read right again: `Ã‰lysÃ©e` is `Élysée`.

It stands in texts that are fine otherwise, so each sequence is judged by itself: undone is only what gives a sign of
the European press, and what right text cannot hold. No French word ends in `Ã` or `Â`; where a foreign one in capitals
may (`MAÇÃ »`), or where the sequence is quoted for itself, nothing is touched.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["garbled", "repaired"]

# What windows-1252 makes of the bytes 0x80 to 0xBF; latin-1, and the five that it leaves undefined, give controls
_SIGNS: Final = {bytes([byte]).decode("cp1252", "ignore"): byte for byte in range(0x80, 0xC0)} | {
    chr(byte): byte for byte in range(0x80, 0xC0)
}
_NEXT: Final = "[" + re.escape("".join(_SIGNS)) + "]"
# Only the first signs of what may be meant; one class of them in front, for that is what `re` looks for at speed
_SEQUENCE: Final = re.compile(f"[ÂÃÄÅÆËÐÑÒÓâïð](?:(?<=[ÂÃÄÅÆËÐÑÒÓ]){_NEXT}|(?<=[âï]){_NEXT}{{2}}|(?<=ð){_NEXT}{{3}})")
_MEANT: Final = re.compile(  # those signs too: a text may have been misread twice
    _NEXT[:-1] + "À-ÖØ-öø-ÿĀ-žЀ-ӿ\u2009\u200b\u2010\u2011\u202f№\ufeff\U0001f000-\U0001faff]"
)
_AFTER_CAPITALS: Final = frozenset("\u00a0\u00ad»›’”…–—™®°²³·•")  # what right text has behind one
_LETTERS: Final = frozenset("ŠŒŽŸšœž")
_STANDS_ALONE: Final = frozenset("àÀôÔ")  # the words of one accented letter
_LOST: Final = (  # sequences whose last sign went astray: a control, or a space that was folded
    ("â€", re.compile(f"â€(?!{_NEXT})"), "”"),
    ("Ã", re.compile(r"(?<![A-ZÀ-Þ])Ã(?=[ \n]|$)"), "à"),
)
_HINTS: Final = ("Ã", "Â", "Å", "Ä", "Ð", "Ñ", "Ò", "Ó", "ð", "â€", "â\x80", "â‚", "â„", "ï»")
_LEFT: Final = re.compile(f"\ufffd|(?<=[a-zà-ÿ])[ÂÃ]|Ã{_NEXT}|â€")
_DEEPEST: Final = 3  # times that one text was misread


def repaired(text: str) -> str:
    r"""Return a text with what was read in the wrong charset put right; right text comes back as it is.

    >>> repaired("L’Ã‰lysÃ©e se dit prÃªt Ã\xa0 nÃ©gocier, lâ€™Europe s’inquiète")
    'L’Élysée se dit prêt à négocier, l’Europe s’inquiète'
    >>> repaired("SÃO PAULO, PARALYSÉ… « MARCHÉ »")
    'SÃO PAULO, PARALYSÉ… « MARCHÉ »'
    """
    for _ in range(_DEEPEST):
        if not any(hint in text for hint in _HINTS):
            break
        better = _SEQUENCE.sub(_undone, text)
        if better == text:
            break
        text = better
    for hint, lost, meant in _LOST:
        if hint in text:
            text = lost.sub(meant, text)
    return text


def garbled(text: str) -> int:
    """Return how many places of a text are still unreadable: replacement characters, and sequences that mean nothing.

    >>> garbled("l\ufffdÉlysée, dÃ¨s ce soir"), garbled("l’Élysée, dès ce soir")
    (2, 0)
    """
    return len(_LEFT.findall(text))


def _undone(found: re.Match[str]) -> str:
    sequence, text = found[0], found.string
    before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
    try:
        meant = (sequence[0].encode("latin-1") + bytes(_SIGNS[sign] for sign in sequence[1:])).decode()
    except UnicodeDecodeError:
        return sequence
    if not _MEANT.fullmatch(meant):
        return sequence
    if before.isupper() and sequence[1] in _AFTER_CAPITALS:
        return sequence
    if sequence[0] != "Ã" and sequence[1] in _LETTERS and (before.isupper() or after.isupper()):
        return sequence  # two letters of a word in capitals
    if meant.isalpha() and meant not in _STANDS_ALONE and not (before.isalpha() or after.isalpha()):
        return sequence
    return meant
