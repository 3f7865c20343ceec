"""The identities of what is told: made of what it is about, so that planning twice gives the same."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from monitor.model import AlertId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.model import Incident, NotificationReason, Trouble

__all__ = ["alert_id", "incident_ref", "message_id", "route_key", "silence_id", "trouble_ref"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud and typed back without doubt
_DIGITS = 12  # 60 bits: an alert that bore another's id would be taken for it and lost
_RECEIVER_DIGITS = 8


def alert_id(reason: NotificationReason, *parts: str) -> AlertId:
    """Return the id of an alert that is made of these parts."""
    return AlertId("al_" + _digits("|".join((reason, *parts)), _DIGITS))


def message_id(alert_id: AlertId, receiver: str) -> str:
    """Return the identity for life of one alert for one receiver (promises D3, D5): no dot, safe in a header.

    >>> message_id(AlertId("al_7K2Q4M9T"), "webhook")
    'msg_7K2Q4M9T_7ZHEMTHQ'
    """
    return f"msg_{alert_id.removeprefix('al_')}_{_digits(f'{alert_id}|{receiver}', _RECEIVER_DIGITS)}"


def incident_ref(incident: Incident) -> str:
    """Return what an incident is called as often as it is told: `in_` and 12 Crockford base32 digits.

    It outlives the database, whose numbers begin again in the next one.
    """
    return _incident_ref(str(incident.source.id), incident.kind, incident.began_at.isoformat())


def trouble_ref(trouble: Trouble) -> str:
    """Return the same for what is wrong with veille itself."""
    return _incident_ref("", trouble.kind, trouble.subject, trouble.began_at.isoformat())


def _incident_ref(*parts: str) -> str:
    return "in_" + _digits("|".join(parts), _DIGITS)


def silence_id(key: str) -> str:
    """Return what a silence is called: short enough to be typed."""
    return "si_" + _digits(f"silence|{key}", _RECEIVER_DIGITS)


def route_key(receiver: str, matchers: Sequence[tuple[str, ...]], nth: int) -> str:
    """Return what a route is known by, wherever it stands in its file.

    Args:
        receiver: whom it tells.
        matchers: its own, and those of each route around it, the outermost first; their order in a route is none.
        nth: which one it is of those that are alike, from 1.
    """
    return "ro_" + _digits(repr((receiver, [sorted(some) for some in matchers], nth)), _DIGITS)


def _digits(text: str, count: int) -> str:
    """Return the first Crockford base32 digits, 5 bits each, of a text's SHA-256."""
    number = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest(), "big")
    return "".join(_CROCKFORD[number >> 251 - 5 * place & 31] for place in range(count))
