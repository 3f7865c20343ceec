"""Promises S1 and S3: which IP addresses may be connected to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError, Reason
from monitor.http import is_public, resolve, vet

if TYPE_CHECKING:
    from collections.abc import Sequence

SPECIAL = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:c058:6301::",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
)


@pytest.mark.parametrize("address", SPECIAL)
def test_S3_a_special_address_is_not_public(address: str) -> None:
    public = is_public(ip_address(address))

    assert not public


@pytest.mark.parametrize("address", ["1.1.1.1", "9.9.9.9", "193.0.6.139", "2606:4700::1", "::ffff:9.9.9.9"])
def test_an_ordinary_address_is_public(address: str) -> None:
    public = is_public(ip_address(address))

    assert public


@given(st.ip_addresses(v=4))
def test_S3_an_ipv4_address_is_judged_alike_inside_ipv6(address: object) -> None:
    bare = is_public(ip_address(str(address)))

    assert bare == is_public(ip_address(f"::ffff:{address}"))
    assert bare or not is_public(ip_address((0x2002 << 112) | (int(ip_address(str(address))) << 80)))


def test_S3_one_bad_answer_refuses_them_all() -> None:
    with pytest.raises(FetchError) as caught:
        vet("journal.example", ("9.9.9.9", "10.0.0.1"), ())

    assert (Reason.ADDRESS_REFUSED, False) == (caught.value.reason, caught.value.retryable)
    assert "journal.example: 10.0.0.1 is not on the public internet" in str(caught.value)
    assert {"VEILLE_FETCH_ALLOW_NETWORKS", "VEILLE_DELIVER_ALLOW_NETWORKS"} <= set(str(caught.value).split())


def test_S1_a_listed_network_may_be_reached_in_either_spelling() -> None:
    allow = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

    addresses = vet("intranet.example", ("10.0.0.1", "::ffff:10.0.0.2", "fd00::1", "9.9.9.9"), allow)

    assert ("10.0.0.1", "::ffff:10.0.0.2", "fd00::1", "9.9.9.9") == addresses


def test_a_name_without_an_address_is_a_dns_failure() -> None:
    with pytest.raises(FetchError) as caught:
        vet("journal.example", (), ())

    assert caught.value.reason is Reason.DNS


def resolved(host: str) -> tuple[str, ...]:
    async def run() -> Sequence[str]:
        return await resolve(host, 80)

    return tuple(asyncio.run(run()))


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", {"127.0.0.1"}), ("::1", {"::1"}), ("localhost", {"127.0.0.1", "::1"})]
)
def test_a_host_is_resolved_by_the_system(host: str, expected: set[str]) -> None:
    answers = resolved(host)

    assert answers
    assert set(answers) <= expected


def test_a_name_that_cannot_be_written_is_a_dns_failure() -> None:
    with pytest.raises(FetchError) as caught:
        resolved("a" * 70 + ".example")

    assert caught.value.reason is Reason.DNS


_HUNG = """
import asyncio, socket, threading
from monitor.http import resolve

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()


async def main():
    try:
        await asyncio.wait_for(resolve("gazette.example", 80), 0.1)
    except TimeoutError:
        print("gave up")


asyncio.run(main())
"""


def test_T8_a_name_server_that_hangs_does_not_keep_the_process_from_ending() -> None:
    ended = subprocess.run([sys.executable, "-c", _HUNG], capture_output=True, text=True, timeout=30, check=True)

    assert ("gave up\n", "") == (ended.stdout, ended.stderr)
