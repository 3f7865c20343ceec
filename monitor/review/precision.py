"""How many of a rule's matches are worth it, as far as a few judgements can tell."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

__all__ = ["Precision", "wilson"]

_Z = 1.959964  # 95 % of a normal distribution lie this many deviations around its mean


@dataclass(frozen=True, slots=True)
class Precision:
    """Judged matches, and the share of relevant ones with its 95 % interval; shares are None while none is judged."""

    relevant: int
    judged: int

    @property
    def share(self) -> float | None:
        """The share of relevant matches among those that were judged, from 0 to 1."""
        return self.relevant / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of that share."""
        return wilson(self.relevant, self.judged) if self.judged else None

    def __str__(self) -> str:
        if not self.judged:
            return "none judged"
        low, high = wilson(self.relevant, self.judged)
        share = self.relevant / self.judged
        return f"{self.relevant}/{self.judged} relevant, {share:.0%} (95 %: {low:.0%}–{high:.0%})"


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a share: honest for few trials, and for none or all successes.

    Args:
        successes: how many.
        trials: of how many, at least 1.

    Examples:
        >>> [round(bound, 3) for bound in wilson(8, 10)]
        [0.49, 0.943]
    """
    share = successes / trials
    spread = _Z * sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    middle = share + _Z**2 / (2 * trials)
    scale = 1 + _Z**2 / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
