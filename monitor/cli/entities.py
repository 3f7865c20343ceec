"""`veille entities`: what rules may name with @, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import print_json, print_table, settings_of
from monitor.errors import NotFoundError

if TYPE_CHECKING:
    from rules.types import EntityDef

__all__ = ["entities"]

_FORMS = 8  # shown on a line; all are searched


def entities(
    context: typer.Context,
    words: list[str] = typer.Argument(None, metavar="WORDS…", help="Only those with these words in a form: rdc."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line, with every form."),
) -> None:
    """List or find the entities that rules name with @."""
    from monitor.rulesets import load_rules

    wanted = " ".join(words or [])
    found = _named(load_rules(settings_of(context).rules).entities, wanted)
    if not found:
        raise NotFoundError(f"no entity has {wanted!r} in a form; docs/add-an-entity.md tells how to add one")
    if as_json:
        for entity in found:
            print_json({"id": entity.id, "name": entity.name, "as_of": entity.as_of, "forms": _forms(entity)})
        return
    print_table("Entities", ("id", "name", "also"), [(e.id, e.name, ", ".join(_forms(e)[:_FORMS])) for e in found])


def _forms(entity: EntityDef) -> list[str]:
    """Return the forms as their author typed them; each stands for its inflections."""
    return list(dict.fromkeys((*entity.primary, *entity.alias, *entity.demonym, *entity.prefix)))


def _named(entities: Sequence[EntityDef], wanted: str) -> list[EntityDef]:
    """Return the entities of which a form holds these words, or where there is none, these letters."""
    from rules.text import fold

    sought = fold(wanted).flat
    forms = [(entity, [fold(form).flat for form in (entity.id, entity.name, *_forms(entity))]) for entity in entities]
    by_word = [entity for entity, flat in forms if any(f" {sought} " in f" {form} " for form in flat)]
    return by_word or [entity for entity, flat in forms if any(sought in form for form in flat)]
