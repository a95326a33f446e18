"""A three-way merge of texts by lines, for files that a person and aidbt both changed.

The scheme is diff3 as formalised by Khanna, Kunal and Pierce, "A Formal Investigation of Diff3" (2007): both
sides are aligned with the base, and what only one side changed is taken from it. Two things differ. Changes
of lines that are merely adjacent do not conflict. And where a list of columns grew at its end, the comma
that this adds to the line before is kept apart from a change of that line by the other side.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Lines that both sides changed, each in its own way; no line ends.

    Attributes:
        yours: the person's lines; empty when they removed them.
        aidbt: the tool's lines.
        yours_line: the number of the first of them in the person's text, from 1.
        aidbt_line: the same in the tool's text.
    """

    yours: tuple[str, ...]
    aidbt: tuple[str, ...]
    yours_line: int
    aidbt_line: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge gave.

    Attributes:
        text: the merged text, or None when there are conflicts.
        conflicts: where both sides changed the same lines.
        marked: the merged text with both sides of each conflict between markers; `text` when there is none.
    """

    text: str | None
    conflicts: tuple[Conflict, ...]
    marked: str


def merge_texts(base: str, ours: str, theirs: str) -> Merged:
    """What both sides made of `base`: `ours` is the person's text, `theirs` the tool's.

    The same change on both sides is one; lines put in at the same place by both are a conflict unless they
    are equal. Line ends and byte order mark are those of `ours`.

    Example:
        >>> merge_texts("select\\n  a,\\n  b\\n", "select\\n  a,\\n  b as bee\\n",
        ...             "select\\n  a,\\n  b,\\n  c\\n").text
        'select\\n  a,\\n  b as bee,\\n  c\\n'
    """
    base_lines, base_ends = _split(base.removeprefix(_BOM))
    our_lines, our_ends = _split(ours.removeprefix(_BOM))
    their_lines, their_ends = _split(theirs.removeprefix(_BOM))
    pieces = _merged(base_lines, our_lines, their_lines)
    conflicts = tuple(piece for piece in pieces if isinstance(piece, Conflict))
    closed, our_closed, their_closed = (not e or e[-1] != "" for e in (base_ends, our_ends, their_ends))
    final_newline = our_closed if our_closed != closed else their_closed
    bom = _BOM if ours.startswith(_BOM) else ""
    marked = bom + _joined(pieces, our_ends, final_newline=final_newline or bool(conflicts))
    return Merged(None if conflicts else marked, conflicts, marked)


def _split(text: str) -> tuple[list[str], list[str]]:
    """The lines and the line end of each; that of the last one may be empty."""
    lines = text.split("\n")
    ends = ["\n"] * (len(lines) - 1) + [""]
    if not lines[-1]:
        del lines[-1], ends[-1]
    for number, line in enumerate(lines):
        if line.endswith("\r") and ends[number]:
            lines[number], ends[number] = line[:-1], "\r\n"
    return lines, ends


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the result: its text, and its number in the person's text when it stands there like this."""

    text: str
    ours: int | None = None


def _joined(pieces: Sequence[_Line | Conflict], ends: Sequence[str], *, final_newline: bool) -> str:
    """The text of the pieces, each line with its own line end or the usual one."""
    usual = "\r\n" if ends.count("\r\n") > ends.count("\n") else "\n"
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, _Line):
            end = ends[piece.ours] if piece.ours is not None else ""
            parts += [piece.text, end or usual]
        else:
            lines = ["<<<<<<< yours", *piece.yours, "=======", *piece.aidbt, ">>>>>>> aidbt"]
            parts += [part for line in lines for part in (line, usual)]
    if parts and not final_newline and parts[-2]:  # without its line end a blank line is none
        parts.pop()
    return "".join(parts)


# --- aligning ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines `start` to `end` of the base became lines `new_start` to `new_end` of a side."""

    start: int
    end: int
    new_start: int
    new_end: int

    @property
    def inserts(self) -> bool:
        """Whether it only puts lines in."""
        return self.start == self.end

    @property
    def grows(self) -> bool:
        """Whether there are more lines than before."""
        return self.new_end - self.new_start > self.end - self.start


def _matches(base: Sequence[str], side: Sequence[str]) -> dict[int, int]:
    """Which line of the base is which line of the side, in the same order.

    Lines that stand once in both are matched first (Cohen's "patience diff"), which pairs what a person would
    pair and keeps the search between them short.
    """
    found: dict[int, int] = {}
    waiting = [(0, len(base), 0, len(side))]
    while waiting:
        start, end, new_start, new_end = waiting.pop()
        while start < end and new_start < new_end and base[start] == side[new_start]:
            found[start] = new_start
            start, new_start = start + 1, new_start + 1
        while start < end and new_start < new_end and base[end - 1] == side[new_end - 1]:
            end, new_end = end - 1, new_end - 1
            found[end] = new_end
        if start == end or new_start == new_end:
            continue
        anchors = _unique_in_both(base, start, end, side, new_start, new_end)
        if not anchors:
            blocks = SequenceMatcher(None, base[start:end], side[new_start:new_end], autojunk=False)
            for a, b, size in blocks.get_matching_blocks():
                found |= {start + a + n: new_start + b + n for n in range(size)}
            continue
        for a, b in anchors:
            waiting.append((start, a, new_start, b))
            start, new_start = a, b
        waiting.append((start, end, new_start, new_end))
    return found


def _unique_in_both(
    base: Sequence[str], start: int, end: int, side: Sequence[str], new_start: int, new_end: int
) -> list[tuple[int, int]]:
    """The longest rising run of pairs of lines that stand once in each of the two ranges."""
    times, new_times = Counter(base[start:end]), Counter(side[new_start:new_end])
    where = {side[n]: n for n in range(new_start, new_end) if new_times[side[n]] == 1}
    pairs = [(n, where[base[n]]) for n in range(start, end) if times[base[n]] == 1 and base[n] in where]
    # Patience sorting: the top of each pile, and for each pair the one below it.
    tops: list[int] = []
    piles: list[int] = []
    below: list[int | None] = []
    for number, (_, new) in enumerate(pairs):
        pile = bisect_left(tops, new)
        tops[pile : pile + 1] = [new]
        piles[pile : pile + 1] = [number]
        below.append(piles[pile - 1] if pile else None)
    run: list[tuple[int, int]] = []
    last = piles[-1] if piles else None
    while last is not None:
        run.append(pairs[last])
        last = below[last]
    return run[::-1]


def _edits(matches: Mapping[int, int], size: int, new_size: int) -> list[_Edit]:
    """What lies between the matched lines."""
    found: list[_Edit] = []
    start = new_start = 0
    for end, new_end in [*sorted(matches.items()), (size, new_size)]:
        if start < end or new_start < new_end:
            found.append(_Edit(start, end, new_start, new_end))
        start, new_start = end + 1, new_end + 1
    return found


# --- merging ----------------------------------------------------------------------------------------------


class _Side:
    """One side's lines, aligned with the base."""

    def __init__(self, base: Sequence[str], lines: Sequence[str]) -> None:
        self.lines = lines
        self.matches = _matches(base, lines)
        self.edits = _edits(self.matches, len(base), len(lines))

    def numbers(self, start: int, end: int, edits: Sequence[_Edit]) -> list[int]:
        """The numbers of the side's lines that lines `start` to `end` of the base became with these edits."""
        found: list[int] = []
        for edit in edits:
            found += [self.matches[n] for n in range(start, edit.start)]
            found += range(edit.new_start, edit.new_end)
            start = edit.end
        return found + [self.matches[n] for n in range(start, end)]


def _merged(
    base: Sequence[str], our_lines: Sequence[str], their_lines: Sequence[str]
) -> list[_Line | Conflict]:
    ours, theirs = _Side(base, our_lines), _Side(base, their_lines)
    pieces: list[_Line | Conflict] = []
    position = 0
    for our_edits, their_edits in _groups(ours.edits, theirs.edits):
        together = our_edits + their_edits
        start, end = min(e.start for e in together), max(e.end for e in together)
        pieces += [_Line(base[n], ours.matches[n]) for n in range(position, start)]
        position = end
        mine, other = ours.numbers(start, end, our_edits), theirs.numbers(start, end, their_edits)
        our_texts, their_texts = [our_lines[n] for n in mine], [their_lines[n] for n in other]
        if not their_edits or our_texts == their_texts:
            pieces += [_Line(our_lines[n], n) for n in mine]
        elif not our_edits:
            pieces += [_Line(text) for text in their_texts]
        elif (lines := _with_commas_apart(base[start:end], our_texts, their_texts)) is not None:
            pieces += [_Line(text) for text in lines]
        else:
            our_start = mine[0] if mine else our_edits[0].new_start
            their_start = other[0] if other else their_edits[0].new_start
            pieces.append(Conflict(tuple(our_texts), tuple(their_texts), our_start + 1, their_start + 1))
    return pieces + [_Line(base[n], ours.matches[n]) for n in range(position, len(base))]


def _groups(ours: Sequence[_Edit], theirs: Sequence[_Edit]) -> Iterator[tuple[list[_Edit], list[_Edit]]]:
    """The edits of both sides, those that meet together, in the order of the base."""
    waiting = (list(reversed(ours)), list(reversed(theirs)))
    while waiting[0] or waiting[1]:
        group: tuple[list[_Edit], list[_Edit]] = ([], [])
        first = min(
            (n for n in (0, 1) if waiting[n]), key=lambda n: (waiting[n][-1].start, waiting[n][-1].end)
        )
        group[first].append(waiting[first].pop())
        grown = True
        while grown:
            grown = False
            for side in (0, 1):
                while waiting[side] and any(_meet(waiting[side][-1], edit) for edit in group[1 - side]):
                    group[side].append(waiting[side].pop())
                    grown = True
        yield group


def _meet(one: _Edit, other: _Edit) -> bool:
    """Whether two edits change the same lines, or put lines in at the same place."""
    if not one.inserts and not other.inserts:
        return max(one.start, other.start) < min(one.end, other.end)
    if one.inserts and other.inserts:
        return one.start == other.start
    point, edit = (one.start, other) if one.inserts else (other.start, one)
    # At the border of lines that became more, it is not known which of the two comes first.
    return edit.start < point < edit.end or (point in (edit.start, edit.end) and edit.grows)


# --- commas -----------------------------------------------------------------------------------------------

_COMMENTS = ("--", "#", "/*", "//")  # a comma put behind one of these would be part of it


def _with_commas_apart(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """The lines merged when a comma that one side added is no change of its line; None when that fails.

    Only a comma between a line and those that the same side put in behind it (where commas lead: before it)
    is kept apart, and the other side must still have the line, changed or not.
    """
    raw = (ours, theirs)
    bare = [_bare(line) for line in base]
    sides = [_Side(bare, [_bare(line) for line in lines]) for lines in raw]
    commas: list[dict[int, str]] = []
    for side, lines in zip(sides, raw, strict=True):
        changed = {n: lines[new] for n, new in side.matches.items() if lines[new] != base[n]}
        if not all(
            _adds_comma(base[n], line) and _by_its_lines(n, base[n], line, side)
            for n, line in changed.items()
        ):
            return None
        commas.append(changed)
    if any(commas[0][n] != commas[1][n] for n in commas[0].keys() & commas[1]):
        return None
    both = commas[0] | commas[1]
    merged: list[str] = []
    position = 0
    for our_edits, their_edits in _groups(sides[0].edits, sides[1].edits):
        if our_edits and their_edits:
            return None
        owner, edit = (0, our_edits[0]) if our_edits else (1, their_edits[0])
        merged += [both.get(n, base[n]) for n in range(position, edit.start)]
        position = edit.end
        lines = list(raw[owner][edit.new_start : edit.new_end])
        for n in range(edit.start, edit.end):
            if n in commas[1 - owner] and not _take_comma(lines, n, edit, base[n], commas[1 - owner][n]):
                return None
        merged += lines
    return merged + [both.get(n, base[n]) for n in range(position, len(base))]


def _bare(line: str) -> str:
    return line.lstrip().removeprefix(",").lstrip().removesuffix(",")


def _adds_comma(line: str, new: str) -> bool:
    """Whether the new line is the old one with a comma behind it, or before it."""
    body = line.lstrip()
    if not body or body.startswith(","):
        return False
    leads = new.lstrip()
    return new == line + "," or (leads.startswith(",") and leads[1:].lstrip() == body)


def _by_its_lines(number: int, line: str, new: str, side: _Side) -> bool:
    """Whether a side that added a comma to a line put lines in on the comma's side of it."""
    if new == line + ",":
        return any(edit.start == number + 1 and edit.grows for edit in side.edits)
    return any(edit.end == number and edit.grows for edit in side.edits)


def _take_comma(lines: list[str], number: int, edit: _Edit, line: str, new: str) -> bool:
    """Give the comma of `new` to what an edit of the other side made of the line; whether it could."""
    if not lines:
        return False
    if new == line + ",":
        last = lines[-1]
        if number != edit.end - 1 or not last or last[-1].isspace() or any(c in last for c in _COMMENTS):
            return False
        lines[-1] = last if last.endswith(",") else last + ","
        return True
    body, before = lines[0].lstrip(), line[: len(line) - len(line.lstrip())]
    if number != edit.start or lines[0] != before + body or not body or body.startswith(","):
        return False
    lines[0] = new[: len(new) - len(line.lstrip())] + body
    return True
