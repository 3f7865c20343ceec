"""What a mail says of how to get off the list: `List-Unsubscribe`, with one click where there is an https address.

A message has one form for all its recipients (promise D3), so who asks is known only to the operator's address, which
is behind the list. Mail programs POST to it, and never GET (RFC 8058): to open it must change nothing (promise O5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["unsubscribing"]

# No space, comma or bracket, which end an address in the header; a line is at most 998 long (RFC 5322).
_HTTPS = re.compile(r"https://[^\W_][!#-+\--;=?-~]{1,900}", re.ASCII)
_MAILTO = re.compile(r"mailto:[!#-+\--;=?A-~]+@[!#-+\--;=?A-~]{1,900}")


def unsubscribing(addresses: Sequence[str], *, where: str) -> bytes:
    """Return the headers, as they stand in a message; none where there is no address.

    They are made by hand: the email package would write a long address as encoded words, and it would be none.

    Args:
        addresses: `https://…` or `mailto:…`, one of the first at most.
        where: what to correct, for errors.

    Raises:
        SettingsError: an address is none that a mail program can use.
    """
    if wrong := [text for text in addresses if not (_HTTPS.fullmatch(text) or _MAILTO.fullmatch(text))]:
        raise SettingsError(f"{where}: unsubscribe is https://… or mailto:…, and {wrong[0]!r} is neither")
    clicks = sum(text.startswith("https:") for text in addresses)
    if clicks > 1:
        raise SettingsError(f"{where}: unsubscribe has one https address, to which mail programs post, not {clicks}")
    if not addresses:
        return b""
    listed = ",\r\n ".join(f"<{text}>" for text in addresses)
    click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if clicks else ""
    return f"List-Unsubscribe: {listed}\r\n{click}".encode("ascii")
