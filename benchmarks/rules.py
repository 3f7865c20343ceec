"""The rule engine: what an article costs, how that grows with rules and terms, and what else could look for them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import ahocorasick  # type: ignore[import-not-found]  # pyahocorasick has no types
import re2

import rules
from benchmarks.timing import cpu_ms
from rules.source import read
from rules.text import fold

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PHENOMENA = Path(__file__).parents[1] / "tests" / "rules" / "phenomena"
_SYLLABLES = "ba be bi bo bu da de di do du fa fe fi fo fu ga ge gi go gu la le li lo lu ma me mi mo mu".split()
_RULES = (10, 10_000)
_TERMS = (10, 1_000, 100_000)
_LARGEST_RULE = 5_000
_ALTERNATIVES = (10, 100, 1_000)


def articles() -> list[rules.Document]:
    """Return the graded articles of the tests: fiction in press style, dense in what the bundled rules look for."""
    return [
        rules.Document(title=raw["title"], lead=raw["lead"] or "", body=raw["body"] or "")
        for path in sorted(PHENOMENA.glob("documents*.yaml"))
        for raw in read(path.read_text(encoding="utf-8"), file=path.name).plain()
    ]


def joined(documents: Sequence[rules.Document], words: int) -> rules.Document:
    """Return one article of some length: the bodies one after the other."""
    body = " ".join(" ".join(document.body for document in documents).split(" ")[:words])
    return rules.Document(title=documents[0].title, lead=documents[0].lead, body=body)


def length(document: rules.Document) -> int:
    return sum(len(text.split()) for text in (document.title, document.lead, document.body))


def words(seed: int) -> Iterator[str]:
    """Yield words that no French text holds, each once."""
    chance = random.Random(seed)  # noqa: S311  no secret
    seen: set[str] = set()
    while True:
        word = "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(4, 6)))
        if word not in seen:
            seen.add(word)
            yield word


def one_liners(count: int) -> str:
    """Return as many rules, each of two words; one in a thousand is about the articles."""
    made = words(count)
    return "\n".join(
        f"drone PROCHE/20 {next(made)}" if number % 1_000 == 0 else f"{next(made)} PROCHE/20 {next(made)}"
        for number in range(count)
    )


def one_rule(count: int, *, seed: int) -> str:
    """Return a rule of as many terms."""
    made = words(seed)
    terms = "\n".join(
        f"  t{number}: {{any: [{', '.join(next(made) for _ in range(min(500, count - number)))}]}}"
        for number in range(0, count, 500)
    )
    return f"id: mots\ntitle: mots\nterms:\n{terms}\n  guerre: {{any: [guerre]}}\ncondition: 1 of t*\n"


def engine_of(name: str, text: str, entities: tuple[rules.EntityDef, ...] = ()) -> rules.Engine:
    pack = rules.load_pack([(name, text)])
    return rules.Engine(rules.Pack(entities, pack.rules))


def judged(engine: rules.Engine, document: rules.Document) -> Callable[[], object]:
    return lambda: engine.match(engine.analyse(document), now=NOW)


def bundled_pack(documents: Sequence[rules.Document]) -> None:
    started = time.process_time()
    pack = rules.bundled()
    loaded = time.process_time()
    engine = rules.Engine(pack)
    print(f"load {loaded - started:.2f} s CPU, compile {time.process_time() - loaded:.2f} s, apart from what follows")
    long = joined(documents, 1_000)
    count = length(long)
    folding = cpu_ms(lambda: [fold(text) for text in (long.title, long.lead, long.body)], times=20) * 1000 / count
    print(f"CPU ms per 1,000 words, {len(pack.entities)} entities and {len(pack.rules)} rules:")
    print(f"  folding alone                        {folding:6.2f}  ratio 1.0")

    def all_of_it() -> object:
        analysis = engine.analyse(long)
        return analysis.scan.mentions, engine.grades(analysis, now=NOW)

    spent = cpu_ms(all_of_it, times=20) * 1000 / count
    print(f"  one article of {count} words: mentions and grades {spent:6.2f}  ratio {spent / folding:.1f}")
    total = sum(map(length, documents))

    def each() -> object:
        return [engine.grades(engine.analyse(document), now=NOW) for document in documents]

    spent = cpu_ms(each, times=1) * 1000 / total
    mean = total // len(documents)
    print(f"  {len(documents)} articles of {mean} words on average {spent:6.2f}  ratio {spent / folding:.1f}")


def growth(documents: Sequence[rules.Document]) -> None:
    article = joined(documents, 1_000)
    print("an article of 1,000 words, by the number of rules (no entities)")
    base = None
    for count in _RULES:
        spent = cpu_ms(judged(engine_of("r.txt", one_liners(count)), article), times=20)
        base = base or spent
        print(f"  {count:>7} rules  {spent:6.2f} ms  ratio {spent / base:.2f}  (goal 2 at most)")
    base = None
    for count in _TERMS:
        spent = cpu_ms(judged(terms_of(count), article), times=20)
        base = base or spent
        print(f"  {count:>7} terms  {spent:6.2f} ms  ratio {spent / base:.2f}  (goal 4 at most)")


def terms_of(count: int) -> rules.Engine:
    """Return rules of so many terms in all, at most 5,000 each: a file may not hold more than 20,000 values."""
    files = []
    for number in range(0, count, _LARGEST_RULE):
        text = one_rule(min(_LARGEST_RULE, count - number), seed=number)
        files.append((f"{number}.yaml", text.replace("id: mots", f"id: mots-{number}")))
    return rules.Engine(rules.load_pack(files))


def alternatives(documents: Sequence[rules.Document]) -> None:
    """Compare ways to find words: all of them only find strings, without masks, case, accents or explanation."""
    flat = fold(joined(documents, 1_000).body).flat
    print("finding words in a folded article of 1,000 words, CPU ms")
    print("    terms   ours, whole   one regex a term   pyahocorasick   one RE2 alternation")
    for count in _ALTERNATIVES:
        made = words(7)
        terms = [next(made) for _ in range(count)]
        spent = [cpu_ms(find, times=3) for find in finders(terms, flat)]
        print(f"  {count:>7}" + "".join(f"{ms:>17.3f}" for ms in spent))


def finders(terms: Sequence[str], flat: str) -> Iterator[Callable[[], object]]:
    """Yield each way to find some words in a folded text."""
    engine = engine_of("r.txt", "\n".join(terms))
    document = rules.Document(body=flat)
    yield lambda: engine.analyse(document)
    regexes = [re.compile(rf"\b{term}s?\b") for term in terms]
    yield lambda: [regex.findall(flat) for regex in regexes]
    automaton = ahocorasick.Automaton()
    for term in terms:
        automaton.add_word(term, term)
    automaton.make_automaton()
    yield lambda: list(automaton.iter(flat))
    one = re2.compile("|".join(rf"\b{term}s?\b" for term in terms))
    yield lambda: one.findall(flat)


def main() -> None:
    documents = articles()
    bundled_pack(documents)
    growth(documents)
    alternatives(documents)


if __name__ == "__main__":
    main()
