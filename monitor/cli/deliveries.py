"""`veille deliveries`: the outbox, and sending again."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import asdict
from enum import StrEnum

import typer

from monitor.cli.context import log, print_json, print_table, settings_of
from monitor.cli.groups import ListingGroup

__all__ = ["app"]

app = typer.Typer(cls=ListingGroup, rich_markup_mode=None, help="List deliveries, show one, or send some again.")


class State(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    PENDING = "pending"
    GROUPED = "grouped"
    SILENCED = "silenced"
    SENT = "sent"
    FAILED = "failed"


@app.command("list")
def list_(
    context: typer.Context,
    state: State | None = typer.Option(None, metavar="|".join(State), help="Only this state."),
    receiver: str | None = typer.Option(None, metavar="NAME", help="Only this receiver."),
    since: str | None = typer.Option(
        None, metavar="WHEN", help="From this instant or for this long: 2026-05-16, 24h, 7d."
    ),
    limit: int = typer.Option(50, min=1, max=100_000, metavar="N", help="At most this many, newest first."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """List deliveries, newest first (what no command means)."""
    from monitor.cli.when import instant, local
    from monitor.model import DeliveryState

    settings = settings_of(context)
    with log(settings) as store:
        lines = store.deliveries(
            state=DeliveryState(state.value) if state else None,
            receiver=receiver,
            since=instant(since, settings.zone),
            limit=limit,
        )
    if as_json:
        for line in lines:
            print_json(asdict(line))
        return
    print_table(
        "Deliveries",
        ("id", "alert", "receiver", "state", "attempts", "created", "sent", "next attempt", "last error"),
        [
            (
                line.id,
                line.alert_id,
                line.receiver,
                line.state.value,
                line.attempts,
                local(line.created_at, settings.zone),
                local(line.sent_at, settings.zone),
                local(line.next_attempt_at, settings.zone),
                line.last_error,
            )
            for line in lines
        ],
    )
    if not lines:
        sys.stderr.write("No delivery. Alerts make them; filters may hide some.\n")


@app.command()
def replay(
    context: typer.Context,
    ids: list[int] = typer.Argument(None, metavar="ID", help="These deliveries, whatever their state."),
    since: str | None = typer.Option(
        None, metavar="WHEN", help="Instead of numbers: all created from this instant or for this long."
    ),
    until: str | None = typer.Option(None, metavar="WHEN", help="Instead of numbers: up to this instant."),
    receiver: str | None = typer.Option(None, metavar="NAME", help="Instead of numbers: of this receiver."),
    state: State = typer.Option(State.FAILED, metavar="|".join(State), help="Without numbers: in this state."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Send deliveries again: same identity, same bytes. `--receiver NAME` alone: all that failed there.

    The daemon, or the next `veille poll`, sends them. Who wanted it, and when, is kept: `veille deliveries show ID`.
    """
    from monitor.cli.when import instant
    from monitor.clock import SystemClock
    from monitor.model import DeliveryId, DeliveryState

    if bool(ids) == bool(since or until or receiver):
        raise typer.BadParameter("say which: numbers of deliveries, or --since, --until and --receiver")
    settings = settings_of(context)
    with log(settings, write=True) as store:
        replayed = store.replay(
            ids=[DeliveryId(number) for number in ids] if ids else None,
            since=instant(since, settings.zone),
            until=instant(until, settings.zone),
            receiver=receiver,
            state=DeliveryState(state.value),
            by=_who(),
            now=SystemClock().now(),
        )
        disabled = [name for name in replayed if store.endpoint(name).disabled_at is not None]
    count = sum(replayed.values())
    if as_json:
        print_json({"replayed": count, "disabled": disabled})
    else:
        sys.stdout.write(f"{count} put back to pending\n")
    for name in disabled:
        waits = f"{replayed[name]} will wait: {name} is disabled"
        sys.stderr.write(f"veille: {waits}; once it is mended, `veille channels enable {name}` sends them\n")


@app.command()
def show(
    context: typer.Context,
    number: int = typer.Argument(metavar="ID", help="The delivery."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Show what became of a delivery: each try, each replay."""
    from monitor.cli.when import local
    from monitor.model import DeliveryId

    settings = settings_of(context)
    with log(settings) as store:
        lines = store.attempts(DeliveryId(number))
    if as_json:
        for line in lines:
            print_json(asdict(line))
        return
    print_table(
        f"Delivery {number}",
        ("try", "at", "outcome", "status", "reason", "error", "detail"),
        [
            (
                line.number or "",
                local(line.started_at, settings.zone),
                line.outcome or "under way",
                line.status,
                line.reason,
                line.error,
                " ".join([line.detail or "", *line.refused]).strip(),
            )
            for line in lines
        ],
    )
    if not lines:
        sys.stderr.write("Not tried yet.\n")


def _who() -> str:
    """Return who types the command; of a user without a name, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
