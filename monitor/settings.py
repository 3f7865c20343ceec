"""Every setting, its default, what it allows and what it means.

`.env.example` and `docs/settings.md` are generated from this class (`make docs`), so the words here are the words
users read. Nothing is read at import; `load_settings` is the one door.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from monitor.errors import SettingsError, why_unreadable
from monitor.files import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = [
    "PREFIX",
    "SECRETS",
    "SECRET_PREFIX",
    "SQLITE_URL",
    "Language",
    "LogFormat",
    "LogLevel",
    "Settings",
    "SmtpTls",
    "TdmPolicy",
    "effective",
    "load_settings",
    "near_zone",
    "nearest",
    "time_zones",
    "without_secrets",
]

PREFIX = "VEILLE_"
SECRET_PREFIX = "VEILLE_SECRET_"  # noqa: S105  the beginning of a name, not a secret
SQLITE_URL = "sqlite:///"

_MONTH_S = 30 * 86_400
_LINK_SECRET_CHARS = 32
_CENTURY_H = 100 * 366 * 24

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


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows, for which many folders are looked through."""
    return frozenset(available_timezones())


def near_zone(name: str) -> str | None:
    """Return the time zone that a mistaken name most likely means: that of the city, or one that looks like it."""
    city = name.strip().casefold().replace(" ", "_")
    cities = (zone for zone in sorted(time_zones()) if zone.casefold().endswith(f"/{city}"))
    return next(cities, None) or nearest(name, time_zones())


def _time_zone(value: str) -> str:
    if value not in time_zones():
        near = near_zone(value)
        raise ValueError("must be an IANA time zone such as Europe/Paris" + (f"; did you mean {near}?" if near else ""))
    return value


def _http_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError("must be an address that begins with http:// or https://")
    return value


def _secret_url(value: SecretStr | None) -> SecretStr | None:
    _http_url(None if value is None else value.get_secret_value())
    return value


def _header_text(value: str | None) -> str | None:
    if value is not None and not (value.isascii() and value.isprintable()):
        raise ValueError("goes into a header of each request: printable ASCII only")
    return value


def _networks(value: object) -> object:
    """Parse networks ourselves: pydantic would tell of two mistakes, one for each kind of address."""
    parts = _commas(value)
    if not isinstance(parts, list):
        return parts
    try:
        return [ipaddress.ip_network(part) for part in parts]
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8, separated by commas: {error}") from None


def _database(value: str) -> str:
    path = value.removeprefix(SQLITE_URL)
    if "://" in path or path == ":memory:":
        raise ValueError(f"must be the path of an SQLite file, or its URL ({SQLITE_URL}…)")
    if not Path(path).name or Path(path).is_dir():
        raise ValueError("must be the path of a file, not of a folder")
    return value


def _path_text(value: object) -> object:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("must be a path, and no path holds a NUL")
    return _blank_is_none(value)


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


Networks: TypeAlias = Annotated[tuple[IPNetwork, ...], NoDecode, BeforeValidator(_networks)]
Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_commas)]
Secret: TypeAlias = Annotated[SecretStr | None, BeforeValidator(_blank_is_none)]
SecretUrl: TypeAlias = Annotated[Secret, AfterValidator(_secret_url)]
Url: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none), AfterValidator(_http_url)]
Text: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none)]
HeaderText: TypeAlias = Annotated[Text, AfterValidator(_header_text)]
OptionalPath: TypeAlias = Annotated[Path | None, BeforeValidator(_path_text)]


def _callback_url(value: str | None) -> str | None:
    if value is None:
        return None
    loopback = re.fullmatch(r"http://127\.0\.0\.1(:\d+)?(/.*)?", value)
    if not loopback and not re.fullmatch(r"https://[^/?#@\s\\]+(/[^?#\s\\]*)?", value):
        raise ValueError("must be an address that begins with https:// and holds no user name, query or fragment")
    return value.rstrip("/")


CallbackUrl: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none), AfterValidator(_callback_url)]
Address: TypeAlias = Annotated[str | None, BeforeValidator(_blank_is_none), AfterValidator(_listen_address)]


class Settings(BaseSettings):
    """The effective settings. Order, groups and descriptions are those of the documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

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
        "outbox_late_s": "Watch over itself",
        "time_zone": "Readers",
        "http_address": "Daemon",
    }

    database: Annotated[str, AfterValidator(_database)] = Field(
        "veille.db", min_length=1, description="The log: path of an SQLite file, or its URL (`sqlite:///…`)."
    )

    feeds: OptionalPath = Field(
        None,
        description="What to poll: an OPML file, or a text file with one address a line. The file declares, the "
        "database keeps the state; a feed removed from the file is paused.",
    )
    rules: OptionalPath = Field(
        None,
        description="Rules of your own, a folder or a file. They replace the bundled rules, not the bundled entities.",
    )
    routes: OptionalPath = Field(
        None, description="Routes file. Without one, every configured destination gets every match at once."
    )

    poll_min_s: float = Field(
        300, ge=1, le=_MONTH_S, description="Shortest interval between two polls of a feed, in seconds."
    )
    poll_max_s: float = Field(
        3600, ge=1, le=_MONTH_S, description="Longest interval between two polls of a healthy feed, in seconds."
    )
    baseline_max_age_h: float = Field(
        24,
        ge=0,
        le=_CENTURY_H,
        description="At a feed's first poll, entries younger than this many hours are read, and what "
        "matches is told in one recap; older and undated ones are only noted.",
    )
    rereads_per_day: int = Field(
        50,
        ge=0,
        le=10_000,
        description="Articles of one feed whose page is read again in a day because the feed says that they changed; "
        "each at most five times on its first day, then once a day for a week. 0: only changes of titles are followed.",
    )
    page_interval_s: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="Least time between two pages asked of one host, in seconds. A longer Crawl-delay wins.",
    )

    user_agent: HeaderText = Field(
        None, description="User-Agent sent with each request. Default: veille/VERSION with the contact."
    )
    contact: HeaderText = Field(
        None, description="Address (mail or web) at which sites can reach you; part of the User-Agent."
    )
    cookies: OptionalPath = Field(
        None,
        description="Cookies of your own subscriptions, for the pages of their sites: the cookies.txt that a browser "
        "exports, or lines of a host and its Cookie header. Mode 600; read at the start; sent over https only, and to "
        "the host or domain that each names. Paywalls are never bypassed.",
    )
    tdm_policy: Annotated[TdmPolicy, BeforeValidator(_lower)] = Field(
        TdmPolicy.RESPECT,
        description="Pages that reserve text and data mining: `respect` (not fetched, the feed's text is matched) or "
        "`ignore`.",
    )

    fetch_allow_networks: Networks = Field(
        (),
        description="Networks beside the public internet that feeds and pages may be fetched from, such as "
        "`10.0.0.0/8,127.0.0.0/8`.",
    )
    deliver_allow_networks: Networks = Field(
        (), description="Networks beside the public internet that alerts may be delivered to."
    )

    webhook_url: SecretUrl = Field(None, description="Where alerts are posted as JSON, signed (Standard Webhooks).")
    webhook_secret: Secret = Field(
        None, description="Signing secret, `whsec_` and base64; two, separated by a comma, during a rotation."
    )

    slack_webhook_url: SecretUrl = Field(None, description="Slack incoming webhook.")

    slack_signing_secret: Secret = Field(
        None,
        description="Signing secret of the Slack app whose bot posts alerts: they then have buttons. A reverse proxy "
        "passes `/slack/actions` to `VEILLE_HTTP_ADDRESS`.",
    )

    smtp_host: Text = Field(None, description="Mail server. With MAIL_TO, it switches e-mail on.")
    smtp_port: int | None = Field(
        None, ge=1, le=65535, description="Its port. Default: 587 for starttls, 465 for tls, 25 for none."
    )
    smtp_user: Text = Field(None, description="User name at the mail server, if it asks for one.")
    smtp_password: Secret = Field(None, description="Password at the mail server.")
    smtp_tls: Annotated[SmtpTls, BeforeValidator(_lower)] = Field(
        SmtpTls.STARTTLS, description="`none`, `starttls` or `tls`."
    )
    mail_from: Text = Field(None, description="Sender of alerts, such as `Veille <veille@example.org>`.")
    mail_to: Names = Field((), description="Recipients, separated by commas.")

    retry_first_s: float = Field(
        5,
        gt=0,
        le=_MONTH_S,
        description="Second attempt of a delivery, in seconds after the first; scales the whole schedule (5 s, 5 min, "
        "30 min, 2 h, …).",
    )
    retry_max_s: float = Field(86400, gt=0, le=_MONTH_S, description="Longest wait between two attempts, in seconds.")

    outbox_late_s: float = Field(
        900,
        gt=0,
        le=_MONTH_S,
        description="How long a message may wait to be sent, in seconds, until the other receivers are told.",
    )
    disk_min_mb: int = Field(
        500, ge=0, description="Told when less than this is free where the database is, in megabytes."
    )
    disk_min_percent: float = Field(
        2, ge=0, lt=100, description="Or less than this part of the disk, in percent; the larger of the two counts."
    )

    heartbeat_url: SecretUrl = Field(
        None,
        description="Where a POST goes each time that an article of ours went the whole way, from feed to message: a "
        "dead man's switch, such as a check of healthchecks.io, that tells you when it stops.",
    )
    heartbeat_s: float = Field(
        300, ge=10, le=86400, description="How often that article is sent on its way, in seconds, with or without it."
    )

    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "Europe/Paris", description="Time zone of what readers see."
    )
    language: Annotated[Language, BeforeValidator(_lower)] = Field(
        Language.FR, description="Language of what readers see: `fr` or `en`."
    )
    public_url: Url = Field(
        None,
        description="Public address whose `/alerts/` a reverse proxy passes to `VEILLE_HTTP_ADDRESS`, such as "
        "`https://veille.example.org`: alerts then carry links that answer them. Needs `VEILLE_LINK_SECRET`.",
    )
    link_secret: Secret = Field(
        None, description="What signs the links in alerts: 32 characters or more that nobody can guess."
    )

    http_address: Address = Field(
        None,
        description="Loopback address and port of /healthz, /readyz, /metrics and of feeds of alerts, such as "
        "`127.0.0.1:9464`.",
    )
    websub_callback: CallbackUrl = Field(
        None,
        description="Public https address whose `/websub/`, and nothing else, a reverse proxy passes to "
        "`VEILLE_HTTP_ADDRESS`, such as `https://veille.example.org`: the hubs that feeds name then tell of news at "
        "once (WebSub).",
    )
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        LogLevel.INFO, description="`debug`, `info`, `warning` or `error`."
    )
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = Field(
        LogFormat.CONSOLE, description="`console` or `json`."
    )
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
        if self.webhook_secret and not self.webhook_url:
            raise ValueError(f"{PREFIX}WEBHOOK_SECRET needs {PREFIX}WEBHOOK_URL")
        return self

    @model_validator(mode="after")
    def _served(self) -> Settings:
        if self.slack_signing_secret and not self.http_address:
            raise ValueError(f"{PREFIX}SLACK_SIGNING_SECRET needs {PREFIX}HTTP_ADDRESS")
        if self.link_secret and not (self.public_url and self.http_address):
            raise ValueError(f"{PREFIX}LINK_SECRET needs {PREFIX}PUBLIC_URL and {PREFIX}HTTP_ADDRESS")
        if self.link_secret and len(self.link_secret.get_secret_value()) < _LINK_SECRET_CHARS:
            raise ValueError(f"{PREFIX}LINK_SECRET must have at least {_LINK_SECRET_CHARS} characters")
        if self.websub_callback and not self.http_address:
            raise ValueError(f"{PREFIX}WEBSUB_CALLBACK needs {PREFIX}HTTP_ADDRESS")
        return self

    # Those of receivers (`VEILLE_SECRET_NAME`), by their whole name; the routes file names them.
    _secrets: dict[str, SecretStr] = PrivateAttr(default_factory=dict)
    _again: Callable[[], dict[str, SecretStr]] | None = PrivateAttr(None)

    def with_secrets(
        self, secrets: Mapping[str, SecretStr], *, again: Callable[[], dict[str, SecretStr]] | None = None
    ) -> Settings:
        """Return these settings with secrets of receivers, by their whole name; `again` looks them up anew."""
        copy = self.model_copy()
        copy._secrets, copy._again = dict(secrets), again  # noqa: SLF001  it is one of this very class
        return copy

    def renewed(self) -> Settings:
        """Return these settings with the secrets of receivers that a restart would read now.

        Raises:
            SettingsError: the env file or the file of a secret cannot be read, or has a name that is no setting.
        """
        return self if self._again is None else self.with_secrets(self._again(), again=self._again)

    def secret(self, name: str) -> SecretStr | None:
        """Return the secret of a receiver, by its whole name; None: it is not set."""
        return self._secrets.get(name)

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The names of the secrets of receivers."""
        return tuple(sorted(self._secrets))

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret that is set."""
        of_settings = (getattr(self, name) for name in SECRETS)
        return (*(secret for secret in of_settings if secret is not None), *self._secrets.values())

    @property
    def zone(self) -> ZoneInfo:
        """The readers' time zone."""
        return ZoneInfo(self.time_zone)


# Settings that are never shown and may come from a file (`VEILLE_NAME_FILE`).
SECRETS: tuple[str, ...] = (
    "webhook_url",
    "webhook_secret",
    "slack_webhook_url",
    "smtp_password",
    "link_secret",
    "slack_signing_secret",
    "heartbeat_url",
)
_FILE = "_file"
_OF_RECEIVER = SECRET_PREFIX.removeprefix(PREFIX).lower()
_MASK = "********"
_NEARLY = 0.9  # how much alike a name of ours and another that is a slip are, of 1
# To mask shorter ones would mask words, and thereby show them.
_SHORTEST_SECRET = 4
_SHORTEST_PATH = 16
# Settings that name a file: relative ones in an env file count from its folder.
_PATHS = ("database", "feeds", "rules", "routes", "cookies")


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Return the valid name that looks most like a mistaken one, or None.

    Examples:
        >>> nearest("POLL_MINI_S", ["POLL_MIN_S", "POLL_MAX_S"])
        'POLL_MIN_S'
    """
    found = difflib.get_close_matches(word, list(valid), n=1, cutoff=0.6)
    return found[0] if found else None


def load_settings(env_file: Path | None = None, **overrides: object) -> Settings:
    """Read the settings from the environment and an env file; the environment wins.

    Args:
        env_file: a file of `VEILLE_NAME=value` lines; one that does not exist is an error. None: no file. Relative
            paths in it count from its folder.
        overrides: values that win over both, by field name (command-line options); None is no override.

    Raises:
        SettingsError: an unknown name or an impossible value; one line each, with what is allowed.
    """
    given = _given(env_file)
    values: dict[str, object] = {name.removeprefix(PREFIX).lower(): text for name, text in given.items()}
    values |= _from_secret_files(given) | {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**values)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        raise SettingsError("\n".join(_impossible(detail) for detail in error.errors())) from None
    return settings.with_secrets(_secrets_in(values), again=partial(_secrets_of_receivers, env_file))


def _secrets_of_receivers(env_file: Path | None) -> dict[str, SecretStr]:
    given = {name: text for name, text in _given(env_file).items() if _is_of_receiver(_field_of(name) or "")}
    values: dict[str, object] = {name.removeprefix(PREFIX).lower(): text for name, text in given.items()}
    return _secrets_in(values | _from_secret_files(given))


def _secrets_in(values: Mapping[str, object]) -> dict[str, SecretStr]:
    """Return the secrets of receivers among values by field, by their whole name."""
    return {
        PREFIX + name.upper(): SecretStr(str(value))
        for name, value in values.items()
        if _is_of_receiver(name) and not name.endswith(_FILE)
    }


def _given(env_file: Path | None) -> dict[str, str]:
    """Return the text of each `VEILLE_NAME` that the env file or the environment, which wins, gives one.

    Raises:
        SettingsError: an unknown name, or the file cannot be read.
    """
    from_file, from_environment = _named(_read(env_file)), _named(os.environ)
    problems = [_unknown(name) for name in {**from_file, **from_environment} if _field_of(name) is None]
    if problems:
        raise SettingsError("\n".join(problems))
    if env_file is not None:
        from_file = {name: _beside(env_file, text) if _is_path(name) else text for name, text in from_file.items()}
    return {name: text for source in (from_file, from_environment) for name, text in source.items() if text}


def effective(settings: Settings) -> dict[str, str]:
    """Return every setting as `VEILLE_NAME` to its text, secrets masked (promise X4)."""
    shown = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None:
            text = ""
        elif name in SECRETS:
            text = _MASK
        elif isinstance(value, tuple):
            text = ",".join(str(part) for part in value)
        else:
            text = f"{value:g}" if isinstance(value, float) else str(value)
        shown[PREFIX + name.upper()] = text
    return shown | dict.fromkeys(settings.secret_names, _MASK)


def without_secrets(text: str, settings: Settings) -> str:
    """Return a text in which every secret of the settings is masked (promise X4).

    The long path of a webhook's address is masked by itself too: it is the part that opens it.
    """
    secrets = [secret.get_secret_value() for secret in settings.secrets]
    paths = [secret.partition("://")[2].partition("/")[2] for secret in secrets]
    parts = {part for secret in secrets for part in (secret, *secret.split(",")) if len(part) >= _SHORTEST_SECRET}
    parts |= {path for path in paths if len(path) >= _SHORTEST_PATH}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, _MASK)
    return text


def _read(env_file: Path | None) -> Mapping[str, str | None]:
    if env_file is None:
        return {}
    if not env_file.is_file():
        raise SettingsError(f"{env_file}: no such file; `veille init` writes one")
    try:
        _check_lines(env_file)
        return dotenv_values(env_file, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file}: cannot be read: {why_unreadable(error)}") from error


def _check_lines(env_file: Path) -> None:
    """Refuse what python-dotenv passes over: lines that it cannot read, and names that are nearly ours."""
    problems = []
    names = [PREFIX + field.upper() for field in Settings.model_fields]
    with env_file.open(encoding="utf-8") as lines:
        for found in parse_stream(lines):
            where, key = f"{env_file}:{found.original.line}", (found.key or "").upper()
            if found.error:
                problems.append(f"{where}: not a line of the form {PREFIX}NAME=value, or a quote is not closed")
            elif not key.startswith(PREFIX) and difflib.get_close_matches(key, names, n=1, cutoff=_NEARLY):
                problems.append(f"{where}: {found.key}: no such setting; did you mean {nearest(key, names)}?")
    if problems:
        raise SettingsError("\n".join(problems))


def _named(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the `VEILLE_*` names with their text."""
    return {name.upper(): text or "" for name, text in values.items() if name.upper().startswith(PREFIX)}


def _is_path(name: str) -> bool:
    """Tell whether a `VEILLE_*` name holds the path of a file: a setting that does, or the file of a secret."""
    field = name.removeprefix(PREFIX).lower()
    return field in _PATHS or (field not in Settings.model_fields and field.endswith(_FILE))


def _beside(env_file: Path, path: str) -> str:
    """Return a path of an env file, or the URL of an SQLite file, counted from the env file's folder.

    Examples:
        >>> _beside(Path("desk/.env"), "feeds.opml"), _beside(Path("desk/.env"), "sqlite:///veille.db")
        ('desk/feeds.opml', 'sqlite:///desk/veille.db')
    """
    if path.startswith(SQLITE_URL):
        return SQLITE_URL + _beside(env_file, path.removeprefix(SQLITE_URL))
    return str(env_file.parent / path) if path and path != ":memory:" and "://" not in path else path


def _field_of(name: str) -> str | None:
    field = name.removeprefix(PREFIX).lower()
    if field in Settings.model_fields:
        return field
    secret = field.removesuffix(_FILE)
    return secret if secret in SECRETS or _is_of_receiver(secret) else None


def _is_of_receiver(field: str) -> bool:
    return len(field) > len(_OF_RECEIVER) and field.startswith(_OF_RECEIVER)


def _unknown(name: str) -> str:
    near = nearest(name.removeprefix(PREFIX), [field.upper() for field in Settings.model_fields])
    hint = f"did you mean {PREFIX}{near}?" if near else "docs/settings.md lists them all"
    return f"{name}: no such setting; {hint}"


def _from_secret_files(given: Mapping[str, str]) -> dict[str, object]:
    """Return the secrets that were given as `VEILLE_NAME_FILE`, read."""
    values: dict[str, object] = {}
    for name in given:
        field = _field_of(name)
        if field is None or name == PREFIX + field.upper():
            continue
        if PREFIX + field.upper() in given:
            raise SettingsError(f"{name}: {PREFIX}{field.upper()} is set too; keep one of the two")
        try:
            values[field] = text_of(Path(given[name])).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}: the file cannot be read: {why_unreadable(error)}") from error
    return values


def _impossible(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    field: FieldInfo = Settings.model_fields[name]
    shown = "" if name in SECRETS else f" {detail['input']!r}:"
    return f"{PREFIX}{name.upper()}:{shown} {message}. {field.description}"
