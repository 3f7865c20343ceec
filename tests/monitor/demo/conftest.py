from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.demo import Newsroom, Press, load_press
from tests.monitor.demo.clients import ManualClock, open_newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def press() -> Press:
    return load_press()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def newsroom(press: Press, clock: ManualClock) -> Iterator[Newsroom]:
    with open_newsroom(press, clock) as opened:
        yield opened
