"""The raw tables of a warehouse: which they are, what they hold, what is asked of their rows."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import StatementRefused, UsageError
from aidbt.core.loads import OWN_TABLES
from aidbt.core.measured import BOUNDS_TABLE
from aidbt.core.schema import ColumnMatch, Mapping, Relation, TableProfile, Target
from aidbt.generate.decide import Questions, RawTable, Ways, match_task
from aidbt.generate.held import Held, held_key, held_relations
from aidbt.generate.lock import read_lock
from aidbt.generate.naming import layout_of
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.history import history_of
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.matcher import match
from aidbt.mapping.signals import Embed
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.sql.identifiers import plain_name
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import (
    DECIDING,
    PROFILING,
    TRANSFORMING,
    Approve,
    Purpose,
    ScanPlan,
    require_approval,
    runs_as,
    scan_plan,
)
from aidbt.warehouse.checks import distinct_values, is_key, rows_lost_by_casts, rows_outside
from aidbt.warehouse.documents import rows_lost_by_reading, some_documents
from aidbt.warehouse.inclusion import sketch_columns
from aidbt.warehouse.keys import is_composite_key
from aidbt.warehouse.profiling import fingerprint
from aidbt.warehouse.rows import change_key, columns_now, latest_batch
from aidbt.warehouse.shared_rows import shared_rows
from aidbt.warehouse.value_forms import count_forms, null_word_spellings

# Tables in which Fivetran, Airbyte, dlt, Stitch, Hevo and PeerDB keep their own state.
_LOADERS_OWN = re.compile(r"_*(fivetran|airbyte|dlt|sdc|hevo|peerdb)_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A table that was not staged, and why.

    Attributes:
        detail: more about this one, e.g. the model that stages it.
    """

    table: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Profiled:
    """Tables with what they hold.

    Attributes:
        tables: by "source.table".
        scanned: those that were read now; the others did not change.
        refused: those that the warehouse does not let be read, with its reason.
    """

    tables: dict[str, RawTable]
    scanned: frozenset[str]
    refused: dict[str, StatementRefused]


def profile_tables(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    refresh: bool = False,
    approve: Approve | None = None,
) -> tuple[dict[str, TableProfile], dict[str, StatementRefused]]:
    """The profiles of the raw tables, by "source.table", and why the others could not be read; unchanged
    tables come from the cache.

    Args:
        refresh: scan every table again.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        UsageError: a selector matches nothing.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
    """
    found = raw_tables(
        project, settings, warehouse, profiles, tuple(select), refresh=refresh, approve=approve
    )
    return {key: table.profile for key, table in sorted(found.tables.items())}, found.refused


def plan_profiling(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    refresh: bool = False,
) -> ScanPlan:
    """What `profile_tables` would scan; nothing but the catalog is read.

    Raises:
        UsageError: a selector matches nothing.
    """
    relations = _selected_relations(project, settings, warehouse, tuple(select))
    _, stale = _known_profiles(relations, warehouse, profiles, refresh=refresh)
    return _scan_plan(project, [(relation, PROFILING) for *_, relation in stale])


def match_evidence(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    keys: Collection[str],
    *,
    embed: Embed | None = None,
) -> dict[str, ColumnMatch]:
    """Every match of the given tables as it is now, by "source.table.target_column"."""
    dialect = warehouse.dialect
    targets, mappings = load_targets(project.root, dialect), load_mappings(project.root, dialect)
    tables = raw_tables(project, settings, warehouse, profiles, ()).tables
    history = history_of(mappings.values())
    wanted = {name: target for name, target in targets.items() if name in {mappings[k].target for k in keys}}
    relations = warehouse.relations() if any(target.relation for target in wanted.values()) else ()
    beside, _ = held_relations(wanted, {}, (), relations)
    there = profiled(beside, warehouse, profiles, settings, scan_gate(project, settings, None)).tables
    held = held_targets(wanted, there)
    ways = Ways(
        dialect, settings.values.mapping, settings.values.conventions, history, embed=embed, held=held
    )
    found: dict[str, ColumnMatch] = {}
    for key in keys:
        target = targets.get(mappings[key].target or "")
        if key in tables and target is not None:
            relation = replace(tables[key].relation, columns=tuple(source_columns(tables[key].relation)))
            task = match_task(tables[key], relation, target, ways, mappings[key])
            for item in match(task, settings.values.mapping):
                found[f"{key}.{item.target}"] = item
    return found


def raw_tables(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    select: tuple[str, ...],
    *,
    refresh: bool = False,
    approve: Approve | None = None,
) -> Profiled:
    relations = _selected_relations(project, settings, warehouse, select)
    may_scan = scan_gate(project, settings, approve)
    return profiled(relations, warehouse, profiles, settings, may_scan, refresh=refresh)


def _selected_relations(
    project: Project, settings: LoadedSettings, warehouse: Warehouse, select: tuple[str, ...]
) -> dict[str, tuple[str, Relation]]:
    lock = read_lock(project.root)
    here = declared(project, generated=lock.files, own_sources=lock.sources)
    mappings = load_mappings(project.root)
    relations, _ = raw_relations(warehouse, settings, here, mappings, select=select, keep_staged=True)
    return only(relations, select, settings)


def raw_relations(
    warehouse: Warehouse,
    settings: LoadedSettings,
    here: Declared,
    mappings: dict[str, Mapping],
    *,
    select: tuple[str, ...] = (),
    keep_staged: bool = False,
    relations: Sequence[Relation] | None = None,
    targets: Iterable[Target] = (),
) -> tuple[dict[str, tuple[str, Relation]], list[Skipped]]:
    """The raw tables with their source's name by "source.table", and those left out with the reason.

    A schema that dbt builds into is not a source, unless the settings name it; where a declared source names
    it too, its other tables are listed and staged when they are selected. In a project with sources of
    its own a schema that none of them names is not looked at unless it is selected: it may be anybody's.

    Args:
        targets: of which no relation that they name is taken for raw data, unless people say it is.
    """
    named = settings.values.generate.sources
    prefixes = [settings.values.ingest.schema_prefix, *settings.values.generate.schema_prefixes]
    own = warehouse.schema.lower()
    mapped = {mapping.schema.lower(): mapping.source for mapping in mappings.values()}
    mapped_tables = {(m.schema.lower(), m.table.lower()): m.source for m in mappings.values()}
    is_guest = here.has_sources
    loaded = tuple(prefix.lower() for prefix in prefixes)
    built = {model.lower() for model in here.models}
    holding = {target.relation.casefold(): target.name for target in targets if target.relation}
    found: dict[str, tuple[str, Relation]] = {}
    skipped: list[Skipped] = []
    for relation in warehouse.relations() if relations is None else relations:
        schema = relation.schema.lower()
        known = here.find(relation)
        if relation.name.lower() in (*OWN_TABLES, BOUNDS_TABLE):
            continue
        if _LOADERS_OWN.match(relation.name):
            skipped.append(Skipped(f"{relation.schema}.{relation.name}", "a loader's own table"))
            continue
        if known is not None:
            source = known.source
            reader = here.staged.get((source, known.table))
            if reader is not None and not keep_staged:
                skipped.append(Skipped(f"{source}.{relation.name}", "already staged", f"by {reader}"))
                continue
        elif (off := here.find_disabled(relation)) is not None:
            skipped.append(
                Skipped(f"{off.source}.{relation.name}", "its source is disabled", f"in {off.path}")
            )
            continue
        elif named:
            if relation.schema not in named:
                continue
            source = named[relation.schema]
        elif (is_own := schema == own or schema.startswith(own + "_")) and not here.source_of(schema):
            continue
        else:
            declared_as = here.source_of(schema)
            source = (
                mapped_tables.get((schema, relation.name.lower()))
                or declared_as
                or mapped.get(schema)
                or source_name(relation.schema, prefixes, warehouse.dialect)
            )
            is_asked = bool(select) and is_selected(source, relation.name, select, settings)
            # In a project of ours too a schema that appears later may be a colleague's: only one that is
            # named like raw data is taken unasked.
            is_strange = is_guest or (bool(mappings) and not schema.startswith(loaded))
            if is_strange and not declared_as and schema not in mapped and not is_asked:
                how = f"to stage it: -s source:{source}"
                skipped.append(Skipped(f"{source}.{relation.name}", "no source names its schema", how))
                continue
            if is_own and f"{source}.{relation.name}" not in mappings and not is_asked:
                if relation.name.lower() not in built:
                    how = f"to stage it: -s source:{source}.{relation.name}"
                    reason = f"dbt may have built it: schemas from {own}_ on are its own"
                    skipped.append(Skipped(f"{source}.{relation.name}", reason, how))
                continue
        key = f"{source}.{relation.name}"
        holder = holding.get(str(relation).casefold(), "")
        is_chosen = bool(select) and is_selected(source, relation.name, select, settings)
        if holder and known is None and key not in mappings and not is_chosen:
            skipped.append(Skipped(key, "it holds the rows of a target", f"of {holder}"))
        elif '"' in relation.name:
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


def source_name(schema: str, prefixes: Iterable[str], dialect: str) -> str:
    name = plain_name(schema, dialect)
    for start in prefixes:
        if name.lower().startswith(start) and len(name) > len(start):
            return name[len(start) :]
    return name


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
    # A table that the warehouse lists in capitals is found as people write it, too.
    keys = {key, f"{source}.{table.lower()}" if table.isupper() else key}
    names = (table, *keys, layout_of(settings.values).model_name(source, table))
    for selector in select:
        if selector.startswith("source:"):
            wanted = selector.removeprefix("source:")
            if fnmatchcase(source, wanted) or any(fnmatchcase(name, wanted) for name in keys):
                return True
        elif any(fnmatchcase(name, selector) for name in names):
            return True
    return False


Wanted = Sequence[tuple[Relation, Collection[Purpose]]]
MayScan = Callable[[Wanted], None]


def scan_gate(project: Project, settings: LoadedSettings, approve: Approve | None) -> MayScan:
    """A function that returns when relations may be read for some purposes, and raises BudgetExceeded when
    that is over the budget and nobody agreed.
    """
    return lambda wanted: require_approval(_scan_plan(project, wanted), settings.values.budget, approve)


def _scan_plan(project: Project, wanted: Wanted) -> ScanPlan:
    profile = project.profile()
    return scan_plan(wanted, runs_as=runs_as(profile.type, profile.settings))


def profiled(
    relations: dict[str, tuple[str, Relation]],
    warehouse: Warehouse,
    profiles: ProfileCache,
    settings: LoadedSettings,
    may_scan: MayScan,
    *,
    refresh: bool = False,
    to_decide: Collection[str] = (),
    to_transform: Collection[str] = (),
) -> Profiled:
    """The tables with their profiles; what was read is kept, whatever ends the reading.

    Args:
        may_scan: told what is about to be read, before it is.
        to_decide: the keys of the tables of which more will be asked afterwards.
        to_transform: the keys of those whose rows may be compared with those of a target.

    Raises:
        BudgetExceeded: `may_scan` says no.
    """
    tables, stale = _known_profiles(relations, warehouse, profiles, refresh=refresh)
    scanned = {key for key, *_ in stale}
    reasons = ((scanned, PROFILING), (to_decide, DECIDING), (to_transform, TRANSFORMING))
    purposes = {
        key: [purpose for keys, why in reasons if key in keys for purpose in why] for key in relations
    }
    may_scan([(relation, purposes[key]) for key, (_, relation) in relations.items() if purposes[key]])
    refused: dict[str, StatementRefused] = {}
    waiting = deque(stale)

    def leave_out(_: Relation, error: StatementRefused) -> None:
        key, *_rest = waiting.popleft()
        refused[key] = error

    rows = settings.values.profile.sample_rows
    try:
        for profile in warehouse.profile([r for *_, r in stale], sample_rows=rows, on_refused=leave_out):
            key, source, relation = waiting.popleft()
            tables[key] = RawTable(source, relation, profile)
    finally:  # a scan costs too much to be lost with a connection, or to Ctrl-C
        profiles.put((key, tables[key].profile) for key in scanned & tables.keys())
    return Profiled(tables, frozenset(scanned - refused.keys()), refused)


def held_targets(targets: dict[str, Target], tables: dict[str, RawTable]) -> dict[str, Held]:
    """What targets hold already, by target.

    Args:
        tables: what was profiled, with the relations of `held_relations`.
    """
    there = {name: tables.get(held_key(target)) for name, target in targets.items()}
    return {
        name: Held(targets[name], table.relation, table.profile)
        for name, table in there.items()
        if table is not None
    }


def _known_profiles(
    relations: dict[str, tuple[str, Relation]],
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    refresh: bool,
) -> tuple[dict[str, RawTable], list[tuple[str, str, Relation]]]:
    """The tables that did not change since they were profiled, and the others as (key, source, relation)."""
    tables: dict[str, RawTable] = {}
    stale: list[tuple[str, str, Relation]] = []
    with warehouse.connect() as connection:
        for key, (source, found) in relations.items():
            relation = _with_key(columns_now(connection, found), change_key(connection, found))
            mark = fingerprint(relation, latest_batch(connection, relation))
            profile = None if refresh or not mark else profiles.get(key, mark)
            if profile is None:
                stale.append((key, source, relation))
            else:
                tables[key] = RawTable(source, relation, profile)
    return tables, stale


def _with_key(relation: Relation, key: Collection[str] | None) -> Relation:
    """The relation of a change log with its key declared on the columns."""
    if not key:
        return relation
    columns = (
        replace(column, constraints=("primary_key",)) if column.name in key else column
        for column in relation.columns
    )
    return replace(relation, columns=tuple(columns))


def questions(connection: Connection, dialect: str) -> Questions:
    """What decisions ask of every row, answered by a warehouse connection."""
    return Questions(
        lossy=lambda relation, casts: rows_lost_by_casts(connection, relation, casts, dialect=dialect),
        outside=lambda child, references: rows_outside(connection, child, references, dialect=dialect),
        key=lambda relation, column: is_key(connection, relation, column),
        combination=lambda relation, columns: is_composite_key(connection, relation, columns),
        sketches=lambda relation, columns: sketch_columns(connection, relation, columns),
        values=lambda relation, columns, limit: distinct_values(
            connection, relation, columns, limit=limit, dialect=dialect
        ),
        forms=lambda relation, asked: count_forms(connection, relation, asked),
        words=lambda relation, columns: null_word_spellings(connection, relation, columns),
        documents=lambda relation, column, rows: some_documents(connection, relation, column, rows),
        readings=lambda relation, asked: rows_lost_by_reading(connection, relation, asked),
        item_readings=lambda relation, list_sql, asked: rows_lost_by_reading(
            connection, relation, asked, list_sql=list_sql
        ),
        rows=lambda relation, profile, wanted: shared_rows(
            connection,
            relation,
            profile,
            wanted.columns,
            by=wanted.by,
            one_in=wanted.one_in,
            limit=wanted.limit,
        ),
    )
