"""The single edits that lie between the last good text of a file and its text now, and undoing one of them.

A commit carries wanted changes beside the wrong one, so a text is never put back as a whole: both texts are
cut into tokens, and each difference that looks like a slip of the hand is an edit of its own. Undoing one
splices in what stood between the same two neighbours before, whitespace included.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aidbt.healing.evidence.code_changes import Hunk, hunks_of
from aidbt.healing.remedies.code.slips import is_slip

_TOKEN = re.compile(r"\{[%{#][-+]?|[-+]?[%}#]\}|\w+|[^\w\s]")
_MOST = 2_000  # tokens of one place that changed; more is no slip
KEYWORDS = frozenset(
    "select from where group order by having as on and or not in is null case when then else end join "
    "left inner full cross union all with over partition qualify limit between distinct using except "
    "exclude".split()
)
_CLOSING_TAG = re.compile(r"\{%[-+]?(?:end\w+|else)[-+]?%\}")
OPERATORS = frozenset("=<>!+-*/|%")
_MARKS = frozenset(",()[]{}'\"`:;.") | {"{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "{%-", "-%}"}


@dataclass(frozen=True, slots=True)
class OneEdit:
    """One splice: `text` in place of what stands between `start` and `end`.

    Attributes:
        now, then: what stands there now, and what stood there at the last good run; either may be "".
        is_guess: whether nothing stood there: then it is what a parser asks for.
    """

    start: int
    end: int
    text: str
    now: str
    then: str
    is_guess: bool = False

    def applied(self, text: str) -> str:
        """The text with the edit made."""
        return text[: self.start] + self.text + text[self.end :]

    def __str__(self) -> str:
        if not self.now:
            return f"write '{self.then}'" if self.is_guess else f"put '{self.then}' back"
        return f"write '{self.then}' for '{self.now}'" if self.then else f"take out '{self.now}'"


def applied(edits: Sequence[OneEdit], text: str) -> str:
    """The text with several edits made, which must not overlap.

    Raises:
        ValueError: two of them overlap.
    """
    ordered = sorted(edits, key=lambda edit: edit.start, reverse=True)
    for later, earlier in pairwise(ordered):
        if earlier.end > later.start:
            raise ValueError("two edits overlap")
    for edit in ordered:
        text = edit.applied(text)
    return text


def undone_slips(before: str, now: str) -> list[OneEdit]:
    """The edits that each undo one difference that looks like a slip of the hand, in order.

    Such a difference is one mark, keyword or closing tag that was left out or put in, or a word that was
    mistyped; of lines also that only their indentation changed.

    Example:
        >>> [str(edit) for edit in undone_slips("select a,\\n b from t", "select a\\n b, 1 as c from t")]
        []
        >>> [str(edit) for edit in undone_slips("select a,\\n b from t", "select a\\n b from t")]
        ["put ',' back"]
    """
    if "\r\n" in now and "\r\n" not in before:
        before = before.replace("\n", "\r\n")
    return [edit for edit in _differences(before, now) if _is_slip(edit)]


def replaced_by_slip(before: str, now: str) -> list[OneEdit]:
    """Those of them that put a word back which another one was written for."""
    found = undone_slips(before, now)
    return [edit for edit in found if edit.now and edit.then and re.fullmatch(r"\w+", edit.now)]


def undone_indents(before: str, now: str) -> list[OneEdit]:
    r"""The edits that each give one line its old indentation back, where wanted changes stand beside it.

    Example:
        >>> [e.text for e in undone_indents("- a\n- b", "- a\n  c: 1\n - b")]
        ['']
    """
    found, starts = [], _line_starts(now)
    for hunk in hunks_of(before.splitlines(), now.splitlines()):
        old, new = [[line.strip() for line in lines] for lines in (hunk.old, hunk.new)]
        for i, j, count in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            for was, line, number in zip(
                hunk.old[i : i + count], hunk.new[j : j + count], range(j, j + count), strict=True
            ):
                then, there = (text[: len(text) - len(text.lstrip())] for text in (was, line))
                if line.strip() and then != there:
                    start = starts[hunk.new_start - 1 + number]
                    found.append(OneEdit(start, start + len(there), then, line.strip(), line.strip()))
    return found


@dataclass(frozen=True, slots=True)
class _Tokens:
    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]

    def end(self, index: int) -> int:
        """Where the token before `index` ends; 0 where there is none."""
        return self.starts[index - 1] + len(self.words[index - 1]) if index else 0

    def start(self, index: int) -> int:
        return self.starts[index] if index < len(self.starts) else len(self.text)

    def within(self, start: int, end: int) -> tuple[int, int]:
        return bisect_left(self.starts, start), bisect_left(self.starts, end)


def tokens(text: str) -> Iterator[tuple[str, int]]:
    """The tokens of a text with their places; whitespace is left out."""
    return ((match[0], match.start()) for match in _TOKEN.finditer(text))


def _cut(text: str) -> _Tokens:
    found = list(tokens(text))
    return _Tokens(text, tuple(word for word, _ in found), tuple(start for _, start in found))


def _differences(before: str, now: str) -> Iterator[OneEdit]:
    old, new = _cut(before), _cut(now)
    old_lines, new_lines = _line_starts(before), _line_starts(now)
    for hunk in hunks_of(before.splitlines(), now.splitlines()):
        i, i_end = old.within(*_place(hunk.old_start, hunk.old, old_lines))
        j, j_end = new.within(*_place(hunk.new_start, hunk.new, new_lines))
        if i_end - i > _MOST or j_end - j > _MOST:
            continue
        if old.words[i:i_end] == new.words[j:j_end]:
            yield _lines_edit(hunk, before, now, old_lines, new_lines)
            continue
        matcher = difflib.SequenceMatcher(None, old.words[i:i_end], new.words[j:j_end], autojunk=False)
        for tag, a, a_end, b, b_end in matcher.get_opcodes():
            if tag == "equal":
                continue
            if tag == "replace" and b_end - b > 1 and _is_single(old.words[i + a : i + a_end]):
                yield from _beside(old, new, i + a, i + a_end, j + b, j + b_end)
            else:
                yield _edit(old, new, i + a, i + a_end, j + b, j + b_end)


def _edit(old: _Tokens, new: _Tokens, i: int, i_end: int, j: int, j_end: int) -> OneEdit:
    """Undoing one difference between the same two neighbours."""
    if i_end > i and j_end > j:  # the whitespace around is whose it is now
        was = old.text[old.start(i) : old.end(i_end)]
        return OneEdit(new.start(j), new.end(j_end), was, _said(new, j, j_end), _said(old, i, i_end))
    was = old.text[old.end(i) : old.start(i_end)]
    return OneEdit(new.end(j), new.start(j_end), was, _said(new, j, j_end), _said(old, i, i_end))


def _beside(old: _Tokens, new: _Tokens, i: int, i_end: int, j: int, j_end: int) -> Iterator[OneEdit]:
    """A token that was lost where a wanted change stands now: it comes back before or behind that."""
    was, then = old.text[old.end(i) : old.end(i_end)], _said(old, i, i_end)
    yield OneEdit(new.end(j), new.end(j), was, "", then)
    yield OneEdit(new.end(j_end), new.end(j_end), was, "", then)


def _said(tokens: _Tokens, i: int, i_end: int) -> str:
    return tokens.text[tokens.start(i) : tokens.end(i_end)] if i_end > i else ""


def _lines_edit(
    hunk: Hunk, before: str, now: str, old_lines: Sequence[int], new_lines: Sequence[int]
) -> OneEdit:
    """Undoing a change of whitespace only."""
    i, i_end = _place(hunk.old_start, hunk.old, old_lines)
    j, j_end = _place(hunk.new_start, hunk.new, new_lines)
    return OneEdit(j, j_end, before[i:i_end], now[j:j_end], before[i:i_end])


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _place(first: int, lines: Sequence[str], starts: Sequence[int]) -> tuple[int, int]:
    start = min(first - 1, len(starts) - 1)
    return starts[start], starts[min(start + len(lines), len(starts) - 1)]


def _is_slip(edit: OneEdit) -> bool:
    now, then = [[word for word, _ in tokens(text)] for text in (edit.now, edit.then)]
    if now == then:
        return bool(now)  # whitespace around tokens
    if not now:  # a name that was lost; one that came in may be a wanted change that went wrong
        return _is_single(then) or (len(then) == 1 and then[0].isidentifier())
    if not then:
        return _is_single(now)
    if "".join(now) == "".join(then):
        return len(now) + len(then) <= 3  # a space too many or too few
    if len(now) == len(then) == 1:
        old, new = then[0], now[0]
        if re.fullmatch(r"\w+", old) and re.fullmatch(r"\w+", new):
            return is_slip(new, old)
        return old in _MARKS and new in _MARKS
    return False


def _is_single(words: Sequence[str]) -> bool:
    """Whether these are one mark, one operator, one keyword or one closing tag."""
    if len(words) == 1:
        return words[0] in _MARKS or words[0] in OPERATORS or words[0].casefold() in KEYWORDS
    return bool(_CLOSING_TAG.fullmatch("".join(words)))
