"""The pages of the documentation whose every example is written down and run, in the order of the page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.monitor.cli.conftest import Veille

__all__ = ["Block", "blocks", "run_page"]

_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


_HOME = "/var/lib/veille"  # where pages keep their files; the folder of the test stands in for it


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, the name of its file, and what stands in it."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True)
class _Typed:
    """A command of the page, and what it says comes of it: "" where the page shows nothing."""

    command: str
    shown: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def _typed(block: str) -> Iterator[_Typed]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield _Typed(command, shown)


def run_page(page: Path, veille: Veille, folder: Path, *, before: Callable[[str], None] = lambda _command: None) -> int:
    """Write the files of a page and run its commands; what it shows must come out. Return how many commands ran.

    Args:
        page: the page.
        veille: types a command.
        folder: where files are written.
        before: called with each command before it is typed.
    """
    ran = 0
    for block in blocks(page):
        if block.kind != "console":
            text = block.text.replace(_HOME, str(folder))
            (folder / block.name).write_text(text, encoding="utf-8")
            continue
        for each in _typed(block.text):
            before(each.command)
            words, _, given = each.command.partition(" < ")
            got = veille(*shlex.split(words)[1:], given=(folder / given).read_bytes() if given else b"")
            ran += 1
            if each.shown:
                assert each.shown == got.out + got.err
            else:
                assert (0, "") == (got.code, got.err), each.command
                assert got.out
    return ran
