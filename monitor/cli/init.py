"""`veille init`: a starter folder to edit, with the two settings that matter already set."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["init"]

_RULE_FILES = (".yaml", ".yml", ".txt")
_PRESS = ("nationale", "régions", "magazines", "audiovisuel", "agences", "belgique", "suisse", "québec", "afrique")


class Use(StrEnum):
    """What the alerts are for; it decides which rights are needed."""

    PERSONAL = "personal"
    PRESS = "press"
    RESEARCH = "research"
    INTERNAL = "internal"
    CLIENTS = "clients"


_SOMEBODY = "desk@example.org"  # a sender is tried beside a recipient
_USES: dict[Use, str] = {
    Use.PERSONAL: "for yourself alone",
    Use.PRESS: "a newsroom's own work",
    Use.RESEARCH: "research",
    Use.INTERNAL: "a company's, an NGO's or an embassy's own monitoring",
    Use.CLIENTS: "a service for clients",
}


def init(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="Where to write; made if it is not there."),
    press: list[str] = typer.Option(
        [], metavar="NAME", help=f"Part of the press, again for more: {', '.join(_PRESS)}, spécialisée, tout."
    ),
    rule: list[str] = typer.Option([], metavar="ID", help="Bundled rule to start from, again for more. Default: all."),
    webhook_url: str = typer.Option("", metavar="URL", help="Post alerts here as JSON."),
    slack_webhook_url: str = typer.Option("", metavar="URL", help="Post alerts to this Slack webhook."),
    smtp_host: str = typer.Option("", metavar="HOST", help="Send alerts by mail through this server."),
    mail_from: str = typer.Option("", metavar="ADDRESS", help="Sender of the mails."),
    mail_to: str = typer.Option("", metavar="ADDRESSES", help="Recipients, separated by commas."),
    contact: str = typer.Option(
        "", metavar="ADDRESS", help="Your mail or web address, told to the sites that are polled."
    ),
    use: Use | None = typer.Option(None, metavar="|".join(Use), help="What the alerts are for."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Ask nothing: flags, and the defaults for the rest."),
    force: bool = typer.Option(False, "--force", help="Write over files that are there."),
) -> None:
    """Write a starter folder, ready to edit and to run.

    It holds .env, feeds.opml, rules/ and routes.yaml. On a terminal it asks for what the flags do not say.
    """
    from monitor import sources
    from rules.pack import bundled_rules

    given = _Answers(
        press=_known("selection of the press", press, _presets()),
        rules=_known("bundled rule", rule, _bundled()),
        webhook_url=webhook_url,
        slack_webhook_url=slack_webhook_url,
        smtp_host=smtp_host,
        mail_from=mail_from,
        mail_to=mail_to,
        contact=contact,
        use=use,
    )
    answers = given if yes or not sys.stdin.isatty() else _asked(given)
    _check(answers)
    wanted = answers.rules or tuple(_bundled())
    feeds = sources.preset_feeds(answers.press or _PRESS)
    texts = dict(bundled_rules())
    files = {
        Path(".env"): _env(answers),
        Path("feeds.opml"): sources.export_opml(feeds, title="veille").decode(),
        Path("routes.yaml"): _routes(answers),
        **{Path("rules") / Path(_bundled()[name]).name: texts[_bundled()[name]] for name in wanted},
    }
    others = _other_rules(folder, files)
    _write(folder, files, force=force)
    sys.stdout.write(_farewell(folder, len(feeds), wanted, answers, others))


def _presets() -> dict[str, str]:
    """Return what each selection of the press holds."""
    from monitor.sources import PRESETS, preset_feeds

    return {preset.name: f"{preset.description}, {len(preset_feeds([preset.name]))} feeds" for preset in PRESETS}


@cache
def _bundled() -> dict[str, str]:
    """Return the file of each bundled rule."""
    from rules.pack import bundled

    return {rule.id: rule.file for rule in bundled().rules}


def _known(kind: str, names: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Return names that are all known, as they are spelled there; case and accents are forgiven.

    Raises:
        typer.BadParameter: one is not; told at once, so that a person may answer again.
    """
    from rules.text import fold

    by_letters = {fold(name).text: name for name in known}
    for name in names:
        if fold(name).text not in by_letters:
            raise typer.BadParameter(f"no {kind} {name!r}; there are {', '.join(known)}")
    return tuple(by_letters[fold(name).text] for name in names)


@dataclass(frozen=True, slots=True)
class _Answers:
    press: tuple[str, ...]
    rules: tuple[str, ...]
    webhook_url: str
    slack_webhook_url: str
    smtp_host: str
    mail_from: str
    mail_to: str
    contact: str
    use: Use | None

    @property
    def receivers(self) -> dict[str, str]:
        """Return the receivers by name, with their channel in a routes file."""
        there = {"webhook": self.webhook_url, "slack": self.slack_webhook_url, "mail": self.smtp_host}
        return {name: {"mail": "email"}.get(name, name) for name, value in there.items() if value}


def _asked(given: _Answers) -> _Answers:
    """Ask a person for what the flags did not say; an answer that cannot be is asked again."""

    def ask(question: str, value: str, setting: str | None = None, **beside: str) -> str:
        def read(text: str) -> str:
            if setting is not None:
                _try(**{setting: text.strip()}, **beside)
            return text.strip()

        return value or str(typer.prompt(question, default="", show_default=False, value_proc=read))

    def words(question: str, value: tuple[str, ...], default: Collection[str], known: Collection[str]) -> Any:
        def read(text: str) -> tuple[str, ...]:
            return _known("such answer", [word.strip() for word in text.split(",") if word.strip()], known)

        return value or typer.prompt(question, default=",".join(default), value_proc=read)

    sys.stdout.write("".join(f"  {name}: {description}\n" for name, description in _presets().items()))
    press = words("Which press", given.press, _PRESS, _presets())
    rules = words("Which rules", given.rules, _bundled(), _bundled())
    sys.stdout.write("Where alerts go; leave empty what you do not use.\n")
    webhook_url = ask("Webhook address", given.webhook_url, "webhook_url")
    slack_webhook_url = ask("Slack webhook address", given.slack_webhook_url, "slack_webhook_url")
    smtp_host = ask("Mail server", given.smtp_host)
    mail_from = (
        ask("Mails from", given.mail_from, "mail_from", mail_to=_SOMEBODY, smtp_host=smtp_host) if smtp_host else ""
    )
    mail_to = ask("Mails to", given.mail_to, "mail_to", mail_from=mail_from, smtp_host=smtp_host) if smtp_host else ""
    contact = ask("Your mail or web address, told to the sites that are polled", given.contact, "contact")
    sys.stdout.write("".join(f"  {name.value}: {meaning}\n" for name, meaning in _USES.items()))
    use = given.use or Use(typer.prompt("What are the alerts for", default=Use.PERSONAL.value, type=Use))
    return _Answers(press, rules, webhook_url, slack_webhook_url, smtp_host, mail_from, mail_to, contact, use)


def _try(**settings: str) -> None:
    """Have settings checked.

    Raises:
        typer.BadParameter: one is impossible; told at once, so that a person may answer again.
    """
    from monitor.app import check_channels
    from monitor.settings import load_settings

    try:
        check_channels(load_settings(None, **{name: value for name, value in settings.items() if value}))
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from None


def _env(answers: _Answers) -> str:
    use = f"# What the alerts are for: {_USES[answers.use]}.\n" if answers.use else ""
    settings = {
        "DATABASE": "veille.db",
        "FEEDS": "feeds.opml",
        "RULES": "rules",
        "ROUTES": "routes.yaml" if answers.receivers else "",
        "CONTACT": answers.contact,
        "WEBHOOK_URL": answers.webhook_url,
        "WEBHOOK_SECRET": _signing_secret() if answers.webhook_url else "",
        "SLACK_WEBHOOK_URL": answers.slack_webhook_url,
        "SMTP_HOST": answers.smtp_host,
        "SMTP_PORT": "",
        "SMTP_TLS": "",
        "SMTP_USER": "",
        "SMTP_PASSWORD": "",
        "MAIL_FROM": answers.mail_from,
        "MAIL_TO": answers.mail_to,
    }
    lines = [_line(f"VEILLE_{name}", value) for name, value in settings.items()]
    return f"# Settings of veille; all of them are in docs/settings.md. Paths count from this folder.\n{use}" + "".join(
        lines
    )


def _signing_secret() -> str:
    import base64
    import secrets

    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _line(name: str, value: str) -> str:
    if not value:
        return f"#{name}=\n"
    if "\n" in value or "'" in value:
        raise SettingsError(f"{name}: holds a line break or an apostrophe, which an env file cannot carry")
    return f"{name}='{value}'\n"


def _routes(answers: _Answers) -> str:
    receivers = answers.receivers
    lines = [
        "# Which alerts go where. The first route whose matchers hold takes an alert; `continue: true` lets it go on.",
        *(
            []
            if receivers
            else ["# Not in use: set VEILLE_ROUTES=routes.yaml in .env. Until then all alerts go everywhere."]
        ),
        "route:",
        "  receiver: journal   # where what no route takes goes: the log only",
        "  routes:" if receivers else "  routes: []",
    ]
    lines += [
        f"    - {{receiver: {name}, continue: true}}   # for some only: matchers: ['level=~\"high|critical\"']"
        for name in receivers
    ]
    lines.append("receivers:" if receivers else "receivers: {}")
    lines += [f"  {name}: {{{channel}: {{}}}}" for name, channel in receivers.items()]
    return "\n".join(lines) + "\n"


def _write(folder: Path, files: Mapping[Path, str], *, force: bool) -> None:
    if (folder / "rules" / "__init__.py").exists():
        raise SettingsError(f"{folder}: holds veille's own source; choose another folder, such as `veille init desk`")
    taken = [str(folder / path) for path in (*files, *_other_rules(folder, files)) if (folder / path).exists()]
    if taken and not force:
        raise SettingsError(f"already there: {', '.join(taken)}; choose another folder, or --force")
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
            target.chmod(0o600 if path.name == ".env" else 0o644)  # before the secrets are in it
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error.strerror}") from error


def _other_rules(folder: Path, files: Collection[Path]) -> tuple[Path, ...]:
    """Return the rule files that are there and are none of ours: they would be live beside them."""
    there = sorted(path.relative_to(folder) for path in (folder / "rules").rglob("*") if path.suffix in _RULE_FILES)
    return tuple(path for path in there if path not in files)


def _check(answers: _Answers) -> None:
    """Try the settings before anything is written, so that a wrong address is told now and not at the first start."""
    from monitor.app import check_channels
    from monitor.settings import load_settings

    names = ("webhook_url", "slack_webhook_url", "smtp_host", "mail_from", "mail_to", "contact")
    check_channels(load_settings(**{name: value for name in names if (value := getattr(answers, name))}))


def _farewell(folder: Path, feeds: int, rules: tuple[str, ...], answers: _Answers, others: Sequence[Path]) -> str:
    told = ", ".join(answers.receivers) or "nobody yet; set a destination in .env, matches are in the log meanwhile"
    rights = (
        "Short quotes and links may need no licence, but monitoring the press can: in France, ask the CFC.\n"
        if answers.use not in {Use.PERSONAL, Use.PRESS}
        else ""
    )
    also = f"Rules that were there are live too: {', '.join(map(str, others))}.\n" if others else ""
    alone = (
        "" if answers.contact else "Set VEILLE_CONTACT in .env: sites that are polled should be able to reach you.\n"
    )
    secret = "VEILLE_WEBHOOK_SECRET in .env is new: give it to the webhook's receiver.\n" if answers.webhook_url else ""
    where = "" if folder == Path() else f"  cd {folder}\n"
    return (
        f"{folder / '.env'}: {feeds} feeds, rules {', '.join(rules)}; told: {told}.\n"
        f"{also}{secret}{alone}{rights}Next:\n{where}"
        "  veille check   # everything is in order\n"
        "  veille poll    # one cycle; the first sends one recap\n"
        "  veille run     # the daemon\n"
    )
