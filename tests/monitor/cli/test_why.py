from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.account import _WORDS, Account
from monitor.clock import SystemClock
from monitor.errors import Reason
from monitor.model import (
    AlertType,
    Change,
    Channel,
    DeliveryId,
    DeliveryState,
    Held,
    Incident,
    IncidentId,
    IncidentKind,
    Lane,
    PollOutcome,
    PollResult,
    Receipt,
    Receiver,
    Standing,
    Update,
    Why,
)
from monitor.review import FeedCondition, Stage
from monitor.settings import Language, Settings
from monitor.store import DaemonLock, Revised, Store
from rules.types import Completeness, Status
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import RULE
from tests.monitor.store.samples import (
    DAY_S,
    NOW,
    add_feed,
    after,
    alert,
    article,
    claim,
    entry,
    live_feed,
    match,
    message,
    poll,
    story,
)

URL = "https://www.gazette.example/monde/kharkiv.html"
KEYS = ("g:un", "l:gazette.example/monde/kharkiv.html")
NEWS = entry("un", link=URL, keys=KEYS, title="Kharkiv sous les bombes", summary="Une nuit d’alerte.")
FEED = "https://www.gazette.example/rss"


@pytest.fixture(autouse=True)
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bombes.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "bombes.yaml")


@pytest.fixture
def entry_id(store: Store) -> int:
    """An entry to read, not yet claimed."""
    poll(store, live_feed(store, FEED), NEWS)
    return store.listed(KEYS)[0].id


def read(store: Store, title: str = "Kharkiv sous les bombes", **how: object) -> None:
    """Read the entry as an article with this title, and record what follows."""
    (claimed,) = claim(store, at=after(1))
    text = article(
        title, lead="", body="Une nuit d’alerte.", **{n: how.pop(n) for n in [*how] if n.startswith(("page", "comp"))}
    )
    given = {"story": story(), "matches": [], "alerts": [], "now": after(2), **how}
    store.record_article(claimed.id, text, **given)  # type: ignore[arg-type]  # given by each test


def first(veille: Veille, *words: str) -> str:
    """Return the line that names the stage."""
    got = veille("why", *words)
    assert (0, "") == (got.code, got.err)
    return next(line for line in got.out.splitlines() if line.startswith("→ "))


@pytest.mark.usefixtures("entry_id")
def test_an_article_that_was_delivered_is_told_with_when_and_to_whom(veille: Veille, store: Store) -> None:
    told = match("bombes")
    desk = [message("7K2QXYZ0", Receiver(name, Channel.SLACK)) for name in ("slack-desk", "mail-desk", "web")]
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), desk)])
    for receiver in ("slack-desk", "mail-desk", "web"):
        store.claim_deliveries(receiver, now=after(5), owner="moi", lease_s=60, limit=1)
    store.settle_sent(DeliveryId(1), Receipt(), now=after(14))
    store.settle_retry(
        DeliveryId(2), next_attempt_at=after(60), reason=Reason.UNAVAILABLE, error="answered 503", now=after(6)
    )
    store.settle_failed(DeliveryId(3), reason=Reason.GONE, error="answered 410", now=after(6))
    out = veille("why", URL + "?utm_source=rss#xtor=1").out

    assert out.startswith("Kharkiv sous les bombes\nhttps://www.gazette.example/monde/kharkiv.html")
    assert "→ remis le 2026-05-16 07:14 à slack-desk\n" in out
    assert f"vu le 2026-05-16 07:00 dans gazette.example (flux 1, {FEED}), publié le 2026-05-16 07:00\n" in out
    assert "lu le 2026-05-16 07:02 : texte intégral, 3 mots\n" in out
    assert "alerte al_7K2QXYZ0, le 2026-05-16 07:00 (bombes)\n" in out
    assert "  slack-desk : remis le 2026-05-16 07:14\n" in out
    assert "  mail-desk : en attente, prochain essai 2026-05-16 08:00, essais : 1, site indisponible (503)\n" in out
    assert "  web : abandonné, essais : 1, supprimée par le site (410)\n" in out
    assert "✔ bombes " in out


@pytest.mark.usefixtures("entry_id")
def test_alerts_that_wait_or_were_given_up_are_told_so(veille: Veille, store: Store) -> None:
    told = match("bombes")
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [message()])])
    waiting = veille("why", URL)
    store.claim_deliveries("webhook", now=after(5), owner="moi", lease_s=60, limit=1)
    store.settle_failed(DeliveryId(1), reason=Reason.GONE, error="answered 410", now=after(6))

    assert "→ alerte al_7K2QXYZ0 en attente d’envoi à webhook\n" in waiting.out
    assert "  webhook : en attente, prochain essai dès que possible, essais : 0\n" in waiting.out
    assert "→ alerte al_7K2QXYZ0 abandonnée pour webhook : supprimée par le site (410)" == first(veille, URL)


@pytest.mark.usefixtures("entry_id")
def test_what_was_silenced_is_told_so_at_first_and_when_it_was_to_leave(veille: Veille, store: Store) -> None:
    told = match("bombes")
    for_nobody = replace(alert("7K2QXYZ0", told), receivers=(), silence="si_1")
    read(store, matches=[told], alerts=[(for_nobody, [])], done=False)

    assert "→ alerte al_7K2QXYZ0 tue par la mise en sourdine si_1" == first(veille, URL)

    held = replace(message("7K2QXYZ1"), held=Held(Why.COOLDOWN, after(60)))
    store.record_group(alert("7K2QXYZ1", told), [held], [], [1], now=after(2))
    store.settle_silenced([DeliveryId(1)], "si_2", now=after(60))
    out = veille("why", URL).out

    assert "→ alerte al_7K2QXYZ1 tue par la mise en sourdine si_2\n" in out
    assert "  webhook : mis en sourdine par si_2\n" in out


@pytest.mark.parametrize(
    ("status", "alerts", "expected"),
    [
        (Status.STABLE, 1, "→ alerte al_7K2QXYZ0 inscrite au journal seulement : aucune route"),
        (Status.STABLE, 0, "→ trouvé par bombes ; son sujet avait déjà été signalé"),
        (Status.EXPERIMENTAL, 0, "→ trouvé par bombes, règle « experimental », qui ne prévient personne"),
    ],
)
@pytest.mark.usefixtures("entry_id")
def test_a_match_that_went_to_nobody_is_told_why(
    veille: Veille, store: Store, status: Status, alerts: int, expected: str
) -> None:
    made = match("bombes")
    told = replace(made, rule=replace(made.rule, status=status))
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [])] if alerts else [])

    assert first(veille, URL).startswith(expected)


def test_a_match_of_a_first_poll_waits_for_the_recap(veille: Veille, store: Store) -> None:
    poll(store, add_feed(store, FEED), NEWS, at=after(1))
    read(store, matches=[match("bombes")])

    assert "→ trouvé par bombes ; attend le récapitulatif de la première lecture du flux" == first(veille, URL)
    assert ", au premier relevé, " in veille("why", URL).out


@pytest.mark.usefixtures("entry_id")
def test_a_near_miss_is_explained_as_explain_does(veille: Veille, store: Store) -> None:
    read(store, "Une bombe près de la ville", matches=[match("front", score=7.25, near_miss=True)])
    out = veille("why", URL).out

    assert "→ recalé de peu : front, 7,25 points pour un seuil de 10\n" in out
    assert "Ce que disent les règles d’aujourd’hui :\n✘ bombes non : " in out


@pytest.mark.usefixtures("entry_id")
def test_where_no_rule_saw_a_term_that_is_said(veille: Veille, store: Store) -> None:
    read(store, "Le temps qu’il fera")
    out = veille("why", URL).out

    assert "→ lu le 2026-05-16 07:02, aucune règle ne l’a trouvé\n" in out
    assert "  aucune règle n’y voit un seul de ses termes\n" in out


@pytest.mark.usefixtures("entry_id")
def test_one_rule_is_explained_whatever_it_saw(veille: Veille, store: Store) -> None:
    read(store, "Le temps qu’il fera")

    assert "✘ bombes non : " in veille("why", URL, "--rule", "bombes").out
    assert 5 == veille("why", URL, "--rule", "bombe").code


@pytest.mark.usefixtures("entry_id")
def test_a_dispatch_is_told_so_to_a_rule_that_wants_originals(veille: Veille, store: Store, folder: Path) -> None:
    text = 'id: exclusifs\ntitle: "Exclusifs"\nscope: {original: true}\nterms: {a: {any: ["bombes"]}}\ncondition: "a"\n'
    (folder / "bombes.yaml").write_text(text, encoding="utf-8")
    (claimed,) = claim(store, at=after(1))
    said = replace(article("Kharkiv sous les bombes"), wire="AFP")
    store.record_article(claimed.id, said, story=story(), matches=[], alerts=[], now=after(2))

    assert "✘ exclusifs non : repris d'une dépêche AFP" in veille("why", URL, "--rule", "exclusifs").out


@pytest.mark.usefixtures("entry_id")
def test_rules_that_would_match_today_are_named(veille: Veille, store: Store) -> None:
    read(store)

    assert first(veille, URL).endswith("sans correspondance ; les règles d’aujourd’hui le trouveraient : bombes")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.ROBOTS, "→ page interdite aux robots : interdite par robots.txt (voilà)"),
        (Reason.RESERVED, "→ page réservée : fouille réservée par le site (voilà)"),
        (Reason.EMPTY, "→ page sans texte d’article : aucun texte trouvé (voilà)"),
        (Reason.BLOCKED, "→ page masquée : consentement ou contrôle anti-robot exigé (voilà)"),
        (Reason.HTTP_5XX, "→ page illisible : erreur du serveur (voilà)"),
    ],
)
@pytest.mark.usefixtures("entry_id")
def test_a_page_that_could_not_be_used_is_the_reason(
    veille: Veille, store: Store, reason: Reason, expected: str
) -> None:
    read(store, "Rien", page_reason=reason, page_error="voilà", completeness=Completeness.SUMMARY)

    assert first(veille, URL).startswith(expected)


@pytest.mark.usefixtures("entry_id")
def test_a_page_that_failed_beside_a_whole_text_is_told_beside_it(veille: Veille, store: Store) -> None:
    read(store, "Rien", page_reason=Reason.ROBOTS, page_error="voilà")

    assert "la page n’a pas pu être lue : interdite par robots.txt (voilà)\n" in veille("why", URL).out


@pytest.mark.usefixtures("entry_id")
def test_of_a_text_that_was_not_kept_only_the_title_is_judged(veille: Veille, store: Store) -> None:
    read(store, keep_text=False)
    out = veille("why", URL).out

    assert "lu le 2026-05-16 07:02 : page réservée, le texte n’a pas été gardé\n" in out
    assert "Ce que disent les règles d’aujourd’hui du titre :\n✔ bombes " in out


def test_an_entry_in_the_queue_is_told_where_it_stands(veille: Veille, store: Store, entry_id: int) -> None:
    waiting = veille("why", URL).out
    (claimed,) = claim(store, at=after(1))
    assert entry_id == claimed.id
    store.leave_to_slow_lane(claimed.id, whole_host=False, now=after(1))
    slow = veille("why", URL).out
    (claimed,) = claim(store, at=after(2), lane=Lane.SLOW)
    store.postpone_entry(
        claimed.id, next_attempt_at=after(60), reason=Reason.TIMEOUT, error="no answer in 15 s", now=after(3)
    )

    assert "→ en attente de lecture depuis le 2026-05-16 07:00\n" in waiting
    assert "Ce que disent les règles d’aujourd’hui du titre et du résumé :\n✔ bombes " in waiting
    assert "voie lente" in slow
    late = "pas de réponse à temps (no answer in 15 s)"
    assert f"→ page demandée 1 fois en vain, de nouveau le 2026-05-16 08:00 : {late}" == first(veille, URL)


def test_i8_an_entry_that_the_daemon_was_killed_with_says_so(veille: Veille, store: Store, entry_id: int) -> None:
    for _ in range(3):
        claim(store, at=after(1))
        store.release_leases(now=after(1), interrupted=True)
    (claimed,) = claim(store, at=after(1))
    assert entry_id == claimed.id
    waits: dict[str, Any] = {
        "next_attempt_at": after(60),
        "reason": Reason.INTERRUPTED,
        "error": "killed 3 times",
    }
    store.postpone_entry(claimed.id, now=after(2), counted=False, **waits)

    told = "→ veille interrompue 3 fois pendant sa lecture, page demandée de nouveau le 2026-05-16 08:00"
    assert told == first(veille, URL)


def test_p3_an_entry_whose_page_waits_for_its_turn_says_so(veille: Veille, store: Store, entry_id: int) -> None:
    (claimed,) = claim(store, at=after(1))
    assert entry_id == claimed.id
    waits: dict[str, Any] = {"next_attempt_at": after(60), "reason": Reason.BUSY, "error": "its next turn is in 3540 s"}
    store.postpone_entry(claimed.id, now=after(1), counted=False, **waits)

    told = "le site fait attendre (its next turn is in 3540 s)"
    assert f"→ page remise à son tour, le 2026-05-16 08:00 : {told}" == first(veille, URL)


def test_an_entry_that_is_leased_is_being_read(veille: Veille, store: Store, entry_id: int) -> None:
    far = NOW.replace(year=9000)
    store.claim_entries(now=far, owner="moi", lease_s=60, limit=1, lane=Lane.FAST)

    assert entry_id
    assert "→ en cours de lecture" == first(veille, URL)


def test_an_old_entry_of_a_first_poll_was_never_read(veille: Veille, store: Store) -> None:
    poll(store, add_feed(store, FEED), replace(NEWS, published_at=None))

    assert first(veille, URL).startswith("→ jamais lu : il figurait déjà au premier relevé du flux")
    assert "sans date" in veille("why", URL).out


def test_an_article_in_two_feeds_is_told_once_with_both(veille: Veille, store: Store, entry_id: int) -> None:
    poll(store, live_feed(store, "https://www.gazette.example/monde.xml"), NEWS)
    read(store, "Rien")
    out = veille("why", URL).out

    assert entry_id
    assert "→ lu le 2026-05-16 07:02, aucune règle ne l’a trouvé\n" in out
    assert 2 == out.count("vu le ")


@pytest.mark.usefixtures("entry_id")
def test_a_match_that_a_changed_text_lost_is_told_so(veille: Veille, store: Store) -> None:
    read(store, "Rien", matches=[match("bombes")])
    poll(store, store.feed("1").id, replace(NEWS, title="Rien de neuf"), at=after(60))
    waiting = veille("why", URL).out
    (claimed,) = claim(store, at=after(600))
    given: dict[str, Any] = {"story": story(), "matches": [], "alerts": [], "now": after(601)}
    revised = Revised(changed=("title",), lost=("bombes",))
    store.record_article(
        claimed.id,
        article("Rien de neuf"),
        rereads=claimed.rereads,
        revised=revised,
        **given,
    )
    lost = veille("why", URL).out

    assert "son flux l’annonce avec un autre texte : il sera relu\n" in waiting
    assert "bombes ne le trouve plus depuis le 2026-05-16 17:01 : le texte a changé\n" in lost
    assert ", aucune règle ne l’a trouvé\n" in lost
    assert [after(2)] == [line.read_at for line in store.ledger(since=NOW)]


@pytest.mark.usefixtures("entry_id")
def test_a_page_that_failed_is_told_beside_the_alert_with_its_next_try(veille: Veille, store: Store) -> None:
    told = match("bombes")
    failure = {"page_reason": Reason.UNAVAILABLE, "page_error": "gazette.example: answered 503"}
    alerts = [(alert("7K2QXYZ0", told), [message()])]
    read(store, matches=[told], alerts=alerts, done=False, completeness=Completeness.SUMMARY, **failure)
    store.postpone_entry(
        store.listed(KEYS)[0].id,
        next_attempt_at=after(30),
        reason=Reason.TIMEOUT,
        error="gazette.example: no answer in time",
        now=after(3),
    )
    out = veille("why", URL).out

    assert "→ alerte al_7K2QXYZ0 en attente d’envoi" in out
    assert "la page n’a pas pu être lue : site indisponible (gazette.example : 503)\n" in out
    next_try = "page : prochain essai 2026-05-16 07:30, essais : 1, pas de réponse à temps (gazette.example)\n"
    assert next_try in out


def change(store: Store, name: str, said: str, revised: Revised, *, at: float, **how: object) -> None:
    """Let the feed say otherwise, and read the article again."""
    poll(store, store.feed("1").id, replace(NEWS, title=name), at=after(at))
    (claimed,) = claim(store, at=after(at + 1))
    given: dict[str, Any] = {"story": story(), "matches": [], "alerts": [], "now": after(at + 2)}
    given |= {name: how.pop(name) for name in ("matches", "alerts") if name in how}
    store.record_article(
        claimed.id,
        article(said, **how),
        rereads=claimed.rereads,
        revised=revised,
        **given,
    )


@pytest.mark.usefixtures("entry_id")
def test_changes_and_their_updates_are_told_with_what_shows_them(veille: Veille, store: Store) -> None:
    told = match("bombes")
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [message()])])
    known = alert("7K2QXYZ0").id
    update = Update(of=known, change=Change.TITLE_CHANGED, before=Standing("Kharkiv"), after=Standing("Kiev"))
    again = replace(alert("8X3M0000", told), update=update)
    revised = Revised(changed=("title", "lead", "body"))
    change(store, "Kiev", "Kiev", revised, at=60, matches=[told], alerts=[(again, [message("8X3M0000")])])
    out = veille("why", URL).out
    (listed,) = veille("why", URL, "--json").lines[0]["entries"]

    changed = "modifié le 2026-05-16 08:02 : titre, texte, mises à jour : al_8X3M0000, `veille revisions "
    assert f"{changed}{URL}`\n" in out
    assert "mise à jour al_8X3M0000 de al_7K2QXYZ0, le 2026-05-16 07:00 (bombes)\n" in out
    assert [["title", "lead", "body"]] == [one["changed"] for one in listed["article"]["revisions"]]
    assert [None, "al_7K2QXYZ0"] == [one["updates"] for one in listed["matches"][0]["alerts"]]
    assert "  title: [-Kharkiv sous les bombes-] {+Kiev+}\n" in veille("revisions", URL).out


@pytest.mark.usefixtures("entry_id")
def test_a_match_that_went_with_its_page_is_told_so_and_not_that_its_text_changed(veille: Veille, store: Store) -> None:
    read(store, matches=[match("bombes")])
    change(store, "Kiev", "Kiev", Revised(changed=("title",)), at=60)
    gone = {"page_reason": Reason.GONE, "page_error": "gazette.example: answered 410"}
    change(store, "Lviv", "Kiev", Revised(changed=("withdrawn",), lost=("bombes",)), at=600, **gone)
    out = veille("why", URL).out
    (listed,) = veille("why", URL, "--json").lines[0]["entries"]

    assert "page retirée, constaté le 2026-05-16 17:02 : supprimée par le site (gazette.example : 410)\n" in out
    assert "la page n’a pas pu être lue" not in out
    assert "modifié le 2026-05-16 17:02 : page retirée, 2 changements en tout, `veille revisions " in out
    assert "bombes ne le trouve plus depuis le 2026-05-16 17:02 : la page a été retirée\n" in out
    assert "2026-05-16T15:02:00+00:00" == listed["article"]["withdrawn_at"]


def test_t4_the_log_is_read_while_a_daemon_holds_it(veille: Veille, store: Store, entry_id: int) -> None:
    with DaemonLock(store.path, clock=SystemClock()):
        got = veille("why", URL)

    assert entry_id
    assert 0 == got.code


def test_it_is_told_in_english_too(
    veille: Veille, store: Store, entry_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", "en")
    read(store, "Une bombe près de la ville", matches=[match("front", score=7.25, near_miss=True)])
    out = veille("why", URL).out

    assert entry_id
    assert "→ near miss: front, 7.25 points for a threshold of 10\n" in out
    assert "What the rules of today say:\n✘ bombes no: " in out


@pytest.mark.usefixtures("entry_id")
def test_it_is_told_to_programs(veille: Veille, store: Store) -> None:
    told = match("bombes")
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [message()])])
    (got,) = veille("why", URL, "--json").lines

    assert (URL, "pending", None) == (got["url"], got["stage"], got["at"])
    (listed,) = got["entries"]
    assert ("done", FEED, "full", "www.gazette.example") == (
        listed["state"],
        listed["feed"]["url"],
        listed["article"]["completeness"],
        listed["link"].split("/")[2],
    )
    (line,) = listed["matches"][0]["alerts"][0]["deliveries"]
    assert ("webhook", "pending") == (line["receiver"], line["state"])
    assert ("article", ["bombes"]) == (got["judged"], [rule["rule"] for rule in got["rules"]])


def failed(store: Store, url: str) -> None:
    outcome = PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 500")
    feed = store.feed(url).id
    store.record_poll(feed, outcome, (), next_due_at=after(90), now=after(30), baseline_max_age_s=DAY_S)


def test_of_an_address_that_no_feed_listed_the_feeds_of_its_site_are_told(veille: Veille, store: Store) -> None:
    for name in ("une", "monde", "sport", "gone"):
        add_feed(store, f"https://rss.gazette.example/{name}")
    add_feed(store, "https://autre.example/rss")
    poll(store, store.feed("1").id, entry("un"), at=after(1))
    failed(store, "https://rss.gazette.example/monde")
    store.pause_feed(store.feed("3").id, paused=True, now=after(1))
    store.record_poll(
        store.feed("4").id,
        PollOutcome(PollResult.FAILED, reason=Reason.GONE),
        (),
        next_due_at=None,
        now=after(1),
        baseline_max_age_s=DAY_S,
    )
    add_feed(store, "https://rss.gazette.example/neuf")
    out = veille("why", URL, "--offline").out
    (told,) = veille("why", URL, "--offline", "--json").lines

    assert "→ jamais vu : aucun flux ne l’a annoncé\n" in out
    assert "Vos flux de gazette.example :\n" in out
    assert "/une) : relevé le 2026-05-16 07:01, ne l’a jamais annoncé, dernière nouveauté 2026-05-16 07:01" in out
    failing = "en panne depuis le 2026-05-16 07:30 (1 relevé), dernier bon relevé jamais : erreur du serveur (500), "
    assert f"/monde) : {failing}" in out
    assert "/sport) : en pause" in out
    assert "/gone) : n’existe plus" in out
    assert "/neuf) : pas encore relevé\n" in out
    assert "autre.example" not in out
    assert ["polled", "failing", "paused", "gone", "never_polled"] == [feed["condition"] for feed in told["feeds"]]
    assert ("never_listed", []) == (told["stage"], told["rules"])


@pytest.mark.usefixtures("store")
def test_a_site_without_a_feed_of_ours_is_told_so(veille: Veille) -> None:
    assert (
        "Aucun de vos flux n’annonce de pages de ailleurs.example.\n"
        in veille("why", "https://ailleurs.example/", "--offline").out
    )


@pytest.mark.parametrize(
    "address", ["kharkiv", "ftp://gazette.example/un", "https://moi@gazette.example/", "file:///x"]
)
@pytest.mark.usefixtures("store")
def test_what_is_no_address_exits_2(veille: Veille, address: str) -> None:
    got = veille("why", address)

    assert 2 == got.code
    assert "is no article's address" in got.err


def test_without_a_database_it_says_what_makes_one(veille: Veille) -> None:
    got = veille("why", URL)

    assert (3, True) == (got.code, "no such database" in got.err)


def test_every_stage_and_condition_has_words_in_both_languages() -> None:
    french, english = _WORDS[Language.FR], _WORDS[Language.EN]

    assert french.keys() == english.keys()
    named = {f"incident_{kind}" for kind in IncidentKind if kind is not IncidentKind.MOVED}
    named |= {f"delivery_{state}" for state in DeliveryState}
    assert {*Stage, *FeedCondition, *Completeness, *Why, *named} <= french.keys()


@pytest.mark.usefixtures("entry_id")
def test_an_article_that_only_joined_a_story_was_not_delivered_and_its_growth_is_told(
    veille: Veille, store: Store
) -> None:
    url = "https://echo.example/deux.html"
    second = entry("deux", link=url, keys=("g:deux", "l:echo.example/deux.html"))
    poll(store, live_feed(store, "https://echo.example/rss"), second)
    entry_ids = sorted(one.id for one in claim(store, at=after(1)))
    first = replace(alert("7K2QXYZ0", match("bombes")), planned_at=after(2))
    standing = Standing("Une visite")
    grown = replace(
        alert("GR0WN000", match("bombes"), type_=AlertType.STORY_UPDATED),
        planned_at=after(10),
        update=Update(first.id, Change.GREW, standing, standing),
    )
    text, matches = article("Kharkiv sous les bombes"), [match("bombes")]
    store.record_article(
        *(entry_ids[0], text), story=story(), matches=matches, alerts=[(first, [message()])], now=after(2)
    )
    store.claim_deliveries("webhook", now=after(3), owner="moi", lease_s=60, limit=1)
    store.settle_sent(DeliveryId(1), Receipt(), now=after(4))
    held = replace(message("GR0WN000"), held=Held(Why.QUIET_HOURS, after(120)))
    store.record_article(
        *(entry_ids[1], text),
        story=story(),
        matches=matches,
        alerts=[(replace(first, planned_at=after(10)), [message()])],  # there already: joined
        growth=[(grown, [held], 1)],
        now=after(10),
    )
    out = veille("why", url).out
    (told,) = veille("why", url, "--json").lines
    (listed,) = told["entries"][0]["matches"]

    assert "→ trouvé par bombes ; son sujet avait déjà été signalé par l’alerte al_7K2QXYZ0\n" in out
    assert "joint à l’alerte al_7K2QXYZ0 sur le même sujet, du 2026-05-16 07:02 (bombes)\n" in out
    assert "  webhook : remis le 2026-05-16 07:04\n" in out
    assert "mise à jour al_GR0WN000 de al_7K2QXYZ0, le 2026-05-16 07:10 (bombes)\n" in out
    assert "  webhook : retenu (heures calmes) jusqu’au 2026-05-16 09:00\n" in out
    assert ("told_already", []) == (told["stage"], listed["alerts"])
    assert (["al_7K2QXYZ0"], ["al_GR0WN000"]) == tuple(
        [one["id"] for one in listed[name]] for name in ("joined", "growth")
    )
    assert "→ remis le 2026-05-16 07:04 à webhook\n" in veille("why", URL).out


@pytest.mark.usefixtures("entry_id")
def test_what_another_message_tells_stands_as_that_does(veille: Veille, store: Store) -> None:
    told = match("bombes")
    held = replace(message(), held=Held(Why.COOLDOWN, after(60)))
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [held])])
    digest = alert("D1GE0000", told, type_=AlertType.STORY_DIGEST)
    outbox = [replace(message("D1GE0000"), held=Held(Why.QUIET_HOURS, after(120)))]
    store.record_group(digest, outbox, [DeliveryId(1)], [1], now=after(60))
    out = veille("why", URL).out
    (as_json,) = veille("why", URL, "--json").lines
    (listed,) = as_json["entries"][0]["matches"]
    (first, *_) = listed["alerts"]

    assert "→ alerte al_7K2QXYZ0 retenue pour webhook\n" in out
    assert (
        "  webhook : dit par le message 2 (alerte al_D1GE0000) : "
        "retenu (heures calmes) jusqu’au 2026-05-16 09:00\n" in out
    )
    assert ("held", 2) == (as_json["stage"], first["deliveries"][0]["told_by"])
    assert [("al_D1GE0000", "held")] == [(one["alert_id"], one["state"]) for one in first["tellers"]]


@pytest.mark.usefixtures("entry_id")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "  webhook : retenu (bulletin) jusqu’au prochain bulletin\n"),
        ("en", "  webhook: held (digest) until the next digest\n"),
    ],
)
def test_what_is_held_says_why_and_until_when_in_words(
    veille: Veille, store: Store, monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", language)
    told = match("bombes")
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [replace(message(), held=Held(Why.DIGEST))])])

    assert expected in veille("why", URL).out


@pytest.mark.usefixtures("entry_id")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "  webhook : retenu jusqu’au prochain bulletin\n"),
        ("en", "  webhook: held until the next digest\n"),
    ],
)
def test_what_is_held_for_a_reason_that_is_not_known_says_until_when(
    veille: Veille, store: Store, monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", language)
    told = match("bombes")
    read(store, matches=[told], alerts=[(alert("7K2QXYZ0", told), [replace(message(), held=Held(Why.DIGEST))])])
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("UPDATE delivery SET why = NULL")
        other.commit()

    assert expected in veille("why", URL).out


@pytest.mark.parametrize(
    ("language", "missed", "expected"),
    [
        (Language.FR, 1, " (environ 1 article manqué)"),
        (Language.FR, 2, " (environ 2 articles manqués)"),
        (Language.EN, 1, " (about 1 article missed)"),
        (Language.EN, 2, " (about 2 articles missed)"),
    ],
)
def test_what_a_gap_cost_agrees_for_one(store: Store, language: Language, missed: int, expected: str) -> None:
    source = store.feed(str(live_feed(store)))
    gap = Incident(IncidentId(1), IncidentKind.GAP, source, NOW, until_at=after(60), missed=missed)

    assert Account(Settings(language=language)).incident(gap).endswith(expected)
