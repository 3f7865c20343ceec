"""`veille rules`: list them, test them, try them on the stored articles, compare, lint, promote."""

from __future__ import annotations

import typer

from monitor.cli.groups import ListingGroup
from monitor.cli.rules.backtest import backtest
from monitor.cli.rules.expand import expand
from monitor.cli.rules.lint import lint
from monitor.cli.rules.list import list_
from monitor.cli.rules.own_tests import own_tests
from monitor.cli.rules.promote import promote
from monitor.cli.rules.suggest import suggest
from monitor.cli.rules.trial import try_

__all__ = ["app"]

app = typer.Typer(
    cls=ListingGroup, rich_markup_mode=None, help="List the rules; test, try, compare, lint and promote them."
)
app.command("list")(list_)
app.command("test")(own_tests)
app.command("expand")(expand)
app.command("try")(try_)
app.command("backtest")(backtest)
app.command("suggest")(suggest)
app.command("lint")(lint)
app.command("promote")(promote)
