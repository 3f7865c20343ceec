"""Stored articles, rules, and what rules say of articles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.model import ArticleId
from monitor.review import Graded, Outcome, Period
from monitor.store import ArchivedArticle
from rules.pack import load_pack
from rules.types import Document, Pack, RuleDef

NOW = datetime(2026, 5, 16, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
MATCH = Graded(12.0, match=True, near_miss=False)
NEAR = Graded(7.0, match=False, near_miss=True)
NONE = Graded(1.0, match=False, near_miss=False)


def archived(
    title: str, number: int = 1, *, at: datetime = NOW, published_at: datetime | None = None
) -> ArchivedArticle:
    document = Document(title=title, language="fr", published_at=published_at, first_seen_at=at, outlet="La Gazette")
    return ArchivedArticle(ArticleId(number), None, at, document)


def pack(*rules: str, entities: str = "") -> Pack:
    files = [(f"{number}.yaml", text) for number, text in enumerate(rules)]
    return load_pack([*files, *([("e.yaml", entities)] if entities else [])])


def rule(id_: str, word: str = "", extra: str = "") -> str:
    return f"id: {id_}\ntitle: {id_.title()}\n{extra}terms: {{a: {{any: [{word or id_}]}}}}\ncondition: a\n"


def rules(*made: str) -> tuple[RuleDef, ...]:
    return pack(*made).rules


def outcome(rule_: str, number: int, *grades: Graded | None, days_ago: float = 0) -> Outcome:
    return Outcome(rule_, ArticleId(number), NOW - timedelta(days=days_ago), grades)


def period(days: int = 30, articles: int = 100) -> Period:
    return Period(NOW - timedelta(days=days), NOW, days, articles)
