"""One line at a time, into Python's values: for lines that are not plain, and to say what is wrong with one.

Everything that a line can be is one of three: an event, something that is no change of a row and is counted
(`Ignored`), or a record that has to be kept as a dead letter (`Unreadable`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aidbt.core.loads import CREATED, DELETED, READ, TRUNCATED, UPDATED
from ingestion.cdc.debezium.columns import Number, raw_json
from ingestion.cdc.debezium.positions import Log, log_of
from ingestion.cdc.debezium.schemas import Schemas

OPERATIONS = (READ, CREATED, UPDATED, DELETED, TRUNCATED)
_MESSAGE = "m"  # pg_logical_emit_message: text that belongs to no table
_CLOCKS = {"ts_ms", "ts_us", "ts_ns"}
_AROUND = {"topic", "partition", "offset", "timestamp", "timestampType", "headers"}


class Unreadable(ValueError):
    """A line that is no event.

    Attributes:
        cause: the code it is grouped by.
        table_name: of the table that it would have changed, where that can be told.
    """

    def __init__(self, cause: str, reason: str, table_name: str = "") -> None:
        super().__init__(reason)
        self.cause = cause
        self.table_name = table_name


@dataclass(frozen=True, slots=True)
class Ignored:
    """A line that changes no row.

    Attributes:
        kind: `tombstone`, `heartbeat`, `transaction`, `schema_change`, `message`, `blank`.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a row.

    Attributes:
        table_name: as `Order` names it.
        row: the row after the change, before it for a delete, empty for a truncate.
        schema: the number of its schema block, or -1.
        key: the names of the key's columns, when a key stood beside it.
        key_values: the key itself, for a delete that brings no row.
        tail: what orders it, as `Lines.tails` gives it; `log`: what kind of log that is.
    """

    table_name: str
    operation: str
    row: Mapping[str, Any]
    schema: int
    key: tuple[str, ...] | None
    tail: str
    log: Log


def read_line(line: bytes, schemas: Schemas) -> Event | Ignored:
    """What a line is.

    Raises:
        Unreadable: it is no event, and nothing that could be left out.
    """
    if not line.strip():
        return Ignored("blank")
    document = _parsed(line)
    key: Any = None
    if isinstance(document, dict) and "value" in document and set(document) - _AROUND <= {"key", "value"}:
        key = _inner(document.get("key"))
        document = _inner(document["value"])
    schema = -1
    if isinstance(document, dict) and set(document) == {"schema", "payload"}:
        if isinstance(document["schema"], dict):
            schema = schemas.number(document["schema"])
        document = document["payload"]
    if document is None:
        return Ignored("tombstone")
    if not isinstance(document, dict):
        raise Unreadable("not_an_envelope", "a JSON value, but no object")
    ignored = _no_change(document)
    return ignored or _event(document, schema, _key_of(key))


def _parsed(line: bytes | str) -> Any:
    try:
        text = line.decode() if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        raise Unreadable("invalid_utf8", f"the byte {error.start + 1} is not UTF-8") from error
    try:
        document = json.loads(
            text, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_without_twice
        )
        if "\\ud" in text.lower():
            raw_json(document).encode()  # half of a surrogate pair is no text
        return document
    except UnicodeEncodeError as error:
        raise Unreadable("malformed_json", "half of a surrogate pair") from error
    except RecursionError as error:
        raise Unreadable("malformed_json", "nested too deeply") from error
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("malformed_json", str(error)) from error


def _no_constant(text: str) -> Any:
    raise Unreadable("malformed_json", f"{text} is not JSON")


def _without_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable("malformed_json", f"'{twice}' stands twice in one object")
    return members


def _inner(value: Any) -> Any:
    """A key or a value, also when a consumer wrote it as a text of JSON."""
    if isinstance(value, str) and not isinstance(value, Number) and value.lstrip().startswith("{"):
        return _parsed(value)
    return value


def _key_of(key: Any) -> Mapping[str, Any] | None:
    if isinstance(key, dict) and set(key) == {"schema", "payload"}:
        key = key["payload"]
    return key if isinstance(key, dict) and key else None


def _no_change(document: Mapping[str, Any]) -> Ignored | None:
    names = set(document)
    if names <= _CLOCKS:
        return Ignored("heartbeat")
    if "op" not in names and names & {"ddl", "tableChanges"}:
        return Ignored("schema_change")
    if "op" not in names and document.get("status") in ("BEGIN", "END") and "id" in names:
        return Ignored("transaction")
    if document.get("op") == _MESSAGE and "message" in names:
        return Ignored("message")
    return None


def _event(document: Mapping[str, Any], schema: int, key: Mapping[str, Any] | None) -> Event:
    source = document.get("source")
    if not isinstance(source, dict) or "op" not in document or not {"before", "after"} & set(document):
        missing = ", ".join(name for name in ("before", "after", "source", "op") if name not in document)
        raise Unreadable("not_an_envelope", f"no Debezium envelope: it has no {missing or 'source'}")
    table_name = _table_name(source)
    operation = document["op"]
    if operation not in OPERATIONS:
        raise Unreadable("unknown_operation", f"the operation is {raw_json(operation)}", table_name)
    row = document.get("before" if operation == DELETED else "after")
    if operation == DELETED and row is None:
        row = key
    if operation == TRUNCATED:
        row = {}
    if not isinstance(row, dict):
        part = "before" if operation == DELETED else "after"
        raise Unreadable("no_row", f"the operation is '{operation}', but '{part}' holds no row", table_name)
    tail = {"sorc": source, **{name: document.get(name) for name in ("op", "ts_ms", "ts_us")}}
    names = None if key is None else tuple(key)
    return Event(table_name, operation, row, schema, names, raw_json(tail), log_of(source))


def _table_name(source: Mapping[str, Any]) -> str:
    table = source.get("table", source.get("collection"))
    above = source.get("schema") if "schema" in source else source.get("db")
    if "file" in source and "pos" in source and "lsn" not in source:
        above = source.get("db")
    return ".".join(part for part in (above, table) if isinstance(part, str))
