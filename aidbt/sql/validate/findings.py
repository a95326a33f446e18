"""Problems of a query as findings: at lines of the file that a person edits, with the edit if there is one.

dbt runs what it compiles from a file, so that a problem has its place in a text that nobody wrote. Lines are
mapped by what both texts share; a place that cannot be mapped is told as one of the compiled text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from aidbt.core.findings import Finding
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.sql.parse import Places
from aidbt.sql.resolved import SqlProblem

_FARTHEST = 30  # lines between two that belong together
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True)
class Written:
    """A query as it was written, and as it was checked.

    Attributes:
        path: of the file, relative to the project; what findings call it by.
        text: of the file.
        compiled: what was checked; the text itself for plain SQL.
        is_file: whether it can be edited; standard input cannot.
    """

    path: str
    text: str
    compiled: str
    is_file: bool = True

    def place(self, problem: SqlProblem) -> tuple[int, int, int | None]:
        """(line, column, offset) in the file of what a problem is about; the line is 0 when it is not known,
        the column is 0 when only the line is, and the offset is None unless the very same characters stand
        there.

        Example:
            >>> written = Written("m.sql", "select idd\\nfrom {{ ref('t') }}", "select idd\\nfrom db.t")
            >>> written.place(SqlProblem("column.unknown", "", 1, 8, 7, 10))
            (1, 8, 7)
            >>> written.place(SqlProblem("relation.unknown", "", 2, 6, 16, 20))
            (2, 0, None)
        """
        if self.text == self.compiled:
            return problem.line, problem.column, problem.start if problem.end else None
        line = self._lines.get(problem.line, 0)
        if not line:
            return 0, 0, None
        ours, theirs = self._text_lines[line - 1], self._compiled_lines[problem.line - 1]
        start, length = problem.column - 1, problem.end - problem.start
        column = start if ours == theirs else _untagged(ours, theirs, start, start + length)
        if column is None:
            return line, 0, None
        return line, column + 1, self._places.offset(line, column + 1) if length > 0 else None

    @cached_property
    def _places(self) -> Places:
        return Places(self.text)

    @cached_property
    def _compiled_lines(self) -> list[str]:
        return _lines_of(self.compiled)

    @cached_property
    def _text_lines(self) -> list[str]:
        return _lines_of(self.text)

    @cached_property
    def _lines(self) -> dict[int, int]:
        """The line of the file that each compiled line comes from, both from 1, as far as that is clear."""
        matcher = difflib.SequenceMatcher(None, self._compiled_lines, self._text_lines)
        found: dict[int, int] = {}
        for kind, low, high, their_low, their_high in matcher.get_opcodes():
            if kind == "equal":
                found.update(zip(range(low + 1, high + 1), range(their_low + 1, their_high + 1), strict=True))
            elif kind == "replace":
                found.update(self._made_of(range(low, high), range(their_low, their_high)))
        return found

    def _made_of(self, compiled: range, written: range) -> dict[int, int]:
        """Lines of two changed stretches, in order: each with the first that it may have been made of."""
        found: dict[int, int] = {}
        following = written.start
        for line in compiled:
            for candidate in range(following, min(following + _FARTHEST, written.stop)):
                if _could_give(self._text_lines[candidate], self._compiled_lines[line]):
                    found[line + 1] = candidate + 1
                    following = candidate + 1
                    break
        return found


def _lines_of(text: str) -> list[str]:
    """The lines of a text; dbt may write other line ends than it reads."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def findings_of(problems: Iterable[SqlProblem], written: Written) -> list[Finding]:
    """The problems of a query as findings, the patch of each an edit of its file.

    A patch is there only for a problem with one answer, and only where the very characters that it replaces
    stand in the file.
    """
    return [_finding(problem, written) for problem in problems]


def _finding(problem: SqlProblem, written: Written) -> Finding:
    line, column, offset = written.place(problem)
    where = ":".join([written.path, *(str(part) for part in (line, column) if part)])
    evidence = {"line": str(line or ""), "column": str(column or "")}
    if written.text != written.compiled and problem.line:
        evidence["compiled_line"] = str(problem.line)
        if not line:
            where = f"{written.path} (compiled line {problem.line})"
    if problem.nearest:
        evidence["nearest"] = ", ".join(problem.nearest)
    if problem.end > problem.start:
        evidence["text"] = written.compiled[problem.start : problem.end]
    evidence = {name: value for name, value in evidence.items() if value}
    patch = _patch(problem, written, offset)
    return Finding(problem.code, problem.severity, where, problem.message, evidence, patch)


def _patch(problem: SqlProblem, written: Written, offset: int | None) -> Patch | None:
    """The edit that settles a problem, or None."""
    token = written.compiled[problem.start : problem.end]
    if not (problem.replacement and token and offset is not None and written.is_file):
        return None
    end = offset + len(token)
    is_inside_tag = any(tag.start() < end and offset < tag.end() for tag in _TAG.finditer(written.text))
    if written.text[offset:end] != token or is_inside_tag:
        return None
    after = written.text[:offset] + problem.replacement + written.text[end:]
    reason = f"{token} → {problem.replacement}"
    edit = FileEdit(written.path, digest(written.text), after, reason, undo=written.text)
    return Patch((edit,), reason)


def _could_give(written: str, compiled: str) -> bool:
    """Whether a line with Jinja can have been compiled to another: what stands between its tags is in it."""
    between = _TAG.sub("", written).strip()
    return (
        bool(between) and between != written.strip() and _leftmost(_TAG.split(written), compiled) is not None
    )


def _untagged(written: str, compiled: str, start: int, end: int) -> int | None:
    """Where the characters [start:end] of a compiled line stand in the written one; None when a tag made
    them, or when it is not clear what the tags made.
    """
    texts = _TAG.split(written)
    left = _leftmost(texts, compiled)
    mirrored = _leftmost([text[::-1] for text in reversed(texts)], compiled[::-1])
    if left is None or mirrored is None:
        return None
    right = [len(compiled) - at - len(text) for at, text in zip(reversed(mirrored), texts, strict=True)]
    origins = [0, *(tag.end() for tag in _TAG.finditer(written))]
    # Where both ends agree, the tags can have been filled in one way only.
    places = {
        next(
            (
                origin + start - at
                for at, text, origin in zip(found, texts, origins, strict=True)
                if at <= start and end <= at + len(text)
            ),
            None,
        )
        for found in (left, right)
    }
    return places.pop() if len(places) == 1 else None


def _leftmost(texts: list[str], line: str) -> list[int] | None:
    """Where each of these texts stands in a line, in their order and each as far left as can be, the first at
    its beginning and the last at its end; None when they do not stand in it so.
    """
    places = []
    at = 0
    for number, text in enumerate(texts):
        is_last = number == len(texts) - 1
        found = len(line) - len(text) if is_last else line.find(text, at)
        if found < at or not line.startswith(text, found) or (number == 0 and found):
            return None
        places.append(found)
        at = found + len(text)
    return places
