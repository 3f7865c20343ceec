"""`veille read`: an article as veille understands it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import print_json, settings_of
from monitor.errors import VeilleError

if TYPE_CHECKING:
    from monitor.settings import Settings

__all__ = ["read"]


def read(
    context: typer.Context,
    inputs: list[str] = typer.Argument(metavar="FILE|URL", help="Pages, plain or gzip; - is standard input."),
    base: str | None = typer.Option(
        None, "--url", metavar="URL", help="The address a file comes from, for its relative links."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per input, a line each."),
) -> None:
    """Print articles as veille understands them.

    That is title, date, authors, language, completeness, lead and text.
    """
    import asyncio

    if asyncio.run(_read_all(settings_of(context), inputs, base, as_json=as_json)):
        raise typer.Exit(1)


async def _read_all(settings: Settings, inputs: list[str], base: str | None, *, as_json: bool) -> bool:
    """Read each input and print it; return whether one failed."""
    from monitor import extract
    from monitor.cli.inputs import fetcher, page_of, told
    from monitor.cli.shown import show_article

    failed = False
    async with fetcher(settings) as client, extract.worker_pool(1) as pool:
        for source in inputs:
            try:
                page = await page_of(client, source, url=base)
                extracted = await extract.read(pool, page)
            except VeilleError as error:
                failed = True
                if as_json:
                    print_json(_failure(source, base, str(error)))
                else:
                    sys.stderr.write(f"veille: {told(source, error)}\n")
                continue
            if as_json:
                print_json({"source": source, **extract.as_dict(extracted), "error": None})
            else:
                show_article(source, extracted, settings)
    return failed


def _failure(source: str, url: str | None, error: str) -> dict[str, Any]:
    return {
        "source": source,
        "url": url,
        "title": None,
        "published_at": None,
        "authors": [],
        "language": None,
        "completeness": None,
        "lead": None,
        "text": None,
        "error": error,
    }
