"""`veille explain`: which rules match a text and why, which do not and why not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import typer

from monitor.cli.context import harmless, print_json, settings_of
from monitor.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from monitor.model import Page
    from monitor.settings import Settings
    from rules.types import Document, Mention

__all__ = ["check_rule", "explain", "text_document"]

_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|article|div|p)[\s>]", re.IGNORECASE)
_SNIFFED_BYTES = 4096


def explain(
    context: typer.Context,
    source: str = typer.Argument(
        metavar="FILE|URL|-", help="A text (title, lead, body), or a page; - is standard input."
    ),
    rule: str | None = typer.Option(None, metavar="ID", help="Only this rule."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Say which rules match a text and why, or why not.

    A text file is its title on line 1, its lead as the next paragraph, then the body; anything else is read as a page.
    """
    import asyncio

    from monitor.clock import SystemClock
    from monitor.rulesets import load_engine
    from rules.explain import as_dict

    settings = settings_of(context)
    engine = load_engine(settings, tested=False)
    known = {each.id: each for each in engine.pack.rules}
    check_rule(rule, known)
    analysis = engine.analyse(asyncio.run(_document(settings, source)))
    verdicts = [v for v in engine.verdicts(analysis, now=SystemClock().now()) if rule in {None, v.rule}]
    if as_json:
        told = [as_dict(verdict, known[verdict.rule], analysis, settings.language.value) for verdict in verdicts]
        print_json({"source": source, "entities": _entities(analysis.scan.mentions), "rules": told})
        return
    from monitor.cli.shown import show_analysis

    show_analysis(analysis, [(verdict, known[verdict.rule]) for verdict in verdicts], settings)


def check_rule(rule: str | None, known: Collection[str]) -> None:
    """Refuse the id of a rule that is not there.

    Raises:
        NotFoundError: the message names the nearest.
    """
    from monitor.settings import nearest

    if rule is not None and rule not in known:
        near = nearest(rule, known)
        raise NotFoundError(f"no rule {rule!r}" + (f"; did you mean {near}?" if near else ""))


def _entities(mentions: Sequence[Mention]) -> list[str]:
    return list(dict.fromkeys(mention.name for mention in mentions))


def text_document(text: str) -> Document:
    r"""Return the document of a plain text: title on line 1, lead the next paragraph, then the body.

    Examples:
        >>> text_document("Titre\n\nChapô.\n\nCorps.\n").lead
        'Chapô.'
    """
    from rules.types import Document

    title, _, rest = text.removeprefix("\ufeff").lstrip().partition("\n")
    lead, *body = re.split(r"\r?\n[ \t]*\r?\n", rest.strip(), maxsplit=1)
    return Document(title=title.strip(), lead=lead.strip(), body=body[0].strip() if body else "")


async def _document(settings: Settings, source: str) -> Document:
    from monitor.cli.inputs import fetcher, is_address, page_of, read_file

    if is_address(source):
        async with fetcher(settings) as client:
            return await _page_document(await page_of(client, source))
    given = read_file(source)
    return await _page_document(given.page()) if _is_page(given.body) else _plain_document(source, given.body)


def _is_page(body: bytes) -> bool:
    return _MARKUP.search(body[:_SNIFFED_BYTES].replace(b"\0", b"")) is not None


def _plain_document(source: str, body: bytes) -> Document:
    from monitor.charset import decode

    text = decode(body, content_type=None)
    if not text.strip():
        raise InputError(f"{source}: is empty")
    if "\0" in text:
        raise InputError(f"{source}: neither a text nor a page; give a text file, an HTML file or an address")
    return text_document("\n".join(map(harmless, text.splitlines())))


async def _page_document(page: Page) -> Document:
    from monitor import extract
    from rules.types import Document

    async with extract.worker_pool(1) as pool:
        read = await extract.read(pool, page)
    return Document(
        title=read.title,
        lead=read.lead,
        body=read.body,
        language=read.language,
        published_at=read.published_at,
        completeness=read.completeness,
        wire=read.wire,
    )
