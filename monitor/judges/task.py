"""What the child does that judges. Only children import this: so the engine is there before the time counts."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import RulesError
from monitor.heap import trim
from monitor.judges.local import canary_found, judge_with
from monitor.judges.wire import document_from, judgement_values, rule_values
from monitor.rulesets import make_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.engine import Engine

__all__ = ["canary_task", "judge_task", "load_task"]

_MOST_SETS: Final = 2  # the live one, and the one that takes its place
# A task is a function, so what a child knows from one to the next stands here. A new child knows nothing.
_sets: Final[OrderedDict[str, Engine]] = OrderedDict()


def load_task(body: bytes, args: Mapping[str, Any]) -> dict[str, Any]:
    """Make an engine, and keep it under a name.

    Args:
        body: the rule files, names and texts as JSON; null: the bundled rules.
        args: `name`; `where` the files are from, for errors; `tested`: run the tests they carry.

    Returns:
        `rules`; or `error` and `errors` where they are refused.
    """
    name = args["name"]
    if name not in _sets or args["tested"]:
        try:
            engine = make_engine(json.loads(body), where=args["where"], tested=args["tested"])
        except RulesError as refused:
            return {"error": str(refused), "errors": refused.errors}
        _sets[name] = engine
        while len(_sets) > _MOST_SETS:
            _sets.popitem(last=False)
        trim()  # reading rules leaves a fifth of the heap free
    return {"rules": [rule_values(rule) for rule in _sets[name].pack.rules]}


def judge_task(body: bytes, args: Mapping[str, Any]) -> dict[str, Any] | None:
    """Judge an article.

    Args:
        body: the document as JSON.
        args: the `name` of the set, and `now`.

    Returns:
        The judgement, or None where this child has no such set.
    """
    engine = _sets.get(args["name"])
    if engine is None:
        return None
    _sets.move_to_end(args["name"])
    document = document_from(json.loads(body))
    return judgement_values(judge_with(engine, document, now=datetime.fromisoformat(args["now"])))


def canary_task(body: bytes, args: Mapping[str, Any]) -> bool:
    """Say whether the canary's own rule finds an article.

    Args:
        body: the document as JSON.
        args: `now`.
    """
    return canary_found(document_from(json.loads(body)), now=datetime.fromisoformat(args["now"]))
