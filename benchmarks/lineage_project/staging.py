"""Staging models, each in one of the ways in which people write them, and the sources that they read."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.lineage_project.made import Relation, Truth, quoted

MACRO = """{% macro cents_to_units(column) %}
    ({{ column }} / 100)::decimal(10, 2)
{%- endmacro %}
"""


@dataclass(frozen=True, slots=True)
class Staging:
    """A staging model before it has a name.

    Attributes:
        raw: the columns of the source that it reads.
        sql: the model, with "{source}" for the source.
        made_of: column → the source's columns.
        rows: the source's columns that decide the rows; those of the model itself begin with "this.".
    """

    raw: dict[str, str]
    sql: str
    made_of: dict[str, tuple[str, ...]]
    rows: tuple[str, ...] = ()


def staging(kind: str, types: Mapping[str, str]) -> Staging:
    """A staging model that gives a table of the corpus, written in one of the ways of `KINDS`."""
    return KINDS[kind](dict(types))


def _same(types: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in types}


def _plain(types: dict[str, str]) -> Staging:
    listed = ",\n    ".join(types)
    return Staging(types, f"select\n    {listed}\nfrom {{source}}\n", _same(types))


def _star(types: dict[str, str]) -> Staging:
    return Staging(types, "select * from {source}\n", _same(types))


def _renamed(types: dict[str, str]) -> Staging:
    raw = {f"{name.title()}Raw": data_type for name, data_type in types.items()}
    listed = ",\n        ".join(f"{quoted(old)} as {new}" for old, new in zip(raw, types, strict=True))
    sql = (
        f"with source as (\n    select * from {{source}}\n),\n\nrenamed as (\n    select\n        {listed}\n"
        "    from source\n)\n\nselect * from renamed\n"
    )
    return Staging(raw, sql, {new: (old,) for old, new in zip(raw, types, strict=True)})


def _cast(types: dict[str, str]) -> Staging:
    raw = {name: "VARCHAR" if _is_scalar(t) else t for name, t in types.items()}
    listed = ",\n    ".join(f"cast(src.{name} as {types[name]}) as {name}" for name in types)
    return Staging(raw, f"select\n    {listed}\nfrom {{source}} as src\n", _same(types))


def _without_loaders(types: dict[str, str]) -> Staging:
    raw = {**types, "_loaded_at": "TIMESTAMP", "_batch": "VARCHAR"}
    return Staging(raw, "select * exclude (_loaded_at, _batch) from {source}\n", _same(types))


def _deduplicated(types: dict[str, str]) -> Staging:
    raw = {**types, "_loaded_at": "TIMESTAMP"}
    first, listed = next(iter(types)), ",\n    ".join(types)
    sql = (
        f"select\n    {listed}\nfrom {{source}}\n"
        f"qualify row_number() over (partition by {first} order by _loaded_at desc) = 1\n"
    )
    return Staging(raw, sql, _same(types), (first, "_loaded_at"))


def _by_macro(types: dict[str, str]) -> Staging:
    cents = [name for name, data_type in types.items() if data_type.startswith("DECIMAL")]
    raw = {f"{n}_cents" if n in cents else n: "BIGINT" if n in cents else t for n, t in types.items()}
    listed = ",\n    ".join(
        f"{{{{ cents_to_units('{name}_cents') }}}} as {name}" if name in cents else name for name in types
    )
    made_of: dict[str, tuple[str, ...]] = {
        name: (f"{name}_cents",) if name in cents else (name,) for name in types
    }
    return Staging(raw, f"select\n    {listed}\nfrom {{source}}\n", made_of)


def _incremental(types: dict[str, str]) -> Staging:
    raw = {**types, "_loaded_at": "TIMESTAMP"}
    first = next(iter(types))
    sql = (
        "{{ config(materialized='incremental') }}\n\n"
        "select * exclude (_loaded_at) from {source}\n"
        f"{{% if is_incremental() %}}\nwhere {first} > (select max({first}) from {{{{ this }}}})\n"
        "{% endif %}\n"
    )
    return Staging(raw, sql, _same(types), (first, f"this.{first}"))


def _is_scalar(data_type: str) -> bool:
    return not data_type.startswith("STRUCT") and not data_type.endswith("]")


KINDS: dict[str, Callable[[dict[str, str]], Staging]] = {
    "plain": _plain,
    "renamed": _renamed,
    "cast": _cast,
    "star": _star,
    "without_loaders": _without_loaders,
    "deduplicated": _deduplicated,
    "by_macro": _by_macro,
    "incremental": _incremental,
}


def ephemeral(types: Mapping[str, str], given: Relation, chance: random.Random) -> tuple[str, Truth]:
    """An ephemeral model that passes a relation on, less some of its rows."""
    by = chance.choice(list(types))
    sql = (
        "{{ config(materialized='ephemeral') }}\n\n"
        f"select * from {given.call}\nwhere {quoted(by)} is not null\n"
    )
    edges = {name: frozenset({(given.unique_id, name)}) for name in types}
    return sql, Truth(edges, rows=frozenset({(given.unique_id, by)}))
