"""Another newspaper's article on a story reaches those whom the first did not: it rings for them; a whole daemon."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.alerting import make_silence
from monitor.model import DeliveryState
from tests.monitor.bench import HOUR_S, Desk, at_desk, write_rules
from tests.monitor.test_burst import DISPATCH, SECOND, SERIOUS, THIRD, TITLE

PAPERS = ("/p0.xml", "/p1.xml", "/p2.xml")
ROUTES = """
route:
  receiver: journal
  routes:
    - {receiver: archive, matchers: ['rule="kharkiv"'], continue: true}
    - {matchers: ['entity="pologne"'], receiver: varsovie}
time_zone: Europe/Paris
receivers:
  varsovie: {webhook: {}}
  archive: {file: {path: "FOLDER/alertes.jsonl"}}
silences: SILENCES
"""
RISING = """
id: alerte
title: "Kharkiv"
level: high
terms:
  ville: {any: ["Kharkiv"], weight: 3}
  pologne: {any: ["Pologne"], weight: 12}
condition: "ville"
score: {threshold: 5}
"""
SILENCED = """[{matchers: ['rule="kharkiv"'], until: "UNTIL", author: Anne, reason: Essai}]"""
WITH_POLAND = (*DISPATCH, "La Pologne a condamné l'attaque de Derhatchi.")


def written(folder: Path, silences: str) -> Path:
    path = folder / "routes.yaml"
    path.write_text(ROUTES.replace("SILENCES", silences).replace("FOLDER", str(folder)), encoding="utf-8")
    return path


async def print_all(desk: Desk, *texts: tuple[str, ...]) -> None:
    await desk.open_papers(PAPERS)
    for number, text in enumerate(texts):
        await print_one(desk, number, text)


async def print_one(desk: Desk, number: int, text: tuple[str, ...]) -> None:
    desk.clock.pass_s(HOUR_S / 12)
    desk.site.page(f"/article{number}", *text)
    desk.site.publish(PAPERS[number], desk.item(f"/article{number}", TITLE))
    await desk.cycle()
    await desk.cycle(after_s=HOUR_S / 60)
    await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())


def test_d1_who_is_named_by_a_later_article_only_is_told_of_it_at_once_and_once(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await print_all(desk, DISPATCH, WITH_POLAND, WITH_POLAND)
        told = [one.payload for one in desk.webhook.received if one.payload["type"].startswith("story.alert")]

        assert ["story.alert.new"] == [one["type"] for one in told]
        assert "first_alert" == told[0]["data"]["notification_reason"]
        assert 2 == told[0]["data"]["story"]["outlets"]

        await desk.cycle(after_s=HOUR_S)
        grown = desk.webhook.received[-1].payload["data"]

        assert ("story_grew", told[0]["data"]["alert_id"]) == (grown["notification_reason"], grown["update"]["of"])

        written = (tmp_path / "alertes.jsonl").read_text(encoding="utf-8").splitlines()
        first, *_, last = (json.loads(line)["data"] for line in written)

        assert ("story_grew", first["alert_id"]) == (last["notification_reason"], last["update"]["of"])
        assert first["alert_id"] != grown["update"]["of"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=write_rules(tmp_path), routes=written(tmp_path, "[]"))


def test_d1_whom_a_corrected_article_told_of_a_story_hears_no_first_alert_of_it(tmp_path: Path) -> None:
    rules, routes = write_rules(tmp_path), tmp_path / "routes.yaml"
    (rules / "kharkiv.txt").unlink()
    (rules / "alerte.yaml").write_text(RISING, encoding="utf-8")
    routes.write_text(SERIOUS, encoding="utf-8")

    async def act(desk: Desk) -> None:
        await print_all(desk, DISPATCH)

        assert [] == desk.webhook.received

        desk.site.page("/article0", *WITH_POLAND)
        desk.site.publish(PAPERS[0], desk.item("/article0", TITLE, "Varsovie, en Pologne, réagit."))
        await desk.cycle(after_s=HOUR_S)
        desk.site.page("/article1", *WITH_POLAND)
        desk.site.publish(PAPERS[1], desk.item("/article1", TITLE))
        await desk.cycle(after_s=HOUR_S)
        await desk.cycle(after_s=HOUR_S)
        raised, grown = (one.payload["data"] for one in desk.webhook.received)

        assert ("level_raised", "story_grew") == (raised["notification_reason"], grown["notification_reason"])
        assert raised["alert_id"] == grown["update"]["of"]

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules, routes=routes)


def test_d1_a_story_that_began_under_a_silence_rings_once_that_is_over(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        until = (desk.clock.now() + timedelta(minutes=8)).astimezone(ZoneInfo("Europe/Paris"))
        written(tmp_path, SILENCED.replace("UNTIL", until.strftime("%Y-%m-%dT%H:%M")))
        await desk.app.reload()
        await print_all(desk, WITH_POLAND, WITH_POLAND, WITH_POLAND)

        assert ["first_alert"] == [one.payload["data"]["notification_reason"] for one in desk.webhook.received]
        assert 2 == desk.webhook.received[0].payload["data"]["story"]["outlets"]

    at_desk(tmp_path, act, feeds=PAPERS, rules=write_rules(tmp_path), routes=written(tmp_path, "[]"))


def test_d1_a_first_alert_that_a_silence_stopped_while_it_was_held_rings_with_the_next_newspaper(
    tmp_path: Path,
) -> None:
    routes = written(tmp_path, "[]")
    held = "receiver: varsovie, group_wait: 2m}"
    routes.write_text(routes.read_text(encoding="utf-8").replace("receiver: varsovie}", held), encoding="utf-8")

    async def act(desk: Desk) -> None:
        store = desk.app.tools.store
        await desk.open_papers(PAPERS)
        await print_one(desk, 0, WITH_POLAND)
        silence = make_silence(
            ['rule="kharkiv"'], author="Anne", reason="Essai", lasts=timedelta(hours=9), now=desk.clock.now()
        )
        store.add_silence(silence)
        await desk.cycle(after_s=HOUR_S / 20)

        assert ["varsovie"] == [one.receiver for one in store.deliveries(state=DeliveryState.SILENCED)]

        store.end_silence(silence.id, now=desk.clock.now())
        await print_one(desk, 1, WITH_POLAND)
        await desk.cycle(after_s=HOUR_S / 20)
        await print_one(desk, 2, WITH_POLAND)
        await desk.cycle(after_s=HOUR_S)
        first, grown = (one.payload["data"] for one in desk.webhook.received)

        assert ("first_alert", "story_grew") == (first["notification_reason"], grown["notification_reason"])
        assert first["alert_id"] == grown["update"]["of"]
        assert (2, 3) == (first["story"]["outlets"], grown["story"]["outlets"])
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=write_rules(tmp_path), routes=routes)


def reasons(desk: Desk) -> list[str]:
    return [one.payload["data"]["notification_reason"] for one in desk.webhook.received]


async def reprint(desk: Desk, number: int, text: tuple[str, ...], title: str) -> None:
    """Let an article say something else, and its feed say so."""
    desk.site.page(f"/article{number}", *text)
    desk.site.publish(PAPERS[number], desk.item(f"/article{number}", title, "Mis à jour"))
    await desk.cycle(after_s=HOUR_S)
    await desk.cycle(after_s=HOUR_S)
    await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())


def test_d3_what_two_newspapers_correct_is_told_twice(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await print_all(desk, DISPATCH, DISPATCH, DISPATCH)
        await reprint(desk, 1, DISPATCH, "Kharkiv : le dépôt de Derhatchi n'a pas été frappé, dément le gouverneur")
        await reprint(desk, 2, DISPATCH, "Kharkiv : à Derhatchi, un court-circuit a mis le feu au dépôt de carburant")

        assert 2 == reasons(desk).count("corrected")

    at_desk(tmp_path, act, feeds=PAPERS, rules=write_rules(tmp_path))


def test_d1_once_an_article_is_found_no_longer_the_next_newspaper_rings(tmp_path: Path) -> None:
    elsewhere = tuple(text.replace("Kharkiv", "Poltava") for text in DISPATCH)

    async def act(desk: Desk) -> None:
        await print_all(desk, DISPATCH)
        await reprint(desk, 0, elsewhere, TITLE.replace("Kharkiv", "Poltava"))
        await print_one(desk, 1, DISPATCH)

        assert ["first_alert", "corrected", "first_alert"] == reasons(desk)

    at_desk(tmp_path, act, feeds=PAPERS, rules=write_rules(tmp_path))


def test_d1_a_page_that_is_read_late_reaches_those_whom_its_story_did_not(tmp_path: Path) -> None:
    rules, title = write_rules(tmp_path), "Derhatchi : un dépôt de carburant frappé par trois drones"
    (rules / "attaque.txt").write_text("attaque\n", encoding="utf-8")
    (rules / "drone.txt").write_text("drones\n", encoding="utf-8")
    routes = written(tmp_path, "[]")
    routes.write_text(routes.read_text("utf-8").replace('rule="kharkiv"', 'rule="attaque"'), "utf-8")

    async def act(desk: Desk) -> None:
        await desk.open_papers(PAPERS)
        await print_one(desk, 0, (*DISPATCH, "Le maire dénonce l'attaque."))
        desk.site.fail("/article1", 503)
        desk.site.publish(PAPERS[1], desk.item("/article1", title, " ".join(DISPATCH)))
        desk.clock.pass_s(HOUR_S / 12)
        await desk.cycle()

        assert [] == desk.webhook.received

        desk.site.page("/article1", *DISPATCH, "La Pologne dénonce l'attaque.")
        await desk.cycle(after_s=HOUR_S)
        await desk.cycle(after_s=HOUR_S)
        rules_told = [one.payload["data"]["rule"]["id"] for one in desk.alerts]

        assert ["attaque"] == [rule for rule in rules_told if rule == "attaque"]

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules, routes=routes)


def test_a_level_that_another_newspaper_reaches_is_told_once_to_those_who_had_a_lower_one(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    (rules / "alerte.yaml").write_text(RISING, encoding="utf-8")

    async def act(desk: Desk) -> None:
        (rules / "kharkiv.txt").unlink()
        await desk.app.reload()
        await print_all(desk, DISPATCH, WITH_POLAND, WITH_POLAND)
        first, raised = (one.payload["data"] for one in desk.webhook.received)

        assert ["first_alert", "level_raised"] == reasons(desk)
        assert ("medium", "high") == (first["labels"]["level"], raised["labels"]["level"])
        assert first["alert_id"] == raised["update"]["of"]

        await desk.cycle(after_s=HOUR_S)

        assert ["first_alert", "level_raised", "story_grew"] == reasons(desk)
        assert "high" == desk.webhook.received[-1].payload["data"]["labels"]["level"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)


def test_an_article_that_makes_a_burst_is_told_at_the_level_to_which_that_raises_it(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    (rules / "alerte.yaml").write_text(RISING + 'burst: {outlets: 3, within: "1h"}\n', encoding="utf-8")

    async def act(desk: Desk) -> None:
        (rules / "kharkiv.txt").unlink()
        await desk.app.reload()
        await print_all(desk, DISPATCH, SECOND, (*THIRD, "La Pologne a condamné l'attaque de Derhatchi."))
        levels = [one.payload["data"]["labels"]["level"] for one in desk.webhook.received]

        assert ["first_alert", "level_raised"] == reasons(desk)
        assert ["medium", "critical"] == levels

        [entry] = desk.app.tools.store.listed([f"l:{desk.site.url('/article2').removeprefix('http://')}"])
        assert entry.article is not None
        [match] = [each for each in entry.article.matches if each.match.rule.id == "alerte"]

        assert {alert.id for alert in match.alerts}.isdisjoint(alert.id for alert in match.growth)

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)
