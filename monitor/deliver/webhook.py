"""The generic webhook: Standard Webhooks 1.0.0."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.deliver.means import Endpoint, Problems, endpoint_at, place_of, url_of
from monitor.deliver.pace import Pace
from monitor.deliver.payload import payload_bytes
from monitor.deliver.posting import Refused, post
from monitor.errors import SettingsError
from monitor.model import Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from monitor.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.clock import Clock
    from monitor.deliver.means import Means
    from monitor.deliver.template import MessageTemplate
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import Alert, Delivery, Receipt
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "WebhookSender", "endpoint", "make", "signing_keys"]

_GONE = 410
_SECRET_PREFIX = "whsec_"  # noqa: S105  the mark of a secret, not one
_KEY_BYTES = range(24, 65)
_MAX_KEYS = 2
_JSON_TYPE = "application/json"
_SLOWEST = 6  # messages a minute: slower, those that wait their turn would outlast their lease

_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]+")
_OURS = re.compile(r"authorization|connection|host|te|upgrade|(?:content|proxy|transfer|webhook)-.*", re.IGNORECASE)
_INSTEAD = {"authorization": ": it is a secret, the option authorization", "content-type": ": say content_type"}


KIND = ChannelKind(
    Channel.WEBHOOK,
    word="webhook",
    summary="JSON as described by alert.schema.json, posted and signed after Standard Webhooks.",
    options=(
        Option("url", OptionType.SECRET, "Where to.", setting="webhook_url"),
        Option(
            "secret",
            OptionType.SECRET,
            "Signs; two, separated by a comma, during a rotation. "
            "Without it nothing sent to a `url` is signed: `VEILLE_WEBHOOK_SECRET` is for `VEILLE_WEBHOOK_URL` only.",
        ),
        Option("authorization", OptionType.SECRET, "The header of that name, whole: `Bearer …`."),
        Option("headers", OptionType.TEXTS, 'More headers that are no secrets: `["X-Desk: international"]`.'),
        Option(
            "template", OptionType.TEXT, "A Jinja file that writes the message; its path counts from the routes file."
        ),
        Option("content_type", OptionType.TEXT, "Of what the template writes: `application/json` unless said."),
        Option(
            "per_minute",
            OptionType.NUMBER,
            f"At most so many messages a minute, {_SLOWEST} or more; any number unless said. For fewer: `budget`.",
        ),
    ),
    setting="webhook_url",
)


def make(receiver: Receiver, means: Means) -> WebhookSender:
    """Return the channel of a receiver. One that goes to its own address signs with its own secret only.

    Raises:
        SettingsError: its address or a secret is impossible.
    """
    problems, own = Problems(receiver), receiver.text("secret")
    of_settings = means.settings.webhook_secret if receiver.text("url") is None else None
    where = f"{PREFIX}WEBHOOK_SECRET" if own is None else f"{place_of(receiver, 'secret')}: secret"
    secrets = own if own is not None or of_settings is None else of_settings.get_secret_value()
    url = problems.of(lambda: url_of(receiver, means.settings, "webhook_url"), "")
    keys: tuple[bytes, ...] = problems.of(lambda: signing_keys(secrets, where=where), ())
    headers = _headers(receiver, problems)
    template = problems.of(lambda: _template(receiver, means), None)
    pace = _pace(receiver, problems, means)
    problems.tell()
    return WebhookSender(
        name=receiver.name,
        url=url,
        keys=keys,
        client=means.client,
        clock=means.clock,
        headers=headers,
        template=template,
        pace=pace,
    )


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings, "webhook_url")


def _headers(receiver: Receiver, problems: Problems) -> dict[str, str]:
    """Return the headers that a receiver wants beside ours; what is wrong with them is noted."""
    told = {}
    for text in receiver.texts("headers"):
        name, _, value = text.partition(":")
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            problems.note("headers", f"headers: {text!r} is no header, such as `X-Desk: international`")
        elif _OURS.fullmatch(name):
            problems.note("headers", f"headers: {name} is not yours to set{_INSTEAD.get(name.lower(), '')}")
        told[name.lower()] = value.strip()
    authorization = receiver.text("authorization")
    if authorization is not None:
        if not _HEADER_VALUE.fullmatch(authorization):
            problems.note("authorization", "authorization holds a character that no header can carry")
        told["authorization"] = authorization.strip()
    return told


def _template(receiver: Receiver, means: Means) -> MessageTemplate | None:
    """Return the template of a receiver, tried out."""
    name, content_type = receiver.text("template"), receiver.text("content_type")
    where = place_of(receiver, "content_type")
    if name is None:
        if content_type is not None:
            raise SettingsError(f"{where}: content_type: without a template it is {_JSON_TYPE}")
        return None
    if content_type is not None and not _HEADER_VALUE.fullmatch(content_type):
        raise SettingsError(f"{where}: content_type: {content_type!r} is none, such as text/plain; charset=utf-8")
    from monitor.deliver.template import load_template

    routes = means.settings.routes
    return load_template(
        Path(name) if routes is None else routes.parent / name,
        content_type=content_type or _JSON_TYPE,
        words=means.words,
        receiver=receiver.name,
        where=f"{place_of(receiver, 'template')}: template",
        now=means.clock.now(),
    )


def _pace(receiver: Receiver, problems: Problems, means: Means) -> Pace | None:
    """Return the pace of a receiver, not of its address: those that share one would outlast their leases together."""
    per_minute = receiver.number("per_minute", math.inf)
    if per_minute < _SLOWEST:
        problems.note(
            "per_minute",
            f"per_minute: {per_minute:g} is less than {_SLOWEST}; for fewer there is the budget of a route",
        )
    if math.isinf(per_minute):
        return None
    return means.pace(receiver.name, interval_s=60 / max(per_minute, _SLOWEST), burst=1)


class WebhookSender:
    """Posts the payload, or what the operator's template makes of it, signed where a secret is set.

    Args:
        name: the receiver's name.
        url: where to; a secret.
        keys: signing keys; every one signs, so that a rotation loses nothing.
        client: what posts.
        clock: for the timestamp, renewed at each attempt.
        deadline_s: for one attempt, in seconds.
        headers: beside ours; secrets among them.
        template: writes the message; None: it is the payload.
        pace: at which messages may follow one another; None: any.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        keys: tuple[bytes, ...],
        client: HttpClient,
        clock: Clock,
        deadline_s: float = 20.0,
        headers: Mapping[str, str] | None = None,
        template: MessageTemplate | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._keys = keys
        self._client = client
        self._clock = clock
        self._deadline_s = deadline_s
        self._headers = dict(headers or {})
        self._template = template
        self._pace = pace

    def render(self, alert: Alert, message_id: str) -> Rendered:
        """Return the bytes that are signed and sent. Where a template fails after all, they are the payload's."""
        written = None if self._template is None else self._template.render(alert, message_id)
        if written is not None:
            return written
        return Rendered(body=payload_bytes(alert), content_type=_JSON_TYPE)

    async def send(self, delivery: Delivery) -> Receipt:
        """Post once. All but 2xx is tried again, save 410: the endpoint is gone.

        Raises:
            DeliveryError: not accepted.
        """
        if self._pace is not None:
            await asyncio.sleep(self._pace.reserve(asyncio.get_running_loop().time()))
        body = delivery.rendered.body
        timestamp = str(int(self._clock.now().timestamp()))
        headers = self._headers | {
            "content-type": delivery.rendered.content_type,
            "webhook-id": delivery.message_id,
            "webhook-timestamp": timestamp,
        }
        if self._keys:
            signed = f"{delivery.message_id}.{timestamp}.".encode() + body
            headers["webhook-signature"] = " ".join(_signature(key, signed) for key in self._keys)
        return await post(
            self._client,
            self._url,
            who=self._name,
            content=body,
            headers=headers,
            deadline_s=self._deadline_s,
            judge=_judge,
        )


def signing_keys(secrets: str | None, *, where: str = f"{PREFIX}WEBHOOK_SECRET") -> tuple[bytes, ...]:
    """Return the keys in a setting: none, one, or two separated by a comma during a rotation.

    Args:
        secrets: its text.
        where: its name, for errors.

    Raises:
        SettingsError: a secret is not `whsec_` and the base64 of 24 to 64 bytes. It does not quote the secret.
    """
    parts = [part.strip() for part in (secrets or "").split(",") if part.strip()]
    if len(parts) > _MAX_KEYS:
        raise SettingsError(f"{where} holds {len(parts)} secrets: at most two, during a rotation")
    return tuple(_key(part, f"{where}: secret {index}") for index, part in enumerate(parts, 1))


def _key(secret: str, where: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in _KEY_BYTES or not secret.startswith(_SECRET_PREFIX):
        raise SettingsError(f"{where} must be {_SECRET_PREFIX} and the base64 of 24 to 64 random bytes")
    return key


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _judge(response: HttpResponse) -> Refused:
    return Refused(response.status != _GONE)
