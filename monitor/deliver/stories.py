"""Several stories in one message, each once, by level: what a digest and a recap list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.deliver.note import Line, Look, Paragraph, Span
from monitor.deliver.text import line, quotes, safe_url
from monitor.deliver.words import EMOJI, level_of
from rules.types import Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.deliver.words import Words
    from monitor.model import Alert, Change, Story
    from rules.types import Match

__all__ = ["RULE_CHARS", "TITLE_CHARS", "by_story", "story_items"]

TITLE_CHARS = 250
RULE_CHARS = 100


def by_story(alert: Alert) -> list[tuple[Story, list[Match]]]:
    """Return what an alert tells: each story once, with all that matched it."""
    found: dict[str, tuple[Story, list[Match]]] = {}
    for story, match in zip(alert.stories, alert.matches, strict=True):
        found.setdefault(story.id, (story, []))[1].append(match)
    return list(found.values())


def story_items(
    stories: Sequence[tuple[Story, list[Match]]],
    words: Words,
    *,
    lost: Mapping[str, Change] | None = None,
    quoted: bool = False,
) -> tuple[Paragraph, ...]:
    """Return a paragraph for each story, with a heading where its level is another than the one before.

    Args:
        stories: each with what matched it, the most serious first.
        words: the readers' language.
        lost: by id, those that no rule finds any more, and what became of their article.
        quoted: whether the best quote of each is shown.
    """
    items: list[Paragraph] = []
    last = None
    for story, matches in stories:
        level = level_of(matches[0])
        same = sum(level_of(each[0]) is level for _, each in stories)
        heading: tuple[Line, ...] = ()
        if level is not last:
            count = f" ({same})" if same > 1 else ""
            heading = ((Span(f"{EMOJI[level]} "), Span(f"{words.levels[level].upper()}{count}", Look.BOLD)),)
        last = level
        items.append(
            Paragraph((*heading, *_item(story, matches, words, lost=(lost or {}).get(story.id), quoted=quoted)))
        )
    return tuple(items)


def _item(
    story: Story, matches: Sequence[Match], words: Words, *, lost: Change | None, quoted: bool
) -> tuple[Line, ...]:
    """Return a story with its best quote; of one that no rule finds any more, what became of it in its place."""
    source = story.sources[0]
    where = [
        f"{line(source.outlet, 100)}, {words.short_date(source.published_at)}",
        words.credited(source),
        words.carried(story),
    ]
    rules = ", ".join(f"{line(match.rule.title, RULE_CHARS)} ({words.strength(match)})" for match in matches)
    lines: list[Line] = [
        (Span(line(story.title, TITLE_CHARS) or story.id, Look.BOLD, safe_url(source.url)),),
        (Span(" · ".join(part for part in (*where, rules) if part)),),
    ]
    if lost is not None:
        happened = words.changes[lost]
        return (*lines, (Span(f"{happened[:1].upper()}{happened[1:]}", Look.BOLD),))
    best = [quote for quote in quotes(matches[0].snippets) if quoted and quote.field is not Field.TITLE]
    lines += [(Span(words.quote(f"[…] {quote.text} […]")),) for quote in best[:1]]
    return tuple(lines)
