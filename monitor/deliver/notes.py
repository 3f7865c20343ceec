"""What an alert says, in a form of no service: the channels for chats and telephones only put it into their own.

A channel that shows text renders a `Note`, so that a new kind of alert is put into words once. Every text in a note is
one harmless, bounded line; what would be markup to a service is for its channel to escape.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from monitor.changes import Kind
from monitor.deliver.incidents import error_of, headline, sentences, source_name, subject, to_do
from monitor.deliver.text import line, marked, quotes, safe_url
from monitor.deliver.words import EMOJI, level_of
from monitor.model import AlertType
from rules.types import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.changes import Piece
    from monitor.deliver.words import Words
    from monitor.model import Alert, Incident, Refusal, Story, StorySource, Update
    from rules.types import Level, Match

__all__ = ["Line", "Look", "Note", "Paragraph", "Shape", "Span", "change_of", "note_of"]

_TITLE_CHARS = 250
_RULE_CHARS = 150
_NAME_CHARS = 80
_CODE_CHARS = 300
_ERROR_CHARS = 160

_RELOADS = {"reload": "\0systemctl reload veille\0", "signal": "\0kill -HUP PID\0"}
_SIGNS = {AlertType.SOURCE_RECOVERED: "✅", AlertType.SOURCE_GAP: "🕳️"}
_LOOKED = "\0"  # around what is code, in texts of ours; `line` leaves none in texts from outside


class Look(StrEnum):
    """How a piece of a line looks."""

    PLAIN = "plain"
    BOLD = "bold"
    STRUCK = "struck"
    CODE = "code"


class Shape(StrEnum):
    """What a paragraph is."""

    HEADER = "header"
    TEXT = "text"
    QUOTE = "quote"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. Its text may come from outside; its address is http(s), or None."""

    text: str
    look: Look = Look.PLAIN
    url: str | None = None


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand together."""

    lines: tuple[Line, ...]
    shape: Shape = Shape.TEXT


@dataclass(frozen=True, slots=True)
class Note:
    """What an alert says.

    Attributes:
        subject: one line that says it all: what a notification shows.
        level: how urgent it is; None: it is of no story, or of several.
        url: where a touch leads, http(s); None: nowhere.
        opening: the first paragraph: why this message is sent.
        body: what stands before the items.
        items: stories, problems or sources, of which a message holds as many as it can.
        closing: what stands after them.
        uncounted: how many more the alert counts and does not list.
        more: takes `count`: says how many are left out, and where to read them.
    """

    subject: str
    level: Level | None
    url: str | None
    opening: Paragraph
    body: tuple[Paragraph, ...]
    items: tuple[Paragraph, ...]
    closing: tuple[Paragraph, ...]
    uncounted: int = 0
    more: str = ""

    def most(self, fits: Callable[[Sequence[Paragraph]], bool]) -> tuple[Paragraph, ...]:
        """Return what follows the opening, with as many items as fit, the others counted (promise O2).

        Where even none fit, the last paragraphs of the body go too; the first, which is the headline, stays.

        Args:
            fits: whether a message can hold these paragraphs.
        """
        fewer = (self._told(count, self.body) for count in range(len(self.items), -1, -1))
        shorter = (self._told(0, self.body[:kept]) for kept in range(len(self.body) - 1, 0, -1))
        return next((told for told in (*fewer, *shorter) if fits(told)), self._told(0, self.body[:1]))

    def _told(self, count: int, body: tuple[Paragraph, ...]) -> tuple[Paragraph, ...]:
        left_out = self.uncounted + len(self.items) - count
        more = (_small(_coded(self.more.format(count=left_out))),) if left_out else ()
        return (*body, *self.items[:count], *more, *self.closing)


def note_of(alert: Alert, words: Words) -> Note:
    """Return what an alert says, in the readers' language."""
    if alert.refusal is not None:
        return _refusal(alert, alert.refusal, words)
    if alert.incidents:
        return _incidents(alert, words)
    return (_recap if alert.type is AlertType.STORY_RECAP else _story)(alert, words)


def change_of(alert: Alert, words: Words) -> tuple[Paragraph, ...]:
    """Return what an update changes, for those who see the story beside it: nothing where it is no update."""
    changed = _changed(alert.update, words)
    return (_opening(alert, words), *([Paragraph(changed)] if changed else []), _small(_footer(alert, words)))


def _story(alert: Alert, words: Words) -> Note:
    story, match = alert.stories[0], alert.matches[0]
    stands = alert.update is None or alert.update.after.level is not None
    changed, quoted = _changed(alert.update, words), _quotes(match, words)
    what = "" if alert.update is None else f"{words.happened(alert)}{words.colon} "
    level, rule = words.levels[level_of(match)], line(match.rule.title, _RULE_CHARS)
    return Note(
        subject=f"[{level}] {rule} – {what}{line(story.title, _TITLE_CHARS)}",
        level=level_of(match),
        url=safe_url(story.sources[0].url),
        opening=_opening(alert, words),
        body=(
            Paragraph(((_headline(story),), _source(story.sources[0], words))),
            *([Paragraph(changed)] if changed else []),
            *([Paragraph(quoted, Shape.QUOTE)] if quoted and stands else []),
            *([Paragraph((_why(match, words),))] if stands else []),
        ),
        items=(),
        closing=(_small(_footer(alert, words)),),
    )


def _opening(alert: Alert, words: Words) -> Paragraph:
    match = alert.matches[0]
    level = words.levels[level_of(match)]
    return Paragraph(
        (
            (
                Span(f"{EMOJI[level_of(match)]} "),
                Span(f"{level} · {line(match.rule.title, _RULE_CHARS)}", Look.BOLD),
                Span(f" · {words.happened(alert)}"),
            ),
        )
    )


def _recap(alert: Alert, words: Words) -> Note:
    items = [
        Paragraph(
            (
                (Span(f"{EMOJI[level_of(match)]} "), _headline(story)),
                _source(story.sources[0], words),
                (Span(f"{line(match.rule.title, _RULE_CHARS)}, {words.strength(match)}"),),
            )
        )
        for story, match in zip(alert.stories, alert.matches, strict=True)
    ]
    return Note(
        subject=f"{words.recap_subject}{words.colon} {len(items) + alert.truncated}",
        level=None,
        url=None,
        opening=Paragraph(((Span(words.recap_intro),),), Shape.HEADER),
        body=(),
        items=tuple(items),
        closing=(_reference(alert),),
        uncounted=alert.truncated,
        more=_more(words, "veille matches"),
    )


def _refusal(alert: Alert, refusal: Refusal, words: Words) -> Note:
    """Return what was wrong with a rule set, that the one before it goes on, and what to do."""
    title = words.reasons[alert.reason].capitalize()
    live = words.refused_live.format(count=refusal.rules_live)
    step = words.refused_to_do.format(check="\0veille check\0", **_RELOADS)
    return Note(
        subject=f"{title}{words.colon} {line(words.refused_first(refusal), 150)}",
        level=None,
        url=None,
        opening=Paragraph(((Span("⚠️ "), Span(title, Look.BOLD), Span(f" · {live}")),)),
        body=(),
        items=tuple(Paragraph(((_code(text),),)) for text in (refusal.error, *refusal.errors)),
        closing=(Paragraph((_labelled(words.to_do, _coded(step), words),)), _reference(alert)),
        uncounted=alert.truncated,
        more=_more(words, "veille check"),
    )


def _incidents(alert: Alert, words: Words) -> Note:
    """Return what happened to sources, and what to do."""
    sign = _SIGNS.get(alert.type, "⚠️")
    steps = to_do(alert, words, f"{_LOOKED}{{}}{_LOOKED}".format)
    return Note(
        subject=subject(alert, words),
        level=None,
        url=None,
        opening=Paragraph(((Span(f"{sign} "), Span(headline(alert, words), Look.BOLD)),)),
        body=(),
        items=tuple(_incident(alert, incident, words) for incident in alert.incidents),
        closing=(
            *(Paragraph((_labelled(words.to_do, _coded(step), words),)) for step in steps),
            _reference(alert),
        ),
        uncounted=alert.truncated,
        more=_more(words, "veille feeds"),
    )


def _incident(alert: Alert, incident: Incident, words: Words) -> Paragraph:
    source, error, old_url = incident.source, error_of(incident), incident.old_url
    name = line(source_name(source), _NAME_CHARS) or source.host
    lines: list[Line] = [(Span(name, Look.BOLD, safe_url(source.address)),)]
    lines += [(Span(sentence),) for sentence in sentences(alert, incident, words)]
    if error:
        lines.append((_code(error, _ERROR_CHARS),))
    if old_url:
        lines.append((Span(f"{words.sources.old_url}{words.colon} "), _code(old_url, _ERROR_CHARS)))
    return Paragraph(tuple(lines))


def _changed(update: Update | None, words: Words) -> tuple[Line, ...]:
    """Return how title and level changed, a line each."""
    if update is None:
        return ()
    level = words.relevelled(update)
    told = ((words.title, _pieces(words.retitled(update))), (words.level, (Span(level),) if level else ()))
    return tuple(_labelled(label, change, words) for label, change in told if change)


def _pieces(pieces: Sequence[Piece]) -> Line:
    """Return a difference: what went is struck out, what came is bold."""
    looks = {Kind.OLD: Look.STRUCK, Kind.NEW: Look.BOLD, Kind.SAME: Look.PLAIN}
    spans = [span for piece in pieces for span in (Span(" "), Span(piece.text, looks[piece.kind]))]
    return tuple(spans[1:])


def _headline(story: Story) -> Span:
    return Span(line(story.title, _TITLE_CHARS) or story.id, Look.BOLD, safe_url(story.sources[0].url))


def _source(source: StorySource, words: Words) -> Line:
    parts = (
        line(source.outlet, 100),
        words.short_date(source.published_at),
        words.completeness[source.completeness],
        words.agency(source),
    )
    return (Span(" · ".join(parts)),)


def _quotes(match: Match, words: Words) -> tuple[Line, ...]:
    """Return the quotes, save the title's: it stands above."""
    opened, closed = words.quote("[…] \0 […]").split("\0")
    return tuple(
        (
            Span(opened),
            *(Span(part, Look.BOLD if is_term else Look.PLAIN) for part, is_term in marked(snippet)),
            Span(closed),
        )
        for snippet in quotes(match.snippets)
        if snippet.field is not Field.TITLE
    )


def _why(match: Match, words: Words) -> Line:
    told = " · ".join(part for part in (words.seen(match), words.strength(match)) if part)
    return _labelled(words.why, (Span(told),), words)


def _footer(alert: Alert, words: Words) -> Line:
    told = [part for part in (words.told_latency(alert.latency_s), words.referred(alert)) if part]
    return (Span(" · ".join([*told, ""])), Span(f"veille label {alert.id} {words.no}", Look.CODE))


def _reference(alert: Alert) -> Paragraph:
    return _small((Span(alert.id),))


def _labelled(label: str, told: Line, words: Words) -> Line:
    return (Span(f"{label}{words.colon}", Look.BOLD), Span(" "), *told)


def _more(words: Words, command: str) -> str:
    return words.recap_more.format(count="{count}", command=f"{_LOOKED}{command}{_LOOKED}")


def _small(told: Line) -> Paragraph:
    return Paragraph((told,), Shape.SMALL)


def _code(text: str, limit: int = _CODE_CHARS) -> Span:
    """Return a text as it stands in a file; no service lets it leave its quotes."""
    return Span(line(text, limit).replace("`", "'") or "?", Look.CODE)


def _coded(text: str) -> Line:
    """Return a text of ours, in which commands are marked."""
    parts = enumerate(text.split(_LOOKED))
    return tuple(Span(part, Look.CODE if place % 2 else Look.PLAIN) for place, part in parts if part)
