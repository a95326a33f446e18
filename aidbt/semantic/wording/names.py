"""What tables, columns and constants are called, and things side by side."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from aidbt.semantic.graph import Graph

_LAYERS = frozenset(
    {"stg", "staging", "int", "intermediate", "base", "src", "raw", "dim", "fct", "fact", "mart"}
)


def table_nouns(graph: Graph) -> dict[str, str]:
    """What the rows of each table are called: its name without its layer and source, where only it has that.

    Example:
        >>> from aidbt.semantic.graph import GraphTable
        >>> table_nouns(Graph((GraphTable("stg_shop__orders", ()), GraphTable("dim_customer", ()))))
        {'stg_shop__orders': 'orders', 'dim_customer': 'customer'}
    """
    short = {table.name: _without_layer(table.name) for table in graph.tables}
    taken = Counter([*short.values(), *(name for name in short if short[name] != name)])
    return {name: noun if taken[noun] == 1 else name for name, noun in short.items()}


def _without_layer(name: str) -> str:
    """A dbt model's name without the words that say in which layer it is, and without its source."""
    words = name.rpartition("__")[2].split("_")
    while len(words) > 1 and words[0].lower() in _LAYERS:
        words = words[1:]
    return "_".join(words) or name


def listed(words: Sequence[str]) -> str:
    """Things side by side: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def by_way_of(via: Sequence[str]) -> str:
    return f" (by way of {', '.join(map(name_words, via))})" if via else ""


def name_words(name: str) -> str:
    """A table's or column's name, in quotes where it does not read as one."""
    is_plain = all(part.isidentifier() for part in name.split("."))
    return name if is_plain else '"' + printable(name).replace('"', '""') + '"'


def value_words(value: str | float | bool | dt.date | None) -> str:
    """A constant; a text in quotes, with nothing in it that a terminal would obey."""
    if isinstance(value, str):
        return "'" + printable(value).replace("'", "''") + "'"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def printable(text: str) -> str:
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)
