from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.rules.promote import _write
from monitor.errors import InputError
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.rules.conftest import LUNE

STABLE = LUNE.replace("status: experimental   #", "status: stable   #")


def _text(rules: Path) -> str:
    return (rules / "lune.yaml").read_bytes().decode()


def test_its_record_is_shown_and_only_its_status_changes(veille: Veille, archive: Path, rules: Path) -> None:
    for match in veille("matches", "--rule", "lune", "--json").lines:
        veille("label", str(match["id"]), "oui")
    got = veille("rules", "promote", "lune", "--yes")

    assert 0 == got.code
    assert "lune · La Lune · experimental\n" in got.out
    assert "log: 2 matches in 30 days (0.1 a day); 0 near misses; told nobody: 2\n" in got.out
    assert "labels: 2/2 relevant, 100% (95 %: 34%–100%)\n" in got.out
    assert "backtest: 2 matches in 6 stored articles, 0.7 a day; 2/2 relevant, 100% (95 %: 34%–100%)\n" in got.out
    assert got.out.endswith(
        "rules/lune.yaml: lune is stable now.\nTo apply: systemctl reload veille (or kill -HUP its pid).\n"
    )
    assert STABLE == _text(rules)
    assert ["entites.yaml", "lune.yaml", "mars.txt"] == sorted(path.name for path in rules.iterdir())


def test_line_ends_and_mode_stay(veille: Veille, rules: Path) -> None:
    path = rules / "lune.yaml"
    path.write_bytes(LUNE.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    got = veille("rules", "promote", "lune", "-y")

    assert (0, STABLE.replace("\n", "\r\n")) == (got.code, _text(rules))
    assert 0o640 == path.stat().st_mode & 0o777
    assert "No log yet" in got.out


@pytest.mark.parametrize(("typed", "expected"), [(b"y\n", STABLE), (b"n\n", LUNE), (b"\n", LUNE)])
def test_a_terminal_is_asked(veille: Veille, rules: Path, typed: bytes, expected: str) -> None:
    veille("rules", "promote", "lune", given=typed, terminal=True)

    assert expected == _text(rules)


def test_nobody_to_ask_changes_nothing(veille: Veille, rules: Path) -> None:
    got = veille("rules", "promote", "lune")

    assert (0, "Say --yes to make it stable.\n", LUNE) == (got.code, got.err, _text(rules))


def test_it_is_refused_while_tests_fail(veille: Veille, rules: Path) -> None:
    broken = LUNE.replace("match: true", "match: false")
    (rules / "lune.yaml").write_text(broken, encoding="utf-8")
    got = veille("rules", "promote", "lune", "--yes")

    assert (2, broken) == (got.code, _text(rules))
    assert (
        "veille: rules/lune.yaml: not promoted, as tests fail\n  rules/lune.yaml:12: lune: 'une mission': " in got.err
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["lunes"], 5, "no rule 'lunes'; did you mean lune?"),
        (["xyz"], 5, "no rule 'xyz'"),
        (["mars"], 1, "mars is stable; only what is experimental or test can be promoted"),
    ],
)
def test_what_cannot_be_promoted_is_refused(
    veille: Veille, rules: Path, words: list[str], code: int, said: str
) -> None:
    got = veille("rules", "promote", *words, "--yes")

    assert (code, f"veille: {said}\n") == (got.code, got.err)


def test_a_bundled_rule_is_copied_first(veille: Veille, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from rules import pack
    from rules.types import Status

    bundled = pack.bundled()
    tried = replace(bundled, rules=(replace(bundled.rules[0], status=Status.TEST),))
    monkeypatch.setattr("rules.pack.load", lambda files: tried)
    got = veille("rules", "promote", bundled.rules[0].id, "--yes")

    assert 1 == got.code
    assert "comes with veille; copy its file to a folder of yours" in got.err


def test_a_file_that_changed_meanwhile_is_left_alone(rules: Path) -> None:
    with pytest.raises(InputError, match="changed while it was looked at"):
        _write(rules / "lune.yaml", "autre", STABLE)

    assert LUNE == _text(rules)


def test_a_folder_that_cannot_be_written_is_told(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="cannot be written: Read-only file system"):
        _write(rules / "lune.yaml", LUNE, STABLE)

    assert ["entites.yaml", "lune.yaml", "mars.txt"] == sorted(path.name for path in rules.iterdir())


def test_a_status_written_in_an_odd_way_is_left_to_its_author(veille: Veille, rules: Path) -> None:
    (rules / "lune.yaml").write_text(
        LUNE.replace("status: experimental ", "status: >-\n  experimental\n#"), encoding="utf-8"
    )
    got = veille("rules", "promote", "lune", "--yes")

    assert "edit the file" in got.err
    assert "Traceback" not in got.err
