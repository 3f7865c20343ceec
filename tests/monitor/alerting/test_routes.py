"""Who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import JOURNAL, Manner, Route, Routes, default_routes, idle_groups, idle_matchers
from monitor.alerting.matchers import parse_matcher
from monitor.deliver import KINDS
from monitor.model import AlertType, Channel, Receiver
from monitor.settings import Settings
from rules.types import Level, Ref, RuleDef
from tests.monitor.deliver.samples import MATCH, ROUTES, STORY, VERDICT

MAIL = {"smtp_host": "mail.example", "mail_from": "veille@example.org", "mail_to": "desk@example.org"}
NAMES = ("a", "b", "c", JOURNAL)
RECEIVERS = tuple(Receiver(name, Channel.WEBHOOK) for name in "abc")


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


def route(receiver: str, *matchers: str, goes_on: bool = False, routes: tuple[Route, ...] = ()) -> Route:
    return Route(receiver, tuple(map(parse_matcher, matchers)), goes_on=goes_on, routes=routes)


def told(*routes: Route, level: Level = Level.HIGH, first: str = JOURNAL) -> tuple[str, ...]:
    match = replace(MATCH, verdict=replace(VERDICT, level=level))
    return Routes(RECEIVERS, Route(first, routes=routes)).receivers_for(match, STORY)


# --- without a file -------------------------------------------------------------------------------------------------


def test_nothing_configured_is_the_log_only() -> None:
    assert Routes() == default_routes(KINDS, settings())
    assert () == Routes().receivers_for(MATCH, STORY)


def test_every_configured_destination_is_a_receiver_named_after_its_channel() -> None:
    everything = settings(webhook_url="https://a.example", slack_webhook_url="https://b.example", **MAIL)

    assert default_routes(KINDS, everything).receivers == (
        Receiver("webhook", Channel.WEBHOOK),
        Receiver("slack", Channel.SLACK),
        Receiver("mail", Channel.MAIL),
    )


def test_without_a_tree_everyone_is_told_everything() -> None:
    assert ROUTES.names == ROUTES.receivers_for(MATCH, STORY)


# --- the tree -------------------------------------------------------------------------------------------------------


def test_the_first_route_that_holds_takes_the_match() -> None:
    assert ("b",) == told(route("a", "level=low"), route("b", "level=high"), route("c"))


def test_a_match_that_no_route_takes_goes_to_the_receiver_above() -> None:
    assert ("c",) == told(route("a", "level=low"), first="c")


def test_the_journal_is_the_log_only() -> None:
    assert () == told(route("a", "level=low"))
    assert () == told(route(JOURNAL, "level=high"), route("a"))


def test_a_route_may_let_the_next_ones_see_the_match() -> None:
    assert ("a", "c") == told(route("a", "level=high", goes_on=True), route("b", "level=low"), route("c"))


def test_a_route_s_own_routes_come_before_its_receiver() -> None:
    inner = (route("a", "level=critical"), route("b", "desk=international"))

    assert ("b",) == told(route("c", "level=~high|critical", routes=inner))
    assert ("a",) == told(route("c", "level=~high|critical", routes=inner), level=Level.CRITICAL)
    assert ("c",) == told(route("c", "level=~high|critical", routes=inner[:1]))


def test_every_matcher_of_a_route_must_hold() -> None:
    assert ("b",) == told(route("a", "level=high", "desk=sport"), route("b", "level=high", "desk!=sport"))


def test_letting_go_on_is_for_the_routes_beside_and_not_above() -> None:
    inner = (route("a", goes_on=True),)

    assert ("a",) == told(route("b", routes=inner), route("c"))


def test_a_receiver_that_several_routes_name_is_told_once() -> None:
    assert ("b", "a") == told(route("b", goes_on=True), route("a", goes_on=True), route("b"))


TREES = st.recursive(
    st.builds(route, st.sampled_from(NAMES), st.sampled_from(["level=high", "level=low"]), goes_on=st.booleans()),
    lambda inner: st.builds(
        route,
        st.sampled_from(NAMES),
        st.sampled_from(["level=high", "level!=high"]),
        goes_on=st.booleans(),
        routes=st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=12,
)


@given(st.lists(TREES, max_size=4), st.sampled_from(NAMES))
def test_nothing_is_lost_and_nobody_is_told_twice(routes: list[Route], first: str) -> None:
    root = Route(first, routes=tuple(routes))
    taken = [route.receiver for route in Routes(root=root).taken({"level": "high"})]

    assert root.take({"level": "high"})
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(NAMES)


def _rule(id_: str, **labels: str) -> RuleDef:
    return RuleDef(id=id_, title=id_, condition=Ref("a"), terms=(), labels=tuple(labels.items()))


@pytest.mark.parametrize(
    ("matchers", "told"),
    [
        (["rule=front", 'desk=~"inter.*"', "level=high", "wire=true", "outlet=Lutèce"], []),
        (["desk=", "desk!="], []),
        (["rule=frnt"], ["no rule has rule 'frnt'; did you mean front?"]),
        (["desk=internationale"], ["no rule has desk 'internationale'; did you mean international?"]),
        (["desk!=zzz"], ["no rule has desk 'zzz'; there are international"]),
        (["dsk=international"], ["no rule has dsk 'international'; did you mean desk?"]),
    ],
)
def test_a_matcher_that_tells_no_rule_from_another_is_told(matchers: list[str], told: list[str]) -> None:
    rules = [_rule("front", desk="international"), _rule("axe")]
    routes = Routes(root=Route("journal", routes=(route("a", *matchers),)))

    assert told == list(idle_matchers(routes, rules))


def test_without_routes_no_matcher_is_told() -> None:
    assert () == idle_matchers(Routes(), [_rule("front")])


# --- who is reached at all ------------------------------------------------------------------------------------------


def test_without_a_tree_every_receiver_is_used() -> None:
    assert ROUTES.names == ROUTES.used


def test_a_receiver_is_used_where_some_route_however_deep_leads_to_it() -> None:
    inner = (route("b", "level=critical"), route(JOURNAL))

    assert ("b", "c") == Routes(RECEIVERS, Route(JOURNAL, routes=(route("c", routes=inner), route("c")))).used
    assert () == Routes(RECEIVERS, Route(JOURNAL)).used


@given(st.lists(TREES, max_size=4).map(tuple), st.sampled_from(NAMES))
def test_whoever_is_told_of_a_match_is_used(trees: tuple[Route, ...], first: str) -> None:
    assert set(told(*trees, first=first)) <= set(Routes(RECEIVERS, Route(first, routes=trees)).used)


@pytest.mark.parametrize(("type_", "expected"), [(AlertType.STORY_NEW, ("a",)), (AlertType.STORY_RECAP, ("b",))])
def test_a_recap_may_go_another_way_than_what_is_told_at_once(type_: AlertType, expected: tuple[str, ...]) -> None:
    routes = Routes(RECEIVERS, Route("a", routes=(route("b", 'type="story.recap"'),)))

    assert expected == routes.receivers_for(MATCH, STORY, type_)


def test_the_way_to_a_receiver_is_the_route_that_told_it_or_the_first_that_does() -> None:
    first, second = Route("mail", key="ro_1"), Route("mail", key="ro_2")
    routes = Routes(RECEIVERS, Route(JOURNAL, routes=(first, second)))

    assert second == routes.way_to("mail", "ro_2")
    assert first == routes.way_to("mail", "ro_9") == routes.way_to("mail")
    assert Route("slack") == routes.way_to("slack", "ro_2") == Routes().way_to("slack")


def test_a_group_that_no_match_has_is_told() -> None:
    manner = Manner(group_by=("stroy", "desk", "rule", "xyz"))
    [first, second] = idle_groups(Routes(RECEIVERS, Route("a", manner=manner)), [MATCH.rule])

    assert "group_by: no match has stroy; did you mean story?" == first
    assert second.startswith("group_by: no match has xyz; there are ")
