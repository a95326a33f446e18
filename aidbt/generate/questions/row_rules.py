"""Which rows of a table staging keeps: rows marked as deleted are left out, of a history the last row stays.

How tests see it: staging's tests run on the kept rows. Of a table with an accepted `latest_row` rule the
key is unique by construction, since `row_number() … = 1` keeps one row of it; what else is claimed of kept
rows (a reference, a list of codes) was counted on all rows, of which they are some, and so holds on them too.
A key that is unique only without the deleted rows has to be counted with the rule's condition.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, DecidedBy, Mapping, RowRule, Status, TableProfile
from aidbt.core.types import type_family
from aidbt.core.words import singular
from aidbt.generate.data_tests import key_tests
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions.settle import Case, Change, Choice
from aidbt.mapping.question_files import KEEP
from aidbt.project.conventions import bare_table, snake_case
from aidbt.sql.identifiers import quote_identifier

_DELETED = "rows that are marked as deleted"
_VERSIONS = "tables that hold several rows of one key, one for each time"
# Columns in which loaders mark what is gone in the source: Fivetran, Stitch, Debezium, Airbyte, PeerDB, Hevo.
_LOADERS_MARK = re.compile(
    r"_fivetran_deleted|_sdc_deleted_at|__deleted|_ab_cdc_deleted_at|_airbyte_\w*deleted\w*"
    r"|_peerdb_is_deleted|__hevo__marked_deleted",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(is_|was_|flag_)?(soft_)?(deleted|removed)(_flag|_ind)?")
_TIME = re.compile(r"(soft_)?(deleted|removed)_(at|on|date|time|ts|timestamp)|date_(deleted|removed)")
_HISTORY = re.compile(r"_(history|hist|log|logs|versions|snapshots?|audit|changes|cdc|events)$")
_ORDER = re.compile(
    r"_?(updated|modified|changed|loaded|synced|extracted|ingested|emitted|inserted|valid_from|effective)"
    r"(_(at|on|ts|time|timestamp|date|from))?|_?(last_)?(update|modified|modification)_(time|date|ts)"
    r"|system_modstamp|version|version_(no|number)|revision|_sdc_(received|batched|sequence)\w*"
    r"|_fivetran_(synced|start)|_airbyte_(extracted|emitted)_at|_ab_cdc_(lsn|updated_at)|lsn|_aidbt_loaded_at"
)
_ORDERS_TRIED = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """A column that says which rows are deleted.

    Attributes:
        where: the condition that keeps the others.
        is_certain: whether it is the loader's own, or the team leaves these rows out in its models.
    """

    column: str
    where: str
    is_certain: bool


def deletion_mark(columns: Sequence[Column], rules: ConventionSettings, dialect: str) -> Mark | None:
    """The column that marks deleted rows; the team's own condition first, then a loader's, then others.

    A row without a mark is kept: a condition on it alone would lose rows where it is null.

    Example:
        >>> deletion_mark([Column("_fivetran_deleted", "BOOLEAN")], ConventionSettings(), "duckdb").where
        'not coalesce(_fivetran_deleted, false)'
    """
    for column in columns:
        own = rules.where.get(column.name.lower())
        if own is not None:
            return Mark(column.name, own, True)
    loaders = [column for column in columns if _LOADERS_MARK.fullmatch(column.name)]
    others = [column for column in columns if _is_mark(column)]
    for column in (*loaders, *others):
        where = _not_deleted(column, dialect)
        if where is not None:
            return Mark(column.name, where, column in loaders)
    return None


def _is_mark(column: Column) -> bool:
    name, family = snake_case(column.name), type_family(column.data_type)
    if family in ("boolean", "integer"):
        return _FLAG.fullmatch(name) is not None
    return family in ("timestamp", "date") and _TIME.fullmatch(name) is not None


def _not_deleted(column: Column, dialect: str) -> str | None:
    name, family = quote_identifier(column.name, dialect), type_family(column.data_type)
    if family in ("timestamp", "date") or (family == "text" and column.name.lower().endswith("_at")):
        return f"{name} is null"
    if family == "boolean":
        return f"not coalesce({name}, false)"
    if family == "integer":
        return f"coalesce({name}, 0) = 0"
    # Debezium's unwrapped records carry it as text.
    return f"coalesce(lower({name}), 'false') <> 'true'" if family == "text" else None


@dataclass(frozen=True, slots=True)
class Versions:
    """A table that holds a row for every time that something of a key changed.

    Attributes:
        key: the column that repeats.
        order_by: the column that tells which row is the last; both together tell all rows apart.
    """

    key: str
    order_by: str


def versions_of(table: RawTable, rules: ConventionSettings, ask: Questions) -> Versions | None:
    """How a table repeats its key over time, proven on every row; None when it does not.

    The key is the column named like the table's; it is never null and repeats. The order is a time or a
    number whose name says that it grows with each change.
    """
    key = _own_key(table, rules)
    if key is None or table.profile.row_count < 2:
        return None
    for order in _orders(table.profile)[:_ORDERS_TRIED]:
        pair = {key, order}
        if any(set(known) == pair for known in table.profile.composite_keys):
            return Versions(key, order)
        if ask.combination(table.relation, (key, order)):
            return Versions(key, order)
    return None


def _own_key(table: RawTable, rules: ConventionSettings) -> str | None:
    name = bare_table(table.source, table.relation.name, rules.table_prefixes)
    entities = {singular(name), singular(_HISTORY.sub("", name))}
    wanted = {"id", *(f"{entity}_id" for entity in entities)}
    for column in table.profile.columns:
        if snake_case(column.name) in wanted and column.null_rate == 0 and column.is_unique is not True:
            return column.name if column.name not in table.profile.keys else None
    return None


def _orders(profile: TableProfile) -> list[str]:
    """The columns that may tell the last row, the likeliest first: business times before a loader's."""
    found = []
    for place, column in enumerate(profile.columns):
        family = type_family(column.data_type)
        if family not in ("timestamp", "date", "integer") or column.null_rate > 0:
            continue
        if _ORDER.fullmatch(snake_case(column.name)) or _ORDER.fullmatch(column.name.lower()):
            found.append((column.role == "load_time", column.name.startswith("_"), place, column.name))
    return [name for *_, name in sorted(found)]


# --- cases --------------------------------------------------------------------------------------------


def row_cases(
    mappings: dict[str, Mapping],
    before: dict[str, Mapping],
    tables: dict[str, RawTable],
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> list[Case]:
    """What could be done about the rows of new tables, and of those whose proposed rule was answered.

    A table that was staged before is never given a rule without a question: its model would lose rows.

    Args:
        before: the mappings as they were read.
    """
    cases: list[Case] = []
    for key, table in sorted(tables.items()):
        mapping = mappings[key]
        known = {name for c in before[key].columns for name in c.sources} if key in before else set()
        known |= set(before[key].unmapped) if key in before else set()
        cases += _deletion_cases(key, mapping, table, known, ways.conventions, dialect)
        waits = _rule(mapping, "latest_row")
        if waits is not None and waits.status == "review":
            cases.append(_versions_case(key, table, Versions(waits.keys[0], waits.order_by)))
        elif waits is None and key not in before:
            versions = versions_of(table, ways.conventions, ask)
            if versions is not None:
                cases.append(_versions_case(key, table, versions))
    return cases


def _rule(mapping: Mapping, name: str) -> RowRule | None:
    return next((rule for rule in mapping.row_rules if rule.rule == name), None)


def _deletion_cases(
    key: str,
    mapping: Mapping,
    table: RawTable,
    known: set[str],
    rules: ConventionSettings,
    dialect: str,
) -> list[Case]:
    mark = deletion_mark(table.relation.columns, rules, dialect)
    old = _rule(mapping, "soft_delete")
    if mark is None or (old is not None and old.status != "review") or (old is None and mark.column in known):
        return []
    rule = old or RowRule("soft_delete", where=mark.where)
    is_certain = mark.is_certain and not known
    choices = {
        "filter": Choice(f"where {rule.where}", _with_rule(rule, "accepted")),
        KEEP: Choice("all rows", _with_rule(rule, "rejected")),
    }
    return [
        Case(
            f"soft_delete:{table.source}",
            _DELETED,
            key,
            mark.column,
            f"where {rule.where}",
            choices,
            recommended="filter",
            certain="filter" if is_certain else "",
            propose=_with_rule(rule, "review"),
        )
    ]


def _versions_case(key: str, table: RawTable, versions: Versions) -> Case:
    rule = RowRule("latest_row", keys=(versions.key,), order_by=versions.order_by)
    said = f"{versions.key} repeats; {versions.key} and {versions.order_by} together tell all rows apart"
    choices = {
        "latest": Choice("the last row of each key", _with_rule(rule, "accepted")),
        KEEP: Choice("all rows", _with_rule(rule, "rejected")),
    }
    return Case(
        f"latest_row:{table.source}",
        _VERSIONS,
        key,
        "",
        said,
        choices,
        recommended="latest",
        propose=_with_rule(rule, "review"),
    )


def _with_rule(rule: RowRule, status: Status) -> Change:
    """The change by which a mapping has the rule in a status, in the place of what it has of its kind."""

    def change(mapping: Mapping, by: DecidedBy) -> Mapping:
        decided = replace(rule, status=status, by=by)
        rules = tuple(decided if other.rule == rule.rule else other for other in mapping.row_rules)
        changed = replace(mapping, row_rules=rules if decided in rules else (*rules, decided))
        return (
            _with_key_tests(changed, rule) if rule.rule == "latest_row" and status == "accepted" else changed
        )

    return change


def _with_key_tests(mapping: Mapping, rule: RowRule) -> Mapping:
    """With not_null and unique on the key: one row of each is kept."""
    column = next((c for c in mapping.proposed() if c.sources == rule.keys), None)
    if column is None:
        return mapping
    tested = {(test.column, test.test) for test in mapping.tests}
    new = [test for test in key_tests(column) if (test.column, test.test) not in tested]
    return replace(mapping, tests=(*mapping.tests, *new))
