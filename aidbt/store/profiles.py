"""Table profiles in the cache, as plain JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

from aidbt.core.schema import ColumnProfile, TableProfile
from aidbt.store.cache import Cache

# What another version of aidbt wrote in another form is read as if it were not there, and overwritten.
_FORM = 2
_COLUMN_FIELDS = tuple(field.name for field in fields(ColumnProfile))


class ProfileCache:
    """Profiles by the table's fingerprint, so that an unchanged table is not scanned again."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def get(self, entity: str, fingerprint: str) -> TableProfile | None:
        """The profile of a table ("source.table") at that fingerprint, or None."""
        found = self._cache.get("profile", entity, fingerprint)
        return _from_json(found) if found is not None and found.pop("form", 1) == _FORM else None

    def with_columns(self, wanted: Mapping[str, Collection[str]]) -> dict[str, TableProfile]:
        """For each table ("source.table") the profile of a time when it had most of some columns; tables that
        never had any of them, as far as is known, are left out.

        Older profiles than `get` gives are among them: a column that is gone is known by what it once held.
        Of several the one of the most rows is taken: tables grow, so that it is likely the latest.
        """
        best: dict[str, tuple[tuple[int, int, str], Any]] = {}
        kept = {**self._cache.get_all("past_profile"), **self._cache.get_all("profile")}
        for (entity, fingerprint), value in kept.items():
            columns = wanted.get(entity, ())
            if not columns or value.pop("form", 1) != _FORM:
                continue
            held = {column["name"] for column in value["columns"]}.intersection(columns)
            rank = len(held), value["row_count"], fingerprint
            if held and (entity not in best or rank > best[entity][0]):
                best[entity] = rank, value
        return {entity: _from_json(value) for entity, (_, value) in best.items()}

    def put(self, profiles: Iterable[tuple[str, TableProfile]]) -> None:
        """Keep profiles by entity."""
        values = [(entity, profile, _to_json(profile)) for entity, profile in profiles]
        self._cache.put_all("profile", {(entity, p.fingerprint): value for entity, p, value in values})
        self._cache.put_all("past_profile", {(entity, _names(p)): value for entity, p, value in values})


def _names(profile: TableProfile) -> str:
    """A key for the columns of a table: one past profile is kept for each set of columns that it had."""
    names = "\0".join(sorted(column.name for column in profile.columns))
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def _to_json(profile: TableProfile) -> dict[str, Any]:
    return {
        "form": _FORM,
        "schema": profile.schema,
        "name": profile.name,
        "row_count": profile.row_count,
        "sample_rows": profile.sample_rows,
        "fingerprint": profile.fingerprint,
        "keys": list(profile.keys),
        "composite_keys": [list(key) for key in profile.composite_keys],
        "columns": [{name: getattr(c, name) for name in _COLUMN_FIELDS} for c in profile.columns],
    }


def _from_json(value: dict[str, Any]) -> TableProfile:
    columns = tuple(
        ColumnProfile(
            **{
                **column,
                "quantiles": tuple(column["quantiles"]),
                "top_values": tuple((text, share) for text, share in column["top_values"]),
                "pii_reasons": tuple(column["pii_reasons"]),
            }
        )
        for column in value["columns"]
    )
    composite_keys = tuple(tuple(key) for key in value["composite_keys"])
    return TableProfile(
        **{**value, "columns": columns, "keys": tuple(value["keys"]), "composite_keys": composite_keys}
    )
