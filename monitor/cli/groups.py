"""A group of commands that lists when no command is named: `veille feeds --json` is `veille feeds list --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Context

__all__ = ["ListingGroup"]

_DEFAULT = "list"


class ListingGroup(TyperGroup):
    """Runs `list` where the first word is an option, or there is none."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the default command in front of what was typed, unless help is asked for."""
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_help and (not args or args[0].startswith("-")):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)
