"""Which data tests a mapping gets, and how they are written in YAML.

Default policy `keys`: not_null and unique on a proven key, relationships (warn) on verified foreign keys;
accepted_values is proposed for short code lists and written only when a person accepts it. A test goes on a
column that is at most renamed or losslessly cast: on anything else the SQL could make it unable to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import ColumnProfile, MappedColumn, MappedTest, Mapping, TableProfile, Target
from aidbt.core.types import type_family
from aidbt.mapping.files import flow
from aidbt.project.conventions import singular, snake_case
from aidbt.sql.identifiers import escape_jinja

MAX_ACCEPTED_VALUES = 12
_ROWS_PER_VALUE = 20
# Fewer different values may be chance; a column that is named like a key is believed.
_ROWS_THAT_PROVE_A_KEY = 10


def key_tests(column: MappedColumn) -> list[MappedTest]:
    """not_null and unique, for a proven key."""
    return [MappedTest(column.target, "not_null"), MappedTest(column.target, "unique")]


def primary_key(mapping: Mapping, profile: TableProfile) -> MappedColumn | None:
    """The proven key column a person would name: declared as such, else named like an id, else the first."""
    candidates = [c for c in mapping.proposed() if c.sources[0] in profile.keys]
    if profile.row_count < _ROWS_THAT_PROVE_A_KEY:
        candidates = [c for c in candidates if _is_named_like_a_key(c)]
    entity = singular(snake_case(mapping.table))

    def rank(column: MappedColumn) -> tuple[int, int]:
        name = snake_case(column.sources[0])
        if name in ("id", f"{entity}_id", f"{entity}_key", f"{entity}_code"):
            return 0, 0
        is_id = _is_named_like_a_key(column)
        is_time = type_family(column.source_type) in ("date", "timestamp")
        return (1 if is_id else 3 if is_time else 2), mapping.columns.index(column)

    return min(candidates, key=rank, default=None)


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


def relationship_candidates(
    mapping: Mapping, keys: dict[str, list[tuple[Mapping, MappedColumn]]]
) -> list[tuple[MappedColumn, Mapping, MappedColumn]]:
    """Columns that by their name may refer to another table's key; the caller verifies the values.

    Args:
        keys: name by which a key may be referred to (lower case) → the tables whose key it is.
    """
    found = []
    for column in mapping.proposed():
        for name in _references(column):
            parents = [pair for pair in keys.get(name, ()) if pair[0].key != mapping.key]
            if len(parents) == 1 and _staged_family(parents[0][1]) == _staged_family(column):
                found.append((column, *parents[0]))
                break
    return found


def _staged_family(column: MappedColumn) -> str:
    return type_family(column.cast or column.source_type)


def _references(column: MappedColumn) -> list[str]:
    """The keys that a column's name may mean: its own, and what follows a role (origin_airport_code)."""
    own, staged = snake_case(column.sources[0]), column.target.lower()
    words = staged.split("_")
    roles = ["_".join(words[start:]) for start in range(1, len(words) - 1)]
    return list(dict.fromkeys([own, staged, *roles]))


def key_names(mapping: Mapping, key: MappedColumn) -> list[str]:
    """The names under which other tables may refer to this table's key."""
    own = snake_case(key.sources[0])
    entity = singular(snake_case(mapping.table))
    names = [f"{entity}_{own}", f"{entity}_id" if own == "id" else own, key.target.lower()]
    return list(dict.fromkeys(name for name in names if name not in ("id", "name", "code", "key")))


def accepted_values_candidates(mapping: Mapping, profile: TableProfile) -> list[MappedColumn]:
    """Columns that hold a short, much repeated list of codes."""
    keyed = {test.column for test in mapping.tests if test.test in ("unique", "relationships")}
    found = []
    for column in mapping.proposed():
        figures = profile.column(column.sources[0])
        if figures is None or "code" not in figures.formats or column.target in keyed or column.cast:
            continue
        if figures.distinct_count <= MAX_ACCEPTED_VALUES <= profile.row_count / _ROWS_PER_VALUE:
            found.append(column)
    return found


def test_lines(
    test: MappedTest, *, ref: Callable[[MappedTest], tuple[str, str] | None], nested_arguments: bool
) -> list[str]:
    """The YAML lines of one data test as an item of `data_tests:`.

    Args:
        ref: the (model, column) a relationships test points to; None when that model is not there.
        nested_arguments: whether the project's dbt wants arguments under `arguments:`.
    """
    if test.test in ("not_null", "unique"):
        return [f"- {test.test}"]
    pad = "  " if nested_arguments else ""
    head = [f"- {test.test}:", *(["    arguments:"] if nested_arguments else [])]
    if test.test == "accepted_values":
        values = ", ".join(_quoted(value) for value in test.values)
        return [*head, f"    {pad}values: [{values}]"]
    to = ref(test)
    if to is None:
        return []
    model, field = to
    return [
        *head,
        f"    {pad}to: ref('{model}')",
        f"    {pad}field: {flow(field)}",
        "    config:",
        "      severity: warn",
    ]


def _quoted(value: str) -> str:
    return "'" + escape_jinja(value).replace("'", "''") + "'"


def by_column(tests: Sequence[MappedTest]) -> dict[str, list[MappedTest]]:
    """The accepted tests of each column, in the order not_null, unique, accepted_values, relationships."""
    order = ("not_null", "unique", "accepted_values", "relationships")
    found: dict[str, list[MappedTest]] = {}
    for test in sorted(tests, key=lambda t: order.index(t.test)):
        if test.status == "accepted":
            found.setdefault(test.column, []).append(test)
    return found
