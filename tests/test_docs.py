"""The generated pages are fresh, and the pages written by hand name what they must."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import pages
from monitor.model import Channel

ROOT = Path(__file__).parents[1]
GENERATED = pages()


@pytest.mark.parametrize("path", sorted(GENERATED))
def test_a_generated_page_is_fresh(path: str) -> None:
    committed = (ROOT / path).read_text(encoding="utf-8")

    assert GENERATED[path] == committed, "run `make docs`"


@pytest.mark.parametrize("what", ["rule", "entity", "channel", "feed"])
def test_adding_each_kind_of_thing_has_its_page(what: str) -> None:
    page = ROOT / "docs" / f"add-a-{what}.md" if what != "entity" else ROOT / "docs" / "add-an-entity.md"

    assert page.is_file()


def test_every_channel_is_documented() -> None:
    page = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8").lower()

    assert [] == [channel for channel in Channel if channel.value not in page]


def test_the_readme_names_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "make demo" in readme
    assert "make test" in readme


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*.md"))
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert [] == broken
