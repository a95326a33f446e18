"""Names and types of what queries give, compared with what DuckDB says of them itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation, ResolvedQuery

CORPUS = Path(__file__).parents[2] / "golden" / "resolve" / "duckdb"
# One column of every type that matters for the others.
EVERY_TYPE = {
    "ti": "TINYINT", "si": "SMALLINT", "i": "INTEGER", "bi": "BIGINT", "hi": "HUGEINT", "ui": "UINTEGER",
    "ub": "UBIGINT", "f": "FLOAT", "d": "DOUBLE", "n1": "DECIMAL(10,2)", "n2": "DECIMAL(18,3)",
    "n3": "DECIMAL(38,10)", "n4": "DECIMAL(4,1)", "s": "VARCHAR", "bo": "BOOLEAN", "dt": "DATE",
    "ts": "TIMESTAMP", "tz": "TIMESTAMPTZ", "tm": "TIME", "iv": "INTERVAL", "u": "UUID", "l": "INTEGER[]",
    "st": "STRUCT(x INTEGER, y VARCHAR)", "m": "MAP(VARCHAR, INTEGER)", "j": "JSON",
}  # fmt: skip


class Engine:
    """DuckDB with some tables, and the resolver that knows the same ones."""

    def __init__(self, tables: str) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(tables)
        names = [row[0] for row in self._connection.execute("show tables").fetchall()]
        entries = [
            (
                "memory",
                "main",
                name,
                KnownRelation(name, tuple(Column(*one) for one in self._described(name))),
            )
            for name in names
        ]
        self._relations = RelationIndex(entries, "duckdb")

    def _described(self, what: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._connection.execute(f"describe {what}").fetchall()]

    def columns(self, query: str) -> list[tuple[str, str]]:
        """What DuckDB says that a view of the query has."""
        self._connection.execute(f"create or replace temp view described as {query}")
        return self._described("described")

    def columns_or_none(self, query: str) -> list[tuple[str, str]] | None:
        """None for a query that DuckDB refuses."""
        try:
            return self._described(query)
        except duckdb.Error:
            return None

    def resolved(self, query: str) -> ResolvedQuery:
        parsed = parse_sql(query, "duckdb")
        assert parsed.tree is not None, parsed.problems
        return resolve(parsed.tree, self._relations, "duckdb", text=query)


@cache
def corpus() -> Engine:
    return Engine((CORPUS / "tables.sql").read_text())


@cache
def every_type() -> Engine:
    return Engine(f"create table t ({', '.join(f'{name} {kind}' for name, kind in EVERY_TYPE.items())})")


def queries() -> list[str]:
    lines = (CORPUS / "queries.sql").read_text().splitlines()
    return [line.removesuffix(";") for line in lines if not line.startswith("--")]


@pytest.mark.parametrize("query", queries())
def test_names_are_those_of_duckdb_and_types_are_too_or_unknown(query: str):
    seen, found = corpus().columns(query), corpus().resolved(query)

    assert [problem.message for problem in found.problems] == []
    assert [column.name for column in found.columns] == [name for name, _ in seen]
    wrong = {
        column.name: (column.data_type, kind)
        for column, (_, kind) in zip(found.columns, seen, strict=True)
        if column.data_type not in ("", kind)
    }
    assert wrong == {}


def test_nearly_all_types_of_the_corpus_are_known():
    columns = [column for query in queries() for column in corpus().resolved(query).columns]

    assert sum(column.data_type != "" for column in columns) / len(columns) > 0.97


# --- expressions at random --------------------------------------------------------------------------------

LITERALS = """1 0 -1 300 70000 5000000000 1.5 0.25 .5 100.00 1e3 'a' '1' null true
    interval~1~day date~'2020-01-01' timestamp~'2020-01-01'""".split()
OPERATORS = "+ - * / % // || = < and or ** &".split()
CALLS = """abs({0}) round({0}) round({0},~2) floor({0}) ceil({0}) trunc({0}) sqrt({0}) lower({0}) length({0})
    trim({0}) year({0}) date_trunc('day',~{0}) md5({0}) sum({0}) avg({0}) min({0}) max({0}) count({0})
    median({0}) any_value({0}) list({0}) stddev({0}) -({0}) not~{0} ({0})[1] concat({0}) cast({0}~as~integer)
    {0}::varchar cast({0}~as~decimal(12,~4)) try_cast({0}~as~date) arg_max({0},~i) lag({0})~over~(order~by~i)
    sum({0})~over~() row_number()~over~(order~by~{0}) sum({0})~filter~(where~bo) ({0})~is~null
    date_part('day',~{0}) extract(year~from~{0}) epoch({0}) typeof({0}) list_sort({0}) mode({0}) sign({0})
    quantile_cont({0},~0.5) histogram({0}) count_if({0}) string_agg({0},~',') first({0}) array_agg({0})
    coalesce({0},~{1}) greatest({0},~{1}) least({0},~{1}) nullif({0},~{1}) ifnull({0},~{1}) concat({0},~{1})
    case~when~bo~then~{0}~else~{1}~end case~when~bo~then~{0}~end if(bo,~{0},~{1}) [{0},~{1}]
    case~i~when~1~then~{0}~when~2~then~{1}~end date_diff('day',~{0},~{1}) {0}~in~({1}) {0}~between~{1}~and~{1}
    coalesce({0},~{1},~{2}) lag({0},~1,~{1})~over~(order~by~i) {{'k':~{0}}} date_add({0},~interval~1~day)
    repeat({0},~2) mod({0},~{1}) left({0},~2) strftime({0},~'%Y')""".split()


def _spaced(words: list[str]) -> list[str]:
    return [word.replace("~", " ") for word in words]


def expressions() -> st.SearchStrategy[str]:
    """Expressions over the columns of every type, most of them small."""
    atoms = st.sampled_from([*EVERY_TYPE, *EVERY_TYPE, *_spaced(LITERALS)])
    operators = st.sampled_from(OPERATORS)
    calls = st.sampled_from(_spaced(CALLS))
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds(lambda a, operator, b: f"({a} {operator} {b})", inner, operators, inner),
            st.builds(lambda call, a, b, c: call.format(a, b, c), calls, inner, inner, inner),
        ),
        max_leaves=5,
    )


def _check(expression: str) -> None:
    query = f"select {expression} as x from t"
    seen = every_type().columns_or_none(query)
    assume(seen is not None and len(seen) == 1)
    assert seen is not None
    parsed = parse_sql(query, "duckdb")
    assume(parsed.tree is not None)  # `a in (b)::c` is read by DuckDB alone
    (column,) = every_type().resolved(query).columns
    assert column.data_type in ("", seen[0][1]), query


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
@example("case i when 1 then 2 when 2 then ti end")
@example("coalesce(1, 300, si)")
@example("date '2020-01-01'::varchar")
@example("n1 * i")
@example("ub || null")
@example("coalesce(n1, (hi + n4))")
def test_the_type_of_an_expression_is_that_of_duckdb_or_unknown(expression: str):
    _check(expression)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_the_type_of_many_expressions_is_that_of_duckdb_or_unknown(expression: str):
    _check(expression)


def pairs() -> Iterator[tuple[str, str]]:
    return ((one, other) for one in EVERY_TYPE for other in EVERY_TYPE)


@pytest.mark.parametrize(
    "form",
    [
        "{} + {}", "coalesce({}, {})",
        *(pytest.param(f"{{}} {sign} {{}}", marks=pytest.mark.long) for sign in "-*/%"),
    ],
)  # fmt: skip
def test_any_two_types_meet_as_they_do_in_duckdb(form: str):
    wrong = []
    for one, other in pairs():
        query = f"select {form.format(one, other)} as x from t"
        seen = every_type().columns_or_none(query)
        if seen is not None:
            found = every_type().resolved(query).columns[0].data_type
            wrong += [(query, found, seen[0][1])] if found not in ("", seen[0][1]) else []

    assert wrong == []


def test_a_union_has_the_types_that_duckdb_gives_it():
    wrong = []
    for one, other in pairs():
        query = f"select {one} as x from t union all select {other} from t"
        seen = every_type().columns_or_none(query)
        found = every_type().resolved(query).columns[0].data_type
        assert seen is not None
        wrong += [(query, found, seen[0][1])] if found not in ("", seen[0][1]) else []

    assert wrong == []
