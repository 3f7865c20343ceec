"""`veille deliveries`: the outbox, and sending again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum

import typer

from monitor.cli.context import log, print_json, print_table, settings_of
from monitor.cli.groups import ListingGroup

__all__ = ["app"]

app = typer.Typer(cls=ListingGroup, rich_markup_mode=None, help="List deliveries, or send some again.")


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
    until: str | None = typer.Option(None, metavar="WHEN", help="With --since: up to this instant."),
    receiver: str | None = typer.Option(None, metavar="NAME", help="With --since: of this receiver."),
    state: State = typer.Option(State.FAILED, metavar="|".join(State), help="With --since: in this state."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Send deliveries again: same identity, same bytes.

    The daemon, or the next `veille poll`, sends them.
    """
    from monitor.cli.when import instant
    from monitor.clock import SystemClock
    from monitor.model import DeliveryId, DeliveryState

    if bool(ids) == bool(since) or (ids and (until or receiver)):
        raise typer.BadParameter("say which: numbers of deliveries, or --since with what narrows it")
    settings = settings_of(context)
    with log(settings, write=True) as store:
        count = store.replay(
            ids=[DeliveryId(number) for number in ids] if ids else None,
            since=instant(since, settings.zone),
            until=instant(until, settings.zone),
            receiver=receiver,
            state=DeliveryState(state.value),
            now=SystemClock().now(),
        )
    if as_json:
        print_json({"replayed": count})
    else:
        sys.stdout.write(f"{count} put back to pending\n")
