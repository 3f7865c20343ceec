from __future__ import annotations

import pytest

from rules.boilerplate import HEADINGS, NOTICES, boilerplate
from rules.reading import FieldReading
from rules.text import fold
from rules.types import Field


def discounted(body: str) -> list[str]:
    reading = FieldReading(Field.BODY, body)
    text = reading.folded.flat
    wanted = (fold(notice).flat for notice in NOTICES | HEADINGS)
    notices = [(at, at + len(w)) for w in wanted for at in range(len(text)) if text.startswith(w, at)]
    return [reading.folded.kept[start:end] for start, end in boilerplate(reading, notices)]


HEADLINES = [f"La ville numéro {number} rouvre son théâtre" for number in range(9)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Le texte.\n> Lire aussi : la Chine\nLa suite.", ["> Lire aussi : la Chine"]),
        ("Le texte. Lire aussi la Chine. La suite.", ["Lire aussi la Chine."]),
        ("Il faut lire aussi la Chine.", []),
        ("À LA UNE\nLa Chine rouvre ses portes\nFin du texte.", ["À LA UNE\nLa Chine rouvre ses portes"]),
        ("À la une du journal, la Chine.\nLe dossier de la Chine est vide.", []),
        ("Les plus lus :\nLa Chine rouvre ses portes\nFin du texte.", ["Les plus lus :\nLa Chine rouvre ses portes"]),
        ("Lire aussi\nLire aussi", ["Lire aussi", "Lire aussi"]),
        ("Début du texte.\n" + "\n".join(HEADLINES) + "\nFin.", ["\n".join(HEADLINES)]),
        ("\n".join(HEADLINES[:5]), []),
        ("Sur le même sujet\n" + "\n".join(HEADLINES), ["Sur le même sujet\n" + "\n".join(HEADLINES)]),
    ],
)
def test_boilerplate_is_discounted(body: str, expected: list[str]) -> None:
    assert expected == discounted(body)
