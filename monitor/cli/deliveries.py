"""`veille deliveries`: the outbox, and sending again."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import log, print_json, print_table, settings_of
from monitor.cli.groups import ListingGroup
from monitor.errors import NotFoundError

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store import DeliveryLine, Store

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
        _check_receiver(settings, store, receiver)
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
        ("id", "alert", "receiver", "state", "attempts", "created", "sent", "next attempt", "held", "last error"),
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
                _held(line, settings),
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
        _check_receiver(settings, store, receiver)
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
    """Show a delivery: where it stands, each try, each replay."""
    from monitor.cli.when import local
    from monitor.model import DeliveryId

    settings = settings_of(context)
    with log(settings) as store:
        line, lines = store.delivery(DeliveryId(number)), store.attempts(DeliveryId(number))
        teller = store.teller(line.id)
    if as_json:
        for each in lines:
            print_json(asdict(each))
        return
    stands = _standing(line, settings)
    if teller is not None:
        stands += f"; delivery {teller.id} ({teller.alert_id}) is {_standing(teller, settings)}"
    sys.stdout.write(f"{line.alert_id} to {line.receiver}: {stands}\n")
    print_table(
        f"Delivery {number}",
        ("try", "at", "outcome", "status", "reason", "error", "detail"),
        [
            (
                each.number or "",
                local(each.started_at, settings.zone),
                each.outcome or "under way",
                each.status,
                each.reason,
                each.error,
                " ".join([each.detail or "", *each.refused]).strip(),
            )
            for each in lines
        ],
    )
    if not lines and teller is None:
        sys.stderr.write("Not tried yet.\n")


def _standing(line: DeliveryLine, settings: Settings) -> str:
    """Return where a delivery stands, and since when or until when where that is known."""
    from monitor.cli.when import local

    held = _held(line, settings)
    sent = local(line.sent_at, settings.zone)
    return f"{line.state.value}{held and f', {held}'}{sent and f' {sent}'}"


def _held(line: DeliveryLine, settings: Settings) -> str:
    """Return why a delivery is held and until when, or what tells it in its place, or ""."""
    from monitor.cli.when import local
    from monitor.model import DeliveryState

    if line.state is not DeliveryState.HELD:
        return "" if line.told_by is None else f"told by delivery {line.told_by}"
    until = local(line.held_until, settings.zone) or "the next digest"
    return f"{'' if line.why is None else line.why.value} until {until}".strip()


def _check_receiver(settings: Settings, store: Store, name: str | None) -> None:
    """Refuse the name of a receiver that is neither in use nor in the log.

    Raises:
        NotFoundError: the message names the nearest.
    """
    from monitor import alerting
    from monitor.deliver import KINDS
    from monitor.settings import nearest

    if name is None or store.deliveries(receiver=name, limit=1):
        return
    known = [receiver.name for receiver in alerting.load_routes(settings, KINDS).receivers]
    known += [receiver.name for receiver in alerting.heartbeat_receivers(settings)]
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near}?" if near else "`veille channels list` tells those that there are"
        raise NotFoundError(f"no receiver {name!r}; {hint}")


def _who() -> str:
    """Return who types the command; of a user without a name, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
