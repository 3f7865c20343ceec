from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import RULE

SECRET = "whsec_" + "QUJD" * 8
FAILING = 'tests:\n  - name: "fleurs"\n    article: {title: "Un marché"}\n    expect: {match: true}\n'


def test_everything_that_is_wrong_is_told_at_once(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "r.yaml").write_text(RULE + FAILING, encoding="utf-8")
    (folder / "routes.yaml").write_text("route: {receiver: nobody}\n", encoding="utf-8")
    for name, value in {"RULES": "r.yaml", "ROUTES": "routes.yaml", "FEEDS": "nulle-part.opml"}.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)
    got = veille("check")
    words = [line.split(":")[0] for line in got.out.splitlines() if not line.startswith("       ")]

    assert 2 == got.code
    assert ["ok", "ok", "FAIL", "FAIL", "FAIL", "ok", "FAIL"] == [word.split()[0] for word in words]
    assert ["settings", "database", "feeds", "rules", "routes", "cookies", "destinations"] == [
        word.split()[1] for word in words
    ]
    assert "       r.yaml:" in got.out


@pytest.mark.parametrize(
    ("lines", "mode", "told"),
    [
        ("www.gazette.example a=1; b=2", 0o600, "ok   cookies: 2 of www.gazette.example"),
        (
            ".gazette.example\tTRUE\t/\tTRUE\t86400\ta\tx",
            0o600,
            "ok   cookies: 1 of gazette.example; expired: some of ",
        ),
        ("www.gazette.example a=1", 0o644, "FAIL cookies: VEILLE_COOKIES: others may read abo.txt"),
    ],
)
def test_subscriptions_are_checked_and_their_cookies_not_shown(
    veille: Veille, folder: Path, *, lines: str, mode: int, told: str
) -> None:
    (folder / "abo.txt").write_text(lines, encoding="utf-8")
    (folder / "abo.txt").chmod(mode)
    (folder / ".env").write_text("VEILLE_COOKIES=abo.txt\n", encoding="utf-8")
    got = veille("check")

    assert told in got.out
    assert "VEILLE_COOKIES=abo.txt\n" in veille("config").out


def test_a_wrong_setting_fails_the_check(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_LANGUAGE", "de")
    got = veille("check")

    assert 2 == got.code
    assert got.err.startswith("veille: VEILLE_LANGUAGE: 'de':")


def test_the_settings_in_force_are_printed_without_their_secrets(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("VEILLE_WORKERS=3\nVEILLE_LANGUAGE=en\n", encoding="utf-8")
    (folder / "autre.env").write_text("VEILLE_WORKERS=4\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_LANGUAGE", "fr")
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", "https://x.example/jeton")
    text = veille("config").out
    (told,) = veille("--env-file", "autre.env", "config", "--json").lines

    assert "VEILLE_WORKERS=3\nVEILLE" not in text.replace("VEILLE_WORKERS=3\n", "", 1)
    assert "VEILLE_LANGUAGE=fr\n" in text
    assert "jeton" not in text + str(told)
    assert ("4", "********") == (told["VEILLE_WORKERS"], told["VEILLE_WEBHOOK_URL"])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "WEBHOOK_URL",
            "http://127.0.0.1:9/",
            "VEILLE_WEBHOOK_URL: 127.0.0.1: 127.0.0.1 is not on the public internet",
        ),
        ("SLACK_WEBHOOK_URL", "http://10.0.0.1/", "VEILLE_SLACK_WEBHOOK_URL: 10.0.0.1: 10.0.0.1 is not on the public"),
    ],
)
@pytest.mark.untraced
def test_a_destination_that_every_alert_would_be_refused_for_fails_the_check(
    veille: Veille, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"VEILLE_{name}", value)
    refused = veille("check")
    monkeypatch.setenv("VEILLE_DELIVER_ALLOW_NETWORKS", "127.0.0.0/8,10.0.0.0/8")
    allowed = veille("check")

    assert f"FAIL destinations: every alert would be refused\n       {expected}" in refused.out
    assert "ok   destinations" in allowed.out


def test_a_mistyped_name_in_a_route_fails_the_check(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "routes.yaml").write_text(
        "route:\n  receiver: journal\n  routes:\n    - {receiver: journal, matchers: ['rule=front-kharkv']}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("VEILLE_ROUTES", "routes.yaml")

    assert "       no rule has rule 'front-kharkv'; did you mean front-kharkiv?\n" in veille("check").out


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("nulle-part/veille.db", "FAIL database: nulle-part: no folder that can be written to"),
        ("neuf.db", "ok   database"),
    ],
)
def test_a_database_that_cannot_be_made_fails_the_check(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch, database: str, expected: str
) -> None:
    monkeypatch.setenv("VEILLE_DATABASE", database)

    assert expected in veille("check").out
    assert [] == list(folder.iterdir())


def test_a_database_of_a_name_that_no_file_has_fails_the_check_and_polls(veille: Veille, folder: Path) -> None:
    (folder / "feeds.txt").write_text("https://gazette.example/rss\n", encoding="utf-8")
    (folder / ".env").write_text('VEILLE_FEEDS=feeds.txt\nVEILLE_DATABASE="non\0.db"\n', encoding="utf-8")
    check, poll = veille("check"), veille("poll")
    told = ".db: leads nowhere: no file has such a name; set another path\n"

    assert "FAIL database: non" in check.out
    assert told in check.out
    assert (2, 3) == (check.code, poll.code)
    assert poll.err.startswith("veille: non")
    assert poll.err.endswith(told)


def test_a_database_that_may_only_be_read_fails_the_check(
    veille: Veille, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.store.store.os.access", lambda *_: False)  # the tests may run as root

    assert f"FAIL database: {store.path.name}: it or its folder may only be read" in veille("check").out


def test_a_watch_without_any_feed_fails_the_check(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "vide.txt").write_text("# rien encore\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_FEEDS", "vide.txt")
    got = veille("check")

    assert 2 == got.code
    assert "FAIL feeds: vide.txt: no feed, so nothing is polled; `veille feeds add URL` declares one" in got.out


def test_what_failed_once_is_told_once(veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "non.txt").write_text("NON Kharkiv\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "non.txt")
    out = veille("check").out

    assert 1 == out.count("matches every article")
    assert "FAIL routes: not checked, as rules failed\n" in out


def test_a_database_of_another_program_fails_the_check(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "autre.db").write_bytes(b"rien d'une base" * 100)
    monkeypatch.setenv("VEILLE_DATABASE", "autre.db")

    assert "FAIL database: autre.db: not an SQLite database" in veille("check").out


def test_silences_that_hold_for_nothing_and_links_that_are_none_are_told(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = "{{matchers: ['rule=\"{}\"'], author: Léa, reason: essai, until: '{}'}}".format
    now = datetime.now(UTC)
    silences = (
        silence("passe", "2024-05-01"),
        silence("lointain", f"{now + timedelta(days=90):%Y-%m-%d}"),
        silence("en-cours", f"{now + timedelta(days=3):%Y-%m-%d}"),
    )
    routes = f"route: {{receiver: journal}}\nsilences: [{', '.join(silences)}]\n"
    (folder / "routes.yaml").write_text(routes, encoding="utf-8")
    for name, value in {"ROUTES": "routes.yaml", "PUBLIC_URL": "https://veille.example"}.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)
    told = veille("check").out

    assert 'the silence of rule="passe" (Léa) ended on 2024-05-01 00:00; take it out' in told
    assert 'the silence of rule="lointain" (Léa) holds only from ' in told
    assert "en-cours" not in told
    assert "VEILLE_PUBLIC_URL without VEILLE_LINK_SECRET: alerts carry no links" in told


def test_what_works_and_is_hardly_meant_is_a_warning(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "feeds.txt").write_text(
        "http://127.0.0.1:9/rss\nhttp://localhost:9/rss\nhttp://gazette.example/rss\n", encoding="utf-8"
    )
    (folder / "routes.yaml").write_text(
        "route: {receiver: f, group_by: [stroy]}\nreceivers: {f: {file: {path: /nulle-part/x.jsonl}}}\n",
        encoding="utf-8",
    )
    for name, value in {"ROUTES": "routes.yaml", "FEEDS": "feeds.txt"}.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)
    got = veille("check")

    assert "warn feeds: 3 feeds\n       127.0.0.1: " in got.out
    assert 2 == got.out.count("unless VEILLE_FETCH_ALLOW_NETWORKS")
    assert "warn routes: receivers: f\n       group_by: no match has stroy; did you mean story?\n" in got.out
    assert "       f: there is no folder /nulle-part; what is for it waits until it is there\n" in got.out
    assert 0 == got.code


def test_a_webhook_that_nothing_signs_though_there_is_a_secret_is_told(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {"a": "WEBHOOK_URL", "b": "SECRET_B", "c": "SECRET_B"}
    own = {"c": ", secret: '${VEILLE_SECRET_C}'"}
    receivers = [f"{name}: {{webhook: {{url: '${{VEILLE_{url}}}'{own.get(name, '')}}}}}" for name, url in urls.items()]
    routes = "route: {receiver: a, routes: [{receiver: b, continue: true}, {receiver: c, continue: true}]}\n"
    (folder / "routes.yaml").write_text(f"{routes}receivers: {{{', '.join(receivers)}}}\n", encoding="utf-8")
    for name, value in {
        "ROUTES": "routes.yaml",
        "WEBHOOK_URL": "http://127.0.0.1:9/a",
        "SECRET_B": "http://127.0.0.1:9/b",
        "SECRET_C": SECRET,
    }.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)

    assert "nothing signs" not in veille("check").out

    monkeypatch.setenv("VEILLE_WEBHOOK_SECRET", SECRET)
    [told] = [line.strip() for line in veille("check").out.splitlines() if "nothing signs" in line]
    only = "VEILLE_WEBHOOK_SECRET signs for VEILLE_WEBHOOK_URL only"
    assert f"b: nothing signs what it is sent: {only}; give it a secret of its own" == told


@pytest.mark.parametrize(
    ("name", "value"), [("WEBHOOK_SECRET", "whsec_trop-court"), ("MAIL_TO", "desk@example.org, tout le monde")]
)
def test_a_wrong_setting_of_a_receiver_is_not_blamed_on_the_routes_file(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    routes = "route: {receiver: a, routes: [{receiver: b}]}\nreceivers: {a: {webhook: {}}, b: {email: {}}}\n"
    (folder / "routes.yaml").write_text(routes, encoding="utf-8")
    for known, said in {
        "ROUTES": "routes.yaml",
        "WEBHOOK_URL": "http://127.0.0.1:9/a",
        "SMTP_HOST": "127.0.0.1",
        "MAIL_FROM": "veille@example.org",
        "MAIL_TO": "desk@example.org",
        name: value,
    }.items():
        monkeypatch.setenv(f"VEILLE_{known}", said)
    got = veille("check")

    assert 2 == got.code
    assert f"FAIL routes: VEILLE_{name}: " in got.out
    assert "routes.yaml" not in got.out


@pytest.mark.parametrize(
    ("receiver", "told"),
    [
        (r'webhook: {url: "${VEILLE_SECRET_U}", template: "a\0"}', "routes.yaml:3:57: template holds a NUL"),
        (r'file: {path: "/a\0"}', "routes.yaml:3:23: path holds a NUL"),
        (r'command: {argv: ["/bin/true", "a\0"]}', "routes.yaml:3:40: an item of argv holds a NUL"),
        (
            'webhook: {url: "${VEILLE_SECRET_U}", template: /dev/zero}',
            "3:57: receiver desk: template: /dev/zero: ",
        ),
        (
            'webhook: {url: "${VEILLE_SECRET_U}", template: pipe}',
            "3:57: receiver desk: template: pipe: cannot be",
        ),
        ('webhook: {url: "${VEILLE_SECRET_U}", template: large}', "large: cannot be read: larger than 0.1 MB"),
        ("file: {path: a}", "routes.yaml:3:23: receiver desk: path: 'a' does not begin with /"),
    ],
)
def test_what_no_routes_file_can_mean_is_told_in_a_line_with_its_place(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch, *, receiver: str, told: str
) -> None:
    os.mkfifo(folder / "pipe")
    with (folder / "large").open("wb") as file:
        file.truncate(1_000_000_000)  # with holes, it takes no room
    text = f"route: {{receiver: desk}}\nreceivers:\n  desk: {{{receiver}}}\n"
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("VEILLE_ROUTES", "routes.yaml")
    monkeypatch.setenv("VEILLE_SECRET_U", "https://hooks.example/x")
    got = veille("check")

    assert 2 == got.code
    assert 1 == sum(told in line for line in got.out.splitlines())
    assert "Traceback" not in got.out + got.err


def test_an_address_of_the_routes_file_that_is_none_is_told_once(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "route: {receiver: desk}\nreceivers: {desk: {webhook: {url: '${VEILLE_SECRET_URL}'}}}\n"
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("VEILLE_ROUTES", "routes.yaml")
    monkeypatch.setenv("VEILLE_SECRET_URL", "https://[::desk.example/")
    lines = veille("check").out.splitlines()

    assert any(line.startswith("       routes.yaml:2:35: receiver desk: url: ") for line in lines)
    assert "FAIL destinations: not checked, as routes failed" in lines


BAD_RECEIVERS = """route:
  receiver: telephone
  routes:
    - {receiver: sirene, continue: true}
    - {receiver: desk, continue: true}
    - {receiver: bulletin}
receivers:
  telephone:
    ntfy:
      url: "https://ntfy.example"
      topic: ${VEILLE_SECRET_TOPIC}
      token: ${VEILLE_SECRET_TOKEN}
  sirene: {command: {argv: ["./sirene"], timeout_s: 500}}
  desk:
    webhook:
      url: "${VEILLE_SECRET_URL}"
      headers: ["Host: ailleurs", "webhook-id: 1", "X-Desk"]
  bulletin: {feed: {}}
"""


def test_all_that_receivers_cannot_be_is_told_at_once_where_the_routes_file_says_it(
    veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "routes.yaml").write_text(BAD_RECEIVERS, encoding="utf-8")
    for name, value in {
        "ROUTES": "routes.yaml",
        "SECRET_TOPIC": "un sujet",
        "SECRET_TOKEN": "un jeton",
        "SECRET_URL": "https://[::desk.example/",
    }.items():
        monkeypatch.setenv(f"VEILLE_{name}", value)
    got = veille("check")
    no_program = (
        "       routes.yaml:13:28: receiver sirene: argv: './sirene' is no program that can be run; "
        "name one that is in PATH, or say where it is from / on"
    )
    lines = got.out.splitlines()
    begin = lines.index("FAIL routes: routes.yaml: refused") + 1

    assert 2 == got.code
    assert [
        "       routes.yaml:11:14: receiver telephone: topic must be 1 to 64 letters, digits, - and _",
        "       routes.yaml:12:14: receiver telephone: token is none that ntfy gives",
        no_program,
        "       routes.yaml:13:53: receiver sirene: timeout_s: 500 is not between 0 and 90",
        "       routes.yaml:16:12: receiver desk: url: the address cannot be parsed",
        "       routes.yaml:17:16: receiver desk: headers: Host is not yours to set",
        "       routes.yaml:17:16: receiver desk: headers: webhook-id is not yours to set",
        "       routes.yaml:17:16: receiver desk: headers: 'X-Desk' is no header, such as `X-Desk: international`",
        "       routes.yaml:18:14: receiver bulletin: a feed needs a token, to be served, or a path, to be written to",
    ] == lines[begin:-2]
