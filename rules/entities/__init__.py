"""The gazetteer: from entity definitions to the forms and masks that are looked for in folded text."""

from __future__ import annotations

from rules.entities.forms import STREETS, STRENGTHS, THOROUGHFARES, Form, Gazetteer, Role, Wording, wordings
from rules.entities.inflection import demonyms, inflections, plurals

__all__ = [
    "STREETS",
    "STRENGTHS",
    "THOROUGHFARES",
    "Form",
    "Gazetteer",
    "Role",
    "Wording",
    "demonyms",
    "inflections",
    "plurals",
    "wordings",
]
