"""Which tables of a source one run lands, and under which names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from aidbt.core.errors import SettingsError, SourceError, nearest
from aidbt.core.schema import Relation
from ingestion.bronze.names import distinct
from ingestion.records import CursorSettings


def chosen(
    relations: Sequence[Relation], allowed: Sequence[str] | None, wanted: Sequence[str] = ()
) -> list[tuple[Relation, str]]:
    """The tables of one run, each with its name in bronze.

    A pattern takes tables only; views and foreign tables come when they are named word for word. Names in
    bronze are given over everything that is allowed, so that asking for one table does not change where it
    lands.

    Args:
        allowed: names or patterns of the settings; None allows everything, and takes all tables.
        wanted: names or patterns of this run; none takes all that is allowed.

    Raises:
        SourceError: a name or pattern of the settings fits nothing.
    """
    if allowed is not None:
        _check_each_fits(allowed, relations)
        relations = [relation for relation in relations if fits(relation, allowed)]
    ordered = sorted(relations, key=lambda relation: relation.kind != "table")
    named = zip(ordered, distinct([relation.name for relation in ordered]), strict=True)
    taken = wanted or allowed or ("*",)
    return [(relation, name) for relation, name in named if fits(relation, taken)]


def streamed(connector: Any) -> Sequence[str]:
    """Names or patterns of the tables whose changes a connector streams; they are not loaded in full."""
    patterns: Sequence[str] = connector.streamed_tables() if getattr(connector, "is_streamed", False) else ()
    return patterns


def by_cursor(connector: Any) -> Mapping[str, CursorSettings]:
    """How the tables of a connector are loaded by cursor, by name; those that are not are loaded in full."""
    tables: Mapping[str, CursorSettings] = getattr(connector.settings, "incremental", {})
    return tables


def check_by_cursor(
    relations: Sequence[Relation], names: Iterable[str], streamed_tables: Sequence[str]
) -> None:
    """Check that tables that the settings load by cursor are there, and are not streamed as well.

    Raises:
        SourceError: one is not there.
        SettingsError: one is streamed.
    """
    known = {relation.name: relation for relation in relations}
    for name in names:
        if name not in known:
            close = nearest(name, known)
            raise SourceError(
                f"the source has no table '{name}', which 'incremental' names",
                hint=f"did you mean '{close}'?" if close else None,
            )
        if fits(known[name], streamed_tables):
            raise SettingsError(
                f"'{name}' stands under 'incremental' and is streamed too",
                hint="take it out of 'incremental', or out of the tables of 'cdc'",
            )


def fits(relation: Relation, patterns: Sequence[str]) -> bool:
    """Whether one of the names or patterns is meant for this relation."""
    if relation.name in patterns:
        return True
    return relation.kind == "table" and any(fnmatchcase(relation.name, pattern) for pattern in patterns)


def _check_each_fits(patterns: Sequence[str], relations: Sequence[Relation]) -> None:
    names = [relation.name for relation in relations]
    for pattern in patterns:
        if not any(fits(relation, [pattern]) for relation in relations):
            close = nearest(pattern, names)
            known = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
            hint = (
                f"did you mean '{close}'?" if close else f"it has: {known}" if names else "it has no tables"
            )
            what = (
                f"no table matches '{pattern}'"
                if set("*?[") & set(pattern)
                else f"the source has no table '{pattern}'"
            )
            raise SourceError(what, hint=hint)
