"""`veille feeds`: what is polled and how it fares; add, import, export, pause; read one as veille reads it."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.context import log, print_json, print_table, settings_of
from monitor.cli.groups import ListingGroup
from monitor.errors import NotFoundError, SettingsError, VeilleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.cli.checkup import Checkup
    from monitor.model import Feed, FeedId, FeedState, Incident
    from monitor.settings import Settings
    from monitor.store import HeldHost

__all__ = ["app"]

app = typer.Typer(cls=ListingGroup, rich_markup_mode=None, help="List the feeds with their health; add, import, pause.")


@app.command("list")
def list_(
    context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object a line.")
) -> None:
    """List the feeds with their health (what no command means).

    A host that asked to be left alone (Retry-After) is `left alone until` then; where it was one of its pages that was
    told so, its feeds are polled again after an hour at most.
    """
    from monitor.cli.when import local

    settings = settings_of(context)
    states, incidents, held = _states(settings), _incidents(settings), _held(settings)
    if as_json:
        hubs = _hubs(settings)
        for state in states:
            told = {"incidents": list(map(_told, incidents.get(state.id, ()))), "subscription": hubs.get(state.id)}
            print_json({**_health(state), **_until(held.get(state.host)), **told})
        return
    print_table(
        "Feeds",
        ("id", "status", "outlet", "last good poll", "next poll", "failures", "remark", "address"),
        [
            (
                state.id,
                ", ".join(
                    [
                        state.status.value,
                        *_trouble(incidents.get(state.id, ()), settings),
                        *_waits(held.get(state.host), settings),
                    ]
                ),
                state.feed.outlet or state.feed.title,
                local(state.last_ok_at, settings.zone),
                local(state.next_due_at, settings.zone),
                state.failures or "",
                _remark(state),
                state.feed.url,
            )
            for state in states
        ],
    )
    if not states:
        sys.stderr.write("No feed. `veille feeds add URL` declares one, the next `veille poll` polls it.\n")


def _states(settings: Settings) -> tuple[FeedState, ...]:
    """Return the feeds of the log; before the first poll declares them there, those of the feeds file."""
    from urllib.parse import urlsplit

    from monitor import sources
    from monitor.model import FeedId, FeedState, FeedStatus

    states = _logged(settings)
    if states or settings.feeds is None:
        return states
    return tuple(
        FeedState(FeedId(number), feed, urlsplit(feed.url).netloc, FeedStatus.ACTIVE)
        for number, feed in enumerate(sources.read_feeds(settings.feeds), start=1)
    )


def _logged(settings: Settings) -> tuple[FeedState, ...]:
    """Return the feeds of the log; none where a feeds file waits for the first poll to make one."""
    from monitor.store.connection import database_path

    if settings.feeds is not None and not database_path(settings.database).exists():
        return ()
    with log(settings) as store:
        return store.feeds()


def _incidents(settings: Settings) -> dict[FeedId, list[Incident]]:
    """Return what is wrong with feeds now, by feed."""
    from monitor.store.connection import database_path

    found: dict[FeedId, list[Incident]] = {}
    if database_path(settings.database).exists():
        with log(settings) as store:
            for incident in filter(_lasts, store.open_incidents()):
                found.setdefault(incident.source.id, []).append(incident)
    return found


def _held(settings: Settings) -> dict[str, HeldHost]:
    """Return the hosts that asked to be left alone, by name."""
    from monitor.clock import SystemClock
    from monitor.store.connection import database_path

    if not database_path(settings.database).exists():
        return {}
    with log(settings) as store:
        return {host.name: host for host in store.held_hosts(now=SystemClock().now())}


def _lasts(incident: Incident) -> bool:
    """Return whether it is so now. A poll or `resume` ends it at once, and the daemon notes that at its next round."""
    from monitor.model import FeedStatus, IncidentKind

    if incident.kind is IncidentKind.FAILING:
        return incident.source.failures > 0
    return incident.kind is not IncidentKind.GONE or incident.source.status is FeedStatus.GONE


def _hubs(settings: Settings) -> dict[FeedId, dict[str, Any]]:
    """Return who tells of a feed's changes, by feed, until when, and whether that hub keeps its word."""
    from monitor.store.connection import database_path

    if not database_path(settings.database).exists():
        return {}
    with log(settings) as store:
        return {
            one.feed_id: {
                "hub": one.hub,
                "until": one.lease_until,
                "trusted": one.is_trusted,
                "error": one.last_error,
            }
            for one in store.subscriptions()
        }


def _told(incident: Incident) -> dict[str, Any]:
    return {"kind": incident.kind.value, "since": incident.began_at, "told": incident.told}


def _trouble(incidents: Sequence[Incident], settings: Settings) -> list[str]:
    """Return what is wrong with a feed beside its status: `failing since 16/05 08:12`."""
    from monitor.cli.when import local

    return [
        f"{incident.kind.value} since {local(incident.began_at, settings.zone)}"
        for incident in incidents
        if incident.kind.value != incident.source.status.value
    ]


def _until(host: HeldHost | None) -> dict[str, Any]:
    return {"held_until": host and host.feeds_until, "pages_held_until": host and host.pages_until}


def _waits(host: HeldHost | None, settings: Settings) -> list[str]:
    """Return until when a host asked to be left alone: `left alone until 16/05 08:12`."""
    from monitor.cli.when import local

    if host is None:
        return []
    waits = (("", host.feeds_until), ("pages ", host.pages_until))
    return [f"{what}left alone until {local(until, settings.zone)}" for what, until in waits if until]


def _remark(state: FeedState) -> str | None:
    """Return what is to be said of a feed: that it fails, where it moved, or what was hard to read."""
    if state.failures:
        return state.last_error
    if state.polled_url is not None:
        return f"moved for good, and polled at {state.polled_url}"
    if state.moved_to is not None:
        return f"redirected for good to {state.moved_to}"
    return state.note


def _health(state: FeedState) -> dict[str, Any]:
    return {
        "id": state.id,
        "url": state.feed.url,
        "title": state.feed.title,
        "outlet": state.feed.outlet,
        "status": state.status.value,
        "last_polled_at": state.last_polled_at,
        "last_ok_at": state.last_ok_at,
        "next_due_at": state.next_due_at,
        "failures": state.failures,
        "last_reason": state.last_reason,
        "last_error": state.last_error,
        "note": state.note,
        "moved_to": state.moved_to,
        "polled_url": state.polled_url,
    }


@app.command()
def add(
    context: typer.Context,
    url: str = typer.Argument(help="A feed's address, or a site's home page."),
    title: str | None = typer.Option(None, metavar="TEXT", help="What to call it."),
    outlet: str | None = typer.Option(None, metavar="TEXT", help="The outlet it belongs to."),
    unchecked: bool = typer.Option(False, "--unchecked", help="Write it down without looking whether it is a feed."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per feed, a line each."),
) -> None:
    """Add a feed, or those that a home page names.

    Where the page names none, the usual addresses are tried, then the site's sitemaps. They are written into the feeds
    file; the daemon polls them at its next round.
    """
    import asyncio

    from monitor import sources
    from monitor.model import Feed

    settings = settings_of(context)
    path = _feeds_file(settings)
    if unchecked:
        found: tuple[Feed, ...] = (Feed(url=url, title=title, outlet=outlet),)
    else:
        found = asyncio.run(_found(settings, url, title=title, outlet=outlet))
    added = sources.add_feeds(path, found)
    for feed in found:
        if as_json:
            print_json({"url": feed.url, "title": feed.title, "added": feed in added})
        else:
            done = "added" if feed in added else "already there"
            sys.stdout.write(f"{done}: {feed.url}" + (f" ({feed.title})" if feed.title else "") + "\n")


@app.command()
def search(
    words: list[str] = typer.Argument(metavar="WORD", help="Words of the outlet, section, kind, country or address."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Find feeds in the catalogue that comes with veille."""
    from dataclasses import asdict

    from monitor import sources

    found = sources.search(" ".join(words))
    if as_json:
        for known in found:
            print_json(asdict(known))
        return
    rows = [(known.outlet, known.section, known.country, known.kind, known.url) for known in found]
    print_table("Catalogue", ("outlet", "section", "country", "kind", "address"), rows)
    if not found:
        sys.stderr.write("Nothing in the catalogue holds all these words. `veille feeds add` takes any address.\n")


@app.command()
def remove(
    context: typer.Context,
    ref: str = typer.Argument(help="The feed's number or address."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Take a feed out of the feeds file.

    It is polled no more; the log keeps what it gave. Numbers are those that `veille feeds` lists.
    """
    from monitor import sources

    settings = settings_of(context)
    path = _feeds_file(settings)
    url = ref
    if ref.isdigit():
        url = next((state.feed.url for state in _states(settings) if str(state.id) == ref), "")
        if not url:
            raise NotFoundError(f"no feed {ref}; `veille feeds` lists them")
    if not sources.remove_feed(path, url):
        raise NotFoundError(f"{url}: not in {path}; `veille feeds export` shows what is")
    _say({"removed": url}, as_json=as_json)


@app.command("import")
def import_(
    context: typer.Context,
    source: Path = typer.Argument(metavar="OPML", help="OPML, or one address a line."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Add every feed of an OPML file to the feeds file."""
    from monitor import sources

    feeds = sources.read_feeds(source)
    added = sources.add_feeds(_feeds_file(settings_of(context)), feeds)
    _say({"added": len(added), "already there": len(feeds) - len(added)}, as_json=as_json)


@app.command()
def export(context: typer.Context) -> None:
    """Print the feeds file as OPML."""
    from monitor import sources

    sys.stdout.buffer.write(sources.export_opml(sources.read_feeds(_feeds_file(settings_of(context)))))


@app.command()
def check(
    context: typer.Context,
    refs: list[str] = typer.Argument(
        None, metavar="REF", help="Numbers or addresses of feeds, or any address; without one, every feed."
    ),
    at_once: int = typer.Option(8, "--at-once", min=1, max=50, metavar="N", help="Hosts asked at the same time."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per feed, a line each."),
) -> None:
    """Look at each feed and say how it is.

    What it answers, its format, entries and the age of the newest, redirects, robots.txt, charset; where there is no
    feed any more, those that its site has; and what was wrong with it for the daemon. Each host is asked one thing at a
    time; nothing is stored.

    The exit code is 1 where a feed cannot be read.
    """
    import asyncio

    settings = settings_of(context)
    looked = asyncio.run(_looked_at(settings, _chosen(settings, refs or []), at_once=at_once))
    looked = _with_incidents(looked, settings)
    if as_json:
        for one in looked:
            print_json(one.as_dict())
    else:
        _show_checkups(looked, settings)
    if any(one.error is not None for one in looked):
        raise typer.Exit(1)


@app.command()
def pause(
    context: typer.Context,
    ref: str = typer.Argument(help="The feed's number or address."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Stop polling a feed until it is resumed."""
    _set_paused(context, ref, paused=True, as_json=as_json)


@app.command()
def resume(
    context: typer.Context,
    ref: str = typer.Argument(help="The feed's number or address."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Poll a paused feed again, or one that was gone.

    Its next poll is as a first one: what it listed meanwhile comes in one recap, not as alerts.
    """
    _set_paused(context, ref, paused=False, as_json=as_json)


@app.command()
def parse(
    context: typer.Context,
    inputs: list[str] = typer.Argument(metavar="FILE|URL", help="Feed documents, plain or gzip; - is standard input."),
    base: str | None = typer.Option(
        None, "--url", metavar="URL", help="The address a file comes from, for its relative links."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per input, a line each."),
) -> None:
    """Print the entries of feeds as veille reads them."""
    import asyncio

    settings = settings_of(context)
    if asyncio.run(_parse_all(settings, inputs, base, as_json=as_json)):
        raise typer.Exit(1)


# --- helpers --------------------------------------------------------------------------------------------------------


def _feeds_file(settings: Settings) -> Path:
    if settings.feeds is None:
        raise SettingsError("VEILLE_FEEDS is not set: name a feeds file, or let `veille init` write one")
    return settings.feeds


def _set_paused(context: typer.Context, ref: str, *, paused: bool, as_json: bool) -> None:
    from monitor import sources
    from monitor.clock import SystemClock

    settings = settings_of(context)
    if settings.feeds is not None and not _logged(settings):
        raise NotFoundError(
            f"{ref}: no feed was polled yet, so none can be paused or resumed; `veille poll` or `veille run` begins, "
            "`veille feeds remove` takes one out before"
        )
    with log(settings, write=True) as store:
        state = store.feed(ref)
        path = settings.feeds
        if not paused and path is not None and state.feed.url not in {feed.url for feed in sources.read_feeds(path)}:
            raise NotFoundError(f"{state.feed.url}: no longer in {path}; `veille feeds add` puts it back")
        store.pause_feed(state.id, paused=paused, now=SystemClock().now())
    _say({"paused" if paused else "resumed": state.feed.url}, as_json=as_json)


def _say(done: dict[str, Any], *, as_json: bool) -> None:
    """Print what was done: `removed: https://…`, `3 added, 1 already there`."""
    if as_json:
        print_json(done)
        return
    told = (f"{value} {name}" if isinstance(value, int) else f"{name}: {value}" for name, value in done.items())
    sys.stdout.write(", ".join(told) + "\n")


def _chosen(settings: Settings, refs: list[str]) -> tuple[Feed, ...]:
    """Return the feeds that references name, each once; all without any."""
    from monitor.cli.inputs import is_address
    from monitor.model import Feed

    known: dict[str, Feed] = {}
    # addresses can be looked at before there is a log or a feeds file
    with suppress(VeilleError) if refs and all(map(is_address, refs)) else nullcontext():
        known = {name: state.feed for state in _states(settings) for name in (str(state.id), state.feed.url)}
    for ref in refs:
        if ref not in known and not is_address(ref):
            raise NotFoundError(f"no feed {ref}")
    chosen = [known.get(ref) or Feed(url=ref) for ref in refs] if refs else list(known.values())
    return tuple({feed.url: feed for feed in chosen}.values())


async def _looked_at(settings: Settings, feeds: tuple[Feed, ...], *, at_once: int) -> tuple[Checkup, ...]:
    from monitor.cli.checkup import check_all
    from monitor.cli.probing import prober
    from monitor.cli.progress import progress
    from monitor.clock import SystemClock

    async with prober(settings) as probe:
        with progress("feeds") as done:
            return await check_all(probe, feeds, now=SystemClock().now(), at_once=at_once, done=done)


def _with_incidents(looked: tuple[Checkup, ...], settings: Settings) -> tuple[Checkup, ...]:
    """Return what was seen of feeds, with what was wrong with them for the daemon."""
    from dataclasses import replace

    known: dict[str, list[str]] = {}
    for incidents in _incidents(settings).values():
        remarks = [f"for the daemon {trouble}" for trouble in _trouble(incidents, settings)]
        known.setdefault(incidents[0].source.feed.url, []).extend(remarks)
    return tuple(replace(one, remarks=(*one.remarks, *known.get(one.url, ()))) for one in looked)


def _show_checkups(looked: tuple[Checkup, ...], settings: Settings) -> None:
    from monitor.cli.when import local

    columns = ("", "status", "format", "entries", "newest", "remark", "outlet", "address")
    rows = []
    for one in looked:
        remarks = [
            *([one.error] if one.error else []),
            *one.remarks,
            *(f"its site has {offer}" for offer in one.offers),
        ]
        state = "failed" if one.error else "ok"
        newest = local(one.newest_at, settings.zone)
        rows.append((state, one.status, one.format, one.entries or "", newest, "; ".join(remarks), one.outlet, one.url))
    print_table("Feeds", columns, rows)
    failed = sum(one.error is not None for one in looked)
    sys.stderr.write(f"{len(looked)} feeds, {failed} of them cannot be read.\n")


async def _found(settings: Settings, url: str, *, title: str | None, outlet: str | None) -> tuple[Feed, ...]:
    """Return the feeds behind an address: itself, or those of its site."""
    from monitor.cli.probing import prober
    from monitor.errors import FeedError, InputError
    from monitor.model import Feed

    async with prober(settings) as probe:
        answer = await probe.fetch(url)
        if not answer.is_success:
            raise InputError(f"{url}: answered {answer.status}; look at it in a browser, or use --unchecked")
        try:
            parsed = await probe.parse(answer)
        except FeedError:
            found = await probe.feeds_of(answer.body, answer.url)
            if not found:
                raise InputError(
                    f"{url}: no feed there, and the page names none; give the feed's own address"
                ) from None
            return tuple(
                Feed(url=link.url, title=title or named.title or link.title, outlet=outlet) for link, named in found
            )
        return (Feed(url=url, title=title or parsed.title, outlet=outlet),)


async def _parse_all(settings: Settings, inputs: list[str], base: str | None, *, as_json: bool) -> bool:
    """Parse each input and print it; return whether one failed."""
    from monitor import feeds
    from monitor.cli.inputs import is_address, read_file, told
    from monitor.cli.probing import prober
    from monitor.cli.shown import show_feed

    failed = False
    async with prober(settings) as probe:
        for source in inputs:
            try:
                if is_address(source):
                    parsed = await probe.parse(await probe.fetch(source))
                else:
                    parsed = await feeds.parse(probe.pool, read_file(source).body, url=base or "")
            except VeilleError as error:
                failed = True
                if as_json:
                    print_json({"source": source, "format": None, "title": None, "entries": [], "error": str(error)})
                else:
                    sys.stderr.write(f"veille: {told(source, error)}\n")
                continue
            if as_json:
                print_json({"source": source, **feeds.as_dict(parsed), "error": None})
            else:
                show_feed(source, parsed, settings)
    return failed
