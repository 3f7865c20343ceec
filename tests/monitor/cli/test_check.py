from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import RULE

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
    assert ["ok   settings", "FAIL feeds", "FAIL rules", "FAIL routes"] == words
    assert "       r.yaml:" in got.out


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
