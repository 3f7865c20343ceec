"""The rule engine: text in, matches out. Pure: no clock, no network, no log.

>>> from datetime import UTC, datetime
>>> import rules
>>> engine = rules.Engine(rules.load([("mine.txt", "@kharkiv PROCHE/20 drone")]))
>>> analysis = engine.analyse(rules.Document(title="Kharkiv : un drone abattu"))
>>> [match.rule.id for match in engine.match(analysis, now=datetime(2026, 11, 23, tzinfo=UTC))]
['kharkiv-proche-20-drone']

Names are imported when first used: the grammar and the validators are heavy, the values that travel are not. To read
why, see `rules.explain`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rules.engine import Analysis, Engine
    from rules.errors import ConditionError, PackError, PackErrors, RuleError
    from rules.pack import bundled, expand, load, load_pack
    from rules.trial import TestOutcome, run_tests
    from rules.types import Document, Match, Pack, Verdict

__all__ = [
    "Analysis",
    "ConditionError",
    "Document",
    "Engine",
    "Match",
    "Pack",
    "PackError",
    "PackErrors",
    "RuleError",
    "TestOutcome",
    "Verdict",
    "bundled",
    "expand",
    "load",
    "load_pack",
    "run_tests",
]

_HOMES = {
    "engine": ("Analysis", "Engine"),
    "errors": ("ConditionError", "PackError", "PackErrors", "RuleError"),
    "pack": ("bundled", "expand", "load", "load_pack"),
    "trial": ("TestOutcome", "run_tests"),
    "types": ("Document", "Match", "Pack", "Verdict"),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"rules.{module}"), name)
    raise AttributeError(f"module 'rules' has no attribute {name!r}")
