"""What an alert says, in a form of no service: the channels for chats and telephones only put it into their own.

A channel that shows text renders a `Note`, so that a new kind of alert is put into words once. Every text in a note is
one harmless, bounded line; what would be markup to a service is for its channel to escape.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.changes import Kind
from monitor.deliver.digest import digest_of
from monitor.deliver.incidents import error_of, headline, sentences, source_name, subject, to_do
from monitor.deliver.note import LOOKED, Line, Look, Note, Paragraph, Shape, Span, coded, small
from monitor.deliver.stories import by_story, story_items
from monitor.deliver.text import line, marked, quotes, safe_url
from monitor.deliver.troubles import (
    error_of_trouble,
    steps_for,
    trouble_headline,
    trouble_name,
    trouble_sentence,
    trouble_subject,
)
from monitor.deliver.undelivered import undelivered_of
from monitor.deliver.words import EMOJI, level_of
from monitor.model import AlertType
from rules.types import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.changes import Piece
    from monitor.deliver.words import Words
    from monitor.model import Alert, Incident, Refusal, Story, StorySource, Trouble, Update
    from rules.types import Match

__all__ = ["change_of", "note_of"]

_TITLE_CHARS = 250
_RULE_CHARS = 150
_NAME_CHARS = 80
_CODE_CHARS = 300
_ERROR_CHARS = 160

_RELOADS = {"reload": "\0systemctl reload veille\0", "signal": "\0kill -HUP PID\0"}
_COMMAND = f"{LOOKED}{{}}{LOOKED}".format
_SIGNS = {AlertType.SOURCE_RECOVERED: "✅", AlertType.SYSTEM_RECOVERED: "✅", AlertType.SOURCE_GAP: "🕳️"}


def note_of(alert: Alert, words: Words) -> Note:
    """Return what an alert says, in the readers' language."""
    if alert.refusal is not None:
        return _refusal(alert, alert.refusal, words)
    if alert.incidents:
        return _incidents(alert, words)
    if alert.troubles:
        return _troubles(alert, words)
    if alert.undelivered:
        return undelivered_of(alert, words)
    if alert.digest is not None:
        return digest_of(alert, alert.digest, words)
    return (_recap if alert.type is AlertType.STORY_RECAP else _story)(alert, words)


def change_of(alert: Alert, words: Words) -> tuple[Paragraph, ...]:
    """Return what an update changes, for those who see the story beside it: nothing where it is no update."""
    changed = _changed(alert.update, words)
    return (_opening(alert, words), *([Paragraph(changed)] if changed else []), small(_footer(alert, words)))


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
            Paragraph(((_headline(story),), _source(story.sources[0], words), *_spread(alert, words))),
            *([Paragraph(changed)] if changed else []),
            *([Paragraph(quoted, Shape.QUOTE)] if quoted and stands else []),
            *([Paragraph((_why(match, words),))] if stands else []),
        ),
        items=(),
        closing=(small(_footer(alert, words)),),
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
    return Note(
        subject=f"{words.recap_subject}{words.colon} {len(alert.matches) + alert.truncated}",
        level=None,
        url=None,
        opening=Paragraph(((Span(words.recap_intro),),), Shape.HEADER),
        body=(),
        items=story_items(by_story(alert), words),
        closing=(_reference(alert),),
        uncounted=alert.truncated,
        more=_more(words, "veille matches"),
    )


def _refusal(alert: Alert, refusal: Refusal, words: Words) -> Note:
    """Return what was wrong with a rule set, that the one before it goes on, and what to do."""
    title, live = words.refused_title(refusal), words.refused_still(refusal)
    step = words.refused_to_do.format(check="\0veille check\0", **_RELOADS)
    return Note(
        subject=words.refused_subject(refusal),
        level=None,
        url=None,
        opening=Paragraph(((Span("⚠️ "), Span(title, Look.BOLD), Span(f" · {live}")),)),
        body=(),
        items=tuple(Paragraph(((_code(text),),)) for text in (refusal.error, *refusal.errors)),
        closing=(Paragraph((_labelled(words.to_do, coded(step), words),)), _reference(alert)),
        uncounted=alert.truncated,
        more=_more(words, "veille check"),
    )


def _incidents(alert: Alert, words: Words) -> Note:
    """Return what happened to sources, and what to do."""
    note = _report(alert, headline(alert, words), to_do(alert, words, _COMMAND), words)
    items = tuple(_incident(alert, incident, words) for incident in alert.incidents)
    return replace(note, subject=subject(alert, words), items=items, more=_more(words, "veille feeds"))


def _troubles(alert: Alert, words: Words) -> Note:
    """Return what is wrong with veille itself, and what to do."""
    note = _report(alert, trouble_headline(alert, words), steps_for(alert, words, _COMMAND), words)
    items = tuple(_trouble(alert, trouble, words) for trouble in alert.troubles)
    return replace(note, subject=trouble_subject(alert, words), items=items, more=_more(words, "journalctl -u veille"))


def _report(alert: Alert, title: str, steps: Sequence[str], words: Words) -> Note:
    """Return a note that says what happened, and what to do; what it is called and of what is still to be said."""
    sign = _SIGNS.get(alert.type, "⚠️")
    return Note(
        subject=title,
        level=None,
        url=None,
        opening=Paragraph(((Span(f"{sign} "), Span(title, Look.BOLD)),)),
        body=(),
        items=(),
        closing=(
            *(Paragraph((_labelled(words.to_do, coded(step), words),)) for step in steps),
            _reference(alert),
        ),
        uncounted=alert.truncated,
    )


def _trouble(alert: Alert, trouble: Trouble, words: Words) -> Paragraph:
    name, sentence, error = (
        trouble_name(trouble, words),
        trouble_sentence(alert, trouble, words),
        error_of_trouble(trouble),
    )
    lines: list[Line] = [(Span(name, Look.BOLD),), (Span(sentence),)]
    return Paragraph((*lines, *([(_code(error, _ERROR_CHARS),)] if error else [])))


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


def _spread(alert: Alert, words: Words) -> tuple[Line, ...]:
    told = (words.spread_of(alert.stories[0]), words.joined_of(alert))
    return tuple((Span(part),) for part in told if part)


def _source(source: StorySource, words: Words) -> Line:
    parts = (
        line(source.outlet, 100),
        words.short_date(source.published_at),
        words.completeness[source.completeness],
        words.agency(source),
    )
    return (Span(" · ".join(part for part in parts if part)),)


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
    told = [part for part in (words.spent(alert), words.told_latency(alert.latency_s), words.referred(alert)) if part]
    return (Span(" · ".join([*told, ""])), Span(f"veille label {alert.id} {words.no}", Look.CODE))


def _reference(alert: Alert) -> Paragraph:
    return small((Span(alert.id),))


def _labelled(label: str, told: Line, words: Words) -> Line:
    return (Span(f"{label}{words.colon}", Look.BOLD), Span(" "), *told)


def _more(words: Words, command: str) -> str:
    return words.recap_more.format(count="{count}", command=f"{LOOKED}{command}{LOOKED}")


def _code(text: str, limit: int = _CODE_CHARS) -> Span:
    """Return a text as it stands in a file; no service lets it leave its quotes."""
    return Span(line(text, limit).replace("`", "'") or "?", Look.CODE)
