"""What programs receive."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from monitor.alerting import plan_bursts, plan_heartbeat
from monitor.alerting.plan import first_alert_id
from monitor.deliver.payload import MAX_BYTES, payload, payload_bytes
from monitor.model import Alert, AlertType, Told
from monitor.rhythm import begin
from monitor.settings import load_settings
from rules.types import Burst, Contribution, Field, Level, Snippet
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import (
    DIGESTS,
    GAP,
    INCIDENTS,
    MATCH,
    NOW,
    REFUSAL,
    RETITLED,
    ROUTES,
    SOURCE,
    STORY,
    TITLE,
    TROUBLES,
    UNDELIVERED,
    VERDICT,
    alert,
    hostile,
    incident,
    incident_for,
    other,
    recap,
    recap_of,
    refused,
    refused_for,
    told_of,
    trouble_for,
    undelivered_for,
    updated,
)

SCHEMA = json.loads(files("monitor.deliver").joinpath("alert.schema.json").read_text(encoding="utf-8"))
PUBLISHED = Path(__file__).parents[3] / "docs" / "alert.schema.json"
FIXTURES: dict[AlertType, Alert] = {
    AlertType.STORY_NEW: alert(),
    AlertType.STORY_UPDATED: updated(RETITLED, TITLE),
    AlertType.STORY_RECAP: recap(3, 9),
    AlertType.STORY_DIGEST: DIGESTS["digest"],
    AlertType.RULES_REJECTED: refused(errors=12),
    AlertType.SOURCE_GAP: INCIDENTS["gaps"],
    AlertType.SOURCE_FAILING: INCIDENTS["failing"],
    AlertType.SOURCE_RECOVERED: INCIDENTS["recovered"],
    AlertType.SYSTEM_FAILING: TROUBLES["many-troubles"],
    AlertType.SYSTEM_RECOVERED: TROUBLES["well"],
    AlertType.DELIVERY_FAILED: UNDELIVERED["undelivered"],
    AlertType.ENDPOINT_DISABLED: UNDELIVERED["disabled"],
    AlertType.HEARTBEAT: plan_heartbeat(load_settings(None), now=NOW),
}


def strict(node: Any) -> Any:
    """Return a schema that allows nothing but what it describes."""
    if isinstance(node, dict):
        closed = {key: strict(value) for key, value in node.items()}
        described = closed.get("type") == "object" and "properties" in closed and "oneOf" not in closed
        return {"additionalProperties": False, **closed} if described else closed
    return [strict(item) for item in node] if isinstance(node, list) else node


def valid(told: dict[str, Any]) -> bool:
    Draft202012Validator(strict(SCHEMA), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(told)
    return True


def test_D12_the_published_schema_is_the_shipped_one_and_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == SCHEMA


def test_the_schema_knows_every_type() -> None:
    assert {kind.value for kind in AlertType} == set(SCHEMA["properties"]["type"]["enum"])
    assert set(AlertType) == set(FIXTURES)


@pytest.mark.parametrize("kind", list(AlertType))
def test_D12_payloads_of_every_type_are_valid(kind: AlertType, golden: Golden) -> None:
    told = payload(FIXTURES[kind])

    assert valid(told)
    golden(f"webhook-{kind.value}.json", json.dumps(told, ensure_ascii=False, indent=2) + "\n")


def test_what_is_not_known_is_absent() -> None:
    source = replace(STORY.sources[0], url=None, published_at=None)
    match = replace(MATCH, rule=replace(MATCH.rule, version=""), verdict=replace(VERDICT, threshold=None), snippets=())
    told = payload(replace(alert(match, replace(STORY, sources=(source,))), latency_s=()))

    assert valid(told)
    assert told["data"].keys() == {"alert_id", "notification_reason", "rule", "labels", "story", "match"}
    assert told["data"]["story"]["sources"] == [{"outlet": "La Gazette de Lutèce", "completeness": "full"}]
    assert told["data"]["match"].keys() & {"threshold"} == set()
    assert told["data"]["rule"].keys() & {"version"} == set()


def test_an_update_says_what_it_updates_and_how_it_stood() -> None:
    raised, lost = (payload(updated(RETITLED, TITLE, level=level))["data"] for level in (Level.CRITICAL, None))

    assert valid(payload(updated(RETITLED, TITLE, level=None)))
    assert alert().id == raised["update"]["of"] != raised["alert_id"]
    assert {"title": TITLE, "level": "high", "score": 24.1} == raised["update"]["before"]
    assert {"title": RETITLED, "level": "critical", "score": 30.0} == raised["update"]["after"]
    assert ("level_raised", "level_raised") == (raised["notification_reason"], raised["update"]["reason"])
    assert ("corrected", "unmatched") == (lost["notification_reason"], lost["update"]["reason"])
    assert {"title": RETITLED} == lost["update"]["after"]


def test_a_refusal_lists_its_first_ten_errors_and_counts_the_others() -> None:
    data = payload(refused(errors=25))["data"]

    assert data.keys() == {"alert_id", "notification_reason", "error", "errors", "truncated", "rules_live"}
    assert ("rules_rejected", "rules: refused", 10, 15, 14) == (
        data["notification_reason"],
        data["error"],
        len(data["errors"]),
        data["truncated"],
        data["rules_live"],
    )
    assert list(REFUSAL.errors) == data["errors"][:3]


def test_a_refusal_without_a_file_that_could_be_read_is_valid() -> None:
    told = payload(refused(errors=0))

    assert valid(told)
    assert ([], 0) == (told["data"]["errors"], told["data"]["truncated"])


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=400).map(lambda text: text * 40))
def test_D12_no_error_makes_a_refusal_too_large_or_invalid(text: str) -> None:
    body = payload_bytes(refused_for(text))

    assert len(body) <= MAX_BYTES
    assert valid(json.loads(body))


def test_D12_the_longest_refusal_fits_and_lists_ten() -> None:
    for worst in ("🟠" * 5000, '"\\' * 5000):
        body = payload_bytes(refused_for(worst))

        assert len(body) <= MAX_BYTES
        assert len(json.loads(body)["data"]["errors"]) == 10


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_message_on_sources_is_valid(name: str) -> None:
    assert valid(payload(INCIDENTS[name]))


@pytest.mark.parametrize("name", UNDELIVERED)
def test_every_message_on_what_was_not_delivered_is_valid(name: str) -> None:
    assert valid(payload(UNDELIVERED[name]))


def test_receivers_that_do_not_fit_are_counted() -> None:
    data = payload(undelivered_for("é" * 3000))["data"]

    assert 60 == len(data["receivers"]) + data["truncated"]
    assert 0 < data["truncated"]


def test_an_incident_says_what_is_known_of_its_source() -> None:
    (told,) = payload(INCIDENTS["reminder"])["data"]["incidents"]

    assert {
        "kind": "failing",
        "source": "La Gazette de Lutèce – Monde",
        "days": 3,
        "repeats": 3,
        "failures": 7,
        "reason": "http_5xx",
        "error": "https://gazette.example/monde/rss: answered 502",
    }.items() <= told.items()
    assert told.keys() & {"until", "gaps", "missed", "old_url"} == set()


def test_a_source_that_listed_something_says_when() -> None:
    source = replace(SOURCE, rhythm=begin([], NOW))
    (told,) = payload(told_of(incident(source=source)))["data"]["incidents"]

    assert "2024-05-16T05:12:07Z" == told["last_new_at"]


def test_a_gap_says_between_which_polls_and_how_many_articles() -> None:
    first, second = payload(INCIDENTS["gaps"])["data"]["incidents"]

    assert ("2024-05-16T05:12:07Z", 3, None) == (first["until"], first["gaps"], first.get("missed"))
    assert (1, GAP.missed) == (second["gaps"], second["missed"])
    assert second.keys() & {"days", "repeats", "failures", "reason", "error"} == set()


def test_an_incident_that_is_over_says_until_when_and_no_error() -> None:
    told = payload(INCIDENTS["recovered"])["data"]["incidents"][0]

    assert "2024-05-16T05:11:07Z" == told["until"]
    assert told.keys() & {"error", "reason", "failures", "repeats"} == set()


def test_many_incidents_are_one_message_that_counts_those_it_does_not_list() -> None:
    data = payload(INCIDENTS["troubled"])["data"]

    assert (20, 11) == (len(data["incidents"]), data["truncated"])


@pytest.mark.parametrize("name", TROUBLES)
def test_every_message_on_veille_itself_is_valid(name: str) -> None:
    assert valid(payload(TROUBLES[name]))


def test_x3_a_trouble_says_what_is_known_of_it() -> None:
    (late,) = payload(TROUBLES["still-late"])["data"]["troubles"]
    (full,) = payload(TROUBLES["full"])["data"]["troubles"]

    assert {
        "kind": "outbox",
        "receiver": "slack",
        "days": 2,
        "repeats": 2,
        "waiting": 14,
        "oldest_at": "2024-05-16T03:37:07Z",
        "error": "slack: answered 503 Service Unavailable",
    }.items() <= late.items()
    assert {"incident_id", "kind", "since", "days", "repeats", "free_mb", "total_mb"} == full.keys()


def test_a_trouble_that_is_over_says_until_when_and_no_error() -> None:
    told = payload(TROUBLES["well"])["data"]["troubles"][0]

    assert {"incident_id", "kind", "since", "until", "days"} | {"receiver"} >= told.keys()


def test_many_troubles_are_one_message_that_counts_those_it_does_not_list() -> None:
    data = payload(TROUBLES["many-troubles"])["data"]

    assert (20, 12) == (len(data["troubles"]), data["truncated"])
    assert valid(payload(trouble_for('"\\' * 5000)))


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=400).map(lambda text: text * 40))
def test_D12_no_source_makes_a_message_too_large_or_invalid(text: str) -> None:
    body = payload_bytes(incident_for(text))

    assert len(body) <= MAX_BYTES
    assert valid(json.loads(body))


def test_D12_incidents_that_do_not_fit_are_counted() -> None:
    data = json.loads(payload_bytes(incident_for('"\\' * 5000)))["data"]

    assert 50 == len(data["incidents"]) + data["truncated"]


def test_a_wire_credit_is_told() -> None:
    wired = replace(STORY, sources=(replace(STORY.sources[0], wire=True, agency="AFP"),))
    told = payload(alert(MATCH, wired))["data"]["story"]["sources"][0]

    assert (told["wire"], told["agency"]) == (True, "AFP")
    assert not {"wire", "agency"} & payload(alert(MATCH, STORY))["data"]["story"]["sources"][0].keys()


def test_a_snippet_without_marks_is_only_a_quote() -> None:
    told = payload(alert(replace(MATCH, snippets=(Snippet(Field.BODY, "Une phrase.", ()),))))

    assert told["data"]["match"]["snippets"] == [{"field": "body", "text": "Une phrase."}]


def test_quotes_are_at_most_300_characters_in_all() -> None:
    snippets = tuple(Snippet(Field.BODY, f"{number} " + "mot " * 60, ()) for number in range(5))
    told = payload(alert(replace(MATCH, snippets=snippets)))["data"]["match"]

    assert sum(len(snippet["text"]) for snippet in told["snippets"]) <= 300
    assert told["truncated"] == 4


def test_D12_what_does_not_fit_is_counted() -> None:
    contributions = tuple(Contribution(f"terme_{n}", 1.0, "é" * 300, Field.BODY, 1) for n in range(200))
    sources = tuple(replace(STORY.sources[0], outlet=f"Titre {n}" + "é" * 250) for n in range(200))
    match = replace(MATCH, verdict=replace(VERDICT, contributions=contributions))
    told = payload(alert(match, replace(STORY, sources=sources, truncated=3, outlets=200)))["data"]

    assert len(told["match"]["contributions"]) + len(told["match"]["snippets"]) + told["match"]["truncated"] == 203
    assert len(told["story"]["sources"]) + told["story"]["truncated"] == 203
    assert told["story"]["outlets"] == 200


def test_a_recap_that_does_not_fit_counts_what_it_leaves_out() -> None:
    fat = [
        (replace(story, title="🟠" * 300), replace(match, rule=replace(match.rule, tags=("🟠" * 300,) * 50)))
        for story, match in (other(number) for number in range(20))
    ]
    told = payload_bytes(recap_of(fat, 30))
    data = json.loads(told)["data"]

    assert len(told) <= MAX_BYTES
    assert len(data["items"]) + data["truncated"] == 30


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=400).map(lambda text: text * 40))
def test_D12_no_text_makes_it_too_large_or_invalid(text: str) -> None:
    body = payload_bytes(hostile(text))

    assert len(body) <= MAX_BYTES
    assert valid(json.loads(body))


def test_the_worst_recap_still_fits() -> None:
    worst = '"\\' * 5000 + "🟠" * 5000
    items = [
        (
            replace(hostile(worst).stories[0], id=f"st_{number:016x}"),
            replace(
                hostile(worst).matches[0],
                rule=replace(hostile(worst).matches[0].rule, id=worst + str(number), tags=(worst,) * 100),
                verdict=replace(VERDICT, contributions=(Contribution(worst, 1.0, worst, Field.BODY, 1),) * 100),
            ),
        )
        for number in range(20)
    ]

    assert len(payload_bytes(recap_of(items, 20))) <= MAX_BYTES


def test_what_raised_a_level_is_told() -> None:
    burst = Burst(3, timedelta(minutes=30))
    told = Told(MATCH, STORY.sources[0], TITLE, Level.HIGH, first=((first_alert_id(MATCH, STORY), ("mail",)),), times=1)
    [(raised, _)] = plan_bursts([told], STORY, ROUTES, {MATCH.rule.id: burst}, now=NOW)

    assert {"outlets": 3, "within_s": 1800.0} == payload(raised)["data"]["update"]["burst"]
    Draft202012Validator(SCHEMA).validate(payload(raised))
