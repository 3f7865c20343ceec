"""What is compared of an article: its words, its names, its numbers and what kind it is. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.model import ArticleKind, Features
from monitor.stories.developments import developments_of
from monitor.stories.rarity import rarity
from monitor.stories.terms import names_of, numbers_of, terms_of, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["counted", "features_of", "keys_of", "kind_of", "url_key_of", "weigh"]

_SEED: Final = 20240516  # fixed: hashes of today are compared with those of last week
_PERMUTATIONS: Final = 64
_BYTES: Final = 4  # of one hash
_BANDS: Final = 8
_ROWS: Final = 4
_SHINGLE: Final = 3
_FEW_SHINGLES: Final = 40  # of fewer, a likeness says nothing: captions, notices, teasers
_FEW_WORDS: Final = 12  # of fewer, even sameness says nothing
_BODY_CHARS: Final = 2000  # what makes the event is said first
_MOST_CHARS: Final = 40_000
_MOST_TERMS: Final = 150
_TERMS: Final = 100  # once it is known how rare they are
_TERM_KEYS: Final = 20
_NAME_KEYS: Final = 10  # at most, of these
_FIELDS: Final = (3.0, 2.0, 1.0)  # title, lead, body
_KINDS: Final = (
    (
        ArticleKind.PRESS_REVIEW,
        re.compile(
            r"\brevues? de (?:la )?presse\b|\btour de la presse\b|\bkiosque\b|\ba la une (?:de la|des)\b"
            r"|^a la une (?:ce|de ce|du)\b"
            r"|^(?:vu |lu )?dans (?:la presse|les journaux)\b|^(?:a )?les unes\b|^(?:ce que )?dit la presse\b"
        ),
    ),
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
    folded = " ".join(words_of(title))
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


def features_of(title: str, lead: str, body: str) -> Features:
    """Return the features of an article. Its terms are not weighed yet: each weight is how much it is said.

    Its kind is what its title tells; its address may tell more (`kind_of`).
    """
    words = words_of(f"{lead}\n{body}"[:_MOST_CHARS])
    shingles = {" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
    lead = lead[:_BODY_CHARS]
    fields = (title, lead, body[:_BODY_CHARS])
    said: dict[str, float] = {}
    for factor, field in zip(_FIELDS, fields, strict=True):
        for term, count in Counter(terms_of(field)).items():
            said[term] = said.get(term, 0.0) + factor * (1 + math.log(count))
    return Features(
        kind=kind_of(title),
        text=blake2b(" ".join(words).encode(), digest_size=16).hexdigest() if len(words) >= _FEW_WORDS else "",
        minhash=_minhash(shingles) if len(shingles) >= _FEW_SHINGLES else b"",
        terms=tuple(sorted(said.items(), key=lambda one: (-one[1], one[0]))[:_MOST_TERMS]),
        title=tuple(dict.fromkeys(terms_of(title))),
        head=tuple(dict.fromkeys(terms_of(f"{title}\n{lead}"))),
        names=tuple(sorted(names_of("\n".join(fields)))),
        numbers=tuple(sorted(numbers_of("\n".join(fields)))),
        title_developments=developments_of(title),
        head_developments=developments_of(f"{title}\n{lead}"),
    )


def counted(features: Features) -> tuple[str, ...]:
    """Return the terms whose frequency in the press is to be known."""
    return tuple(term for term, _ in features.terms)


def weigh(features: Features, counts: Mapping[str, int]) -> Features:
    """Return features whose terms weigh what they tell: the rarer in the press, the more.

    Those that are said most for how rare they are stand first; of many, only these are kept.

    Args:
        features: as `features_of` gave them.
        counts: see `rarity`.
    """
    rare = rarity(counts)
    weighed = sorted(((said * rare(term), term) for term, said in features.terms), key=lambda one: (-one[0], one[1]))
    terms = tuple((term, round(rare(term), 2)) for _, term in weighed[:_TERMS])
    kept = {term for term, _ in terms}
    return replace(
        features,
        terms=terms,
        head=tuple(term for term in features.head if term in kept),
        names=tuple(term for term in features.names if term in kept),
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
    names += [("w", term) for term in _telling(features)]
    return tuple(_key(*name) for name in names)


def _telling(features: Features) -> list[str]:
    """Return the terms that an article is most about, the names before others."""
    terms = [term for term, _ in features.terms]
    named = [term for term in terms if term in features.names][:_NAME_KEYS]
    return [*named, *(term for term in terms if term not in named)][:_TERM_KEYS]


def _key(*name: str) -> int:
    return int.from_bytes(blake2b("|".join(name).encode(), digest_size=8).digest(), "big", signed=True)


def _minhash(shingles: set[str]) -> bytes:
    from rensa import RMinHash

    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update(sorted(shingles))
    return b"".join(number.to_bytes(_BYTES, "big") for number in sketch.digest())
