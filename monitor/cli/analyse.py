"""`veille analyse`: entities and scores of many texts, one JSON line each."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import typer

from monitor.cli.context import settings_of

if TYPE_CHECKING:
    from datetime import datetime

    from rules.engine import Engine

__all__ = ["analyse"]

_GZIP = b"\x1f\x8b"


def analyse(
    context: typer.Context,
    source: str = typer.Argument("-", metavar="FILE|-", help="JSON lines, plain or gzip; - is standard input."),
    jsonl: bool = typer.Option(False, "--jsonl", help='Lines are {"id","title","lead","body"}; the only form for now.'),
) -> None:
    """Print the entities and the rules' scores of each text, one JSON line per input line, in order.

    Each line is {"id","entities","mentions","rules"}. Offsets are code points of the field as received, end
    exclusive. A line that cannot be read gives {"id","error"}, and the exit code is 1 at the end.
    """
    from monitor.clock import SystemClock
    from monitor.rulesets import load_engine

    if not jsonl:
        raise typer.BadParameter("say --jsonl: JSON lines are the only form there is")
    engine = load_engine(settings_of(context), tested=False)
    now = SystemClock().now()
    failed = False
    with _lines(source) as lines:
        for line in lines:
            if line.strip():
                result = _analysed(engine, line, now)
                failed = failed or "error" in result
                sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    if failed:
        raise typer.Exit(1)


@contextmanager
def _lines(source: str) -> Iterator[TextIO]:
    """Open the input, whether plain or gzip; a byte that is not UTF-8 spoils its own line only."""
    try:
        raw = sys.stdin.buffer if source == "-" else Path(source).open("rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise typer.BadParameter(f"{source}: {error.strerror}") from error
    with raw:
        buffered = cast("io.BufferedReader", raw)
        zipped = buffered.peek(2).startswith(_GZIP)
        stream = gzip.GzipFile(fileobj=buffered) if zipped else buffered
        yield io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="\n")


def _analysed(engine: Engine, line: str, now: datetime) -> dict[str, Any]:
    identity: object = None
    try:
        record = json.loads(line)
        identity = record.get("id") if isinstance(record, dict) else None
        return {"id": identity, **_result(engine, record, now)}
    except (ValueError, RecursionError) as error:
        return {"id": identity, "error": str(error)}


def _result(engine: Engine, record: object, now: datetime) -> dict[str, Any]:
    from rules.types import Document

    if not isinstance(record, dict):
        raise ValueError('each line must be an object {"id","title","lead","body"}')  # noqa: TRY004  one error kind
    fields = {name: record.get(name) or "" for name in ("title", "lead", "body")}
    for name, text in fields.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} must be text, not {type(text).__name__}")  # noqa: TRY004  one error kind
        text.encode()  # a lone surrogate is no text
    document = Document(title=fields["title"], lead=fields["lead"], body=fields["body"])
    analysis = engine.analyse(document)
    mentions = analysis.scan.mentions
    return {
        "entities": list(dict.fromkeys(mention.name for mention in mentions)),
        "mentions": [
            {"entity": m.name, "field": m.field.value, "start": m.start, "end": m.end, "text": m.text} for m in mentions
        ],
        "rules": {
            verdict.rule: {"score": verdict.score, "threshold": verdict.threshold, "match": verdict.match}
            for verdict in engine.verdicts(analysis, now=now)
        },
    }
