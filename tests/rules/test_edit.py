from __future__ import annotations

import pytest

from rules.edit import with_status
from rules.pack import load_pack
from rules.types import RuleDef, Status

RULE = """\
# ours
- id: un
  title: "Un"
  status: stable
  terms: {a: {any: [a1]}}
  condition: a
- id: deux   # the second
  title: "Deux : status: experimental"
  status:   %s   # since May\r
  terms: {a: {any: [b1]}}

  condition: a
"""


def _rules(text: str) -> dict[str, RuleDef]:
    return {rule.id: rule for rule in load_pack([("r.yaml", text)]).rules}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("experimental", "stable"), ('"experimental"', '"stable"'), ("'test'", "'stable'")],
)
def test_only_the_status_of_that_rule_changes(typed: str, expected: str) -> None:
    text = RULE % typed

    assert RULE % expected == with_status(text, _rules(text)["deux"], Status.STABLE)


def test_what_comes_out_is_read_with_the_new_status() -> None:
    text = RULE % "experimental"
    new = with_status(text, _rules(text)["deux"], Status.STABLE)

    assert Status.STABLE is _rules(new)["deux"].status


def test_a_rule_in_a_flow_mapping_is_changed_too() -> None:
    text = "{id: r, status: test, title: R, terms: {a: {any: [a1]}}, condition: a}\n"

    assert text.replace("status: test", "status: stable") == with_status(text, _rules(text)["r"], Status.STABLE)


@pytest.mark.parametrize(
    "text", ["id: autre\nstatus: test\n", "- un\n- [deux]\n", "id: deux\n", "id: deux\nstatus: stable\n"]
)
def test_a_text_that_does_not_hold_the_rule_is_refused(text: str) -> None:
    rule = _rules(RULE % "test")["deux"]

    with pytest.raises(ValueError, match=r"r\.yaml:"):
        with_status(text, rule, Status.STABLE)
