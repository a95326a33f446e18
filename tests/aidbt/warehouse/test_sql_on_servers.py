"""The same rows give the same figures on PostgreSQL, Spark and DuckDB, and no lost value is overlooked."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.warehouse.checks import distinct_values, is_key, rows_lost_by_casts, rows_outside
from aidbt.warehouse.duckdb import DuckDBConnection
from aidbt.warehouse.profiling import QUANTILES, profile_table
from aidbt.warehouse.rows import latest_batch
from tests.aidbt.warehouse.conftest import open_target
from tests.aidbt.warehouse.test_checks import CASTS

psycopg2 = pytest.importorskip("psycopg2")


class PostgresConnection:
    """The least that a connection is."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self.raw = psycopg2.connect(url)
        self.raw.autocommit = True
        self.rows("set timezone = 'UTC'")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.raw.cursor() as cursor:
            cursor.execute(sql, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def postgres_connection(postgres) -> Iterator[PostgresConnection]:
    connection = PostgresConnection(postgres.create_database("figures"))
    yield connection
    connection.raw.close()


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBConnection]:
    with duckdb.connect() as raw:
        raw.execute("set timezone = 'UTC'")
        yield DuckDBConnection(raw)


# --- the same table twice -----------------------------------------------------------------------------

# name, type on DuckDB, type on PostgreSQL
COLUMNS = [
    ("id", "BIGINT", "bigint"),
    ("small", "SMALLINT", "smallint"),
    ("price", "DECIMAL(12,2)", "numeric(12,2)"),
    ("ratio", "DOUBLE", "double precision"),
    ("status", "VARCHAR", "text"),
    ("code", "VARCHAR", "varchar(20)"),
    ("as_text", "VARCHAR", "text"),
    ("is_open", "BOOLEAN", "boolean"),
    ("due_on", "DATE", "date"),
    ("placed_at", "TIMESTAMP", "timestamp"),
    ("paid_at", "TIMESTAMPTZ", "timestamptz"),
    ("key", "UUID", "uuid"),
    ("tags", "VARCHAR[]", "text[]"),
    ("nothing", "VARCHAR", "text"),
]
UTC = datetime.UTC


def orders(count: int) -> list[tuple[Any, ...]]:
    """Rows of every type, with nulls, repeats, clusters and extremes."""
    chosen = random.Random(7)
    start = datetime.datetime(2024, 1, 1)
    rows = []
    for i in range(count):
        at = start + datetime.timedelta(
            seconds=chosen.randrange(31_536_000), microseconds=chosen.choice([0, 5])
        )
        rows.append(
            (
                i,
                chosen.randrange(-300, 300),
                Decimal(chosen.randrange(-1000, 1000)) / 100,
                chosen.choice([0.1, 1e-7, -2.5e12, 3.0, chosen.random()]) if i % 7 else None,
                chosen.choice(["new", "paid", "PAID", "Zed", "äöü"]),
                f"C{i % 1973:05}",
                chosen.choice(["12", "-7", "3.5", "2024-01-31", "{}", "x", "true"]) if i % 3 else None,
                chosen.random() < 0.3,
                at.date(),
                at,
                at.replace(tzinfo=UTC),
                f"00000000-0000-4000-8000-{i:012x}",
                ["a", None],
                None,
            )
        )
    return rows


@dataclass(frozen=True)
class Twins:
    """The same rows on two warehouses."""

    ours: Any
    theirs: Any

    def make(
        self, name: str, columns: Sequence[tuple[str, str, str]], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        from psycopg2.extras import execute_values

        for connection, place in ((self.ours, 1), (self.theirs, 2)):
            declared = ", ".join(f'"{column[0]}" {column[place]}' for column in columns)
            connection.rows(f"drop table if exists {name} cascade")
            connection.rows(f"create table {name} ({declared})")
        if rows:
            slots = ", ".join("?" * len(columns))
            self.ours.raw.executemany(f"insert into {name} values ({slots})", rows)
            types = ", ".join(f"%s::{column[2]}" for column in columns)
            with self.theirs.raw.cursor() as cursor:
                execute_values(cursor, f"insert into {name} values %s", rows, f"({types})", page_size=1000)

    def relations(self, name: str, columns: Sequence[tuple[str, str, str]]) -> tuple[Relation, Relation]:
        found = []
        for schema, place in (("main", 1), ("public", 2)):
            listed = tuple(Column(column[0], column[place]) for column in columns)
            found.append(Relation(schema, name, listed))
        return found[0], found[1]


@pytest.fixture(scope="module")
def twins(duck: DuckDBConnection, postgres_connection: PostgresConnection) -> Twins:
    return Twins(duck, postgres_connection)


@pytest.fixture(scope="module")
def profiles(twins: Twins) -> tuple[TableProfile, TableProfile]:
    twins.make("orders", COLUMNS, orders(3000))
    ours, theirs = twins.relations("orders", COLUMNS)
    return (
        profile_table(twins.ours, ours, sample_rows=10_000),
        profile_table(twins.theirs, theirs, sample_rows=10_000),
    )


def exact(found: ColumnProfile) -> dict[str, Any]:
    names = ("null_rate", "is_unique", "minimum", "maximum", "min_length", "max_length", "role", "pii")
    return {name: getattr(found, name) for name in names} | {
        "formats": {k: round(v, 9) for k, v in found.formats.items()}
    }


@pytest.mark.long
def test_exact_figures_are_the_same_on_postgresql(profiles):
    ours, theirs = profiles

    assert (ours.row_count, ours.keys) == (theirs.row_count, theirs.keys) == (3000, ("id", "key"))
    assert theirs.sample_rows == 3000
    for mine, its in zip(ours.columns, theirs.columns, strict=True):
        assert (its.name, exact(its)) == (mine.name, exact(mine))
        assert [(v, pytest.approx(share)) for v, share in its.top_values] == list(mine.top_values)


@pytest.mark.long
def test_measured_figures_are_the_same_on_postgresql(profiles):
    ours, theirs = profiles

    for mine, its in zip(ours.columns, theirs.columns, strict=True):
        for name in ("mean", "stddev", "mean_length"):
            expected = getattr(mine, name)
            wanted = None if expected is None else pytest.approx(expected, rel=1e-9)
            assert getattr(its, name) == wanted, (mine.name, name)
        assert len(its.quantiles) == len(mine.quantiles)
        if mine.quantiles:
            spread = abs(mine.quantiles[-1] - mine.quantiles[0])
            assert its.quantiles == pytest.approx(mine.quantiles, abs=0.05 * spread)
        if mine.data_type != "VARCHAR[]":
            assert its.distinct_count == pytest.approx(mine.distinct_count, rel=0.15, abs=1)


class Counted:
    """A connection that counts its statements."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.statements = 0

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.statements += 1
        return list(self._connection.rows(sql, parameters))


def test_a_small_table_is_read_in_at_most_four_statements(twins: Twins):
    """Its rows, its figures, all of its values, the range of its codes: however many columns there are."""
    twins.make("orders", COLUMNS, orders(500))

    for connection, relation in zip(
        (twins.ours, twins.theirs), twins.relations("orders", COLUMNS), strict=True
    ):
        counted = Counted(connection)
        profile = profile_table(counted, relation, sample_rows=1000)
        assert profile.keys == ("id", "code", "key")
        assert counted.statements <= 4


BIG = """create table big as select i as id, i % 7 as few, i / 3 as thirds, 'c' || i % 40000 as code,
    (i * 2654435761 % 1000003)::bigint as hashed, case when i >= 150000 then 'new' else 'old' end as half,
    case when i % 50000 = 0 then 'rare' || i else 'often' end as rarely
    from generate_series(0, 299999) as r(i)"""
BIG_COLUMNS = (
    Column("id", "integer"),
    Column("few", "integer"),
    Column("thirds", "integer"),
    Column("code", "text"),
    Column("hashed", "bigint"),
    Column("half", "text"),
    Column("rarely", "text"),
)


@pytest.fixture(scope="module")
def big(postgres_connection: PostgresConnection) -> PostgresConnection:
    postgres_connection.rows("drop table if exists big cascade")
    postgres_connection.rows(BIG)
    postgres_connection.rows("create view big_view as select * from big")
    return postgres_connection


@pytest.mark.long
def test_distinct_counts_of_a_large_postgresql_table_are_a_few_percent_off(big: PostgresConnection):
    profile = profile_table(big, Relation("public", "big", BIG_COLUMNS), sample_rows=5000)

    counts = {column.name: column.distinct_count for column in profile.columns}
    assert {name: counts[name] for name in ("few", "half", "rarely")} == {"few": 7, "half": 2, "rarely": 7}
    wanted = {"id": 300_000, "thirds": 100_000, "code": 40_000, "hashed": 300_000}
    assert {name: counts[name] for name in wanted} == {
        name: pytest.approx(count, rel=0.08) for name, count in wanted.items()
    }
    assert profile.keys == ("id", "hashed")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["table", "view", "external"])
def test_a_sample_of_postgresql_is_spread_over_the_table(big: PostgresConnection, kind: Any):
    name = "big" if kind == "table" else "big_view"
    profile = profile_table(big, Relation("public", name, BIG_COLUMNS, kind=kind), sample_rows=5000)

    assert 2500 < profile.sample_rows < 10_000
    half = profile.column("half")
    assert half is not None
    assert dict(half.top_values) == pytest.approx({"old": 0.5, "new": 0.5}, abs=0.25)
    identity = profile.column("id")
    assert identity is not None
    assert identity.quantiles == pytest.approx([300_000 * q for q in QUANTILES], abs=45_000)


def test_a_partitioned_table_is_sampled_like_any_other(postgres_connection: PostgresConnection):
    for statement in (
        "create table parts (id bigint, day date) partition by range (day)",
        "create table parts_a partition of parts for values from ('2024-01-01') to ('2025-01-01')",
        "create table parts_b partition of parts for values from ('2025-01-01') to ('2026-01-01')",
        "insert into parts select i, date '2024-01-01' + i % 700 from generate_series(1, 30000) i",
    ):
        postgres_connection.rows(statement)
    columns = (Column("id", "bigint"), Column("day", "date"))

    profile = profile_table(postgres_connection, Relation("public", "parts", columns), sample_rows=3000)

    assert profile.row_count == 30_000
    assert 1000 < profile.sample_rows < 9001
    assert profile.keys == ("id",)


def test_an_empty_postgresql_table_has_a_profile(twins: Twins):
    twins.make("orders", COLUMNS, [])
    _, theirs = twins.relations("orders", COLUMNS)

    profile = profile_table(twins.theirs, theirs, sample_rows=10)

    assert (profile.row_count, profile.sample_rows, profile.keys) == (0, 0, ())
    assert all(c.null_rate == 0 and c.minimum is None and not c.quantiles for c in profile.columns)


def test_infinite_dates_and_numbers_are_left_out_of_quantiles(postgres_connection: PostgresConnection):
    postgres_connection.rows("drop table if exists odd")
    postgres_connection.rows(
        """create table odd as select
        (case i % 4 when 0 then 'infinity' when 1 then '-infinity' else '2024-01-01' end)::date as d,
        (case i % 4 when 0 then 'NaN' when 1 then 'infinity' when 2 then '1e300' else '2' end)::float8 as f,
        (case i % 4 when 0 then 'NaN' when 1 then '1e400' else '2' end)::numeric as n
        from generate_series(1, 100) i"""
    )
    columns = (Column("d", "date"), Column("f", "double precision"), Column("n", "numeric"))

    profile = profile_table(postgres_connection, Relation("public", "odd", columns), sample_rows=1000)

    day, double, decimal = profile.columns
    assert day.quantiles == (1704067200.0,) * 5
    assert (day.minimum, day.maximum) == ("-infinity", "infinity")
    assert (double.mean, decimal.mean) == (2.0, 2.0)


# --- casts --------------------------------------------------------------------------------------------

POSTGRES_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "TIMESTAMPTZ": "timestamptz",
    "double": "double precision",
    "float": "real",
    "varchar": "text",
}
NOT_ON_POSTGRES = (
    "text to a small integer",
    "hugeint to bigint",
    "nanoseconds to timestamp",
    "blob to text",
    "enum to text",
    "enum to integer",
)


@pytest.mark.parametrize("what", [name for name in CASTS if name not in NOT_ON_POSTGRES])
def test_exactly_the_values_that_postgresql_would_lose_are_counted(
    postgres_connection: PostgresConnection, what: str
):
    data_type, cast, kept, gone = CASTS[what]
    data_type, cast = POSTGRES_TYPES.get(data_type, data_type), POSTGRES_TYPES.get(cast, cast)
    if what == "double to text":
        kept, gone = [v for v in kept if v != "nan"], ["nan"]  # the guard knows plain numbers only

    assert lost_on(postgres_connection, data_type, [*kept, *gone], cast) == gone


def lost_on(
    connection: PostgresConnection, data_type: str, values: Sequence[str | None], cast: str
) -> list[str | None]:
    """Which of the values are lost by a cast: each in a row of its own column."""
    columns = ", ".join(
        f"cast({literal(value)} as {data_type}) as c{place}" for place, value in enumerate(values)
    )
    connection.rows("drop table if exists cast_values")
    connection.rows(f"create table cast_values as select {columns}")
    listed = tuple(Column(f"c{place}", data_type) for place in range(len(values)))
    casts = [(column.name, cast) for column in listed]
    found = rows_lost_by_casts(connection, Relation("public", "cast_values", listed), casts)
    assert list(found) == casts
    return [value for value, pair in zip(values, casts, strict=True) if found[pair]]


def literal(value: str | None, *, spark: bool = False) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''").replace("\n", "\\n" if spark else "\n") + "'"


TEXTS = st.one_of(
    st.from_regex(r"[+-]?[0-9]{0,22}([.][0-9]{0,12})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
        r"(Z|[+-][0-9]{2}(:[0-9]{2})?)?)?",
        fullmatch=True,
    ),
    st.dates().map(str),
    st.datetimes().map(str),
    st.sampled_from(
        ["t", "true", "on", "oN", "tr", "NaN", "Infinity", "today", "0x1F", "1_000", "24:00:00", " 1", "1\n"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)
WANTED = [
    "smallint",
    "integer",
    "bigint",
    "numeric(9,2)",
    "numeric(20,0)",
    "numeric",
    "double precision",
    "real",
    "date",
    "timestamp",
    "timestamptz",
    "timestamp(3)",
    "boolean",
    "uuid",
    "varchar(5)",
    "text",
]


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=30))
def test_what_is_called_kept_can_really_be_cast_on_postgresql(
    postgres_connection: PostgresConnection, texts: list[str]
):
    """The guards never let a value through that fails, and a cast that loses nothing succeeds for all."""
    connection = postgres_connection
    connection.rows("drop table if exists texts")
    connection.rows("create table texts (c text)")
    with connection.raw.cursor() as cursor:
        cursor.executemany("insert into texts values (%s)", [(text,) for text in texts])
    relation = Relation("public", "texts", (Column("c", "text"),))

    lost = rows_lost_by_casts(connection, relation, [("c", wanted) for wanted in WANTED])

    assert len(lost) == len(WANTED)
    for (_, wanted), count in lost.items():
        if count == 0:
            connection.rows(f"select c::{wanted} from texts")


@pytest.mark.long
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=40))
def test_text_that_duckdb_loses_is_lost_on_postgresql_too(twins: Twins, texts: list[str]):
    """Each in a row of its own; PostgreSQL's guards may be stricter but nothing is overlooked."""
    columns = [("n", "INTEGER", "integer"), ("c", "VARCHAR", "text")]
    twins.make("texts", columns, list(enumerate(texts)))
    ours, theirs = twins.relations("texts", columns)
    casts = {
        "integer": "integer",
        "decimal(9,2)": "numeric(9,2)",
        "double": "double precision",
        "date": "date",
        "timestamp": "timestamp",
    }

    mine = rows_lost_by_casts(twins.ours, ours, [("c", cast) for cast in casts])
    its = rows_lost_by_casts(twins.theirs, theirs, [("c", cast) for cast in casts.values()])

    for cast, other in casts.items():
        assert its["c", other] >= mine["c", cast], cast


NUMBERS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double precision": st.floats(allow_nan=False, allow_infinity=False),
    "numeric(20,4)": st.decimals(-(10**15), 10**15, places=4),
    "timestamp": st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)),
    "timestamptz": st.datetimes(
        datetime.datetime(2, 1, 1), datetime.datetime(9998, 12, 31), timezones=st.just(UTC)
    ),
    "date": st.dates(),
    "boolean": st.booleans(),
}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), source=st.sampled_from(sorted(NUMBERS)))
def test_a_cast_that_loses_nothing_gives_the_same_values_back_on_postgresql(
    postgres_connection: PostgresConnection, data: st.DataObject, source: str
):
    values = data.draw(st.lists(NUMBERS[source], min_size=1, max_size=12))
    connection = postgres_connection
    connection.rows("drop table if exists numbers")
    connection.rows(f"create table numbers (c {source})")
    with connection.raw.cursor() as cursor:
        cursor.executemany("insert into numbers values (%s)", [(value,) for value in values])
    relation = Relation("public", "numbers", (Column("c", source),))

    lost = rows_lost_by_casts(connection, relation, [("c", wanted) for wanted in WANTED])

    for (_, wanted), count in lost.items():
        if count == 0:
            [(changed,)] = connection.rows(
                f"select count(*) from numbers where c::{wanted}::{source} is distinct from c"
            )
            assert changed == 0, wanted


def test_a_cast_that_postgresql_does_not_have_is_left_out(postgres_connection: PostgresConnection):
    postgres_connection.rows("drop table if exists odd")
    postgres_connection.rows("create type mood as enum ('a')")
    postgres_connection.rows(
        "create table odd as select 1::bigint as i, '{}'::jsonb as j, 'a'::mood as m, 2.5 as n"
    )
    columns = (Column("i", "bigint"), Column("j", "jsonb"), Column("m", "mood"), Column("n", "numeric"))
    asked = [
        ("i", "boolean"),
        ("i", "date"),
        ("j", "integer"),
        ("m", "text"),
        ("n", "mood"),
        ("n", "char(5)"),
    ]

    found = rows_lost_by_casts(
        postgres_connection, Relation("public", "odd", columns), [*asked, ("n", "integer"), ("i", "integer")]
    )

    assert found == {("n", "integer"): 1, ("i", "integer"): 0}


# --- the other questions ------------------------------------------------------------------------------


def test_the_other_questions_have_the_same_answers_on_postgresql(twins: Twins):
    twins.make("orders", COLUMNS, orders(800))
    ours, theirs = twins.relations("orders", COLUMNS)
    references = [("small", "id"), ("id", "small"), ("code", "status"), ("key", "key"), ("due_on", "due_on")]

    answers = []
    for connection, relation in ((twins.ours, ours), (twins.theirs, theirs)):
        answers.append(
            [
                rows_outside(connection, relation, [(c, relation, p) for c, p in references]),
                [is_key(connection, relation, name) for name in ("id", "small", "ratio", "key")],
                distinct_values(connection, relation, ["status", "is_open", "small"], limit=10),
            ]
        )

    mine, its = answers
    assert its[:2] == mine[:2]
    assert {name: its[2][name] for name in ("status", "is_open")} == {
        name: mine[2][name] for name in ("status", "is_open")
    }
    assert len(its[2]["small"]) == len(mine[2]["small"]) == 11


def test_values_that_cannot_be_compared_are_never_the_same(postgres_connection: PostgresConnection):
    postgres_connection.rows("drop table if exists a; drop table if exists b")
    postgres_connection.rows("create table a as select 1 as i, '1' as t union all select null, null")
    postgres_connection.rows(
        "create table b as select 1::bigint as i, '1'::varchar(3) as t, now()::date as d"
    )
    a = Relation("public", "a", (Column("i", "integer"), Column("t", "text")))
    b = Relation("public", "b", (Column("i", "bigint"), Column("t", "varchar(3)"), Column("d", "date")))

    found = rows_outside(
        postgres_connection, a, [("i", b, "i"), ("i", b, "t"), ("t", b, "t"), ("t", b, "i"), ("i", b, "d")]
    )

    assert found == [0, 1, 0, 1, 1]


def test_only_the_latest_complete_batch_counts_on_postgresql(postgres_connection: PostgresConnection):
    for statement in (
        "create schema bronze",
        "create table bronze._aidbt_loads (table_name text, batch_id text)",
        "insert into bronze._aidbt_loads values ('t', 'b1'), ('t', 'b2')",
        "create table bronze.t (c text, _aidbt_batch_id text)",
        "insert into bronze.t values ('1', 'b1'), ('x', 'b2'), ('2', 'b2'), ('y', 'b3')",
    ):
        postgres_connection.rows(statement)
    relation = Relation("bronze", "t", (Column("c", "text"), Column("_aidbt_batch_id", "text")))

    profile = profile_table(postgres_connection, relation, sample_rows=100)

    assert (profile.row_count, profile.keys) == (2, ("c",))
    assert rows_lost_by_casts(postgres_connection, relation, [("c", "integer")]) == {("c", "integer"): 1}
    assert distinct_values(postgres_connection, relation, ["c"], limit=5) == {"c": ["2", "x"]}


# --- Spark --------------------------------------------------------------------------------------------

SPARK_TYPES = {
    "VARCHAR": "string",
    "TIMESTAMPTZ": "timestamp",
    "TIMESTAMP": "timestamp_ntz",
    "varchar": "string",
}
NOT_ON_SPARK = (
    "hugeint to bigint",
    "nanoseconds to timestamp",
    "blob to text",
    "enum to text",
    "enum to integer",
    "uuid to text",
)
SPARK_COLUMNS = [
    ("id", "bigint"),
    ("price", "decimal(12,2)"),
    ("ratio", "double"),
    ("status", "string"),
    ("as_text", "string"),
    ("is_open", "boolean"),
    ("due_on", "date"),
    ("placed_at", "timestamp_ntz"),
    ("paid_at", "timestamp"),
    ("doc", "struct<a:int>"),
    ("tags", "array<string>"),
    ("attributes", "map<string,int>"),
]
SPARK_ROWS = """select id, cast(id * 7 % 1000 / 100 as decimal(12,2)) as price, id / 8 as ratio,
    element_at(array('new', 'paid', 'Zed'), cast(id % 3 + 1 as int)) as status,
    case when id % 5 > 0 then string(id % 50) end as as_text, id % 4 = 0 as is_open,
    date_add(date'2024-01-01', cast(id % 300 as int)) as due_on,
    timestamp_ntz'2024-01-01 00:00:00' + make_dt_interval(0, 0, cast(id as int)) as placed_at,
    timestamp'2024-01-01 00:00:00+00:00' + make_dt_interval(0, 0, cast(id as int)) as paid_at,
    struct(1 as a) as doc, array('a') as tags, map('a', 1) as attributes from range(2000)"""


@pytest.fixture(scope="module")
def spark_connection(spark_target) -> Iterator[Any]:
    warehouse = open_target(spark_target)
    with warehouse.connect() as connection:
        connection.rows("create schema if not exists figures")
        connection.rows("use figures")
        yield connection


@pytest.mark.long
def test_spark_has_the_figures_of_plain_sql(spark_connection: Any):
    spark_connection.rows(f"create table orders using parquet as {SPARK_ROWS}")
    columns = tuple(Column(*column) for column in SPARK_COLUMNS)

    profile = profile_table(spark_connection, Relation("figures", "orders", columns), sample_rows=5000)

    found = {column.name: column for column in profile.columns}
    assert (profile.row_count, profile.sample_rows, profile.keys) == (2000, 2000, ("id",))
    assert (found["price"].minimum, found["price"].maximum) == ("0.00", "9.99")
    assert (found["ratio"].minimum, found["ratio"].maximum) == ("0.0", "249.875")
    assert (found["is_open"].minimum, found["is_open"].maximum) == ("false", "true")
    assert (found["placed_at"].minimum, found["placed_at"].maximum) == (
        "2024-01-01 00:00:00",
        "2024-01-02 09:19:00",
    )
    assert dict(found["status"].top_values) == pytest.approx({"new": 0.3335, "paid": 0.3335, "Zed": 0.333})
    assert (found["status"].minimum, found["status"].maximum) == ("Zed", "paid")
    assert found["as_text"].formats["integer"] == 1.0
    assert found["as_text"].null_rate == pytest.approx(0.2)
    for name in ("placed_at", "paid_at", "due_on"):
        first = datetime.datetime(2024, 1, 1, tzinfo=UTC).timestamp()
        assert first <= found[name].quantiles[0] < found[name].quantiles[-1] < first + 300 * 86400
    for name in ("doc", "tags", "attributes"):
        assert (found[name].null_rate, found[name].minimum, found[name].distinct_count) == (0.0, None, 0)


@pytest.mark.long
def test_exactly_the_values_that_spark_would_lose_are_counted(spark_connection: Any):
    """All cases at once, each value in a row of its own column."""
    asked, written, gone_at = [], [], set()
    for what, (data_type, cast, kept, gone) in CASTS.items():
        if what in NOT_ON_SPARK:
            continue
        data_type, cast = SPARK_TYPES.get(data_type, data_type), SPARK_TYPES.get(cast, cast)
        if what == "text to timestamp":
            cast = "timestamp_ntz"
        for place, value in enumerate([*kept, *gone]):
            name = f"c{len(asked)}"
            asked.append((Column(name, data_type), cast))
            written.append(f"cast({literal(value, spark=True)} as {data_type}) as {name}")
            if place >= len(kept):
                gone_at.add((name, what, value))
    spark_connection.rows(f"create table cast_values using parquet as select {', '.join(written)}")
    relation = Relation("figures", "cast_values", tuple(column for column, _ in asked))

    found = rows_lost_by_casts(spark_connection, relation, [(column.name, cast) for column, cast in asked])

    assert len(found) == len(asked)
    assert {name for (name, _), lost in found.items() if lost} == {name for name, *_ in gone_at}


@pytest.mark.long
def test_a_large_spark_table_is_sampled(spark_connection: Any):
    spark_connection.rows(
        "create table big using parquet as select id, if(id < 50000, 'old', 'new') as half from range(100000)"
    )
    columns = (Column("id", "bigint"), Column("half", "string"))

    profile = profile_table(spark_connection, Relation("figures", "big", columns), sample_rows=4000)

    half = profile.column("half")
    assert half is not None
    assert 3000 < profile.sample_rows < 5000
    assert dict(half.top_values) == pytest.approx({"old": 0.5, "new": 0.5}, abs=0.05)
    assert profile.keys == ("id",)


@pytest.mark.long
def test_the_other_questions_are_answered_by_spark(spark_connection: Any):
    spark_connection.rows(
        "create table child using parquet as select * from values (1, 'a'), (9, 'b'), (null, null) as t(i, c)"
    )
    spark_connection.rows("create table parent using parquet as select * from values (1L), (null) as t(i)")
    spark_connection.rows(
        "create table _aidbt_loads using parquet as select 'child' as table_name, 'b1' as batch_id"
    )
    child = Relation("figures", "child", (Column("i", "int"), Column("c", "string")))
    parent = Relation("figures", "parent", (Column("i", "bigint"),))
    bronze = replace(child, columns=(*child.columns, Column("_aidbt_batch_id", "string")))

    assert rows_outside(spark_connection, child, [("i", parent, "i"), ("c", parent, "i")]) == [1, 2]
    assert distinct_values(spark_connection, child, ["c", "i"], limit=5) == {"c": ["a", "b"], "i": ["1", "9"]}
    assert is_key(spark_connection, parent, "i") is False
    assert latest_batch(spark_connection, bronze) == "b1"


# --- change logs ----------------------------------------------------------------------------------------

LOG = {
    "id": "bigint",
    "note": "text",
    "_aidbt_op": "text",
    "_aidbt_position": "bigint",
    "_aidbt_sequence": "bigint",
    "_aidbt_batch_id": "text",
}
# A snapshot of 400 rows behind one that it replaces; then 100 are updated and 50 deleted.
LOG_ROWS = """
    select n as id, 'gone' as note, 'r' as _aidbt_op, 1 as _aidbt_position, 0 as _aidbt_sequence
    from {numbers}
    union all select null, null, 't', 10, -1
    union all select n, 'read', 'r', 10, 0 from {numbers} where n <= 400
    union all select n, 'read', 'r', 10, 0 from {numbers} where n <= 7
    union all select n, 'new', 'u', 20, n from {numbers} where n <= 100
    union all select n, null, 'd', 30, n from {numbers} where n > 350 and n <= 400
"""
LOADED = """
select 'orders' as table_name, 'b1' as batch_id, 'postgres' as connector,
    '[{"name": "id", "key": true}]' as columns
"""


def profile_of_log(connection: Any, schema: str, numbers: str, *, stored: str) -> TableProfile:
    rows = LOG_ROWS.format(numbers=numbers)
    connection.rows(
        f"create table {schema}.orders {stored} as select *, 'b1' as _aidbt_batch_id from ({rows}) r"
    )
    connection.rows(f"create table {schema}._aidbt_loads {stored} as {LOADED}")
    columns = tuple(Column(name, data_type) for name, data_type in LOG.items())
    return profile_table(connection, Relation(schema, "orders", columns), sample_rows=200)


def is_the_profile_of_the_log(profile: TableProfile) -> bool:
    note = profile.column("note")
    assert note is not None
    return (
        profile.row_count == 350
        and profile.keys == ("id",)
        and 0 < profile.sample_rows <= 350
        and {value for value, _ in note.top_values} == {"new", "read"}
    )


def test_a_change_log_on_postgresql_is_profiled_as_its_rows_are_now(postgres_connection: PostgresConnection):
    postgres_connection.rows("create schema logs")

    numbers = "(select generate_series(1, 500) as n) as numbers"
    profile = profile_of_log(postgres_connection, "logs", numbers, stored="")

    assert is_the_profile_of_the_log(profile)


@pytest.mark.long
def test_a_change_log_on_spark_is_profiled_as_its_rows_are_now(spark_connection: Any):
    spark_connection.rows("create schema logs")

    numbers = "(select cast(id as int) as n from range(1, 501)) as numbers"
    profile = profile_of_log(spark_connection, "logs", numbers, stored="using parquet")

    assert is_the_profile_of_the_log(profile)
