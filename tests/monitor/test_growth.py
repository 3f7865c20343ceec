"""A dispatch that several newspapers carry: one alert, and its growth; a whole daemon."""

from __future__ import annotations

from pathlib import Path

from monitor.model import Feed
from tests.monitor.bench import HOUR_S, Desk, at_desk

PAPERS = tuple(f"/p{number}.xml" for number in range(4))
DISPATCH = (
    "Trois drones ont frappé un dépôt de carburant au nord de Kharkiv, selon le gouverneur de la région.",
    "L'incendie, visible à vingt kilomètres, a été maîtrisé après six heures de lutte ; deux pompiers sont blessés.",
    "Le trafic ferroviaire vers Poltava est interrompu et quarante mille foyers restent privés d'électricité.",
)
SCHOOL = (
    "Le maire de Kharkiv, Igor Terekhov, a inauguré une école souterraine dans le métro, pour neuf cents élèves.",
    "Les parents de Saltivka réclamaient cette école depuis deux ans ; elle a coûté vingt millions de hryvnias.",
    "Les cours de géométrie et de musique y commenceront lundi, sous la station Peremoha.",
)


def test_a_dispatch_rings_once_and_its_growth_waits(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        papers = [Feed(desk.site.url(path), outlet=f"Journal {path}") for path in PAPERS]
        await desk.app.tools.thread.run(desk.app.tools.store.sync_feeds, papers, now=desk.clock.now())
        for path in PAPERS:
            desk.site.publish(path, desk.item(f"/vieux{path}", f"Le marché {path} ouvre", age_s=HOUR_S))
        await desk.cycle()
        for number, path in enumerate(PAPERS):
            desk.clock.pass_s(HOUR_S / 12)
            desk.site.page(f"/depeche{number}", *DISPATCH)
            desk.site.publish(path, desk.item(f"/depeche{number}", "Kharkiv : un dépôt de carburant frappé"))
            await desk.cycle()
            await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())

        assert 1 == len(desk.alerts)

        await desk.cycle(after_s=HOUR_S)
        updates = [one.payload["data"] for one in desk.webhook.received if "update" in one.payload["data"]]

        assert 1 == len(updates)
        assert desk.alerts[0].payload["data"]["alert_id"] == updates[0]["update"]["of"]
        assert ("story_grew", "grew", 4) == (
            updates[0]["notification_reason"],
            updates[0]["update"]["reason"],
            updates[0]["story"]["outlets"],
        )
        assert desk.alerts[0].payload["data"]["story"]["sources"] == updates[0]["story"]["sources"][:1]
        assert updates[0]["story"]["title"] == updates[0]["update"]["after"]["title"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS)


def test_d1_growth_of_two_stories_that_one_recap_told_is_told_of_both(tmp_path: Path) -> None:
    async def printed(desk: Desk, number: int, name: str, title: str, text: tuple[str, ...]) -> None:
        desk.site.page(f"/{name}{number}", *text)
        desk.site.publish(PAPERS[number], desk.item(f"/{name}{number}", title))
        await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())
        await desk.cycle(after_s=60)

    async def act(desk: Desk) -> None:
        depot, school = "Kharkiv : un dépôt de carburant frappé", "Kharkiv : une école ouvre dans le métro de Saltivka"
        await desk.open_papers(PAPERS[1:])
        papers = [Feed(desk.site.url(path), outlet=f"Journal {path}") for path in PAPERS]
        await desk.app.tools.thread.run(desk.app.tools.store.sync_feeds, papers, now=desk.clock.now())
        desk.site.page("/depot0", *DISPATCH)
        desk.site.page("/ecole0", *SCHOOL)
        desk.site.publish(PAPERS[0], desk.item("/depot0", depot), desk.item("/ecole0", school))
        await desk.cycle()
        await desk.cycle(after_s=HOUR_S / 4)

        assert (1, 0) == (len(desk.recaps), len(desk.alerts))

        for number, name, title, text in (
            (1, "depot", depot, DISPATCH),
            (2, "depot", depot, DISPATCH),  # this growth waits its hour
            (3, "ecole", school, SCHOOL),
        ):
            await printed(desk, number, name, title, text)
        await desk.cycle(after_s=HOUR_S)
        updates = [one.payload["data"] for one in desk.webhook.received if "update" in one.payload["data"]]

        assert [(depot, 2), (school, 2), (depot, 3)] == [
            (one["story"]["title"], one["story"]["outlets"]) for one in updates
        ]

    at_desk(tmp_path, act, feeds=PAPERS[1:])
