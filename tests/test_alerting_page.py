"""Every example of docs/alerting.md is written down and run, in the order of the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.settings import PREFIX
from tests.monitor.cli.conftest import Veille, folder, store, veille
from tests.pages import blocks, run_page

__all__ = ["folder", "store", "veille"]  # fixtures

PAGE = Path(__file__).parents[1] / "docs" / "alerting.md"


@pytest.mark.usefixtures("store")
def test_the_page_is_as_the_product_is(veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)

    assert run_page(PAGE, veille, folder) >= 11
    assert 2 == len((folder / "alertes.jsonl").read_text().splitlines()) + len(
        (folder / "bulletin.jsonl").read_text().splitlines()
    )


def test_every_block_of_the_page_is_run_or_written() -> None:
    assert {"sh", "yaml", "console"} == {block.kind for block in blocks(PAGE)}
    assert all(block.name for block in blocks(PAGE) if block.kind != "console")
