"""The resolver against what execution shows, on every construct of the corpus, and the oracle itself."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.core.schema import Column
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import ColumnUse, KnownRelation, ResolvedQuery
from tests.lineage_oracle import (
    Case,
    CaseError,
    Input,
    Lineage,
    Observer,
    case_names,
    parse_case,
    read_case,
    tables_after,
    write_lineage,
)
from tests.lineage_oracle.compositions import composed

# Of the observation, which takes minutes, the short form repeats a sample, and only whole-column changes.
SAMPLE = case_names()[::18]


def test_the_corpus_is_observed(update_golden: bool):
    for name in case_names():
        if update_golden:
            with Observer(read_case(name)) as observer:
                write_lineage(name, observer.lineage())

    assert [name for name in case_names() if read_case(name).lineage is None] == []


@pytest.mark.parametrize("name", case_names())
def test_values_are_made_of_the_columns_that_execution_shows(name: str):
    seen, query = _seen(name), _resolved(name)

    assert _wrong_and_missing(name, seen, query) == {}


@pytest.mark.parametrize("name", case_names())
def test_rows_depend_on_the_columns_that_execution_shows(name: str):
    seen, query = _seen(name), _resolved(name)

    claimed = _inputs(query.row_uses)
    assert claimed - _unseen(name, "(rows)") == set(seen.rows)


@pytest.mark.parametrize("name", case_names())
def test_columns_have_the_names_that_the_database_gives(name: str):
    query = _resolved(name)

    assert [column.name for column in query.columns] == list(_seen(name).names)
    assert [problem.message for problem in query.problems] == []


@pytest.mark.parametrize("name", case_names())
def test_what_depends_on_no_column_is_said_to_be_constant_generated_or_counted(name: str):
    seen, query = _seen(name), _resolved(name)

    for at, column in enumerate(query.columns):
        counts = any(use.column == "" for use in column.uses)
        if at in seen.counted:
            assert counts or column.made == "generated", column.name
        if at in seen.unsteady:
            assert (column.made, column.uses) == ("generated", ()), column.name
        assert column.made != "unknown", (column.name, column.why)


@pytest.mark.long
@pytest.mark.parametrize("name", SAMPLE)
def test_execution_shows_again_what_is_kept(name: str):
    kept = _seen(name)

    with Observer(read_case(name)) as observer:
        seen = observer.lineage(thorough=False)

    assert seen.names == kept.names
    assert seen.rows <= kept.rows
    assert all(some <= all_ for some, all_ in zip(seen.edges, kept.edges, strict=True))


@pytest.mark.long
@pytest.mark.parametrize("name", case_names())
def test_execution_shows_all_of_what_is_kept(name: str):
    with Observer(read_case(name)) as observer:
        assert observer.lineage().text() == _seen(name).text()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_no_influence_is_missed_in_a_query_over_a_query(seed: int):
    _assert_nothing_is_missed(seed, thorough=False)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
def test_no_influence_is_missed_in_any_query_over_a_query(seed: int):
    _assert_nothing_is_missed(seed, thorough=True)


def test_an_edge_that_one_cell_shows_is_found():
    case = parse_case(
        "one_cell",
        "-- One cell.\n\n-- query\nselect sum(case when tax > 30 then amount end) as late from orders\n",
    )

    with Observer(case) as observer:
        assert observer.lineage().edges == (frozenset({("orders", "amount"), ("orders", "tax")}),)


def test_a_filter_is_no_edge_of_the_values():
    case = parse_case(
        "a_filter",
        "-- A filter.\n\n-- query\nselect sum(amount) as total from orders where status = 'paid'\n"
        "\n-- rows\nselect rowid from orders where status = 'paid'\n",
    )

    with Observer(case) as observer:
        seen = observer.lineage()

    assert seen.edges == (frozenset({("orders", "amount")}),)
    assert seen.rows == {("orders", "status")}


def test_rows_that_come_and_go_unsaid_are_refused():
    case = parse_case("unsaid", "-- A filter.\n\n-- query\nselect id from orders where status = 'paid'\n")

    with Observer(case) as observer, pytest.raises(CaseError, match="`rows` does not say so"):
        observer.lineage()


def test_columns_that_cannot_be_told_apart_ask_for_a_key():
    case = parse_case(
        "no_key",
        "-- A rank.\n\n-- query\nselect id, row_number() over (order by amount) as place from orders\n",
    )

    with Observer(case) as observer, pytest.raises(CaseError, match="a `key` is needed"):
        observer.lineage()


def test_a_kept_lineage_reads_as_it_was_written():
    lineage = Lineage(
        names=("id", "net value", "id", "n"),
        edges=(frozenset({("a b", "c"), ("t", "x")}), frozenset(), frozenset(), frozenset()),
        either=(frozenset(), frozenset({frozenset({("t", "k"), ("u", "k")})}), frozenset(), frozenset()),
        rows=frozenset({("t", "x")}),
        counted=frozenset({3}),
        unsteady=frozenset({2}),
    )

    assert Lineage.read(lineage.text()) == lineage


def _assert_nothing_is_missed(seed: int, *, thorough: bool) -> None:
    case = composed(seed)
    query = _resolve(case)

    with Observer(case) as observer:
        influences = observer.influences(thorough=thorough)

    assert [column.name for column in query.columns] == list(observer.names)
    for column, inputs in zip(query.columns, influences, strict=True):
        claimed = _inputs(column.uses) | _inputs(query.row_uses)
        assert inputs <= claimed, (column.name, case.query)


def _wrong_and_missing(name: str, seen: Lineage, query: ResolvedQuery) -> dict[str, str]:
    """Output column → what is claimed wrongly or not at all."""
    found = {}
    for at, column in enumerate(query.columns):
        claimed = _inputs(column.uses)
        either = seen.either[at]
        missing = {*seen.edges[at] - claimed, *(group for group in either if not group & claimed)}
        right = seen.edges[at].union(_unseen(name, column.name), *either)
        if missing or claimed - right:
            found[column.name] = f"missing {sorted(map(str, missing))}, wrong {sorted(claimed - right)}"
    return found


def _inputs(uses: tuple[ColumnUse, ...]) -> set[Input]:
    return {(use.relation, use.column) for use in uses if use.column}


def _unseen(name: str, column: str) -> set[Input]:
    return {one for (of, one) in read_case(name).unseen if of == column}


def _seen(name: str) -> Lineage:
    seen = read_case(name).lineage
    assert seen is not None, "pytest --update-golden observes it"
    return seen


@cache
def _resolved(name: str) -> ResolvedQuery:
    return _resolve(read_case(name))


def _resolve(case: Case) -> ResolvedQuery:
    parsed = parse_sql(case.query, "duckdb")
    assert parsed.tree is not None, [problem.message for problem in parsed.problems]
    return resolve(parsed.tree, _relations(case.setup), "duckdb", text=case.query)


@cache
def _relations(setup: str) -> RelationIndex:
    """The tables of every case, and those that a case makes itself."""
    tables = tables_after(setup)
    return RelationIndex(
        [
            ("memory", "main", table, KnownRelation(table, tuple(Column(*one) for one in columns.items())))
            for table, columns in tables.items()
        ],
        "duckdb",
    )
