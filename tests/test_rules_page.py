"""Every example of docs/rules.md is written down and run, in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.rulesets import load_rules
from monitor.settings import PREFIX
from monitor.store import Store
from tests.monitor.archive import fill
from tests.monitor.cli.conftest import Veille, folder, veille

__all__ = ["folder", "veille"]  # fixtures

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLES = (
    *("Kharkiv : un drone abattu", "Kharkiv : deux missiles dans la nuit", "Kharkiv sans courant après une frappe"),
    *("Le marché aux fleurs rouvre", "Un drone filme le Mont-Blanc", "La grève des trains est levée"),
)


@dataclass(frozen=True)
class Typed:
    """A command of the page, and what it says comes of it: "" where the page shows nothing."""

    command: str
    shown: str


def blocks() -> list[tuple[str, str, str]]:
    return _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def typed(block: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield Typed(command, shown)


@pytest.mark.untraced
def test_the_page_is_as_the_product_is(veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name in ("rules", "rules.new"):
        (folder / name).mkdir()
    pages = blocks()
    for _, name, text in pages:
        if name == "autre.txt":
            (folder / name).write_text(text, encoding="utf-8")
    ran = 0
    for kind, name, text in pages:
        if kind != "console":
            (folder / name).write_text(text, encoding="utf-8")
            continue
        for each in typed(text):
            if "rules try" in each.command:
                _fill_the_log(folder)
            words, _, given = each.command.partition(" < ")
            got = veille(*shlex.split(words)[1:], given=(folder / given).read_bytes() if given else b"")
            ran += 1
            if each.shown:
                assert each.shown == got.out + got.err
            else:
                assert (0, "") == (got.code, got.err), each.command
                assert got.out

    assert ran >= 9


def _fill_the_log(folder: Path) -> None:
    """Thirty days of articles."""
    with closing(Store.open(str(folder / "veille.db"))) as store:
        fill(store, load_rules(folder / "rules"), TITLES, until=SystemClock().now(), days=29.9)


def test_every_block_of_the_page_is_run_or_written() -> None:
    assert {"text", "yaml", "console"} == {kind for kind, _, _ in blocks()}
    assert all(name for kind, name, _ in blocks() if kind != "console")
