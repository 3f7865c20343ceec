"""The generated pages are fresh, and the pages written by hand name what they must."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from docs.generate import pages
from monitor.model import Channel
from monitor.rulesets import load_engine
from monitor.settings import Settings
from rules.pack import bundled_rules

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


def test_every_option_that_takes_a_value_says_what() -> None:
    assert [] == re.findall(r"`-.* None`", (ROOT / "docs/commands.md").read_text(encoding="utf-8"))


def test_x6_the_readme_says_what_the_law_leaves_to_the_operator() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

    for said in (
        "personal data about the people named",
        "A legal base and a retention period are yours to choose",
        "journalism is exempt in part",
        "**have a lawyer check.**",
    ):
        assert said in readme


def test_the_layers_are_those_that_are_held() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    held = [contract for contract in settings["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"]

    assert 2 == len(held)
    for contract in held:
        assert "\n".join(["", *contract["layers"], ""]) in page


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*.md"))
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert [] == broken


@pytest.mark.untraced
def test_the_examples_load_beside_the_starter_rules_and_pass_their_tests(tmp_path: Path) -> None:
    starter = [text for _, text in bundled_rules()]
    examples = [
        example
        for page in ("README.md", "docs/add-a-rule.md", "docs/add-an-entity.md")
        for example in re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    ]
    for number, text in enumerate((*starter, *examples)):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")

    pack = load_engine(Settings(rules=tmp_path)).pack

    assert {"bombes-planantes-kharkiv", "kharkiv", "sommet-moscou-pekin"} <= {rule.id for rule in pack.rules}
    assert "moldavie" in {entity.id for entity in pack.entities}
