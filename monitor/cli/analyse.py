"""`veille analyse`: entities and scores of many texts, one JSON line each."""

from __future__ import annotations

import json
import math
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_json, settings_of
from monitor.cli.progress import progress

if TYPE_CHECKING:
    from datetime import datetime

    from rules.engine import Engine

__all__ = ["analyse"]

_FIELDS = ("title", "lead", "body")


def analyse(
    context: typer.Context,
    source: str = typer.Argument("-", metavar="FILE|-", help="JSON lines, plain or gzip; - is standard input."),
    jsonl: bool = typer.Option(False, "--jsonl", help='Lines are {"id","title","lead","body"}; the only form for now.'),
) -> None:
    """Print the entities and scores of many texts, as JSON.

    Each input line {"id","title","lead","body"} gives, in order, an output line {"id","entities","mentions","rules"}.
    Offsets are code points of the field as received, end exclusive. A rule without a threshold has the threshold 0.
    A line that cannot be read gives {"id","error"}, and the exit code is 1 at the end. Where standard error is a
    terminal and the output goes elsewhere, a bar shows how far it is.
    """
    from monitor.cli.inputs import read_lines
    from monitor.clock import SystemClock
    from monitor.rulesets import load_engine

    if not jsonl:
        raise typer.BadParameter("say --jsonl: JSON lines are the only form there is")
    engine = load_engine(settings_of(context), tested=False)
    now = SystemClock().now()
    failed = False
    with progress("texts") if not sys.stdout.isatty() else nullcontext() as told:
        for number, line in enumerate(read_lines(source, told), start=1):
            if line.strip():
                result = _analysed(engine, line, now)
                if "error" in result:
                    result["error"] = f"line {number}: {result['error']}"
                failed = failed or "error" in result
                print_json(result)
    if failed:
        raise typer.Exit(1)


def _analysed(engine: Engine, line: str, now: datetime) -> dict[str, Any]:
    identity: object = None
    try:
        record = json.loads(line.removeprefix("\ufeff"), parse_constant=_no_number, parse_float=_finite)
        if not isinstance(record, dict):
            raise ValueError('must be an object {"id","title","lead","body"}')  # noqa: TRY004, TRY301  one error kind
        identity = record.get("id")
        return {"id": identity, **_result(engine, record, now)}
    except RecursionError:
        return {"id": identity, "error": "nested too deeply"}
    except json.JSONDecodeError as error:
        return {"id": identity, "error": f"not JSON: {error.msg}, character {error.colno}"}
    except ValueError as error:
        return {"id": identity, "error": str(error)}


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _text(record: dict[str, Any], name: str) -> str:
    """Return a field's text; missing and null are empty.

    Raises:
        ValueError: it is not text: another type, or bytes that are not UTF-8, or half a surrogate pair.
    """
    text = record.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise ValueError(f"{name} must be text, not {type(text).__name__}")  # noqa: TRY004  one error kind
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None
    return text


def _result(engine: Engine, record: dict[str, Any], now: datetime) -> dict[str, Any]:
    from rules.types import Document

    title, lead, body = (_text(record, name) for name in _FIELDS)
    analysis = engine.analyse(Document(title=title, lead=lead, body=body))
    mentions = analysis.scan.mentions
    return {
        "entities": list(dict.fromkeys(mention.name for mention in mentions)),
        "mentions": [
            {"entity": m.name, "field": m.field.value, "start": m.start, "end": m.end, "text": m.text} for m in mentions
        ],
        "rules": {
            grade.rule: {"score": grade.score, "threshold": grade.threshold or 0.0, "match": grade.match}
            for grade in engine.grades(analysis, now=now)
        },
    }
