"""The raw tables of a warehouse: which they are, what they hold, what is asked of their rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import UsageError
from aidbt.core.loads import OWN_TABLES
from aidbt.core.schema import Relation, TableProfile
from aidbt.generate.decide import Questions, RawTable
from aidbt.generate.lock import read_lock
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.mapper import match, source_columns
from aidbt.mapping.signals import MatchTask
from aidbt.project import Project
from aidbt.project.conventions import model_name
from aidbt.project.declared import Declared, declared
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.checks import distinct_values, is_key, rows_lost_by_casts, rows_outside
from aidbt.warehouse.profiling import fingerprint
from aidbt.warehouse.rows import latest_batch

# Tables in which Fivetran, Airbyte, dlt and Stitch keep their own state.
_LOADERS_OWN = re.compile(r"_?(fivetran|airbyte|dlt|sdc)_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A table that was not staged, and why."""

    table: str
    reason: str


def profile_tables(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    refresh: bool = False,
) -> dict[str, TableProfile]:
    """The profiles of the raw tables, by "source.table"; unchanged tables come from the cache.

    Args:
        refresh: scan every table again.

    Raises:
        UsageError: a selector matches nothing.
    """
    tables, _ = raw_tables(project, settings, warehouse, profiles, tuple(select), refresh=refresh)
    return {key: table.profile for key, table in sorted(tables.items())}


def match_evidence(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    keys: Collection[str],
) -> dict[str, dict[str, float]]:
    """What each signal says of every match of the given tables, by "source.table.target_column"."""
    targets, mappings = load_targets(project.root), load_mappings(project.root)
    tables, _ = raw_tables(project, settings, warehouse, profiles, ())
    found: dict[str, dict[str, float]] = {}
    for key in keys:
        target = targets.get(mappings[key].target or "")
        if key in tables and target is not None:
            relation = replace(tables[key].relation, columns=tuple(source_columns(tables[key].relation)))
            task = MatchTask(relation, target, tables[key].profile)
            for item in match(task, settings.values.mapping):
                found[f"{key}.{item.target}"] = item.signals
    return found


def raw_tables(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    select: tuple[str, ...],
    *,
    refresh: bool = False,
) -> tuple[dict[str, RawTable], set[str]]:
    here = declared(project, generated=read_lock(project.root).files)
    relations, _ = raw_relations(warehouse, settings, here, keep_staged=True)
    return profiled(only(relations, select, settings), warehouse, profiles, settings, refresh=refresh)


def raw_relations(
    warehouse: Warehouse,
    settings: LoadedSettings,
    here: Declared,
    *,
    keep_staged: bool = False,
) -> tuple[dict[str, tuple[str, Relation]], list[Skipped]]:
    """The raw tables with their source's name by "source.table", and those left out with the reason.

    A schema that dbt builds into is not a source, unless the settings name it.
    """
    named = settings.values.generate.sources
    prefix = settings.values.ingest.schema_prefix
    own = warehouse.schema.lower()
    found: dict[str, tuple[str, Relation]] = {}
    skipped: list[Skipped] = []
    for relation in warehouse.relations():
        known = here.sources.get((relation.schema.lower(), relation.name.lower()))
        if relation.name in OWN_TABLES:
            continue
        if _LOADERS_OWN.match(relation.name):
            skipped.append(Skipped(f"{relation.schema}.{relation.name}", "a loader's own table"))
            continue
        if known is not None:
            source, table = known.source, known.table
            if (source, table) in here.staged and not keep_staged:
                skipped.append(
                    Skipped(f"{source}.{relation.name}", f"already staged by a model on {known.path}")
                )
                continue
        elif named:
            if relation.schema not in named:
                continue
            source = named[relation.schema]
        elif relation.schema.lower() == own or relation.schema.lower().startswith(own + "_"):
            continue
        else:
            source = _source_name(relation.schema, prefix)
        key = f"{source}.{relation.name}"
        if '"' in relation.name:
            skipped.append(Skipped(key, 'dbt cannot address a table with a " in its name'))
        elif not relation.columns:
            skipped.append(Skipped(key, "it has no columns"))
        elif key in found:
            raise UsageError(
                f"two tables would be {key}: in the schemas {found[key][1].schema} and {relation.schema}",
                hint="name the sources by schema under generate.sources in aidbt.yml",
            )
        else:
            found[key] = source, relation
    return found, skipped


def _source_name(schema: str, prefix: str) -> str:
    for start in (prefix, "raw_"):
        if schema.lower().startswith(start) and len(schema) > len(start):
            return schema[len(start) :]
    return schema


def only(
    relations: dict[str, tuple[str, Relation]], select: tuple[str, ...], settings: LoadedSettings
) -> dict[str, tuple[str, Relation]]:
    if not select:
        return relations
    chosen = {k: r for k, r in relations.items() if is_selected(r[0], r[1].name, select, settings)}
    if not chosen:
        raise UsageError(
            f"nothing is selected by {' '.join(select)}",
            hint="select source:NAME, source:NAME.TABLE, a table or a staging model; * matches anything",
        )
    return chosen


def is_selected(source: str, table: str, select: tuple[str, ...], settings: LoadedSettings) -> bool:
    key = f"{source}.{table}"
    names = (table, key, model_name(settings.values.generate.prefix, source, table))
    for selector in select:
        if selector.startswith("source:"):
            wanted = selector.removeprefix("source:")
            if fnmatchcase(source, wanted) or fnmatchcase(key, wanted):
                return True
        elif any(fnmatchcase(name, selector) for name in names):
            return True
    return False


def profiled(
    relations: dict[str, tuple[str, Relation]],
    warehouse: Warehouse,
    profiles: ProfileCache,
    settings: LoadedSettings,
    *,
    refresh: bool = False,
) -> tuple[dict[str, RawTable], set[str]]:
    """The tables with their profiles, and those that were scanned now; the others did not change."""
    tables: dict[str, RawTable] = {}
    stale: list[tuple[str, str, Relation]] = []
    with warehouse.connect() as connection:
        for key, (source, relation) in relations.items():
            mark = fingerprint(relation, latest_batch(connection, relation))
            profile = None if refresh else profiles.get(key, mark)
            if profile is None:
                stale.append((key, source, relation))
            else:
                tables[key] = RawTable(source, relation, profile)
    fresh = warehouse.profile([r for *_, r in stale], sample_rows=settings.values.profile.sample_rows)
    for (key, source, relation), profile in zip(stale, fresh, strict=True):
        tables[key] = RawTable(source, relation, profile)
    profiles.put((key, tables[key].profile) for key, *_ in stale)
    return tables, {key for key, *_ in stale}


def questions(connection: Connection, dialect: str) -> Questions:
    """What decisions ask of every row, answered by a warehouse connection."""
    return Questions(
        lossy=lambda relation, casts: rows_lost_by_casts(connection, relation, casts, dialect=dialect),
        outside=lambda child, references: rows_outside(connection, child, references, dialect=dialect),
        key=lambda relation, column: is_key(connection, relation, column),
        values=lambda relation, columns, limit: distinct_values(
            connection, relation, columns, limit=limit, dialect=dialect
        ),
    )
