"""What is wrong with a source although all is green, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aidbt.core.healing import Stage
from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.healing.diagnosis.green import green_causes
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


def test_of_a_handful_of_rows_only_the_loss_of_nearly_all_is_told():
    assert "has 83% fewer rows" in told(table(range(6)), table(range(1)))[0]
    assert "is empty" in told(table(range(6)), table(range(0)))[0]
    assert told(table(range(6)), table(range(3))) == []
    assert told(table(range(3)), table(range(0))) == []
