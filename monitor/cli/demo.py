"""`veille demo`: the real daemon against a press of fiction, on this machine alone."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.demo.receivers import Received
    from monitor.demo.show import Demonstration, Report

    Say = Callable[[str, str], None]

__all__ = ["demo"]

_PATIENCE_S = 150.0  # the digest comes within a minute and a half
_TERMS = 5
_REFERENCE = re.compile(r"al_[0-9A-Z]{12}")
_FIELDS = {"title": "titre", "lead": "chapô", "body": "corps"}


def demo(
    keep: bool = typer.Option(False, "--keep", help="Go on until Ctrl-C, to look around while it runs."),
    patience_s: float = typer.Option(_PATIENCE_S, "--patience", min=1, metavar="SECONDS", help="Give up after this."),
) -> None:
    """Watch a small fictitious French press being polled, read, matched and alerted. No account, no internet.

    The exit code is 1 when something that should have been told was not, or the other way round.
    """
    import tempfile

    from monitor.demo.show import Demonstration

    folder = Path(tempfile.mkdtemp(prefix="veille-demo-"))
    say = _speaker()
    demonstration = Demonstration(folder)
    with demonstration:
        _introduce(demonstration, say)
        channels: dict[str, set[str]] = {}
        for received in demonstration.messages(patience_s=patience_s):
            for text, style in (*_told(received), *_delivered(received, channels)):
                say(text, style)
        report = demonstration.report()
        _conclude(demonstration, report, say)
        if keep:
            say("\nStill running; Ctrl-C ends it.", "bold")
            with contextlib.suppress(KeyboardInterrupt):
                demonstration.wait()
    if report.problems:
        raise typer.Exit(1)


def _speaker() -> Say:
    """Return what prints a line in a style; no style where nobody looks."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    return lambda text, style: console.print(Text(text, style=style), soft_wrap=True)


def _introduce(demonstration: Demonstration, say: Say) -> None:
    titles = demonstration.newsroom.press.titles
    say(f"{len(titles)} fictitious French titles are on the air, on this machine only; the daemon polls them.", "bold")
    say("Alerts go to a local webhook (signed), a Slack-like webhook and a mail server;", "")
    say(f"the digest comes at {demonstration.digest_at}.\n", "")


def _told(received: Received) -> Iterator[tuple[str, str]]:
    """Yield the lines that show a message: the webhook's, which a program can read; the others say the same."""
    from monitor.model import AlertType, Channel

    if received.headers.get("x-veille-type") == AlertType.STORY_DIGEST:
        yield f"\n● {received.payload['subject']}", "bold magenta"
        yield from ((f"  {line}", "magenta") for line in received.text.split("<!doctype")[0].splitlines()[2:])
    if received.channel is not Channel.WEBHOOK:
        return
    data = received.payload["data"]
    if "update" in data:
        yield from _updated(data)
    elif "items" in data:
        yield f"\n● Recap of what was there before: {len(data['items'])} in one message", "bold cyan"
        for item in data["items"]:
            yield f"  {item['story']['title']} ({item['rule']['title']})", "cyan"
    else:
        yield from _explained(data)


def _updated(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    story, update = data["story"], data["update"]
    yield f"\n● update of {update['of']}: {update['reason']}, {story['outlets']} outlets", "bold blue"
    yield f"  {story['title']} · {', '.join(source['outlet'] for source in story['sources'])}", "blue"


def _explained(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    story, rule, match = data["story"], data["rule"], data["match"]
    source = story["sources"][0]
    yield f"\n● {rule['title']} · {data['labels']['level']} · {data['alert_id']}", "bold yellow"
    yield f"  {story['title']}", "bold"
    yield f"  {source['outlet']} · {source['completeness']} · {source.get('url', '')}", ""
    quotes = [snippet["text"] for snippet in match.get("snippets", ()) if snippet["field"] != "title"]
    if quotes:
        yield f"  « {quotes[0]} »", "italic"
    threshold = f", seuil {_decimal(match['threshold'])}" if "threshold" in match else ""
    terms = sorted(match.get("contributions", ()), key=lambda term: -term["points"])
    why = " ; ".join(_contribution(term) for term in terms[:_TERMS] if term["points"] > 0)
    rest = " ; …" if len(terms) > _TERMS else ""
    yield f"  Pourquoi : {_decimal(match['score'])} points{threshold} = {why}{rest}", "green"


def _contribution(term: dict[str, Any]) -> str:
    where = _FIELDS.get(term.get("field", ""), "")
    best = f"« {term['best']} »" if term.get("best") else ""
    details = ", ".join(part for part in (best, where) if part)
    return f"{term['term'].replace('_', ' ')} {_decimal(term['points'])}" + (f" ({details})" if details else "")


def _decimal(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")


def _delivered(received: Received, channels: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Note a message's channel under its alert, and yield a line when it was the last to arrive."""
    from monitor.demo.receivers import CHANNELS

    found = _REFERENCE.search(received.text)
    if found is not None:
        arrived = channels.setdefault(found[0], set())
        arrived.add(received.channel.value)
        if len(arrived) == len(CHANNELS):
            yield f"  ✓ {found[0]} delivered by {', '.join(sorted(arrived))}", "dim"


def _conclude(demonstration: Demonstration, report: Report, say: Say) -> None:
    say("", "")
    channels = ", ".join(f"{channel.value} {count}" for channel, count in report.messages.items())
    rows = [
        ("titles polled", f"{report.polled} of {report.titles}"),
        ("titles failing, as they should", ", ".join(report.failing) or "none"),
        ("articles read", str(report.read)),
        ("alerts", f"{report.alerts} at once, {report.recap} in the recap"),
        ("updates of them", str(report.updates)),
        ("digest", f"of {demonstration.digest_at}" if report.digest else "none"),
        ("false friends kept silent", f"{report.silent_decoys} of {report.decoys}"),
        ("messages", channels),
    ]
    print_table("What happened", ("", ""), rows)
    for problem in report.problems:
        say(f"PROBLEM  {problem}", "bold red")
    veille = _program()
    look = f"{veille} --env-file {shlex.quote(str(demonstration.env_file))}"
    say(f"\nThe log is an SQLite file: {demonstration.database}", "")
    say("To look around:", "bold")
    for command in ("matches", "rules", "feeds", "deliveries"):
        say(f"  {look} {command}", "")
    say("To watch the real press:", "bold")
    say(f"  {veille} init desk", "")


def _program() -> str:
    """Return how to call veille again from here."""
    typed = Path(sys.argv[0])
    if typed.name != "veille":
        return f"{Path(sys.executable).name} -m monitor"
    found = shutil.which("veille")
    return "veille" if found and Path(found).samefile(typed) else shlex.quote(str(typed))
