"""Newspapers that come out with a story at once, each in words of its own: its level rises; a whole daemon."""

from __future__ import annotations

from pathlib import Path

from tests.monitor.bench import HOUR_S, Desk, at_desk, write_rules

PAPERS = tuple(f"/p{number}.xml" for number in range(5))
TITLE = "Kharkiv : le dépôt de carburant de Derhatchi frappé par trois drones"
RULE = """
id: rafale
title: "Rafale"
level: high
terms: {ville: {any: ["Kharkiv"]}}
condition: "ville"
burst: {outlets: 3, within: "1h"}
"""
DISPATCH = (
    "Trois drones ont frappé le dépôt de carburant de Derhatchi, au nord de Kharkiv, selon le gouverneur Sydorenko.",
    "L'incendie du dépôt, visible à vingt kilomètres, a été maîtrisé après six heures ; deux pompiers sont blessés.",
    "Le trafic vers Poltava est interrompu et quarante mille foyers de Derhatchi restent privés d'électricité.",
)
SECOND = (
    "Le gouverneur Sydorenko l'a dit à l'aube : le dépôt de carburant de Derhatchi, près de Kharkiv, brûle encore.",
    "Des drones, trois en tout, l'ont atteint dans la nuit. Les pompiers, dont deux blessés, ont lutté six heures.",
    "À Derhatchi, quarante mille foyers n'ont plus d'électricité, et nul train ne part vers Poltava.",
)
THIRD = (
    "À Derhatchi, dans la banlieue de Kharkiv, on crut au tonnerre : c'étaient les drones, puis le carburant du dépôt.",
    "Deux pompiers blessés, un incendie de six heures, l'électricité coupée pour quarante mille foyers, dit Sydorenko.",
    "Vers Poltava, le trafic des trains est arrêté jusqu'à nouvel ordre, faute de courant.",
)
FOURTH = (
    "Kharkiv : à Derhatchi, le feu au carburant a mobilisé six heures durant les pompiers, dont deux sont blessés.",
    "Le dépôt avait été pris pour cible par trois drones, indique le gouverneur Sydorenko, qui appelle au calme.",
    "Quarante mille foyers sans électricité et les trains de Poltava à l'arrêt : la ville attend.",
)


async def print_all(desk: Desk, *texts: tuple[str, ...]) -> None:
    papers = PAPERS[: len(texts)]
    await desk.open_papers(papers)
    for number, (path, text) in enumerate(zip(papers, texts, strict=True)):
        desk.clock.pass_s(HOUR_S / 12)
        desk.site.page(f"/article{number}", *text)
        desk.site.publish(path, desk.item(f"/article{number}", TITLE))
        await desk.cycle()
        await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())


def test_the_level_rises_once_enough_newspapers_have_it_in_words_of_their_own(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)

    async def act(desk: Desk) -> None:
        (rules / "kharkiv.txt").unlink()
        (rules / "rafale.yaml").write_text(RULE, encoding="utf-8")
        await desk.app.reload()
        await desk.open_papers(PAPERS)
        planned = []
        texts = (DISPATCH, DISPATCH, SECOND, THIRD, DISPATCH)
        for number, (path, text) in enumerate(zip(PAPERS, texts, strict=True)):
            desk.clock.pass_s(HOUR_S / 12)
            desk.site.page(f"/article{number}", *text)
            desk.site.publish(path, desk.item(f"/article{number}", TITLE))
            await desk.cycle()
            planned += [alert.reason.value for report in desk.articles for alert in report.alerts]
            await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())

        # the copy adds no voice, so that the fourth newspaper is the third that counts
        assert ["first_alert", "story_grew", "story_grew", "level_raised", "story_grew"] == planned

        await desk.cycle()
        # growth waits its hour

        first, raised = (one.payload["data"] for one in desk.webhook.received)

        assert ("high", "critical") == (first["labels"]["level"], raised["labels"]["level"])
        assert (first["alert_id"], "level_raised") == (raised["update"]["of"], raised["update"]["reason"])
        assert ("high", "critical") == (raised["update"]["before"]["level"], raised["update"]["after"]["level"])
        assert {"outlets": 3, "within_s": 3600.0} == raised["update"]["burst"]
        assert first["story"]["sources"][0]["url"] == raised["story"]["sources"][0]["url"]
        assert (4, 3) == (raised["story"]["outlets"], raised["story"]["texts"])

        await desk.cycle(after_s=HOUR_S)
        # what had waited since before the level rose was told by that
        _, _, last = desk.webhook.received
        grown = last.payload["data"]

        assert ("story_grew", "critical", 5) == (
            grown["notification_reason"],
            grown["labels"]["level"],
            grown["story"]["outlets"],
        )
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)


def test_outlets_whose_articles_no_rule_finds_count_as_their_articles_are_of_the_story(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)

    async def act(desk: Desk) -> None:
        (rules / "kharkiv.txt").unlink()
        only_in_the_first = RULE.replace("Kharkiv", "kilomètres")
        (rules / "rafale.yaml").write_text(only_in_the_first, encoding="utf-8")
        await desk.app.reload()
        await print_all(desk, DISPATCH, SECOND, THIRD)
        await desk.cycle()

        found = [line.outlet for line in desk.app.tools.store.matches() if line.rule == "rafale"]

        assert ["Journal /p0.xml"] == found

        first, raised = (one.payload["data"] for one in desk.webhook.received)

        assert ("first_alert", "level_raised") == (first["notification_reason"], raised["notification_reason"])
        assert 3 == raised["story"]["outlets"]

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)


RISING = RULE.replace("level: high", "level: medium").replace('"1h"}', '"1h", level: critical}')
SERIOUS = """
route:
  receiver: journal
  routes:
    - {matchers: ['level=~"high|critical"'], receiver: desk}
receivers:
  desk: {webhook: {}}
"""


def test_d1_whom_a_burst_told_of_a_story_hears_that_it_grows_and_no_second_first_alert(tmp_path: Path) -> None:
    rules, routes = write_rules(tmp_path), tmp_path / "routes.yaml"
    (rules / "kharkiv.txt").unlink()
    (rules / "rafale.yaml").write_text(RISING, encoding="utf-8")
    routes.write_text(SERIOUS, encoding="utf-8")

    async def act(desk: Desk) -> None:
        await print_all(desk, DISPATCH, SECOND, THIRD, FOURTH, DISPATCH)
        await desk.cycle(after_s=HOUR_S)

        raised, grown = (one.payload["data"] for one in desk.webhook.received)

        assert ("level_raised", "story_grew") == (raised["notification_reason"], grown["notification_reason"])
        assert raised["alert_id"] == grown["update"]["of"]
        assert ("critical", 5) == (grown["labels"]["level"], grown["story"]["outlets"])
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules, routes=routes)
