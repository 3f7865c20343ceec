"""What a command looked at and found, a line for each: `ok   rules: 12 rules, 904 entities`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.cli.context import harmless

__all__ = ["Finding", "print_findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is as it should be, and what there is to say of it."""

    name: str
    ok: bool
    found: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each on a line, with what is wrong below it."""
    for finding in findings:
        word = "FAIL" if not finding.ok else "warn" if finding.warnings else "ok  "
        sys.stdout.write(f"{word} {finding.name}: {harmless(finding.found)}\n")
        sys.stdout.writelines(f"       {harmless(line)}\n" for line in (*finding.errors, *finding.warnings))
