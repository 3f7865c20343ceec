from __future__ import annotations

import runpy
import sys

import pytest

from monitor.__main__ import main


def test_the_exit_code_is_that_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["veille", "nothing"])
    with pytest.raises(SystemExit) as stop:
        main()

    assert stop.value.code == 2


def test_the_package_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["veille", "--version"])
    monkeypatch.delitem(sys.modules, "monitor.__main__")
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("monitor", run_name="__main__")

    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("veille ")
