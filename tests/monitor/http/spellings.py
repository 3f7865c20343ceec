"""The ways of writing an address of this machine, and a resolver that understands them all."""

from __future__ import annotations

import socket

FRONT = "127.8.8.8"  # where a site stands that may be asked; Linux has all of 127.0.0.0/8
PUBLIC = "public.example"

LOOPBACK = (
    # IPv4, plain and as the C library's `inet_aton` reads it: fewer parts, octal, hexadecimal
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "127.1.",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7F.0X0.0x0.0x1",
    "0x07f.1",
    "0177.1",
    "0177.0.0.1",
    "00000177.0.0.1",
    "017700000001",
    "0x7f.0.01",
    "0",
    "00",
    "0x0",
    "0x",
    "0.0",
    "0.0.0.0",
    # IPv6, and IPv4 inside it
    "[::]",
    "[::0]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.1.1.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[::1%lo]",
    "[::1%25lo]",
    "[::1%251]",
    "[fe80::1%25lo]",
    # names
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "news.localhost",
    # what IDNA maps to dots and digits, and what percent-encoding hides
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "ⓛocalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "loca\u00adlhost",
    "127.0.0.1\u200b",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.1%00",
    "%6cocalhost",
    # what one parser takes for the host, and another for something else
    "public.example\\@127.0.0.1",
    "public.example@127.0.0.1",
    "public.example:80@127.0.0.1",
    "public.example%40127.0.0.1",
    "@127.0.0.1",
    "127.0.0.1\\.public.example",
    " 127.0.0.1",
    "127.0.0.1\t",
    "127.0.\n0.1",
)


async def gullible(host: str, port: int) -> tuple[str, ...]:
    """Understand what the system would at its most obliging, and ask no name server."""
    if host == PUBLIC:
        return (FRONT,)
    if host.rstrip(".").lower().endswith("localhost"):
        return ("127.0.0.1", "::1")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
    return tuple(str(info[4][0]) for info in found)
