"""Comments in SQL with which a person allows what a check objects to, and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidbt.sql.parse import Places

_COMMENT = re.compile(
    r"--[ \t]*aidbt:[ \t]*allow[ \t]+(?P<checks>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)"
    r"(?:[ \t]+because\b[ \t]*(?P<why>[^\n]*))?",
    re.IGNORECASE,
)
_BLANK = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One comment.

    Attributes:
        checks: the names of the checks that it is about.
        why: the reason it gives; "" makes it void.
        lines: the lines it holds for, both ends included; None for the whole text.
        line: its own.
    """

    checks: tuple[str, ...]
    why: str
    lines: tuple[int, int] | None
    line: int

    def covers(self, check: str, line: int) -> bool:
        """Whether it speaks of what a check found at a line; 0 is the text as a whole."""
        if check not in self.checks:
            return False
        return self.lines is None or self.lines[0] <= line <= self.lines[1]


def allowances(text: str) -> list[Allowance]:
    """Every `-- aidbt: allow CHECK because REASON` in a text.

    Before the first word of SQL it holds for the whole text, behind SQL for its own line, and on a line of
    its own for the next line that is no comment.

    Example:
        >>> [found] = allowances("select a\\n-- aidbt: allow unordered_limit because any will do\\nlimit 1")
        >>> found.checks, found.lines, found.covers("unordered_limit", 3)
        (('unordered_limit',), (2, 3), True)
    """
    places = Places(text)
    found = []
    for comment in _COMMENT.finditer(text):
        line, column = places.at(comment.start())
        before = text[: comment.start()]
        lines: tuple[int, int] | None
        if _BLANK.fullmatch(before):
            lines = None
        elif before[len(before) - column + 1 :].strip():
            lines = (line, line)
        else:
            lines = (line, _next_line(text, line))
        checks = tuple(name.strip().replace("-", "_").lower() for name in comment["checks"].split(","))
        found.append(Allowance(checks, (comment["why"] or "").strip(), lines, line))
    return found


def _next_line(text: str, line: int) -> int:
    """The first line after one that holds SQL."""
    for number, following in enumerate(text.split("\n")[line:], start=line + 1):
        if following.strip() and not following.lstrip().startswith("--"):
            return number
    return line
