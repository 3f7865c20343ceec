"""What children are asked to do in tests."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from monitor.errors import FeedError, Reason


def echo(body: bytes, args: dict[str, Any]) -> dict[str, Any]:
    return {"text": body.decode(), "args": args, "pid": os.getpid()}


def spin(body: bytes, args: dict[str, Any]) -> None:
    while True:
        pass


def hang(body: bytes, args: dict[str, Any]) -> None:
    signal.pause()


def swell(body: bytes, args: dict[str, Any]) -> int:
    return len(bytearray(1 << 34))


def swell_in_vain(body: bytes, args: dict[str, Any]) -> None:
    raise MemoryError


def die(body: bytes, args: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(body: bytes, args: dict[str, Any]) -> None:
    sys.exit(3)


def babble(body: bytes, args: dict[str, Any]) -> None:
    os.write(0, bytes(args["prefix"]))
    signal.pause()


def stumble(body: bytes, args: dict[str, Any]) -> None:
    raise KeyError("plouf")


def refuse(body: bytes, args: dict[str, Any]) -> None:
    raise FeedError("this is no feed", reason=Reason.MALFORMED, retryable=True)


def chatter(body: bytes, args: dict[str, Any]) -> str:
    return "x" * int(args["size"])


def environment(body: bytes, args: dict[str, Any]) -> dict[str, str]:
    return dict(os.environ)


def modules(body: bytes, args: dict[str, Any]) -> list[str]:
    return sorted(sys.modules)
