"""What matchers say of what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerting.matchers import facts_of, parse_matcher
from rules.errors import ConditionError
from rules.types import Level
from tests.monitor.deliver.samples import MATCH, RULE, STORY, VERDICT

WORDS = st.text('abéЯ"\\|.=~! \n\ud800', max_size=12)


@pytest.mark.parametrize(
    ("matcher", "actual", "holds"),
    [
        ('desk="international"', "international", True),
        ('desk="international"', "international-2", False),
        ("desk=international", "international", True),
        (' desk != "sport" ', "sport", False),
        ('desk!="sport"', "", True),
        ('desk=~"inter.*|monde"', "international", True),
        ('desk=~"inter|monde"', "international", False),  # whole
        ('desk=~"a|monde"', "monde", True),
        ('desk!~"sport|people"', "sport", False),
        ('desk!~"sport|people"', "monde", True),
        ("desk=", "", True),
        ('desk=""', "monde", False),
        (r'desk="un \"mot\" et \\ un autre"', r'un "mot" et \ un autre', True),
        (r'desk=~"\w+ \d{2}"', "desk 12", True),
        ('bureau="étranger"', "monde", False),
    ],
)
def test_a_matcher_compares_the_whole_value(matcher: str, actual: str, holds: bool) -> None:  # noqa: FBT001  a column
    assert holds is parse_matcher(matcher).holds({"desk": actual})


@pytest.mark.parametrize(
    ("matcher", "message", "hint"),
    [
        ("", "'' is not a matcher", "level=~"),
        ("level", "'level' is not a matcher", "level=~"),
        ('level="high', "is not a matcher", "level=~"),
        ("level=high medium", "is not a matcher", "level=~"),
        ('level=="high"', "is not a matcher", "level=~"),
        ("desk=monde,level=high", "is not a matcher", "level=~"),
        ('{level="high"}', "is not a matcher", "level=~"),
        ('desk=~"("', "bad regular expression: missing \\)", "linear time"),
        (r'desk=~"(a)\\1"', "bad regular expression", "linear time"),
        ('level="hihg"', "level is never 'hihg'", "did you mean high"),
        ('level!="urgent!"', "level is never 'urgent!'", "it is low, medium, high, critical"),
        ('wire=~"oui"', "wire is never 'oui'", 'it is true, "", AFP, '),
        ('wire="AFFP"', "wire is never 'AFFP'", "did you mean AFP"),
        ('wire="false"', "wire is never 'false'", 'it is true, "", '),
        ('status="stabel"', "status is never 'stabel'", "did you mean stable"),
        ('completeness="whole"', "completeness is never 'whole'", "full"),
    ],
)
def test_a_matcher_that_tells_nothing_is_refused(matcher: str, message: str, hint: str) -> None:
    with pytest.raises(ConditionError, match=message) as caught:
        parse_matcher(matcher)

    assert hint in caught.value.hint


@given(WORDS)
@example("a=~\ud800")
def test_any_text_is_a_matcher_or_is_refused(text: str) -> None:
    try:
        matcher = parse_matcher(text)
    except ConditionError:
        return

    assert isinstance(matcher.holds({"a": text}), bool)


@given(WORDS)
def test_what_a_quoted_value_says_is_what_it_finds(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    facts = {"desk": value}

    assert parse_matcher(f'desk="{quoted}"').holds(facts)
    assert not parse_matcher(f'desk!="{quoted}"').holds(facts)


@given(WORDS, st.sampled_from(["a|b", "a+", ".*é", ""]))
def test_a_negated_matcher_is_the_opposite(value: str, expression: str) -> None:
    facts = {"desk": value}

    assert parse_matcher(f'desk=~"{expression}"').holds(facts) is not parse_matcher(f'desk!~"{expression}"').holds(
        facts
    )


def test_a_match_is_known_by_its_rule_its_level_and_its_source() -> None:
    assert facts_of(MATCH, STORY) == {
        "desk": "international",
        "level": "high",
        "rule": "axe-moscou-pekin",
        "story": STORY.id,
        "status": "stable",
        "outlet": "La Gazette de Lutèce",
        "completeness": "full",
        "wire": ("",),
        "entity": (),
    }


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [("entity=chine", True), ("entity=russie", True), ("entity!=chine", False), ("entity=~'fr.*'", False)],
)
def test_one_of_several_values_is_enough(matcher: str, holds: bool) -> None:  # noqa: FBT001  a column
    story = replace(STORY, entities=("chine", "russie"))

    assert holds is parse_matcher(matcher.replace("'", '"')).holds(facts_of(MATCH, story))
    assert parse_matcher('entity=""').holds(facts_of(MATCH, STORY))


@pytest.mark.parametrize(
    ("wire", "agency", "held"),
    [
        (True, "AFP", {'wire="AFP"', "wire=true", 'wire!=""', 'wire=~"AFP|AP"', 'wire!="Reuters"'}),
        (True, "Reuters", {'wire="Reuters"', "wire=true", 'wire!=""', 'wire!="AFP"'}),
        (True, None, {"wire=true", 'wire!=""', 'wire!="AFP"', 'wire!="Reuters"'}),  # stored before names were kept
        (None, None, {'wire=""', 'wire!="AFP"', 'wire!="Reuters"'}),
    ],
)
def test_a_dispatch_is_known_by_its_agency_or_as_one_of_any(
    wire: bool | None,  # noqa: FBT001  a column
    agency: str | None,
    held: set[str],
) -> None:
    story = replace(STORY, sources=(replace(STORY.sources[0], wire=wire, agency=agency),))
    facts = facts_of(MATCH, story)
    asked = ['wire="AFP"', 'wire="Reuters"', "wire=true", 'wire!=""', 'wire=""', 'wire=~"AFP|AP"']
    asked += ['wire!="AFP"', 'wire!="Reuters"']

    assert held == {matcher for matcher in asked if parse_matcher(matcher).holds(facts)}


def test_a_label_never_hides_what_is_known() -> None:
    disguised = replace(MATCH, rule=replace(RULE, labels=(("level", "low"), ("outlet", "Autre"))))

    assert ("high", "La Gazette de Lutèce") == tuple(facts_of(disguised, STORY)[name] for name in ("level", "outlet"))


def test_a_match_without_a_level_of_its_own_has_its_rule_s() -> None:
    bare = replace(MATCH, rule=replace(RULE, level=Level.LOW), verdict=replace(VERDICT, level=None))

    assert facts_of(bare, replace(STORY, sources=()))["level"] == "low"
