"""`veille revisions`: how articles changed after they were read."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import harmless, log, print_json, print_table, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.settings import Settings
    from monitor.store import RevisionLine

__all__ = ["revisions"]


def revisions(
    context: typer.Context,
    ref: str = typer.Argument(
        "", metavar="REF|URL", help="Show this article's: an alert's reference (al_…), a match's number or an address."
    ),
    since: str | None = typer.Option(
        None, metavar="WHEN", help="From this instant or for this long: 2026-05-16, 24h, 7d."
    ),
    limit: int = typer.Option(50, min=1, max=100_000, metavar="N", help="At most this many, newest first."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """List how articles changed, newest first; or show how one did.

    Changes are those that were seen after an article was read. They are shown word by word, [-what went-]
    {+and what came+}; of a text, the paragraphs that changed.
    """
    from monitor.cli.when import instant

    settings = settings_of(context)
    with log(settings) as store:
        lines = store.revisions(ref=ref or None, since=instant(since, settings.zone), limit=limit)
    if as_json:
        for line in lines:
            print_json(asdict(line) | {"diff": list(_differences(line))})
    elif ref:
        for line in lines:
            _show(line, settings)
    else:
        _list(lines, settings)
    if not lines:
        sys.stderr.write("No revision. An article that its feed says has changed makes one.\n")


def _list(lines: tuple[RevisionLine, ...], settings: Settings) -> None:
    from monitor.cli.when import local

    print_table(
        "Revisions",
        ("alert", "seen", "outlet", "changed", "difference", "address"),
        [
            (
                line.alert_id,
                local(line.seen_at, settings.zone),
                line.outlet,
                ", ".join(line.changed),
                next(_differences(line), ""),
                line.url,
            )
            for line in lines
        ],
    )


def _show(line: RevisionLine, settings: Settings) -> None:
    from monitor.cli.when import local

    told = f" · {line.alert_id}" if line.alert_id else ""
    sys.stdout.write(f"{line.number} · {local(line.seen_at, settings.zone)} · {harmless(line.outlet)}{told}\n")
    for difference in _differences(line):
        sys.stdout.write(f"  {harmless(difference)}\n")


def _differences(line: RevisionLine) -> Iterator[str]:
    """Yield each difference as a line: `title: Une [-frape-] {+frappe+}`."""
    from monitor.changes import differ, shown, text_changes, title_changes

    before, after = line.before, line.after
    if differ(before.title, after.title):
        yield f"title: {shown(title_changes(before.title, after.title))}"
    for name, old, new in (("lead", before.lead, after.lead), ("body", before.body, after.body)):
        for pieces in text_changes(old, new):
            yield f"{name}: {shown(pieces)}"
    if "withdrawn" in line.changed:
        yield "withdrawn: the page is gone"
