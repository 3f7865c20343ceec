"""What is compared of an article as JSON values: for the store, and for the child that makes it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from monitor.model import ArticleKind, Features

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["features_from", "features_values"]


def features_values(features: Features) -> dict[str, Any]:
    """Return features as JSON values."""
    values = {field.name: getattr(features, field.name) for field in fields(features)}
    return values | {"minhash": features.minhash.hex()}


def features_from(values: Mapping[str, Any]) -> Features:
    """Return the features that `features_values` told."""
    return Features(
        kind=ArticleKind(values["kind"]),
        text=values["text"],
        minhash=bytes.fromhex(values["minhash"]),
        terms=tuple((term, weight) for term, weight in values["terms"]),
        title=tuple(values["title"]),
        head=tuple(values["head"]),
        names=tuple(values["names"]),
        numbers=tuple((value, what) for value, what in values["numbers"]),
        title_developments=tuple(values.get("title_developments", ())),  # none: it was stored by an earlier version
        head_developments=tuple(values.get("head_developments", ())),
    )
