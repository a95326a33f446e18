"""Parquet lands with the types of its files, nested values whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.settings import connector_from


def connector(path, **options):
    return connector_from(str(path), "files", root=path.parent, options=options)


def test_types_land_as_they_are(tmp_path, bronze):
    moment = datetime(9999, 12, 31, 23, 59, 59, 999999)
    columns = {
        "small": (pa.array([1], pa.int8()), "TINYINT", "1"),
        "unsigned": (pa.array([2**64 - 1], pa.uint64()), "UBIGINT", str(2**64 - 1)),
        "half": (pa.array([1.5], pa.float16()), "FLOAT", "1.5"),
        "money": (pa.array([Decimal("1.50")], pa.decimal128(10, 2)), "DECIMAL(10,2)", "1.50"),
        "wide": (pa.array([Decimal("1.5")], pa.decimal256(38, 1)), "DECIMAL(38,1)", "1.5"),
        "day": (pa.array([date(1, 1, 1)]), "DATE", "0001-01-01"),
        "micros": (pa.array([moment], pa.timestamp("us")), "TIMESTAMP", str(moment)),
        "nanos": (pa.array([1], pa.timestamp("ns")), "TIMESTAMP_NS", "1970-01-01 00:00:00.000000001"),
        "millis": (pa.array([1], pa.timestamp("ms")), "TIMESTAMP_MS", "1970-01-01 00:00:00.001"),
        "zoned": (
            pa.array([0], pa.timestamp("us", tz="Europe/Paris")),
            "TIMESTAMP WITH TIME ZONE",
            "1970-01-01 00:00:00+00",
        ),
        "word": (pa.array(["b"]).dictionary_encode(), "VARCHAR", "b"),
        "bytes": (pa.array([b"\x00x"]), "BLOB", r"\x00x"),
        "nothing": (pa.nulls(1), "VARCHAR", None),
        "span": (pa.array([timedelta(seconds=1.5)], pa.duration("ns")), "INTERVAL", "00:00:01.5"),
        "list": (pa.array([[1, None]]), "BIGINT[]", "[1, NULL]"),
        "struct": (
            pa.array([{"a b": 1, "c": ["x"]}]),
            'STRUCT("a b" BIGINT, c VARCHAR[])',
            "{'a b': 1, 'c': [x]}",
        ),
        "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())), "MAP(VARCHAR, INTEGER)", "{k=1}"),
    }
    table = pa.Table.from_arrays([array for array, _, _ in columns.values()], names=list(columns))
    pq.write_table(table, tmp_path / "t.parquet")

    for _ in range(2):  # the second load finds the same types in bronze
        load = bronze.land_one(connector(tmp_path / "t.parquet"))
        assert load.status == "landed", load.error

    types = dict(bronze.rows("select column_name, data_type from duckdb_columns() where table_name = 't'"))
    assert {name: types[name] for name in columns} == {
        name: wanted for name, (_, wanted, _) in columns.items()
    }
    shown = ", ".join(f'"{name}"::varchar' for name in columns)
    expected = tuple(text for _, _, text in columns.values())
    assert bronze.rows(f"select {shown} from bronze_files.t") == [expected, expected]


def test_old_timestamps_keep_every_year(tmp_path, bronze):
    """INT96, as Spark and Impala wrote it; as nanoseconds 9999-12-31 would become another day."""
    moments = pa.array([datetime(9999, 12, 31), datetime(1500, 1, 1)], pa.timestamp("us"))
    pq.write_table(pa.table({"at_": moments}), tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)

    bronze.land_one(connector(tmp_path / "t.parquet"))
    assert bronze.rows("select at_::varchar from bronze_files.t") == [
        ("9999-12-31 00:00:00",),
        ("1500-01-01 00:00:00",),
    ]


def test_nanoseconds_are_kept_or_refused(tmp_path, bronze):
    zoned = pa.array([1], pa.timestamp("ns", tz="UTC"))
    pq.write_table(
        pa.table({"v": [{"at": t} for t in zoned]}, pa.schema([("v", pa.struct([("at", zoned.type)]))])),
        tmp_path / "t.parquet",
    )

    load = bronze.land_one(connector(tmp_path / "t.parquet"))
    if load.status == "failed":
        assert "would cut to microseconds" in load.error
    else:
        assert bronze.value("select v.at::varchar from bronze_files.t") == "1970-01-01 00:00:00.000000001+00"


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (pa.array([Decimal("1")], pa.decimal256(50, 0)), "38 digits at most"),
        (pa.array([1], pa.duration("ns")), "cannot be landed exactly"),
    ],
)
def test_what_duckdb_cannot_hold_is_refused(array, said, tmp_path, bronze):
    pq.write_table(pa.table({"v": array}), tmp_path / "t.parquet")

    load = bronze.land_one(connector(tmp_path / "t.parquet"))
    assert load.status == "failed" and said in load.error


def test_several_files_are_one_table_when_their_columns_agree(tmp_path, bronze):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x1.parquet")
    pq.write_table(pa.table({"a": [2]}), tmp_path / "x2.parquet")
    both = connector_from("x*.parquet", "files", root=tmp_path, options={"table": "x"})

    assert bronze.land_one(both).rows_landed == 2
    pq.write_table(pa.table({"a": ["text"], "b": [1]}), tmp_path / "x3.parquet")
    load = bronze.land_one(both)
    assert "x3.parquet has other columns than" in load.error
    assert "a is string instead of int64; it adds b" in load.error


def test_a_file_that_is_not_parquet_is_refused(write, bronze):
    load = bronze.land_one(connector(write("t.parquet", "no parquet")))

    assert load.status == "failed" and "t.parquet cannot be read" in load.error
