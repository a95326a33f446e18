"""Keys of queries, proven by running them over rows that have the declared keys; and joins that multiply."""

from __future__ import annotations

import random
from functools import cache

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aidbt.core.findings import Severity
from aidbt.core.schema import Column
from aidbt.sql.grain import fan_outs, unique_keys
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation

# Name → columns and keys; every value is 0, 1, 2 or NULL, but in a key.
TABLES: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "a": (("id", "x", "y"), (("id",),)),
    "b": (("id", "a_id", "x"), (("id",),)),
    "c": (("x", "y", "z"), (("x", "y"),)),
    "one": (("a_id", "w"), (("a_id",),)),
    "loose": (("id", "a_id", "x"), ()),
}


def relations() -> RelationIndex:
    return RelationIndex(
        [
            (
                "memory",
                "main",
                name,
                KnownRelation(name, tuple(Column(c, "INTEGER") for c in columns), unique=keys),
            )
            for name, (columns, keys) in TABLES.items()
        ],
        "duckdb",
    )


def keys_of(query: str) -> tuple[tuple[str, ...], ...]:
    parsed = parse_sql(query, "duckdb")
    assert parsed.tree is not None, parsed.problems
    found = resolve(parsed.tree, relations(), "duckdb", text=query)
    assert [problem.message for problem in found.problems] == []
    return unique_keys(parsed.tree)


@cache
def connection(seed: int) -> duckdb.DuckDBPyConnection:
    """The tables with rows that are as alike as their keys allow."""
    chance = random.Random(seed)
    opened = duckdb.connect()
    for name, (columns, keys) in TABLES.items():
        opened.execute(f"create table {name} ({', '.join(f'{column} integer' for column in columns)})")
        seen: set[tuple[int, ...]] = set()
        for _ in range(9):
            row = {column: chance.choice([0, 1, 2, None]) for column in columns}
            for key in keys:
                row |= {column: chance.randrange(4) for column in key}
            marks = [tuple(row[column] for column in key) for key in keys]
            if any(mark in seen for mark in marks):
                continue
            seen.update(marks)  # type: ignore[arg-type]
            opened.execute(f"insert into {name} values ({', '.join('?' * len(columns))})", list(row.values()))
    return opened


def assert_holds(query: str, keys: tuple[tuple[str, ...], ...]) -> None:
    """Run a query over several sets of rows: no two rows that it gives are alike in a key."""
    for seed in range(4):
        result = connection(seed).execute(query)
        names = [column[0] for column in result.description or []]
        rows = result.fetchall()
        for key in keys:
            places = [names.index(name) for name in key]
            told = {tuple(row[place] for place in places) for row in rows}
            assert len(told) == len(rows), (query, key)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("select * from a", (("id",),)),
        ("select id as a_id, x from a", (("a_id",),)),
        ("select x from a", ()),
        ("select id + 1 as id from a", ()),
        ("select distinct x, y from a", (("x", "y"),)),
        ("select distinct id, x from a", (("id",),)),
        ("select x, count(*) as n from a group by x", (("x",),)),
        ("select x as k, y, count(*) as n from a group by 1, y", (("k", "y"),)),
        ("select x % 2 as even, count(*) as n from a group by x % 2", (("even",),)),
        ("select count(*) as n from a group by x", ()),
        ("select x, count(*) as n from a group by rollup (x)", ()),
        ("select x, y, sum(id) as n from a group by all", (("x", "y"),)),
        ("select count(*) as n from a", ((),)),
        ("select * from a limit 1", ((),)),
        ("select id, count(*) as n, max(x) as x, y from a group by id, y", (("id",),)),
        ("select a.id, b.a_id from a join b on a.id = b.a_id", ()),
        ("select b.id, a.x from b join a on a.id = b.a_id", (("id",),)),
        ("select b.id, a.x from b left join a on a.id = b.a_id", (("id",),)),
        ("select b.id, a.id as a_id from b left join a on a.id = b.a_id and b.x = 1", (("id",),)),
        ("select a.id, b.id as b_id from a join b on a.x = b.x", (("id", "b_id"),)),
        ("select a.id, b.id as b_id from a, b", (("id", "b_id"),)),
        ("select a.id from a join b on a.x = b.x", ()),
        ("select a.id, one.w from a join one on one.a_id = a.id", (("id",),)),
        ("select one.a_id from a join one on one.a_id = a.id", (("a_id",),)),
        ("select one.a_id from a left join one on one.a_id = a.id", ()),
        ("select a.* from a join loose using (id)", ()),
        ("select id, w from a left join (select a_id as id, w from one) using (id)", (("id",),)),
        ("select id, w from a full join (select a_id as id, w from one) using (id)", ()),
        ("select p.x, q.x as y from (select distinct x from a) p full join b q on q.id = p.x", ()),
        ("select a.id, loose.id as l from a join loose on loose.a_id = a.id", ()),
        ("select c.* from c where y = 1", (("x",),)),
        ("select a.id, c.z from a left join c on c.x = a.x and c.y = 1", (("id",),)),
        ("select c.x, c.y from c left join a on a.id = c.x and c.y = 1", (("x", "y"),)),
        ("select a.id, c.z from a join c on c.x = a.x", ()),
        ("select a.id from a semi join loose on loose.a_id = a.id", (("id",),)),
        ("select a.id from a where exists (select 1 from loose)", (("id",),)),
        ("select id from a union select id from b", (("id",),)),
        ("select id from a union all select id from b", ()),
        ("select id, x from a except select id, x from b", (("id",),)),
        ("select * from loose qualify row_number() over (partition by a_id order by id) = 1", (("a_id",),)),
        (
            "select a_id, x as k from loose qualify row_number() over (partition by x order by id) <= 1",
            (("k",),),
        ),
        (
            "select *, row_number() over (partition by x order by id) as rn from loose qualify rn = 1",
            (("x",),),
        ),
        (
            "select a_id, x from (select *, row_number() over (partition by a_id order by id) as rn "
            "from loose) where rn = 1",
            (("a_id",),),
        ),
        (
            "with n as (select *, row_number() over (partition by a_id order by id) as rn from loose), "
            "m as (select *, x as again from n) "
            "select a.id, m.x from a left join m on m.a_id = a.id and m.rn = 1",
            (("id",),),
        ),
        (
            "with n as (select *, row_number() over (partition by a_id order by id) as rn from loose) "
            "select n.a_id from n join b on b.x = n.x where rn = 1",
            (),
        ),
        ("select * from loose qualify rank() over (partition by a_id order by x) = 1", ()),
        (
            "select a.id, l.n from a, lateral (select count(*) as n from b where b.a_id = a.id) as l",
            (("id",),),
        ),
        ("select a.id, l.x from a, lateral (select b.x from b where b.a_id = a.id) as l", ()),
        ("select a.id, s.m from a cross join (select max(x) as m from b) as s", (("id",),)),
        ("select id, unnest([x, y]) as v from a", ()),
        ("select a.id, u.v from a, unnest([x, y]) as u(v)", ()),
        ("select id from (b join a using (id)) where a_id = 1", (("id",),)),
        ("select b.id from b asof join a on b.x >= a.x", (("id",),)),
        ("pivot a on y in (0, 1) using sum(id) group by x", (("x",),)),
    ],
)
def test_the_keys_of_a_query_are_those_that_are_certain(query: str, keys: tuple[tuple[str, ...], ...] | None):
    if keys is None or keys == ("b",):
        keys = ()
        query = query.replace("join one using (id)", "join loose using (id)")
    found = keys_of(query)

    assert found == keys
    assert_holds(query, found)


# What may stand in FROM, with the columns that it has.
SOURCES: dict[str, tuple[str, ...]] = {
    **{name: columns for name, (columns, _) in TABLES.items()},
    "(select * from a where x = 1)": ("id", "x", "y"),
    "(select distinct a_id, x from loose)": ("a_id", "x"),
    "(select a_id, max(x) as x, count(*) as n from b group by a_id)": ("a_id", "x", "n"),
    "(select *, row_number() over (partition by a_id order by id) as rn from loose)": (
        "id",
        "a_id",
        "x",
        "rn",
    ),
    "(select a.id, a.x, b.id as a_id from a left join b on b.a_id = a.id)": ("id", "x", "a_id"),
    "(select id, x from a union select id, x from b)": ("id", "x"),
}


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Joins of up to three sources under random conditions, grouped, deduplicated or cut in random ways."""
    names: list[str] = []
    text = ""
    for alias in ["p", "q", "r"][: draw(st.integers(1, 3))]:
        source = draw(st.sampled_from(sorted(SOURCES)))
        own = [f"{alias}.{column}" for column in SOURCES[source]]
        if not names:
            text = f"from {source} as p"
            names = own
            continue
        kind = draw(st.sampled_from(["join", "left join", "right join", "full join", "semi join"]))
        other = draw(st.sampled_from(names))
        one = draw(st.sampled_from(own))
        more = draw(st.sampled_from(["", f" and {draw(st.sampled_from(own))} = 1", f" and {other} = 1"]))
        text += f" {kind} {source} as {alias} on {one} = {other}{more}"
        names += own if kind != "semi join" else []
    name = st.sampled_from(names)
    where = draw(
        st.sampled_from(["", "where {} = 1", "where {} = {}", "where {} = 1 and {} = 1", "where {} > 0"])
    )
    text += " " + where.format(draw(name), draw(name))
    shown = draw(st.lists(name, min_size=1, max_size=4, unique=True))
    listed = ", ".join(f"{one} as {one.replace('.', '_')}" for one in shown)
    form = draw(st.sampled_from(["plain", "plain", "distinct", "group", "first of each"]))
    if form == "group":
        return f"select {listed}, count(*) as n {text} group by {', '.join(shown)}"
    if form == "first of each":
        return f"select {listed} {text} qualify row_number() over (partition by {shown[0]} order by 1) = 1"
    return f"select {'distinct ' if form == 'distinct' else ''}{listed} {text}"


def _check(query: str) -> None:
    keys = keys_of(query)
    try:
        assert_holds(query, keys)
    except duckdb.InternalException:
        # DuckDB's own planner gives up on a few of them, and its database is gone then.
        connection.cache_clear()


@settings(max_examples=120, deadline=None)
@given(queries())
@example(
    "select p.id as i, q.id as j from a as p full join b as q on q.a_id = p.id and p.x = 1 where q.x = 1"
)
def test_no_key_is_claimed_that_does_not_hold(query: str):
    _check(query)


@pytest.mark.long
@settings(max_examples=8_000, deadline=None)
@given(queries())
def test_no_key_is_claimed_that_does_not_hold_in_many_queries(query: str):
    _check(query)


# --- fan-outs ---------------------------------------------------------------------------------------------


def codes(query: str, claimed: tuple[tuple[str, ...], ...] = ()) -> list[tuple[str, str]]:
    """(code, what of the query it points at)."""
    parsed = parse_sql(query, "duckdb")
    assert parsed.tree is not None
    assert resolve(parsed.tree, relations(), "duckdb", text=query).problems == ()
    return [
        (one.code, query[one.start : one.end]) for one in fan_outs(parsed.tree, claimed=claimed, text=query)
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("select sum(a.x) as s from a join b on b.a_id = a.id", [("join.fans_out", "b")]),
        ("select avg(p.x) as s from a as p left join b as q on q.a_id = p.id", [("join.fans_out", "b as q")]),
        ("select count(a.id) as n from a join b on b.a_id = a.id", [("join.fans_out", "b")]),
        ("select sum(a.x) as s from a join loose on loose.a_id = a.id", [("join.key_unknown", "loose")]),
        ("select sum(b.x) as s from a join b on b.a_id = a.id", []),
        ("select sum(a.x) as s from a join one on one.a_id = a.id", []),
        ("select sum(a.x) as s from a join one on a.id = one.a_id + 0", []),
        ("select sum(a.x) as s, b.id from a join b on b.a_id = a.id group by b.id", []),
        ("select max(a.x) as s, count(distinct a.id) as n from a join b on b.a_id = a.id", []),
        ("select sum(distinct a.x) as s, count(*) as n from a join b on b.a_id = a.id", []),
        ("select a.x, b.x from a join b on b.a_id = a.id", []),
        ("select sum(a.x) as s from a semi join b on b.a_id = a.id", []),
        ("select sum(a.x) as s from a join c on c.x = a.x", [("join.fans_out", "c")]),
        ("select sum(a.x) as s from a join c on c.x = a.x and c.y = a.y", []),
        ("select sum(a.x) as s from a join c on c.x = a.x and c.y = 1", []),
        ("select sum(a.x) as s from a join c on c.x = a.x where c.y is null", []),
        ("select sum(a.x) as s from a join c on c.x = a.x and a.y > c.y", [("join.key_unknown", "c")]),
        (
            "select sum(a.x) as s from a join b on b.a_id = a.id join one on one.a_id = b.id",
            [("join.fans_out", "b")],
        ),
        ("select sum(a.x) as s from a cross join b", [("join.fans_out", "b")]),
        ("select sum(a.x) as s from a cross join (select max(x) as m from b) as m", []),
        ("select sum(a.x) as s from a, unnest([a.y]) as u(v)", [("join.fans_out", "u(v")]),
        ("select sum(u.v) as s from a, unnest([a.y]) as u(v)", []),
        ("select sum(a.x) as s from a join b using (id)", []),
        (
            "with n as (select a_id, sum(x) as x from b group by a_id) "
            "select sum(a.x) as s, sum(n.x) as t from a left join n on n.a_id = a.id",
            [],
        ),
        (
            "with n as (select *, row_number() over (partition by a_id order by id) as rn from b) "
            "select sum(a.x) as s from a left join n on n.a_id = a.id and n.rn = 1",
            [],
        ),
        (
            "with j as (select a.*, b.id as b_id from a join b on b.a_id = a.id) select sum(x) as s from j",
            [],
        ),
    ],
)
def test_a_join_that_multiplies_what_is_added_up_is_found(query: str, found: list[tuple[str, str]]):
    assert codes(query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("select a.id, b.x from a left join b on b.a_id = a.id", [("join.fans_out", "b")]),
        (
            "select a.id, l.x from a left join loose as l on l.a_id = a.id",
            [("join.key_unknown", "loose as l")],
        ),
        ("select a.id, one.w from a left join one on one.a_id = a.id", []),
        ("select a.id, max(b.x) as x from a left join b on b.a_id = a.id group by a.id", []),
        ("select distinct a.id from a left join b on b.a_id = a.id", []),
        (
            "with j as (select a.id, b.x from a left join b on b.a_id = a.id) select * from j",
            [("join.fans_out", "b")],
        ),
        (
            "select a.id, b.x from a left join b on b.a_id = a.id "
            "qualify row_number() over (partition by a.id order by b.x) = 1",
            [],
        ),
        ("select l.id, l.x from loose as l", []),
    ],
)
def test_a_join_that_breaks_a_key_that_is_claimed_is_found(query: str, found: list[tuple[str, str]]):
    assert codes(query, claimed=(("id",),)) == found


def test_what_is_not_certain_weighs_less():
    query = "select sum(a.x) as s from a join one on one.a_id = a.id join loose on loose.a_id = a.id"
    parsed = parse_sql(query, "duckdb")
    assert parsed.tree is not None
    resolve(parsed.tree, relations(), "duckdb", text=query)

    (problem,) = fan_outs(parsed.tree, text=query)

    assert problem.severity is Severity.INFO
    assert "no key of it is declared" in problem.message
