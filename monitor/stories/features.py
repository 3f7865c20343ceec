"""What is compared of an article: its words, its names, its numbers and what kind it is. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.model import ArticleKind, Features
from monitor.stories.words import COMMON, STOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["counted", "features_of", "keys_of", "kind_of", "url_key_of", "weigh"]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+(?:[.,   ]\d+)*")
_SEED: Final = 20240516  # fixed: hashes of today are compared with those of last week
_PERMUTATIONS: Final = 64
_BYTES: Final = 4  # of one hash
_BANDS: Final = 8
_ROWS: Final = 4
_SHINGLE: Final = 3
_FEW_SHINGLES: Final = 40  # of fewer, a likeness says nothing: captions, notices, teasers
_FEW_WORDS: Final = 12  # of fewer, even sameness says nothing
_BODY_CHARS: Final = 2500  # what makes the event is said first
_MOST_CHARS: Final = 40_000
_TERMS: Final = 40
_RARE_KEYS: Final = 10
_STEM: Final = 7
_SHORT: Final = 3
_FIELDS: Final = (3.0, 2.0, 1.0)  # title, lead, body
_PRIOR_ARTICLES: Final = 500.0  # as if so many had been read, with each common word in a tenth of them
_PRIOR_COMMON: Final = 0.10
_KINDS: Final = (
    (ArticleKind.PRESS_REVIEW, re.compile(r"\brevues? de (?:la )?presse\b|\bkiosque\b|\ba la une (?:de la|des)\b")),
    (
        ArticleKind.LIVE,
        re.compile(
            r"^(?:en )?direct\b|\ben direct\b|\blive\b|\bminute par minute\b|\bsuivez\b|\bheure par heure\b"
            r"|\bfil info\b|\bdernieres infos\b"
        ),
    ),
    (
        ArticleKind.NEWSLETTER,
        re.compile(
            r"\bnewsletter\b|\binfolettre\b|\bla matinale\b|\bl essentiel de (?:l actu|la journee)\b"
            r"|\b(?:ce qu il faut retenir|l actu(?:alite)?) (?:de (?:ce|la)|du jour)\b|\ble brief\b"
        ),
    ),
    (ArticleKind.AGENDA, re.compile(r"^(?:l )?agenda\b|\bagenda (?:de|du|des)\b|\bles rendez vous (?:de|du)\b")),
)


def kind_of(title: str, url: str | None = None) -> ArticleKind:
    """Return what an article is.

    >>> kind_of("EN DIRECT. Guerre en Ukraine"), kind_of("Revue de presse du 16 mai"), kind_of("Le port rouvre")
    (<ArticleKind.LIVE: 'live'>, <ArticleKind.PRESS_REVIEW: 'press_review'>, <ArticleKind.NEWS: 'news'>)
    """
    folded = " ".join(_WORD.findall(_fold(title)))
    for kind, sign in _KINDS:
        if sign.search(folded):
            return kind
    path = urlsplit(url).path.lower() if url else ""
    if "/live/" in path or "/direct/" in path:
        return ArticleKind.LIVE
    return ArticleKind.PRESS_REVIEW if "revue-de-presse" in path else ArticleKind.NEWS


def url_key_of(url: str | None) -> str:
    """Return what addresses of one article have in common, or "" where there is none.

    >>> url_key_of("https://www.gazette.example/a/1/?utm_source=rss#haut")
    'gazette.example/a/1'
    """
    if not url:
        return ""
    parts = urlsplit(url)
    asked = "&".join(part for part in parts.query.split("&") if part and not part.startswith(("utm_", "xtor", "at_")))
    return (parts.hostname or "").removeprefix("www.") + parts.path.rstrip("/") + (f"?{asked}" if asked else "")


def features_of(title: str, lead: str, body: str, *, entities: Sequence[str] = (), url: str | None = None) -> Features:
    """Return the features of an article. Its terms are not weighed yet: each weight is how much it is said."""
    text = f"{lead}\n{body}"[:_MOST_CHARS]
    words = _WORD.findall(_fold(text))
    shingles = {" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
    said: dict[str, float] = {}
    fields = (title, lead, body[:_BODY_CHARS])
    for factor, field in zip(_FIELDS, fields, strict=True):
        for term, count in Counter(_terms(field)).items():
            said[term] = said.get(term, 0.0) + factor * (1 + math.log(count))
    names = set(_names(" \n".join(fields)))
    return Features(
        kind=kind_of(title, url),
        text=blake2b(" ".join(words).encode(), digest_size=16).hexdigest() if len(words) >= _FEW_WORDS else "",
        minhash=_minhash(shingles) if len(shingles) >= _FEW_SHINGLES else b"",
        terms=tuple(sorted(said.items(), key=lambda one: (-one[1], one[0]))[: _TERMS * 2]),
        title=tuple(dict.fromkeys(_terms(title))),
        names=tuple(sorted(names & said.keys())) + tuple(sorted({f"@{entity}" for entity in entities})),
        numbers=tuple(sorted({word for word in _WORD.findall(f"{title} {lead}") if word[0].isdigit()})),
    )


def counted(features: Features) -> tuple[str, ...]:
    """Return the terms whose frequency in the press is to be known."""
    return tuple(term for term, _ in features.terms)


def weigh(features: Features, counts: Mapping[str, int]) -> Features:
    """Return features whose terms weigh what they tell: the rarer in the press, the more.

    Args:
        features: as `features_of` gave them.
        counts: in how many articles of late each term was, and under the empty word how many there were; what
            is not there was in none.
    """
    whole = counts.get("", 0) + _PRIOR_ARTICLES
    weights = []
    for term, said in features.terms:
        prior = _PRIOR_COMMON * _PRIOR_ARTICLES if term in _COMMON_STEMS else 0.0
        rarity = math.log((whole + 1) / (counts.get(term, 0.0) + prior + 1))
        weights.append((term, said * rarity))
    weights = sorted(weights, key=lambda one: (-one[1], one[0]))[:_TERMS]
    length = math.sqrt(sum(weight * weight for _, weight in weights)) or 1.0
    return Features(
        kind=features.kind,
        text=features.text,
        minhash=features.minhash,
        terms=tuple((term, round(weight / length, 4)) for term, weight in weights),
        title=features.title,
        names=features.names,
        numbers=features.numbers,
    )


def keys_of(features: Features, url_key: str) -> tuple[int, ...]:
    """Return the keys by which articles like this one are found: its text, its bands and its weightiest terms."""
    if features.kind is not ArticleKind.NEWS:
        return (_key("u", url_key),) if url_key else ()
    names = [("t", features.text)] if features.text else []
    names += [("u", url_key)] if url_key else []
    size = _ROWS * _BYTES
    if features.minhash:
        bands = (features.minhash[band * size : (band + 1) * size].hex() for band in range(_BANDS))
        names += [(f"b{number}", band) for number, band in enumerate(bands)]
    names += [("w", term) for term, _ in features.terms[:_RARE_KEYS]]
    return tuple(_key(*name) for name in names)


def _key(*name: str) -> int:
    return int.from_bytes(blake2b("|".join(name).encode(), digest_size=8).digest(), "big", signed=True)


def _fold(text: str) -> str:
    """Return text in small letters without accents."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe").casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _stem(word: str) -> str:
    """Return the start of a folded word, which its forms have in common."""
    bare = word.rstrip("sx")
    bare = bare if len(bare) >= _SHORT else word
    return bare[:_STEM]


_COMMON_STEMS: Final = frozenset(map(_stem, COMMON))


def _terms(text: str) -> list[str]:
    words = _WORD.findall(_fold(text))
    return [word if word[0].isdigit() else _stem(word) for word in words if len(word) >= _SHORT and word not in STOP]


def _names(text: str) -> list[str]:
    """Return the terms that have a capital wherever they stand, but for the starts of sentences."""
    capital = re.findall(r"(?<=[^\W\d_][\s’'\-])[A-ZÀ-Ý][^\W\d_]+", text)
    return [term for term in _terms(" ".join(capital)) if not term[0].isdigit()]


def _minhash(shingles: set[str]) -> bytes:
    from rensa import RMinHash

    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update(sorted(shingles))
    return b"".join(number.to_bytes(_BYTES, "big") for number in sketch.digest())
