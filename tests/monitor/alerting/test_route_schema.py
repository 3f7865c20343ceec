"""The JSON Schema of the routes file: it takes what we take, and knows every key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError, validate

from monitor.alerting import route_schema, route_schema_text
from monitor.alerting.manner_file import MANNER_KEYS
from monitor.alerting.route_file import ROUTE_KEYS, SILENCE_KEYS, TOP_KEYS
from monitor.deliver import KINDS
from rules.source import read

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = route_schema(KINDS)
EXAMPLES = [
    (page, text)
    for page in ("routes.md", "alerting.md", "channels.md")
    for text in re.findall(r"```yaml[^\n]*\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    if re.search(r"^route:", text, re.MULTILINE)
]


def test_it_is_a_schema_and_the_published_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert route_schema_text(KINDS) == (DOCS / "routes.schema.json").read_text(encoding="utf-8")
    assert json.loads(route_schema_text(KINDS)) == SCHEMA


@pytest.mark.parametrize(("page", "text"), EXAMPLES)
def test_the_examples_of_the_pages_follow_it(page: str, text: str) -> None:
    validate(read(text, file=page).plain(), SCHEMA)


def test_there_are_examples_of_routes() -> None:
    assert {"routes.md", "alerting.md"} <= {page for page, _ in EXAMPLES}


def test_it_knows_every_key_that_the_file_may_have() -> None:
    inner, silence = (SCHEMA["$defs"][name] for name in ("route", "silence"))
    receivers = SCHEMA["properties"]["receivers"]["additionalProperties"]["oneOf"]
    options = {word: set(shape["properties"]) for each in receivers for word, shape in each["properties"].items()}

    assert set(TOP_KEYS) == set(SCHEMA["properties"])
    assert set(ROUTE_KEYS) == set(inner["properties"])
    assert set(ROUTE_KEYS) - {"matchers", "continue"} == set(SCHEMA["properties"]["route"]["properties"])
    assert set(MANNER_KEYS) <= set(inner["properties"])
    assert set(SILENCE_KEYS) == set(silence["properties"]) == set(silence["required"])
    assert {kind.word: {option.name for option in kind.options} for kind in KINDS} == options


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"route": {}},
        {"route": {"receiver": "journal", "matchers": []}},
        {"route": {"receiver": "journal", "cooldown": "bientôt"}},
        {"route": {"receiver": "journal", "digest": "7h30"}},
        {"route": {"receiver": "journal", "budget": "dix"}},
        {"route": {"receiver": "journal", "quiet_hours": {"from": "22:00"}}},
        {"route": {"receiver": "journal", "routes": [{"matcher": ["level=high"]}]}},
        {"route": {"receiver": "journal"}, "receivers": {"a": {"webhook": {"url": "https://hooks.example/s3cr3t"}}}},
        {"route": {"receiver": "journal"}, "receivers": {"a": {"command": {}}}},
        {"route": {"receiver": "journal"}, "receivers": {"a": {"slack": {}, "email": {}}}},
        {"route": {"receiver": "journal"}, "silences": [{"matchers": ["rule=a"], "author": "A", "reason": "b"}]},
    ],
)
def test_it_refuses_what_we_refuse(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        validate(wrong, SCHEMA)
