from __future__ import annotations

import pytest

from monitor.sources.address import canonical


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("https://a.example", "https://a.example/"),
        ("HTTP://A.example.:80/Rss?x=1#y", "http://a.example/Rss?x=1"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_one_feed_has_one_canonical_address(spelling: str, expected: str) -> None:
    assert expected == canonical(spelling)
