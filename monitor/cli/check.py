"""`veille check`: settings, feeds, rules with the tests they carry, and routes, before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from monitor.cli.context import print_json, settings_of
from monitor.errors import VeilleError

__all__ = ["check"]


def check(context: typer.Context, as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Check settings, feeds file, rules with their tests, routes and channels; the exit code says how it went."""
    from monitor import alerting
    from monitor.app import load_engine, load_feeds, make_senders

    settings = settings_of(context)

    def rules() -> str:
        engine = load_engine(settings)
        tests = sum(len(rule.tests) for rule in engine.pack.rules)
        return f"{len(engine.pack.rules)} rules, {len(engine.pack.entities)} entities, {tests} tests passed"

    def feeds() -> str:
        return f"{len(load_feeds(settings))} feeds"

    def routes() -> str:
        receivers = make_senders(settings, alerting.load_routes(settings))
        return "receivers: " + (", ".join(sorted(receivers)) or "none, the log only")

    checks: dict[str, Callable[[], str]] = {"feeds": feeds, "rules": rules, "routes": routes}
    results: dict[str, dict[str, object]] = {"settings": {"ok": True, "found": "every name and value is valid"}}
    for name, look in checks.items():
        try:
            results[name] = {"ok": True, "found": look()}
        except VeilleError as error:
            results[name] = {"ok": False, "found": str(error), "errors": list(getattr(error, "errors", ()))}
    good = all(result["ok"] for result in results.values())
    if as_json:
        print_json({"ok": good, **results})
    else:
        for name, result in results.items():
            sys.stdout.write(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result['found']}\n")
            for line in result.get("errors", ()):  # type: ignore[attr-defined]  a list of lines
                sys.stdout.write(f"       {line}\n")
    if not good:
        raise typer.Exit(2)
