"""What two builds of a model differ in, on DuckDB, against what plain Python says of the same rows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import UnknownName, UsageError, WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.review import data_diff
from aidbt.review.data_diff import compare_relations
from aidbt.review.diff_values import ColumnDiff, DataDiff, Retyped, Share
from aidbt.warehouse.duckdb import DuckDBConnection
from tests.aidbt.review.conftest import Builds

ORDERS = """
select i as id, 'customer ' || i % 7 as customer, (i * 1.25)::decimal(9, 2) as amount, i / 3.0 as ratio,
    timestamp '2024-01-01' + to_hours(i::int) as placed_at, case when i % 4 > 0 then 'a note' end as note
from range(1000) r(i)
"""


@pytest.fixture
def as_if_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables are compared the way large ones are: many buckets, a look at some of them first."""
    monkeypatch.setattr(data_diff, "_FEW_ROWS", 0)
    monkeypatch.setattr(data_diff, "_WORTH_PROBING", 0.0)
    monkeypatch.setattr(data_diff, "_ROWS_PER_BUCKET", 2)
    monkeypatch.setattr(data_diff, "_PROBED_ROWS", 20)


def changed(diff: DataDiff) -> dict[str, int]:
    """How many values of each column differ."""
    return {c.name: c.changed.count for c in diff.columns if c.changed is not None}


def column(diff: DataDiff, name: str) -> ColumnDiff:
    return next(c for c in diff.columns if c.name == name)


def counts(diff: DataDiff) -> tuple[int, int, int]:
    """(added, removed, changed) keys."""
    assert diff.added and diff.removed and diff.changed
    return diff.added.share.count, diff.removed.share.count, diff.changed.share.count


# --- equal tables ----------------------------------------------------------------------------------------


def test_equal_tables_cost_one_scan_of_each_and_no_join(builds: Builds):
    base, head = builds.make(ORDERS, f"{ORDERS} order by hash(i)")

    diff = compare_relations(builds, base, head, keys=["id"])

    assert diff.is_same and counts(diff) == (0, 0, 0) and diff.columns == ()
    assert diff.changed and diff.changed.share.of == 1000
    scans = [sql for sql in builds.sent if "FROM" in sql and not sql.startswith("SELECT COUNT(*) FROM")]
    assert len(scans) == 2 and not any("JOIN" in sql for sql in builds.sent)


def test_the_settings_of_the_connection_are_as_before(builds: Builds):
    asked = "select current_setting('perfect_ht_threshold')"
    before = builds.rows(asked)

    compare_relations(builds, *builds.make(ORDERS, ORDERS), keys=["id"])

    assert builds.rows(asked) == before


def test_values_that_moved_between_rows_are_no_equal_tables(builds: Builds):
    rows = "select * from (values (1, 'a', 'b'), (2, 'b', 'a')) t(id, x, y)"
    swapped = "select * from (values (1, 'b', 'a'), (2, 'a', 'b')) t(id, x, y)"

    diff = compare_relations(builds, *builds.make(rows, swapped), keys=["id"])

    assert counts(diff) == (0, 0, 2) and changed(diff) == {"x": 2, "y": 2}


def test_null_is_null_and_nan_is_nan_and_zero_has_no_sign(builds: Builds):
    rows = "select * from (values (1, null::double), (2, 'nan'::double), (3, 0.0), (4, 'inf')) t(id, x)"
    same = "select * from (values (1, null::double), (2, 'nan'::double), (3, -0.0), (4, 'inf')) t(id, x)"

    assert compare_relations(builds, *builds.make(rows, same), keys=["id"]).is_same


@pytest.mark.parametrize("keys", [["id"], []], ids=["by key", "as whole rows"])
def test_two_empty_tables_are_the_same(builds: Builds, keys: list[str]):
    diff = compare_relations(builds, *builds.make(f"{ORDERS} limit 0", f"{ORDERS} limit 0"), keys=keys)

    assert diff.is_same and (diff.base_rows, diff.head_rows) == (0, 0)


# --- rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True], ids=["small", "as if large"])
def test_added_removed_and_changed_keys_are_counted(
    builds: Builds, large: bool, request: pytest.FixtureRequest
):
    if large:
        request.getfixturevalue("as_if_large")
    head = f"""
        select * replace ((case when id % 10 = 3 then amount + 1 else amount end)::decimal(9, 2) as amount,
            case when id = 777 then null else note end as note)
        from ({ORDERS}) where id >= 20
        union all select * replace (id + 5000 as id) from ({ORDERS}) where id < 5
    """

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"])

    assert (diff.base_rows, diff.head_rows) == (1000, 985)
    assert counts(diff) == (5, 20, 99)
    assert diff.added and diff.added.share == Share(5, 985) and diff.added.examples == ("5000", "5004")
    assert diff.removed and diff.removed.share == Share(20, 1000) and diff.removed.examples == ("0", "19")
    assert diff.changed and diff.changed.share.of == 980
    assert changed(diff) == {"amount": 98, "note": 1}
    assert column(diff, "note").examples == ("777",)


def test_a_table_against_an_empty_one_is_all_keys(builds: Builds):
    diff = compare_relations(builds, *builds.make(ORDERS, f"{ORDERS} limit 0"), keys=["id"])

    assert counts(diff) == (0, 1000, 0) and diff.head_rows == 0


def test_a_key_of_several_columns_is_shown_as_one(builds: Builds):
    rows = "select i % 10 as shop, i // 10 as number, i as x from range(100) r(i)"
    head = f"select shop, number, x + (number = 3)::int as x from ({rows})"

    diff = compare_relations(builds, *builds.make(rows, head), keys=["shop", "number"])

    assert counts(diff) == (0, 0, 10)
    assert diff.changed and diff.changed.examples == ("0, 3", "9, 3")


def test_repeated_keys_are_said_and_their_rows_compared_as_a_whole(builds: Builds):
    head = f"{ORDERS} union all select * from ({ORDERS}) where id in (7, 8) union all ({ORDERS} limit 1)"
    head = f"select * replace (case when id = 500 then 'x' else note end as note) from ({head})"

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"])

    (rows,) = diff.rows
    assert rows.group == "rows of repeated keys" and rows.keys == (0, 3)
    assert (rows.base, rows.head, rows.only_base, rows.only_head) == (3, 6, 0, 3)
    assert counts(diff) == (0, 0, 1) and changed(diff) == {"note": 1}
    assert diff.changed and diff.changed.share.of == 997


def test_a_key_that_repeats_all_the_time_is_never_joined(builds: Builds, as_if_large: None):
    base, head = builds.make(ORDERS, f"select * replace (ratio + 1 as ratio) from ({ORDERS})")

    diff = compare_relations(builds, base, head, keys=["customer"])

    assert diff.rows[0].keys == (7, 7)
    assert (diff.rows[0].only_base, diff.rows[0].only_head) == (1000, 1000)
    assert all("NOT EXISTS" in sql for sql in builds.sent if "FULL JOIN" in sql)


@pytest.mark.parametrize("large", [False, True], ids=["small", "as if large"])
def test_new_keys_that_repeat_are_no_new_keys(builds: Builds, large: bool, request: pytest.FixtureRequest):
    if large:
        request.getfixturevalue("as_if_large")
    new = f"select * replace (id + 2000 as id) from ({ORDERS}) where id < 3"

    diff = compare_relations(
        builds, *builds.make(ORDERS, f"{ORDERS} union all {new} union all {new}"), keys=["id"]
    )

    assert counts(diff) == (0, 0, 0)
    assert diff.rows[0].keys == (0, 3) and diff.rows[0].only_head == 6 and not diff.is_same


def test_rows_without_a_key_are_said_and_compared_as_a_whole(builds: Builds):
    base = f"select * replace (case when id >= 3 then id end as id) from ({ORDERS})"
    head = f"select * replace (case when id <> 2 then customer else '?' end as customer) from ({base})"
    head = (
        f"select * replace (case when id is null and amount = 0 then 'x' else note end as note) from ({head})"
    )

    diff = compare_relations(builds, *builds.make(base, head), keys=["id"])

    (rows,) = diff.rows
    assert rows.group == "rows without a key" and (rows.base, rows.head) == (3, 3)
    # The condition on a null id is null, which makes all three customers '?'.
    assert (rows.only_base, rows.only_head) == (3, 3) and counts(diff) == (0, 0, 0)


def test_equal_rows_without_a_key_are_no_difference(builds: Builds):
    base = f"select * replace (case when id >= 3 then id end as id) from ({ORDERS})"

    diff = compare_relations(builds, *builds.make(base, f"{base} order by 2"), keys=["id"])

    assert diff.is_same and (diff.rows[0].base, diff.rows[0].only_base) == (3, 0)


def test_without_a_key_rows_are_compared_as_often_as_they_occur(builds: Builds):
    base = "select * from (values (1, 'a'), (1, 'a'), (2, 'b'), (3, null)) t(x, y)"
    head = "select * from (values (1, 'a'), (2, 'b'), (2, 'b'), (3, 'c')) t(x, y)"

    diff = compare_relations(builds, *builds.make(base, head))

    (rows,) = diff.rows
    assert diff.why_no_keys == "no key is declared" and diff.changed is None
    assert (rows.group, rows.only_base, rows.only_head) == ("all rows", 2, 2)
    assert [c.name for c in diff.columns] == ["x", "y"]
    y = column(diff, "y")
    assert y.changed is None and y.base and y.head and (y.base.nulls, y.head.nulls) == (1, 0)


def test_a_key_column_that_is_new_matches_no_rows(builds: Builds):
    base, head = builds.make("select 1 as x", "select 1 as x, 2 as id")

    diff = compare_relations(builds, base, head, keys=["id"])

    assert (diff.keys, diff.why_no_keys) == ((), "the key column id is not on base")
    assert diff.rows[0].only_head == 0


def test_a_table_of_nothing_but_its_key_is_compared(builds: Builds):
    base, head = builds.make("select i as id from range(10) r(i)", "select i + 1 as id from range(10) r(i)")

    assert counts(compare_relations(builds, base, head, keys=["id"])) == (1, 1, 0)


# --- kinds of changes ------------------------------------------------------------------------------------


def test_the_kinds_of_changes_are_told_apart(builds: Builds):
    base = """select * from (values
        (1, null, 'A b', timestamp '2024-01-01 10:00:00', 10),
        (2, 5, 'x', timestamp '2024-06-01 10:00:00', 20),
        (3, 6, 'y', null, 30), (4, 7, null, timestamp '2024-06-02', 40)
    ) t(id, n, word, at_time, k)"""
    head = """select * from (values
        (1, 4, 'a  B ', timestamp '2024-01-01 12:00:00', 11),
        (2, null, 'X', timestamp '2024-06-01 12:00:00', 16),
        (3, 6, 'z', null, 30), (4, 7, null, timestamp '2024-06-02 02:00:00', 40)
    ) t(id, n, word, at_time, k)"""

    diff = compare_relations(builds, *builds.make(base, head), keys=["id"])

    n, word, at_time, k = (column(diff, name) for name in ("n", "word", "at_time", "k"))
    assert (n.filled, n.emptied, n.raised, n.mean_move) == (1, 1, 0, None)
    assert word.changed == Share(3, 4) and word.respaced == 2
    assert at_time.changed == Share(3, 4) and at_time.shift_s == 7200
    assert (k.raised, k.lowered, k.mean_move, k.largest_move) == (1, 1, -1.5, 4)


def test_times_that_moved_by_different_amounts_or_from_null_have_no_shift(builds: Builds):
    base = "select i as id, date '2024-01-01' as a, date '2024-01-01' as b from range(3) r(i)"
    head = """select i as id, date '2024-01-02' + i::int as a,
        case when i > 0 then date '2024-01-02' end as b from range(3) r(i)"""

    diff = compare_relations(builds, *builds.make(base, head), keys=["id"])

    assert changed(diff) == {"a": 3, "b": 3}
    assert column(diff, "a").shift_s is None and column(diff, "b").shift_s is None


def test_what_a_changed_column_holds_is_told_of_both_sides(builds: Builds):
    head = f"select * replace (case when id > 9 then amount end as amount) from ({ORDERS})"

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"])

    base_figures, head_figures = column(diff, "amount").base, column(diff, "amount").head
    assert base_figures and head_figures
    assert (base_figures.nulls, head_figures.nulls) == (0, 10)
    assert (base_figures.minimum, head_figures.minimum) == ("0.00", "12.50")
    assert base_figures.total == pytest.approx(624375) and head_figures.total == pytest.approx(624318.75)


@pytest.mark.parametrize(
    ("move", "tolerance", "found"),
    [("1e-12", 1e-9, 0), ("1e-6", 1e-9, 3), ("1e-6", 1e-3, 0), ("1e-12", 0.0, 3)],
)
def test_floats_within_the_tolerance_are_the_same(builds: Builds, move: str, tolerance: float, found: int):
    base = "select i as id, 0.5::double + i as x from range(3) r(i)"
    head = f"select id, x * (1 + {move}::double) as x from ({base})"

    diff = compare_relations(builds, *builds.make(base, head), keys=["id"], tolerance=tolerance)

    assert counts(diff)[2] == found and diff.is_same == (not found)


def test_infinities_and_nan_are_near_nothing_else(builds: Builds):
    values = ("'inf'", "'-inf'", "'nan'", "1e308", "-1e308", "0", "1")
    rows = " union all ".join(
        f"select {i} as id, {a}::double as a, {b}::double as b"
        for i, (a, b) in enumerate((a, b) for a in values for b in values)
    )
    base, head = builds.make(f"select id, a as x from ({rows})", f"select id, b as x from ({rows})")

    diff = compare_relations(builds, base, head, keys=["id"], tolerance=0.5)

    assert counts(diff)[2] == len(values) * (len(values) - 1)


def test_noise_of_floats_in_a_large_table_is_no_change_of_its_rows(builds: Builds, as_if_large: None):
    head = f"""select * replace ((case when id = 5 then 1e-13 else 0 end + ratio) as ratio,
        case when id % 2 = 0 then 'n' else note end as note) from ({ORDERS})"""

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"])

    assert counts(diff) == (0, 0, 500) and changed(diff) == {"note": 500}


def test_a_change_that_the_first_look_missed_is_found(builds: Builds, as_if_large: None):
    head = f"""select * replace
        (ratio + 1 as ratio, case when id = 501 then 'rare' else customer end as customer) from ({ORDERS})"""

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"])

    assert changed(diff) == {"ratio": 1000, "customer": 1} and column(diff, "customer").examples == ("501",)


@pytest.mark.parametrize(
    ("expression", "other"),
    [
        ("{'a': i, 'b': [i, null]}", "{'a': i, 'b': [i, 7]}"),
        ("map {'k': i}", "map {'k': i + 1}"),
        ("[i, i + 1]", "[i + 1, i]"),
        ("('{\"a\": ' || i || '}')::json", "('{\"a\": ' || i || ', \"b\": 1}')::json"),
        ("i::varchar::blob", "(i + 1)::varchar::blob"),
        ("to_hours(i::int)", "to_hours(1 + i::int)"),
        ("(i % 2 = 0)", "(i % 2 = 1)"),
        ("time '10:00:00' + to_minutes(i::int)", "time '10:00:01' + to_minutes(i::int)"),
        ("'größe 🌍' || i", "'Größe 🌍' || i"),
        ("md5(i::varchar)::uuid", "md5((i + 1)::varchar)::uuid"),
        ("(timestamptz '2024-01-01 00:00:00+00' + to_hours(i::int))", "timestamptz '2024-01-01 00:30:00+00'"),
    ],
)
def test_values_of_any_type_are_compared(builds: Builds, expression: str, other: str):
    base = f"select i as id, {expression} as x from range(20) r(i)"
    changing = f"case when i < 5 then {expression} when i < 19 then {other} end"
    head = f"select i as id, {changing} as x from range(20) r(i)"

    same = compare_relations(builds, *builds.make(base, base), keys=["id"])
    diff = compare_relations(builds, *builds.make(base, head), keys=["id"])

    assert same.is_same
    assert changed(diff) == {"x": 15} and column(diff, "x").emptied == 1


# --- columns as columns ----------------------------------------------------------------------------------


def test_added_removed_and_reordered_columns_are_said(builds: Builds):
    base, head = builds.make(
        "select 1 as id, 2 as old, 3 as b, 4 as a", "select 1 as ID, 4 as a, 3 as b, null::date as new"
    )

    diff = compare_relations(builds, base, head, keys=["Id"])

    assert diff.schema.added == (("new", "DATE"),) and diff.schema.removed == (("old", "INTEGER"),)
    assert diff.schema.is_reordered and diff.schema.respelled == (("id", "ID"),)
    assert counts(diff) == (0, 0, 0) and not diff.is_same
    new = column(diff, "new")
    assert new.base is None and new.head and (new.head.rows, new.head.nulls) == (1, 1)


@pytest.mark.parametrize(
    ("was", "became", "compared_as", "found"),
    [
        ("i::int", "i::bigint", "decimal(19, 0)", 0),
        ("(i * 0.5)::decimal(9, 1)", "(i * 0.5)::decimal(18, 6)", "decimal(18, 6)", 0),
        ("i::decimal(38, 0)", "(i / 8)::decimal(38, 38)", "double", 1),
        ("i::int", "i::double", "double", 0),
        ("(i / 10)::float", "(i / 10)::double", "float", 0),
        ("i::varchar", "i::int", "text", 0),
        ("date '2024-01-01'", "timestamp '2024-01-01 00:00:00'", "timestamp", 0),
        ("timestamp '2024-01-01 00:00:00'", "timestamptz '2024-01-01 02:00:00+00'", "timestamptz", 2),
        ("date '2024-01-01'", "'2024-01-01'", "text", 0),
    ],
)
def test_a_retyped_column_is_compared_by_what_both_types_have_in_common(
    builds: Builds, was: str, became: str, compared_as: str, found: int
):
    query = "select i as id, {} as x from range(2) r(i)"
    base, head = builds.make(query.format(was), query.format(became))

    diff = compare_relations(builds, base, head, keys=["id"])

    types = base.columns[1].data_type, head.columns[1].data_type
    assert diff.schema.retyped == (Retyped("x", *types, compared_as),)
    assert counts(diff)[2] == found


def test_columns_that_have_nothing_in_common_are_said_not_to_be_compared(builds: Builds):
    base, head = builds.make("select 1 as id, [1] as x", "select 1 as id, true as x")

    diff = compare_relations(builds, base, head, keys=["id"])

    assert diff.not_compared == (("x", "INTEGER[] and BOOLEAN have nothing in common to compare"),)
    assert diff.schema.retyped[0].compared_as == "" and not diff.is_same


def test_a_key_that_became_another_type_still_matches_rows(builds: Builds):
    base, head = builds.make(
        "select i as id, i as x from range(9) r(i)", "select i::varchar as id, i as x from range(9) r(i)"
    )

    diff = compare_relations(builds, base, head, keys=["id"])

    assert counts(diff) == (0, 0, 0) and diff.changed and diff.changed.share.of == 9


def test_ignored_columns_are_not_compared(builds: Builds):
    head = f"select *, now() as loaded_at from (select * replace (0 as ratio) from ({ORDERS}))"

    diff = compare_relations(builds, *builds.make(ORDERS, head), keys=["id"], ignore=["RATIO", "loaded_at"])

    assert counts(diff) == (0, 0, 0) and diff.columns == ()
    assert diff.schema.added == (("loaded_at", "TIMESTAMP WITH TIME ZONE"),)


def test_names_that_need_quotes_are_columns_like_all_others(builds: Builds):
    names = ['a "b" c', "select", "größe", "k0", "t", "1 x'; drop table base.orders; --", "__as_text"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    base = "select i as id, " + ", ".join(f"i as {name}" for name in quoted) + " from range(9) r(i)"
    head = "select i as id, " + ", ".join(f"i + 1 as {name}" for name in quoted) + " from range(9) r(i)"
    head = f"{head} union all ({head} limit 2)"

    diff = compare_relations(builds, *builds.make(base, head, name="or'ders; x"), keys=["id"])

    assert changed(diff) == dict.fromkeys(names, 7) and diff.rows[0].keys == (0, 2)


@pytest.mark.long
@pytest.mark.parametrize("kind", [pytest.param("double", marks=pytest.mark.long), "varchar"])
def test_a_table_of_500_columns_is_compared(builds: Builds, kind: str):
    base = "select i as id, " + ", ".join(f"i::{kind} as c{n}" for n in range(500)) + " from range(50) r(i)"
    head = "select i as id, " + ", ".join(f"(i + {n % 2})::{kind} as c{n}" for n in range(500))

    diff = compare_relations(builds, *builds.make(base, f"{head} from range(50) r(i)"), keys=["id"])

    assert counts(diff) == (0, 0, 50)
    assert changed(diff) == {f"c{n}": 50 for n in range(500) if n % 2}


# --- personal data ---------------------------------------------------------------------------------------


def test_no_value_of_personal_data_is_read_out(builds: Builds):
    base = "select 'ann' || i || '@x.org' as Email, 1900 + i as born, i as n from range(30) r(i)"
    head = (
        base.replace("1900 + i", "1901 + i").replace("i as n", "i + 1 as n").replace("range(30)", "range(29)")
    )

    diff = compare_relations(builds, *builds.make(base, head), keys=["email"], pii=["EMAIL", "born"])

    assert counts(diff) == (0, 1, 29) and changed(diff) == {"born": 29, "n": 29}
    assert "ann" not in repr(diff) and "19" not in repr(column(diff, "born").base)
    born = column(diff, "born")
    assert (born.raised, born.mean_move, born.largest_move, born.examples) == (29, None, None, ())


def test_parts_of_a_key_that_are_personal_data_are_masked(builds: Builds):
    base = "select 'ann' as name, i as n, i as x from range(3) r(i)"

    diff = compare_relations(
        builds, *builds.make(base, f"select name, n, -x as x from ({base})"), keys=["name", "n"], pii=["name"]
    )

    assert diff.changed and diff.changed.examples == ("•••, 1", "•••, 2")


def test_long_keys_are_cut(builds: Builds):
    base, head = builds.make("select repeat('x', 5000) as id", "select repeat('y', 5000) as id")

    diff = compare_relations(builds, base, head, keys=["id"])

    assert diff.added and diff.added.examples == ("y" * 59 + "…",)


# --- samples ---------------------------------------------------------------------------------------------

MANY = "select i as id, i as x from range(20000) r(i)"


def test_a_sample_takes_the_same_keys_on_both_sides_and_is_said(builds: Builds):
    head = f"select id, x + (id % 5 = 0)::int as x from (select id + 100 as id, x + 100 as x from ({MANY}))"

    diff = compare_relations(
        builds, *builds.make(MANY, head), keys=["id"], sample_above_rows=10_000, sample_rows=4_000
    )

    assert diff.one_in == 5 and (diff.base_rows, diff.head_rows) == (20_000, 20_000)
    assert diff.added and diff.removed and diff.changed
    assert 3_500 < diff.changed.share.of < 4_500 and diff.changed.share.is_sample
    for share, true_rate in (
        (diff.changed.share, 0.2),
        (diff.added.share, 0.005),
        (diff.removed.share, 0.005),
    ):
        low, high = share.interval
        assert low < true_rate < high and high - low < 0.03


def test_a_sample_without_keys_takes_the_same_rows_on_both_sides(builds: Builds):
    diff = compare_relations(
        builds, *builds.make(MANY, f"{MANY} order by hash(i)"), sample_above_rows=1_000, sample_rows=1_000
    )

    assert diff.is_same and diff.one_in == 21 and 800 < diff.rows[0].base < 1_100


def test_rows_without_a_key_are_sampled_by_the_whole_row(builds: Builds):
    base = f"select null::int as id, x from ({MANY})"

    diff = compare_relations(
        builds, *builds.make(base, base), keys=["id"], sample_above_rows=1_000, sample_rows=4_000
    )

    assert diff.is_same and 3_500 < diff.rows[0].base < 4_500


def test_the_interval_of_a_rate_is_wilsons():
    assert Share(1, 10).interval == (0.1, 0.1)
    low, high = Share(10, 100, is_sample=True).interval  # as in every textbook: 0.0552 to 0.1744
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert Share(0, 0, is_sample=True).interval == (0.0, 1.0)


# --- bad input -------------------------------------------------------------------------------------------


def test_an_unknown_key_is_said_with_the_nearest_name(builds: Builds):
    with pytest.raises(UnknownName, match="did you mean 'id'"):
        compare_relations(builds, *builds.make(ORDERS, ORDERS), keys=["idd"])


def test_a_relation_without_columns_is_refused(builds: Builds):
    base, _ = builds.make(ORDERS, ORDERS)

    with pytest.raises(UsageError, match=r"columns of head\.nothing are not known"):
        compare_relations(builds, base, Relation("head", "nothing"), keys=["id"])


def test_a_tolerance_out_of_its_range_is_refused(builds: Builds):
    with pytest.raises(UsageError, match=r"tolerance 1\.5"):
        compare_relations(builds, *builds.make(ORDERS, ORDERS), keys=["id"], tolerance=1.5)


def test_a_relation_that_is_not_there_is_one_clear_error(builds: Builds):
    base, head = builds.make(ORDERS, ORDERS)

    with pytest.raises(WarehouseError, match="gone"):
        compare_relations(builds, base, replace(head, name="gone"), keys=["id"])


def test_a_table_that_changes_meanwhile_is_said(builds: Builds):
    base, head = builds.make(ORDERS, f"select * replace (0 as ratio) from ({ORDERS})")

    class Busy:
        dialect = "duckdb"

        def rows(self, sql: str, parameters: object = ()) -> list[tuple[object, ...]]:
            if "FULL JOIN" in sql:
                builds.rows(f"insert into head.orders {ORDERS.replace('i as id', 'i + 1000 as id')}")
            return builds.rows(sql)

    with pytest.raises(WarehouseError, match="changed while they were compared"):
        compare_relations(Busy(), base, head, keys=["id"])


# --- against plain Python --------------------------------------------------------------------------------

Row = tuple[int | None, int | None, str | None, float | None]
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 12)),
        st.one_of(st.none(), st.integers(-2, 2)),
        st.one_of(st.none(), st.sampled_from(["", "a", "A ", "b|1:c", "~"])),
        st.one_of(st.none(), st.sampled_from([0.0, 1.0, 1.0 + 1e-12, math.inf, math.nan])),
    ),
    max_size=25,
)


def is_same_value(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b or (
            math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 1e-9 * (abs(a) + abs(b)) / 2
        )
    return a == b


def whole(rows: list[Row]) -> Counter[str]:
    return Counter(map(repr, rows))


def agrees_with_python(base: list[Row], head: list[Row]) -> None:
    sides = {"base": base, "head": head}
    columns = tuple(
        Column(n, t) for n, t in (("id", "INTEGER"), ("n", "INTEGER"), ("w", "VARCHAR"), ("f", "DOUBLE"))
    )
    with duckdb.connect() as raw:
        for schema, rows in sides.items():
            raw.execute(
                f"create schema {schema}; create table {schema}.t (id int, n int, w varchar, f double)"
            )
            if rows:
                raw.executemany(f"insert into {schema}.t values (?, ?, ?, ?)", rows)
        found = compare_relations(
            DuckDBConnection(raw), Relation("base", "t", columns), Relation("head", "t", columns), keys=["id"]
        )

    times = {side: Counter(row[0] for row in rows) for side, rows in sides.items()}
    repeated = {k for side in times.values() for k, n in side.items() if k is not None and n > 1}
    single = {
        side: {row[0]: row for row in rows if row[0] is not None and row[0] not in repeated}
        for side, rows in sides.items()
    }
    both = single["base"].keys() & single["head"].keys()
    differing = {
        name: {k for k in both if not is_same_value(single["base"][k][i], single["head"][k][i])}
        for i, name in ((1, "n"), (2, "w"), (3, "f"))
    }
    assert changed(found) == {name: len(keys) for name, keys in differing.items() if keys}
    groups = {group.group: group for group in found.rows}
    if "rows of repeated keys" in groups or not repeated:
        added, removed = single["head"].keys() - both, single["base"].keys() - both
        assert counts(found) == (len(added), len(removed), len(set().union(*differing.values())))
    for name, keys in (("rows without a key", {None}), ("rows of repeated keys", repeated)):
        old, new = (whole([row for row in sides[side] if row[0] in keys]) for side in ("base", "head"))
        if name not in groups:  # nothing differs in them, or there are none
            assert old == new
            continue
        group = groups[name]
        assert (group.base, group.head) == (old.total(), new.total())
        assert (group.only_base, group.only_head) == ((old - new).total(), (new - old).total())


AS_IF_LARGE = {
    "_FEW_ROWS": 0, "_WORTH_PROBING": 0.0, "_ROWS_PER_BUCKET": 1, "_PROBED_ROWS": 2, "_ENOUGH_BUCKETS": 1,
    "_LIKELY_REPEATS": 1e9,
}  # fmt: skip


@pytest.mark.parametrize("large", [False, True], ids=["small", "as if large"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=ROWS, head=ROWS, shared=ROWS)
def test_the_diff_is_what_plain_python_says(
    monkeypatch: pytest.MonkeyPatch, large: bool, base: list[Row], head: list[Row], shared: list[Row]
):
    for name, value in AS_IF_LARGE.items() if large else ():
        monkeypatch.setattr(data_diff, name, value)
    agrees_with_python(base + shared, head + shared)


@pytest.mark.long
@pytest.mark.parametrize("large", [False, True], ids=["small", "as if large"])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=ROWS, head=ROWS, shared=ROWS)
def test_the_diff_of_many_tables_is_what_plain_python_says(
    monkeypatch: pytest.MonkeyPatch, large: bool, base: list[Row], head: list[Row], shared: list[Row]
):
    for name, value in AS_IF_LARGE.items() if large else ():
        monkeypatch.setattr(data_diff, name, value)
    agrees_with_python(base + shared, head + shared)
