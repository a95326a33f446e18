"""A file as blocks of lines, each one record: lines as they are, or the members of a list inside a document.

A document is never in memory whole: in the list that is read, the commas between its members become newlines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aidbt.core.errors import SourceError
from ingestion.connectors.json.scan import DEPTH, Marks, marks_of

_BLOCK_BYTES = 2 << 20
_LONGEST_BYTES = 256 << 20  # a record, what stands before the list, or a file that is one object
_BOM = b"\xef\xbb\xbf"
_OBJECT, _LIST, _LIST_ENDS, _COMMA, _COLON, _NEWLINE, _SPACE = (ord(mark) for mark in "{[],:\n ")


class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self, nbytes: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Records, one a line.

    Attributes:
        lines: each with its newline.
        places: of each record: its line in the file, or its number in the list; from 1.
        is_list: they are members of a list, where a blank line is a member that is missing.
    """

    lines: bytes
    places: Sequence[int]
    is_list: bool = False

    def without_blank_lines(self) -> Block:
        """The records alone."""
        kept = [
            (place, line)
            for place, line in zip(self.places, self.lines.split(b"\n"), strict=False)
            if line.strip()
        ]
        return Block(b"".join(line + b"\n" for _, line in kept), [place for place, _ in kept])

    def part(self, which: slice) -> Block:
        """Some of them."""
        lines = self.lines.split(b"\n")[:-1][which]
        return Block(b"".join(line + b"\n" for line in lines), self.places[which], self.is_list)


def blocks(
    raw: Readable, path: str, *, records: Sequence[str] | None, is_lines: bool | None
) -> Iterator[Block]:
    """The records of a file.

    Args:
        path: of the file, for errors.
        records: the keys that lead to the list inside the document; () for a document that is the list.
        is_lines: each line is a record; None to tell by the file.

    Raises:
        SourceError: the document is no JSON, or there is no list where `records` says.
    """
    start = raw.read(_BLOCK_BYTES).removeprefix(_BOM)
    document = start.lstrip()
    if records is not None:
        yield from _members(document, raw, path, records)
    elif is_lines or not document:
        yield from _lines(start, raw, path)
    elif document.startswith(b"["):
        yield from _members(document, raw, path, ())
    elif is_lines is None and _begins_with_line(document):
        yield from _lines(start, raw, path)
    else:
        yield from _one_object(document, raw, path)


def _begins_with_line(document: bytes) -> bool:
    """Whether the first line is a value of its own."""
    first = document.split(b"\n", 1)[0]
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(start: bytes, raw: Readable, path: str) -> Iterator[Block]:
    first = 1
    for text in _cut_behind(start, raw, path):
        count = text.count(b"\n")
        yield Block(text, range(first, first + count))
        first += count


def _cut_behind(start: bytes, raw: Readable, path: str) -> Iterator[bytes]:
    """The file in blocks of whole lines; the last line gets its newline."""
    pending, more = b"", start
    while more:
        cut = more.rfind(b"\n") + 1
        if cut:
            yield pending + more[:cut]
            pending = more[cut:]
        else:
            pending += more
            _check_length(len(pending), path, "a line")
        more = raw.read(_BLOCK_BYTES)
    if pending.strip():
        yield pending + b"\n"


def _one_object(start: bytes, raw: Readable, path: str) -> Iterator[Block]:
    text = (start + _rest(raw, path, len(start))).rstrip()
    yield Block(_on_lines(text, marks_of(text), ()) + b"\n", (1,))


def _members(start: bytes, raw: Readable, path: str, records: Sequence[str]) -> Iterator[Block]:
    text, begin = _list_found(start, raw, path, records)
    head, text = text[:begin], text[begin:]
    number = 1
    while True:
        marks = marks_of(text)
        depths = np.cumsum(DEPTH[marks.codes], dtype=np.int32)
        closing = np.flatnonzero((depths == -1) & (marks.codes == _LIST_ENDS))[:1]
        commas = marks.at[(depths == 0) & (marks.codes == _COMMA)]
        if len(closing):
            commas = commas[commas < marks.at[closing[0]]]
            end = int(marks.at[closing[0]])
        else:
            end = int(commas[-1]) if len(commas) else 0
        if end:
            members = _on_lines(text[:end], marks, commas[commas < end])
            if members.strip() or number > 1:
                count = members.count(b"\n") + 1
                yield _as_block(members + b"\n", range(number, number + count))
                number += count
        if len(closing):
            _check_document(head + b"]" + text[end + 1 :] + _rest(raw, path, 0), path)
            return
        text = text[end + 1 :] if end else text
        _check_length(len(text), path, "a record")
        more = raw.read(max(_BLOCK_BYTES, len(text)))  # twice as much: it is looked at from its start again
        if not more:
            raise SourceError(f"{path} ends inside its list of records", hint="the file is cut off")
        text += more


def _as_block(members: bytes, places: Sequence[int]) -> Block:
    """The members as records; those of a list of something else than objects under the key `value`."""
    if members.lstrip()[:1] == b"{":
        return Block(members, places, is_list=True)
    wrapped = [b'{"value":' + member + b"}\n" for member in members.split(b"\n")[:-1]]
    return Block(b"".join(wrapped), places, is_list=True)


def _on_lines(text: bytes, marks: Marks, commas: Sequence[int] | np.ndarray) -> bytes:
    """The text with a newline for each of these commas, and no other newline outside of values."""
    letters = np.frombuffer(bytearray(text), np.uint8)
    newlines = marks.at[marks.codes == _NEWLINE]
    letters[newlines[newlines < len(letters)]] = _SPACE
    letters[np.asarray(commas, np.int64)] = _NEWLINE
    return letters.tobytes()


def _list_found(start: bytes, raw: Readable, path: str, records: Sequence[str]) -> tuple[bytes, int]:
    """(the document until some place in the list or behind it, where the first member may begin)."""
    text = start
    while True:
        place = _list_begins(text, path, records)
        if place is not None:
            return text, place
        _check_length(len(text), path, "what stands before the records")
        more = raw.read(max(_BLOCK_BYTES, len(text)))  # twice as much: it is looked at from its start again
        if not more:
            raise _no_list(path, records)
        text += more


def _list_begins(text: bytes, path: str, records: Sequence[str]) -> int | None:
    """Where the first member may begin; None when that is not known yet."""
    marks = marks_of(text)
    depths = np.cumsum(DEPTH[marks.codes], dtype=np.int32)
    container = 0  # the mark that opens where the next key stands
    if text[:1] != (b"{" if records else b"["):
        raise _no_list(path, records)
    for depth, key in enumerate(records, start=1):
        ends = np.flatnonzero(depths[container:] < depth)
        until = container + int(ends[0]) if len(ends) else len(depths)
        colons = np.flatnonzero((depths == depth) & (marks.codes == _COLON))
        inside = colons[(colons > container) & (colons < until)]
        found = next((colon for colon in inside if _key_before(text, marks, colon) == key), None)
        if found is None:
            if len(ends):
                raise _no_list(path, records)
            return None
        container = int(found) + 1
        if container >= len(marks.at):
            return None
        if marks.codes[container] != (_LIST if depth == len(records) else _OBJECT):
            raise _no_list(path, records)
    return int(marks.at[container]) + 1


def _key_before(text: bytes, marks: Marks, colon: int) -> str:
    closing = int(marks.quotes_before[colon]) - 1
    found = json.loads(text[marks.quotes[closing - 1] : marks.quotes[closing] + 1])
    return str(found)


def _no_list(path: str, records: Sequence[str]) -> SourceError:
    where = f"under '{'.'.join(records)}'" if records else "in it"
    return SourceError(
        f"{path} has no list {where}", hint="records names the keys that lead to the list, e.g. data.items"
    )


def _rest(raw: Readable, path: str, known: int) -> bytes:
    parts = []
    while more := raw.read(_BLOCK_BYTES):
        parts.append(more)
        known += len(more)
        _check_length(known, path, "a document beside its records")
    return b"".join(parts)


def _check_document(document: bytes, path: str) -> None:
    """Check what stands around the list, without the list."""
    try:
        json.loads(document)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not one JSON document: {error}") from error


def _check_length(size: int, path: str, what: str) -> None:
    if size > _LONGEST_BYTES:
        raise SourceError(
            f"{what} of {path} is longer than {_LONGEST_BYTES >> 20} MB",
            hint="have it written as lines, one record each, or in smaller files",
        )
