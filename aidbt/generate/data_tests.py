"""Which data tests a mapping gets, and what stands for them in YAML.

Default policy `keys`: not_null and unique on a proven key, or one test of a proven combination of columns;
relationships (warn) on verified foreign keys; accepted_values is proposed for short code lists and written
only when a person accepts it. A test goes on a column that is at most renamed or losslessly cast: on anything
else the SQL could make it unable to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import (
    MONITOR_TESTS,
    ColumnProfile,
    MappedColumn,
    MappedTest,
    Mapping,
    TableProfile,
    Target,
)
from aidbt.core.types import type_family
from aidbt.core.words import singular
from aidbt.project.conventions import column_kind, snake_case
from aidbt.sql.identifiers import escape_jinja, quote_new_identifier, quote_text

MAX_ACCEPTED_VALUES = 12
_ROWS_PER_VALUE = 20
# The id that Fivetran, Airbyte and dlt give a row of a table without a key, and dlt's links to other tables.
_LOADERS_ROW_IDS = ("fivetran_id", "airbyte_raw_id", "dlt_id")
_LOADERS_LINKS = ("_dlt_parent_id", "_dlt_root_id", "_dlt_load_id", "_dlt_list_idx")
# Fewer different values may be chance; a column that is named like a key is believed.
_ROWS_THAT_PROVE_A_KEY = 10


def key_tests(column: MappedColumn) -> list[MappedTest]:
    """not_null and unique, for a proven key."""
    return [MappedTest(column.target, "not_null"), MappedTest(column.target, "unique")]


def combination_tests(mapping: Mapping, columns: Sequence[str], *, can_run: bool) -> list[MappedTest]:
    """A test that proven source columns together are unique; for review where the project has no such test.

    None when one of the columns is not in the staging model as it is.
    """
    staged = {column.sources[0]: column for column in mapping.proposed()}
    if not all(name in staged for name in columns):
        return []
    names = tuple(staged[name].target for name in columns)
    if can_run:
        return [MappedTest(names[0], "unique_combination", columns=names)]
    return [MappedTest(names[0], "unique_combination", "review", columns=names, note=_NO_COMBINATION_TEST)]


_NO_COMBINATION_TEST = "together unique on every row; to test it, add dbt_utils to packages.yml or our macros"


def primary_key(mapping: Mapping, profile: TableProfile) -> MappedColumn | None:
    """The proven key column a person would name: declared as such, else named like an id, else the first.

    Amounts, and what dlt writes down about another table, are no keys whatever their values.
    """
    candidates = [c for c in mapping.proposed() if c.sources[0] in profile.keys and not _is_no_key(c)]
    if profile.row_count < _ROWS_THAT_PROVE_A_KEY:
        candidates = [c for c in candidates if _is_named_like_a_key(c)]
    entity = singular(snake_case(mapping.table))

    def rank(column: MappedColumn) -> tuple[int, int]:
        name = snake_case(column.sources[0])
        if name in ("id", f"{entity}_id", f"{entity}_key", f"{entity}_code"):
            return 0, 0
        if name in _LOADERS_ROW_IDS:
            return 0, 1
        is_id = _is_named_like_a_key(column)
        is_time = type_family(column.source_type) in ("date", "timestamp")
        return (1 if is_id else 3 if is_time else 2), mapping.columns.index(column)

    return min(candidates, key=rank, default=None)


def _is_no_key(column: MappedColumn) -> bool:
    if column.sources[0].lower() in _LOADERS_LINKS:
        return True
    is_whole = column.source_type.replace(" ", "").endswith(",0)")
    return type_family(column.source_type) == "number" and not (is_whole or _is_named_like_a_key(column))


def _is_named_like_a_key(column: MappedColumn) -> bool:
    name = snake_case(column.sources[0])
    return name == "id" or name.endswith(("_id", "_key", "_code", "_number", "num", "code"))


def declared_tests(
    mapping: Mapping, profile: TableProfile, target: Target
) -> tuple[list[MappedTest], list[Finding]]:
    """Tests for the constraints a target declares, where every row satisfies them; findings where not."""
    tests: list[MappedTest] = []
    findings: list[Finding] = []
    declared = {column.name: column.constraints for column in target.columns}
    for column in mapping.proposed():
        figures = profile.column(column.sources[0])
        for constraint in declared.get(column.target, ()):
            wanted = ("not_null", "unique") if constraint == "primary_key" else (constraint,)
            for test in wanted:
                if figures is not None and _holds(test, figures):
                    tests.append(MappedTest(column.target, test))
                elif figures is not None:
                    findings.append(_declared_but_broken(mapping, column, test, figures))
    return list(dict.fromkeys(tests)), findings


def _holds(test: str, figures: ColumnProfile) -> bool:
    return figures.null_rate == 0 if test == "not_null" else bool(figures.is_unique)


def _declared_but_broken(
    mapping: Mapping, column: MappedColumn, test: str, figures: ColumnProfile
) -> Finding:
    seen = f"{figures.null_rate:.2%} null" if test == "not_null" else "values repeat"
    return Finding(
        code=f"target.{test}_does_not_hold",
        severity=Severity.WARN,
        where=f"{mapping.key}.{column.sources[0]}",
        message=f"{column.target} is declared {test}, but its source has {seen}; no test was written",
        evidence={"column": column.target, "seen": seen},
    )


def accepted_values_candidates(mapping: Mapping, profile: TableProfile) -> list[MappedColumn]:
    """Columns that hold a short, much repeated list of codes."""
    keyed = {test.column for test in mapping.tests if test.test in ("unique", "relationships")}
    found = []
    for column in mapping.proposed():
        figures = profile.column(column.sources[0])
        if figures is None or "code" not in figures.formats or figures.pii:
            continue
        if column.target in keyed or column.cast or column_kind(column.target) in ("key", "foreign_key"):
            continue
        if figures.distinct_count <= MAX_ACCEPTED_VALUES <= profile.row_count / _ROWS_PER_VALUE:
            found.append(column)
    return found


COMBINATION_OF_DBT_UTILS = "dbt_utils.unique_combination_of_columns"
COMBINATION_OF_OURS = "aidbt_unique_combination"


def combination_test(packages: frozenset[str], *, macros: bool) -> str | None:
    """The generic test by which a project can test a combination of columns; None when it has none.

    Args:
        packages: the project's dbt packages, by name.
        macros: whether the project holds our macros (`macros/aidbt/`).
    """
    if "dbt_utils" in packages:
        return COMBINATION_OF_DBT_UTILS
    return COMBINATION_OF_OURS if macros else None


def test_value(
    test: MappedTest,
    *,
    ref: Callable[[MappedTest], tuple[str, str] | None],
    nested_arguments: bool,
    packages: frozenset[str] = frozenset(),
    macros: bool = False,
    monitors: bool = False,
    dialect: str,
) -> str | dict[str, Any] | None:
    """One data test as an item of `data_tests:`, in plain values; None when the project cannot run it.

    Args:
        ref: the ("ref(…)" or "source(…)", column in SQL) that a relationships test points to; None when that
            is not there.
        nested_arguments: whether the project's dbt wants arguments under `arguments:`.
        packages, macros: as in `combination_test`.
        monitors: whether the project holds the macros of monitors.
        dialect: of the SQL in which a combination's columns are named.

    Example:
        >>> test_value(
        ...     MappedTest("id", "unique"), ref=lambda _: None, nested_arguments=True, dialect="duckdb")
        'unique'
    """
    if test.test in ("not_null", "unique"):
        return test.test
    name: str = test.test
    arguments: dict[str, Any]
    config: dict[str, Any] = {}
    if test.test == "accepted_values":
        # dbt puts quotes around them as they are.
        arguments = {"values": [escape_jinja(quote_text(value, dialect)[1:-1]) for value in test.values]}
    elif test.test == "unique_combination":
        known = combination_test(packages, macros=macros)
        if known is None:
            return None
        name = known
        argument = "combination_of_columns" if known == COMBINATION_OF_DBT_UTILS else "columns"
        arguments = {
            argument: [escape_jinja(quote_new_identifier(column, dialect)) for column in test.columns]
        }
    elif test.test in MONITOR_TESTS:
        if not monitors:
            return None
        name = f"aidbt_{test.test}"
        arguments = {"event_time": escape_jinja(test.event_time)}
    else:
        to = ref(test)
        if to is None:
            return None
        parent, field = to
        arguments = {"to": parent, "field": escape_jinja(field)}
        config = {"config": {"severity": "warn"}}
    return {name: {**({"arguments": arguments} if nested_arguments else arguments), **config}}


def by_column(
    tests: Sequence[MappedTest], *, selected: Collection[str] | None = None
) -> dict[str, list[MappedTest]]:
    """The accepted tests of each column in the order not_null, unique, accepted_values, relationships; under
    "" those of the whole model.

    Args:
        selected: the model's columns; a test of a combination needs all of its columns among them, a monitor
            its event time.
    """
    order = (
        "not_null",
        "unique",
        "accepted_values",
        "relationships",
        "unique_combination",
        *MONITOR_TESTS,
    )
    found: dict[str, list[MappedTest]] = {}
    for test in sorted(tests, key=lambda t: order.index(t.test)):
        needed = (*test.columns, *([test.event_time] if test.event_time else ()))
        is_there = selected is None or all(column in selected for column in needed)
        if test.status == "accepted" and is_there:
            found.setdefault("" if test.is_of_table else test.column, []).append(test)
    return found
