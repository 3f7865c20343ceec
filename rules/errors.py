"""What can go wrong in the rule engine.

The tree::

    RuleError
    ├── PackError        a rule or entity file is wrong: file, line, column, hint
    │   └── PackErrors   all that is wrong with a set of files
    └── ConditionError   a condition cannot be read: offset into the text, hint
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ConditionError", "PackError", "PackErrors", "RuleError"]


class RuleError(Exception):
    """Root of everything `rules` raises on purpose."""


class ConditionError(RuleError):
    """A condition or pattern cannot be read.

    Args:
        message: what is wrong, in one sentence.
        offset: index in code points of the culprit in the condition's text.
        hint: what to write instead, or "".
    """

    def __init__(self, message: str, *, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class PackError(RuleError):
    """A file of rules or entities is wrong.

    Args:
        message: what is wrong, in one sentence.
        file: the file's name as given by the caller.
        line: 1-based line of the culprit.
        column: 1-based column of the culprit.
        hint: what to do, for instance the nearest valid name, or "".
    """

    def __init__(self, message: str, *, file: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint
        super().__init__(f"{file}:{line}:{column}: {message}" + (f" ({hint})" if hint else ""))


class PackErrors(PackError):  # noqa: N818 (it is several errors)
    """Everything wrong with a set of files; it reads as its first problem.

    Args:
        problems: each problem, in order of file and line; at least one.
    """

    def __init__(self, problems: Sequence[PackError]) -> None:
        first = problems[0]
        super().__init__(first.message, file=first.file, line=first.line, column=first.column, hint=first.hint)
        self.problems = tuple(problems)
