"""Every setting, its default, what it allows and what it means.

`.env.example` and `docs/settings.md` are generated from this class (`make docs`), so the words here are the words
users read. Nothing is read at import; `load_settings` is the one door.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, NoDecode, SettingsConfigDict

from monitor.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_settings import PydanticBaseSettingsSource

__all__ = ["PREFIX", "SECRETS", "Language", "LogFormat", "Settings", "SmtpTls", "TdmPolicy", "load_settings", "nearest"]

PREFIX = "VEILLE_"

IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class TdmPolicy(StrEnum):
    """What to do with a page that reserves text and data mining (promise P5)."""

    RESPECT = "respect"
    IGNORE = "ignore"


class SmtpTls(StrEnum):
    """How the connection to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Language(StrEnum):
    """The language of what readers of alerts see."""

    FR = "fr"
    EN = "en"


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least serious log line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        near = nearest(value, available_timezones())
        raise ValueError("must be an IANA time zone such as Europe/Paris" + (f"; did you mean {near}?" if near else ""))
    return value


def _http_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError("must be an address that begins with http:// or https://")
    return value


def _secret_url(value: SecretStr | None) -> SecretStr | None:
    _http_url(None if value is None else value.get_secret_value())
    return value


def _listen_address(value: str | None) -> str | None:
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not port.isdigit() or not 0 <= int(port) <= 65535:  # noqa: PLR2004  the port range is the port range
        raise ValueError("must be a loopback address and a port, such as 127.0.0.1:9464")
    return value


Networks: TypeAlias = Annotated[tuple[IPNetwork, ...], NoDecode, BeforeValidator(_commas)]
Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_commas)]
Secret: TypeAlias = Annotated[SecretStr | None, BeforeValidator(_blank_is_none)]
SecretUrl: TypeAlias = Annotated[Secret, AfterValidator(_secret_url)]
Url: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none), AfterValidator(_http_url)]
Text: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none)]
OptionalPath: TypeAlias = Annotated[Path | None, BeforeValidator(_blank_is_none)]
Address: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none), AfterValidator(_listen_address)]


class Settings(BaseSettings):
    """The effective settings. Order, groups and descriptions are those of the documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file_encoding="utf-8", extra="ignore", frozen=True)

    groups: ClassVar[dict[str, str]] = {
        "database": "Store",
        "feeds": "Sources and rules",
        "poll_min_s": "Polling",
        "user_agent": "Manners",
        "fetch_allow_networks": "Network",
        "webhook_url": "Webhook",
        "slack_webhook_url": "Slack",
        "smtp_host": "E-mail",
        "retry_first_s": "Delivery",
        "time_zone": "Readers",
        "http_address": "Daemon",
    }

    database: str = Field("veille.db", min_length=1, description="The log: path of an SQLite file, or its URL (`sqlite:///…`).")

    feeds: OptionalPath = Field(
        None,
        description="What to poll: an OPML file, or a text file with one address a line. The file declares, the "
        "database keeps the state; a feed removed from the file is paused.",
    )
    rules: OptionalPath = Field(
        None, description="Rules of your own, a folder or a file. They replace the bundled rules, not the bundled entities."
    )
    routes: OptionalPath = Field(
        None, description="Routes file. Without one, every configured destination gets every match at once."
    )

    poll_min_s: float = Field(300, ge=1, description="Shortest interval between two polls of a feed, in seconds.")
    poll_max_s: float = Field(3600, ge=1, description="Longest interval between two polls of a healthy feed, in seconds.")
    baseline_max_age_h: float = Field(
        24, ge=0, description="At a feed's first poll, entries younger than this many hours are read, and what matches is told in one recap."
    )
    page_interval_s: float = Field(
        1.0, ge=0, description="Least time between two pages asked of one host, in seconds. A longer Crawl-delay wins."
    )

    user_agent: Text = Field(None, description="User-Agent sent with each request. Default: veille/VERSION with the contact.")
    contact: Text = Field(None, description="Address (mail or web) at which sites can reach you; part of the User-Agent.")
    tdm_policy: Annotated[TdmPolicy, BeforeValidator(_lower)] = Field(
        TdmPolicy.RESPECT, description="Pages that reserve text and data mining: `respect` (not fetched, the feed's text is matched) or `ignore`."
    )

    fetch_allow_networks: Networks = Field(
        (), description="Networks beside the public internet that feeds and pages may be fetched from, such as `10.0.0.0/8,127.0.0.0/8`."
    )
    deliver_allow_networks: Networks = Field(
        (), description="Networks beside the public internet that alerts may be delivered to."
    )

    webhook_url: SecretUrl = Field(None, description="Where alerts are posted as JSON, signed (Standard Webhooks).")
    webhook_secret: Secret = Field(None, description="Signing secret, `whsec_` and base64; two, separated by a comma, during a rotation.")

    slack_webhook_url: SecretUrl = Field(None, description="Slack incoming webhook.")

    smtp_host: Text = Field(None, description="Mail server. With MAIL_TO, it switches e-mail on.")
    smtp_port: int | None = Field(None, ge=1, le=65535, description="Its port. Default: 587 for starttls, 465 for tls, 25 for none.")
    smtp_user: Text = Field(None, description="User name at the mail server, if it asks for one.")
    smtp_password: Secret = Field(None, description="Password at the mail server.")
    smtp_tls: Annotated[SmtpTls, BeforeValidator(_lower)] = Field(SmtpTls.STARTTLS, description="`none`, `starttls` or `tls`.")
    mail_from: Text = Field(None, description="Sender of alerts, such as `Veille <veille@example.org>`.")
    mail_to: Names = Field((), description="Recipients, separated by commas.")

    retry_first_s: float = Field(
        5, gt=0, description="Second attempt of a delivery, in seconds after the first; scales the whole schedule (5 s, 5 min, 30 min, 2 h, …)."
    )
    retry_max_s: float = Field(86400, gt=0, description="Longest wait between two attempts, in seconds.")

    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field("Europe/Paris", description="Time zone of what readers see.")
    language: Annotated[Language, BeforeValidator(_lower)] = Field(Language.FR, description="Language of what readers see: `fr` or `en`.")
    public_url: Url = Field(None, description="Public address of the review pages, for links in alerts.")

    http_address: Address = Field(None, description="Loopback address and port of /healthz, /readyz and /metrics, such as `127.0.0.1:9464`.")
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(LogLevel.INFO, description="`debug`, `info`, `warning` or `error`.")
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = Field(LogFormat.CONSOLE, description="`console` or `json`.")
    workers: int = Field(2, ge=1, le=64, description="Child processes that read pages and feeds.")

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.poll_max_s < self.poll_min_s:
            raise ValueError(f"{PREFIX}POLL_MAX_S must be at least {PREFIX}POLL_MIN_S ({self.poll_min_s:g})")
        if self.retry_max_s < self.retry_first_s:
            raise ValueError(f"{PREFIX}RETRY_MAX_S must be at least {PREFIX}RETRY_FIRST_S ({self.retry_first_s:g})")
        if self.mail_to and not self.smtp_host:
            raise ValueError(f"{PREFIX}MAIL_TO needs {PREFIX}SMTP_HOST")
        if self.smtp_host and not self.mail_to:
            raise ValueError(f"{PREFIX}SMTP_HOST needs {PREFIX}MAIL_TO")
        if self.mail_to and not self.mail_from:
            raise ValueError(f"{PREFIX}MAIL_TO needs {PREFIX}MAIL_FROM")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The readers' time zone."""
        return ZoneInfo(self.time_zone)


SECRETS: tuple[str, ...] = ("webhook_url", "webhook_secret", "slack_webhook_url", "smtp_password")
