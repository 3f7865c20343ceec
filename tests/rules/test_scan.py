from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import ConditionError
from rules.scan import DocumentScan, Scanner
from rules.text import fold
from rules.types import Document, EntityDef, Field, Pattern, PatternKind

ENTITIES = (
    EntityDef(
        "chine",
        "Chine",
        primary=("Chine", "République populaire de Chine"),
        alias=("Pékin", "Xi Jinping", "Xi"),
        demonym=("chinois",),
        prefix=("sino",),
        cased=("Chine", "Xi"),
        excepts=("encre de Chine", "mer de Chine", "mer de Chine orientale"),
    ),
    EntityDef(
        "russie",
        "Russie",
        primary=("Russie",),
        alias=("Moscou", "Poutine"),
        demonym=("russe",),
        prefix=("russo",),
        excepts=("montagne russe",),
    ),
    EntityDef("ukraine", "Ukraine", primary=("Ukraine",), alias=("Kyïv",), demonym=("ukrainien",)),
)


def pattern(text: str, kind: PatternKind = PatternKind.WORDS) -> Pattern:
    return Pattern(kind, text, text)


SCANNER = Scanner(ENTITIES, [pattern("russie", PatternKind.ENTITY)])


def seen(text: str, scanner: Scanner = SCANNER) -> list[tuple[str, str]]:
    """Return the mentions of a text as (entity, slice of the source)."""
    return [(m.entity, text[m.start : m.end]) for m in scanner.scan(Document(body=text)).mentions]


def scan_for(wanted: Pattern, text: str) -> DocumentScan:
    return Scanner((), [wanted]).scan(Document(body=text))


def hits(wanted: Pattern, text: str) -> list[str]:
    return [hit.text for hit in scan_for(wanted, text).hits.get(wanted, ())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L’Ukraine d`Ukraine qu\u02bcUkrainiens", ["Ukraine", "Ukraine", "Ukrainiens"]),
        ("la Re\u0301publique populaire de\nChine", ["Re\u0301publique populaire de\nChine"]),
        ("RUSSIE ET CHINE", ["RUSSIE", "CHINE"]),
        ("poutine arrive en chine", ["poutine", "chine"]),
        ("l&rsquo;U&shy;kraine", ["U&shy;kraine"]),
        ("#GuerreEnUkraine #Ukraine2024", ["Ukraine", "Ukraine"]),
        ("Ukrainien·ne·s, Russe.s ukrainien(ne)s", ["Ukrainien·ne·s", "Russe", "ukrainien(ne)s"]),
        ("[CHINE] Le président", ["CHINE"]),
        ("Moscou-Pékin, Moscou – Pékin", ["Moscou", "Pékin", "Moscou", "Pékin"]),
    ],
)
def test_i6_a_name_is_seen_however_it_is_written(text: str, expected: list[str]) -> None:
    assert expected == [found for _, found in seen(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("russo-chinois", [("russie", "russo"), ("chine", "chinois")]),
        ("une entente sino - russe", [("chine", "sino"), ("russie", "russe")]),
        ("sinorusses", [("chine", "sino"), ("russie", "russes")]),
        ("prorusse et pro-russe", [("russie", "russe"), ("russie", "russe")]),
        ("antichinoise", [("chine", "chinoise")]),
        ("russophobe", [("russie", "russo")]),
        ("liens sino- et russo-américains", [("chine", "sino"), ("russie", "russo")]),
        ("le cinéaste Russo, sino", []),
        ("Anthony Russo filme", []),
    ],
)
def test_each_part_of_a_compound_is_a_mention_of_its_own(text: str, expected: list[tuple[str, str]]) -> None:
    assert expected == seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "une machine, la Biélorussie, la Prusse, un biélorusse",
        "Elle chine le dimanche",
        "elle chine aux puces",
        "Louis XI, le XIe siècle",
        "voir https://exemple.fr/russie/chine et russie.info",
    ],
)
def test_i6_false_friends_stay_silent(text: str) -> None:
    assert [] == seen(text)


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("Élysée", "à l’Élysée", ["Élysée"]),
        ("Élysée", "a\u0300 l’E\u0301lyse\u0301e", ["E\u0301lyse\u0301e"]),
        ("Élysée", "À L'ÉLYSÉE", ["ÉLYSÉE"]),
        ("Élysée", "A L'ELYSEE", ["ELYSEE"]),
        ("fiscal", "un avantage ﬁscal", ["ﬁscal"]),
        ("chine", "la Ｃｈｉｎｅ", ["Ｃｈｉｎｅ"]),
        ("œuvre", "l'oeuvre", ["oeuvre"]),
        ("chine", "une machine, les machines, une chinerie", []),
        ("chine", "en Chine, en Chine.", ["Chine", "Chine"]),
    ],
)
def test_i6_words_match_folded_and_whole(word: str, text: str, expected: list[str]) -> None:
    assert expected == hits(pattern(word), text)


def test_a_short_name_in_capitals_counts_in_a_line_of_capitals_only() -> None:
    assert [("chine", "XI")] == seen("LE TEXTE DE XI\nLouis XI est mort, puis Charles XI aussi")


def test_a_masked_span_hides_what_is_wholly_inside() -> None:
    text = "Des montagnes russes à l’encre de Chine, en mer de Chine orientale, puis en Chine"

    scan = SCANNER.scan(Document(title=text))

    assert ["montagnes russes", "encre de Chine", "mer de Chine orientale"] == [mask.text for mask in scan.masks]
    assert [(text.rindex("Chine"), Field.TITLE)] == [(m.start, m.field) for m in scan.mentions]


def test_an_address_is_masked_and_a_street_of_the_city_is_not() -> None:
    entity = EntityDef("russie", "Russie", alias=("Moscou",), excepts=("rue de Moscou",))
    scanner = Scanner([entity], [])

    assert [] == seen("Elle habite rue de Moscou", scanner)
    assert [("russie", "Moscou")] * 2 == seen("Dans une rue de Moscou, les rues de Moscou", scanner)


def test_the_longest_form_of_an_entity_is_one_mention() -> None:
    assert ["Xi Jinping"] == [found for _, found in seen("Le dirigeant Xi Jinping")]


def test_a_mention_says_what_it_is() -> None:
    (mention,) = SCANNER.scan(Document(lead="à Moscou")).mentions

    assert ("russie", "Russie", Field.LEAD, 2, 8, "Moscou", "alias", 0.8) == (
        mention.entity,
        mention.name,
        mention.field,
        mention.start,
        mention.end,
        mention.text,
        mention.kind,
        mention.strength,
    )


@pytest.mark.parametrize(
    ("typed", "text", "expected"),
    [
        ("visite", "Visites et visite, revisite", ["Visites", "visite"]),
        ("mer noire", "en mer Noire, les mers-noires", ["mer Noire", "mers-noires"]),
        ("maïs", "mais du maïs, DU MAIS ; péché", ["maïs", "MAIS"]),
        ("élu", "les élu·e·s", ["élu·e·s"]),
        ("médaille d'or", "les médailles d’or", ["médailles d’or"]),
        ("g7", "le G7, le G77", ["G7"]),
        ("c++", "du C++ ici", ["C++"]),
    ],
)
def test_words_match_folded_and_inflected(typed: str, text: str, expected: list[str]) -> None:
    assert expected == hits(pattern(typed), text)


def test_a_typed_accent_is_forgiven_where_the_document_has_none() -> None:
    wanted = pattern("maïs")

    without = Scanner((), [wanted]).scan(Document(title="Le mais", body="rien"))
    elsewhere = Scanner((), [wanted]).scan(Document(title="Le mais", body="été"))

    assert ([wanted], []) == (list(without.hits), list(elsewhere.hits))


@pytest.mark.parametrize(
    ("typed", "text", "expected"),
    [
        ("Orange", "Orange, orange, une ORANGE, Oranges", ["Orange"]),
        ("Orange", "ORANGE RECRUTE", ["ORANGE"]),
        ("Orange", "orange recrute", []),
        ("Geneve", "Genève, genève", ["Genève"]),
        ("iPhone", "un iPhone, un Iphone", ["iPhone"]),
    ],
)
def test_exact_keeps_the_case(typed: str, text: str, expected: list[str]) -> None:
    assert expected == hits(pattern(typed, PatternKind.EXACT), text)


@pytest.mark.parametrize(
    ("typed", "text", "expected"),
    [
        ("accord", "Accords, accorder, désaccord", ["Accords", "accorder"]),
        ("coopér", "coopération COOPERER cooperer", ["coopération", "COOPERER"]),
    ],
)
def test_a_prefix_runs_to_the_end_of_the_word(typed: str, text: str, expected: list[str]) -> None:
    assert expected == hits(pattern(typed, PatternKind.PREFIX), text)


def test_a_regular_expression_reads_folded_text_outside_addresses() -> None:
    wanted = pattern(r"\bnégoci[a-z]+|x*", PatternKind.REGEX)

    assert ["Négociations"] == hits(wanted, "Négociations sur http://a.fr/negocier")


def test_a_regular_expression_that_finds_nothing_has_no_hits() -> None:
    assert {} == scan_for(pattern("zzz", PatternKind.REGEX), "texte").hits


@pytest.mark.parametrize("text", [r"(a)\1", "(", "(?=a)"])
def test_an_expression_that_is_not_linear_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match="expression régulière refusée"):
        Scanner((), [pattern(text, PatternKind.REGEX)])


def test_an_unknown_entity_is_refused() -> None:
    with pytest.raises(ConditionError, match="entité inconnue : @mars"):
        Scanner(ENTITIES, [pattern("mars", PatternKind.ENTITY)])


def test_hits_carry_words_sentences_and_strength() -> None:
    wanted = pattern("russie", PatternKind.ENTITY)
    text = "Une visite. L’armée russe avance."

    scan = SCANNER.scan(Document(body=text))
    (found,) = scan.hits[wanted]

    assert (Field.BODY, (4, 5), 1, "russe", 0.7) == (
        found.field,
        found.words,
        found.sentence,
        found.text,
        found.strength,
    )
    assert ((0, 11), (12, 33)) == scan.sentences[Field.BODY]


def test_hits_run_through_the_fields_in_order() -> None:
    wanted = pattern("visite")

    scan = Scanner((), [wanted]).scan(Document(title="visite", lead="visites", body="la visite"))

    assert [Field.TITLE, Field.LEAD, Field.BODY] == [hit.field for hit in scan.hits[wanted]]


PIECES = [
    "Russie",
    "chine",
    "Chine",
    "l’",
    "Ukrai\xadne",
    "&eacute;",
    "Kyi\u0308v",
    " ",
    "-",
    "œ",
    "<b>",
    "\n",
    "prorusse",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_every_mention_is_a_slice_that_folds_to_a_form(text: str) -> None:
    known = {form.wording.text for form in SCANNER._gazetteer.forms}
    for mention in SCANNER.scan(Document(body=text)).mentions:
        assert text[mention.start : mention.end] == mention.text
        assert fold(mention.text).flat in known


@given(st.text(max_size=60))
def test_any_text_can_be_scanned(text: str) -> None:
    scan = SCANNER.scan(Document(title=text, body=text))

    assert all(0 <= start < end <= len(text) for start, end in scan.sentences[Field.TITLE])


@pytest.mark.untraced
@pytest.mark.parametrize(
    "piece",
    [
        "Russie ",
        "russe",
        "&amp;",
        "\u200b",
        "chine ",
        "Lire aussi\n",
        ".fr",
        ".»",
        "\n»",
        "<a ",
        "e\u0301\u0316",
        "X",
        "中",
    ],
)
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    before = time.process_time()

    SCANNER.scan(Document(body=text))

    assert time.process_time() - before < 5


def test_what_stands_in_boilerplate_counts_for_nothing() -> None:
    wanted = pattern("visite")
    body = "La visite commence.\nLire aussi : une autre visite"

    scan = Scanner((), [wanted]).scan(Document(title="Lire aussi", body=body))

    assert [3] == [hit.start for hit in scan.hits[wanted]]
    assert [43] == [hit.start for hit in scan.aside[wanted]]


def test_a_name_that_only_says_which_street_is_masked_for_every_entity() -> None:
    scan = SCANNER.scan(Document(body="Un feu rue de la Russie, puis avenue d’Ukraine ; une rue de Moscou dort."))

    assert ["Moscou"] == [mention.text for mention in scan.mentions]
    assert ["rue de la Russie", "avenue d’Ukraine"] == [mask.text for mask in scan.masks]


HOMONYMS = Scanner(
    (
        EntityDef(
            "chine",
            "Chine",
            primary=("Chine",),
            alias=("Pékin", "Xi Jinping", "Xi"),
            demonym=("chinois",),
            excepts=("=le chinois", "ombres chinoises", "café chinois"),
        ),
        EntityDef("russie", "Russie", primary=("Russie",), alias=("Moscou", "Poutine"), demonym=("russe",)),
    ),
    (),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jean Moscou et Odette Chinois sont élus", []),
        ("M. Chinois reçoit Mme Russe", []),
        ("M. Poutine reçoit M. Xi", ["Poutine", "Xi"]),
        ("Nathalie Xi et Anne Poutine", []),
        ("selon Jean, Moscou cède", ["Moscou"]),
        ("André russe ? Non, moscovite", ["russe"]),
        ("MARC RUSSE EST ELU", ["RUSSE"]),
        ("Moscou-les-Bains, Chine-sur-Loire", []),
        ("Moscou-Pékin, le train", ["Moscou", "Pékin"]),
        ("#OmbresChinoises", []),
        ("Passez la sauce : le chinois suffit. Le chinois", []),
        ("le chinois Baidu et le Chinois Li", ["chinois", "Chinois"]),
        ("Place de la Chine, à Metz ; café de Moscou, à Nancy", []),
        ("La place de la Chine, à côté de la Russie", ["Chine", "Russie"]),
        ("dans un café chinois, dans un hôtel de Moscou, à Paris", ["Moscou"]),
        ("Camping Moscou, résidence Chine", []),
    ],
)
def test_homonyms_are_told_from_mentions_by_what_surrounds_them(text: str, expected: list[str]) -> None:
    assert expected == [found for _, found in seen(text, HOMONYMS)]


def test_a_word_with_an_accent_does_not_stand_where_only_a_prefix_may() -> None:
    prefix, word = pattern("contrôl", PatternKind.PREFIX), pattern("contrôl")

    scan = Scanner((), [prefix, word]).scan(Document(body="Un contrôleur passe."))

    assert [prefix] == list(scan.hits)


def test_signs_of_a_regular_expression_stand_for_themselves() -> None:
    euros = pattern(r"\d+ €", PatternKind.REGEX)

    assert ["300 €"] == hits(euros, "300 personnes, 300 £, 300 €")
    assert [] == hits(pattern("a·b", PatternKind.REGEX), "ab aab")
    assert ["100 €"] == hits(pattern("100 €"), "100 £, 100 ♥, 100 €")


def test_a_phrase_in_which_nothing_is_hidden_is_linear() -> None:
    entity = EntityDef(
        "russie", "Russie", demonym=("russe",), excepts=("montagnes russes", "!montagnes russes du Caucase")
    )
    scanner = Scanner((entity,), ())
    text = "montagnes russes et montagnes russes du Caucase "

    assert ["russes"] == [found for _, found in seen(text, scanner)]
    short, long = (_seconds(scanner, text * times) for times in (500, 4_000))
    assert long < 24 * short + 0.5


def _seconds(scanner: Scanner, text: str) -> float:
    started = time.process_time()
    scanner.scan(Document(body=text))
    return time.process_time() - started
