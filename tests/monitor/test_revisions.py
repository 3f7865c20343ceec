"""Articles that change after they were read: what is read again, what is kept, what people are told (promise I9)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.demo import Received
from monitor.model import DeliveryState, Lane
from monitor.settings import TdmPolicy
from monitor.stages import poll_host, read_article
from tests.monitor.bench import FILLER, HOUR_S, TOMORROW_S, Desk, at_desk, write_rules

NEWS = "Kharkiv : la ville s'éveille sous la neige"
QUIET = "Le marché de Noël ouvre samedi"
MINUTE_S = 60.0
LEVELS = """id: alerte
title: "Frappes"
level: high
terms:
  odessa: {any: ["Odessa"], weight: 4}
  frappe: {any: ["frappe"], weight: 6}
condition: "odessa"
score: {threshold: 5}
"""


class Story:
    """One article at /une, and what its site and its feed make of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.published_at = 0.0
        self.title = ""
        self.summary = ""

    async def begin(self, title: str, *paragraphs: str, summary: str = "") -> None:
        """Let the first poll find nothing of ours, and the second one this article."""
        self.desk.site.publish("/rss.xml", self.desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        await self.desk.cycle()
        self.published_at = self.desk.clock.now().timestamp() + HOUR_S - 60
        await self.change(title, *paragraphs, summary=summary, after_s=HOUR_S)

    async def change(self, title: str, *paragraphs: str, summary: str = "", after_s: float = HOUR_S) -> None:
        """Let time pass, and site and feed say this; with paragraphs, its page stands."""
        if paragraphs:
            self.desk.site.page("/une", FILLER, *paragraphs, FILLER)
        self.desk.clock.pass_s(after_s)
        age_s = self.desk.clock.now().timestamp() - self.published_at
        self.desk.site.publish("/rss.xml", self.desk.item("/une", title, summary, age_s=age_s))
        await self.desk.cycle()

    @property
    def asked(self) -> int:
        return self.desk.site.asked("/une")

    @property
    def updates(self) -> list[Received]:
        return [one for one in self.desk.webhook.received if one.payload["type"] == "story.alert.updated"]

    @property
    def told(self) -> list[tuple[str, str]]:
        """What happened, and the title, of each update."""
        data = [one.payload["data"] for one in self.updates]
        return [(one["update"]["reason"], one["story"]["title"]) for one in data]

    @property
    def last(self) -> dict[str, Any]:
        data: dict[str, Any] = self.updates[-1].payload["data"]
        return data


def test_i9_a_changed_title_of_an_alerted_article_is_told_once_as_an_update(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        retitled = "Kharkiv : douze blessés sous la neige"
        await story.change(retitled, "Un texte.")
        await story.change(retitled, "Un texte.", summary="Un résumé.")
        [first] = desk.alerts

        assert [("title_changed", retitled)] == story.told
        assert "corrected" == story.last["notification_reason"]
        assert first.payload["data"]["alert_id"] == story.last["update"]["of"]
        assert NEWS == story.last["update"]["before"]["title"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act)


def test_i9_a_typo_that_is_mended_is_kept_as_a_revision_and_never_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Kharkiv : la vile s'éveille sous la nege", "Un texte.")
        await story.change("Kharkiv : la ville s'éveille sous la neige", "Un texte.")
        [revision] = desk.app.tools.store.revisions()

        assert [] == story.told
        assert ("title",) == revision.changed
        assert (True, True) == ("vile" in revision.before.title, "ville" in revision.after.title)

    at_desk(tmp_path, act)


def test_i9_a_text_that_matches_only_since_it_changed_is_told_as_an_update(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Une nuit sans sommeil", "Un texte.", summary="Récit.")
        await story.change("Une nuit sans sommeil", "À Kharkiv, les trains repartent.", summary="Récit, complété.")

        assert [] == desk.alerts
        assert [("matched", "Une nuit sans sommeil")] == story.told
        assert "of" not in story.last["update"]
        assert "level" not in story.last["update"]["before"]

        await story.change("Une nuit de sommeil", "À Kharkiv, les trains repartent.", after_s=5 * HOUR_S)

        assert story.updates[0].payload["data"]["alert_id"] == story.last["update"]["of"]
        assert "title_changed" == story.last["update"]["reason"]

    at_desk(tmp_path, act)


def test_i9_a_higher_level_is_told_as_an_update_and_a_lower_one_is_not(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    (rules / "alerte.yaml").write_text(LEVELS, encoding="utf-8")

    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Odessa, une nuit sans sommeil", "La nuit.")
        await story.change("Odessa, une nuit sans sommeil", "La nuit. Une frappe.", summary="Une frappe.")
        [first] = desk.alerts

        assert [("level_raised", "Odessa, une nuit sans sommeil")] == story.told
        assert "level_raised" == story.last["notification_reason"]
        assert first.payload["data"]["labels"]["level"] == story.last["update"]["before"]["level"]
        assert story.last["labels"]["level"] == story.last["update"]["after"]["level"]

        await story.change("Odessa, une nuit sans sommeil", "La nuit.", after_s=TOMORROW_S)

        assert 1 == len(story.told)

    at_desk(tmp_path, act, rules=rules)


def test_i9_a_higher_level_that_only_the_page_shows_is_told_as_an_update_of_what_the_title_owed(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    (rules / "alerte.yaml").write_text(LEVELS, encoding="utf-8")

    async def act(desk: Desk) -> None:
        story = Story(desk)
        desk.site.fail("/une", 503)
        await story.begin("Odessa, la nuit")
        desk.site.page("/une", FILLER, "Une frappe. Une frappe encore.", FILLER)
        await desk.cycle(after_s=31)
        [first] = desk.alerts

        assert ["level_raised"] == [reason for reason, _ in story.told]
        assert first.payload["data"]["alert_id"] == story.last["update"]["of"]
        assert "full" == story.last["story"]["sources"][0]["completeness"]
        assert () == desk.app.tools.store.revisions()

    at_desk(tmp_path, act, rules=rules)


def test_i9_what_was_alerted_and_matches_no_longer_is_told_and_so_is_its_return(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Une nuit sans sommeil", "À Kharkiv, la nuit.")
        await story.change("Une nuit sans sommeil", "À Karlsruhe, la nuit.", summary="Rectificatif.")

        assert ["unmatched"] == [reason for reason, _ in story.told]
        [line] = desk.app.tools.store.matches()
        assert line.lost_at == desk.clock.now()

        await story.change("Une nuit sans sommeil", "À Kharkiv, la nuit.", summary="Fin.", after_s=TOMORROW_S)

        assert ["unmatched", "matched"] == [reason for reason, _ in story.told]
        [line] = desk.app.tools.store.matches()
        assert line.lost_at is None

    at_desk(tmp_path, act)


@pytest.mark.parametrize(("status", "asked"), [(410, 2), (404, 3)])
def test_i9_an_alerted_article_whose_page_is_gone_is_told_as_withdrawn(tmp_path: Path, status: int, asked: int) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        desk.site.fail("/une", status)
        await story.change(NEWS, summary="Article retiré.")
        await desk.cycle(after_s=31 * MINUTE_S)
        await desk.cycle(after_s=31 * MINUTE_S)

        assert [("withdrawn", NEWS)] == story.told
        assert asked == story.asked
        [gone] = desk.app.tools.store.revisions()
        [line] = desk.app.tools.store.matches()

        assert ["withdrawn"] == list(gone.changed)
        assert gone.seen_at == line.withdrawn_at
        assert line.is_lost_with_page

        await story.change(NEWS, summary="Toujours retiré.", after_s=TOMORROW_S)
        await desk.cycle(after_s=31 * MINUTE_S)

        assert 1 == len(story.told)
        assert 1 == len(desk.app.tools.store.revisions())

        await story.change(NEWS, "Un texte.", summary="Revenu.", after_s=TOMORROW_S)

        assert ["withdrawn", "matched"] == [reason for reason, _ in story.told]
        [line] = desk.app.tools.store.matches()

        assert (None, None, False) == (line.withdrawn_at, line.lost_at, line.is_lost_with_page)

    at_desk(tmp_path, act)


def test_i9_an_alerted_article_that_leaves_its_feed_early_is_asked_for_once_and_may_be_withdrawn(
    tmp_path: Path,
) -> None:
    async def act(desk: Desk) -> None:
        old = desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S)
        desk.site.publish("/rss.xml", old)
        await desk.cycle()
        told = [desk.item(f"/{n}", f"Kharkiv, jour {n}") for n in range(2)]
        for n in range(2):
            desk.site.page(f"/{n}", FILLER)
        for listed in ((*told, old), (old,)):
            desk.site.publish("/rss.xml", *listed)
            if len(listed) == 1:
                desk.site.fail("/0", 410)
            await desk.cycle(after_s=HOUR_S)
        updates = [one.payload["data"] for one in desk.webhook.received[2:]]

        assert [("withdrawn", "Kharkiv, jour 0")] == [
            (one["update"]["reason"], one["story"]["title"]) for one in updates
        ]

        for listed in ((*told, old), (old,)):
            desk.site.publish("/rss.xml", *listed, desk.item("/trois", "Le marché", age_s=HOUR_S))
            await desk.cycle(after_s=HOUR_S)

        assert (2, 2) == (desk.site.asked("/0"), desk.site.asked("/1"))

    at_desk(tmp_path, act)


@pytest.mark.parametrize("becomes", ["retitled", "gone"])
def test_i9_what_a_second_feed_of_its_site_says_of_an_article_is_followed(tmp_path: Path, becomes: str) -> None:
    async def act(desk: Desk) -> None:
        old = desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S)
        for path in ("/une.xml", "/monde.xml"):
            desk.site.publish(path, old)
        await desk.cycle()
        desk.site.page("/une", FILLER)
        desk.site.publish("/une.xml", desk.item("/une", NEWS), old)
        await desk.cycle(after_s=HOUR_S)
        desk.site.publish("/monde.xml", desk.item("/une", NEWS), old)
        await desk.cycle(after_s=HOUR_S)
        desk.site.publish("/une.xml", desk.item("/deux", QUIET))  # it slides off, or is taken off
        retitled = "Kharkiv : douze blessés sous la neige"
        if becomes == "gone":
            desk.site.fail("/une", 410)
            desk.site.publish("/monde.xml", old)
        else:
            desk.site.publish("/monde.xml", desk.item("/une", retitled), old)
        await desk.cycle(after_s=HOUR_S)
        updates = [one.payload["data"] for one in desk.webhook.received if one.payload["type"] == "story.alert.updated"]

        told = ("withdrawn", NEWS) if becomes == "gone" else ("title_changed", retitled)
        assert [NEWS] == desk.told
        assert [told] == [(one["update"]["reason"], one["story"]["title"]) for one in updates]

    at_desk(tmp_path, act, feeds=("/une.xml", "/monde.xml"))


def test_i9_what_slides_off_the_end_of_its_feed_is_not_asked_for(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        desk.site.publish("/rss.xml", desk.item("/deux", QUIET))
        await desk.cycle(after_s=HOUR_S)

        assert 1 == story.asked

    at_desk(tmp_path, act)


def test_i9_a_page_that_fails_or_goes_behind_a_wall_is_no_correction(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Une nuit sans sommeil", "À Kharkiv, la nuit.")
        desk.site.fail("/une", 403)
        await story.change("Une nuit sans sommeil", summary="Un résumé.")

        assert [] == story.told
        assert () == desk.app.tools.store.revisions()

        await story.change("Une nuit sans repos", summary="Un résumé.")

        assert [("title_changed", "Une nuit sans repos")] == story.told
        [revision] = desk.app.tools.store.revisions()
        assert ("title",) == revision.changed
        assert revision.before.body == revision.after.body

    at_desk(tmp_path, act)


def test_i9_a_title_is_told_while_the_page_is_down_and_the_text_is_read_later(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        desk.site.fail("/une", 503)
        await story.change("Kharkiv : douze blessés")

        assert ["title_changed"] == [reason for reason, _ in story.told]

        desk.site.page("/une", FILLER, "Un autre texte.", FILLER)
        await desk.cycle(after_s=31)

        assert 1 == len(story.told)
        assert [("body",), ("title",)] == [one.changed for one in desk.app.tools.store.revisions()]

    at_desk(tmp_path, act)


def test_i9_a_live_blog_that_changes_every_minute_costs_few_requests_and_messages(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Guerre en Ukraine : le point", "À Kharkiv, 0 heure.")
        for minute in range(50):
            title = f"Guerre en Ukraine : le point de {minute} heures"
            await story.change(title, f"À Kharkiv, {minute + 1} heures.", summary=f"{minute}", after_s=5 * MINUTE_S)

        assert story.asked - 1 <= 4
        assert len(story.updates) <= 4

        await desk.cycle(after_s=TOMORROW_S)

        assert "Guerre en Ukraine : le point de 49 heures" == story.told[-1][1]

        shown = len(story.updates)
        for minute in range(3):
            await story.change(f"EN DIRECT - Ukraine, {minute}", "À Kharkiv.", after_s=2 * TOMORROW_S)

        assert shown == len(story.updates)

    at_desk(tmp_path, act)


def test_i9_where_every_summary_counts_its_readers_a_title_that_changes_is_followed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        await desk.cycle()
        for n in range(8):
            desk.site.page(f"/{n}", FILLER)
        for poll in range(3):
            titles = [f"Kharkiv, jour {n}" for n in range(8)]
            titles[3] += " : ce n’était pas une frappe" if poll == 2 else ""
            items = [desk.item(f"/{n}", title, f"Lu {poll} fois") for n, title in enumerate(titles)]
            desk.site.publish("/rss.xml", *items)
            await desk.cycle(after_s=HOUR_S)
        updates = [one.payload["data"] for one in desk.webhook.received if one.payload["type"] == "story.alert.updated"]

        assert ["Kharkiv, jour 3 : ce n’était pas une frappe"] == [one["story"]["title"] for one in updates]
        assert 9 == sum(desk.site.asked(f"/{n}") for n in range(8))

    at_desk(tmp_path, act)


def test_p8_where_most_of_a_feed_changes_at_once_nothing_is_asked_again_or_told(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        await desk.cycle()
        for suffix in ("", " - La Gazette"):
            items = [desk.item(f"/{n}", f"{NEWS}, jour {n}{suffix}") for n in range(8)]
            for n in range(8):
                desk.site.page(f"/{n}", FILLER)
            desk.site.publish("/rss.xml", *items)
            await desk.cycle(after_s=HOUR_S)

        assert 8 == sum(desk.site.asked(f"/{n}") for n in range(8))
        assert 8 == len(desk.webhook.received)

    at_desk(tmp_path, act)


def test_p8_of_an_old_article_only_a_title_is_looked_at(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        await story.change(NEWS, summary="Un résumé.", after_s=8 * TOMORROW_S)
        await story.change("Kharkiv : douze blessés", summary="Un résumé.", after_s=TOMORROW_S)

        assert 1 == story.asked
        assert [("title_changed", "Kharkiv : douze blessés")] == story.told

    at_desk(tmp_path, act)


def test_p8_an_operator_may_have_no_page_read_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        await story.change("Kharkiv : douze blessés", summary="Un résumé.")

        assert 1 == story.asked
        assert ["title_changed"] == [reason for reason, _ in story.told]

    at_desk(tmp_path, act, rereads_per_day=0)


def test_p5_of_a_reserved_article_a_changed_title_is_told_and_no_text_is_kept(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        desk.site.page("/une", FILLER, head='<meta name="tdm-reservation" content="1">')
        await story.begin(NEWS, summary="Le résumé du flux.")
        await story.change("Kharkiv : douze blessés", summary="Le résumé a changé.")
        [revision] = desk.app.tools.store.revisions()

        assert 1 == story.asked
        assert ["title_changed"] == [reason for reason, _ in story.told]
        assert ("title",) == revision.changed
        assert {""} == {revision.before.lead, revision.before.body, revision.after.lead, revision.after.body}

    at_desk(tmp_path, act, tdm_policy=TdmPolicy.RESPECT)


def test_p5_a_text_that_is_reserved_since_it_was_read_is_let_go_and_its_match_stands(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Une nuit sans sommeil", "À Kharkiv, la nuit.")
        desk.site.page("/une", FILLER, head='<meta name="tdm-reservation" content="1">')
        await story.change("Une nuit sans sommeil", summary="Un résumé.")
        [line] = desk.app.tools.store.matches()

        assert [] == story.told
        article = desk.app.tools.store.match(str(line.id)).article
        assert ("", "") == (article.lead, article.body)

    at_desk(tmp_path, act)


def test_i9_what_the_recap_told_is_updated_and_what_waits_for_it_is_not(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        desk.site.page("/une", FILLER, "Un texte.")
        desk.site.publish("/rss.xml", desk.item("/une", NEWS))
        await desk.cycle()
        story.published_at = desk.clock.now().timestamp() - 60
        await story.change("Kharkiv : douze blessés", "Un texte.")
        [recap] = desk.recaps

        assert [("title_changed", "Kharkiv : douze blessés")] == story.told
        assert recap.payload["data"]["alert_id"] == story.last["update"]["of"]

    at_desk(tmp_path, act)


def test_i9_a_rule_that_is_younger_than_the_text_tells_nothing_of_it(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin("Une nuit sans sommeil", "Un texte sur la digue.")
        rules = desk.app.tools.settings.rules
        assert rules is not None
        (rules / "digue.txt").write_text("digue\n", encoding="utf-8")
        await desk.app.reload()
        await story.change("Une nuit sans sommeil", "Un texte sur la digue.", summary="Un résumé.")

        assert [] == desk.webhook.received
        assert ["digue"] == [line.rule for line in desk.app.tools.store.matches()]

    at_desk(tmp_path, act)


def test_i9_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        desk.site.publish("/rss.xml", desk.item("/vieux", QUIET, age_s=10 * TOMORROW_S))
        await desk.cycle()
        story.published_at = desk.clock.now().timestamp()
        tools = desk.app.tools
        desk.site.page("/une", FILLER)
        await _poll(desk, "Une nuit sans sommeil")
        [claim] = tools.store.claim_entries(now=desk.clock.now(), owner="moi", lease_s=60, limit=9, lane=Lane.FAST)
        await _poll(desk, NEWS)
        await read_article(tools, claim)

        assert 1 == tools.store.entries_waiting(now=desk.clock.now())

        await desk.cycle()

        assert [("matched", NEWS)] == story.told

    at_desk(tmp_path, act)


async def _poll(desk: Desk, title: str) -> None:
    """Poll the feed, and read nothing."""
    desk.clock.pass_s(HOUR_S)
    desk.site.publish("/rss.xml", desk.item("/une", title))
    [claim] = desk.app.tools.store.claim_hosts(now=desk.clock.now(), owner="moi", lease_s=60, limit=9)
    await poll_host(desk.app.tools, claim)


def test_d2_killed_before_its_end_a_second_reading_is_done_again_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> None:
        story = Story(desk)
        await story.begin(NEWS, "Un texte.")
        store = desk.app.tools.store

        class Killed(BaseException):
            pass

        def kill(*_: object, **__: object) -> None:
            raise Killed

        await _poll(desk, "Kharkiv : douze blessés")
        [claim] = store.claim_entries(now=desk.clock.now(), owner="moi", lease_s=60, limit=9, lane=Lane.FAST)
        with monkeypatch.context() as patched:
            patched.setattr("monitor.store.articles.add_deliveries", kill)
            with pytest.raises(Killed):
                await read_article(desk.app.tools, claim)

        assert (0, 0) == (len(store.revisions()), len(store.deliveries(state=DeliveryState.PENDING)))

        store.release_leases(now=desk.clock.now(), interrupted=True)
        await desk.cycle()
        await desk.cycle(after_s=timedelta(days=1).total_seconds())

        assert [("title_changed", "Kharkiv : douze blessés")] == story.told
        assert 1 == len(store.revisions())

    at_desk(tmp_path, act)
