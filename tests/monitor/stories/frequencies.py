"""Count in how many of our own graded articles each term is: what grouping knows of the press before it has read any.

`python -m tests.monitor.stories.frequencies` writes the file; test_rarity.py holds it to what this makes.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from monitor.stories.terms import terms_of

ROOT = Path(__file__).parents[3]
FILE = ROOT / "monitor/stories/frequencies.txt"
_ONCE = 1


def lines() -> list[str]:
    """Return the lines of the file."""
    counts: Counter[str] = Counter()
    articles = 0
    for path in sorted((ROOT / "tests/rules/phenomena").glob("documents*.yaml")):
        for one in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            counts.update(set(terms_of(f"{one['title']}\n{one.get('lead') or ''}\n{one.get('body') or ''}")))
            articles += 1
    known = sorted((term, count) for term, count in counts.items() if count > _ONCE and not term[0].isdigit())
    head = "# In how many graded articles of tests/rules/phenomena each term is; *: how many there are. Generated."
    return [head, f"* {articles}", *(f"{term} {count}" for term, count in known)]


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
