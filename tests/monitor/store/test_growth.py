"""What was told of a story, and its growth, in the store."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Alert, AlertId, AlertType, Change, Held, NotificationReason, Standing, Update, Why
from monitor.store import OutboxItem, Store
from rules.types import Level, Match
from tests.monitor.store.samples import (
    NOW,
    SILENCE,
    WEBHOOK,
    after,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    message,
    poll,
    record,
    story,
)


def test_what_was_told_of_any_article_of_a_story_is_known_and_its_growth_is_written_once(store: Store) -> None:
    for name in ("a", "b"):
        poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    first, second = claim(store)
    known = alert("7K2QXYZ0", match("axe"))
    at = known.planned_at
    store.record_article(
        first.id, article(), story=story("s"), matches=known.matches, alerts=[(known, [message()])], now=at
    )
    [told] = store.told_of_story(story("s").id)

    assert ("axe", ((known.id, ("webhook",)),)) == (told.match.rule.id, told.first)

    standing = Standing("Une visite")
    grown = replace(
        alert("GR0WN000", match("axe"), type_=AlertType.STORY_UPDATED),
        reason=NotificationReason.STORY_GREW,
        update=Update(AlertId(known.id), Change.GREW, standing, standing),
    )
    growth = [(grown, [message("GR0WN000")], told.match_id)]
    recorded = store.record_article(
        second.id, article(), story=story("s"), matches=[], alerts=[], growth=[*growth, *growth], now=at
    )

    assert (grown,) == recorded.alerts
    assert {"al_7K2QXYZ0", "al_GR0WN000"} == {line.alert_id for line in store.deliveries()}
    assert 2 == store.told_of_story(story("s").id)[0].times
    assert () == store.told_of_story("st_unknown")


def test_an_update_is_the_first_that_those_hear_who_had_been_told_nothing(store: Store) -> None:
    poll(store, live_feed(store, "https://a.example/rss"), entry("a"))
    (claimed,) = claim(store)
    known = alert("7K2QXYZ0", match("axe"))
    standing = Standing("Une visite")
    desk = replace(WEBHOOK, name="desk")
    updates: list[tuple[Alert, list[OutboxItem]]] = []
    for name in ("RA1SED00", "GR0WN000"):
        raised = replace(
            alert(name, match("axe"), type_=AlertType.STORY_UPDATED),
            receivers=("webhook", "desk"),
            update=Update(
                known.id,
                Change.LEVEL_RAISED,
                standing,
                standing,
                firsts=(("webhook", known.id), *(("desk", one.id) for one, _ in updates)),
            ),
        )
        updates.append((raised, [message(name), message(name, desk)]))
    for told in ((known, [message()]), *updates):
        record(store, claimed, told, story=story("s"), done=False)
    [told_of_it] = store.told_of_story(story("s").id)

    assert ((known.id, ("webhook",)), ("al_RA1SED00", ("desk",))) == told_of_it.first


def test_whom_a_silence_kept_a_message_from_was_not_told_and_an_update_is_the_first_that_they_hear(
    store: Store,
) -> None:
    poll(store, live_feed(store, "https://a.example/rss"), entry("a"))
    (claimed,) = claim(store)
    desk, standing = replace(WEBHOOK, name="desk"), Standing("Une visite")
    known = replace(alert("7K2QXYZ0", match("axe")), receivers=("webhook", "desk"))
    held = replace(message("7K2QXYZ0", desk), held=Held(Why.QUIET_HOURS, known.planned_at))
    record(store, claimed, (known, [message(), held]), story=story("s"), done=False)

    def told() -> tuple[tuple[AlertId, tuple[str, ...]], ...]:
        [one] = store.told_of_story(story("s").id)
        assert {name for name, _ in one.highest} == {name for _, names in one.first for name in names}
        return one.first

    assert ((known.id, ("webhook", "desk")),) == told()

    _silence(store)

    assert ((known.id, ("webhook",)),) == told()

    for name, is_heard in (("RA1SED00", False), ("RA1SED01", True)):
        raised = replace(
            alert(name, match("axe"), type_=AlertType.STORY_UPDATED),
            receivers=known.receivers,
            update=Update(known.id, Change.LEVEL_RAISED, standing, standing, firsts=(("webhook", known.id),)),
        )
        waits = replace(message(name, desk), held=Held(Why.QUIET_HOURS, known.planned_at))
        record(store, claimed, (raised, [message(name), waits]), story=story("s"), done=False)
        if not is_heard:
            _silence(store)

    assert ((known.id, ("webhook",)), ("al_RA1SED01", ("desk",))) == told()


def _silence(store: Store) -> None:
    """Let a silence hold for all that is held."""
    held = store.due_messages(receivers=("desk",), digesters=(), now=NOW, limit=5)
    store.settle_silenced([one.id for one in held], SILENCE.id, now=NOW)


def test_the_highest_level_that_each_was_told_is_known_whatever_came_after(store: Store) -> None:
    for name in ("a", "b"):
        poll(store, live_feed(store, f"https://{name}.example/rss"), entry(name, link=f"https://{name}.example/{name}"))
    one, two = claim(store)
    desk = replace(WEBHOOK, name="desk")
    first, high, standing = alert("7K2QXYZ0", match("axe")), _at(Level.HIGH, match("axe")), Standing("Une visite")
    raised = replace(
        alert("RA1SED00", high, type_=AlertType.STORY_UPDATED),
        receivers=("desk",),
        update=Update(first.id, Change.LEVEL_RAISED, standing, standing),
    )
    fell = replace(
        raised, id=AlertId("al_FE11"), planned_at=after(5), matches=first.matches, receivers=("webhook", "desk")
    )
    for told in ((first, [message()]), (raised, [message("RA1SED00", desk)]), (fell, [])):
        record(store, one, told, story=story("s"), done=False)
    record(store, two, (first, []), story=story("s"))
    known, joined = store.told_of_story(story("s").id)

    assert (Level.MEDIUM, {"webhook": Level.MEDIUM, "desk": Level.HIGH}) == (known.level, dict(known.highest))
    assert (((first.id, ("webhook",)),), ()) == (joined.first, joined.highest)


def test_a_level_that_a_burst_raised_is_the_one_that_is_told_from_then_on(store: Store) -> None:
    poll(store, live_feed(store, "https://a.example/rss"), entry("a"), entry("b", link="https://gazette.example/b"))
    first, second = claim(store)
    known = alert("7K2QXYZ0", match("axe"))
    at = known.planned_at
    store.record_article(
        first.id, article(), story=story("s"), matches=known.matches, alerts=[(known, [message()])], now=at, done=False
    )
    [told] = store.told_of_story(story("s").id)

    assert (Level.MEDIUM, False) == (told.level, told.is_raised)

    critical = _at(Level.CRITICAL, told.match)
    standing = Standing("Une visite")
    raised = replace(
        alert("RA1SED00", critical, type_=AlertType.STORY_UPDATED),
        reason=NotificationReason.LEVEL_RAISED,
        update=Update(AlertId(known.id), Change.LEVEL_RAISED, standing, standing),
    )
    held = replace(message("RA1SED00"), held=Held(Why.QUIET_HOURS, at), route="route", group="g")
    store.record_article(
        second.id, article(), story=story("s"), matches=[], alerts=[], growth=[(raised, [held], told.match_id)], now=at
    )
    [told] = store.told_of_story(story("s").id)
    [waiting] = store.due_messages(receivers=("webhook",), digesters=(), now=at, limit=5)

    assert (Level.CRITICAL, True) == (told.level, told.is_raised)
    assert (Level.CRITICAL,) * 2 == (told.match.verdict.level, waiting.match.verdict.level)

    again = replace(raised, id=AlertId("al_AGA1N000"), matches=(match("axe"),))  # its title changed, say
    for matched, is_raised in ((match("axe"), True), (_at(Level.CRITICAL, match("axe")), False)):
        store.record_article(
            first.id,
            article(),
            story=story("s"),
            matches=[matched],
            alerts=[(replace(again, matches=(matched,)), [])],
            now=at,
            done=False,
        )
        [told] = store.told_of_story(story("s").id)

        assert (Level.CRITICAL, is_raised) == (told.match.verdict.level, told.is_raised)


def test_a_first_alert_may_be_told_higher_than_its_rule_says(store: Store) -> None:
    poll(store, live_feed(store, "https://a.example/rss"), entry("a"))
    (claimed,) = claim(store)
    high = match("axe")
    told = alert("7K2QXYZ0", _at(Level.CRITICAL, high))
    store.record_article(
        claimed.id, article(), story=story("s"), matches=[high], alerts=[(told, [message()])], now=told.planned_at
    )

    assert [Level.CRITICAL] == [one.level for one in store.told_of_story(story("s").id)]


def _at(level: Level, matched: Match) -> Match:
    return replace(matched, verdict=replace(matched.verdict, level=level))
