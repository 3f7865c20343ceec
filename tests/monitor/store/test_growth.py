"""What was told of a story, and its growth, in the store."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import AlertId, AlertType, Change, NotificationReason, Standing, Update
from monitor.store import Store
from tests.monitor.store.samples import alert, article, claim, entry, live_feed, match, message, poll, story


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
