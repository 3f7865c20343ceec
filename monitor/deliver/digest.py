"""What a digest says, as a note: stories by level, what nearly matched, and how the sources are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from monitor.deliver.note import Line, Look, Note, Paragraph, Shape, Span, small
from monitor.deliver.stories import RULE_CHARS, TITLE_CHARS, by_story, story_items
from monitor.deliver.text import line, safe_url
from monitor.deliver.words import level_of
from rules.types import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.deliver.words import Words
    from monitor.model import Alert, Change, Digest, Missed, Silence, SourcesState, Story
    from rules.types import Match

__all__ = ["digest_of"]

_NAME_CHARS = 80
_NAMED = 10  # sources that fail, and silences; the others are counted
_GAPS = 5
_LEVELS = tuple(Level)


def digest_of(alert: Alert, digest: Digest, words: Words) -> Note:
    """Return what a digest says. Stories that several rules found are told once."""
    stories = by_story(alert)
    subject = _subject(digest, stories, words)
    return Note(
        subject=subject,
        level=None,
        url=None,
        opening=Paragraph(((Span(subject),),), Shape.HEADER),
        body=(),
        items=tuple(story_items(stories, words, lost=_lost(stories, digest), quoted=True)),
        closing=(
            *_near(digest.missed, words),
            *_state(digest, words),
            small((Span(" · ".join(part for part in (alert.id, words.spent(alert)) if part)),)),
        ),
        uncounted=digest.others,
        more=words.recap_more.format(count="{count}", command="\0veille matches\0"),
    )


def _lost(stories: Sequence[tuple[Story, list[Match]]], digest: Digest) -> dict[str, Change]:
    """Return the stories that no rule finds any more, with what became of their article."""
    known = {(story, rule): change for story, rule, change in digest.lost}
    found = {story.id: [known.get((story.id, match.rule.id)) for match in matches] for story, matches in stories}
    return {id_: changes[0] for id_, changes in found.items() if changes[0] is not None and None not in changes}


def _subject(digest: Digest, stories: Sequence[tuple[Story, list[Match]]], words: Words) -> str:
    told, count = words.digests, len(stories) + digest.others
    if digest.why is None:
        when = told.subject.format(day=words.day_of(digest.until), time=words.time_of(digest.until))
    else:
        when = told.held[digest.why]
    parts = [_some(told.stories, count) if count else told.nothing]
    if stories:
        top = max((level_of(match) for _, matches in stories for match in matches), key=_LEVELS.index)
        listed = sum(any(level_of(match) is top for match in matches) for _, matches in stories)
        serious = listed + digest.others_serious
        if _LEVELS.index(top) >= _LEVELS.index(Level.HIGH):
            pair = told.all_of if serious == count else told.of_which
            parts[0] += pair[serious > 1].format(count=serious, level=words.levels[top].lower())
    if digest.sources is not None and digest.sources.failing:
        parts.append(_some(told.failing, len(digest.sources.failing)))
    return f"{when} – {', '.join(parts)}"


def _near(missed: Missed | None, words: Words) -> tuple[Paragraph, ...]:
    if missed is None or not missed.near:
        return ()
    lines: list[Line] = [(Span(words.digests.near.format(count=missed.near_count), Look.BOLD),)]
    for story, match in missed.near:
        title = Span(line(story.title, TITLE_CHARS) or story.id, url=safe_url(story.sources[0].url))
        where = (
            f" – {line(story.sources[0].outlet, 100)} – {line(match.rule.title, RULE_CHARS)}, {words.strength(match)}"
        )
        lines.append((title, Span(where)))
    left_out = missed.near_count - len(missed.near)
    if left_out > 0:
        lines.append((Span(words.digests.more_near.format(count=left_out)),))
    return (Paragraph(tuple(lines)),)


def _state(digest: Digest, words: Words) -> tuple[Paragraph, ...]:
    if digest.sources is None:
        return ()
    told = words.digests
    lines: list[Line] = [(Span(told.state.format(since=words.short_date(digest.since)), Look.BOLD),)]
    lines += [(Span(part),) for part in _of_sources(digest.sources, words)]
    silences = () if digest.missed is None else digest.missed.silences
    return Paragraph(tuple(lines)), *_silenced(silences, words)


def _silenced(silences: Sequence[Silence], words: Words) -> tuple[Paragraph, ...]:
    """Return what was silenced: by which silence, whose it is, and how many alerts."""
    if not silences:
        return ()
    told, count = words.digests, sum(silence.alerts for silence in silences)
    lines: list[Line] = [(Span(_some(told.silenced, count), Look.BOLD),)]
    lines += [(Span(f"{silence.alerts} × {_named(silence, words)}"),) for silence in silences[:_NAMED]]
    if left_out := sum(silence.alerts for silence in silences[_NAMED:]):
        lines.append((Span(told.more_near.format(count=left_out)),))
    return (Paragraph(tuple(lines)),)


def _named(silence: Silence, words: Words) -> str:
    if not silence.matchers:  # it stood in the routes file, and does no more
        return silence.id
    matchers = line(", ".join(silence.matchers), _NAME_CHARS)
    return f"{matchers} – {line(silence.author, _NAME_CHARS)}{words.colon} {line(silence.reason, _NAME_CHARS)}"


def _of_sources(sources: SourcesState, words: Words) -> list[str]:
    told = words.digests
    answering = max(0, sources.feeds - len(sources.failing))
    well = told.sources[answering > 1].format(well=answering, feeds=sources.feeds)
    if sources.failing:
        counts = Counter(sources.failing)  # an outlet may have several feeds
        named = list(counts.items())[:_NAMED]
        names = [line(name, _NAME_CHARS) + f" ({count})" * (count > 1) for name, count in named]
        rest = len(sources.failing) - sum(count for _, count in named)
        names += [told.more_near.format(count=rest)] if rest else []
        well += f"{words.semicolon}{told.down.format(names=', '.join(names))}"
    lines = [well]
    for source, since, until in sources.gaps[:_GAPS]:
        ends = "…" if until is None else words.time_of(until)
        lines.append(told.gap.format(source=line(source, _NAME_CHARS), since=words.time_of(since), until=ends))
    if sources.partial:
        partial = told.partial[sources.partial > 1].format(partial=sources.partial, articles=sources.articles)
        lines.append(f"{partial[:1].upper()}{partial[1:]}")
    return lines


def _some(pair: tuple[str, str], count: int) -> str:
    return pair[count > 1].format(count=count)
