from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import check_channels, load_feeds, opened
from monitor.demo import Answer, Received, Request
from monitor.errors import RoutesError, RulesError, SettingsError, SourceError, StoreFullError, StoreLockedError
from monitor.model import Alert, FeedStatus
from monitor.store import OutboxItem
from tests.clock import ManualClock
from tests.monitor.bench import HOUR_S, TOMORROW_S, Desk, at_desk, settings_for


def _write_feeds(desk: Desk, *paths: str) -> None:
    text = "".join(f"{desk.site.url(path)}\n" for path in paths)
    (desk.folder / "feeds.txt").write_text(text, encoding="utf-8")


def _statuses(desk: Desk) -> dict[str, FeedStatus]:
    return {state.feed.url.removeprefix(desk.site.url("")): state.status for state in desk.feeds}


def test_a_rule_set_that_is_broken_leaves_the_previous_one_live(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        before = desk.app.tools.live.judge
        (desk.folder / "rules" / "neuf.yaml").write_text("id: neuf\ncondition: nowhere\n", encoding="utf-8")
        await desk.app.reload()

        assert before is desk.app.tools.live.judge
        assert 1 == desk.metric("rules_rejected_total")
        assert 3 == desk.metric("rules")

    at_desk(tmp_path, act)


def test_a_rule_set_that_is_good_is_live_after_a_reload(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml", desk.item("/vieux", "Avant", age_s=30 * TOMORROW_S))
        await desk.cycle()
        (desk.folder / "rules" / "vin.txt").write_text("vendanges\n", encoding="utf-8")
        await desk.app.reload()
        desk.site.publish("/rss.xml", desk.item("/une", "Vendanges tardives"))
        await desk.cycle(after_s=HOUR_S)

        assert ["Vendanges tardives"] == desk.told
        assert (4, 0) == (desk.metric("rules"), desk.metric("rules_rejected_total"))

    at_desk(tmp_path, act)


# --- a refused rule set is told ---------------------------------------------------------------------------------------

BROKEN = "id: neuf\ntitle: Neuf\nterms: {vin: {any: [vendange]}}\ncondition: nowhere\n"
GOOD = BROKEN.replace("nowhere", "vin")


async def _reload(desk: Desk, text: str | None = BROKEN, *, after_s: float = 1.0) -> None:
    """Write a rule file, or take it away, reload, and send what waits."""
    desk.clock.pass_s(after_s)
    path = desk.folder / "rules" / "neuf.yaml"
    path.unlink(missing_ok=True) if text is None else path.write_text(text, encoding="utf-8")
    await desk.app.reload()
    await desk.cycle()


def _refusals(desk: Desk) -> list[Received]:
    return [received for received in desk.webhook.received if received.payload["type"] == "rules.rejected"]


def test_a_rule_set_that_is_refused_is_told_with_file_and_line(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await _reload(desk)
        [refusal] = _refusals(desk)
        data = refusal.payload["data"]

        assert [] == desk.webhook.problems
        assert ("rules_rejected", "rules: refused", 0, 3) == (
            data["notification_reason"],
            data["error"],
            data["truncated"],
            data["rules_live"],
        )
        assert ["rules/neuf.yaml:4:12: unknown term nowhere"] == [error.split(" (")[0] for error in data["errors"]]
        assert str(tmp_path) not in refusal.text
        assert 1 == desk.metric("alerts_total", type="rules.rejected")
        assert ["sent"] == [line.state for line in desk.app.tools.store.deliveries()]

    at_desk(tmp_path, act)


def test_tests_inside_the_rules_that_fail_are_told_and_so_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    failing = (
        'id: neuf\ntitle: "Neuf"\nstatus: stable\nterms:\n  vin: {any: ["vendange"]}\ncondition: "vin"\n'
        'tests:\n  - {name: "faux", article: {title: "Les vendanges"}, expect: {match: false}}\n'
    )

    async def act(desk: Desk) -> None:
        await _reload(desk, failing)
        (desk.folder / "rules" / "neuf.yaml").write_bytes(b"\xff")
        await desk.app.reload()
        await desk.cycle()
        failed, unreadable = (one.payload["data"] for one in _refusals(desk))

        assert "rules: tests inside the rules failed" == failed["error"]
        assert failed["errors"][0].startswith("rules/neuf.yaml:8: neuf: 'faux': ")
        assert unreadable["error"].startswith("rules/neuf.yaml: cannot be read: line 1 is not UTF-8")
        assert [] == unreadable["errors"]

    at_desk(tmp_path, act)


def test_the_same_refusal_is_told_once_until_a_day_has_passed(tmp_path: Path) -> None:
    async def act(desk: Desk) -> list[int]:
        told = []
        for after_s in (0, 60, TOMORROW_S - 61, 1, 60):
            await _reload(desk, after_s=after_s)
            told.append(len(_refusals(desk)))
        return told

    assert [1, 1, 1, 2, 2] == at_desk(tmp_path, act)


def test_the_same_refusal_is_told_again_after_a_set_went_live(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def act(desk: Desk) -> None:
        await _reload(desk)
        caplog.clear()
        await _reload(desk, None)

        assert 1 == len(desk.webhook.received)
        assert "rules_live" in [record.message for record in caplog.records]

        await _reload(desk)
        first, second = _refusals(desk)

        assert first.payload["data"]["errors"] == second.payload["data"]["errors"]
        assert first.identity != second.identity

    at_desk(tmp_path, act)


def test_a_routes_file_that_is_refused_again_is_told_once_until_one_went_live(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    good, bad = ("route: {receiver: un}\nreceivers: {un: {webhook: {}}}\n", "route: {receiver: nobody}\n")
    routes.write_text(good, encoding="utf-8")

    async def act(desk: Desk) -> list[int]:
        told = []
        for text in (bad, bad, good, bad):
            routes.write_text(text, encoding="utf-8")
            await _reload(desk, None)
            told.append(len(_refusals(desk)))
        return told

    assert [1, 1, 1, 2] == at_desk(tmp_path, act, routes=routes)


def test_refusals_of_rules_and_routes_are_told_apart(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    good, bad = ("route: {receiver: un}\nreceivers: {un: {webhook: {}}}\n", "route: {receiver: nobody}\n")
    routes.write_text(good, encoding="utf-8")

    async def act(desk: Desk) -> list[int]:
        told = []
        for rules, text in ((BROKEN, good), (BROKEN, bad), (BROKEN, good), (None, bad), (GOOD, bad)):
            routes.write_text(text, encoding="utf-8")
            await _reload(desk, rules)
            told.append(len(_refusals(desk)))
        return told

    # a set that goes live forgets its own refusals only; and a rule more makes no other refusal of routes
    assert [1, 2, 2, 3, 3] == at_desk(tmp_path, act, routes=routes)


def test_another_refusal_is_told_and_the_first_one_is_not_told_again(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for text in (BROKEN, BROKEN.replace("nowhere", "elsewhere"), BROKEN):
            await _reload(desk, text)

        assert 2 == len({received.identity for received in _refusals(desk)}) == len(_refusals(desk))

    at_desk(tmp_path, act)


def test_d1_a_refusal_that_is_not_accepted_is_sent_again_under_the_same_identity(tmp_path: Path) -> None:
    def decide(number: int, request: Request) -> Answer | None:
        return Answer(503) if number == 1 else None

    async def act(desk: Desk) -> None:
        await _reload(desk)
        await desk.cycle(after_s=HOUR_S)
        first, second = desk.webhook.requests

        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert 1 == len(_refusals(desk))

    at_desk(tmp_path, act, decide=decide)


def test_a_refusal_that_the_database_cannot_take_is_told_at_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk) -> None:
        _write_feeds(desk, "/rss.xml", "/b.xml")
        with monkeypatch.context() as patch:
            patch.setattr(desk.app.tools.store, "record_alert", full)
            await _reload(desk)

        assert [] == desk.webhook.received
        assert FeedStatus.ACTIVE is _statuses(desk)["/b.xml"]  # feeds are read again all the same
        assert "refusal_untold" in [record.message for record in caplog.records if record.levelname == "WARNING"]

        for _ in range(2):
            await desk.app.tell_refusal()
            await desk.cycle()

        assert 1 == len(_refusals(desk))

    at_desk(tmp_path, act)


def test_a_refusal_that_is_overtaken_while_it_is_written_leaves_the_later_one_to_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> None:
        store = desk.app.tools.store
        record_alert = store.record_alert

        def overtaken(alert: Alert, outbox: Sequence[OutboxItem], *, now: datetime) -> bool:
            desk.app._note_refusal(RulesError("rules: refused again"))
            return record_alert(alert, outbox, now=now)

        with monkeypatch.context() as patch:
            patch.setattr(store, "record_alert", overtaken)
            await _reload(desk)
        await desk.app.tell_refusal()
        await desk.cycle()

        assert ["rules: refused", "rules: refused again"] == [
            received.payload["data"]["error"] for received in _refusals(desk)
        ]

    at_desk(tmp_path, act)


def test_a_refusal_goes_to_each_receiver_that_routes_lead_to_once(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "route:\n  receiver: journal\n  routes:\n"
        "    - {matchers: ['level=high'], receiver: un}\n    - {matchers: ['level=low'], receiver: un}\n"
        "    - {matchers: ['level=critical'], receiver: deux}\n"
        "receivers: {un: {webhook: {}}, deux: {slack: {}}}\n",
        encoding="utf-8",
    )

    async def act(desk: Desk) -> None:
        await desk.app.reload()
        (desk.folder / "rules" / "neuf.yaml").write_text(BROKEN, encoding="utf-8")
        await desk.app.reload()

        assert ["deux", "un"] == sorted(line.receiver for line in desk.app.tools.store.deliveries())

    at_desk(tmp_path, act, routes=routes, slack_webhook_url="http://127.0.0.1:9/")


def test_a_routes_file_finds_secrets_that_came_after_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes, secret = tmp_path / "routes.yaml", tmp_path / "secret"
    first = "route:\n  receiver: un\n  routes: []\nreceivers:\n  un: {webhook: {}}\n"
    routes.write_text(first, encoding="utf-8")

    async def reload(desk: Desk) -> tuple[str, ...]:
        await desk.app.reload()
        await desk.cycle()
        return desk.app.tools.routes.names

    async def act(desk: Desk) -> None:
        with_new = first.replace("[]", "[{receiver: deux, matchers: [rule=essai]}]")
        routes.write_text(with_new + "  deux: {slack: {url: '${VEILLE_SECRET_NEW}'}}\n", encoding="utf-8")
        assert ("un",) == await reload(desk)
        monkeypatch.setenv("VEILLE_SECRET_NEW_FILE", str(secret))
        assert ("un",) == await reload(desk)
        secret.write_text("http://127.0.0.1:9/\n", encoding="utf-8")
        assert ("un", "deux") == await reload(desk)
        unset, unread = (one.payload["data"] for one in _refusals(desk))

        assert ["routes.yaml:6:23: VEILLE_SECRET_NEW is not set (in the environment, or the .env file)"] == unset[
            "errors"
        ]
        assert "the secrets cannot be read again; `veille check` says why" == unread["error"]
        assert [] == desk.webhook.problems

    at_desk(tmp_path, act, routes=routes)


def test_without_receivers_a_refusal_is_in_the_log_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(desk: Desk) -> None:
        await _reload(desk)

        assert () == desk.app.tools.store.deliveries()
        assert ["rules_refused"] == [record.message for record in caplog.records if record.levelname == "ERROR"]

    at_desk(tmp_path, act, webhook_url=None, webhook_secret=None)


def test_nothing_is_told_of_rules_that_are_good(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        for text in (None, "- vendanges\n"):
            await _reload(desk, text)
            await desk.app.tell_refusal()

        assert () == desk.app.tools.store.deliveries()

    at_desk(tmp_path, act)


def test_feeds_are_added_and_paused_when_their_file_changes(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        _write_feeds(desk, "/b.xml", "/c-is-new.xml")
        await _follow(desk)

        assert {
            "/a.xml": FeedStatus.PAUSED,
            "/b.xml": FeedStatus.ACTIVE,
            "/c-is-new.xml": FeedStatus.ACTIVE,
        } == _statuses(desk)

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


async def _follow(desk: Desk) -> None:
    """Let two rounds pass."""
    for _ in range(2):
        await desk.app.follow_feeds()


def test_a_feeds_file_that_is_saved_in_pieces_pauses_nothing(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        _write_feeds(desk, "/a.xml")
        await desk.app.follow_feeds()
        _write_feeds(desk, "/a.xml", "/b.xml", "/c.xml")
        await desk.app.follow_feeds()

        assert {"/a.xml": FeedStatus.ACTIVE, "/b.xml": FeedStatus.ACTIVE} == _statuses(desk)

        await desk.app.follow_feeds()

        assert FeedStatus.ACTIVE is _statuses(desk)["/c.xml"]

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_a_feeds_file_that_is_broken_or_gone_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(desk: Desk) -> None:
        (desk.folder / "feeds.txt").write_text("<opml><body>", encoding="utf-8")
        await _follow(desk)
        (desk.folder / "feeds.txt").unlink()
        await _follow(desk)

        assert {"/rss.xml": FeedStatus.ACTIVE} == _statuses(desk)
        assert ["feeds_refused"] * 2 == [record.message for record in caplog.records if record.levelname == "ERROR"]

    at_desk(tmp_path, act)


def test_a_feeds_file_that_vanishes_is_told_once_and_read_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(desk: Desk) -> None:
        kept = (desk.folder / "feeds.txt").rename(desk.folder / "kept.txt")
        await desk.app.follow_feeds()
        errors = [record for record in caplog.records if record.levelname == "ERROR"]

        assert [] == errors  # an editor may be in the middle of saving it

        for _ in range(3):
            await _follow(desk)
        [told] = [record for record in caplog.records if record.levelname == "ERROR"]

        assert "feeds_refused" == told.message
        assert "No such file or directory; feeds go on as they were until it can be read" in vars(told)["error"]
        assert {"/rss.xml": FeedStatus.ACTIVE} == _statuses(desk)

        kept.rename(desk.folder / "feeds.txt")
        _write_feeds(desk, "/rss.xml", "/b.xml")
        await _follow(desk)

        assert FeedStatus.ACTIVE is _statuses(desk)["/b.xml"]

    at_desk(tmp_path, act)


def test_a_start_without_any_feed_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(desk: Desk) -> None:
        await desk.app.declare_feeds()
        assert "no_feeds" not in [record.message for record in caplog.records]

        (desk.folder / "feeds.txt").write_text("# rien encore\n", encoding="utf-8")
        await desk.app.declare_feeds()

        assert "no_feeds" in [record.message for record in caplog.records if record.levelname == "WARNING"]

    at_desk(tmp_path, act)


def test_a_feeds_file_that_is_being_saved_pauses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def act(desk: Desk) -> None:
        (desk.folder / "feeds.txt").write_text("", encoding="utf-8")
        await _follow(desk)

        assert {"/rss.xml": FeedStatus.ACTIVE} == _statuses(desk)
        assert ["feeds_refused"] == [record.message for record in caplog.records if record.levelname == "ERROR"]

        _write_feeds(desk, "/rss.xml", "/b.xml")
        await _follow(desk)

        assert FeedStatus.ACTIVE is _statuses(desk)["/b.xml"]

    at_desk(tmp_path, act)


def test_feeds_that_the_database_refused_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError("no room")

    async def act(desk: Desk) -> None:
        _write_feeds(desk, "/other.xml")
        with monkeypatch.context() as patch:
            patch.setattr(desk.app.tools.store, "sync_feeds", full)
            with pytest.raises(StoreFullError):
                await _follow(desk)
        await _follow(desk)

        assert FeedStatus.ACTIVE is _statuses(desk)["/other.xml"]

    at_desk(tmp_path, act)


def test_t4_a_second_daemon_on_the_same_database_is_refused_by_name(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with (
        opened(settings, clock=ManualClock()),
        pytest.raises(StoreLockedError, match="another daemon uses it: pid"),
        opened(settings, clock=ManualClock()),
    ):
        pytest.fail("two daemons")

    with opened(settings, clock=ManualClock()) as app:
        assert app.tools.store.path.exists()


def test_rules_that_are_broken_at_the_start_start_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    (tmp_path / "rules" / "neuf.yaml").write_text("id: neuf\ncondition: nowhere\n", encoding="utf-8")

    with pytest.raises(RulesError), opened(settings, clock=ManualClock()):
        pytest.fail("opened")

    assert not (tmp_path / "veille.db").exists()


def test_feeds_that_cannot_be_read_at_the_start_start_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError), opened(settings_for(tmp_path, feeds=tmp_path / "no.opml"), clock=ManualClock()):
        pytest.fail("opened")

    assert not (tmp_path / "veille.db").exists()


def test_without_a_feeds_file_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="veille init"):
        load_feeds(settings_for(tmp_path).model_copy(update={"feeds": None}))


def test_channels_are_checked_without_connecting(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, webhook_url="http://127.0.0.1:9/", slack_webhook_url="http://127.0.0.1:9/")

    assert ("slack", "webhook") == check_channels(settings)


def test_a_destination_that_no_receiver_uses_is_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("route: {receiver: journal}\n", encoding="utf-8")
    settings = settings_for(tmp_path, routes=routes, webhook_url="http://127.0.0.1:9/")
    with opened(settings, clock=ManualClock()) as app:
        assert () == app.tools.routes.names

    assert ["destinations_unused"] == [record.msg for record in caplog.records]


def test_a_routes_file_that_is_wrong_stops_the_start_with_every_problem(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("route: {receiver: nobody, cooldown: 2}\n", encoding="utf-8")
    with pytest.raises(RoutesError) as caught, opened(settings_for(tmp_path, routes=routes), clock=ManualClock()):
        pass

    assert [f"{routes}:1:19", f"{routes}:1:37"] == [one.split(": ")[0] for one in caught.value.errors]
    assert not (tmp_path / "veille.db").exists()


def test_a_channel_that_cannot_work_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        check_channels(settings_for(tmp_path, webhook_url="http://127.0.0.1:9/", webhook_secret="short"))


def test_the_status_line_counts(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        assert "2 feeds, 0 to read, 0 to send" == await desk.app.status()

    at_desk(tmp_path, act, feeds=("/a.xml", "/b.xml"))


def test_a_daemon_is_ready_while_its_rounds_go_on(tmp_path: Path) -> None:
    async def act(desk: Desk) -> list[str | None]:
        said = [desk.app.unready()]
        desk.app.started = True
        said.append(desk.app.unready())
        desk.app.tools.metrics.round_ended(desk.clock.now())
        said.append(desk.app.unready())
        desk.clock.pass_s(61)
        said.append(desk.app.unready())
        return said

    starting, first, ready, stuck = at_desk(tmp_path, act)

    assert ("starting", "first round under way", None) == (starting, first, ready)
    assert stuck is not None
    assert "no round for a minute" in stuck


def test_t7_feeds_are_due_again_after_the_clock_was_set_back(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml")
        await desk.cycle()
        due_in = (desk.feed.next_due_at or desk.clock.now()) - desk.clock.now()
        desk.clock.pass_s(-HOUR_S)
        desk.app.runner._set_back_clock()
        await desk.app.runner._round()

        assert desk.feed.next_due_at is not None
        assert desk.feed.next_due_at - desk.clock.now() <= due_in + timedelta(seconds=1)

    at_desk(tmp_path, act)


def test_t7_a_clock_that_was_mended_while_the_daemon_was_down_stops_no_poll(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.site.publish("/rss.xml")
        await desk.cycle()
        desk.clock.pass_s(-1000 * TOMORROW_S)
        await desk.app.declare_feeds()
        await desk.cycle(after_s=HOUR_S)

        assert 2 == desk.site.asked("/rss.xml")

    at_desk(tmp_path, act)


def test_the_daemon_starts_and_stops_with_nothing_to_do(tmp_path: Path) -> None:
    async def main() -> None:
        with opened(settings_for(tmp_path), clock=ManualClock()) as app:
            await app.start()

            assert app.started

            await app.stop(grace_s=1)

            assert not app.started

    asyncio.run(main())
