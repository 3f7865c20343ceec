"""The operator's own form of a message: a Jinja template, in a sandbox, tried on every kind of alert at the start."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from monitor.deliver.markup import MARKDOWN, PLAIN
from monitor.deliver.notes import note_of
from monitor.deliver.payload import payload
from monitor.deliver.sample import SAMPLED, sample_alert
from monitor.errors import SettingsError, why_unreadable
from monitor.files import text_of
from monitor.model import AlertId, Rendered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from monitor.deliver.words import Words
    from monitor.model import Alert

__all__ = ["MessageTemplate", "load_template"]

_log = logging.getLogger(__name__)

_MAX_BYTES: Final = 100_000
_MESSAGE_CHARS: Final = 3000  # of `text` and `markdown`: what nearly every service shows
_JSON = "json"  # in a content type: what is written must be JSON
_AWKWARD = ' "\\\n'  # at the end of texts of samples: what is pasted into JSON without `tojson` breaks it


class _Fault(Exception):  # noqa: N818  it never leaves this module
    """A template cannot be read, or does not give a message. The message begins with its file and line."""


class MessageTemplate:
    """A template that was read.

    Args:
        template: its code.
        path: its file, for messages.
        receiver: who is sent what it writes.
        content_type: of that.
        words: the readers' language and time zone.
    """

    def __init__(self, template: Template, *, path: Path, receiver: str, content_type: str, words: Words) -> None:
        self._template = template
        self._receiver = receiver
        self._path = path
        self._content_type = content_type
        self._words = words

    def render(self, alert: Alert, message_id: str) -> Rendered | None:
        """Return the message of an alert. None: the template fails on it, and that is in the log."""
        try:
            body = self._written(_values(alert, message_id, self._words))
        except _Fault as fault:
            told = f"{fault}; the payload is sent as it is"
            _log.warning("template_failed", extra={"receiver": self._receiver, "alert_id": alert.id, "error": told})
            return None
        return Rendered(body, self._content_type)

    def try_out(self, *, now: datetime) -> None:
        """Write a sample of every message, with characters that break JSON in all its texts.

        Raises:
            _Fault: the template fails on one, with its file and line.
        """
        for reason in SAMPLED:
            alert = sample_alert(reason, AlertId("al_000000000000"), receiver="essai", now=now)
            try:
                self._written(_awkward(_values(alert, "msg_000000000000", self._words)))
            except _Fault as fault:
                raise _Fault(f"{fault} (on a sample of {alert.type}, {reason})") from None

    def _written(self, values: Mapping[str, Any]) -> bytes:
        try:
            body = self._template.render(values).encode()
        except Exception as error:  # noqa: BLE001  a template runs what its author wrote: anything can be raised
            raise _Fault(f"{self._place(error.__traceback__)}: {str(error) or type(error).__name__}") from None
        if len(body) > _MAX_BYTES:
            raise _Fault(f"{self._path}: {len(body)} bytes, more than {_MAX_BYTES}")
        if _JSON in self._content_type:
            try:
                json.loads(body)
            except ValueError as error:
                hint = "write texts as {{ value | tojson }}, without quotes around"
                raise _Fault(f"{self._path}: what it writes is no JSON: {error}; {hint}") from None
        return body

    def _place(self, traceback: TracebackType | None) -> str:
        """Return the template's file and the last of its lines that was run."""
        line = None
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == str(self._path):
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        return f"{self._path}:{line}" if line is not None else str(self._path)


def load_template(
    path: Path, *, receiver: str, content_type: str, words: Words, where: str, now: datetime
) -> MessageTemplate:
    """Read a template and try it out.

    Args:
        path: its file.
        receiver: who is sent what it writes.
        content_type: of that; where that is JSON, JSON it must be.
        words: the readers' language and time zone.
        where: who names it, for errors.
        now: the date of the samples.

    Raises:
        SettingsError: it cannot be read, or fails on a sample; with file and line.
    """
    environment = _environment()
    try:
        code = environment.compile(text_of(path, most_bytes=_MAX_BYTES), filename=str(path))
        template = Template.from_code(environment, code, environment.make_globals(None))
        made = MessageTemplate(template, path=path, receiver=receiver, content_type=content_type, words=words)
        made.try_out(now=now)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{where}: {path}: cannot be read: {why_unreadable(error)}") from error
    except TemplateError as error:
        raise SettingsError(f"{where}: {path}:{getattr(error, 'lineno', 1)}: {error.message}") from error
    except (RecursionError, SyntaxError, MemoryError) as error:  # of Python's own compiler
        raise SettingsError(f"{where}: {path}: nested too deep") from error
    except _Fault as fault:
        raise SettingsError(f"{where}: {fault}") from None
    return made


def _environment() -> SandboxedEnvironment:
    """Return what templates run in: no file, no attribute of Python's own, and no chance (promise D3)."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


def _values(alert: Alert, message_id: str, words: Words) -> dict[str, Any]:
    """Return what a template knows: the payload, and what the chats are shown."""
    note = note_of(alert, words)
    return payload(alert) | {
        "message_id": message_id,
        "subject": note.subject,
        "url": note.url or "",
        "text": PLAIN.text([note.opening, *note.most(lambda told: len(PLAIN.text(told)) < _MESSAGE_CHARS)]),
        "markdown": MARKDOWN.text([note.opening, *note.most(lambda told: len(MARKDOWN.text(told)) < _MESSAGE_CHARS)]),
    }


def _awkward(value: Any) -> Any:
    """Return values in which every text that is more than a word holds what breaks JSON."""
    if isinstance(value, dict):
        return {name: _awkward(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_awkward(inner) for inner in value]
    return value + _AWKWARD if isinstance(value, str) and " " in value else value
