"""A module that takes half a second of CPU to import."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_STARTED_S = time.process_time()
while time.process_time() < _STARTED_S + 0.5:
    pass


def nothing(_body: bytes, _args: Mapping[str, Any]) -> bool:
    return True
