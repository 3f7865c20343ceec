"""No container engine runs where these tests run: they read the files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import load_settings
from rules.source import read
from tests.deploy.test_unit import MOST_TASKS

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def _stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage."""
    stages: list[list[tuple[str, str]]] = []
    for line in DOCKERFILE.replace("\\\n", " ").splitlines():
        instruction, _, rest = line.partition(" ")
        if not instruction or instruction == "#":
            continue
        if instruction == "FROM":
            stages.append([])
        stages[-1].append((instruction, " ".join(rest.split())))
    return stages


def _last(instruction: str) -> str:
    return [rest for name, rest in _stages()[-1] if name == instruction][-1]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    composed = read((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"), file="compose.yaml").plain()
    return dict(composed["services"]["veille"])


def test_what_builds_is_not_what_runs() -> None:
    build, run = _stages()

    assert ("FROM", "python:3.13-slim AS build") == build[0]
    assert [("COPY", "--from=build /opt/veille /opt/veille")] == [one for one in run if one[0] == "COPY"]
    assert not any("pip" in rest for _, rest in run)


def test_what_is_installed_is_locked_by_hash() -> None:
    assert any("--require-hashes -r requirements.lock" in rest for _, rest in _stages()[0])


def test_everything_that_is_copied_exists() -> None:
    copied = [rest.split()[:-1] for name, rest in _stages()[0] if name == "COPY"]

    assert [] == [path for paths in copied for path in paths if not (ROOT / path).exists()]


def test_nobody_runs_as_root() -> None:
    assert "veille" == _last("USER")
    assert any("useradd" in rest and "nologin" in rest for name, rest in _stages()[-1] if name == "RUN")


def test_health_is_asked_where_the_daemon_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = dict(pair.split("=", 1) for pair in _last("ENV").split() if pair.startswith("VEILLE_"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = json.loads(_last("HEALTHCHECK").split("CMD ", 1)[1])
    asked = re.findall(r"http://[^']+", command[-1])

    assert [f"http://{load_settings().http_address}/readyz"] == asked


def test_what_compose_sets_are_settings(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in service["environment"].items():
        monkeypatch.setenv(name, value)

    assert "/data/veille.db" == load_settings().database


def test_compose_takes_rights_away(service: dict[str, Any]) -> None:
    assert (True, ["ALL"]) == (service["read_only"], service["cap_drop"])
    assert ["no-new-privileges:true"] == service["security_opt"]


def test_compose_leaves_time_to_stop_and_room_for_threads(service: dict[str, Any]) -> None:
    assert int(service["stop_grace_period"].removesuffix("s")) > 15
    assert service["pids_limit"] >= MOST_TASKS


def test_compose_builds_the_dockerfile_that_is_there(service: dict[str, Any]) -> None:
    build = service["build"]

    assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).resolve().is_file()
