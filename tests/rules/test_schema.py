from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rules.pack import bundled_entities, bundled_rules
from rules.schema import schema, schema_text
from rules.source import read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", ["rules/pack.schema.json", "docs/pack.schema.json"])
def test_the_published_schema_is_fresh(path: str) -> None:
    """When it is stale, write `rules.schema.schema_text()` to both files."""
    assert schema_text() == (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.untraced
@pytest.mark.parametrize(("name", "text"), [*bundled_rules(), *bundled_entities()])
def test_bundled_files_follow_the_published_schema(name: str, text: str) -> None:
    jsonschema.validate(read(text, file=name).plain(), schema())


@pytest.mark.parametrize("wrong", [{"id": "a"}, [{"id": "x", "nom": "X"}], 3, {"terms": {}}])
def test_the_published_schema_refuses_what_we_refuse(wrong: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema())
