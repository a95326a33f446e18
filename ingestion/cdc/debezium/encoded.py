"""Columns of text that hold numbers as Debezium encodes them: base64 of big-endian two's complement.

Without a schema block nothing else tells `"BBo="` from a text, so a column that looks so is worth a word.
Debezium writes as few bytes as a number needs; other writers give all numbers of a column the same length.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.findings import Finding, Severity
from ingestion.cdc.debezium.columns import Columns

FEWEST = 20  # values that settle it; of fewer, most have to end as no word does
_MOST = 1000  # values that are looked at
_SHARE = 10  # one of so many values has a letter that no word has
_DISTINCT = 5
_USUAL = 12  # characters of numbers of up to 8 bytes, 18 digits: most numbers have no more
_LETTERS = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NO_WORD = re.compile(r"[=+/]")
_MOST_BYTES = 16
_NARROW = 2  # bytes; identifiers are longer


class EncodedTexts:
    """The columns of text that look like encoded decimals, each found once.

    Attributes:
        found: table → column → an example.
    """

    def __init__(self, source: str) -> None:
        """Nothing was looked at yet.

        Args:
            source: its name, for the findings.
        """
        self.found: dict[str, dict[str, str]] = {}
        self._source = source
        # By table and column: texts that may be encoded numbers; None where that is settled.
        self._texts: dict[tuple[str, str], list[str] | None] = {}

    def restore(self, table: str, found: Mapping[str, str]) -> None:
        """What was found in earlier runs, and is not said again."""
        if found:
            self.found[table] = dict(found)
        self._texts.update({(table, column): None for column in found})

    def findings(self, table: str, columns: Columns, rows: pa.Table) -> Iterator[Finding]:
        """What the rows of a table say, with those that came before."""
        for column, of in columns.types.items():
            if not (of.is_inferred and of.wire == pa.string() and column in rows.column_names):
                continue
            texts = self._texts.setdefault((table, column), [])
            if texts is None:
                continue
            texts += _present(rows.column(column))
            is_encoded = looks_encoded(texts)
            if is_encoded or len(texts) >= FEWEST:
                self._texts[table, column] = None
            if is_encoded:
                self.found.setdefault(table, {})[column] = texts[0]
                yield encoded_finding(self._source, table, column, texts[0])


def encoded_finding(source: str, table: str, column: str, example: str) -> Finding:
    """What a person should know of a column of encoded decimals."""
    return Finding(
        "debezium.looks_encoded",
        Severity.WARN,
        f"{source}: {table}.{column}",
        f"{table}.{column} looks like decimals as Debezium encodes them ('{example}') and lands as text; "
        f'to land numbers, write types: {{{table}: {{{column}: "decimal(12, 2)"}}}} in the file of '
        f"'{source}', with the column's own precision and scale",
        {"column": column, "example": example, "setting": "types"},
    )


def looks_encoded(values: Sequence[str]) -> bool:
    """Whether texts look like encoded decimals: all can be, and many can hardly be anything else.

    Example:
        >>> looks_encoded(["BBo=", "AJY=", "AeJA", "/w==", "Zg=="] * 4)
        True
    """
    numbers = [octets for octets in map(_octets, values) if octets]
    if len(set(values)) < _DISTINCT or len(numbers) < len(values) or not _are_alike(numbers):
        return False
    if sum(len(value) <= _USUAL for value in values) * 2 < len(values):
        return False  # digests and identifiers
    if len(values) < FEWEST:
        return sum(value.endswith("=") for value in values) * 2 > len(values)
    return sum(map(bool, map(_NO_WORD.search, values))) * _SHARE >= len(values)


def _are_alike(numbers: Sequence[bytes]) -> bool:
    """Whether all have as few bytes as they need, or all have the same length; then most begin with bytes
    that say no more than the sign.
    """
    padded = sum(not _is_shortest(octets) for octets in numbers)
    if not padded:
        return True
    length = len(numbers[0])
    is_likely = length <= _NARROW or padded * 2 >= len(numbers)
    return is_likely and all(len(octets) == length for octets in numbers)


def _is_shortest(octets: bytes) -> bool:
    number = int.from_bytes(octets, "big", signed=True)
    return (number if number >= 0 else ~number).bit_length() // 8 + 1 == len(octets)


def _octets(text: str) -> bytes | None:
    """What a text is base64 of, at most 16 bytes; None when it is not."""
    if not _LETTERS.fullmatch(text):
        return None
    try:
        octets = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    is_exact = len(octets) <= _MOST_BYTES and base64.b64encode(octets).decode() == text
    return octets if is_exact else None


def _present(column: pa.ChunkedArray) -> list[str]:
    """The first values of a column that are not null."""
    return [str(value) for value in pc.drop_null(column.slice(0, 10 * _MOST))[:_MOST].to_pylist()]
