"""Messages that are held, in a whole daemon: real store, real HTTP, a clock that begins at 08:00 UTC on a Monday."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerting import make_silence
from monitor.model import DeliveryState, History, Silence
from monitor.store import Store
from tests.clock import ManualClock
from tests.monitor.bench import HOUR_S, Desk, at_desk, eventually

MINUTE_S = 60.0


def written(folder: Path, manner: str, more: str = "") -> Path:
    """Return a routes file in which everything goes to the webhook in some manner."""
    file = folder / "routes.yaml"
    text = f"route:\n  receiver: desk\n  {manner}\ntime_zone: Europe/Paris\nreceivers: {{desk: {{webhook: {{}}}}}}\n"
    file.write_text(text + more, encoding="utf-8")
    return file


def routed(folder: Path, *routes: str) -> Path:
    """Return a routes file with these routes in the first, which is the log only."""
    file = folder / "routes.yaml"
    listed = "".join(f"    - {route}\n" for route in routes)
    text = f"route:\n  receiver: journal\n  routes:\n{listed}receivers: {{desk: {{webhook: {{}}}}}}\n"
    file.write_text(text, encoding="utf-8")
    return file


async def began(desk: Desk) -> None:
    """Read a feed for the first time; what comes later is news."""
    desk.site.publish("/rss.xml", desk.item("/vieux", "Le marché ouvre samedi", age_s=HOUR_S))
    await desk.cycle()


async def news(desk: Desk, *names: str, after_s: float = HOUR_S) -> None:
    """Let time pass, and articles on Kharkiv appear."""
    desk.clock.pass_s(after_s)
    items = []
    for name in names:
        desk.site.page(f"/{name}", f"{name} : des nouvelles de Kharkiv, au sujet de {name}. " * 8)
        items.append(desk.item(f"/{name}", f"Kharkiv : {name}", f"Résumé de {name}"))
    desk.site.publish("/rss.xml", *items)
    await desk.cycle()


def sent(desk: Desk) -> list[tuple[str, int]]:
    """Return the type of each message that came, and how many stories it tells."""
    told = [received.payload for received in desk.webhook.received]
    return [(one["type"], len(one["data"].get("items", [0]))) for one in told]


def data(desk: Desk) -> dict[str, Any]:
    return dict(desk.webhook.received[-1].payload["data"])


def test_quiet_hours_hold_and_end_with_one_message(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", after_s=14 * HOUR_S)

        assert [] == sent(desk)
        assert 2 == len(desk.app.tools.store.deliveries(state=DeliveryState.HELD))

        await desk.cycle(after_s=7 * HOUR_S)

        assert [] == sent(desk)

        await desk.cycle(after_s=HOUR_S)

        assert [("story.digest", 2)] == sent(desk)
        assert "quiet_hours" == data(desk)["digest"]["held"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, routes=written(tmp_path, 'quiet_hours: {from: "22:00", to: "06:30"}'))


def test_what_quiet_hours_hold_leaves_before_what_comes_later_once_they_are_taken_out(tmp_path: Path) -> None:
    file = written(tmp_path, 'quiet_hours: {from: "22:00", to: "06:30"}')

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", after_s=14 * HOUR_S)
        written(tmp_path, "group_by: [story, rule]")
        await desk.app.reload()
        await desk.cycle()
        await news(desk, "tramway")

        assert [("story.digest", 2), ("story.alert.new", 1)] == sent(desk)

    at_desk(tmp_path, act, routes=file)


def test_what_is_held_follows_a_routes_file_that_changed_while_the_daemon_was_away(tmp_path: Path) -> None:
    file = written(tmp_path, 'quiet_hours: {from: "22:00", to: "06:30"}')

    async def first(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", after_s=14 * HOUR_S)
        written(tmp_path, "group_by: [story, rule]")

    async def second(desk: Desk) -> None:
        await desk.cycle()

        assert ("story.digest", 2) in sent(desk)

    night = ManualClock()
    at_desk(tmp_path, first, routes=file, clock=night)
    at_desk(tmp_path, second, routes=file, clock=night)


def test_what_is_held_follows_a_budget_that_is_raised_and_quiet_hours_that_are_shortened(tmp_path: Path) -> None:
    file = written(tmp_path, 'budget: "1/day"\n  quiet_hours: {from: "22:00", to: "09:30"}')

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "a")
        await news(desk, "b")
        await news(desk, "c", after_s=12 * HOUR_S)

        assert [("story.alert.new", 1)] == sent(desk)

        written(tmp_path, 'budget: "2/day"\n  quiet_hours: {from: "22:00", to: "01:00"}')
        await desk.app.reload()
        await desk.cycle()

        assert {"quiet_hours"} == {one.why for one in desk.app.tools.store.deliveries(state=DeliveryState.HELD)}
        assert 1 == len(sent(desk))

        await desk.cycle(after_s=2 * HOUR_S)

        assert [("story.alert.new", 1), ("story.digest", 2)] == sent(desk)

    at_desk(tmp_path, act, routes=file)


@pytest.mark.parametrize(
    ("manner", "asked"),
    [
        ('budget: "1/day"', 1),
        ('group_by: [rule]\n  cooldown: "12h"', 1),
        ('budget: "9/day"\n  quiet_hours: {from: "22:00", to: "06:30"}', 0),
        ('budget: "9/day"\n  group_by: [rule]\n  group_wait: "1h"', 0),
    ],
)
def test_what_a_route_told_is_asked_once_for_all_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, asked: int
) -> None:
    histories: list[str] = []
    ask = Store.route_history

    def counted(self: Store, receiver: str, **given: Any) -> History:
        histories.append(receiver)
        return ask(self, receiver, **given)

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "a", "b", "c", after_s=14 * HOUR_S)
        monkeypatch.setattr(Store, "route_history", counted)
        await desk.app.reload()

        assert asked == len(histories)
        assert len(desk.app.tools.store.deliveries(state=DeliveryState.HELD)) > 1

    at_desk(tmp_path, act, routes=written(tmp_path, manner))


def test_r4_what_an_article_waits_for_while_others_wait_goes_before_what_polls_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turn: list[str] = []

    async def act(desk: Desk) -> None:
        tools = desk.app.tools
        run = tools.thread.run

        async def noted(function: Callable[..., object], *args: object, **given: object) -> object:
            if tools.grouping.locked() and function.__name__ == "route_history":
                in_turn.append(function.__name__)
            return await run(function, *args, **given)

        await began(desk)
        monkeypatch.setattr(tools.thread, "run", noted)
        await news(desk, "a", "b")

        assert 2 == len(desk.app.tools.store.deliveries())
        assert [] == in_turn

    at_desk(tmp_path, act, routes=written(tmp_path, 'cooldown: "2h"'))


def test_a_digest_comes_at_its_times_empty_ones_too(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts")

        assert [] == sent(desk)

        await desk.cycle(after_s=9 * HOUR_S)

        assert [("story.digest", 2)] == sent(desk)
        assert {"since", "until", "near_misses", "silenced", "silences", "sources"} == data(desk)["digest"].keys()
        assert 1 == data(desk)["digest"]["sources"]["feeds"]

        await desk.cycle(after_s=MINUTE_S)
        await desk.cycle(after_s=24 * HOUR_S)

        assert [("story.digest", 2), ("story.digest", 0)] == sent(desk)

        desk.clock.pass_s(-2 * HOUR_S)
        await desk.cycle()

        assert 2 == len(sent(desk))
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, routes=written(tmp_path, 'digest: "18:00"'))


def test_d1_a_digest_accounts_for_all_that_was_held_however_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.stages.holding._HELD_AT_ONCE", 2)

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", "tramway", "hôpital", "marché")
        await desk.cycle(after_s=9 * HOUR_S)

        assert [("story.digest", 5)] == sent(desk)
        assert {DeliveryState.GROUPED: 5, DeliveryState.SENT: 1} == Counter(
            line.state for line in desk.app.tools.store.deliveries()
        )

    at_desk(tmp_path, act, routes=written(tmp_path, 'digest: "18:00"'))


def test_a_digest_that_was_due_while_the_daemon_was_away_is_sent_late_and_once(tmp_path: Path) -> None:
    file = written(tmp_path, 'digest: "18:00"')

    async def first(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes")

        assert [] == sent(desk)

    async def second(desk: Desk) -> None:
        await desk.cycle(after_s=72 * HOUR_S)
        await desk.cycle(after_s=MINUTE_S)

        assert [("story.digest", 1), ("system.failing", 1)] == sorted(sent(desk))  # its feed is gone, too

    at_desk(tmp_path, first, routes=file)
    at_desk(tmp_path, second, routes=file)


def test_a_budget_tells_that_it_is_spent_and_the_rest_comes_in_one_message(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        for name in "abcd":
            await news(desk, name, after_s=6 * MINUTE_S)

        assert [("story.alert.new", 1)] * 2 == sent(desk)
        assert 1 == sum("budget_until" in received.payload["data"] for received in desk.webhook.received)

        await desk.cycle(after_s=HOUR_S)

        assert ("story.digest", 2) == sent(desk)[-1]
        assert "budget" == data(desk)["digest"]["held"]
        assert "budget_until" not in data(desk)

    at_desk(tmp_path, act, routes=written(tmp_path, 'budget: "2/h"'))


@pytest.mark.parametrize("manner", ['budget: "1/h"', 'group_wait: "5 min"\n  group_by: [rule]\n  budget: "1/h"'])
def test_one_message_for_several_that_takes_the_last_place_of_a_budget_says_so(tmp_path: Path, manner: str) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "a", "b", "c")
        await desk.cycle(after_s=2 * HOUR_S)

        until = desk.clock.now() + timedelta(hours=1)
        assert "story.digest" == sent(desk)[-1][0]
        assert until == datetime.fromisoformat(data(desk)["budget_until"])

    at_desk(tmp_path, act, routes=written(tmp_path, manner))


def test_a_budget_outlives_a_route_that_is_inserted_above(tmp_path: Path) -> None:
    file = routed(tmp_path, '{receiver: desk, matchers: [rule!=x], budget: "2/h"}')

    async def act(desk: Desk) -> None:
        await began(desk)
        for name in "ab":
            await news(desk, name, after_s=6 * MINUTE_S)
        routed(tmp_path, "{matchers: [rule=x]}", '{receiver: desk, matchers: [rule!=x], budget: "2/h"}')
        await desk.app.reload()
        await news(desk, "c", after_s=6 * MINUTE_S)

        assert [("story.alert.new", 1)] * 2 == sent(desk)
        assert ["held"] == [one.state for one in desk.app.tools.store.deliveries(state=DeliveryState.HELD)]

        await desk.cycle(after_s=HOUR_S)

        assert [("story.alert.new", 1)] * 3 == sent(desk)

    at_desk(tmp_path, act, routes=file)


def test_what_a_route_holds_leaves_when_the_route_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = routed(tmp_path, '{receiver: desk, matchers: [rule!=x], budget: "1/day"}')

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "a", after_s=6 * MINUTE_S)
        await news(desk, "b", after_s=6 * MINUTE_S)
        renamed = file.read_text(encoding="utf-8").replace("desk", "bureau")
        file.write_text(renamed, encoding="utf-8")
        await desk.app.reload()
        await desk.cycle(after_s=24 * HOUR_S)

        assert 1 == len(sent(desk))
        [orphaned] = [record for record in caplog.records if record.message == "deliveries_orphaned"]
        assert "desk: messages wait for it, 1 in all, and it is no longer a receiver" in vars(orphaned)["error"]

        routed(tmp_path, "{receiver: desk, matchers: [rule=y]}")
        await desk.app.reload()
        await desk.cycle(after_s=MINUTE_S)

        assert 2 == len(sent(desk))

    at_desk(tmp_path, act, routes=file)


def test_a_group_waits_and_cools_down(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "a", "b")
        await desk.cycle(after_s=5 * MINUTE_S)

        assert [("story.digest", 2)] == sent(desk)

        await news(desk, "c", after_s=HOUR_S)

        assert 1 == len(sent(desk))

        await desk.cycle(after_s=HOUR_S)

        assert [("story.digest", 2), ("story.alert.new", 1)] == sent(desk)

    manner = 'group_by: [rule]\n  group_wait: "5 min"\n  cooldown: "2h"'
    at_desk(tmp_path, act, routes=written(tmp_path, manner))


def test_routes_are_read_again_and_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, 'digest: "18:00"')
    at_once = file.read_text(encoding="utf-8").replace('digest: "18:00"', "group_by: [story]")

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "un")
        file.write_text("route: {receiver: nobody}\n", encoding="utf-8")
        await desk.app.reload()
        await desk.cycle()

        assert [("rules.rejected", 1)] == sent(desk)
        assert "routes.yaml:1:19: there is no receiver nobody" in data(desk)["errors"][0]
        assert str(tmp_path) not in str(data(desk))

        file.write_text(at_once, encoding="utf-8")
        await desk.app.reload()
        await news(desk, "deux")

        # what was held for the digest that is no more is told too
        assert {"rules.rejected", "story.alert.new"} == {kind for kind, _ in sent(desk)}
        assert 3 == len(sent(desk))

        file.write_text("route: {receiver: journal}\n", encoding="utf-8")
        await desk.app.reload()
        await news(desk, "trois")

        assert 3 == len(sent(desk))
        assert {} == desk.app.runner.messages

        file.write_text(at_once, encoding="utf-8")
        await desk.app.reload()
        desk.app.runner.start()
        await news(desk, "quatre")

        assert 4 == len(sent(desk))

        file.write_text("route: {receiver: journal}\n", encoding="utf-8")
        await desk.app.reload()
        file.write_text(at_once, encoding="utf-8")
        await desk.app.reload()
        await eventually(lambda: ["desk"] == list(desk.app.runner.messages))

    at_desk(tmp_path, act, routes=file)


def test_a_silence_of_the_file_keeps_an_alert_in_the_log(tmp_path: Path) -> None:
    silence = "silences: [{matchers: ['rule=~\"kharkiv.*\"'], author: Léa, reason: essai, until: '2026-03-20'}]\n"

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes")

        assert [] == sent(desk)
        assert 1 == len(desk.app.tools.store.matches(limit=5))

    at_desk(tmp_path, act, routes=written(tmp_path, "group_by: [story]", silence))


def test_a_cooldown_that_ends_at_night_lasts_until_the_morning(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", after_s=11 * HOUR_S)
        await news(desk, "renforts")
        await desk.cycle(after_s=1.75 * HOUR_S)

        assert [("story.alert.new", 1)] == sent(desk)

        await desk.cycle(after_s=9 * HOUR_S)

        assert [("story.alert.new", 1)] * 2 == sent(desk)

    manner = 'group_by: [rule]\n  cooldown: "150 min"\n  quiet_hours: {from: "22:00", to: "06:30"}'
    at_desk(tmp_path, act, routes=written(tmp_path, manner))


def test_groups_whose_waits_end_together_are_no_more_than_the_budget(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", "usine", "gare", "pont")
        await desk.cycle(after_s=10 * MINUTE_S)

        assert [("story.alert.new", 1)] * 2 == sent(desk)

        await desk.cycle(after_s=25 * HOUR_S)

        assert [("story.alert.new", 1)] * 2 + [("story.digest", 3)] == sent(desk)

    at_desk(tmp_path, act, routes=written(tmp_path, 'group_wait: "5 min"\n  budget: "2/day"'))


def test_an_update_for_which_no_route_leads_to_its_receiver_is_told_in_that_ones_manner(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(
        "route:\n  receiver: journal\n  routes:\n"
        "    - {matchers: [type=story.alert.new], receiver: desk, digest: '18:00'}\n"
        "receivers: {desk: {webhook: {}}}\n",
        encoding="utf-8",
    )

    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes")
        desk.site.fail("/sirènes", 410)
        desk.site.publish("/rss.xml", desk.item("/sirènes", "Kharkiv : tout est calme, annonce la mairie de Lyon"))
        await desk.cycle(after_s=HOUR_S)

        lines = desk.app.tools.store.deliveries()
        assert 2 == len(lines)
        assert {DeliveryState.HELD} == {line.state for line in lines}
        assert [] == sent(desk)

    at_desk(tmp_path, act, routes=file)


def silence(desk: Desk, *matchers: str, hours: float = 48) -> Silence:
    """Silence what matchers hold for, from now on."""
    lasts = timedelta(hours=hours)
    made = make_silence(matchers, author="Anne", reason="essai", lasts=lasts, now=desk.clock.now())
    desk.app.tools.store.add_silence(made)
    return made


def story_of(desk: Desk, title: str) -> str:
    """Return the story that a message tells which is held."""
    store, later = desk.app.tools.store, desk.clock.now() + timedelta(days=9)
    held = store.due_messages(receivers=("desk",), digesters=(), now=later, limit=9)
    return next(one.story.id for one in held if one.story.title == title)


def states(desk: Desk) -> list[DeliveryState]:
    return [line.state for line in desk.app.tools.store.deliveries()]


QUIET = 'quiet_hours: {from: "22:00", to: "06:30"}'


def test_a_silence_added_while_messages_are_held_stops_those_that_it_holds_for(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts", after_s=14 * HOUR_S)
        made = silence(desk, f'story="{story_of(desk, "Kharkiv : sirènes")}"')
        await desk.cycle(after_s=HOUR_S)

        assert [DeliveryState.HELD] * 2 == states(desk)

        await desk.cycle(after_s=8 * HOUR_S)

        assert ["Kharkiv : renforts"] == desk.told
        [line] = desk.app.tools.store.deliveries(state=DeliveryState.SILENCED)
        assert made.id == line.silence
        assert [1] == [each.alerts for each in desk.app.tools.store.silences()]

        desk.app.tools.store.replay(ids=[line.id], now=desk.clock.now())
        await desk.cycle(after_s=MINUTE_S)

        assert ["Kharkiv : renforts", "Kharkiv : sirènes"] == desk.told

    at_desk(tmp_path, act, routes=written(tmp_path, QUIET))


def test_a_silence_that_is_over_when_messages_are_to_leave_stops_none(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", after_s=14 * HOUR_S)
        silence(desk, 'rule="kharkiv"', hours=2)
        await desk.cycle(after_s=9 * HOUR_S)

        assert ["Kharkiv : sirènes"] == desk.told

    at_desk(tmp_path, act, routes=written(tmp_path, QUIET))


def test_a_digest_counts_what_was_silenced_while_it_was_held_and_only_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "sirènes", "renforts")
        silence(desk, 'rule="kharkiv"')
        await desk.cycle(after_s=9 * HOUR_S + 30 * MINUTE_S)

        assert [("story.digest", 0)] == sent(desk)
        assert 2 == data(desk)["digest"]["silenced"]
        assert [("Anne", 2)] == [(one["author"], one["alerts"]) for one in data(desk)["digest"]["silences"]]
        assert [DeliveryState.SILENCED] * 2 == states(desk)[1:]

        await desk.cycle(after_s=24 * HOUR_S)

        assert [("story.digest", 0)] * 2 == sent(desk)
        assert 0 == data(desk)["digest"]["silenced"]

    at_desk(tmp_path, act, routes=written(tmp_path, 'digest: "18:00"'))


def test_i9_a_digest_tells_articles_as_they_are_when_it_leaves(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await began(desk)
        await news(desk, "gare", "renforts")
        retitled = "Kharkiv : deux brigades de renfort quittent la ville"
        first = desk.item("/gare", "Kharkiv : gare", "Résumé de gare")
        desk.site.publish("/rss.xml", first, desk.item("/renforts", retitled, "Résumé de renforts"))
        await desk.cycle(after_s=HOUR_S)
        desk.site.fail("/gare", 410)
        gone = desk.item("/gare", "Kharkiv : gare", "Article retiré.")
        desk.site.publish("/rss.xml", gone, desk.item("/renforts", retitled, "Résumé de renforts"))
        await desk.cycle(after_s=HOUR_S)
        await desk.cycle(after_s=8 * HOUR_S)
        items = {item["story"]["title"]: item.get("lost") for item in data(desk)["items"]}

        assert [("story.digest", 2)] == sent(desk)
        assert {"Kharkiv : gare": "withdrawn", retitled: None} == items
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, routes=written(tmp_path, 'digest: "18:00"'))
