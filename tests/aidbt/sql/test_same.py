"""What a change of SQL changes: what is called the same gives the same answer, on every database tried."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import SAME, answer, database, mutated, projected
from sqlglot import parse_one

from aidbt.core.schema import Column
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation, ResolvedQuery
from aidbt.sql.same import QueryChange, compare_queries
from aidbt.sql.same.trees import depends_on_order
from tests.lineage_oracle import case_names, read_case, tables_after

GOLDEN = Path(__file__).parents[2] / "golden" / "same"
KEYS = {"orders": (("id",),), "customers": (("id",),), "staff": (("id",),), "items": (("order_id", "line"),)}
# Their answers differ from run to run, or with the order in which equal rows come.
UNSTEADY = frozenset({"clocks", "random_values", "sample_rows"})


rich_database = cache(database)


@cache
def relations(setup: str = "") -> RelationIndex:
    return RelationIndex(
        [
            (
                "memory",
                "main",
                table,
                KnownRelation(
                    table, tuple(Column(*one) for one in columns.items()), True, KEYS.get(table, ())
                ),
            )
            for table, columns in tables_after(setup).items()
        ],
        "duckdb",
    )


def read(text: str, setup: str = "") -> tuple[object, ResolvedQuery] | None:
    """The query, resolved; None of what does not parse or resolve."""
    parsed = parse_sql(text, "duckdb")
    if parsed.tree is None:
        return None
    query = resolve(parsed.tree, relations(setup), "duckdb", text=text)
    return None if query.problems else (parsed.tree, query)


def compare(before: str, after: str, setup: str = "") -> QueryChange:
    one, other = read(before, setup), read(after, setup)
    assert one is not None and other is not None, (before, after)
    return compare_queries(one, other)  # type: ignore[arg-type]


# --- edits that people make -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    before: str
    after: str
    verdict: str


def edit(path: Path) -> Edit:
    parts = re.split(r"^-- (?:before|after|verdict)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return Edit(*(part.strip() for part in parts[1:]))


def told(change: QueryChange) -> Iterator[str]:
    """A verdict for people to read, one line a fact."""
    if change.is_none:
        yield "nothing changes"
    yield from (f"added: {name}" for name in change.added)
    yield from (f"removed: {name}" for name in change.removed)
    yield from (f"renamed: {old} to {new}" for old, new in change.renamed)
    yield from (f"retyped: {name}, {old} to {new}" for name, old, new in change.retyped)
    yield from (f"other values: {name}" for name in change.changed)
    if change.rows:
        yield f"other rows: {', '.join(change.rows)}"
    if change.grain:
        yield "another grain"
    if change.reordered:
        yield "columns reordered"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.sql")), ids=lambda path: path.stem)
def test_an_edit_is_judged_as_a_person_judges_it(path: Path, update_golden: bool):
    given_ = edit(path)
    verdict = "\n".join(told(compare(given_.before, given_.after)))
    if update_golden:
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: text.index("-- verdict\n")] + f"-- verdict\n{verdict}\n", encoding="utf-8")

    assert edit(path).verdict == verdict


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.sql")), ids=lambda path: path.stem)
def test_the_verdict_on_an_edit_holds_on_a_database(path: Path):
    given_ = edit(path)
    if path.stem != "random_twice":
        check(rich_database(), given_.before, given_.after, "")


# --- mutations of every construct -----------------------------------------------------------------------


def check(db: duckdb.DuckDBPyConnection, before: str, after: str, setup: str) -> bool:
    """Run both: columns that are said to stay as they are, in rows that do, are the same. Whether there was
    anything to check: a query that does not resolve or run says nothing.
    """
    one, other = read(before, setup), read(after, setup)
    if one is None or other is None:
        return False
    change = compare_queries(one, other)  # type: ignore[arg-type]
    if change.rows:
        return False
    try:
        (known, was), (known_now, now) = answer(db, before), answer(db, after)
    except duckdb.Error:
        return False
    if known != [c.name for c in one[1].columns] or known_now != [c.name for c in other[1].columns]:
        return False  # which columns there are is the resolver's to know, and tested there
    names = {column.name: at for at, column in enumerate(other[1].columns)}
    renamed, other_types = dict(change.renamed), {name for name, _, _ in change.retyped}
    places = [
        (at, names[name])
        for at, column in enumerate(one[1].columns)
        if (name := renamed.get(column.name, column.name)) in names
        and name not in change.changed
        and name not in other_types
    ]
    old, new = [at for at, _ in places], [at for _, at in places]
    assert projected(was, old) == projected(now, new), (before, after, change)
    return True


def database_of(name: str) -> duckdb.DuckDBPyConnection:
    """More rows, NULLs and ties; no ties where a query takes rows as they come."""
    case = read_case(name)
    return database(case.setup, more=not depends_on_order(parse_one(case.query, dialect="duckdb")))


kept_database = cache(database_of)
STEADY = [name for name in case_names() if name not in UNSTEADY and not name.startswith("asof")]


@given(seed=st.integers(0, 2**32), name=st.sampled_from(STEADY))
@settings(max_examples=40, deadline=None)
def test_what_is_said_to_stay_the_same_stays_the_same(seed: int, name: str):
    case = read_case(name)
    check(kept_database(name), case.query, mutated(case.query, seed), case.setup)


@pytest.mark.long
@pytest.mark.parametrize("name", STEADY)
def test_what_is_said_to_stay_the_same_stays_the_same_for_every_construct(name: str):
    case = read_case(name)
    with database_of(name) as db:
        for seed in range(100):
            check(db, case.query, mutated(case.query, seed), case.setup)


# DuckDB's statements PIVOT and UNPIVOT are compared by their text alone.
SEEN_THROUGH = [name for name in STEADY if not name.startswith(("pivot", "unpivot", "star_rename"))]


@pytest.mark.parametrize("name", SEEN_THROUGH[::4])
def test_rewriting_without_changing_the_meaning_changes_nothing(name: str):
    case = read_case(name)
    for mutation in SAME:
        text = mutation(parse_one(case.query, dialect="duckdb"), random.Random(1)).sql("duckdb")
        if read(text, case.setup) is None:
            continue
        # Against the text that the printer makes: it says some things otherwise than the case does.
        plain = parse_one(case.query, dialect="duckdb").sql("duckdb")
        change = compare(plain, text, case.setup)
        assert change.is_none, (text, change)


def test_no_two_constructs_are_taken_for_each_other():
    plain = [name for name in STEADY if not read_case(name).setup][::10]
    texts = {name: read_case(name).query for name in plain}
    same = [
        (one, other)
        for at, one in enumerate(plain)
        for other in plain[at + 1 :]
        if compare(texts[one], texts[other]).is_none
    ]
    for one, other in same:
        check(rich_database(), texts[one], texts[other], "")


# --- what is hard ---------------------------------------------------------------------------------------


def test_ctes_that_double_at_each_step_are_compared_in_no_time():
    steps = ["c0 as (select id, amount as x from orders)"]
    steps += [
        f"c{n} as (select a.id, a.x + b.x as x from c{n - 1} as a join c{n - 1} as b on a.id = b.id)"
        for n in range(1, 31)
    ]
    text = f"with {', '.join(steps)} select * from c30"

    same = text.replace("c0 as", "c0 as /* the first */").replace("a.x + b.x", "(a.x + b.x)")
    assert compare(text, same).is_none
    changed = compare(text, text.replace("amount as x", "tax as x"))
    assert (changed.changed, changed.rows) == (("x",), ())


@pytest.mark.long
def test_deep_queries_do_not_end_in_a_recursion_error():
    def nested(innermost: str) -> str:
        text = innermost
        for _ in range(500):
            text = f"select id from ({text}) as q where id > 0"
        return text

    assert compare(nested("select id from orders"), nested("select o.id from orders as o")).is_none
    assert compare(nested("select id from orders"), nested("select tax as id from orders")).changed == ("id",)


@pytest.mark.long
def test_a_long_chain_of_conditions_is_compared_without_its_order():
    terms = [f"id <> {n}" for n in range(1500)]
    one = f"select id from orders where {' and '.join(terms)}"
    other = f"select id from orders where {' and '.join(reversed(terms))}"

    assert compare(one, other).is_none


def test_a_recursive_query_depends_on_all_that_goes_round():
    text = (
        "with recursive t as (select id, 1 as n from staff where boss_id is null"
        " union all select s.id, n + 1 from staff as s join t on s.boss_id = t.id where n < 4)"
        " select id from t"
    )
    renamed = text.replace("as n", "as depth").replace("n + 1", "depth + 1").replace("n < 4", "depth < 4")

    assert compare(text, renamed).is_none
    assert compare(text, text.replace("1 as n", "2 as n")).rows


def test_columns_of_unknown_relations_are_compared_by_what_is_written():
    index = RelationIndex([("", "", "raw", KnownRelation("raw", is_complete=False))], "duckdb")

    def known(text: str) -> tuple[object, ResolvedQuery]:
        tree = parse_sql(text, "duckdb").tree
        assert tree is not None
        return tree, resolve(tree, index, "duckdb", text=text)

    def change(before: str, after: str) -> QueryChange:
        return compare_queries(known(before), known(after))  # type: ignore[arg-type]

    assert change("select r.a, r.b from raw as r", "with x as (select * from raw) select a, b from x").is_none
    assert change("select * from raw", "select * from raw as r").is_none
    assert change("select * from raw", "select * exclude (a) from raw").changed == ("*",)
    assert change(
        "select x.a from raw as x join raw as y on x.k = y.k",
        "select y.a from raw as x join raw as y on x.k = y.k",
    ).changed == ("a",)


def test_columns_that_were_renamed_before_are_the_same_columns():
    before = KnownRelation("stg", (Column("id"), Column("amount")))
    after = KnownRelation("stg", (Column("id"), Column("net")))

    def known(text: str, relation: KnownRelation) -> tuple[object, ResolvedQuery]:
        tree = parse_sql(text, "duckdb").tree
        assert tree is not None
        return tree, resolve(tree, RelationIndex([("", "", "stg", relation)], "duckdb"), "duckdb", text=text)

    queries = known("select id, amount from stg", before), known("select id, net as amount from stg", after)

    assert compare_queries(*queries).changed == ("amount",)  # type: ignore[arg-type]
    assert compare_queries(*queries, renamed={("stg", "amount"): "net"}).is_none  # type: ignore[arg-type]
