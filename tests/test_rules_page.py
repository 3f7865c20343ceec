"""Every example of docs/rules.md is written down and run, in the order of the page."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.rulesets import load_rules
from monitor.settings import PREFIX
from monitor.store import Store
from tests.monitor.archive import fill
from tests.monitor.cli.conftest import Veille, folder, veille
from tests.pages import blocks, run_page

__all__ = ["folder", "veille"]  # fixtures

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
TITLES = (
    *("Kharkiv : un drone abattu", "Kharkiv : deux missiles dans la nuit", "Kharkiv sans courant après une frappe"),
    *("Le marché aux fleurs rouvre", "Un drone filme le Mont-Blanc", "La grève des trains est levée"),
)


@pytest.mark.untraced
def test_the_page_is_as_the_product_is(veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name in ("rules", "rules.new"):
        (folder / name).mkdir()
    for block in blocks(PAGE):
        if block.name == "autre.txt":
            (folder / block.name).write_text(block.text, encoding="utf-8")

    def before(command: str) -> None:
        if "rules try" in command:
            _fill_the_log(folder)

    ran = run_page(PAGE, veille, folder, before=before)

    assert ran >= 9


def _fill_the_log(folder: Path) -> None:
    """Thirty days of articles."""
    with closing(Store.open(str(folder / "veille.db"))) as store:
        fill(store, load_rules(folder / "rules"), TITLES, until=SystemClock().now(), days=29.9)


def test_every_block_of_the_page_is_run_or_written() -> None:
    assert {"text", "yaml", "console"} == {block.kind for block in blocks(PAGE)}
    assert all(block.name for block in blocks(PAGE) if block.kind != "console")
