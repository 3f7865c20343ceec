from __future__ import annotations

from rules.entities import Gazetteer, Naming, Role, inflections, plurals, wordings
from rules.types import EntityDef, FormKind


def test_each_word_of_a_phrase_is_inflected() -> None:
    found = [wording.text for wording in wordings("montagne russe", inflections)]

    assert ["montagne russe", "montagne russes", "montagnes russe", "montagnes russes"] == found


def test_joiners_of_a_phrase_are_one_space_and_other_signs_stay() -> None:
    found = [wording.text for wording in wordings("Moscou – Pékin d’or, 3", lambda word: (word,))]

    assert ["moscou pekin d or, 3"] == found


def test_what_was_typed_lines_up_with_what_is_looked_for() -> None:
    found = {wording.text: wording.typed for wording in wordings("Général Œdipe", inflections)}

    assert all(len(text) == len(typed) for text, typed in found.items())
    assert "Généraux OEdipe" == found["generaux oedipe"]


def test_a_long_phrase_stays_within_bounds() -> None:
    found = wordings(" ".join(["national"] * 9), inflections)

    assert 0 < len(found) <= 256


def test_a_phrase_of_nothing_has_no_wording() -> None:
    assert () == wordings("  ", plurals)


def test_an_entity_without_primary_forms_is_looked_for_by_name() -> None:
    gazetteer = Gazetteer([EntityDef("kharkiv", "Kharkiv")])

    assert {"kharkiv", "kharkivs"} == {form.wording.text for form in gazetteer.forms}


def test_the_strongest_kind_of_a_form_is_kept() -> None:
    gazetteer = Gazetteer([EntityDef("chine", "Chine", primary=("Chine",), alias=("chine", "Pékin"))])

    kinds = {form.wording.text: (form.kind, form.strength) for form in gazetteer.forms}

    assert (FormKind.PRIMARY, 1.0) == kinds["chine"]
    assert (FormKind.ALIAS, 0.8) == kinds["pekin"]


def test_demonyms_and_prefixes_have_roles_in_compounds() -> None:
    gazetteer = Gazetteer([EntityDef("chine", "Chine", demonym=("chinois",), prefix=("sino-",))])

    roles = {form.wording.text: form.role for form in gazetteer.forms}

    assert (Role.FIRST, Role.SECOND) == (roles["sino"], roles["chinoise"])
    assert "sino" in gazetteer.first_parts
    assert "chinoises" in gazetteer.second_parts


def test_a_form_only_listed_as_cased_is_an_alias() -> None:
    gazetteer = Gazetteer([EntityDef("chine", "Chine", primary=("Chine",), cased=("Chine", "RPC"))])

    found = {form.wording.text: (form.kind, form.cased) for form in gazetteer.forms}

    assert (FormKind.PRIMARY, True) == found["chine"]
    assert (FormKind.ALIAS, True) == found["rpc"]


def test_masks_are_inflected_but_for_thoroughfares() -> None:
    gazetteer = Gazetteer([EntityDef("russie", "Russie", excepts=("montagne russe", "rue de Moscou"))])

    texts = {mask.wording.text for mask in gazetteer.masks}

    assert "montagnes russes" in texts
    assert "rue de moscou" in texts
    assert "rues de moscou" not in texts


def test_a_mask_hides_no_form_of_its_entity_that_it_does_not_spell() -> None:
    plural = Gazetteer([EntityDef("russie", "Russie", alias=("Kremlin",), excepts=("kremlins",))])
    same = Gazetteer([EntityDef("russie", "Russie", alias=("Kremlin",), excepts=("kremlin",))])

    assert ["kremlins"] == [mask.wording.text for mask in plural.masks]
    assert "kremlin" in {mask.wording.text for mask in same.masks}


def test_a_mask_of_two_words_is_one_word_in_a_hashtag() -> None:
    masks = Gazetteer([EntityDef("russie", "Russie", excepts=("montagnes russes", "L’or de Moscou"))]).masks
    texts = {mask.wording.text for mask in masks}

    assert {"montagnesrusses", "l or de moscou"} <= texts
    assert "lordemoscou" not in texts


def test_an_exact_mask_is_not_inflected() -> None:
    (mask,) = Gazetteer([EntityDef("chine", "Chine", excepts=("=le chinois",))]).masks

    assert (True, "le chinois") == (mask.exact, mask.wording.typed)


def test_what_a_form_may_name_beside_its_entity() -> None:
    (entity,) = (EntityDef("f", "France", alias=("Paris", "Emmanuel Macron", "Macron"), demonym=("français",)),)
    naming = {form.wording.typed: form.naming for form in Gazetteer([entity]).forms}

    assert [Naming.COUNTRY, Naming.PLACE_OR_PERSON, Naming.PERSON, Naming.PERSON, Naming.COUNTRY] == [
        naming[typed] for typed in ("France", "Paris", "Emmanuel Macron", "Macron", "française")
    ]
