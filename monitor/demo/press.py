"""The fictitious press of the demonstration, read from `press.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any

__all__ = ["Appearance", "Article", "Behaviour", "Expect", "Format", "Press", "Title", "load_press"]

_BEFORE = "h avant"


class Format(StrEnum):
    """How a title's feed is written."""

    RSS = "rss"
    RSS_FULL = "rss-full"
    ATOM = "atom"


class Behaviour(StrEnum):
    """How a title's server behaves."""

    HONEST = "honest"
    LYING = "lying"  # new validators with every answer, whether the feed changed or not
    FAILING = "failing"  # 503, then connections that never answer


class Expect(StrEnum):
    """What the watch should make of an article."""

    ALERT = "alert"
    RECAP = "recap"
    SILENT = "silent"
    DECOY = "decoy"  # silent too, although its words look like those of a rule


@dataclass(frozen=True, slots=True)
class Title:
    """A newspaper, a radio, an agency; it has a server of its own."""

    id: str
    name: str
    place: str
    format: Format
    layout: str
    language: str
    encoding: str
    behaviour: Behaviour


@dataclass(frozen=True, slots=True)
class Article:
    """A text, in paragraphs. `summary` is what the feed says of it; a teaser's page shows its first paragraph only."""

    id: str
    section: str
    author: str
    lead: str
    summary: str
    paragraphs: tuple[str, ...]
    expect: Expect
    teaser: bool = False


@dataclass(frozen=True, slots=True)
class Appearance:
    """An article in a title. `at` counts from the opening; before it when negative."""

    article: Article
    title: Title
    headline: str
    at: timedelta
    wire: str | None = None  # the agency that a copy credits
    cut: int = 0  # paragraphs that a copy leaves out, from the end

    @property
    def path(self) -> str:
        """The page's path on the title's server; no path is the beginning of another."""
        return f"/{_slug(self.article.section)}/{self.article.id}.html"

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What the title prints of the text."""
        return self.article.paragraphs[: len(self.article.paragraphs) - self.cut]


@dataclass(frozen=True, slots=True)
class Press:
    """Everything that can be read, in order of appearance."""

    titles: tuple[Title, ...]
    appearances: tuple[Appearance, ...]

    def of(self, title: Title) -> tuple[Appearance, ...]:
        """Return what one title publishes."""
        return tuple(seen for seen in self.appearances if seen.title == title)

    @property
    def length(self) -> timedelta:
        """How long after the opening the last article appears."""
        return max(seen.at for seen in self.appearances)


def load_press() -> Press:
    """Return the bundled press."""
    from rules.source import read

    text = files(__package__).joinpath("press.yaml").read_text(encoding="utf-8")
    return _press(read(text, file="press.yaml").plain())


def _press(data: dict[str, Any]) -> Press:
    titles = {key: _title(key, given) for key, given in data["titles"].items()}
    appearances = [seen for given in data["articles"] for seen in _appearances(given, titles)]
    return Press(tuple(titles.values()), tuple(sorted(appearances, key=lambda seen: seen.at)))


def _title(key: str, given: dict[str, str]) -> Title:
    return Title(
        id=key,
        name=given["name"],
        place=given["place"],
        format=Format(given["format"]),
        layout=given["layout"],
        language=given.get("language", "fr"),
        encoding=given.get("encoding", "utf-8"),
        behaviour=Behaviour(given.get("behaviour", Behaviour.HONEST)),
    )


def _appearances(given: dict[str, Any], titles: dict[str, Title]) -> list[Appearance]:
    article = Article(
        id=given["id"],
        section=given["section"],
        author=given["author"],
        lead=given["lead"],
        summary=given.get("summary", given["lead"]),
        paragraphs=tuple(given["body"].strip().split("\n\n")),
        expect=Expect(given["expect"]),
        teaser=given.get("teaser", False),
    )
    source = titles[given["in"]]
    first = Appearance(article, source, given["title"], _at(given["at"]))
    copies = [
        Appearance(article, titles[key], copy["title"], _at(copy["at"]), source.name, copy.get("cut", 0))
        for key, copy in given.get("copies", {}).items()
    ]
    return [first, *copies]


def _at(given: str | float) -> timedelta:
    """Read `26h avant` or a number of seconds."""
    if isinstance(given, str):
        return -timedelta(hours=float(given.removesuffix(_BEFORE)))
    return timedelta(seconds=given)


def _slug(text: str) -> str:
    letters = text.lower().translate(str.maketrans("éèêîôç’' ", "eeeioc---"))
    return "".join(mark for mark in letters if mark.isascii())
