from __future__ import annotations

import json
import os
import socket
from io import FileIO
from typing import Any

import pytest

from monitor.workers.child import answer, serve
from monitor.workers.frames import PREFIX_BYTES, encode, lengths

TASKS = "tests.monitor.workers.tasks"


def header(task: str, **args: Any) -> dict[str, Any]:
    return {"task": f"{TASKS}:{task}", "args": args, "max_reply_bytes": 1000}


def read(frame: bytes) -> tuple[dict[str, Any], bytes]:
    head, body = lengths(frame[:PREFIX_BYTES])
    told = frame[PREFIX_BYTES:]
    return json.loads(told[:head]), told[head : head + body]


def test_a_result_is_told_as_json() -> None:
    reply, last = answer(header("chatter", size=2), b"", cpu_s=60)

    assert (read(reply), last) == (({"ok": True}, b'"xx"'), False)


@pytest.mark.parametrize(
    ("task", "kind", "reason", "last"),
    [
        ("refuse", "FeedError", "malformed", False),
        ("stumble", "WorkerError", "worker_crashed", False),
        ("swell_in_vain", "WorkerError", "worker_memory", True),
        ("missing", "WorkerError", "worker_crashed", False),
    ],
)
def test_a_failure_is_told_with_its_kind(task: str, kind: str, reason: str, last: bool) -> None:  # noqa: FBT001  a table's column
    reply, ends = answer(header(task), b"", cpu_s=60)
    told, _ = read(reply)

    assert (told["ok"], told["kind"], told["reason"], ends) == (False, kind, reason, last)


def test_a_result_over_the_limit_is_refused() -> None:
    reply, _ = answer(header("chatter", size=1000), b"", cpu_s=60)

    assert read(reply)[0]["reason"] == "too_large"


def test_frames_are_answered_until_the_input_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, FileIO(os.dup(theirs.fileno()), "r+b") as stream:
        ours.sendall(encode(header("chatter", size=1)) + encode(header("chatter", size=2)))
        ours.shutdown(socket.SHUT_WR)
        serve(stream, cpu_s=60)
        told = ours.recv(1000)

    assert told == encode({"ok": True}, b'"x"') + encode({"ok": True}, b'"xx"')


def test_memory_that_ran_out_ends_the_service() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, FileIO(os.dup(theirs.fileno()), "r+b") as stream:
        ours.sendall(encode(header("swell_in_vain")) * 2)
        serve(stream, cpu_s=60)
        head, _ = read(ours.recv(1000))

    assert head["reason"] == "worker_memory"


def test_a_request_cut_short_is_no_request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, FileIO(os.dup(theirs.fileno()), "r+b") as stream:
        ours.sendall(b"\0\0\0")
        ours.shutdown(socket.SHUT_WR)
        serve(stream, cpu_s=60)
        theirs.sendall(b"nothing else")
        told = ours.recv(1000)

    assert told == b"nothing else"


@pytest.mark.parametrize("prefix", [b"", b"\0" * 7, b"\xff" * 8])
def test_an_impossible_prefix_is_refused(prefix: bytes) -> None:
    with pytest.raises(ValueError, match="frame"):
        lengths(prefix)
