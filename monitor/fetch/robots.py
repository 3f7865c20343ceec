"""robots.txt, as RFC 9309 reads it (promise P4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protego import Protego

__all__ = ["ALLOW_ALL", "DISALLOW_ALL", "MAX_BYTES", "PRODUCT", "Robots", "parse_robots"]

PRODUCT = "veille"
MAX_BYTES = 512_000  # 500 KiB, RFC 9309 §2.5
MAX_CRAWL_DELAY_S = 3600.0
_LINE = re.compile(
    r"\s*(?P<field>user[- ]?agent|allow|di[as]+l+[ao]w|crawl[- ]delay)\s*[:\s]\s*(?P<value>[^#]*)", re.IGNORECASE
)
_TOKEN = re.compile(r"\*|[a-z_-]+", re.IGNORECASE)
_OTHER = "someone-else"


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site allows us. `rules` is None where it allows everything or nothing."""

    rules: Protego | None = None
    is_closed: bool = False

    def allows(self, url: str) -> bool:
        """Return whether an address of this site may be asked."""
        return not self.is_closed and (self.rules is None or self.rules.can_fetch(url, PRODUCT))

    @property
    def crawl_delay_s(self) -> float:
        """The time the site wants between two requests, in seconds; 0 where it does not say, at most an hour."""
        delay = self.rules.crawl_delay(PRODUCT) if self.rules else None
        return min(float(delay or 0.0), MAX_CRAWL_DELAY_S)


ALLOW_ALL = Robots()
DISALLOW_ALL = Robots(is_closed=True)


def parse_robots(body: bytes) -> Robots:
    r"""Read the first 500 KiB of a robots.txt; what is not understood is left out.

    Examples:
        >>> site = parse_robots(b"User-agent: *\nDisallow: /abonnes/\nCrawl-delay: 2.5")
        >>> site.allows("https://journal.example/abonnes/une"), site.crawl_delay_s
        (False, 2.5)
    """
    return Robots(rules=Protego.parse(our_lines(body[:MAX_BYTES].decode("utf-8-sig", errors="replace"))))


def our_lines(text: str) -> str:
    """Keep the directives that we obey, every other robot renamed to one name.

    Protego keeps a set of rules for each robot named: a file of 16,000 robots with 28,000 rules for all of them would
    cost 450 million rules. It also takes `User-agent: v` for a prefix of ours; product tokens are whole
    (RFC 9309 §2.2.1).
    """
    kept: list[str] = []
    group: set[str] = set()  # the robots named since the last rule
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        value = found["value"].strip()
        if not found["field"].lower().startswith("user"):
            group = set()
            kept.append(f"{found['field']}: {value}")
            continue
        token = _TOKEN.match(value)
        robot = token[0].lower() if token else _OTHER
        robot = robot if robot in {"*", PRODUCT} else _OTHER
        if robot not in group:
            group.add(robot)
            kept.append(f"User-agent: {robot}")
    return "\n".join(kept)
