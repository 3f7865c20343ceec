"""What rules would have done on the stored articles, and what people said of what they did. Pure.

`survey` reads the articles and calls this; `cli` shows what comes out::

    ArchivedArticle --Judge--> Outcome --tally, compare--> RuleTally, Diff
    ListedEntry --whereabouts--> Whereabouts
    LedgerLine, ToldLine --tally_sources--> Tally
"""

from __future__ import annotations

from monitor.review.backtest import Period, RuleTally, period_of, tally
from monitor.review.diff import Change, DayDiff, Diff, RuleDiff, compare, sentence
from monitor.review.judging import Graded, Judge, Outcome
from monitor.review.ledger import Spread, Tally, alerts_per_day, alerts_per_rule, tally_sources
from monitor.review.overlap import never_seen, overlapping
from monitor.review.precision import Precision, wilson
from monitor.review.shadow import ShadowRecord, shadow_record
from monitor.review.suggest import Suggestion, blamed, suggestions
from monitor.review.whereabouts import (
    FeedCondition,
    Stage,
    Whereabouts,
    condition_of,
    lacks_text,
    nearest,
    newly_matching,
    whereabouts,
)

__all__ = [
    "Change",
    "DayDiff",
    "Diff",
    "FeedCondition",
    "Graded",
    "Judge",
    "Outcome",
    "Period",
    "Precision",
    "RuleDiff",
    "RuleTally",
    "ShadowRecord",
    "Spread",
    "Stage",
    "Suggestion",
    "Tally",
    "Whereabouts",
    "alerts_per_day",
    "alerts_per_rule",
    "blamed",
    "compare",
    "condition_of",
    "lacks_text",
    "nearest",
    "never_seen",
    "newly_matching",
    "overlapping",
    "period_of",
    "sentence",
    "shadow_record",
    "suggestions",
    "tally",
    "tally_sources",
    "whereabouts",
    "wilson",
]
