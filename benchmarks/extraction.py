"""Reading pages: veille's chain beside trafilatura's default and `fast` modes, on the shared corpus of real pages.

What was expected of a page by the project that it comes from is what counts; where it expected nothing, what the page
itself states in its JSON-LD. A title or an author is right where its letters are, a date where its day or instant is.
A byline that only names the outlet is not judged. **Invented** is what is told and neither expected nor written
anywhere in the page's HTML. Layouts, walls, and articles that mention or stand behind one,
are pages of our own tests.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import statistics
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trafilatura

from monitor.charset import decode
from monitor.errors import ExtractError
from monitor.extract import read_page
from tests.monitor.extract.layouts import ARTICLE, LAYOUTS
from tests.monitor.extract.walls import ABSENT, ARTICLES, BLOCKED, CONSENT

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "pages"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
ROUNDS = 3
_WIDTH = 34
_COLUMN = 22
_VERDICTS = ("right", "wrong", "invented", "missing")
_MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader told of a page."""

    text: str = ""
    title: str = ""
    date: str = ""  # a day or an instant, ISO 8601
    authors: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A page of the corpus, and what is known of it."""

    name: str
    url: str
    publisher: str  # "lemonde.fr"
    body: bytes
    expected: Mapping[str, Any]
    facts: Mapping[str, Any]
    shown: str  # its HTML, as letters and digits only

    def known(self, wanted: str, fact: str) -> Any:
        """Return what is expected of it, else what it states itself."""
        return self.expected.get(wanted) or self.facts.get(fact)


Reader = Callable[[Sample], Told]


def veille(sample: Sample) -> Told:
    try:
        told = read_page(sample.body, url=sample.url, now=NOW)
    except ExtractError:
        return Told()
    date = told.published_at.isoformat() if told.published_at else ""
    return Told(told.text, told.title, date, "; ".join(told.authors))


def by_trafilatura(*, fast: bool) -> Reader:
    def read(sample: Sample) -> Told:
        told = trafilatura.bare_extraction(sample.body, url=sample.url, with_metadata=True, fast=fast)
        if told is None:
            return Told()
        return Told(*(getattr(told, name) or "" for name in ("text", "title", "date", "author")))

    return read


READERS: Mapping[str, Reader] = {
    "veille": veille,
    "trafilatura default": by_trafilatura(fast=False),
    "trafilatura fast": by_trafilatura(fast=True),
}


def samples() -> Iterator[Sample]:
    for line in (CORPUS / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        body = gzip.decompress((CORPUS / record["file"]).read_bytes())
        shown = letters(html.unescape(decode(body, content_type=None)))
        facts = record["page_facts"] or {}
        yield Sample(record["id"], record["url"], record["publisher"], body, record["expected"], facts, shown)


def letters(text: str) -> str:
    """Return a text without case, accents, spaces and punctuation."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]+", "", "".join(char for char in flat if not unicodedata.combining(char)))


def token_f1(told: str, expected: str) -> float:
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (told, expected))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def title_verdict(sample: Sample, told: Told) -> str | None:
    wanted = sample.known("title", "headline")
    if not wanted:
        return None
    title, expected = letters(told.title), letters(html.unescape(wanted))
    if title == expected:
        return "right"
    return _otherwise(title, title in sample.shown)


def date_verdict(sample: Sample, told: Told) -> str | None:
    wanted = sample.known("date", "datePublished")
    if not wanted:
        return None
    if not told.date:
        return "missing"
    if same_day(told.date, str(wanted)):
        return "right"
    return _otherwise(told.date, any(spelling in sample.shown for spelling in spellings(told.date)))


def same_day(told: str, expected: str) -> bool:
    """Return whether two dates name one instant, or one day as it is written."""
    ours, theirs = instant(told), instant(expected)
    return theirs == ours or told[:10] == expected[:10] or ours.date() == theirs.date()


def instant(text: str) -> datetime:
    read = datetime.fromisoformat(re.sub(r" (?=[+-]\d\d)", "", text))
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def spellings(date: str) -> Iterator[str]:
    """Yield how a page may write a day, or its neighbours in another zone, as letters and digits only."""
    for day in (instant(date) + timedelta(days=days) for days in (-1, 0, 1)):
        yield from (f"{day:%Y%m%d}", f"{day:%d%m%Y}", f"{day.day}{_MONTHS[day.month - 1]}{day.year}")
        yield from (f"{day:%B}{day.day}{day.year}".lower(), f"{day:%b}{day.day}{day.year}".lower())


def author_verdict(sample: Sample, told: Told) -> str | None:
    stated = [*sample.expected.get("authors", ()), *filter(None, sample.facts.get("author", ()))]
    outlet = letters(sample.publisher.rpartition(".")[0])
    wanted = [name for name in stated if outlet not in letters(name)][:1]
    if not wanted:
        return None
    names, expected = letters(told.authors), [letters(name) for name in wanted]
    if names and (all(name in names for name in expected) or names in "".join(expected)):
        return "right"
    written = all(letters(name) in sample.shown for name in told.authors.split(";"))
    return _otherwise(names, written)


def _otherwise(told: str, is_written: bool) -> str:  # noqa: FBT001  the two facts that decide
    return "missing" if not told else "wrong" if is_written else "invented"


def segments(pages: Sequence[Sample], told: Sequence[Told], which: str) -> tuple[int, int]:
    """Return how many of the marked segments are in the texts, and how many there are."""
    judged = [
        " ".join(segment.split()) in " ".join(each.text.split())
        for sample, each in zip(pages, told, strict=True)
        for segment in sample.expected.get(which, ())
    ]
    return sum(judged), len(judged)


def read_all(pages: Sequence[Sample]) -> tuple[dict[str, list[Told]], dict[str, list[float]]]:
    """Return what each reader tells of each page, and the CPU milliseconds that it took; the readers take turns."""
    told: dict[str, list[Told]] = {name: [] for name in READERS}
    spent: dict[str, list[float]] = {name: [] for name in READERS}
    for read in READERS.values():
        read(pages[0])  # what is imported or compiled once is not a page's cost
    for sample in pages:
        rounds: dict[str, list[float]] = {name: [] for name in READERS}
        for turn in range(ROUNDS):
            for name, read in READERS.items():
                started = time.process_time()
                answer = read(sample)
                rounds[name].append((time.process_time() - started) * 1000)
                if turn == 0:
                    told[name].append(answer)
        for name, each in rounds.items():
            spent[name].append(statistics.median(each))
    return told, spent


def line(label: str, cells: Iterable[str]) -> None:
    print(f"{label:<{_WIDTH}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells))


def texts(pages: Sequence[Sample], told: Mapping[str, Sequence[Told]]) -> None:
    marked = [index for index, sample in enumerate(pages) if "text" in sample.expected]
    scores = [
        statistics.mean(token_f1(each[index].text, pages[index].expected["text"]) for index in marked)
        for each in told.values()
    ]
    line(f"token F1, mean of {len(marked)} texts", (f"{score:.4f}" for score in scores))
    kept = [segments(pages, each, "with") for each in told.values()]
    line(f"wanted segments, of {kept[0][1]}", (f"{found} ({found / of:.3f})" for found, of in kept))
    strayed = [segments(pages, each, "without") for each in told.values()]
    line(f"unwanted segments, of {strayed[0][1]}", (f"{found} ({found / of:.3f})" for found, of in strayed))
    line("pages without a text", (str(sum(not one.text for one in each)) for each in told.values()))


def metadata(pages: Sequence[Sample], told: Mapping[str, Sequence[Told]]) -> None:
    judges = {"titles": title_verdict, "dates": date_verdict, "authors": author_verdict}
    for label, judge in judges.items():
        counts = [
            Counter(filter(None, (judge(sample, one) for sample, one in zip(pages, each, strict=True))))
            for each in told.values()
        ]
        cells = ("/".join(str(count[verdict]) for verdict in _VERDICTS) for count in counts)
        line(f"{label}: {'/'.join(_VERDICTS)}", cells)


def own(name: str, markup: str) -> Sample:
    return Sample(name, "https://gazette.example/vignes", "", markup.encode(), {}, {}, "")


def layouts() -> None:
    """Print how well one article is read in the layouts of our own tests."""
    scores = [
        statistics.mean(token_f1(read(own(name, markup)).text, ARTICLE) for name, markup in LAYOUTS.items())
        for read in READERS.values()
    ]
    line(f"token F1, mean of {len(LAYOUTS)} own layouts", (f"{score:.4f}" for score in scores))


def walls() -> None:
    """Print how many pages that stand in an article's place are taken for it, and how many articles are not."""
    made = {"walls taken for an article": CONSENT | BLOCKED | ABSENT, "articles taken for none": ARTICLES}
    for label, group in made.items():
        pages = [own(name, markup) for name, markup in group.items()]
        read = [sum(bool(reader(sample).text) for sample in pages) for reader in READERS.values()]
        wrong = read if group is not ARTICLES else [len(pages) - count for count in read]
        line(f"{label}, of {len(pages)}", map(str, wrong))


def costs(spent: Mapping[str, Sequence[float]]) -> None:
    ways: Mapping[str, Callable[[Sequence[float]], float]] = {
        "median": statistics.median,
        "p95": lambda values: statistics.quantiles(values, n=20)[-1],
        "max": max,
    }
    for label, way in ways.items():
        base = way(spent["trafilatura default"])
        line(
            f"CPU ms a page, {label} (ratio)", (f"{way(each):.0f} ({way(each) / base:.2f})" for each in spent.values())
        )


def details(pages: Sequence[Sample], told: Mapping[str, Sequence[Told]], spent: Mapping[str, Sequence[float]]) -> None:
    """Print what is not right of ours, page by page."""
    for index, sample in enumerate(pages):
        ours = told["veille"][index]
        faults = [f"{spent['veille'][index]:.0f} ms"]
        for label, judge in (("title", title_verdict), ("date", date_verdict), ("authors", author_verdict)):
            verdict = judge(sample, ours)
            if verdict not in {None, "right"}:
                faults.append(f"{label} {verdict}: {getattr(ours, 'date' if label == 'date' else label)!r}")
        print(f"  {sample.name}: {'; '.join(faults)}")


def main() -> None:
    if not CORPUS.exists():
        sys.exit(f"{CORPUS}: the shared corpus is not beside this checkout")
    pages = list(samples())
    told, spent = read_all(pages)
    line(f"{len(pages)} pages", READERS)
    texts(pages, told)
    metadata(pages, told)
    layouts()
    walls()
    costs(spent)
    if "--details" in sys.argv:
        details(pages, told, spent)


if __name__ == "__main__":
    main()
