"""What nobody is told of for a while: somebody said why, and it ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting import MAX_SILENCE, held_back, make_silence, plan, silence_of, silenced
from monitor.model import AlertType, Silence
from rules.errors import ConditionError
from tests.monitor.deliver.samples import MATCH, NOW, ROUTES, STORY, held

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def silence(*matchers: str, lasts: timedelta = DAY, key: str = "") -> Silence:
    return make_silence(matchers, author="Anne", reason="connu", lasts=lasts, now=NOW, key=key)


@pytest.mark.parametrize(
    ("matchers", "holds"),
    [
        ([f'rule="{MATCH.rule.id}"'], True),
        ([f'story="{STORY.id}"'], True),
        ([f'rule="{MATCH.rule.id}"', 'story="st_autre"'], False),
        (['rule="autre"'], False),
        (['type="story.alert.new"'], True),
        (['type="story.recap"'], False),
    ],
)
def test_a_silence_holds_where_all_its_matchers_do(matchers: list[str], *, holds: bool) -> None:
    made = silence(*matchers)

    assert (made if holds else None) == silence_of(MATCH, STORY, [made], now=NOW, type_=AlertType.STORY_NEW)


def test_what_is_silenced_goes_to_nobody_and_says_why() -> None:
    made = silence(f'rule="{MATCH.rule.id}"')
    [alert] = plan([MATCH], STORY, ROUTES, now=NOW)

    assert (replace(alert, receivers=(), silence=made.id),) == silenced([alert], [made], now=NOW)
    assert (alert,) == silenced([alert], [], now=NOW)


def test_a_silence_ends_by_itself_or_when_somebody_ends_it() -> None:
    made = silence(f'rule="{MATCH.rule.id}"', lasts=HOUR)
    [alert] = plan([MATCH], STORY, ROUTES, now=NOW)

    assert [True, True, False, False] == [
        made.is_active(NOW + after) for after in (timedelta(), HOUR / 2, HOUR, -timedelta(seconds=1))
    ]
    assert (alert,) == silenced([alert], [made], now=NOW + HOUR)
    assert (alert,) == silenced([alert], [replace(made, ended_at=NOW)], now=NOW)


@pytest.mark.parametrize(
    ("matchers", "author", "reason", "lasts", "told"),
    [
        (['rule="axe"'], " ", "connu", DAY, "needs an author and a reason"),
        (['rule="axe"'], "Anne", "", DAY, "needs an author and a reason"),
        (['rule="axe"'], "Anne", "connu", timedelta(), "lasts up to 30 days"),
        (['rule="axe"'], "Anne", "connu", MAX_SILENCE + HOUR, "lasts up to 30 days"),
        ([], "Anne", "connu", DAY, "a silence of everything"),
        (['rule!="axe"'], "Anne", "connu", DAY, "a silence of everything"),
        (["axe"], "Anne", "connu", DAY, "is not a matcher"),
    ],
)
def test_a_silence_without_author_reason_end_or_object_is_refused(
    matchers: list[str], author: str, reason: str, lasts: timedelta, told: str
) -> None:
    with pytest.raises(ConditionError, match=told):
        make_silence(matchers, author=author, reason=reason, lasts=lasts, now=NOW)


def test_what_has_the_same_key_is_the_same_silence() -> None:
    assert silence('rule="axe"', key="a").id == silence('rule="axe"', lasts=HOUR, key="a").id
    assert silence('rule="axe"').id != silence('rule="front"').id


def test_what_is_to_leave_is_held_back_by_the_silences_of_that_moment() -> None:
    made, updates = silence('rule="rule-1"', lasts=HOUR), silence('rule="rule-2"', 'type="story.alert.updated"')
    messages = (held(0), held(1), held(2), held(2, is_update=True))

    assert {made.id: messages[1:2], updates.id: messages[3:]} == held_back(messages, [made, updates], now=NOW)
    assert {} == held_back(messages, [made], now=NOW + HOUR)


def test_one_silence_holds_back_all_that_it_holds_for() -> None:
    made, messages = silence('level="medium"'), (held(1), held(2))

    assert {made.id: messages} == held_back(messages, [made], now=NOW)
