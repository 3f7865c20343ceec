"""What a rule did in the log while it was tried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.review.backtest import days_of
from monitor.review.precision import Precision
from rules.types import RuleDef, Status

if TYPE_CHECKING:
    from monitor.store import ShadowMatch

__all__ = ["ShadowRecord", "shadow_record"]


@dataclass(frozen=True, slots=True)
class ShadowRecord:
    """Matches of one rule in the log. `silent` of them told nobody; `older` are of an earlier text of the rule."""

    matches: int
    near_misses: int
    silent: int
    older: int
    days: tuple[tuple[date, int], ...]
    labels: Precision


def shadow_record(found: Sequence[ShadowMatch], rule: RuleDef, *, zone: ZoneInfo) -> ShadowRecord:
    """Sum up what the log holds of a rule.

    Args:
        found: its matches and near misses.
        rule: as it is now.
        zone: the readers', whose days are counted.
    """
    matches = [one for one in found if not one.near_miss]
    told = [one.relevant for one in matches if one.relevant is not None]
    return ShadowRecord(
        matches=len(matches),
        near_misses=len(found) - len(matches),
        silent=sum(one.status is Status.EXPERIMENTAL for one in matches),
        older=sum(one.version != rule.version for one in matches),
        days=days_of((one.matched_at for one in matches), zone),
        labels=Precision(sum(told), len(told)),
    )
