"""The routes file, and everything that can be wrong with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from typer.testing import CliRunner

from monitor.alerting import (
    AT_ONCE,
    Budget,
    Manner,
    QuietHours,
    Route,
    Routes,
    default_routes,
    load_routes,
    read_routes,
)
from monitor.alerting.routes import keyed
from monitor.cli import app
from monitor.deliver import KINDS
from monitor.errors import RoutesError
from monitor.receivers import Channel, ChannelKind, Option, OptionType, Receiver
from monitor.settings import Settings, load_settings
from rules.types import Level
from tests.monitor.deliver.samples import MATCH, STORY

PAGE = Path(__file__).parents[3] / "docs" / "routes.md"
SECRET = "https://hooks.example/T0/B0/s3cr3t"
ALL = Settings.model_validate(
    {
        "webhook_url": "https://hooks.example/a",
        "slack_webhook_url": SECRET,
        "smtp_host": "mail.example",
        "mail_from": "veille@example.org",
        "mail_to": "desk@example.org",
    }
)


def read(text: str, settings: Settings = ALL) -> Routes:
    return read_routes(text, file="routes.yaml", kinds=KINDS, settings=settings)


def problems(text: str, settings: Settings = ALL) -> tuple[str, ...]:
    with pytest.raises(RoutesError, match=r"routes\.yaml: refused") as caught:
        read(text, settings)
    return caught.value.errors


def problem(text: str) -> str:
    [one] = problems(text)
    return one


def with_route(keys: str) -> str:
    return f"route:\n  receiver: journal\n  routes:\n    - {{{keys}}}\n"


# --- files ----------------------------------------------------------------------------------------------------------


def test_without_a_file_every_destination_gets_every_match() -> None:
    assert default_routes(KINDS, ALL) == load_routes(ALL, KINDS)


def test_the_file_of_the_settings_is_read(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("\ufeffroute: {receiver: journal}\n", encoding="utf-8")
    routes = load_routes(Settings(routes=file), KINDS)

    assert Routes(root=keyed(Route("journal"))) == routes


@pytest.mark.parametrize("content", [None, b"route: {receiver: \xe9}\n"])
def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "routes.yaml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(RoutesError, match=r"VEILLE_ROUTES: .*routes\.yaml: cannot be read"):
        load_routes(Settings(routes=file), KINDS)


# --- what is read ---------------------------------------------------------------------------------------------------

WHOLE = """
route:
  receiver: journal
  group_by: [story, rule]
  group_wait: "0s"
  routes:
    - {matchers: ['level=~"high|critical"'], receiver: slack-desk, continue: true}
    - matchers: ['desk="international"']
      receiver: mail-desk
      routes:
        - {matchers: ["level=low"], receiver: journal}
        - {matchers: ["level=medium"]}
    - {receiver: archive}
time_zone: "Europe/Paris"
receivers:
  slack-desk: {slack: {url: "${VEILLE_SLACK_WEBHOOK_URL}"}}
  mail-desk: {email: {to: ["desk@example.org", "Nuit <nuit@example.org>"]}}
  archive: {webhook: }
"""


def test_a_whole_file_is_its_receivers_and_its_tree() -> None:
    routes = read(WHOLE)

    assert routes.receivers == (
        Receiver("slack-desk", Channel.SLACK),
        Receiver("mail-desk", Channel.MAIL, (("to", ("desk@example.org", "Nuit <nuit@example.org>")),)),
        Receiver("archive", Channel.WEBHOOK),
    )
    assert ("slack-desk", "mail-desk") == routes.receivers_for(MATCH, STORY)
    assert () == routes.unused


def test_a_route_without_a_receiver_has_that_of_the_route_it_stands_in() -> None:
    root = read(WHOLE).root

    assert root is not None
    assert ["journal", "mail-desk"] == [route.receiver for route in root.routes[1].routes]


def test_destinations_that_no_receiver_uses_are_said() -> None:
    routes = read("route: {receiver: w}\nreceivers: {w: {webhook: {}}}\n")

    assert ("VEILLE_SLACK_WEBHOOK_URL", "VEILLE_SMTP_HOST") == routes.unused


def test_several_mail_receivers_have_recipients_of_their_own() -> None:
    text = (
        "route: {receiver: a, routes: [{matchers: [level=low], receiver: b}, {matchers: [level=high], receiver: c}]}\n"
    )
    text += "receivers: {a: {email: {to: [a@example.org]}}, b: {email: {to: [b@example.org]}}, c: {email: {}}}\n"

    assert [("a@example.org",), ("b@example.org",), ()] == [receiver.texts("to") for receiver in read(text).receivers]


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing yet\n", "1:1: the file is empty"),
        ("route: [", "2:1: not YAML"),
        ("[]", "1:1: a routes file must be a mapping (with route, receivers, time_zone, silences)"),
        ("receivers: {}", "1:1: route is missing (the smallest is route: {receiver: journal})"),
        ("route: {}", "1:8: the first route needs a receiver (receiver: journal is the log only)"),
        ("route: journal", "1:8: a route must be a mapping"),
        ("route: {receiver: 3}", "1:19: receiver must be a text"),
        ("route: {receiver: journal, matchers: []}", "1:28: the first route takes everything: it has no matchers"),
        ("route: {receiver: journal, continue: true}", "1:28: the first route takes everything: it has no continue"),
        ("route: {receiver: journal, routes: {}}", "1:36: routes must be a list"),
        ("route: {receiver: jurnal}", "1:19: there is no receiver jurnal (did you mean journal?)"),
        ("route: {receiver: journal}\nrecievers: {}", "2:1: a routes file has no recievers (did you mean receivers?)"),
        ("route: {receiver: journal}\nreceivers: []", "2:12: receivers must be a mapping (names, each with"),
        ("route: {receiver: journal}\nreceivers: {journal: {slack: {}}}", "2:13: journal is built in: the log only"),
        ("route: {receiver: journal}\nreceivers: {heartbeat: {slack: {}}}", "2:13: heartbeat is built in"),
        ("route: {receiver: journal}\nreceivers: {s: {slack: {}}}", "2:13: no route leads to the receiver s"),
        ("route: {receiver: a b}\nreceivers: {a b: {slack: {}}}", "2:13: a receiver's name is letters"),
        ("route: {receiver: s}\nreceivers: {s: {}}", "2:16: the receiver s needs one destination"),
        ("route: {receiver: s}\nreceivers: {s: }", "2:16: the receiver s must be a mapping"),
        ("route: {receiver: s}\nreceivers: {s: {slack: {}, webhook: {}}}", "2:16: the receiver s needs one dest"),
        ("route: {receiver: s}\nreceivers: {s: {mail: {}}}", "2:17: the receiver s has no mail (did you mean email?)"),
        (
            "route: {receiver: s}\nreceivers: {s: {slack: desk}}",
            "2:24: slack must be a mapping (with url, token, channel)",
        ),
        (
            "route: {receiver: s}\nreceivers: {s: {slack: {to: []}}}",
            "2:25: slack has no to (there are url, token, channel)",
        ),
        ("route: {receiver: s}\nreceivers: {s: {email: {to: []}}}", "2:29: to holds nobody (leave it out for"),
        ("route: {receiver: s}\nreceivers: {s: {email: {to: x}}}", "2:29: to must be a list"),
        ("route: {receiver: s}\nreceivers: {s: {email: {to: [3]}}}", "2:30: a recipient must be a text"),
        ("route: {receiver: s}\nreceivers: {s: {email: {to: [x]}}}", "2:30: 'x' is not a mail address (such as"),
        ("route: {receiver: journal}\ntime_zone: 3", "2:12: time_zone must be a text"),
        (
            "route: {receiver: journal}\ntime_zone: Europe/Pari",
            "2:12: 'Europe/Pari' is no IANA time zone (did you mean",
        ),
        (
            "route: {receiver: journal}\ntime_zone: Lutèce",
            "2:12: 'Lutèce' is no IANA time zone (such as Europe/Paris)",
        ),
        (
            "route: {receiver: journal}\ntime_zone: paris",
            "2:12: 'paris' is no IANA time zone (did you mean Europe/Paris?)",
        ),
        (
            "route:\n  group_by: [rule]\n   receiver: journal",
            "3:4: not YAML: did not find expected key (indent the line as those beside it;",
        ),
    ],
)
def test_each_problem_has_its_place_and_a_way_out(text: str, expected: str) -> None:
    told = problem(text)

    assert told.startswith(f"routes.yaml:{expected}")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("matcher: []", "4:8: a route has no matcher (did you mean matchers?)"),
        ("matchers: level=high", "4:18: matchers must be a list"),
        ("matchers: [3]", "4:19: a matcher must be a text"),
        ("matchers: [level=hihg]", "4:19: level is never 'hihg' (did you mean high?)"),
        ("matchers: ['level=~\"hihg|critical\"']", "4:19: level is never 'hihg' (did you mean high?)"),
        ("matchers: [level], receiver: journal", "4:19: 'level' is not a matcher"),
        ("continue: yes", "4:18: continue must be true or false"),
    ],
)
def test_each_problem_of_a_route_has_its_place(keys: str, expected: str) -> None:
    assert problem(with_route(keys)).startswith(f"routes.yaml:{expected}")


@pytest.mark.parametrize("first", ["{}", "{matchers: []}", "{receiver: journal, continue: false}"])
def test_a_route_after_one_that_takes_everything_is_refused(first: str) -> None:
    text = f"route:\n  receiver: journal\n  routes:\n    - {first}\n    - {{matchers: [level=high]}}\n"

    assert problem(text) == "routes.yaml:5:7: no match gets to this route (that of line 4 takes everything)"


@pytest.mark.parametrize("first", ["{continue: true}", "{matchers: [level=low]}"])
def test_a_route_after_one_that_lets_go_on_is_none_of_them(first: str) -> None:
    assert read(f"route:\n  receiver: journal\n  routes:\n    - {first}\n    - {{matchers: [level=high]}}\n").root


@pytest.mark.parametrize(
    "url",
    [SECRET, "${VEILLE_WEBHOOK_SECRET}", "${SLACK_URL}", "$VEILLE_SLACK_WEBHOOK_URL", "x${VEILLE_SLACK_WEBHOOK_URL}"],
)
def test_an_address_never_stands_in_the_file_nor_in_the_error(url: str) -> None:
    told = problem(f'route: {{receiver: s}}\nreceivers: {{s: {{slack: {{url: "{url}"}}}}}}\n')

    assert told == (
        "routes.yaml:2:30: an address is a secret and never stands in this file "
        "(write ${VEILLE_SLACK_WEBHOOK_URL} or ${VEILLE_SECRET_NAME} and set that)"
    )


def test_the_setting_of_another_channel_is_no_address() -> None:
    text = 'route: {receiver: w}\nreceivers: {w: {webhook: {url: "${VEILLE_SLACK_WEBHOOK_URL}"}}}\n'

    assert "write ${VEILLE_WEBHOOK_URL}" in problem(text)


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("webhook", "VEILLE_WEBHOOK_URL"), ("slack", "VEILLE_SLACK_WEBHOOK_URL"), ("email", "VEILLE_SMTP_HOST")],
)
def test_a_receiver_whose_destination_is_not_set_names_the_setting(kind: str, setting: str) -> None:
    told = problems(f"route: {{receiver: x}}\nreceivers: {{x: {{{kind}: {{}}}}}}\n", Settings())

    assert told == (f"routes.yaml:2:17: the receiver x needs {setting}, which is not set",)


def test_every_problem_is_told_in_the_order_of_the_file() -> None:
    told = problems(
        "route:\n  receiver: slak\n  cooldown: 2h\n  routes:\n    - {matchers: [level=hihg], receiver: mail}\n"
        "receivers:\n  slack: {slack: {}}\n  web: {pager: {}}\n"
    )
    places = [re.match(r"routes\.yaml:(\d+):", one) for one in told]

    assert ["2", "5", "5", "7", "8", "8"] == [place[1] for place in places if place]


@given(st.text("route: {}[]-,\n\"'abl=~!#&*|>jornyéceivsm", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        routes = read(text)
    except RoutesError:
        return

    assert routes.root is not None


# --- the starter folder ---------------------------------------------------------------------------------------------

WEBHOOK = ("--webhook-url", "https://hooks.example/a")
SLACK = ("--slack-webhook-url", SECRET)
MAIL = ("--smtp-host", "mail.example", "--mail-from", "veille@example.org", "--mail-to", "desk@example.org")


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ((), ()),
        (WEBHOOK, ("webhook",)),
        (SLACK, ("slack",)),
        (MAIL, ("mail",)),
        ((*WEBHOOK, *MAIL), ("webhook", "mail")),
        ((*WEBHOOK, *SLACK, *MAIL), ("webhook", "slack", "mail")),
    ],
)
def test_the_file_that_init_writes_is_read_and_tells_everyone(
    flags: tuple[str, ...], names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["init", "--yes", "--press", "suisse", *flags])
    settings = load_settings(Path(".env"))
    routes = read_routes(
        Path("routes.yaml").read_text(encoding="utf-8"), file="routes.yaml", kinds=KINDS, settings=settings
    )

    assert 0 == made.exit_code, made.output
    assert names == routes.receivers_for(MATCH, STORY)
    assert names == load_routes(settings, KINDS).receivers_for(MATCH, STORY)


# --- the page -------------------------------------------------------------------------------------------------------

EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_page_is_read(text: str) -> None:
    assert read(text).root is not None


def test_the_page_has_an_example() -> None:
    assert EXAMPLES


# --- receivers of their own -----------------------------------------------------------------------------------------

# --- in what manner ------------------------------------------------------------------------------------------------

MANNERS = """
route:
  receiver: journal
  group_by: [story]
  quiet_hours: {from: "22:00", to: "06:30", except_level: critical}
  routes:
    - matchers: ["level=high"]
      receiver: slack-desk
      group_wait: "90 s"
      cooldown: "2h"
      budget: "10/h"
      overflow: digest
      continue: true
    - {receiver: mail-desk, digest: "18:00,07:30"}
time_zone: "Europe/Brussels"
receivers:
  slack-desk: {slack: {}}
  mail-desk: {email: {}}
silences:
  - {matchers: ['rule="axe-moscou-pekin"'], author: "Léa", reason: "sommet", until: "2026-12-01T08:00"}
"""


def test_a_route_says_in_what_manner_it_tells_and_inner_ones_inherit_it() -> None:
    routes = read(MANNERS)
    assert routes.root is not None
    slack, mail = (route.manner for route in routes.root.routes)
    quiet = QuietHours(time(22), time(6, 30), Level.CRITICAL)

    assert Manner(("story",), quiet_hours=quiet) == routes.root.manner
    assert slack == Manner(
        ("story",), timedelta(seconds=90), timedelta(hours=2), Budget(10, timedelta(hours=1)), (), quiet
    )
    assert mail == Manner(("story",), digest=(time(7, 30), time(18)), quiet_hours=quiet)
    assert ("route", "route.1", "route.2") == tuple(route.path for route in routes.nodes)
    assert ZoneInfo("Europe/Brussels") == routes.zone


PLACES = """
route:
  receiver: journal
  routes:
    - {receiver: desk, matchers: ["level=high", "rule=a"], routes: [{receiver: desk, matchers: ["rule=b"]}]}
    - {receiver: desk, matchers: ["rule=b"]}
    - {receiver: desk, matchers: ["rule=b"], budget: "2/h"}
receivers: {desk: {webhook: {url: "${VEILLE_WEBHOOK_URL}"}}}
"""


def keys(text: str) -> list[str]:
    return [route.key for route in read(text).nodes]


def test_a_route_is_known_by_what_it_is_and_not_by_its_place() -> None:
    before = keys(PLACES)
    inserted = (
        '  routes:\n    - {receiver: desk, matchers: ["rule=c"], continue: true, routes: [{matchers: ["rule=b"]}]}\n'
    )
    changed = PLACES.replace('["level=high", "rule=a"]', '["rule=a", "level=high"], cooldown: "1 h"')

    assert len(set(before)) == len(before) == 5
    assert before == [key for key in keys(PLACES.replace("  routes:\n", inserted)) if key in before]
    assert before == keys(changed)


def test_only_routes_that_are_alike_are_told_apart_by_their_order() -> None:
    before = keys(PLACES)
    alike = '    - {receiver: desk, matchers: ["rule=b"]}\n'

    assert before[:4] == keys(PLACES.replace(alike, ""))
    assert before[:2] == keys(PLACES.replace('matchers: ["rule=b"]}', 'matchers: ["rule=z"]}'))[:2]


def test_an_inner_route_may_take_back_what_the_one_around_it_says() -> None:
    routes = read("""
route:
  receiver: mail-desk
  digest: "07:30"
  budget: "3/day"
  quiet_hours: {from: "22:00", to: "06:30"}
  routes:
    - {matchers: ["level=critical"], digest: none, quiet_hours: none, budget: none}
receivers: {mail-desk: {email: {}}}
""")
    assert routes.root is not None

    assert AT_ONCE == routes.root.routes[0].manner
    assert AT_ONCE != routes.root.manner


def test_silences_of_the_file_end_by_the_clock_of_the_file() -> None:
    [silence] = read(MANNERS.replace("Europe/Brussels", "Pacific/Noumea")).silences

    assert datetime(2026, 11, 30, 21, tzinfo=UTC) == silence.expires_at


def test_silences_of_the_file_end_when_they_say() -> None:
    [silence] = read(MANNERS).silences

    assert datetime(2026, 12, 1, 7, tzinfo=UTC) == silence.expires_at
    assert ('rule="axe-moscou-pekin"',) == silence.matchers
    assert silence == read(MANNERS).silences[0]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("cooldown: 2 heures", "'2 heures' is no duration (such as"),
        ("cooldown: 2", "cooldown must be a text"),
        ("budget: 0/h", "'0/h' is no budget (such as"),
        ("budget: 3", "budget must be a text"),
        ("budget: 10/an", "'10/an' is no budget"),
        ("overflow: drop", "overflow is never anything but digest (nothing is dropped)"),
        ("overflow: digest", 'overflow without a budget (what is over it: budget: "10/h")'),
        ("digest: '7h30'", "'7h30' is no time of day (such as"),
        ("digest: '24:00'", "'24:00' is no time of day"),
        ("digest: 7", "digest must be a text"),
        ("group_by: story", "group_by must be a list"),
        ("group_by: []", ""),
        ("group_by: ['a b']", "'a b' is no name (story, rule, level, outlet, entity or a label)"),
        ("group_by: [3]", "a name in group_by must be a text"),
        ("quiet_hours: nuit", "quiet_hours must be a mapping"),
        ("quiet_hours: {from: '22:00'}", "quiet_hours needs to"),
        ("quiet_hours: {from: '22:00', to: 6}", "to must be a text"),
        ("quiet_hours: {from: '22:00', to: '22:00'}", "quiet_hours would never end"),
        (
            "quiet_hours: {from: '22:00', to: '06:00', except_level: hihg}",
            "there is no level hihg (did you mean high?)",
        ),
        ("quiet_hours: {from: '22:00', to: '06:00', except_level: 3}", "except_level must be a text"),
        ("quiet_hours: {from: '22:00', to: '06:00'}", ""),
    ],
)
def test_a_manner_that_is_wrong_is_told(keys: str, expected: str) -> None:
    text = with_route(f"matchers: [level=high], {keys}")
    if not expected:
        assert read(text).root is not None
        return

    assert expected in problem(text)


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        ("nuit", "a silence must be a mapping"),
        ("{matchers: ['rule=a'], author: a, reason: b}", "a silence without until"),
        ("{matchers: ['rule=a'], author: a, reason: b, until: demain}", "'demain' is no instant"),
        ("{matchers: ['rule=a'], author: a, reason: b, until: '0001-01-01T00:00'}", "'0001-01-01T00:00' is no instant"),
        ("{matchers: ['rule=a'], author: a, reason: b, until: '0026-12-01T08:00'}", "'0026-12-01T08:00' is no instant"),
        ("{matchers: ['rule=a'], author: a, reason: b, until: 3}", "until must be a text"),
        ("{matchers: ['rule=a'], author: 3, reason: b, until: '2026-12-01'}", "author must be a text"),
        ("{matchers: [3], author: a, reason: b, until: '2026-12-01'}", "a matcher must be a text"),
        ("{matchers: ['level=hihg'], author: a, reason: b, until: '2026-12-01T08:00Z'}", "level is never 'hihg'"),
    ],
)
def test_a_silence_that_is_wrong_is_told(silence: str, expected: str) -> None:
    assert expected in "\n".join(problems(f"route: {{receiver: journal}}\nsilences: [{silence}]\n"))


DESK = SecretStr("https://hooks.example/desk/s3cr3t")


def test_a_receiver_may_have_an_address_of_its_own() -> None:
    settings = Settings().with_secrets({"VEILLE_SECRET_DESK": DESK})
    text = 'route: {receiver: d}\nreceivers: {d: {webhook: {url: "${VEILLE_SECRET_DESK}"}}}\n'
    [receiver] = read(text, settings).receivers

    assert DESK.get_secret_value() == receiver.text("url")
    assert "s3cr3t" not in repr(receiver)


def test_a_secret_that_is_not_set_is_named() -> None:
    told = problem('route: {receiver: d}\nreceivers: {d: {webhook: {url: "${VEILLE_SECRET_DESK}"}}}\n')

    assert told == "routes.yaml:2:32: VEILLE_SECRET_DESK is not set (in the environment, or the .env file)"


EVERY_TYPE = ChannelKind(
    Channel.WEBHOOK,
    word="essai",
    summary="Every type of option.",
    options=(
        Option("token", OptionType.SECRET, "A secret.", is_required=True),
        Option("shape", OptionType.TEXT, "A text.", choices=("round", "square")),
        Option("quiet", OptionType.FLAG, "A flag."),
        Option("wait_s", OptionType.NUMBER, "A number.", is_required=True),
        Option("words", OptionType.TEXTS, "Texts."),
    ),
)


def read_every_type(options: str) -> Routes:
    settings = Settings().with_secrets({"VEILLE_SECRET_T": DESK})
    text = f"route: {{receiver: x}}\nreceivers: {{x: {{essai: {{{options}}}}}}}\n"
    return read_routes(text, file="routes.yaml", kinds=[EVERY_TYPE], settings=settings)


def test_every_type_of_option_is_read() -> None:
    options = "token: '${VEILLE_SECRET_T}', shape: round, quiet: true, wait_s: 3, words: [a, b]"
    [receiver] = read_every_type(options).receivers

    assert (DESK.get_secret_value(), "round", True, 3.0, ("a", "b")) == (
        receiver.text("token"),
        receiver.text("shape"),
        receiver.flag("quiet"),
        receiver.number("wait_s", 1.0),
        receiver.texts("words"),
    )


def test_an_option_that_is_not_given_is_nothing() -> None:
    [receiver] = read_every_type("token: '${VEILLE_SECRET_T}', wait_s: 3").receivers

    assert (None, False, 1.5, ()) == (
        receiver.text("shape"),
        receiver.flag("quiet"),
        receiver.number("other_s", 1.5),
        receiver.texts("words"),
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("wait_s: 3", "the receiver x needs token: ${VEILLE_SECRET_NAME}"),
        ("token: '${VEILLE_SECRET_T}'", "the receiver x needs wait_s: …"),
        (
            "token: abc, wait_s: 3",
            "token is a secret and never stands in this file (write ${VEILLE_SECRET_NAME} and set",
        ),
        ("token: '${VEILLE_SECRET_T}', wait_s: -1", "wait_s must be a number, 0 or more"),
        ("token: '${VEILLE_SECRET_T}', wait_s: true", "wait_s must be a number, 0 or more"),
        ("token: '${VEILLE_SECRET_T}', wait_s: 1e400", "wait_s must be a number, 0 or more"),
        (f"token: '${{VEILLE_SECRET_T}}', wait_s: {'9' * 400}", "wait_s must be a number, 0 or more"),
        ("token: '${VEILLE_SECRET_T}', wait_s: 1, shape: rond", "shape is never 'rond' (did you mean round?)"),
        ("token: '${VEILLE_SECRET_T}', wait_s: 1, quiet: oui", "quiet must be true or false"),
        ("token: '${VEILLE_SECRET_T}', wait_s: 1, words: [3]", "an item of words must be a text"),
    ],
)
def test_an_option_that_is_wrong_is_told(options: str, expected: str) -> None:
    with pytest.raises(RoutesError) as caught:
        read_every_type(options)

    assert expected in caught.value.errors[0]


def test_a_bot_needs_no_webhook_and_updates_in_place() -> None:
    text = "route: {receiver: d}\nreceivers: {d: {slack: {token: '${VEILLE_SECRET_T}', channel: C0DESK}}}\n"
    settings = Settings().with_secrets({"VEILLE_SECRET_T": DESK})
    [receiver] = read_routes(text, file="routes.yaml", kinds=KINDS, settings=settings).receivers

    assert receiver.updates_in_place
    assert receiver.text("channel") == "C0DESK"
