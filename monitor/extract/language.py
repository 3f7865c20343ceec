"""The language of a text: what its small words and letters say, unknown where they say too little."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

__all__ = ["language_of", "spoken_language"]

_SMALL_WORDS: Final[dict[str, frozenset[str]]] = {
    "fr": frozenset(
        (
            "le la les des une un est dans pour que qui sur par pas plus au aux avec sont cette ces ses son sa "
            "été ont du de en et il elle ils on ce se ne leur leurs mais ou où après avant contre entre sans sous "
            "chez vers depuis face selon comme tout tous être avoir fait va ans deux trois jusqu n l d qu s c j m"
        ).split()
    ),
    "en": frozenset(
        (
            "the and of to in is that for was on with as are by this be at from have has it not his her an a "
            "after before over against between without under about into its their they what when who how why will "
            "would says said new we you more than two but or if out up"
        ).split()
    ),
    "es": frozenset(
        (
            "el los las una un que del de por con para su sus como más pero al fue este esta son ha han y o en la "
            "se no lo tras ante contra entre sin sobre desde hasta según cuando qué cómo años ser está muy "
            "también dos"
        ).split()
    ),
    "de": frozenset(
        (
            "der die das und den von zu mit sich des auf für ist im dem nicht ein eine einen als auch wie was wir "
            "nach bei über aus vor gegen ohne unter zwischen durch um am an in war wird werden hat haben sind er "
            "sie es zum zur so"
        ).split()
    ),
    "it": frozenset(
        (
            "il lo che di per una un del della dei delle degli con non sono alla al allo nel nella dai gli più "
            "anche come ha dal la le e i in è da su si dopo prima contro tra senza sul sulla sotto fra anni dell "
            "nell all sull l d c"
        ).split()
    ),
    "nl": frozenset(
        (
            "het een van en de dat op te zijn voor met niet aan er maar om ook als in is wat we hoe naar bij over "
            "uit na tegen tussen zonder onder door wordt worden heeft hebben zij hij ze was zal dan nog wel geen"
        ).split()
    ),
    "pt": frozenset(
        (
            "o os as um uma do da dos das em no na nos nas por com para que não mais como mas ao aos foi este "
            "esta são há e a se pelo pela após antes contra entre sem sobre desde até segundo quando anos ser "
            "está muito também dois"
        ).split()
    ),
    "ru": frozenset(
        (
            "и в не на что с по это как из за для от его но о к у при после до под над без между или так был была "
            "были все уже еще только который которые лет"
        ).split()
    ),
    "uk": frozenset(
        (
            "і в не на що з по це як із за для від його але о до у при після під над без між або так був була "
            "були все вже ще тільки який які років та й є"
        ).split()
    ),
}
_WEIGHTS: Final = {
    word: 1 / sum(word in small for small in _SMALL_WORDS.values()) for words in _SMALL_WORDS.values() for word in words
}
_LETTERS: Final = (  # names bring theirs into every language of the Latin script
    *(("es", "ñ¿¡", 0.5), ("de", "ß", 0.5), ("pt", "ãõ", 0.5), ("fr", "œ", 0.5)),
    *(("uk", "іїєґ", 1.0), ("ru", "ыэё", 1.0)),
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_CODE: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9-]+)?$")
_NAMED: Final = {"french": "fr", "français": "fr", "francais": "fr", "english": "en", "anglais": "en"}
_SAMPLE: Final = 4000
_LEAST: Final = 1.5
_LEAST_SHARE: Final = 0.06  # of the words of a text


def spoken_language(stated: str) -> str | None:
    """Return the code of a stated language.

    >>> spoken_language("fr_FR"), spoken_language("français"), spoken_language("")
    ('fr', 'fr', None)
    """
    word = stated.strip().lower()
    if word in _NAMED:
        return _NAMED[word]
    code = _CODE.match(word)
    return code[1] if code else None


def language_of(text: str, *, stated: str | None) -> str | None:
    """Return a text's language: what its small words say, else what was stated.

    A word counts for less the more languages have it, and one alone proves nothing: it may be of a name.

    >>> language_of("Le gel a touché les vignes dans la vallée et les pertes sont lourdes", stated="en")
    'fr'
    >>> language_of("Los Angeles", stated=None) is None
    True
    """
    sample = text[:_SAMPLE].lower()
    words = _WORD.findall(sample)
    votes = dict.fromkeys(_SMALL_WORDS, 0.0)
    for word, times in Counter(words).items():
        if word in _WEIGHTS:
            for code, small in _SMALL_WORDS.items():
                votes[code] += times * _WEIGHTS[word] if word in small else 0.0
    proofs = Counter({code: len(small.intersection(words)) for code, small in _SMALL_WORDS.items()})
    for code, letters, weight in _LETTERS:
        if any(letter in sample for letter in letters):
            votes[code] += weight
            proofs[code] += weight >= 1
    (first, most), (_, second) = sorted(votes.items(), key=lambda vote: -vote[1])[:2]
    is_clear = most >= _LEAST and most >= 2 * second and proofs[first] > 1 and most > _LEAST_SHARE * len(words)
    return first if is_clear else stated
