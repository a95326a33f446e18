"""Where the lines of a block and the parts of their envelopes begin; nothing is parsed and nothing is copied.

A plain envelope is `{"before":…,"after":…,"source":{…},…,"op":…}` without spaces, as Kafka Connect's
JsonConverter writes it, alone, as the payload behind a schema block, or as the value beside a key. It is cut
before `,"source":{`: its head holds the row, its tail what orders it. Neither can be mistaken inside of a
value, because a quote in a JSON text has a backslash before it. Lines that look otherwise are left to
`careful`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingestion.cdc.debezium.blocks import Block
from ingestion.cdc.debezium.lines import BEFORE, SOURCE, Lines
from ingestion.cdc.debezium.schemas import SCHEMA, Schemas
from ingestion.cdc.debezium.windows import ONE, WORD, stands, windows

_NEWLINE, _BRACE = (ord(letter) for letter in "\n{")
_KEY = b'{"key":'
_VALUES = (b',"value":{"before":', b',"value":{"schema":')
_VALUE = len(b',"value":')
_FIRST_LINES = 256  # of a block: those that tell how long tails are
_MOST_LENGTHS = 8
_FEW = 8  # one line of so many is looked at alone
_SLICE = 1 << 18  # bytes that are searched at once: they stay in the processor's cache


def cut(block: Block, schemas: Schemas) -> Lines:
    """The lines of a block, which ends with a newline."""
    text = block.text
    ends = _newlines(np.frombuffer(text, np.uint8))
    starts = np.concatenate(([0], ends[:-1] + 1))
    prefixes = np.full(len(ends), -1)
    prefixes[np.searchsorted(starts, block.places)] = block.prefixes
    heads_at, tails_end, keys, key_ends = starts, ends, np.full(len(ends), -1), np.full(len(ends), -1)
    numbers = np.array([*schemas.of_prefix, -1])[prefixes]
    inside = np.flatnonzero((prefixes < 0) & _are_wrapped(text, starts, ends))
    if len(inside):
        heads_at, tails_end = starts.copy(), ends.copy()
        parts = [_parts(text, int(starts[line]), int(ends[line]), schemas) for line in inside]
        for array, found in zip(
            (heads_at, tails_end, numbers, keys, key_ends), np.array(parts).T, strict=True
        ):
            array[inside] = found
    tails_at = _tails_at(text, heads_at, tails_end)
    return Lines(
        text, starts, ends, heads_at, tails_at, tails_end, numbers, keys, key_ends, prefixes, schemas.prefixes
    )


def _are_wrapped(text: bytearray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Whether each line begins as one with a schema block or a key around its envelope."""
    found: np.ndarray = ends - starts > len(BEFORE)
    beginnings = windows(np.frombuffer(text, np.uint8), starts[found], WORD)
    found[found] = stands(beginnings, SCHEMA[:WORD]) | stands(beginnings, _KEY)
    return found


def _tails_at(block: bytearray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where `,"source":{` begins in each envelope; -1 in one that is not plain."""
    is_plain = ends - starts > len(BEFORE)
    beginnings = windows(np.frombuffer(block, np.uint8), starts[is_plain], WORD)
    is_plain[is_plain] = stands(beginnings, BEFORE[:WORD])
    return np.where(is_plain, _sources(block, starts, ends), -1)


def _newlines(buffer: np.ndarray) -> np.ndarray:
    """Where the newlines stand."""
    found = []
    for start in range(0, len(buffer), _SLICE):
        is_newline = buffer[start : start + _SLICE] == _NEWLINE
        whole = len(is_newline) // WORD * WORD
        eights = is_newline[:whole].view("<u8")
        which = np.flatnonzero(eights != 0)
        eights = eights[which]
        if (eights & (eights - ONE)).any():  # two in eight bytes
            found.append(np.flatnonzero(is_newline) + start)
            continue
        found.append(which * WORD + (np.bitwise_count((eights & -eights) - ONE) >> 3) + start)
        found.append(np.flatnonzero(is_newline[whole:]) + whole + start)
    return np.concatenate(found)


def _sources(block: bytearray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where `,"source":{` begins in each envelope; -1 where it has none, or several.

    What follows it is as long in most of them as in some of the first ones, so it is looked for there. A
    place that is found so may be one of several; then the head or the tail is none, and whoever reads them
    finds that.
    """
    buffer = np.frombuffer(block, np.uint8)
    if len(ends) <= _FIRST_LINES:
        return _searched(buffer, starts, ends)
    first = _searched(buffer[: ends[_FIRST_LINES - 1] + 1], starts[:_FIRST_LINES], ends[:_FIRST_LINES])
    sources = np.full(len(ends), -1)
    rest = np.arange(len(ends))
    lengths, counts = np.unique((ends[:_FIRST_LINES] - first)[first >= 0], return_counts=True)
    for length in lengths[np.argsort(counts)[: -_MOST_LENGTHS - 1 : -1]]:
        places = ends[rest] - length
        is_there = (places > starts[rest]) & (length >= 2 * WORD)
        is_there[is_there] = stands(windows(buffer, places[is_there], 2 * WORD), SOURCE)
        sources[rest[is_there]] = places[is_there]
        rest = rest[~is_there]
    if len(rest) * _FEW > len(ends):
        return _searched(buffer, starts, ends)
    for number in rest.tolist():
        place = block.find(SOURCE, starts[number], ends[number])
        if place == block.rfind(SOURCE, starts[number], ends[number]):
            sources[number] = place
    return sources


def _searched(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """As `_sources`, every brace looked at."""
    braces = np.concatenate(
        [
            np.flatnonzero(buffer[start : start + _SLICE] == _BRACE) + start
            for start in range(0, len(buffer), _SLICE)
        ]
    )
    seams = braces[(braces >= len(SOURCE)) & (braces < len(buffer) - WORD)] - len(SOURCE) + 1
    seams = seams[stands(windows(buffer, seams, 2 * WORD), SOURCE)]
    owner = np.searchsorted(ends, seams)
    is_inside = (owner < len(ends)) & (seams > starts[np.minimum(owner, len(ends) - 1)])
    owner, seams = owner[is_inside], seams[is_inside]
    sources = np.full(len(ends), -1)
    sources[owner] = seams
    sources[np.bincount(owner, minlength=len(ends)) != 1] = -1  # a column may be called source
    return sources


def _parts(text: bytearray, start: int, end: int, schemas: Schemas) -> Sequence[int]:
    """Start and end of a line's envelope, its schema's number, start and end of its key; -1 if it has none.

    What is around the envelope, if anything, is a schema block, a key, or both.
    """
    payload, closing, schema, key, key_end = start, 0, -1, -1, -1
    if text.startswith(_KEY, start):
        value = max(text.find(beginning, start, end) for beginning in _VALUES)
        if value >= 0:
            key, key_end = start + len(_KEY), value
            payload, closing = value + _VALUE, 1
    prefix = schemas.match(text, payload)
    if prefix >= 0:
        schema, closing = schemas.of_prefix[prefix], closing + 1
        payload += len(schemas.prefixes[prefix])
    if not text.endswith(b"}" * closing, payload, end):  # something stands behind the envelope
        return start, end, -1, -1, -1
    return payload, end - closing, schema, key, key_end
