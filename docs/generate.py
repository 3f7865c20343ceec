"""Write the generated pages: `.env.example`, settings, receivers, commands, metrics, and the published JSON Schemas.

`make docs` runs it; a test compares what it would write with what is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from prometheus_client.metrics import MetricWrapperBase

from monitor.alerting import route_schema_text
from monitor.cli import app
from monitor.cli.context import EXIT_CODES
from monitor.deliver import KINDS
from monitor.receivers import Option
from monitor.settings import PREFIX, SECRETS, Settings
from monitor.telemetry import Metrics
from rules.schema import schema_text

ROOT = Path(__file__).parent.parent
_NOTE = "Generated from the code by `make docs`; edit the code.\n"


def pages() -> dict[str, str]:
    """Return every generated file: path from the project's root to content."""
    return {
        ".env.example": env_example(),
        "docs/settings.md": settings_page(),
        "docs/receivers.md": receivers_page(),
        "docs/commands.md": commands_page(),
        "docs/metrics.md": metrics_page(),
        "docs/routes.schema.json": route_schema_text(KINDS),
        "rules/pack.schema.json": schema_text(),
        "docs/pack.schema.json": schema_text(),
        "docs/alert.schema.json": (ROOT / "monitor" / "deliver" / "alert.schema.json").read_text(encoding="utf-8"),
    }


def env_example() -> str:
    """Return a `.env` with every setting, all at their defaults and commented out."""
    lines = [f"# Settings of veille. {_NOTE.strip()} What each means at length: docs/settings.md"]
    for name, field in Settings.model_fields.items():
        if name in Settings.groups:
            lines += ["", f"# --- {Settings.groups[name]} ---"]
        lines.append(f"# {field.description}")
        lines.append(f"#{PREFIX}{name.upper()}={_default(field.default)}")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return the page of settings."""
    lines = [
        "# Settings",
        "",
        _NOTE,
        "Each is an environment variable, or a line of the file `.env` in the folder where veille starts (another",
        "file: `veille --env-file FILE …`); the environment wins, an empty value counts as none. Relative paths in",
        "such a file count from its folder, others from where veille starts. An unknown name or an impossible value",
        "stops start-up.",
        "`veille config` prints what is in force, secrets masked. A secret can also be read from a file: set",
        "`VEILLE_NAME_FILE` to its path instead of `VEILLE_NAME`. Lists are separated by commas.",
        "",
        "Secrets that [receivers](receivers.md) of the routes file name (`url: ${VEILLE_SECRET_DESK}`) are",
        "`VEILLE_SECRET_` and a name of yours, or `VEILLE_SECRET_NAME_FILE` for the file that holds one.",
    ]
    for name, field in Settings.model_fields.items():
        if name in Settings.groups:
            lines += ["", f"## {Settings.groups[name]}", "", "| setting | default | meaning |", "|---|---|---|"]
        default = _default(field.default)
        secret = f" Secret: also `{PREFIX}{name.upper()}_FILE`." if name in SECRETS else ""
        shown = f"`{default}`" if default else "none"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {_cell(field.description or '')}{secret} |")
    return "\n".join(lines) + "\n"


def receivers_page() -> str:
    """Return the page of what receivers may say of themselves."""
    lines = [
        "# Receivers",
        "",
        _NOTE,
        "What stands under `receivers:` in the [routes](routes.md) file: a name, one channel, and its options. Secrets",
        "are never written there: such an option names a variable, `${VEILLE_SECRET_NAME}`, that stands in the",
        "environment, the `.env` file, or (as `VEILLE_SECRET_NAME_FILE`) in a file. [Channels](channels.md) says what",
        "each sends.",
    ]
    for kind in KINDS:
        lines += ["", f"## `{kind.word}`", "", kind.summary]
        if kind.updates_in_place or kind.bot is not None:
            who = "A" if kind.bot is None else f"With a `{kind.bot}`, a"
            lines.append(f"{who} story that grows rings nobody: what was sent is changed.")
        lines += ["", "| option | what it is | meaning |", "|---|---|---|"]
        lines += map(_option, kind.options)
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    choices = f": {', '.join(f'`{choice}`' for choice in option.choices)}" if option.choices else ""
    type_ = f"{option.type}{choices}{', required' if option.is_required else ''}"
    default = f" Default: `{PREFIX}{option.setting.upper()}`." if option.setting else ""
    return f"| `{option.name}` | {type_} | {_cell(option.help)}{default} |"


def commands_page() -> str:
    """Return the page of commands."""
    lines = ["# Commands", "", _NOTE, "| exit code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    for name, command in _commands(typer.main.get_command(app), ""):
        lines += ["", f"## `{name}`", "", _paragraph(command.help or "")]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["", "| what you type | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Return the page of metrics."""
    lines = [
        "# Metrics",
        "",
        _NOTE,
        "With `VEILLE_HTTP_ADDRESS` set, the daemon serves them at `/metrics` in Prometheus' text format, beside",
        "`/healthz` (the process lives) and `/readyz` (a full round was made within the last minute). Loopback only.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for metric in vars(Metrics()).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            suffix = "_total" if family.type == "counter" else ""
            names = metric._labelnames  # noqa: SLF001  the library shows them no other way
            labels = ", ".join(f"`{name}`" for name in names)
            lines.append(f"| `{family.name}{suffix}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    name = f"{path} {command.name}".strip()
    yield name, command
    for sub in getattr(command, "commands", {}).values():
        yield from _commands(sub, name)


def _parameter(parameter: Any) -> str:
    told = parameter.help or ""
    if parameter.param_type_name == "argument":
        typed = parameter.metavar or parameter.name.upper()
    elif parameter.is_flag:
        typed = ", ".join(parameter.opts)
    else:
        typed = f"{', '.join(parameter.opts)} {parameter.metavar}"
        if (default := _default(parameter.default or None)) and "Default" not in told:
            told += f" Default: {default}."
    return f"| `{_cell(typed)}` | {_cell(told)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _paragraph(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    for path, content in pages().items():
        (ROOT / path).write_text(content, encoding="utf-8")
