"""`veille routes`, as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.model import Silence
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.store.samples import NOW, after, alert, claim, entry, live_feed, match, message, poll, record

ROUTES = """
route:
  receiver: journal
  routes:
    - matchers: ['level=~"high|critical"', 'rule!="essai"', 'outlet!~"Radio.*"']
      receiver: desk
      group_by: [rule]
      group_wait: "90 s"
      cooldown: "2h"
      budget: "10/h"
      quiet_hours: {from: "22:00", to: "06:30", except_level: critical}
      continue: true
    - {matchers: ['desk=international'], receiver: archive, digest: "07:30,18:00", cooldown: "5 min"}
    - {matchers: ['entity=chine'], receiver: archive, quiet_hours: {from: "12:00", to: "14:00"}}
receivers: {desk: {webhook: {}}, archive: {file: {path: alertes.jsonl}}}
"""
MANNER = "group_by rule; group_wait 90 s; cooldown 2 h; budget 10 in 1 h; quiet 22:00-06:30 except critical"


@pytest.fixture
def routed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "routes.yaml").write_text(ROUTES, encoding="utf-8")
    monkeypatch.setenv("VEILLE_ROUTES", "routes.yaml")
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", "https://hooks.example/a")


@pytest.mark.usefixtures("routed")
def test_the_tree_is_drawn_with_its_manners(veille: Veille) -> None:
    assert veille("routes", "show").out.splitlines() == [
        "route: everything -> journal",
        f'  route.1: level=~"high|critical", rule!="essai", outlet!~"Radio.*" -> desk; continue [{MANNER}]',
        '  route.2: desk="international" -> archive [cooldown 5 min; digest 07:30,18:00]',
        '  route.3: entity="chine" -> archive [quiet 12:00-14:00]',
    ]


def test_without_a_file_every_receiver_is_told(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", "https://hooks.example/a")
    shown, tested = veille("routes", "show"), veille("routes", "test", "--json")

    assert "no routes file: every receiver gets every match at once\n  webhook\n" == shown.out
    assert [{"receiver": "webhook", "route": "route", "when": "at once", "why": "", "silence": ""}] == tested.lines


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--level", "high", "--at", "2026-05-16T12:00"), [("desk", "2026-05-16 12:01", "group_wait")]),
        (("--level", "high", "--at", "2026-05-16T23:00"), [("desk", "2026-05-17 06:30", "quiet_hours")]),
        (("--label", "desk=international", "--at", "2026-05-16T12:00"), [("archive", "2026-05-16 18:00", "digest")]),
        (("--entity", "chine", "--entity", "russie", "--at", "2026-05-16T11:00"), [("archive", "at once", "")]),
        (("--level", "high", "--outlet", "Radio Lutèce"), []),
        (("--rule", "axe-moscou-pekin", "--at", "2026-05-16T12:00"), [("desk", "2026-05-16 12:01", "group_wait")]),
    ],
)
def test_where_a_match_would_go_and_when(veille: Veille, words: tuple[str, ...], told: list[tuple[str, ...]]) -> None:
    got = veille("routes", "test", *words, "--json")

    assert (0, told) == (
        got.code,
        [(one["receiver"], one["when"], one["why"]) for one in got.lines][: len(told) or None],
    )


@pytest.mark.usefixtures("routed")
def test_who_is_told_is_a_table_and_nobody_is_said(veille: Veille) -> None:
    assert "archive\troute.3\tat once" in veille("routes", "test", "--entity", "chine", "--at", "2026-05-16T11:00").out
    assert "nobody: the log only\n" == veille("routes", "test", "--level", "low").out


@pytest.mark.usefixtures("routed")
def test_a_match_of_the_log_has_its_own_facts(veille: Veille, store: Store) -> None:
    poll(store, live_feed(store), entry("un"))
    (claimed,) = claim(store)
    record(store, claimed, (alert("7K2QXYZ0", match("axe")), [message()]))
    got = veille("routes", "test", "al_7K2QXYZ0", "--json")

    assert ["archive"] == [one["receiver"] for one in got.lines]


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--rule", "axe-moscou-pekinn"), "did you mean axe-moscou-pekin?"),
        (("--rule", "zzzzzz"), "no rule 'zzzzzz'"),
        (("--level", "zzz"), "level is never 'zzz'; it is low, medium, high, critical"),
        (("--level", "hight"), "did you mean high?"),
        (("--entity", "chinee"), "there is no entity 'chinee'; did you mean chine?"),
        (("--label", "status=stabel"), "did you mean stable?"),
        (("--label", "wire=AFQ"), "did you mean AFP?"),
        (("--label", "deks=sport"), "no rule has a label deks"),
        (("--label", "desk"), "not of the form NAME=VALUE"),
    ],
)
def test_a_wrong_word_is_told(veille: Veille, words: tuple[str, ...], told: str) -> None:
    got = veille("routes", "test", *words)

    assert (5 if "--rule" in words else 2) == got.code
    assert told in got.err


def test_a_dispatch_of_an_agency_is_asked_for_by_its_name_or_as_any(
    folder: Path, veille: Veille, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "routes.yaml").write_text(
        "route: {receiver: journal, routes: [{matchers: ['wire=true', 'wire!=Reuters'], receiver: desk}]}\n"
        "receivers: {desk: {file: {path: a.jsonl}}}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("VEILLE_ROUTES", "routes.yaml")
    told = {
        name: veille("routes", "test", "--label", f"wire={name}", "--json").lines for name in ("AFP", "Reuters", "")
    }

    assert [1, 0, 0] == list(map(len, told.values()))


@pytest.mark.usefixtures("routed")
def test_an_outlet_that_no_feed_has_is_doubted_and_not_refused(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "" == veille("routes", "test", "--outlet", "La Gazete").err

    outline = '<outline xmlUrl="https://gazette.example/rss" veille:outlet="La Gazette"/>'
    (folder / "feeds.opml").write_text(
        f'<opml version="2.0" xmlns:veille="urn:veille:opml"><body>{outline}</body></opml>', encoding="utf-8"
    )
    monkeypatch.setenv("VEILLE_FEEDS", "feeds.opml")
    wrong, right = (veille("routes", "test", "--outlet", name) for name in ("La Gazete", "La Gazette"))

    assert (0, "no feed of yours is of the outlet 'La Gazete'; did you mean La Gazette?\n") == (wrong.code, wrong.err)
    assert (0, "") == (right.code, right.err)


@pytest.mark.usefixtures("routed")
def test_a_silence_that_would_stop_a_match_is_shown_whoever_made_it(veille: Veille, folder: Path, store: Store) -> None:
    store.add_silence(Silence("si_1", ('rule="axe"',), "Anne", "connu", NOW, after(60)))
    asked = ("routes", "test", "--at", "2026-05-16T07:30", "--label", "desk=international")
    by_rule = (*asked, "--entity", "chine", "--label", "story=st_1")
    listed = veille(*by_rule, "--json").lines

    assert {""} == {one["silence"] for one in listed}

    store.add_silence(Silence("si_2", ('story="st_1"',), "Anne", "connu", NOW, after(60)))
    (told, *_), shown = veille(*by_rule, "--json").lines, veille(*by_rule)

    assert ("archive", "never", "silence", "si_2") == tuple(
        told[name] for name in ("receiver", "when", "why", "silence")
    )
    assert "archive\troute.2\tnever\tsilence" in shown.out
    until = "until 2026-05-16 08:00"
    assert f'silenced by si_2 {until} (Anne: connu; story="st_1"); `veille silences end si_2` ends it\n' == shown.err

    silence = "silences: [{matchers: ['desk=international'], author: Léa, reason: sommet, until: '2026-05-17T08:00'}]\n"
    (folder / "routes.yaml").write_text(ROUTES + silence, encoding="utf-8")

    assert "(Léa: sommet; desk=international); of the routes file\n" in veille(*asked).err
