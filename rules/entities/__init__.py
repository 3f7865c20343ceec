"""The gazetteer: from entity definitions to the forms and masks that are looked for in folded text."""

from __future__ import annotations

from rules.entities.forms import (
    BARE_STREETS,
    STREETS,
    STRENGTHS,
    THOROUGHFARES,
    VENUES,
    Form,
    Gazetteer,
    MaskForm,
    Naming,
    Role,
    Wording,
    wordings,
)
from rules.entities.inflection import demonyms, inflections, plurals
from rules.entities.names import FIRST_NAMES, RACING, TITLES

__all__ = [
    "BARE_STREETS",
    "FIRST_NAMES",
    "RACING",
    "STREETS",
    "STRENGTHS",
    "THOROUGHFARES",
    "TITLES",
    "VENUES",
    "Form",
    "Gazetteer",
    "MaskForm",
    "Naming",
    "Role",
    "Wording",
    "demonyms",
    "inflections",
    "plurals",
    "wordings",
]
