"""Instants as people type and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import typer

__all__ = ["duration", "instant", "local", "span"]

_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TENTHS_BELOW_S = 10
_SPANS = ((2 * 86_400, 86_400, "d"), (3600, 3600, "h"), (60, 60, "min"))


def instant(text: str | None, zone: ZoneInfo, *, now: datetime | None = None) -> datetime | None:
    """Return the UTC instant that a person typed, or None where nothing was typed.

    Args:
        text: `2026-05-16`, `2026-05-16 07:30`, any ISO 8601 instant, or how long ago: `90m`, `24h`, `7d`.
        zone: of instants without an offset.
        now: the present, for `24h`; the system's unless given.

    Raises:
        typer.BadParameter: it is none of these.

    Examples:
        >>> instant("2026-05-16 07:30", ZoneInfo("Europe/Paris")).isoformat()
        '2026-05-16T05:30:00+00:00'
    """
    if not text:
        return None
    try:
        return _instant(text.strip(), zone, now)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no instant: write 2026-05-16, 2026-05-16 07:30, 24h or 7d") from error


def duration(text: str) -> timedelta:
    """Return how long a person typed.

    Args:
        text: `90m`, `24h`, `7d`.

    Raises:
        typer.BadParameter: it is none of these.

    Examples:
        >>> duration("24h")
        datetime.timedelta(days=1)
    """
    found = _AGO.fullmatch(text.strip())
    try:
        if found:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        pass
    raise typer.BadParameter(f"{text!r} is no length of time: write 90m, 24h or 7d")


def _instant(text: str, zone: ZoneInfo, now: datetime | None) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago:
        from monitor.clock import SystemClock

        return (now or SystemClock().now()) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant as readers see it, to the minute, or "".

    Examples:
        >>> local(datetime(2026, 5, 16, 5, 30, tzinfo=UTC), ZoneInfo("Europe/Paris"))
        '2026-05-16 07:30'
    """
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def span(seconds: float) -> str:
    """Return a duration to the unit that matters.

    >>> span(0.04), span(27), span(860), span(86_400 * 3)
    ('0.0 s', '27 s', '14 min', '3 d')
    """
    for least_s, unit_s, unit in _SPANS:
        if seconds >= least_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < _TENTHS_BELOW_S else f"{seconds:.0f} s"
