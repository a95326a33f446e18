"""PostgreSQL's text of arrays and composites, taken apart, and written as `to_json` writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.connectors.postgres.types import PgType, resolve
from ingestion.connectors.postgres.values import NotExact

Fields: TypeAlias = Callable[[int], Sequence[RelationColumn]]
"""The oid of a composite type → its attributes, in order."""
Writer: TypeAlias = Callable[[str | None], str]
"""The text of a value (None: NULL) → its JSON."""
Nested: TypeAlias = "list[str | Nested | None]"

_ARRAY_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_RECORD_ESCAPE = re.compile(r'""|\\(.)', re.DOTALL)
# A quoted string, or characters that need no quotes, and the comma behind it.
_RECORD_FIELD = re.compile(
    r'(?:"(?P<quoted>[^"\\]*(?:(?:\\.|"")[^"\\]*)*)"|(?P<plain>[^",()\\]*))(?P<comma>,|\Z)', re.DOTALL
)
# What stands between two values is a comma, or a semicolon in an array of boxes.
_ARRAY_ITEM = r'"([^"\\]*(?:\\.[^"\\]*)*)"|([^,{}"]+)'
_ARRAY_ITEMS = {
    separator: re.compile(_ARRAY_ITEM.replace(",", separator), re.DOTALL) for separator in (",", ";")
}
_ARRAY_TOKEN = r'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<mark>[{},])|(?P<plain>[^"{},]+)'
_ARRAY_TOKENS = {
    separator: re.compile(_ARRAY_TOKEN.replace(",", separator), re.DOTALL) for separator in (",", ";")
}
_BOUNDS = re.compile(r"(?:\[-?\d+:-?\d+\])+=")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS = frozenset(("int2", "int4", "int8", "float4", "float8", "numeric"))


def delimiter(element: PgType) -> str:
    """What stands between two values of an array: pg_type.typdelim, which is a comma for all but `box`."""
    return ";" if element.is_own and element.name == "box" else ","


def array_items(text: str, separator: str = ",") -> list[str | None]:
    """The values of an array of one dimension that begins at 1.

    Raises:
        NotExact: it has another shape.

    Example:
        >>> array_items('{1,NULL,"a b"}')
        ['1', None, 'a b']
    """
    if text.startswith(("[", "{{")):
        raise NotExact("an array of several dimensions, or one that does not begin at 1")
    if not (text.startswith("{") and text.endswith("}")):
        raise NotExact(f"{_shown(text)} is no array")
    if '"' not in text:
        inner = text[1:-1]
        return [None if item == "NULL" else item for item in inner.split(separator)] if inner else []
    found = _ARRAY_ITEMS[separator].findall(text, 1, len(text) - 1)
    size = sum(len(plain) or len(quoted) + 2 for quoted, plain in found)
    if size + len(found) - 1 != len(text) - 2:  # with a separator between each two
        raise NotExact(f"{_shown(text)} is no array")
    return [_unquoted(quoted) if not plain else None if plain == "NULL" else plain for quoted, plain in found]


def nested_items(text: str, separator: str = ",") -> Nested:
    """The values of an array, a list within it for each further dimension; its bounds are left out.

    Raises:
        NotExact: it is no array.
    """
    bounds = _BOUNDS.match(text)
    token = _ARRAY_TOKENS[separator]
    outermost: Nested = []
    open_lists = [outermost]
    at = bounds.end() if bounds else 0
    while at < len(text):
        found = token.match(text, at)
        if found is None:
            raise NotExact(f"{_shown(text)} is no array")
        at = found.end()
        if found["quoted"] is not None:
            open_lists[-1].append(_unquoted(found["quoted"]))
        elif found["plain"] is not None:
            open_lists[-1].append(None if found["plain"] == "NULL" else found["plain"])
        elif found["mark"] == "{":
            open_lists.append([])
        elif found["mark"] == "}":
            closed = open_lists.pop()
            if not open_lists:
                raise NotExact(f"{_shown(text)} is no array")
            open_lists[-1].append(closed)
    if len(open_lists) != 1 or len(outermost) != 1 or not isinstance(outermost[0], list):
        raise NotExact(f"{_shown(text)} is no array")
    return outermost[0]


def record_fields(text: str, count: int) -> list[str | None]:
    """The values of a composite with so many attributes.

    Raises:
        NotExact: it has another number of them.

    Example:
        >>> record_fields('(1,"x y",)', 3)
        ['1', 'x y', None]
    """
    inner = text[1:-1]
    if count == 0 and not inner:
        return []
    values: list[str | None] = []
    at = 0
    while True:
        found = _RECORD_FIELD.match(inner, at)
        if found is None:
            raise NotExact(f"{_shown(text)} is no value of a composite type")
        quoted, plain = found["quoted"], found["plain"]
        values.append(plain or None if quoted is None else _RECORD_ESCAPE.sub(_unescaped, quoted))
        at = found.end()
        if not found["comma"]:
            break
    if len(values) != count:
        raise NotExact(f"a composite of {len(values)} attributes, its type has {count} now")
    return values


def json_writer(oid: int, types: Mapping[int, PgType], fields: Fields) -> Writer:
    """What writes a type's text as PostgreSQL's `to_json` writes the value.

    It refuses, with `NotExact`, values of types that are newer than `types`, and of `hstore`, which has a
    cast to json of its own.
    """
    try:
        pg_type, _ = resolve(oid, -1, types)
    except KeyError:
        return _or_null(_refused)
    if pg_type.element:
        element, _ = resolve(pg_type.element, -1, types)
        item = json_writer(pg_type.element, types, fields)
        return _or_null(lambda text: _array(nested_items(text, delimiter(element)), item))
    if pg_type.kind == "c":
        return _or_null(_Composite(pg_type.oid, types, fields))
    if pg_type.is_own and pg_type.name in _WRITERS:
        return _or_null(_WRITERS[pg_type.name])
    if pg_type.is_own and pg_type.name in _NUMBERS:
        return _or_null(_number)
    if pg_type.name == "hstore":
        return _or_null(_refused)
    return _or_null(_string)


class _Composite:
    """Writes values of a composite type."""

    def __init__(self, oid: int, types: Mapping[int, PgType], fields: Fields) -> None:
        self._oid, self._types, self._fields = oid, types, fields
        self._read_fields()

    def _read_fields(self) -> None:
        self._attributes = [
            (_string(field.name), json_writer(field.type_oid, self._types, self._fields))
            for field in self._fields(self._oid)
        ]

    def __call__(self, text: str) -> str:
        try:
            values = record_fields(text, len(self._attributes))
        except NotExact:  # perhaps the type has changed since
            self._read_fields()
            values = record_fields(text, len(self._attributes))
        pairs = zip(self._attributes, values, strict=True)
        return "{" + ",".join(f"{name}:{write(value)}" for (name, write), value in pairs) + "}"


def _array(items: Nested, item: Writer) -> str:
    written = (_array(each, item) if isinstance(each, list) else item(each) for each in items)
    return "[" + ",".join(written) + "]"


def _or_null(write: Callable[[str], str]) -> Writer:
    return lambda text: "null" if text is None else write(text)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(text: str) -> str:
    return text if _JSON_NUMBER.fullmatch(text) else _string(text)


def _instant(text: str) -> str:
    return _string(text.replace(" ", "T", 1) if text[0].isdigit() else text)


def _zoned_instant(text: str) -> str:
    return _instant(text.replace("+00", "+00:00"))


def _refused(text: str) -> str:
    raise NotExact(f"{_shown(text)}, within a composite, is of a type that is not known here")


def _unquoted(text: str) -> str:
    return _ARRAY_ESCAPE.sub(r"\1", text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    return found[1] if found[1] is not None else '"'


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


_WRITERS: Mapping[str, Callable[[str], str]] = {
    "bool": lambda text: "true" if text == "t" else "false",
    "json": str,
    "jsonb": str,
    "timestamp": _instant,
    "timestamptz": _zoned_instant,
}
