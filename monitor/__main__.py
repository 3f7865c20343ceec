"""`python -m monitor` and the `veille` command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; an error veille expects is one clear message and an exit code, never a stack trace."""
    from monitor.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
