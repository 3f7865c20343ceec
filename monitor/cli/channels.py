"""`veille channels`: who is told, and whether they can be."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import harmless, log, print_json, print_table, settings_of
from monitor.cli.groups import ListingGroup
from monitor.errors import DeliveryError, NotFoundError, Reason

if TYPE_CHECKING:
    from monitor.model import DeliveryState, Endpoint, NotificationReason, Receipt
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["app"]

app = typer.Typer(
    cls=ListingGroup, rich_markup_mode=None, help="List receivers, send one a sample alert, or enable one again."
)

_HINTS = {
    Reason.ADDRESS_REFUSED: "if it is yours, allow it in VEILLE_DELIVER_ALLOW_NETWORKS",
    Reason.AUTH: "see its address, user and secrets",
    Reason.GONE: "its address is no more: set the new one",
    Reason.HTTP_4XX: "see its address, and what the other side takes",
    Reason.REJECTED: "see what it says",
    Reason.REDIRECT: "set the address that it leads to",
    **dict.fromkeys(
        (Reason.CONNECTION, Reason.DNS, Reason.PROTOCOL, Reason.TIMEOUT, Reason.TLS),
        "see its address, and that this machine reaches it",
    ),
}
_MAIL_HINTS = {
    Reason.TLS: (
        "VEILLE_SMTP_TLS must be what the server speaks on VEILLE_SMTP_PORT: starttls (mostly 587), tls (465) or none "
        "(25); VEILLE_SMTP_HOST, the name in its certificate"
    ),
    Reason.AUTH: "see VEILLE_SMTP_USER and VEILLE_SMTP_PASSWORD",
    **dict.fromkeys(
        (Reason.CONNECTION, Reason.TIMEOUT),
        "see VEILLE_SMTP_HOST and VEILLE_SMTP_PORT, that this machine reaches it, and VEILLE_SMTP_TLS: "
        "port 465 mostly wants tls",
    ),
}
_NO_POST = dict.fromkeys((405, 501), "nothing there takes alerts: its address is probably wrong")
_LATER = "try again later, as the daemon would"


@app.command("list")
def list_(
    context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object a line.")
) -> None:
    """List receivers: where each leads, how it is, what waits or failed (what no command means). No secret is shown."""
    from monitor.cli.health import Condition, condition_of, said
    from monitor.deliver import destination_of

    settings = settings_of(context)
    receivers, counts = _receivers(settings), _counts(settings)
    endpoints = _endpoints(settings)
    conditions = {name: condition_of(endpoints[name]) if name in endpoints else Condition() for name in receivers}
    lines: list[dict[str, Any]] = [
        {
            "receiver": receiver.name,
            "channel": receiver.channel.value,
            "destination": destination_of(receiver, settings),
            **conditions[receiver.name]._asdict(),
            **{state: number.get(receiver.name, 0) for state, number in counts.items()},
        }
        for receiver in receivers.values()
    ]
    if as_json:
        for line in lines:
            print_json(line)
        return
    print_table(
        "Receivers",
        ("receiver", "channel", "destination", "health", *counts),
        [
            (
                *(line[name] for name in ("receiver", "channel", "destination")),
                said(conditions[line["receiver"]], settings.zone),
                *(line[state] for state in counts),
            )
            for line in lines
        ],
    )
    if not lines:
        sys.stderr.write("No receiver: alerts are in the log only. docs/channels.md says what there is.\n")


@app.command("test")
def try_(
    context: typer.Context,
    name: str = typer.Argument(metavar="NAME", help="The receiver."),
    reason: str = typer.Option("first_alert", metavar="REASON", help="What for: first_alert, recap, source_failing…"),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Send a receiver a sample alert, marked « essai », for real and at once, and tell what it answered.

    Nothing is stored and no daemon is needed; one may be running.
    """
    from monitor.deliver import SAMPLED
    from monitor.model import NotificationReason

    if reason not in SAMPLED:
        raise typer.BadParameter(f"there is a sample of {', '.join(SAMPLED)}", param_hint="--reason")
    settings = settings_of(context)
    receiver = _receivers(settings).get(name)
    if receiver is None:
        raise NotFoundError(f"no receiver {name}; `veille channels list` tells those that there are")
    told: dict[str, Any] = {"receiver": name, "channel": receiver.channel.value, "reason": reason}
    try:
        receipt = asyncio.run(_send(settings, receiver, NotificationReason(reason)))
    except DeliveryError as error:
        told |= {
            "accepted": False,
            "error": str(error),
            "status": error.status,
            "hint": _hint(receiver, error),
        }
    else:
        told |= {
            "accepted": not receipt.refused,
            "status": receipt.status,
            "refused": receipt.refused,
            "detail": receipt.detail,
        }
    if as_json:
        print_json(told)
    elif "error" in told:
        sys.stderr.write(f"veille: {harmless(told['error'])}\n  {told['hint']}\n")
    else:
        refused = "".join(f"; refused for {harmless(one)}" for one in told["refused"])
        answered = "" if told["status"] is None else f", status {told['status']}"
        detail = f"; {harmless(told['detail'])}" if told["detail"] else ""
        sys.stdout.write(f"{name}: accepted{answered}{refused}{detail}\n")
    if not told["accepted"]:
        raise typer.Exit(1)


@app.command()
def enable(
    context: typer.Context,
    name: str = typer.Argument(metavar="NAME", help="The receiver."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Send a receiver again what waits for it: it was disabled, or is left alone for a while.

    A running daemon does so within seconds, else the next one.
    """
    from monitor.alerting import enabled
    from monitor.clock import SystemClock

    settings = settings_of(context)
    if name not in _receivers(settings):
        raise NotFoundError(f"no receiver {name}; `veille channels list` tells those that there are")
    with log(settings, write=True) as store:
        store.enable_endpoint(enabled(store.endpoint(name)), now=SystemClock().now())
        pending = store.pending_deliveries().get(name, 0)
    if as_json:
        print_json({"receiver": name, "pending": pending})
    else:
        sys.stdout.write(f"{name}: enabled; {pending} to send\n")


def _hint(receiver: Receiver, error: DeliveryError) -> str:
    """Return what to do about what a receiver answered."""
    from monitor.receivers import Channel

    if receiver.channel is Channel.MAIL:
        return _MAIL_HINTS.get(error.reason) or _HINTS.get(error.reason, _LATER)
    return _NO_POST.get(error.status or 0) or _HINTS.get(error.reason, _LATER)


def _endpoints(settings: Settings) -> dict[str, Endpoint]:
    """Return how receivers are, by name; none before there is a database."""
    from monitor.store.connection import database_path

    if not database_path(settings.database).exists():
        return {}
    with log(settings) as store:
        return {endpoint.receiver: endpoint for endpoint in store.endpoints()}


def _receivers(settings: Settings) -> dict[str, Receiver]:
    from monitor import alerting
    from monitor.deliver import KINDS

    return {receiver.name: receiver for receiver in alerting.load_routes(settings, KINDS).receivers}


def _counts(settings: Settings) -> dict[DeliveryState, dict[str, int]]:
    """Return how many deliveries are not sent, by state and receiver; none before there is a database."""
    from monitor.model import DeliveryState
    from monitor.store.connection import database_path

    if not database_path(settings.database).exists():
        return {DeliveryState.PENDING: {}, DeliveryState.FAILED: {}}
    with log(settings) as store:
        return {
            DeliveryState.PENDING: store.pending_deliveries(),
            DeliveryState.FAILED: store.failed_deliveries(),
        }


async def _send(settings: Settings, receiver: Receiver, reason: NotificationReason) -> Receipt:
    from importlib.metadata import version

    from monitor.alerting.ids import alert_id, message_id
    from monitor.clock import SystemClock
    from monitor.deliver import make_channels, sample_alert
    from monitor.http import HttpClient, default_user_agent
    from monitor.model import Delivery, DeliveryId, DeliveryState

    clock = SystemClock()
    now = clock.now()
    alert = sample_alert(reason, alert_id(reason, "sample", now.isoformat()), receiver=receiver.name, now=now)
    identity = message_id(alert.id, receiver.name)
    user_agent = settings.user_agent or default_user_agent(version("veille"), settings.contact)
    async with HttpClient(user_agent=user_agent, allow_networks=settings.deliver_allow_networks, clock=clock) as client:
        channel = make_channels(settings, [receiver], client, clock=clock)[receiver.name]
        delivery = Delivery(
            id=DeliveryId(0),
            alert_id=alert.id,
            receiver=receiver.name,
            channel=receiver.channel,
            message_id=identity,
            rendered=channel.render(alert, identity),
            state=DeliveryState.PENDING,
            attempts=1,
            created_at=now,
        )
        return await channel.send(delivery)
