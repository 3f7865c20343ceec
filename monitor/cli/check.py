"""`veille check`: settings, feeds, rules with the tests they carry, and routes, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import typer

from monitor.cli.context import print_json, settings_of
from monitor.errors import VeilleError

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class _Result:
    name: str
    ok: bool
    found: str
    errors: tuple[str, ...] = ()


def check(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Check settings, feeds, rules with their tests, routes.

    Nothing is started and nothing is sent; the exit code says how it went.
    """
    from monitor.alerting import load_routes
    from monitor.app import check_channels, load_feeds
    from monitor.rulesets import load_engine

    settings = settings_of(context)

    def rules() -> str:
        engine = load_engine(settings)
        tests = sum(len(rule.tests) for rule in engine.pack.rules)
        return f"{len(engine.pack.rules)} rules, {len(engine.pack.entities)} entities, {tests} tests passed"

    def feeds() -> str:
        return f"{len(load_feeds(settings))} feeds"

    def routes() -> str:
        unused = "".join(f"; no receiver uses {setting}" for setting in load_routes(settings).unused)
        return "receivers: " + (", ".join(check_channels(settings)) or "none, the log only") + unused

    checks: dict[str, Callable[[], str]] = {"feeds": feeds, "rules": rules, "routes": routes}
    results = [_Result("settings", ok=True, found="every name and value is valid")]
    for name, look in checks.items():
        try:
            results.append(_Result(name, ok=True, found=look()))
        except VeilleError as error:
            results.append(_Result(name, ok=False, found=str(error), errors=getattr(error, "errors", ())))
    good = all(result.ok for result in results)
    if as_json:
        print_json({"ok": good, "checks": [asdict(result) for result in results]})
    else:
        for result in results:
            sys.stdout.write(f"{'ok  ' if result.ok else 'FAIL'} {result.name}: {result.found}\n")
            sys.stdout.writelines(f"       {line}\n" for line in result.errors)
    if not good:
        raise typer.Exit(2)
