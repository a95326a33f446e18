"""Readings of nodes in the cache: what did not change is not read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.graph import KnownFrom, NodeLineage
from aidbt.lineage.reading import Reading
from aidbt.sql.resolved import ColumnUse, How, Made, OutputColumn
from aidbt.store.cache import Cache

KIND = "reading"
_HOWS: tuple[How, ...] = get_args(How)
_MADE: tuple[Made, ...] = get_args(Made)
_KNOWN_FROM: tuple[KnownFrom, ...] = get_args(KnownFrom)


def kept_readings(cache: Cache, key: str) -> dict[str, Reading]:
    """The readings that were kept, by unique_id; one that cannot be understood is left out.

    Args:
        key: under which they were kept; dbt targets of one project have keys of their own.
    """
    found = {}
    for (unique_id, its_key), value in cache.get_all(KIND).items():
        if its_key == key:
            try:
                found[unique_id] = _reading(unique_id, value)
            except (KeyError, IndexError, TypeError, ValueError):  # written by another version
                continue
    return found


def keep_readings(cache: Cache, readings: Mapping[str, Reading], reread: Iterable[str], key: str) -> None:
    """Keep the readings that were made now."""
    cache.put_all(KIND, {(name, key): _plain(readings[name]) for name in reread if name in readings})


def _plain(reading: Reading) -> list[Any]:
    node = reading.lineage
    relations = sorted(
        {use.relation for column in node.columns for use in column.uses}
        | {use.relation for use in node.row_uses}
    )
    place = {name: index for index, name in enumerate(relations)}

    def uses(of: Iterable[ColumnUse]) -> list[Any]:
        return [[place[use.relation], use.column, _HOWS.index(use.how)] for use in of]

    return [
        reading.key,
        reading.reads,
        [[f.code, f.severity.value, f.where, f.message, f.evidence] for f in reading.findings],
        relations,
        [
            [
                c.name,
                c.data_type,
                int(c.nullable),
                _MADE.index(c.made),
                uses(c.uses),
                c.text,
                c.why,
                c.defined,
            ]
            for c in node.columns
        ],
        uses(node.row_uses),
        [node.name, node.resource_type, node.path, int(node.is_complete), node.parents],
        [_KNOWN_FROM.index(node.known_from), node.why, node.tags, node.unique],
    ]


def _reading(unique_id: str, value: Any) -> Reading:
    key, reads, findings, relations, columns, row_uses, about, known = value

    def uses(of: list[Any]) -> tuple[ColumnUse, ...]:
        return tuple([ColumnUse(relations[at], column, _HOWS[how]) for at, column, how in of])

    name, resource_type, path, is_complete, parents = about
    known_from, why, tags, unique = known
    lineage = NodeLineage(
        unique_id,
        name,
        resource_type,
        path,
        tuple(
            [
                OutputColumn(column, data_type, bool(nullable), _MADE[made], uses(of), text, reason, defined)
                for column, data_type, nullable, made, of, text, reason, defined in columns
            ]
        ),
        bool(is_complete),
        uses(row_uses),
        tuple(parents),
        _KNOWN_FROM[known_from],
        why,
        {column: tuple(its) for column, its in tags.items()},
        tuple(tuple(names) for names in unique),
    )
    found = tuple(
        Finding(code, Severity(severity), where, message, evidence)
        for code, severity, where, message, evidence in findings
    )
    return Reading(key, lineage, dict(reads), found)
