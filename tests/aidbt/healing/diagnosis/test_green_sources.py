"""What is wrong with a source although all is green, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Stage
from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.healing.diagnosis.green import green_causes, silent_causes
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange, overlaps_of, rewrites_of

ALL = 2**64 - 1


def table(ids: Iterable[int], *, price: int = 100) -> TableState:
    """Orders without any time: a key, and a price that is `price` or a bit more."""
    keys = list(ids)
    prices = [price + key % 7 for key in keys]
    columns = (
        ColumnState("id", "varchar", 0, len(keys), None, None, frozenset(keys), ALL),
        ColumnState(
            "price",
            "integer",
            0,
            7,
            str(min(prices, default=0)),
            str(max(prices, default=0)),
            frozenset(prices),
            ALL,
        ),
    )
    rows = KeyedRows(
        ("id",), ALL, ("id", "price"), dict(zip(keys, zip(keys, prices, strict=True), strict=True))
    )
    return TableState("raw", "orders", columns, rows=len(keys), keyed=rows)


def told(was: TableState, now: TableState) -> list[str]:
    change = TableChange("source.s.raw.orders", was, now, overlaps_of(was, now, now.keyed))
    change = TableChange(change.source, was, now, change.overlaps, rewrites=rewrites_of(was, now.keyed))
    case = Case("s", Path(), FailedRun(Stage.DATA), tables={change.source: change})
    return [f"{cause.error_class} {cause.proof[0].text}" for cause in green_causes(case)]


def test_a_table_that_lost_keys_and_got_no_new_one_is_an_older_export():
    assert told(table(range(1000)), table(range(790))) == [
        "DATA_QUALITY/STALE raw.orders has lost about 21% of its rows and got no new one:"
        " 790 rows, 1,000 at the last good run"
    ]


def test_a_table_that_is_purged_while_it_is_loaded_says_nothing():
    assert told(table(range(1000)), table(range(210, 1030))) == []
    assert told(table(range(1000)), table(range(40, 1000))) == []


def test_prices_that_rise_say_nothing_and_prices_in_another_unit_do():
    assert told(table(range(100)), table(range(100), price=110)) == []
    assert "have another price with the same key" in told(table(range(100)), table(range(100), price=9000))[0]


def test_a_status_changes_in_rows_that_stay_and_a_name_does_not():
    for column, few, many in (("status", [], 1), ("label", ["label"], 1)):
        was, now, most = (marked(column, changed) for changed in (0, 4, 40))

        assert [column for line in told(was, now) if f"another {column}" in line] == few
        assert len([line for line in told(was, most) if f"another {column}" in line]) == many


def marked(column: str, changed: int) -> TableState:
    """A hundred rows with the time of their load, some of which hold another value than at first."""
    columns = tuple(ColumnState(name, "varchar", 0, 100) for name in ("id", column, "loaded_at"))
    values = {key: (key, key + (1000 if key < changed + 2 and changed else 0), 1) for key in range(100)}
    rows = KeyedRows(("id",), ALL, ("id", column, "loaded_at"), values)
    return TableState("raw", "orders", columns, rows=100, keyed=rows)


def retyped(now: TableState, data_type: str) -> TableState:
    key, price = now.columns
    return replace(now, columns=(key, replace(price, data_type=data_type)))


def test_numbers_that_another_type_writes_in_another_way_were_not_rewritten():
    now = table(range(100), price=9000)
    key, price = now.columns
    same = replace(now, columns=(key, replace(price, minimum="100.0", maximum="106.0")))

    assert told(table(range(100)), retyped(same, "double")) == []


def test_numbers_that_came_in_another_unit_with_another_type_are_told():
    assert told(table(range(100)), retyped(table(range(100), price=9000), "bigint")) == [
        "SCHEMA_DRIFT/TYPE_CHANGED raw.orders.price is bigint, and was integer; its values lay between"
        " 100 and 106, and lie between 9000 and 9006"
    ]


def test_a_wider_type_for_one_large_number_says_nothing():
    now = table(range(100))
    key, price = now.columns
    wider = replace(price, maximum="5000000000", data_type="bigint")

    assert told(table(range(100)), replace(now, columns=(key, wider))) == []


def test_times_that_got_a_zone_are_told_where_they_are_others():
    was = timed("2026-03-01 06:10:00", "timestamp")

    assert told(was, timed("2026-03-01 06:10:00+00", "timestamp with time zone")) == []
    assert told(was, timed("2026-03-01 11:10:00+00", "timestamp with time zone")) == [
        "SCHEMA_DRIFT/TYPE_CHANGED raw.orders.at is timestamp with time zone, and was timestamp; its values"
        " lay between 2026-03-01 06:10:00 and 2027-01-01 00:00:00, and lie between 2026-03-01 11:10:00+00"
        " and 2027-01-01 00:00:00"
    ]


def timed(oldest: str, data_type: str) -> TableState:
    """A table of one time, the newest of which is always the same."""
    columns = (ColumnState("at", data_type, 0, 100, oldest, "2027-01-01 00:00:00"),)
    return TableState("raw", "orders", columns, rows=100)


def test_of_a_handful_of_rows_only_the_loss_of_nearly_all_is_told():
    assert "has 83% fewer rows" in told(table(range(6)), table(range(1)))[0]
    assert "is empty" in told(table(range(6)), table(range(0)))[0]
    assert told(table(range(6)), table(range(3))) == []
    assert told(table(range(3)), table(range(0))) == []


# --- beside a failed run, where it keeps every mend back ----------------------------------------------


def dated(days: Iterable[int], *, orders: int | None = None, due: int = 0) -> TableState:
    """Orders with a time, of days of one month, and a day when they are due, which may be any."""
    there = list(days)
    columns = (
        ColumnState("id", "integer", 0, len(there), None, None, frozenset(there), ALL),
        ColumnState("ordered_at", "timestamp", 0, 28, "2026-02-01", f"2026-02-{max(there):02d}"),
        ColumnState("due_on", "date", 0, 28, "2026-03-01", f"2026-03-{due or max(there):02d}"),
    )
    return TableState("raw", "orders", columns, rows=orders or 10 * len(there))


def beside(was: TableState, now: TableState, *causes: Diagnosis) -> list[str]:
    change = TableChange("source.s.raw.orders", was, now, overlaps_of(was, now, now.keyed))
    case = Case("s", Path(), FailedRun(Stage.NODE), beside={change.source: change})
    return [f"{cause.error_class} {cause.proof[0].text}" for cause in silent_causes(case, causes)]


def test_beside_a_failure_a_source_that_lost_its_rows_is_told():
    assert beside(table(range(100)), table(range(50)))[0].startswith("DATA_QUALITY/VOLUME raw.orders has 50%")
    assert "no new one" in beside(table(range(1000)), table(range(790)))[0]


def test_an_old_copy_has_no_row_more_and_no_time_that_went_on():
    assert beside(dated(range(1, 21)), dated(range(1, 18), due=17))[0].startswith("DATA_QUALITY/STALE")
    assert beside(dated(range(1, 21)), dated(range(1, 22), due=19)) == []
    assert beside(dated(range(1, 21)), dated(range(1, 20), due=21)) == []
    assert beside(dated(range(1, 21)), dated(range(1, 20), orders=210, due=19)) == []


def test_an_ordinary_night_says_nothing_beside_a_failure():
    assert beside(table(range(1000)), table(range(40, 1030))) == []
    assert beside(table(range(100)), table(range(100), price=9000)) == []


def test_an_old_export_that_is_loaded_again_is_one_whatever_its_time_of_loading():
    def loaded(day: int, state: TableState) -> TableState:
        at = ColumnState("loaded_at", "timestamp", 0, 1, f"2026-02-{day}", f"2026-02-{day}")
        return replace(state, columns=(*state.columns, at))

    assert beside(loaded(21, dated(range(1, 21))), loaded(22, dated(range(1, 18), due=17))) != []
    assert beside(loaded(21, dated(range(1, 21))), loaded(22, dated(range(1, 21), due=21))) == []


def test_a_table_of_one_week_may_be_shorter_in_the_next():
    def week(first: int, rows: int) -> TableState:
        at = ColumnState("at", "date", 0, 7, f"2026-02-{first:02d}", f"2026-02-{first + 6:02d}")
        ids = table(range(first * 1000, first * 1000 + rows))
        return replace(ids, columns=(*ids.columns, at))

    assert beside(week(1, 700), week(8, 100)) == []
    assert "VOLUME" in beside(week(8, 700), week(8, 100))[0]
    assert "VOLUME" in beside(week(8, 700), week(1, 100))[0]


def test_a_source_of_which_a_cause_says_as_much_is_not_told_twice():
    known = Diagnosis("volume|x", ErrorClass.VOLUME, 0.9, Stage.TEST, "source.s.raw.orders")

    assert beside(table(range(100)), table(range(50)), known) == []
