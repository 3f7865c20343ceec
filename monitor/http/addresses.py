"""Which IP addresses may be connected to: one predicate, asked once, at connect time (promises S1-S3)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from monitor.errors import FetchError, Reason
from monitor.threads import call_aside

__all__ = ["IPAddress", "IPNetwork", "Resolver", "is_public", "resolve", "vet"]

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

# Networks that `is_global` calls public but that lead back to this machine or to nobody in particular.
_SPECIAL = (
    ipaddress.ip_network("192.88.99.0/24"),  # 6to4 relay anycast, RFC 7526
    ipaddress.ip_network("64:ff9b::/96"),  # NAT64, RFC 6052
    ipaddress.ip_network("64:ff9b:1::/48"),  # local NAT64, RFC 8215
    ipaddress.ip_network("fec0::/10"),  # site-local, RFC 3879
)


def is_public(address: IPAddress) -> bool:
    """Return whether an address belongs to the public internet, and so does any IPv4 address embedded in it.

    Examples:
        >>> [is_public(ipaddress.ip_address(a)) for a in ("9.9.9.9", "100.64.0.1", "2002:7f00:1::", "::ffff:10.0.0.1")]
        [True, False, False, False]
    """
    address = _unmapped(address)
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.sixtofour is not None:
        return is_public(address.sixtofour)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_private or address.is_link_local
    )


def vet(host: str, answers: Sequence[str], allow: Sequence[IPNetwork]) -> tuple[str, ...]:
    """Return the addresses a name resolved to, or refuse them all if any is one that we may not reach.

    Args:
        host: the name, for the message.
        answers: its IP addresses as text.
        allow: networks beside the public internet that may be reached.

    Raises:
        FetchError: `dns` where there is no answer, `address_refused`.
    """
    if not answers:
        raise FetchError(f"{host}: the name has no address", reason=Reason.DNS)
    for answer in answers:
        address = _unmapped(ipaddress.ip_address(answer))
        if not is_public(address) and not any(address in network for network in allow):
            raise FetchError(
                f"{host}: {address} is not on the public internet; if its network is yours, allow it in "
                "VEILLE_FETCH_ALLOW_NETWORKS for feeds and pages, or VEILLE_DELIVER_ALLOW_NETWORKS for alerts",
                reason=Reason.ADDRESS_REFUSED,
                retryable=False,
            )
    return tuple(answers)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return a host's IP addresses, in the system's order of preference; a literal address is its own.

    Each lookup has a thread of its own that nobody waits for: a name server that hangs must delay neither other lookups
    nor the end of the process (promise T8), and an executor's threads are joined at exit.

    Args:
        host: a name or an IP address.
        port: for the system's services file, which may tell addresses apart by it.

    Raises:
        FetchError: `dns`.
    """
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return await call_aside(partial(_ask_system, host, port), name="dns")


def _ask_system(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise FetchError(f"{host}: the name cannot be resolved", reason=Reason.DNS) from exc
    return tuple(dict.fromkeys(str(info[4][0]) for info in found))


def _unmapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv4-mapped IPv6 address stands for, or the address itself."""
    return getattr(address, "ipv4_mapped", None) or address
