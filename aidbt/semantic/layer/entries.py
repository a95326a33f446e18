"""One mapping of a semantic manifest's document, read field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aidbt.core.errors import nearest
from aidbt.semantic.definitions import GRAINS, Window

_WINDOW = re.compile(r"(?P<count>\d+)\s+(?P<grain>[A-Za-z_][A-Za-z0-9_]*)")


class Malformed(Exception):
    """An entry of a document is not what it has to be; becomes a finding or an `ArtifactError`."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def place(raw: Any) -> tuple[str, int]:
    """The file and line that an entry's metadata names; "" and 0 where it has none."""
    metadata = raw.get("metadata") if isinstance(raw, Mapping) else None
    if not isinstance(metadata, Mapping):
        return "", 0
    piece = metadata.get("file_slice")
    line = piece.get("start_line_number") if isinstance(piece, Mapping) else 0
    return str(metadata.get("repo_file_path") or ""), line if isinstance(line, int) else 0


class Entry:
    """One mapping of a document, read field by field.

    Every reader raises `Malformed` with the name of the field when its value is not of the kind asked for.
    """

    def __init__(self, raw: Any) -> None:
        self.path, self.line = place(raw)
        if not isinstance(raw, Mapping):
            raise Malformed(f"a mapping is expected, not {shown(raw)}")
        self.raw = raw

    def wrong(self, message: str) -> Malformed:
        return Malformed(message, line=self.line)

    def name(self) -> str:
        value = self.raw.get("name")
        if not isinstance(value, str) or not value:
            raise self.wrong("it has no name")
        return value

    def folded_name(self) -> str:
        """Its name in small letters, as MetricFlow has those of semantic models and of what is in them."""
        return self.name().lower()

    def text(self, key: str) -> str:
        """A text, or a number or truth as SQL writes it; "" where there is none."""
        value = self.raw.get(key)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self.wrong(f"'{key}' has to be a text, not {shown(value)}")

    def flag(self, key: str) -> bool:
        value = self.raw.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.wrong(f"'{key}' has to be true or false, not {shown(value)}")

    def whole(self, key: str) -> int | None:
        value = self.raw.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.wrong(f"'{key}' has to be a whole number, not {shown(value)}")

    def number(self, key: str) -> float | None:
        value = self.raw.get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.wrong(f"'{key}' has to be a number, not {shown(value)}")

    def choice(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """One of the words known, in small letters."""
        known = tuple(known)
        text = self.text(key).lower()
        if not text and default is not None:
            return default
        if text not in known:
            close = nearest(text, known)
            meant = f"; did you mean '{close}'?" if close else f"; known: {', '.join(known)}"
            raise self.wrong(
                f"'{key}' is {text!r}, which is unknown{meant}" if text else f"'{key}' is missing"
            )
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(f"'{key}' has to be a list of texts, not {shown(value)}")
        return tuple(items)

    def entry(self, key: str) -> Entry:
        """The mapping under a key, empty where there is none."""
        value = self.raw.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(f"'{key}' has to be a mapping, not {shown(value)}")
        found = Entry(value or {})
        found.line = found.line or self.line
        return found

    def entries(self, key: str) -> list[Entry]:
        """The mappings listed under a key."""
        value = self.raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(f"'{key}' has to be a list, not {shown(value)}")
        found = []
        for item in value:
            if not isinstance(item, Mapping):
                raise self.wrong(f"'{key}' has to list mappings, not {shown(item)}")
            entry = Entry(item)
            entry.line = entry.line or self.line
            found.append(entry)
        return found

    def meta(self) -> Mapping[str, Any]:
        return self.entry("config").entry("meta").raw

    def filters(self, key: str) -> tuple[str, ...]:
        """Filters as templates: given as text, a list, or as dbt's artifact nests them."""
        value = self.raw.get(key)
        if isinstance(value, Mapping):
            listed = value.get("where_filters", [value])
            value = [item.get("where_sql_template") if isinstance(item, Mapping) else item for item in listed]
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(f"'{key}' has to be a text or a list of texts, not {shown(self.raw[key])}")
        return tuple(items)

    def window(self, key: str) -> Window | None:
        """A length of time: "7 days", or as dbt's artifact writes it."""
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            count, grain = value.get("count"), value.get("granularity")
            if isinstance(count, int) and isinstance(grain, str):
                return Window(count, singular_grain(grain))
        elif isinstance(value, str) and (match := _WINDOW.fullmatch(value.strip())):
            return Window(int(match["count"]), singular_grain(match["grain"]))
        raise self.wrong(f"'{key}' has to be a length of time like '7 days', not {shown(value)}")


def singular_grain(grain: str) -> str:
    grain = grain.lower()
    return grain.removesuffix("s") if grain.removesuffix("s") in GRAINS else grain


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
