"""A rule that wants a newspaper's own texts only: no dispatch, and no copy of another's text; a whole daemon."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.clock import ManualClock
from tests.monitor.bench import HOUR_S, Desk, at_desk, filler, stored, write_rules

PAPERS = tuple(f"/p{number}.xml" for number in range(4))
RULE = """
id: originaux
title: "Originaux"
level: high
scope: {original: true}
terms: {ville: {any: ["Kharkiv"]}}
condition: "ville"
"""
OWN = (
    "Trois drones ont frappé un dépôt de carburant au nord de Kharkiv, selon le gouverneur de la région.",
    "L'incendie, visible à vingt kilomètres, a été maîtrisé après six heures de lutte ; deux pompiers sont blessés.",
    "Le trafic ferroviaire vers Poltava est interrompu et quarante mille foyers restent privés d'électricité.",
)


def test_a_dispatch_and_a_copy_are_told_by_other_rules_only(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)

    async def act(desk: Desk) -> None:
        (rules / "originaux.yaml").write_text(RULE, encoding="utf-8")
        await desk.app.reload()
        await desk.open_papers(PAPERS)
        texts = [OWN, OWN, (f"KHARKIV (AFP) – {filler(1)}", filler(2)), (filler(3), filler(4))]
        for number, (path, text) in enumerate(zip(PAPERS, texts, strict=True)):
            desk.clock.pass_s(HOUR_S / 12)
            desk.site.page(f"/article{number}", *text)
            desk.site.publish(path, desk.item(f"/article{number}", f"Kharkiv : récit {filler(10 + number)[:60]}"))
            await desk.cycle()
            await desk.cycle(after_s=HOUR_S / 60)  # what the first one left is read before the next comes
            await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())
        told = [one.payload["data"] for one in desk.alerts if one.payload["data"]["rule"]["id"] == "originaux"]

        assert ["Journal /p0.xml", "Journal /p3.xml"] == [one["story"]["sources"][0]["outlet"] for one in told]
        assert 3 == sum(one.payload["data"]["rule"]["id"] == "kharkiv" for one in desk.alerts)

        sources = [one.payload["data"]["story"]["sources"][0] for one in desk.alerts]

        assert [(True, "AFP")] == [(one["wire"], one["agency"]) for one in sources if "wire" in one]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)
    with stored(tmp_path) as store:
        articles = store.read_archive(1, 99, since=ManualClock().now() - timedelta(days=9))

    assert [("Journal /p1.xml", "Journal /p0.xml")] == [
        (one.document.outlet, one.document.copy_of) for one in articles if one.document.copy_of
    ]


def test_an_original_that_is_read_after_its_copy_is_one_all_the_same(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)

    async def act(desk: Desk) -> None:
        (rules / "originaux.yaml").write_text(RULE, encoding="utf-8")
        await desk.app.reload()
        await desk.open_papers(PAPERS[:3])
        for number, (path, age_s) in enumerate(zip(PAPERS, (600.0, 1800.0, 1200.0), strict=False)):
            desk.clock.pass_s(HOUR_S / 12)  # whatever the jitter, every feed is due
            desk.site.page(f"/article{number}", *OWN)
            desk.site.publish(path, desk.item(f"/article{number}", f"Kharkiv : récit {number}", age_s=age_s))
            await desk.cycle()
            await desk.cycle(after_s=HOUR_S / 60)  # what the first one left is read before the next comes
            await desk.app.tools.thread.run(desk.app.tools.store.make_due, now=desk.clock.now())

        found = {line.outlet for line in desk.app.tools.store.matches() if line.rule == "originaux"}

        # the first passed, as nobody was known to have its text; the third repeats the second, which came out before
        assert {"Journal /p0.xml", "Journal /p1.xml"} == found

    at_desk(tmp_path, act, feeds=PAPERS, rules=rules)
