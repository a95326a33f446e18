"""JSON lands whole: no key is dropped, no number rounded, and what is no record is never lost in silence."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SourceError
from ingestion.connectors.inference import JSON, Evidence, confidence, infer
from ingestion.connectors.json import kept, source
from ingestion.settings import connector_from


def connector(path, **options):
    options = {"connector": "json", "type_confidence": 0, **options}
    return connector_from(str(path), "files", root=path.parent, options=options)


def rows_of(bronze, table="t"):
    """The landed rows without the columns of the load."""
    return bronze.rows(f"select * exclude (_aidbt_loaded_at, _aidbt_batch_id) from bronze_files.{table}")


def types_of(bronze, table="t"):
    found = bronze.rows(
        "select column_name, data_type from duckdb_columns() where schema_name = 'bronze_files' and "
        f"table_name = '{table}' and column_name not like '\\_aidbt%' escape '\\' order by column_index"
    )
    return dict(found)


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        pytest.param('{"a":1}\n{"a":2}\n', {}, [(1,), (2,)], id="lines"),
        pytest.param('{"a":1}\n\n \r\n{"a":2}', {}, [(1,), (2,)], id="blank lines, no newline at the end"),
        pytest.param('[{"a":1},\n {"a" :\n2 } ]\n', {}, [(1,), (2,)], id="an array over several lines"),
        pytest.param('{\n "a": 1\n}', {}, [(1,)], id="one object over several lines"),
        pytest.param('{"x":{"y":[{"a":1},{"a":2}]},"z":[]}', {"records": "x.y"}, [(1,), (2,)], id="records"),
        pytest.param('{"y":1,"x":{"x":[9],"y":[{"a":1}]}}', {"records": "x.y"}, [(1,)], id="a key elsewhere"),
        pytest.param("[1,2]", {}, [(1,), (2,)], id="a list of scalars"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', {}, [(1,)], id="a byte order mark"),
        pytest.param('{"a":"Zoë"}'.encode("utf-16"), {"encoding": "utf-16"}, [("Zoë",)], id="utf-16"),
        pytest.param('{"a":"Zoë"}'.encode("latin-1"), {"encoding": "latin-1"}, [("Zoë",)], id="latin-1"),
        pytest.param(r'{"a":"\u00e9\n\"\\\ud83d\ude00"}', {}, [('é\n"\\😀',)], id="escapes"),
        pytest.param(r'{"a\u0062":1,"ab\"":2}', {}, [(1, 2)], id="escapes in keys"),
        pytest.param('{"a":"],}{\\",:"}', {}, [('],}{",:',)], id="marks inside of text"),
    ],
)
def test_forms_of_json(content, options, expected, write, bronze):
    load = bronze.land_one(connector(write("t.json", content), **options))

    assert load.status == "landed", load.error
    assert rows_of(bronze) == expected
    assert load.rows_read == load.rows_landed == len(expected)


@pytest.mark.parametrize(
    ("values", "data_type", "expected"),
    [
        (["1", "2", "null"], "BIGINT", [1, 2, None]),
        (["1", "1.0", "1e3"], "DOUBLE", [1.0, 1.0, 1000.0]),
        (["3.7"], "DOUBLE", [3.7]),
        (["0.30000000000000004", "1e-7"], "DOUBLE", [0.30000000000000004, 1e-7]),
        (["0.12345678901234567", "1"], "DECIMAL(18,17)", [Decimal("0.12345678901234567"), Decimal(1)]),
        (["9223372036854775807"], "BIGINT", [2**63 - 1]),
        (["9223372036854775808"], "DECIMAL(19,0)", [Decimal(2**63)]),
        (["9007199254740993", "0.5"], "DECIMAL(17,1)", [Decimal(2**53 + 1), Decimal("0.5")]),
        (["1e999", "1"], "VARCHAR", ["1e999", "1"]),
        (["1" * 39], "VARCHAR", ["1" * 39]),
        (["true", "false", "null"], "BOOLEAN", [True, False, None]),
        (["true", "0"], "VARCHAR", ["true", "0"]),
        (["1", '"1"'], "VARCHAR", ["1", "1"]),
        (['"007"', '"2024-01-01"'], "VARCHAR", ["007", "2024-01-01"]),
        (['{"b":1.10}', "[1, 2]", '"x"', "null"], "JSON", ['{"b":1.10}', "[1, 2]", '"x"', None]),
    ],
)
def test_scalars_land_as_the_type_that_all_agree_on_exactly(values, data_type, expected, write, bronze):
    bronze.land_one(connector(write("t.jsonl", "".join(f'{{"a":{value}}}\n' for value in values))))

    assert types_of(bronze) == {"a": data_type}
    assert [value for (value,) in rows_of(bronze)] == expected


def test_keys_that_only_some_records_have_are_columns_too(write, bronze):
    bronze.land_one(connector(write("t.json", '{"a":1}\n{}\n{"b":"x","a":2}\n{"c":[1]}\n')))

    assert rows_of(bronze) == [(1, None, None), (None, None, None), (2, "x", None), (None, None, "[1]")]


BAD = (
    b'{"a":1}\n{"a":1,"a":2}\n{"a" 3}\n{"a":NaN}\n[1]\n{"a":01}\n{"a":"\t"}\n{"a":{"b":Infinity}}\n'
    b'{"a":1}{"a":2}\n{"a":"\\ud800"}\n{"a":"\xff"}\n{"a":2}\n'
)


def test_malformed_lines_are_dead_letters_word_for_word(write, bronze):
    load = bronze.land_one(connector(write("t.jsonl", BAD), max_rejected_rows=10))

    assert (load.rows_read, load.rows_landed, load.rows_rejected) == (12, 2, 10)
    assert rows_of(bronze) == [(1,), (2,)]
    letters = bronze.rows("select place, cause, raw from bronze_files._aidbt_dead_letters order by place")
    assert letters == [
        (2, "duplicate_key", '{"a":1,"a":2}'),
        (3, "malformed_json", '{"a" 3}'),
        (4, "malformed_json", '{"a":NaN}'),
        (5, "not_an_object", "[1]"),
        (6, "malformed_json", '{"a":01}'),
        (7, "malformed_json", '{"a":"\t"}'),
        (8, "malformed_json", '{"a":{"b":Infinity}}'),
        (9, "malformed_json", '{"a":1}{"a":2}'),
        (10, "malformed_json", '{"a":"\\ud800"}'),
        (11, "not_utf8", '{"a":"\\xff"}'),
    ]


def test_more_malformed_lines_than_allowed_refuse_the_load(write, bronze):
    load = bronze.land_one(connector(write("t.jsonl", BAD), max_rejected_rows=1))

    assert load.status == "failed"
    assert (
        "more than 1 records that are no JSON objects, at line or number 2: a key stands twice; 3: "
        in load.error
    )


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", {}, "there are no keys in"),
        ("[]", {}, "there are no keys in"),
        ('[{"a":1}', {}, "ends inside its list of records"),
        ('[{"a":1},]', {}, "number 2: Expecting value"),
        ('[{"a":1}] x', {}, "is not one JSON document"),
        ('[{"a":1}{"a":2}]', {}, "number 1: Extra data"),
        ('{"x":[{"a":1}]', {"records": "x"}, "is not one JSON document"),
        ('{"x":{"y":1}}', {"records": "x.z"}, "has no list under 'x.z'"),
        ('{"x":1,"y":[]}', {"records": "x"}, "has no list under 'x'"),
        ('{"a":\n', {}, "number 1: Expecting value"),
        (b"PK\x03\x04abc", {}, "number 1:"),
    ],
)
def test_documents_that_are_not_whole_are_refused(content, options, said, write, bronze):
    load = bronze.land_one(connector(write("t.json", content), **options))

    assert load.status == "failed"
    assert said in load.error


def test_an_empty_file_is_an_empty_batch_once_the_columns_are_known(write, bronze):
    bronze.land_one(connector(write("t.json", '[{"a":1,"b":[]}]')))
    load = bronze.land_one(connector(write("t.json", "[]")))

    assert (load.status, load.rows_landed, load.schema_changes) == ("landed", 0, ())


@pytest.mark.long
def test_files_larger_than_a_block_land_alike_from_lines_arrays_and_disk(write, bronze, monkeypatch):
    monkeypatch.setattr(kept, "_IN_MEMORY_BYTES", 1 << 20)  # the rest is spilled
    records = [{"id": n, "name": f"näme, {n}", "x": {"y": [n]}, "late": n} for n in range(60_000)]
    for record in records[:50_000]:
        del record["late"]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    write("in/lines.ndjson.gz", gzip.compress(lines.encode()))
    write("in/array.json", json.dumps(records, indent=1))
    write("in/inside.json", json.dumps({"meta": {"n": 1}, "records": records, "next": None}))

    bronze.land(connector(write("in/_done", "").parent / "[al]*"))
    bronze.land(connector(write("in/_done", "").parent / "inside.json", records="records"))

    for table in ("lines", "array", "inside"):
        found = rows_of(bronze, table)
        assert [(n, name, json.loads(x), late) for n, name, x, late in found] == [
            (record["id"], record["name"], record["x"], record.get("late")) for record in records
        ]


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c\n", 'd"', "é"]), values)


@settings(max_examples=60, deadline=None)
@given(st.lists(objects, min_size=1), st.sampled_from([None, 1]), st.booleans(), st.booleans())
def test_whatever_is_written_is_read(records, indent, is_ascii, is_array):
    if not any(records):
        return
    texts = [json.dumps(r, ensure_ascii=is_ascii, indent=indent if is_array else None) for r in records]
    text = f"[{','.join(texts)}]" if is_array else "\n".join(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.json"
        path.write_text(text, "utf-8", "surrogatepass")
        with closing(connector(path).open()) as opened:
            (table,) = opened.tables()
            try:
                stream = opened.read(table)
            except SourceError as error:
                assert "\\ud" in text or not text.isprintable(), error
                return
            with stream:
                rows = [row for batch in stream._batches for row in batch.to_pylist()]
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        for name in stream.schema.names:
            assert _is_same(row[name], record.get(name), stream.schema.field(name).type)


def _is_same(landed, written, kind):
    if written is None:
        return landed is None
    if kind == JSON:
        return json.loads(landed) == written
    if pa.types.is_string(kind) and not isinstance(written, str):
        return json.loads(landed) == written
    return landed == written


def test_confidence_grows_with_the_rows_and_falls_with_what_disagrees():
    assert confidence(3, 3) < confidence(30, 30) < confidence(3_000_000, 3_000_000) < 1
    assert confidence(99, 100) < confidence(100, 100)
    assert confidence(0, 0) == confidence(0, 5) == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_confidence_is_below_the_share(agreeing, more):
    if agreeing + more:
        assert 0 <= confidence(agreeing, agreeing + more) <= agreeing / (agreeing + more)


def test_too_few_values_stay_text_and_the_load_says_so(write, bronze):
    path = write("t.json", '[{"n":1,"s":"x"},{"n":2,"s":"y"},{"n":3,"s":"z"}]')
    load = bronze.land_one(connector(path, type_confidence=0.5))

    assert load.notes == ("n stayed text: 3 of 3 values are BIGINT (confidence 0.44)",)
    assert rows_of(bronze) == [("1", "x"), ("2", "y"), ("3", "z")]


def test_the_confidence_of_a_type_is_kept_with_the_load(write, bronze):
    bronze.land_one(connector(write("t.json", json.dumps([{"n": n, "s": "x"} for n in range(96)]))))

    (columns,) = bronze.rows("select columns from bronze_files._aidbt_loads")[0]
    assert json.loads(columns) == [
        {"name": "n", "type": "BIGINT", "confidence": pytest.approx(0.9615, abs=1e-4)},
        {"name": "s", "type": "VARCHAR"},
    ]


def test_one_odd_value_keeps_a_column_text(write, bronze):
    path = write("t.json", "".join(f'{{"n":{n}}}\n' for n in range(99)) + '{"n":"none"}\n')
    load = bronze.land_one(connector(path))

    assert load.notes == ("n stayed text: 99 of 100 values are BIGINT (confidence 0.95)",)
    assert types_of(bronze) == {"n": "VARCHAR"}


def test_a_column_that_stayed_text_stays_so_when_more_rows_come(write, bronze):
    path = write("t.json", '{"n":1}\n')
    bronze.land_one(connector(path, type_confidence=0.5))
    write("t.json", '{"n":1}\n' * 1000)

    load = bronze.land_one(connector(path, type_confidence=0.5))

    assert load.status == "landed", load.error
    assert types_of(bronze) == {"n": "VARCHAR"}


def test_whole_numbers_are_widened_when_fractions_come(write, bronze):
    bronze.land_one(connector(write("t.json", '{"n":1}\n')))
    load = bronze.land_one(connector(write("t.json", '{"n":2.25}\n{"n":3}\n')))

    assert load.schema_changes == ("widened n (BIGINT → DECIMAL(21,2))",)
    assert rows_of(bronze) == [(Decimal("1.00"),), (Decimal("2.25"),), (Decimal("3.00"),)]


def test_columns_named_as_text_land_as_they_are_written(write, bronze):
    bronze.land_one(connector(write("t.json", '{"zip":1.50,"o":{"a": 1}}\n'), as_text=["t.*"]))

    assert rows_of(bronze) == [("1.50", '{"a": 1}')]


@pytest.mark.parametrize(
    ("evidence", "landed", "expected"),
    [
        (Evidence(integers=5, whole_digits=2), "DOUBLE", pa.float64()),
        (Evidence(integers=5, whole_digits=2), "DECIMAL(9,2)", pa.int64()),
        (Evidence(fractions=1, whole_digits=2, scale=1), "BIGINT", pa.decimal128(3, 1)),
        (Evidence(integers=1), "JSON", JSON),
        (Evidence(nested=1), "VARCHAR", pa.string()),
        (Evidence(texts=1), "BIGINT", pa.string()),
        (Evidence(), None, pa.null()),
    ],
)
def test_a_type_follows_the_one_that_has_landed(evidence, landed, expected):
    assert infer(evidence, enough=0.9, landed=landed).type == expected


def test_only_changed_tables_are_loaded_again(write, bronze):
    for name in ("a", "b", "c"):
        write(f"in/{name}.json", '{"x":1}\n')
    at = connector(write("in/_done", "").parent)
    assert len(bronze.land(at, changed_only=True).landed) == 3
    write("in/b.json", '{"x":1}\n{"x":2}\n')

    report = bronze.land(at, changed_only=True)

    assert [load.table for load in report.landed] == ["b"]
    assert report.unchanged == ("files.a", "files.c")
    assert report.is_complete


def test_files_that_have_not_changed_are_not_looked_at_for_types_again(write, bronze, monkeypatch):
    write("in/1.json", '{"x":1,"gone":null}\n')
    write("in/2.json", '{"x":2,"y":[1]}\n')
    at = connector(write("in/_done", "").parent, table="t")
    bronze.land(at)
    write("in/3.json", '{"x":3,"z":true}\n')
    looked_at = []
    look_at = source.JsonSource._look_at
    monkeypatch.setattr(
        source.JsonSource,
        "_look_at",
        lambda self, file, *a: (looked_at.append(file.stem), look_at(self, file, *a)),
    )

    load = bronze.land_one(at)

    assert looked_at == ["3"]
    assert load.schema_changes == ("added z (BOOLEAN)",)
    assert rows_of(bronze)[-3:] == [(1, None, None), (2, "[1]", None), (3, None, True)]
