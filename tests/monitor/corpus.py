"""The shared corpus of real feeds and pages, which is read here and never copied."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "corpus"


def records(kind: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield each record of the manifest with its document's bytes."""
    manifest = SHARED / kind / "manifest.jsonl"
    if not manifest.exists():
        pytest.skip("the shared corpus is not beside this checkout")
    with manifest.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record, gzip.decompress((SHARED / kind / record["file"]).read_bytes())


def letters(text: str | None) -> str:
    """Return what is left of a text when typography is forgotten."""
    return re.sub(r"\W+", "", text or "").casefold()
