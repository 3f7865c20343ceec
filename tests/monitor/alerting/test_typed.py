"""Facts that people type."""

from __future__ import annotations

import pytest

from monitor.alerting import Route, Routes, check_matchers, check_typed
from monitor.alerting.matchers import parse_matcher
from rules.errors import ConditionError
from tests.monitor.deliver.samples import RULE

ROUTES = Routes(root=Route("journal", routes=(Route("journal", (parse_matcher('revue!~"a.*"'),)),)))


def check(*typed: tuple[str, str]) -> None:
    check_typed(typed, ROUTES, [RULE], ["chine"])


def test_what_a_match_may_have_passes() -> None:
    check(
        *(("level", "high"), ("status", "test"), ("wire", ""), ("type", "story.recap"), ("completeness", "full")),
        *(("outlet", "n'importe lequel"), ("story", "st_1"), ("rule", RULE.id), ("entity", "chine")),
        ("desk", "international"),
    )


def test_a_label_that_a_route_asks_for_may_be_of_a_rule_to_come() -> None:
    check(("revue", "abc"))


@pytest.mark.parametrize(
    ("typed", "told", "hint"),
    [
        (("level", "hig"), "level is never 'hig'", "did you mean high?"),
        (("rule", "axe-moscou"), "there is no rule 'axe-moscou'", "axe-moscou-pekin"),
        (("entity", "china"), "there is no entity 'china'", "did you mean chine?"),
        (("desk", "internationale"), "there is no desk 'internationale'", "did you mean international?"),
        (("outlett", "Radio"), "no rule has a label outlett", "did you mean outlet?"),
        (("revue", "xyz"), "no rule has a label revue", ""),
    ],
)
def test_what_no_match_has_is_refused_with_what_was_meant(typed: tuple[str, str], told: str, hint: str) -> None:
    with pytest.raises(ConditionError, match=told) as refused:
        check(typed)

    assert hint in refused.value.hint


def doubts(*matchers: str) -> tuple[str, ...]:
    return check_matchers(matchers, ROUTES, [RULE], ["chine"])


def test_matchers_of_what_there_is_leave_no_doubt() -> None:
    assert () == doubts(f'rule="{RULE.id}"', 'rule!~"axe.*"', 'story="st_1"', "level=high", "entity=chine")
    assert () == doubts('desk="international"')


def test_matchers_of_a_rule_that_is_not_there_yet_are_doubted() -> None:
    assert ("there is no rule 'axe-moscou'; did you mean axe-moscou-pekin?",) == doubts("rule=axe-moscou")
    assert ("there is no revue 'abc'",) == doubts("revue=abc")


def test_a_matcher_of_a_label_that_nothing_has_is_refused_with_what_was_meant() -> None:
    with pytest.raises(ConditionError, match="no rule has a label rulle") as refused:
        doubts('rulle="b"')

    assert "did you mean rule?" in refused.value.hint
