"""What a table holds, compared with plain SQL that reads every row, on tables that are no fun."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import duckdb
import pytest

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import ColumnProfile, TableProfile
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.profiling import QUANTILES, fingerprint
from aidbt.warehouse.sampling import kind_of


class Database:
    """A DuckDB file with some tables in it."""

    def __init__(self, path: Path, *statements: str) -> None:
        self.path = path
        self.run(*statements)

    def run(self, *statements: str) -> list[tuple]:
        rows: list[tuple] = []
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set timezone = 'UTC'")
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    def profile(self, table: str = "t", *, schema: str = "main", sample_rows: int = 10_000) -> TableProfile:
        warehouse = DuckDBWarehouse(self.path)
        relations = [r for r in warehouse.relations() if (r.schema, r.name) == (schema, table)]
        [found] = warehouse.profile(relations, sample_rows=sample_rows)
        return found


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Database]:
    return lambda *statements: Database(tmp_path / "shop.duckdb", *statements)


def column(profile: TableProfile, name: str = "c") -> ColumnProfile:
    found = profile.column(name)
    assert found is not None
    return found


# --- exact figures ------------------------------------------------------------------------------------

AWKWARD = {
    "one value": ("INTEGER", "7"),
    "nulls only": ("INTEGER", "null, null, null"),
    "null text only": ("VARCHAR", "null, null"),
    "null times only": ("TIMESTAMP", "null, null"),
    "integers": ("INTEGER", "1, 2, 2, null, -5"),
    "the ends of bigint": ("BIGINT", "9223372036854775807, -9223372036854775808, 0"),
    "the ends of hugeint": (
        "HUGEINT",
        "170141183460469231731687303715884105727, -170141183460469231731687303715884105728, null",
    ),
    "unsigned": ("UBIGINT", "18446744073709551615, 0"),
    "very wide unsigned": ("UHUGEINT", "340282366920938463463374607431768211455, 0"),
    "doubles": ("DOUBLE", "1.5, 2.25, null, -0.0, 1e-300"),
    "not a number": ("DOUBLE", "'nan', 1, 2, 'nan'"),
    "nothing but not a number": ("DOUBLE", "'nan', 'nan'"),
    "infinity": ("DOUBLE", "'inf', '-inf', 3, 4"),
    "nothing but infinity": ("DOUBLE", "'inf', '-inf'"),
    "the largest doubles": ("DOUBLE", "1.7e308, -1.7e308, 1.7e308, 5"),
    "large doubles": ("DOUBLE", "1e149, -1e149, 1e149"),
    "floats": ("FLOAT", "1.5, 'nan', '-inf', 3.4e38"),
    "decimals": ("DECIMAL(18,3)", "0.001, 999999999999999.999, null, -1"),
    "wide decimals": ("DECIMAL(38,0)", "99999999999999999999999999999999999999, 1"),
    "dates": ("DATE", "'2026-03-01', '1969-12-31', null, '0001-01-01', '9999-12-31'"),
    "endless dates": ("DATE", "'infinity', '-infinity', '2026-03-01'"),
    "times": ("TIMESTAMP", "'2026-03-01 12:00:00.123456', '1900-01-01', null"),
    "endless times": ("TIMESTAMP", "'infinity', '-infinity', '2026-03-01'"),
    "nothing but endless times": ("TIMESTAMP", "'infinity', 'infinity'"),
    "times with zone": ("TIMESTAMPTZ", "'2026-03-01 12:00:00+05', '2026-03-01 12:00:00-05', null"),
    "endless times with zone": ("TIMESTAMPTZ", "'infinity', '2026-03-01'"),
    "nanoseconds": ("TIMESTAMP_NS", "'2026-03-01 12:00:00.123456789', null"),
    "milliseconds": ("TIMESTAMP_MS", "'2026-03-01 12:00:00.123', 'infinity'"),
    "seconds": ("TIMESTAMP_S", "'2026-03-01 12:00:00', '-infinity'"),
    "booleans": ("BOOLEAN", "true, false, null, true"),
    "text": ("VARCHAR", "'a', 'b', 'b', null, 'two words'"),
    "empty text": ("VARCHAR", "'', '', null"),
    "other alphabets": ("VARCHAR", "'größe', '夏', '\U0001f600\U0001f600', 'a' || chr(0) || 'b'"),
    "long text": ("VARCHAR", "repeat('x', 100_000), 'y'"),
    "json": ("JSON", "'{\"a\": 1}', '[]', null"),
    "blobs": ("BLOB", "'\\xFF\\x00'::blob, null, 'a'::blob"),
    "bits": ("BIT", "'0101', null"),
    "uuids": ("UUID", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8', null"),
    "enums": ("ENUM('small', 'large (x)')", "'small', 'small', null"),
    "times of day": ("TIME", "'12:00:00', '23:59:59.999999', null"),
    "times of day with zone": ("TIMETZ", "'12:00:00+02', null"),
    "intervals": ("INTERVAL", "interval 1 month, interval 30 days, null"),
    "lists": ("INTEGER[]", "[1, 2], [], null"),
    "arrays": ("INTEGER[2]", "[1, 2], null"),
    "structs": ("STRUCT(a INTEGER, b VARCHAR)", "{'a': 1, 'b': 'x'}, null"),
    "maps": ("MAP(VARCHAR, INTEGER)", "map {'a': 1}, null"),
    "unions": ("UNION(n INTEGER, s VARCHAR)", "1, 'x', null"),
    "lists of structs": ("STRUCT(a INTEGER)[]", "[{'a': 1}], null"),
}


@pytest.mark.parametrize(
    "what",
    [pytest.param(what, marks=pytest.mark.long if place % 3 else ()) for place, what in enumerate(AWKWARD)],
)
def test_the_figures_are_those_of_plain_sql(database, what: str):
    data_type, values = AWKWARD[what]
    rows = ", ".join(f"({value})" for value in re.split(r", (?![^\[({]*[\])}])", values))
    shop = database(f"create table t (c {data_type})", f"insert into t values {rows}")

    profile = shop.profile()

    with DuckDBWarehouse(shop.path).connect() as plain:
        expect_figures(plain.rows, profile)


Ask = Callable[[str], list[tuple]]


def expect_figures(ask: Ask, profile: TableProfile) -> None:
    [(rows_, filled)] = ask("select count(*), count(c) from t")
    found = column(profile)
    assert (profile.row_count, profile.sample_rows) == (rows_, rows_)
    assert found.null_rate == pytest.approx(1 - filled / rows_)
    kind = kind_of(found.data_type)
    expect_range(ask, found, kind)
    expect_distinct(ask, found, filled)
    if kind in ("integer", "number"):
        expect_mean(ask, found)
    else:
        assert (found.mean, found.stddev) == (None, None)
    if kind in ("date", "timestamp", "integer", "number"):
        expect_quantiles_of_few(ask, found, kind)
    else:
        assert found.quantiles == ()
    if kind == "text":
        [lengths] = ask("select min(length(c)), max(length(c)), avg(length(c)) from t")
        assert (found.min_length, found.max_length, found.mean_length) == lengths
    else:
        assert (found.min_length, found.max_length, found.mean_length) == (None, None, None)


def expect_range(ask: Ask, found: ColumnProfile, kind: str) -> None:
    """Exact ends of every type that has an order, but of text only where it is a code list."""
    has_range = kind in ("integer", "number", "date", "timestamp", "boolean") or "code" in found.formats
    ordered = [text for (text,) in ask("select c::varchar from t where c is not null order by c")]
    if not has_range or not ordered:
        assert (found.minimum, found.maximum) == (None, None)
    else:
        assert (found.minimum, found.maximum) == (ordered[0], ordered[-1])


def expect_distinct(ask: Ask, found: ColumnProfile, filled: int) -> None:
    if found.data_type.endswith("]") or found.data_type.startswith(("STRUCT", "MAP", "UNION")):
        assert found.distinct_count == 0
        return
    [(distinct,)] = ask("select count(distinct c) from t")
    assert abs(found.distinct_count - distinct) <= 1
    assert found.distinct_count <= filled


def finite(ask: Ask) -> list[float]:
    values = [float(value) for (value,) in ask("select c::double from t where c is not null")]
    return [value for value in values if abs(value) < 1e150]


def expect_mean(ask: Ask, found: ColumnProfile) -> None:
    """Of the finite values that can be squared."""
    values = finite(ask)
    assert found.mean == (pytest.approx(fmean(values), rel=1e-9, abs=1e-300) if values else None)
    assert found.stddev == (pytest.approx(stdev(values), rel=1e-9) if len(values) > 1 else None)


def expect_quantiles_of_few(ask: Ask, found: ColumnProfile, kind: str) -> None:
    if kind in ("integer", "number"):
        values = finite(ask)
    else:
        values = [s for (s,) in ask("select epoch(c) from t where c is not null and isfinite(c)")]
    assert len(found.quantiles) == (len(QUANTILES) if values else 0)
    assert list(found.quantiles) == sorted(found.quantiles)
    assert all(min(values) <= q <= max(values) or q == pytest.approx(values[0]) for q in found.quantiles)


def test_an_empty_table_has_no_figures_and_no_keys(database):
    types = ["INTEGER", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "JSON", "UUID", "INTEGER[]"]
    columns = ", ".join(f"c{number} {data_type}" for number, data_type in enumerate(types))

    profile = database(f"create table t ({columns})").profile()

    assert (profile.row_count, profile.sample_rows, profile.keys) == (0, 0, ())
    assert profile.columns == tuple(
        ColumnProfile(f"c{number}", data_type, 0.0, 0, role=role)
        for number, (data_type, role) in enumerate(
            zip(types, [None] * 3 + ["event_time"] * 2 + [None] * 4, strict=True)
        )
    )


def test_one_row_is_profiled_but_proves_no_key(database):
    profile = database("create table t as select 7 as id, 'x' as name, date '2026-03-01' as day").profile()

    assert (profile.row_count, profile.keys) == (1, ())
    assert column(profile, "id").minimum == column(profile, "id").maximum == "7"
    assert column(profile, "id").stddev is None
    assert column(profile, "id").is_unique is None


@pytest.mark.long
def test_2000_columns_are_all_profiled(database):
    """Text, doubles, and, of which little is computed, times of day."""
    kinds = ["'v' || i % 3"] + ["i / 7"] * 4 + ["time '12:00:00'"] * 15
    columns = ", ".join(
        f"case when i % {number % 7 + 2} > 0 then {kinds[number % 20]} end as c{number}"
        for number in range(2000)
    )
    shop = database(f"create table t as select {columns} from range(60) r(i)")

    profile = shop.profile()

    nulls = shop.run(f"select {', '.join(f'count(*) - count(c{n})' for n in range(2000))} from t")[0]
    assert [c.name for c in profile.columns] == [f"c{number}" for number in range(2000)]
    assert [round(c.null_rate * 60) for c in profile.columns] == list(nulls)
    assert [c.name for c in profile.columns if "code" in c.formats] == [f"c{n}" for n in range(0, 2000, 20)]


NAMES = [
    "Mixed Case", 'quo"te', "apos'trophe", "größe", "夏", "order", "select", "{{ x }}", "{% x %}", "semi;",
    "new\nline", "a.b", "%s", ":c", "?", "$1", "back\\slash", "--comment", "/*", " ", "_aidbt_sample",
]  # fmt: skip


def test_any_name_of_a_schema_table_and_column_will_do(database):
    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def column_of(name: str) -> str:
        return f"case when i > 0 then 'v' || i % 2 end as {quoted(name)}"

    shop = database(
        *(f"create schema {quoted(name)}" for name in NAMES),
        *(f"create table {quoted(n)}.{quoted(n)} as select {column_of(n)} from range(5) r(i)" for n in NAMES),
        f"create table main.everything as select {', '.join(map(column_of, NAMES))} from range(5) r(i)",
    )
    warehouse = DuckDBWarehouse(shop.path)

    profiles = list(warehouse.profile(warehouse.relations(), sample_rows=100))

    assert {(p.schema, p.name): [c.name for c in p.columns] for p in profiles} == {
        **{(name, name): [name] for name in NAMES},
        ("main", "everything"): NAMES,
    }
    for profile in profiles:
        assert {c.distinct_count for c in profile.columns} == {2}
        assert {c.top_values for c in profile.columns} == {(("v0", 0.5), ("v1", 0.5))}


def test_several_tables_are_profiled_one_after_the_other(database):
    shop = database("create table a as select 1 as x", "create table b as select range as x from range(3)")
    warehouse = DuckDBWarehouse(shop.path)

    profiles = list(warehouse.profile(warehouse.relations(), sample_rows=10))

    assert [(profile.name, profile.row_count) for profile in profiles] == [("a", 1), ("b", 3)]


def test_a_table_that_vanished_is_an_error(database):
    shop = database("create table t as select 1 as x")
    warehouse = DuckDBWarehouse(shop.path)
    relations = warehouse.relations()
    shop.run("drop table t")

    with pytest.raises(WarehouseError, match=r"DuckDB refused: .*t does not exist"):
        list(warehouse.profile(relations, sample_rows=10))


def test_profiling_leaves_nothing_behind(database):
    shop = database("create table t as select 'a' as x")
    before = shop.path.read_bytes()
    shop.profile()

    assert shop.path.read_bytes() == before
    assert [path.name for path in shop.path.parent.iterdir()] == [shop.path.name]


def test_a_view_has_the_figures_of_its_rows(database):
    shop = database(
        "create table t as select i as id, 'v' || (i % 3) as code, i / 7 as x from range(3000) r(i)",
        "create view v as select * from t",
    )

    table, view = shop.profile("t"), shop.profile("v")

    assert view == replace(table, name="v", fingerprint=view.fingerprint)


# --- quantiles ----------------------------------------------------------------------------------------

ROWS = 300_000
SHAPES = {
    "ascending": "i",
    "descending": f"{ROWS} - i",
    "skewed": "pow(1.00005, i)",
    "shuffled": "hash(i) % 1000003",
    "in blocks": "(i // 50000) * 1000 + i % 7",
    "mostly one value": "case when i % 100 = 0 then i else 5 end",
    "sorted decimals": "(i / 100)::decimal(18, 2)",
    "sorted dates": "date '2000-01-01' + (i // 40)::int",
    "sorted times": "timestamp '2000-01-01' + interval (i) minutes",
}


def test_quantiles_are_within_2_percent_of_their_rank(database):
    columns = ", ".join(f'{shape} as "{name}"' for name, shape in SHAPES.items())
    shop = database(f"create table t as select {columns} from range({ROWS}) r(i)")

    profile = shop.profile()

    for name in SHAPES:
        value = f'epoch("{name}")' if name in ("sorted dates", "sorted times") else f'"{name}"'
        found = column(profile, name).quantiles
        ranks = shop.run(
            "select "
            + ", ".join(f"count_if({value} < {q!r}), count_if({value} <= {q!r})" for q in found)
            + " from t"
        )[0]
        for wanted, below, up_to in zip(QUANTILES, ranks[::2], ranks[1::2], strict=True):
            assert below / ROWS - 0.02 <= wanted <= up_to / ROWS + 0.02, (name, wanted, found)


def test_quantiles_of_a_latest_batch_are_its_own(database):
    shop = bronze(
        database, [("b1", "i from range(100_000) r(i)"), ("b2", "i + 1_000_000 from range(100_000) r(i)")]
    )

    found = column(shop.profile("t", schema="raw"), "x").quantiles

    assert list(found) == pytest.approx([1_000_000 + q * 100_000 for q in QUANTILES], abs=2000)


@pytest.mark.parametrize("name", ["rowid", "ROWID", "RowId"])
def test_a_column_called_rowid_does_not_take_the_rows_away(database, name: str):
    shop = database(f"create table t as select 1 as {name}, i as x from range(100_000) r(i)")

    found = column(shop.profile(), "x").quantiles

    assert list(found) == pytest.approx([q * 100_000 for q in QUANTILES], abs=2000)


# --- values and formats -------------------------------------------------------------------------------


def texts(database, values: Sequence[str | None], name: str = "c") -> ColumnProfile:
    shop = database()
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute(f'create table t as select unnest(?::varchar[]) as "{name}"', [list(values)])
    return column(shop.profile(), name)


READS_AS = {
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?",
}
FORMATS = [
    (["1", "22", "-3", "+4"], {"integer": 1.0}),
    (["007", "012"], {"integer": 1.0}),
    (["1.5", "2.", ".5", "-1.25e10"], {"decimal": 1.0}),
    (["1", "2.5", "x", "z"], {"integer": 0.25, "decimal": 0.25}),
    (["2026-03-01", "2026/3/1", "1.3.2026", "31/12/2026"], {"date": 1.0}),
    (["2026-03-01 12:00", "2026-03-01T12:00:00Z"], {"timestamp": 1.0}),
    (["true", "False", "YES", "n"], {"boolean": 1.0}),
    (['{"a": 1}', "[]", " [1, 2]"], {"json": 1.0}),
    (["{broken", "[1,"], {}),
    (["1 ", "١٢٣", "1_000", "0x1f", "--"], {}),
    (["20260301"], {"integer": 1.0}),
    (["1", None, None, "x"], {"integer": 0.5}),
    (["", "  "], {}),
    ([None, None], {}),
]


@pytest.mark.parametrize(("values", "formats"), FORMATS, ids=lambda value: str(value)[:40])
def test_the_formats_of_text_are_shares_of_its_filled_values(
    database, values: list, formats: dict[str, float]
):
    found = dict(texts(database, values).formats)
    found.pop("code", None)

    assert found == pytest.approx(formats)


@pytest.mark.parametrize("name", READS_AS)
def test_a_share_is_the_share_that_reads_so(database, name: str):
    values = [f"{i}" if i % 3 else f"{i}.5" if i % 2 else f"x{i}" for i in range(5000)]

    share = sum(re.fullmatch(READS_AS[name], value) is not None for value in values) / len(values)

    assert texts(database, values).formats[name] == pytest.approx(share)


CODES = ["new", "paid", "sent"] * 10


def test_values_are_kept_of_code_lists_with_their_shares(database):
    found = texts(database, ["new"] * 5 + ["paid"] * 3 + ["sent"] * 2 + [None] * 10)

    assert found.formats == {"code": 1.0}
    assert found.top_values == (("new", 0.5), ("paid", 0.3), ("sent", 0.2))
    assert (found.minimum, found.maximum) == ("new", "sent")


@pytest.mark.parametrize(
    "values",
    [
        ["Ann Smith", "Bob Jones"] * 10,
        ["ann@example.com"] * 20,
        ["a long sentence that nobody would call a code"] * 20,
        [f"unique{i}" for i in range(30)],
        [f"many{i % 60}" for i in range(600)],
        ["new", "paid", "sent"] * 10 + ["one value, with words, somebody typed"],
        ["x" * 21] * 10,
        ["größe"] * 10,
    ],
    ids=lambda values: values[-1][:20],
)
def test_of_free_text_no_value_is_kept(database, values: list[str]):
    found = texts(database, values)

    assert "code" not in found.formats
    assert found.top_values == ()
    assert (found.minimum, found.maximum) == (None, None)
    kept = " ".join(
        str(getattr(found, name)) for name in ("formats", "top_values", "minimum", "maximum", "role")
    )
    assert not any(value in kept for value in values)


def test_the_ends_of_a_code_list_are_exact_whatever_was_sampled(database):
    """Two rare codes stand in one block each, which a sample may not see."""
    shop = database(
        """create table t as select case i when 0 then 'AA' when 199999 then 'ZZ' else 'M' || i % 5 end as c
        from range(200_000) r(i)"""
    )

    found = column(shop.profile(sample_rows=2000))

    assert (found.minimum, found.maximum) == ("AA", "ZZ")


def test_at_most_ten_values_are_kept_the_most_frequent_first(database):
    found = texts(database, [f"c{i:02}" for i in range(20) for _ in range(20 - i)])

    assert [value for value, _ in found.top_values] == [f"c{i:02}" for i in range(10)]


def test_of_the_same_frequency_the_order_is_that_of_the_text(database):
    assert [value for value, _ in texts(database, CODES).top_values] == ["new", "paid", "sent"]


def test_values_of_integers_and_booleans_are_kept_when_they_repeat(database):
    shop = database("create table t as select i % 2 = 0 as b, i % 4 as n, i as id from range(100) r(i)")
    profile = shop.profile()

    assert column(profile, "b").top_values == (("false", 0.5), ("true", 0.5))
    assert column(profile, "n").top_values == (("0", 0.25), ("1", 0.25), ("2", 0.25), ("3", 0.25))
    assert column(profile, "id").top_values == ()


# --- samples ------------------------------------------------------------------------------------------

BIG = "create table t as select i as id, 'v' || (i % 3) as code, i::varchar as n from range(200_000) r(i)"


@pytest.mark.parametrize("sample_rows", [10, 100, 1000, 10_000, 50_000])
def test_a_sample_of_a_large_table_says_its_size_and_is_never_empty(database, sample_rows: int):
    profile = database(BIG).profile(sample_rows=sample_rows)

    # Whole blocks of 2,048 rows.
    assert 0 < profile.sample_rows <= 3 * sample_rows + 2 * 2048
    assert profile.row_count == 200_000
    assert column(profile, "code").formats == {"code": 1.0}
    assert column(profile, "n").formats == {"integer": 1.0}
    assert profile.keys == ("id", "n")


def test_a_table_no_larger_than_the_sample_is_read_whole(database):
    assert database(BIG).profile(sample_rows=200_000).sample_rows == 200_000
    assert database("create table s as select 1 as x").profile("s").sample_rows == 1


def test_the_same_table_gives_the_same_sample(database):
    shop = database(BIG)

    assert shop.profile(sample_rows=5000) == shop.profile(sample_rows=5000)


def test_a_sample_is_spread_over_the_table(database):
    """A sorted table: a sample of its first rows only would see nothing but 'old'."""
    text = "case when i < 100_000 then 'old' else 'new' end"
    shop = database(
        f"create table t as select {text} as c from range(200_000) r(i)", "create view v as select * from t"
    )

    for name in ("t", "v"):
        found = column(shop.profile(name, sample_rows=40_000))
        assert dict(found.top_values) == pytest.approx({"old": 0.5, "new": 0.5}, abs=0.2)


# --- keys ---------------------------------------------------------------------------------------------

KEYS = {
    "integers": ("bigint", "i"),
    "text": ("varchar", "'C' || i"),
    "uuids": ("uuid", "md5(i::varchar)::uuid"),
    "decimals": ("decimal(18,0)", "i * 10"),
}


@pytest.mark.parametrize("what", KEYS)
def test_a_key_is_proven_and_one_duplicate_in_100000_rows_is_found(database, what: str):
    data_type, value = KEYS[what]
    shop = database(f"create table t as select ({value})::{data_type} as c from range(100_000) r(i)")

    assert shop.profile().keys == ("c",)
    assert column(shop.profile()).is_unique is True

    # The first value once more, at the very end.
    shop.run("insert into t select c from t where rowid = 0")
    assert shop.profile().keys == ()
    assert column(shop.profile()).is_unique is False


def test_what_may_be_null_is_no_key(database):
    shop = database("create table t as select i as id, nullif(i, 3) as n from range(1000) r(i)")
    profile = shop.profile()

    assert profile.keys == ("id",)
    assert column(profile, "n").is_unique is None


def test_what_was_not_compared_is_not_called_unique_or_not(database):
    shop = database(
        """create table t as select i as id, i % 10 as few, i / 3 as double_,
        i::varchar || repeat('x', 200) as long_, timestamp '2026-01-01' + interval (i) seconds as at,
        i % 2 = 0 as flag from range(1000) r(i)"""
    )

    assert {c.name: c.is_unique for c in shop.profile().columns} == {
        "id": True, "few": None, "double_": None, "long_": None, "at": None, "flag": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        [62826, 62863, 62900],
        [22496, 22533, 22570, 22607],
        [2590, 2627, 2664, 2701, 2738],
        [22422, 22459, 22496, 22533, 22570, 22607],
    ],
    ids=len,
)
def test_a_key_of_a_small_table_is_found_though_the_approximate_count_is_too_low(database, values: list[int]):
    shop = database(f"create table t as select unnest({values}) as c")
    [(approximate,)] = shop.run("select approx_count_distinct(c) from t")
    assert approximate < len(values)

    assert shop.profile().keys == ("c",)


def test_keys_of_two_rows_are_found(database):
    assert database("create table t as select unnest([1, 2]) as c").profile().keys == ("c",)
    assert database("create table u as select unnest([1, 1]) as c").profile("u").keys == ()


# --- append-only bronze -------------------------------------------------------------------------------


def bronze(database, batches: list[tuple[str, str]], *, listed: Sequence[str] | None = None) -> Database:
    """A table of loads with (batch id, rows as "expression from …"); `listed` are the complete ones."""
    shop = database(
        "create schema if not exists raw",
        "create or replace table raw._aidbt_loads (table_name varchar, batch_id varchar)",
        "create or replace table raw.t (x bigint, _aidbt_batch_id varchar)",
    )
    for batch, rows in batches:
        expression, _, source = rows.partition(" from ")
        shop.run(f"insert into raw.t select {expression}, '{batch}' from {source}")
    for batch in [batch for batch, _ in batches] if listed is None else listed:
        shop.run(f"insert into raw._aidbt_loads values ('t', '{batch}')")
    return shop


THREE = [
    ("b1", "i from range(100) r(i)"),
    ("b2", "i from range(50) r(i)"),
    ("b3", "i % 7 from range(20) r(i)"),
]


def test_only_the_latest_batch_counts(database):
    profile = bronze(database, THREE).profile("t", schema="raw")

    found = column(profile, "x")
    assert profile.row_count == 20
    assert (found.minimum, found.maximum, found.distinct_count, found.mean) == ("0", "6", 7, 2.85)
    assert profile.keys == ()


def test_a_batch_that_is_not_listed_does_not_count(database):
    profile = bronze(database, THREE, listed=["b1", "b2"]).profile("t", schema="raw")

    assert profile.row_count == 50
    assert profile.keys == ("x",)
    assert column(profile, "_aidbt_batch_id").is_unique is None


def test_an_empty_latest_batch_is_an_empty_table(database):
    profile = bronze(database, THREE, listed=["b1", "b2", "b3", "b4"]).profile("t", schema="raw")

    assert (profile.row_count, profile.keys) == (0, ())
    assert column(profile, "x").minimum is None


def test_the_loads_of_other_tables_do_not_count(database):
    shop = bronze(database, THREE)
    shop.run("insert into raw._aidbt_loads values ('other', 'b9'), ('T', 'b8')")

    assert shop.profile("t", schema="raw").row_count == 20


def test_a_batch_id_may_be_any_text(database):
    shop = bronze(database, [("b", "1 from range(3) r(i)"), ("it''s {{ }} \"x\"", "1 from range(2) r(i)")])

    assert shop.profile("t", schema="raw").row_count == 2


def test_a_table_that_only_has_our_column_is_read_whole(database):
    """Somebody selected * from bronze into another schema, where no loads are listed."""
    shop = database("create table t as select i as id, 'b' || i as _aidbt_batch_id from range(5) r(i)")

    assert shop.profile().row_count == 5


def test_the_fingerprint_follows_the_latest_batch_and_the_columns(database):
    shop = bronze(database, THREE, listed=["b1"])
    before = shop.profile("t", schema="raw").fingerprint
    again = shop.profile("t", schema="raw").fingerprint
    shop.run("insert into raw._aidbt_loads values ('t', 'b2')")
    loaded = shop.profile("t", schema="raw").fingerprint
    shop.run("alter table raw.t add column y int")
    altered = shop.profile("t", schema="raw").fingerprint

    assert before == again
    assert len({before, loaded, altered}) == 3


def test_the_fingerprint_of_any_other_table_follows_its_size_and_columns(database):
    shop = database("create table t as select 1 as x")
    marks = [shop.profile().fingerprint]
    for change in (
        "insert into t values (2)",
        "alter table t alter x type varchar",
        "alter table t rename x to y",
    ):
        shop.run(change)
        marks.append(shop.profile().fingerprint)

    assert len(set(marks)) == 4
    assert fingerprint(DuckDBWarehouse(shop.path).relations()[0], None) == marks[-1]


# --- roles --------------------------------------------------------------------------------------------

ROLES = {
    "_aidbt_loaded_at": "load_time",
    "_fivetran_synced": "load_time",
    "_airbyte_extracted_at": "load_time",
    "_airbyte_emitted_at": "load_time",
    "_sdc_batched_at": "load_time",
    "_dlt_load_time": "load_time",
    "loaded_at": "load_time",
    "_loaded_at": "load_time",
    "DW_LOADED_AT": "load_time",
    "etl_loaded_at": "load_time",
    "dwh_imported_ts": "load_time",
    "ingested_on": "load_time",
    "load_timestamp": "load_time",
    "_load_date": "load_time",
    "created_at": "event_time",
    "uploaded_at": "event_time",
    "downloaded_at": "event_time",
    "ordered": "event_time",
    "time_hour": "event_time",
    "loaded_at_local": "event_time",
}


def test_when_a_row_was_loaded_is_told_from_when_something_happened(database):
    columns = ", ".join(f"timestamp '2026-01-01' + interval (i) hours as {name}" for name in ROLES)

    profile = database(f"create table t as select {columns} from range(10) r(i)").profile()

    assert {c.name: c.role for c in profile.columns} == ROLES
    assert profile.keys == ()


def test_text_that_reads_as_time_happened_and_other_columns_have_no_role(database):
    shop = database(
        """create table t as select (timestamp '2026-01-01' + interval (i) hours)::varchar as ordered_at,
        (date '2026-01-01' + i::int)::varchar as loaded_at, i as created_at, 'x' as updated_at
        from range(30) r(i)"""
    )

    assert {c.name: c.role for c in shop.profile().columns} == {
        "ordered_at": "event_time", "loaded_at": "event_time", "created_at": None, "updated_at": None,
    }  # fmt: skip


# --- many random tables -------------------------------------------------------------------------------


def test_random_columns_have_the_figures_of_plain_sql(database):
    """40 columns of mixed nulls, repeats and sizes, in one table of 30,000 rows."""
    columns = []
    for seed in range(40):
        value = [f"hash(i, {seed}) % {10 ** (seed % 6)}", f"(hash(i, {seed}) % 1000003) / 7.0"][seed % 2]
        columns.append(f"case when hash(i, {seed}, 1) % {seed + 2} <> 0 then {value} end as c{seed}")
    shop = database(f"create table t as select {', '.join(columns)} from range(30_000) r(i)")

    profile = shop.profile()

    for number in range(40):
        c = f"c{number}"
        [(filled, distinct, least, most, mean, deviation)] = shop.run(
            f"select count({c}), count(distinct {c}), min({c})::varchar, max({c})::varchar, avg({c}::double),"
            f" stddev_samp({c}::double) from t"
        )
        found = column(profile, c)
        assert found.null_rate == pytest.approx(1 - filled / 30_000, abs=1e-12)
        assert (found.minimum, found.maximum) == (least, most)
        assert found.mean == pytest.approx(mean)
        assert found.stddev == pytest.approx(deviation)
        assert math.isclose(found.distinct_count, distinct, rel_tol=0.15, abs_tol=1)
