"""A file: a line an alert, whole and on the disk, or told why not."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from monitor.deliver import make_channels
from monitor.deliver.file import FileSender
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.http import HttpClient
from monitor.model import Channel, Receipt, Receiver
from monitor.settings import Settings
from tests.monitor.deliver.samples import alert, delivery, recap


def append(path: Path) -> Receipt:
    channel = FileSender(name="archive", path=path)
    return asyncio.run(channel.send(delivery(channel.render(alert(), "unused"), Channel.FILE)))


def failure(path: Path) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        append(path)
    return caught.value


def lines(path: Path) -> list[str]:
    return [json.loads(text)["data"]["alert_id"] for text in path.read_text(encoding="utf-8").splitlines()]


def test_each_message_is_a_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    append(path)
    append(path)

    assert [alert().id] * 2 == lines(path)


def test_a_recap_is_a_line_too() -> None:
    assert FileSender(name="archive", path=Path("/x")).render(recap(), "unused").body.count(b"\n") == 1


def test_X4_a_new_file_is_its_owners_alone_and_another_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared.jsonl"
    shared.touch(mode=0o640)
    append(shared)
    append(tmp_path / "new.jsonl")

    assert [0o640, 0o600] == [(tmp_path / name).stat().st_mode & 0o777 for name in ("shared.jsonl", "new.jsonl")]


def test_D1_a_line_that_a_crash_cut_short_is_ended_first(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"type":"story.al')
    append(path)
    cut, whole = path.read_bytes().splitlines()

    assert b'{"type":"story.al' == cut
    assert alert().id == json.loads(whole)["data"]["alert_id"]


def test_a_rotated_file_is_begun_anew(tmp_path: Path) -> None:
    path, rotated = tmp_path / "alerts.jsonl", tmp_path / "alerts.jsonl.1"
    append(path)
    path.rename(rotated)
    append(path)

    assert [alert().id] == lines(path) == lines(rotated)


def test_D1_a_full_disk_is_tried_again_and_says_what_to_do() -> None:
    error = failure(Path("/dev/full"))

    assert (True, Reason.UNAVAILABLE) == (error.retryable, error.reason)
    assert "archive: /dev/full: No space left on device; make room" == str(error)


def test_D1_a_folder_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    error = failure(tmp_path / "nowhere" / "alerts.jsonl")

    assert error.retryable
    assert "No such file or directory; see that it is a file that veille may write" in str(error)


def test_a_named_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert "is no file" in str(failure(pipe))


def test_D1_what_fits_only_in_part_is_not_taken_for_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alerts.jsonl"
    write = os.write
    monkeypatch.setattr(os, "write", lambda opened, text: write(opened, text[:40]))
    error = failure(path)
    monkeypatch.undo()
    append(path)

    assert Reason.UNAVAILABLE is error.reason
    assert [40, alert().id] == [len(path.read_bytes().splitlines()[0]), lines_after_first(path)]


def lines_after_first(path: Path) -> str:
    (_, whole) = path.read_bytes().splitlines()
    told: str = json.loads(whole)["data"]["alert_id"]
    return told


def test_a_path_that_depends_on_where_veille_runs_stops_the_start() -> None:
    async def run() -> None:
        async with HttpClient(user_agent="veille/test") as client:
            make_channels(Settings(), [Receiver("archive", Channel.FILE, (("path", "alerts.jsonl"),))], client)

    with pytest.raises(SettingsError, match=r"receiver archive: path: 'alerts\.jsonl' does not begin with /"):
        asyncio.run(run())
