"""Dates of feeds and pages: read when they are plain, unknown otherwise; never guessed (promise I10)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["parse_instant", "plausible", "zone_of"]

_OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # before the web; 1970-01-01 is a zero, not a date
_FUTURE: Final = timedelta(days=1)

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier",
            "feb february fev fevr fevrier",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juillet",
            "aug august aou aout",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december decembre",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES_H: Final = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "ist": 1, "cet": 1, "met": 1, "cest": 2,
    "mest": 2, "eet": 2, "sast": 2, "eest": 3, "msk": 3, "ast": -4, "adt": -3, "edt": -4, "est": -5, "cdt": -5,
    "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8, "jst": 9, "aest": 10, "aedt": 11,
}  # fmt: skip
# Where the press of a country lives; elsewhere an hour without a zone is UTC
_COUNTRIES: Final = {
    "at": "Europe/Vienna", "be": "Europe/Brussels", "bf": "Africa/Ouagadougou", "ch": "Europe/Zurich",
    "ci": "Africa/Abidjan", "cm": "Africa/Douala", "de": "Europe/Berlin", "dz": "Africa/Algiers",
    "es": "Europe/Madrid", "fr": "Europe/Paris", "gp": "America/Guadeloupe", "it": "Europe/Rome",
    "lu": "Europe/Luxembourg", "ma": "Africa/Casablanca", "mc": "Europe/Monaco", "ml": "Africa/Bamako",
    "mq": "America/Martinique", "nc": "Pacific/Noumea", "nl": "Europe/Amsterdam", "pf": "Pacific/Tahiti",
    "pl": "Europe/Warsaw", "re": "Indian/Reunion", "ru": "Europe/Moscow", "sn": "Africa/Dakar",
    "tn": "Africa/Tunis", "ua": "Europe/Kyiv", "uk": "Europe/London",
}  # fmt: skip
_ANYWHERE: Final = frozenset("com eu info media net news org press tv".split())

_CLOCK: Final = (
    r"(?P<hour>\d{1,2})\s?[:hH]\s?(?P<minute>\d{2})?(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9})\d*)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?"
)
_ZONE: Final = r"(?P<zone>[a-z]{1,5})?\s*(?P<sign>[+-])?(?:(?P<zone_h>\d{2}):?(?P<zone_m>\d{2})?)?(?:\s*\(.{0,40}\))?"
_TIME: Final = rf"(?:(?:\s*(?:t|,|-|at|a)\s*|\s+){_CLOCK}\s*{_ZONE})?"
_DAY_NAME: Final = r"(?:[a-z]{2,9}(?:\.?,\s*|\.?\s+))?(?:le\s+)?"
_SHAPES: Final = tuple(
    re.compile(shape + _TIME)
    for shape in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        _DAY_NAME + r"(?P<day>\d{1,2})(?:er)?[\s-]+(?P<name>[a-z]{3,9})\.?,?[\s-]+(?P<year>\d{4}|\d{2})",
        _DAY_NAME + r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        _DAY_NAME + r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})",
    )
)
_C_SHAPE: Final = re.compile(
    rf"[a-z]{{3}}\s+(?P<name>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s*{_ZONE}\s*(?P<year>\d{{4}})"
)
_MOST: Final = 80
_OLD_CENTURY: Final = 70
_NOON: Final = 12


def parse_instant(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Return the instant that a text plainly states, in UTC, or None.

    ISO 8601, RFC 822 and RFC 2822, asctime, `16 mai 2024 à 08h30`, `16/05/2024` (day first). A day without an hour is
    midnight UTC, the same day all over Europe. Bare numbers are no dates.

    Args:
        text: as found in the feed or page.
        now: instants more than a day later, or older than 1990, are implausible and so unknown.
        zone: of an hour that names none.

    >>> now = datetime(2024, 6, 1, tzinfo=UTC)
    >>> parse_instant("Thu, 16 May 2024 08:30:00 CEST", now=now).isoformat()
    '2024-05-16T06:30:00+00:00'
    >>> parse_instant("0000-00-00 00:00:00", now=now)
    """
    folded = _fold(text)
    if len(folded) > _MOST:
        return None
    for shape in (*_SHAPES, _C_SHAPE):
        if seen := shape.fullmatch(folded):
            try:
                return plausible(_instant(seen.groupdict(), zone), now=now)
            except (ValueError, OverflowError):
                return None
    return None


def zone_of(url: str, *, language: str | None) -> tzinfo:
    """Return the zone in which a site tells the time without naming one: its country's, or Paris for French ones.

    Args:
        url: of the feed or page, possibly "".
        language: what it states, such as `fr-FR`, or None.

    >>> str(zone_of("https://www.gazette.fr/rss", language=None)), str(zone_of("https://gazette.com/", language="fr"))
    ('Europe/Paris', 'Europe/Paris')
    >>> str(zone_of("https://gazette.example/", language="en"))
    'UTC'
    """
    country = (urlsplit(url).hostname or "").rpartition(".")[2]
    is_french = country in _ANYWHERE and (language or "").strip().lower()[:2] == "fr"
    name = "Europe/Paris" if is_french else _COUNTRIES.get(country)
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:  # a system without a time zone database
        return UTC


def plausible(instant: datetime | None, *, now: datetime) -> datetime | None:
    """Return the instant in UTC, or None where no article can have that date."""
    if instant is None or not _OLDEST <= instant <= now + _FUTURE:
        return None
    return instant.astimezone(UTC)


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text[: 4 * _MOST]).lower()
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


def _instant(parts: dict[str, str | None], local: tzinfo) -> datetime | None:
    digits = parts.get("month")
    month = int(digits) if digits else _MONTHS.get(parts.get("name") or "")
    if month is None:
        return None
    fraction = (parts["fraction"] or "0").ljust(6, "0")[:6]
    day = datetime(_year(parts["year"] or ""), month, int(parts["day"] or 0), tzinfo=_zone(parts, local))
    return day + timedelta(
        hours=_hour(parts),
        minutes=_below(60, parts["minute"]),
        seconds=_below(61, parts["second"]),
        microseconds=int(fraction),
    )


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:  # noqa: PLR2004  RFC 822 years have two digits
        return year
    return year + (1900 if year >= _OLD_CENTURY else 2000)


def _hour(parts: dict[str, str | None]) -> int:
    hour = _below(25, parts["hour"])
    half = (parts["half"] or "").replace(".", "")
    if half and hour > _NOON:
        raise ValueError("no such hour")
    return hour % _NOON + (_NOON if half == "pm" else 0) if half else hour


def _below(limit: int, digits: str | None) -> int:
    number = int(digits or 0)
    if number >= limit:
        raise ValueError(f"{number} is out of range")
    return number


def _zone(parts: dict[str, str | None], local: tzinfo) -> tzinfo:
    """Return the zone; an unknown name is UTC, an hour without one is local; `GMT+0200` is east of Greenwich."""
    if parts["hour"] is not None and parts["zone"] is None and parts["sign"] is None:
        return local
    named = timedelta(hours=_ZONES_H.get(parts["zone"] or "", 0))
    if parts["sign"] is None:
        return timezone(named)
    offset = timedelta(hours=_below(15, parts["zone_h"]), minutes=_below(60, parts["zone_m"]))
    return timezone(-offset if parts["sign"] == "-" else offset)
