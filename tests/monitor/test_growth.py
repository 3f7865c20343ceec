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
