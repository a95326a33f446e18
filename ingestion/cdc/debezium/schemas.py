"""The schema blocks that were met, and what each puts in front of its envelopes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

SCHEMA = b'{"schema":'
_PAYLOAD = b',"payload":'


@dataclass(slots=True)
class Schemas:
    """Schema blocks, and the bytes that they are in front of a payload.

    Attributes:
        found: the schemas, by their number.
        prefixes: `{"schema":…,"payload":` byte for byte, by its number; a brace stands behind the payload.
        of_prefix: the number of the schema in each of these; several can hold equal ones.
    """

    found: list[dict[str, Any]] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    of_prefix: list[int] = field(default_factory=list)
    _latest: list[int] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, schema: dict[str, Any]) -> int:
        """The number of a schema in `found`; equal ones have the same."""
        text = json.dumps(schema, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.found)
            self.found.append(schema)
        return self._numbers[text]

    def match(self, text: bytearray, start: int) -> int:
        """The number of the prefix that stands in a line from `start` on; -1 when there is none."""
        if not text.startswith(SCHEMA, start):
            return -1
        for place, number in enumerate(self._latest):
            if text.startswith(self.prefixes[number], start):
                if place:  # the one that is met again is tried first
                    self._latest.insert(0, self._latest.pop(place))
                return number
        return self._learned(text, start)

    def _learned(self, text: bytearray, start: int) -> int:
        try:
            line = text[start + len(SCHEMA) : text.find(b"\n", start)].decode()
            schema, length = json.JSONDecoder().raw_decode(line)
        except ValueError:
            return -1
        if not isinstance(schema, dict) or not line.startswith(_PAYLOAD.decode(), length):
            return -1
        size = len(SCHEMA) + len(line[:length].encode()) + len(_PAYLOAD)
        number = len(self.prefixes)
        self.prefixes.append(bytes(text[start : start + size]))
        self.of_prefix.append(self.number(schema))
        self._latest.insert(0, number)
        return number
