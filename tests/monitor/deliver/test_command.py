"""A command: run for each message, heard a little, and never waited for too long."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from monitor.deliver import make_channels
from monitor.deliver.command import CommandSender
from monitor.deliver.payload import payload_bytes
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Channel, Receipt, Receiver
from monitor.receivers import OptionValue
from monitor.settings import Settings
from tests.monitor.deliver.benches import program, words
from tests.monitor.deliver.samples import alert, delivery


def run(*argv: str, timeout_s: float = 10.0) -> Receipt:
    async def once() -> Receipt:
        channel = CommandSender(name="siren", argv=argv, words=words(), timeout_s=timeout_s)
        return await channel.send(delivery(channel.render(alert(), "unused"), Channel.COMMAND))

    return asyncio.run(once())


def failure(*argv: str, timeout_s: float = 10.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        run(*argv, timeout_s=timeout_s)
    return caught.value


def of_python(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", text


def test_a_command_reads_the_payload_and_knows_what_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WEBHOOK_SECRET", "whsec_secret")
    heard = tmp_path / "heard"
    run(str(program(tmp_path / "siren", f'cat > "{heard}"; echo >> "{heard}"; env >> "{heard}"')))
    payload, *told = heard.read_bytes().splitlines()
    environment = dict(text.decode().split("=", 1) for text in told)
    message = delivery(CommandSender(name="siren", argv=(), words=words()).render(alert(), "unused"), Channel.COMMAND)

    assert payload_bytes(alert()) == payload
    assert (message.alert_id, message.message_id, "command", "1") == tuple(
        environment[f"VEILLE_{name}"] for name in ("ALERT_ID", "MESSAGE_ID", "RECEIVER", "ATTEMPT")
    )
    assert environment["VEILLE_SUBJECT"].startswith("[Élevé] Axe Moscou–Pékin – Poutine attendu à Harbin")
    assert {"PATH", "HOME"} <= environment.keys()
    assert "whsec_secret" not in environment.values()


def test_arguments_are_read_by_no_shell(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    run(*of_python(f"import sys,pathlib; pathlib.Path({str(heard)!r}).write_text(sys.argv[1])"), "$(id); `id` *")

    assert "$(id); `id` *" == heard.read_text(encoding="utf-8")


def test_a_command_that_reads_nothing_may_succeed() -> None:
    assert 0 == run("/bin/true").status


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        ("exit 75", Reason.UNAVAILABLE, "siren: exit 75"),
        ("exit 1", Reason.REJECTED, "siren: exit 1"),
        ("kill -TERM $$", Reason.UNAVAILABLE, "siren: ended by SIGTERM"),
        (
            "echo >&2; echo 'pas de \033[31mréseau' >&2; echo fin >&2; exit 3",
            Reason.REJECTED,
            "exit 3: pas de [31mréseau",
        ),
    ],
)
def test_D1_whatever_fails_is_tried_again_and_told(tmp_path: Path, text: str, reason: Reason, told: str) -> None:
    error = failure(str(program(tmp_path / "siren", text)))

    assert (reason, True) == (error.reason, error.retryable)
    assert str(error).endswith(told)


def test_D1_a_program_that_went_away_is_tried_again(tmp_path: Path) -> None:
    error = failure(str(tmp_path / "nowhere"))

    assert (Reason.UNAVAILABLE, True) == (error.reason, error.retryable)
    assert "cannot be run: No such file or directory" in str(error)


def test_D9_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    text = f'echo patience >&2; sleep 60 & echo $! > "{child}"; wait'
    error = failure(str(program(tmp_path / "siren", text)), timeout_s=0.5)

    assert (Reason.TIMEOUT, True) == (error.reason, error.retryable)
    assert "siren: not done after 0.5 s, killed: patience" == str(error)
    assert gone(int(child.read_text(encoding="utf-8")))


def gone(pid: int) -> bool:
    """Return whether a process ends within a while, or waits only to be buried."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False


def test_R5_a_command_that_says_much_is_neither_held_up_nor_kept() -> None:
    error = failure(
        *of_python("import sys; sys.stderr.write('é' * 10_000_000); sys.stdout.write('x' * 10_000_000); exit(1)")
    )

    assert len(str(error)) < 300


def test_a_child_that_is_left_behind_holds_nothing_up(tmp_path: Path) -> None:
    began = time.monotonic()
    run(str(program(tmp_path / "siren", "sleep 3 & exit 0")))

    assert time.monotonic() - began < 2


def made(**options: OptionValue) -> CommandSender:
    async def make() -> CommandSender:
        receiver = Receiver("siren", Channel.COMMAND, tuple(options.items()))
        async with HttpClient(user_agent="veille/test") as client:
            channel = make_channels(Settings(), [receiver], client)["siren"]
            assert isinstance(channel, CommandSender)
            return channel

    return asyncio.run(make())


def test_a_program_is_found_once_at_the_start() -> None:
    name, *arguments = made(argv=("true", "--now"), timeout_s=3.0)._argv

    assert Path(name).is_absolute()
    assert ["--now"] == arguments


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"argv": ()}, "argv: '' is no program"),
        ({"argv": ("no-such-program",)}, "argv: 'no-such-program' is no program"),
        ({"argv": ("./siren",)}, "argv: './siren' is no program"),
        ({"argv": ("true",), "timeout_s": 0.0}, "timeout_s: 0 is not between"),
        ({"argv": ("true",), "timeout_s": 91.0}, "timeout_s: 91 is not between"),
    ],
)
def test_what_can_never_run_stops_the_start(options: dict[str, OptionValue], told: str) -> None:
    with pytest.raises(SettingsError, match="VEILLE_ROUTES: receiver siren") as caught:
        made(**options)

    assert told in str(caught.value)


def test_the_payload_is_what_programs_receive_elsewhere() -> None:
    body = CommandSender(name="siren", argv=(), words=words()).render(alert(), "unused").body

    assert alert().id == json.loads(body)["data"]["alert_id"]
