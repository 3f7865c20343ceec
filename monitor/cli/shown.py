"""What people see in the terminal: a match, an analysis, a feed, an article, with the terms highlighted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from monitor.cli.context import print_json
from monitor.cli.when import local

if TYPE_CHECKING:
    from monitor.extract import Extracted
    from monitor.model import ParsedFeed
    from monitor.settings import Settings
    from monitor.store import MatchDetail
    from rules.engine import Analysis
    from rules.types import Evidence, RuleDef, Snippet, Verdict

__all__ = [
    "console",
    "highlighted",
    "marked",
    "show_analysis",
    "show_article",
    "show_feed",
    "show_match",
    "show_verdict",
]

_TERM = "bold yellow"
_MAX_ENTRIES = 20
_OF_RULE = ("id", "version", "title", "level", "status", "labels", "tags")  # what the log keeps of it


def console() -> Console:
    """Return a console that never wraps or colours what a program reads."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    return console


def highlighted(text: str, spans: Iterable[tuple[int, int]]) -> Text:
    """Return the text with these spans standing out."""
    shown = Text(text)
    for start, end in spans:
        shown.stylize(_TERM, start, end)
    return shown


def marked(snippet: Snippet) -> Text:
    """Return a quoted sentence with its terms standing out."""
    quote = highlighted(snippet.text, [(start, end) for start, end, _ in snippet.marks])
    return Text.assemble("    « ", quote, " »")


def show_analysis(analysis: Analysis, judged: Sequence[tuple[Verdict, RuleDef]], settings: Settings) -> None:
    """Print what each rule says of a text: matches first, with their sentences."""
    from monitor.settings import Language

    out = console()
    document = analysis.document
    english = settings.language is Language.EN
    out.print(Text(document.title or ("(no title)" if english else "(sans titre)"), style="bold"))
    names = ", ".join(dict.fromkeys(mention.name for mention in analysis.scan.mentions))
    names = names or ("none" if english else "aucune")
    masks = ", ".join(dict.fromkeys(f"« {mask.text} »" for mask in analysis.scan.masks))
    ignored = ("; ignored: " if english else " ; ignoré : ") + masks if masks else ""
    out.print(Text(f"{'entities: ' if english else 'entités : '}{names}{ignored}"))
    best_first = sorted(judged, key=lambda each: (not each[0].match, -each[0].score, each[0].rule))
    for verdict, rule in best_first:
        out.print()
        show_verdict(out, verdict, rule, analysis, settings)


def show_verdict(out: Console, verdict: Verdict, rule: RuleDef, analysis: Analysis, settings: Settings) -> None:
    """Print what one rule says of a text: a line, and of a match its sentences."""
    from rules.explain import explain, snippets

    mark = "✔" if verdict.match else ("~" if verdict.near_miss else "✘")
    style = "green" if verdict.match else ("yellow" if verdict.near_miss else "red")
    out.print(Text.assemble((mark, style), " ", explain(verdict, rule, analysis, settings.language.value)))
    if verdict.match:
        for snippet in snippets(verdict, analysis):
            out.print(marked(snippet))


def show_match(detail: MatchDetail, settings: Settings, *, as_json: bool) -> None:
    """Print one stored match with its explanation and its text, terms highlighted."""
    from dataclasses import asdict

    from monitor.settings import Language

    if as_json:
        match = asdict(detail.match)
        match["rule"] = {name: match["rule"][name] for name in _OF_RULE}
        print_json(asdict(detail) | {"match": match})
        return
    out = console()
    line, verdict, article = detail.line, detail.match.verdict, detail.article
    out.print(Text(article.title, style="bold"))
    out.print(
        Text(f"{line.outlet} · {local(line.published_at, settings.zone) or 'undated'} · {line.completeness.value}")
    )
    out.print(Text(line.url or "(no link)"))
    threshold = "no threshold" if verdict.threshold is None else f"threshold {verdict.threshold:g}"
    level = verdict.level or "near miss"
    joined = f"joined {line.joined_alert_id}" if line.joined_alert_id else "not alerted"
    out.print(Text(f"{line.alert_id or joined} · {line.rule} · {level} · {verdict.score:.1f} points, {threshold}"))
    for part in verdict.contributions:
        where = f"{part.field.value}, {part.count} ×" if part.count > 1 else part.field.value
        out.print(Text(f"  {part.term:<16} {part.points:6.1f}  « {part.best} » ({where})"))
    masks = ", ".join(dict.fromkeys(f"« {mask.text} »" for mask in detail.match.masks))
    if masks:
        out.print(Text(f"  ignored: {masks}"))
    if verdict.gate is not None:
        english = settings.language is Language.EN and verdict.gate.missing_en
        out.print(Text(f"  missing: {english or verdict.gate.missing}"))
    for snippet in detail.match.snippets:
        out.print(marked(snippet))
    _show_history(out, detail, settings)
    _show_changes(out, detail, settings)
    same_text = detail.match.text_sha256 == article.text_sha256
    out.print()
    for name, text in (("lead", article.lead), ("body", article.body)):
        if text:
            out.print(highlighted(text, _spans(verdict.evidence, name) if same_text else ()))
            out.print()


def _show_history(out: Console, detail: MatchDetail, settings: Settings) -> None:
    """Print who was told, what else that alert tells, and what people said."""
    for delivery in detail.deliveries:
        out.print(Text(f"  {delivery.receiver}: {delivery.state.value}, {delivery.attempts} attempt(s)"))
    if detail.others:
        numbers = ", ".join(str(other.id) for other in detail.others[:_MAX_ENTRIES])
        more = ", …" if len(detail.others) > _MAX_ENTRIES else ""
        out.print(Text(f"  the best of {len(detail.others) + 1} matches that this alert tells; also {numbers}{more}"))
    for at, relevant in detail.labels:
        out.print(Text(f"  judged {'oui' if relevant else 'non'} on {local(at, settings.zone)}"))


def _show_changes(out: Console, detail: MatchDetail, settings: Settings) -> None:
    """Print what became of the article since it matched: gone, found no more, or another text."""
    line, article = detail.line, detail.article
    if line.withdrawn_at is not None:
        out.print(Text(f"  the page is gone since {local(line.withdrawn_at, settings.zone)}: {article.page_error}"))
    if line.lost_at is not None:
        why = "the page was withdrawn" if line.is_lost_with_page else "the article changed"
        out.print(Text(f"  not found any more since {local(line.lost_at, settings.zone)}: {why}"))
    if detail.match.text_sha256 != article.text_sha256:
        read_later = "matched in what the feed said; the page was read later, this is its text"
        changed = f"matched in an earlier text, this is the present one; `veille revisions {line.id}` compares them"
        out.print(Text(f"  {changed if detail.revisions else read_later}"))


def _spans(evidence: Iterable[Evidence], field: str) -> list[tuple[int, int]]:
    return [(found.start, found.end) for found in evidence if found.field.value == field]


def show_article(source: str, article: Extracted, settings: Settings) -> None:
    """Print an article as veille understands it."""
    out = console()
    out.print(Text(article.title or "(no title)", style="bold"))
    facts: list[Any] = [
        local(article.published_at, settings.zone) or "undated",
        ", ".join(article.authors) or "no author",
        article.language or "language unknown",
        article.completeness.value,
        article.way,
        f"{len(article.body.split())} words",
    ]
    out.print(Text(" · ".join(facts)))
    out.print(Text(article.url or source))
    for text in (article.lead, article.body):
        if text:
            out.print()
            out.print(Text(text))


def show_feed(source: str, parsed: ParsedFeed, settings: Settings) -> None:
    """Print the entries of a feed as veille understands them."""
    out = console()
    out.print(Text(f"{parsed.title or '(no title)'} · {parsed.format} · {len(parsed.entries)} entries", style="bold"))
    out.print(Text(source))
    if parsed.note:
        out.print(Text(f"note: {parsed.note}"))
    if parsed.truncated:
        out.print(Text("note: the document is cut short; its last entry was left out"))
    if parsed.dropped:
        out.print(Text(f"note: {parsed.dropped} entries more than are read"))
    for entry in parsed.entries[:_MAX_ENTRIES]:
        out.print(Text(f"  {local(entry.published_at, settings.zone) or 'undated':16}  {entry.title or '(no title)'}"))
        out.print(Text(f"                    {entry.link or '(no link)'}"))
    if len(parsed.entries) > _MAX_ENTRIES:
        out.print(Text(f"  … and {len(parsed.entries) - _MAX_ENTRIES} more (--json prints all)"))
