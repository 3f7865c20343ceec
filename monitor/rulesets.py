"""Rule files on disk become an engine: read, checked as a whole, tried on the tests they carry.

The rule engine is imported where it is needed: a daemon that judges in a child has no room for it (promise R5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import RoutesError, RulesError, why_unreadable
from monitor.files import text_of
from monitor.model import Refusal
from monitor.settings import Settings, without_secrets
from rules.errors import PackErrors

if TYPE_CHECKING:
    from rules.engine import Engine
    from rules.trial import TestOutcome
    from rules.types import Pack

__all__ = [
    "BUNDLED",
    "failure",
    "load_engine",
    "load_rules",
    "make_engine",
    "parse_beside",
    "read_beside",
    "read_one_line",
    "refusal_of",
    "rule_files",
]

BUNDLED = "the bundled rules"
_RULE_FILES = (".yaml", ".yml", ".txt")


def load_engine(settings: Settings, *, tested: bool = True) -> Engine:
    """Read the rules, check them as a whole, compile them, and run the tests they carry.

    Args:
        settings: where the rules are.
        tested: run those tests; what goes live always does, one-shot tools need not.

    Raises:
        RulesError: with one line for each problem.
    """
    files = None if settings.rules is None else rule_files(settings.rules)
    return make_engine(files, where=str(settings.rules or BUNDLED), tested=tested)


def make_engine(files: Sequence[tuple[str, str]] | None, *, where: str, tested: bool = True) -> Engine:
    """Do the same with files whose text is at hand.

    Args:
        files: names and texts; None: the bundled rules.
        where: they are from, for errors.
        tested: run the tests they carry.

    Raises:
        RulesError: with one line for each problem.
    """
    from rules.engine import Engine

    if files is None:
        return _bundled_engine(tested=tested)
    return _tried(Engine(_read(files, where=where)), where=where, tested=tested)


@cache
def _bundled_engine(*, tested: bool) -> Engine:
    """Return the engine of the bundled rules, which stay the same while the program runs."""
    from rules.engine import Engine

    engine = Engine(_read(None, where=BUNDLED)) if not tested else _bundled_engine(tested=False)
    return _tried(engine, where=BUNDLED, tested=tested)


def _tried(engine: Engine, *, where: str, tested: bool) -> Engine:
    """Return an engine whose rules passed the tests they carry, where they are to be run.

    Raises:
        RulesError: some failed, or there are no rules.
    """
    from rules.trial import run_tests

    if not tested:
        return engine
    rules = engine.pack
    if not rules.rules:
        raise RulesError(f"{where}: holds entities and no rule, so nothing would ever match; add a rule")
    failed = tuple(failure(outcome) for outcome in run_tests(rules, engine) if not outcome.passed)
    if failed:
        raise RulesError(f"{where}: tests inside the rules failed", errors=failed)
    return engine


def refusal_of(error: RulesError | RoutesError, settings: Settings, *, rules_live: int) -> Refusal:
    """Return what may be told outside of a rule set, or a routes file, that was refused.

    Files go by their names from the rules folder on, so that nothing tells where on the machine it is; secrets of the
    settings that stand in a rule file are masked.

    Args:
        error: the refusal.
        settings: where the rules are, and the secrets.
        rules_live: how many rules the set has that goes on.
    """
    told = [_tellable(text, settings) for text in (str(error), *error.errors)]
    return Refusal(told[0], tuple(told[1:]), rules_live, of_routes=isinstance(error, RoutesError))


def _tellable(text: str, settings: Settings) -> str:
    for path in (settings.rules, settings.routes):
        text = _by_name(text, path)
    return without_secrets(text, settings)


def _by_name(text: str, path: Path | None) -> str:
    """Return a text in which a path is only its last part."""
    if path is None or not path.name or len(path.parts) == 1:
        return text
    # A name that only begins or ends alike is another file's.
    return re.sub(rf"(?<![\w./-]){re.escape(str(path))}(?![\w-])", lambda _: path.name, text)


def load_rules(path: Path | None) -> Pack:
    """Read a whole set of rules: those of a file or folder beside the bundled entities, or the bundled ones.

    Raises:
        RulesError: with one line for each problem.
    """
    return _read(None if path is None else rule_files(path), where=str(path or BUNDLED))


def _read(files: Sequence[tuple[str, str]] | None, *, where: str) -> Pack:
    from rules import pack as packs

    with _told(where):
        return packs.load(files)


def read_beside(paths: Sequence[Path], known: Pack, *, with_rules: bool = False) -> Pack:
    """Read rule files or folders beside the entities of a set; what has the same id replaces it.

    Args:
        paths: files and folders, each read once.
        known: the set.
        with_rules: keep the rules of the set too.

    Raises:
        RulesError: with one line for each problem.
    """
    files = {name: text for path in paths for name, text in rule_files(path)}
    return parse_beside(tuple(files.items()), known, with_rules=with_rules)


def parse_beside(files: Sequence[tuple[str, str]], known: Pack, *, with_rules: bool = False) -> Pack:
    """Do the same with files whose text is at hand."""
    from rules import pack as packs

    with _told(", ".join(name for name, _ in files)):
        return packs.load_beside(files, known, with_rules=with_rules)


def read_one_line(text: str, known: Pack) -> Pack:
    """Read a one-line rule, which may name the entities of a set.

    Raises:
        RulesError: it cannot be read; with its column.
    """
    return parse_beside([("rule.txt", " ".join(text.split()))], known)


def failure(outcome: TestOutcome) -> str:
    """Say in one line which test failed, where it stands and what was got."""
    problems = "; ".join(outcome.problems)
    return f"{outcome.file}:{outcome.line}: {outcome.subject}: {outcome.name!r}: {problems}"


@contextmanager
def _told(where: object) -> Iterator[None]:
    """Turn the problems of files into one error with a line for each."""
    try:
        yield
    except PackErrors as problems:
        raise RulesError(f"{where}: refused", errors=tuple(str(problem) for problem in problems.problems)) from None


def rule_files(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the name and text of a rule file, or of every rule file under a folder, in order.

    Raises:
        RulesError: one cannot be read, or there is none.
    """
    try:
        next(path.iterdir(), None) if path.is_dir() else None  # `rglob` passes over what it may not read
    except OSError as error:
        raise RulesError(f"{path}: cannot be read: {why_unreadable(error)}") from error
    paths = sorted(p for p in path.rglob("*") if p.suffix in _RULE_FILES) if path.is_dir() else [path]
    if not paths:
        raise RulesError(f"{path}: holds no rule file ({', '.join(_RULE_FILES)})")
    files = []
    for file in paths:
        try:
            files.append((str(file), text_of(file)))
        except (OSError, UnicodeDecodeError) as error:
            raise RulesError(f"{file}: cannot be read: {why_unreadable(error)}") from error
    return tuple(files)
