from __future__ import annotations

import pytest

from monitor.extract.language import language_of, spoken_language
from tests.monitor.extract.pages import BODY


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("fr", "fr"),
        ("fr-FR", "fr"),
        ("FR_be", "fr"),
        ("Français", "fr"),
        ("English", "en"),
        ("", None),
        ("langue", None),
    ],
)
def test_a_stated_language_becomes_a_code(stated: str, expected: str | None) -> None:
    assert expected == spoken_language(stated)


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        (BODY, None, "fr"),
        (BODY, "en", "fr"),
        ("The frost has taken the vines of the valley, and it is not the last for this year.", "fr", "en"),
        ("Der Frost hat die Reben in der Nacht zerstört, und das ist nicht der letzte für dieses Jahr.", None, "de"),
        ("Gel tardif", "fr", "fr"),
        ("Le gel frappe les vignes du Vexin", None, "fr"),
        ("« C’est l’été » : à Lyon, on s’organise", None, "fr"),
        ("Macron to meet Xi in Beijing this week", None, "en"),
        ("Die Ampel streitet über den Haushalt", None, "de"),
        ("La helada golpea los viñedos de La Rioja", None, "es"),
        ("Il gelo colpisce i vigneti del Piemonte", None, "it"),
        ("Oorlog in Oekraïne: wat we weten", None, "nl"),
        ("Geada atinge as vinhas do Douro", None, "pt"),
        ("Заморозки вдарили по виноградниках області", None, "uk"),
        ("Київ під обстрілом", None, "uk"),
        ("Мороз не пощадил виноградники, и это ещё не всё", None, "ru"),
        ("Киев под обстрелом", None, None),
        ("Los Angeles brûle", None, None),  # a name's words
        ("El Niño menace l’Afrique", None, None),
        ("The Voice revient sur TF1", None, None),
        ("PSG - Real Madrid : 2-1", "fr", "fr"),
        ("", None, None),
        ("Gel tardif", None, None),
    ],
)
def test_the_text_says_its_language(text: str, stated: str | None, expected: str | None) -> None:
    assert expected == language_of(text, stated=stated)
