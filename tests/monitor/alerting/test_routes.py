"""Who is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerting import Routes, default_routes, load_routes
from monitor.errors import RoutesError
from monitor.model import Channel, Receiver
from monitor.settings import Settings

MAIL = {"smtp_host": "mail.example", "mail_from": "veille@example.org", "mail_to": "desk@example.org"}


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


def test_nothing_configured_is_the_log_only() -> None:
    assert Routes() == default_routes(settings())


def test_every_configured_destination_is_a_receiver_named_after_its_channel() -> None:
    everything = settings(webhook_url="https://a.example", slack_webhook_url="https://b.example", **MAIL)

    assert default_routes(everything).receivers == (
        Receiver("webhook", Channel.WEBHOOK),
        Receiver("slack", Channel.SLACK),
        Receiver("mail", Channel.MAIL),
    )


def test_mail_alone_is_one_receiver() -> None:
    assert load_routes(settings(**MAIL)).names == ("mail",)


def test_a_routes_file_is_refused_and_not_ignored() -> None:
    with pytest.raises(RoutesError, match=r"VEILLE_ROUTES.*not available yet"):
        load_routes(Settings(routes=Path("routes.yaml")))
