"""Every line of a file of Debezium's events is a row, a dead letter or left out, and nothing is rounded."""

from __future__ import annotations

import gzip
import json
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SettingsError, SourceError, UsageError
from aidbt.core.loads import UNCHANGED
from ingestion.changes import BatchLimits, StreamState
from ingestion.settings import connector_from
from tests.ingestion.debezium_landing import (
    Landing,
    envelope,
    ignored,
    open_changes,
    read,
    source_of,
    text,
)


def order(number, **more):
    return {"id": number, "status": "new", "amount": number * 2, "note": None, **more}


def lines_of(count, first=1):
    return [text(envelope("c", number, order(number))) for number in range(first, first + count)]


def rows_of(batches, table="orders"):
    """All rows of a table, in the order of their position."""
    rows = [
        row
        for batch in batches
        for changes in batch.changes
        if changes.to.table == table
        for row in changes.rows.to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["_aidbt_position"], row["_aidbt_sequence"]))


def values_of(batches, column, table="orders"):
    return [row.get(column) for row in rows_of(batches, table)]


def letters_of(batches):
    return [letter for batch in batches for changes in batch.changes for letter in changes.dead_letters]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "events.ndjson"


# --- lines that are no events -------------------------------------------------------------------------


BAD = {
    "cut off": (b'{"before":null,"after":{"id":1,"sta', "malformed_json"),
    "a comma too many": (
        text(envelope("c", 5, order(5))).replace('"note":null', '"note":null,').encode(),
        "malformed_json",
    ),
    "two documents": (text(envelope("c", 5, order(5))).strip().encode() * 2, "malformed_json"),
    "something behind": (text(envelope("c", 5, order(5))).strip().encode() + b" x", "malformed_json"),
    "NaN as JavaScript has it": (
        text(envelope("c", 5, order(5, amount=math.nan))).encode(),
        "malformed_json",
    ),
    "a key twice": (
        text(envelope("c", 5, order(5))).replace('"id":5', '"id":5,"id":6').encode(),
        "malformed_json",
    ),
    "not UTF-8": (
        text(envelope("c", 5, order(5, status="X"))).encode().replace(b"X", b"\xff"),
        "invalid_utf8",
    ),
    "half a surrogate": (
        text(envelope("c", 5, order(5, status="X"))).encode().replace(b'"X"', b'"\\ud800"'),
        "malformed_json",
    ),
    "deeply nested": (b"[" * 100_000, "malformed_json"),
    "a list": (b"[1, 2]", "not_an_envelope"),
    "a number": (b"17", "not_an_envelope"),
    "a row alone": (b'{"id":1,"status":"new"}', "not_an_envelope"),
    "no source": (b'{"before":null,"after":{"id":1},"op":"c"}', "not_an_envelope"),
    "an operation nobody knows": (text(envelope("x", 5, order(5))).encode(), "unknown_operation"),
    "no operation": (text({**envelope("c", 5, order(5)), "op": None}).encode(), "unknown_operation"),
    "no row": (text(envelope("c", 5, None)).encode(), "no_row"),
    "a delete of nothing": (text(envelope("d", 5, None)).encode(), "no_row"),
    "no LSN": (text(envelope("c", 5, order(5), lsn=None)).encode(), "wrong_type"),
    "an LSN beyond all logs": (text(envelope("c", 5, order(5), lsn=2**63 - 1)).encode(), "wrong_type"),
    "no position": (
        text({**envelope("c", 5, order(5)), "source": {"schema": "public", "table": "orders"}}).encode(),
        "wrong_type",
    ),
}


@pytest.mark.parametrize(("line", "cause"), BAD.values(), ids=BAD)
def test_a_line_that_is_no_event_is_kept_and_its_neighbours_land(line, cause, file):
    good = [text(envelope("c", n, order(n))).encode() for n in range(100, 300)]
    line = line.rstrip(b"\n")
    file.write_bytes(b"".join([*good[:150], line + b"\n", *good[150:]]))

    batches = read(file)

    assert values_of(batches, "id") == list(range(100, 300))
    (letter,) = letters_of(batches)
    assert (letter.cause, letter.place) == (cause, 151)
    assert letter.raw == line.decode(errors="backslashreplace")
    assert sum(batch.events for batch in batches) == 201


LEFT_OUT = {
    "null": ("null", "tombstone"),
    "a tombstone beside its key": ('{"key":{"id":3},"value":null}', "tombstone"),
    "a payload that is null": ('{"schema":null,"payload":null}', "tombstone"),
    "a heartbeat": ('{"ts_ms":1700000000000}', "heartbeat"),
    "a transaction's end": ('{"status":"END","id":"7:8","event_count":2,"ts_ms":17}', "transaction"),
    "a change of the schema": ('{"source":{},"ddl":"ALTER TABLE","tableChanges":[]}', "schema_change"),
    "a message": (
        text({**envelope("m", 5, None), "message": {"prefix": "a", "content": "Yg=="}}).strip(),
        "message",
    ),
    "an empty line": ("", "blank"),
}


@pytest.mark.parametrize(("line", "kind"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_changes_no_row_is_left_out_and_counted(line, kind, file):
    file.write_text("".join([*lines_of(3), line + "\n", line + "\n", *lines_of(3, first=4)]))

    batches = read(file)

    assert values_of(batches, "id") == [1, 2, 3, 4, 5, 6]
    assert ignored(batches) == {kind: 2}
    assert not letters_of(batches)


def test_a_file_of_nothing_that_counts_moves_the_position_on(file):
    file.write_text('{"ts_ms":1700000000000}\n' * 3)

    (batch,) = read(file)

    assert batch.is_idle and batch.events == 0 and not batch.changes
    assert batch.position[str(file)]["lines"] == 3


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["event", "other table", "with spaces", "null", "broken", "heartbeat", "empty", "new column"]
        ),
        max_size=40,
    )
)
def test_every_line_is_accounted_for_whatever_stands_beside_it(tmp_path_factory, kinds):
    file = tmp_path_factory.mktemp("lines") / "events.ndjson"
    written = {
        "event": lambda n: text(envelope("c", n, order(n))),
        "other table": lambda n: text(envelope("c", n, {"key": n}, table="others")),
        "with spaces": lambda n: json.dumps(envelope("u", n, order(n))) + "\n",
        "null": lambda n: "null\n",
        "broken": lambda n: '{"before":null,"after":{\n',
        "heartbeat": lambda n: '{"ts_ms":1}\n',
        "empty": lambda n: "\n",
        "new column": lambda n: text(envelope("c", n, order(n, **{f"extra{n}": n}))),
    }
    file.write_text("".join(written[kind](n) for n, kind in enumerate(kinds, start=1)))

    batches = read(file)

    orders = [n for n, kind in enumerate(kinds, start=1) if kind in ("event", "with spaces", "new column")]
    assert values_of(batches, "id") == orders
    assert values_of(batches, "key", "others") == [
        n for n, kind in enumerate(kinds, start=1) if kind == "other table"
    ]
    assert [letter.place for letter in letters_of(batches)] == [
        n for n, kind in enumerate(kinds, start=1) if kind == "broken"
    ]
    assert sum(ignored(batches).values()) == sum(kind in ("null", "heartbeat", "empty") for kind in kinds)


# --- types without a schema block ---------------------------------------------------------------------


def test_a_fraction_in_a_column_of_integers_is_not_rounded(file):
    rows = [order(1, amount=3), order(2, amount=3.7), order(3, amount=4)]
    file.write_text("".join(text(envelope("c", n, row)) for n, row in enumerate(rows, start=1)))

    batches = read(file)

    assert values_of(batches, "amount") == [3, 3.7, 4.0]
    pieces = batches[0].changes
    assert [piece.rows.schema.field("amount").type for piece in pieces] == [pa.int64(), pa.float64()]
    assert [piece.schema_version for piece in pieces] == [1, 2]


def test_a_fraction_in_a_column_that_was_declared_an_integer_is_a_dead_letter(file):
    file.write_text("".join(text(envelope("c", n, order(n, amount=a))) for n, a in ((1, 3), (2, 3.7))))

    batches = read(file, types={"orders": {"amount": "int64"}})

    assert values_of(batches, "amount") == [3]
    (letter,) = letters_of(batches)
    assert letter.cause == "wrong_type"
    assert "column 'amount': 3.7" in letter.reason


def test_a_column_that_was_always_null_has_no_type_until_a_value_comes(file, tmp_path):
    nulls = [text(envelope("u", n, order(n), before=order(n, status=None))) for n in range(1, 100)]
    file.write_text("".join([*nulls, text(envelope("c", 100, order(100, note=5)))]))

    batches = read(file)

    first, second = batches[0].changes
    assert first.rows.schema.field("note").type == pa.null()
    assert second.rows.schema.field("note").type == pa.int64()
    landing = Landing(tmp_path / "warehouse.duckdb")
    landing.land(file)
    assert ("note", "BIGINT") in landing.columns("orders")


def test_a_new_field_in_mid_file_is_a_new_version_and_costs_no_row(file):
    more = [text(envelope("c", n, order(n, discount="5%"))) for n in range(2001, 4001)]
    file.write_text("".join([*lines_of(2000), *more]))

    batches = read(file)

    assert values_of(batches, "id") == list(range(1, 4001))
    assert values_of(batches, "discount") == [None] * 2000 + ["5%"] * 2000
    assert [piece.schema_version for piece in batches[0].changes] == [1, 2]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0.1", 0.1),
        ("1.0E10", 1e10),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("12345678901234567890.5", "12345678901234567890.5"),
        ("18446744073709551616", "18446744073709551616"),
        ("1e400", "1e400"),
    ],
)
def test_numbers_stay_what_they_are(number, expected, file):
    lines = [
        text(envelope("c", n, order(n))).replace('"note":null', f'"note":{number}') for n in range(1, 200)
    ]
    file.write_text("".join(lines))

    batches = read(file)

    assert values_of(batches, "note") == [expected] * 199
    assert not letters_of(batches)


def test_a_number_that_a_double_would_round_gets_a_column_of_its_own_type(file):
    numbers = ["1.5", "9007199254740993", "0.30000000000000001", "2.5"] * 40
    lines = [
        text(envelope("c", n, order(n))).replace('"note":null', f'"note":{number}')
        for n, number in enumerate(numbers, start=1)
    ]
    file.write_text("".join(lines))

    found = values_of(read(file), "note")

    assert [Decimal(str(value)) for value in found] == [Decimal(number) for number in numbers]


def test_nested_values_are_json_word_for_word(file):
    line = text(envelope("c", 1, order(1))).replace('"note":null', '"note":{"a":[1.50,null,"ü"],"b":1e2}')
    file.write_text(line)

    (note,) = values_of(read(file), "note")

    assert note == '{"a":[1.50,null,"ü"],"b":1e2}'


def test_declared_types_decode_what_has_no_schema_block(file):
    row = {
        "id": 1, "price": "AeJA", "day": 19782, "at": 1709210096123456, "seen": "2024-02-29T10:34:56.5Z",
        "raw": "AP8Q", "ident": "c0ffee00-1234-5678-9abc-def012345678", "prices": ["AJY=", None],
    }  # fmt: skip
    file.write_text("".join(text(envelope("c", n, {**row, "id": n})) for n in range(1, 300)))
    types = {
        "price": "decimal(10, 2)", "day": "Date", "at": "io.debezium.time.MicroTimestamp", "raw": "bytes",
        "seen": "timestamptz", "ident": "uuid", "prices": "decimal(8,2)[]",
    }  # fmt: skip

    rows = rows_of(read(file, types={"public.orders": types}))

    assert len(rows) == 299
    for row in rows:
        assert row["price"] == Decimal("1234.56")
        assert (str(row["day"]), str(row["at"])) == ("2024-02-29", "2024-02-29 12:34:56.123456")
        assert str(row["seen"]) == "2024-02-29 10:34:56.500000+00:00"
        assert (row["raw"], str(row["ident"])) == (b"\x00\xff\x10", "c0ffee00-1234-5678-9abc-def012345678")
        assert row["prices"] == [Decimal("1.50"), None]


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(['","source":{', '"},"source":{"lsn":1},"op":"d"', "}\n{", "null", "\\", '{"before":']),
    st.lists(st.integers(), max_size=3),
)


ROWS = st.lists(st.fixed_dictionaries({"id": st.integers(0, 9), "v": VALUES, "source": VALUES}), max_size=12)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_lines_read_at_once_and_one_by_one_are_the_same_rows(tmp_path_factory, rows):
    check_both_ways(tmp_path_factory, rows)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_many_lines_read_at_once_and_one_by_one_are_the_same_rows(tmp_path_factory, rows):
    check_both_ways(tmp_path_factory, rows)


def check_both_ways(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("same")
    events = [envelope("c", n, row) for n, row in enumerate(rows, start=1)]
    (folder / "plain.ndjson").write_text("".join(map(text, events)))
    (folder / "spaces.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))

    plain, spaces = read(folder / "plain.ndjson"), read(folder / "spaces.ndjson")

    assert [repr(row) for row in rows_of(plain)] == [repr(row) for row in rows_of(spaces)]
    assert len(rows_of(plain)) == len(rows)
    for row, given_row in zip(rows_of(plain), rows, strict=True):
        found, value = row.get("v"), given_row["v"]
        # As it is, or, in a column of numbers that no double holds or of JSON, as its text.
        assert found == value or json.loads(found) == value


# --- what orders events, and tells them apart ---------------------------------------------------------


def test_a_duplicate_has_the_same_position_and_sequence(file):
    file.write_text("".join(lines_of(3) + lines_of(3)))

    places = [(row["id"], row["_aidbt_position"], row["_aidbt_sequence"]) for row in rows_of(read(file))]

    assert len(places) == 6 and len(set(places)) == 3


def test_a_changed_key_is_a_delete_and_then_an_insert_at_one_position(file):
    delete, insert = envelope("d", 50, {"id": 1, "status": ""}), envelope("c", 50, order(2))
    file.write_text(text(insert) + text(delete))  # in disorder

    first, second = rows_of(read(file, key={"orders": ["id"]}))

    assert (first["_aidbt_op"], first["id"], first["status"]) == ("d", 1, None)
    assert (second["_aidbt_op"], second["id"]) == ("c", 2)
    assert first["_aidbt_position"] == second["_aidbt_position"]
    assert first["_aidbt_sequence"] + 1 == second["_aidbt_sequence"]


def test_the_two_halves_of_a_changed_key_are_in_one_batch(file, monkeypatch):
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._BLOCK_BYTES", 4096)
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._LARGEST_BLOCK_BYTES", 4096)
    lines = []
    for n in range(1, 200):
        lines += [text(envelope("d", n, {"id": n})), "null\n", text(envelope("c", n, {"id": n + 1}))]
    file.write_text("".join(lines))

    batches = read(file, limits=BatchLimits(events=1), key={"orders": ["id"]})

    assert len(batches) > 5
    for batch in batches:
        assert [row["_aidbt_op"] for row in rows_of([batch])] == ["d", "c"] * (batch.events // 2)


def test_a_line_with_another_tail_than_its_neighbours_shifts_no_position(file, monkeypatch):
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._BLOCK_BYTES", 1 << 16)
    lines = [text(envelope("c", 10_000 + n, order(n))) for n in range(600)]
    lines[300] = text(envelope("c", 10_300, order(300), sequence='["9","10300"]'))
    file.write_text("".join(lines))

    landed = rows_of(read(file))

    assert [(row["id"], row["_aidbt_position"]) for row in landed] == [(n, 10_000 + n) for n in range(600)]


def test_changes_of_overlapping_transactions_keep_the_order_of_their_commits(file):
    """The LSN of a change says when it was made; a transaction that began first may commit last."""
    early = envelope("u", 100, order(1, status="committed last"), sequence='["300","100"]')
    late = envelope("u", 200, order(1, status="committed first"), sequence='["50","200"]')
    file.write_text(text(late) + text(early))

    assert values_of(read(file), "status") == ["committed first", "committed last"]


def test_a_transaction_that_was_open_during_the_snapshot_comes_after_it(file):
    snapshot = envelope("r", 200, order(1, status="as the snapshot saw it"), snapshot="true")
    change = envelope("u", 100, order(1, status="committed after"), sequence='[null,"100"]')
    file.write_text(text(snapshot) + text(change))

    rows = rows_of(read(file))

    assert [row["status"] for row in rows] == ["as the snapshot saw it", "committed after"]
    assert rows[0]["_aidbt_sequence"] == 0


def test_a_binlog_is_ordered_by_file_position_and_row(file):
    def mysql(binlog, position, row):
        source = source_of(0, file=binlog, pos=position, row=row)
        del source["lsn"], source["sequence"], source["schema"]
        return text({**envelope("c", 1, {"id": f"{binlog}/{position}/{row}"}), "source": source})

    written = [("bin.000010", 4, 0), ("bin.000009", 900, 1), ("bin.000009", 900, 0), ("bin.000009", 40, 0)]
    file.write_text("".join(mysql(*place) for place in written))

    assert values_of(read(file), "id") == [
        "bin.000009/40/0", "bin.000009/900/0", "bin.000009/900/1", "bin.000010/4/0",
    ]  # fmt: skip


def test_a_delete_keeps_its_key_only_and_all_of_the_row_where_no_key_is_known(file):
    file.write_text(text(envelope("d", 1, order(1))))

    (with_key,) = rows_of(read(file, key={"public.orders": ["id"]}))
    (without,) = rows_of(read(file))

    assert (with_key["id"], with_key["status"]) == (1, None)
    assert (without["id"], without["status"]) == (1, "new")


def test_another_placeholder_for_values_that_were_not_sent(file):
    file.write_text("".join(text(envelope("u", n, order(n, status="~gone~"))) for n in range(1, 4)))

    rows = rows_of(read(file, unavailable_value="~gone~"))

    assert [(row["status"], row[UNCHANGED]) for row in rows] == [(None, ["status"])] * 3


def test_tables_of_one_name_in_two_schemas_land_apart(file):
    written = [
        text(envelope("c", n, {"id": n}, schema=schema))
        for n, schema in enumerate(["public", "archive", "public", "Archive2"], start=1)
    ]
    file.write_text("".join(written))

    (batch,) = read(file)

    assert {(c.to.source_table, c.to.table) for c in batch.changes} == {
        ("public.orders", "orders"),
        ("archive.orders", "archive_orders"),
        ("Archive2.orders", "Archive2_orders"),
    }


@pytest.mark.parametrize("tables", [["orders"], ["public.*"], ["ord*"]])
def test_only_the_tables_that_are_wanted_land(tables, file):
    others = [json.dumps(envelope("c", n, {"id": n}, table="others", schema="x")) + "\n" for n in (7, 8)]
    plain = [text(envelope("c", 9, {"id": 9}, table="others", schema="x"))]
    file.write_text("".join([*lines_of(3), *others, *plain]))

    batches = read(file, tables=tables)

    assert values_of(batches, "id") == [1, 2, 3]
    assert ignored(batches) == {"table_not_chosen": 3}


# --- files that grow, change and end ------------------------------------------------------------------


def state_after(batches, state=None):
    parts = dict(state.parts) if state else {}
    for batch in batches:
        parts.update(json.loads(json.dumps(dict(batch.position))))
    return StreamState(parts=parts)


def test_a_file_goes_on_where_it_was_left_and_an_incomplete_line_waits(file):
    whole = "".join(lines_of(4))
    file.write_text(whole[:-30])
    batches = read(file)
    assert values_of(batches, "id") == [1, 2, 3]

    state = state_after(batches)
    assert read(file, state) == []
    file.write_text(whole + "".join(lines_of(2, first=5)))
    assert values_of(read(file, state), "id") == [4, 5, 6]


def test_columns_and_their_types_are_remembered_between_runs(file):
    file.write_text("".join(lines_of(2)))
    batches = read(file)
    with file.open("a") as more:
        more.write(text(envelope("c", 3, order(3, amount=2.5))))

    (batch,) = read(file, state_after(batches))

    (changes,) = batch.changes
    assert changes.schema_version == 2
    assert changes.rows.schema.field("amount").type == pa.float64()


@pytest.mark.parametrize("what", ["cut short", "replaced"])
def test_a_file_that_is_not_the_one_that_was_read_is_an_error(what, file):
    file.write_text("".join(lines_of(10)))
    state = state_after(read(file))
    file.write_text("".join(lines_of(5) if what == "cut short" else lines_of(20, first=100)))

    with pytest.raises(SourceError, match="cut short" if what == "cut short" else "no longer the file"):
        read(file, state)


def test_packed_files_and_new_files_beside_them(tmp_path):
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress("".join(lines_of(3)).encode()))
    batches = read(tmp_path)
    assert values_of(batches, "id") == [1, 2, 3]

    (tmp_path / "b.jsonl").write_text("".join(lines_of(2, first=4)))
    with (tmp_path / "a.ndjson.gz").open("ab") as file:
        file.write(gzip.compress("".join(lines_of(1, first=6)).encode()))
    assert values_of(read(tmp_path, state_after(batches)), "id") == [4, 5, 6]


def test_a_packed_file_that_ends_too_soon_is_an_error_that_names_it(tmp_path):
    whole = gzip.compress("".join(lines_of(1000)).encode())
    (tmp_path / "a.ndjson.gz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(SourceError, match=r"a\.ndjson\.gz is damaged or not complete"):
        read(tmp_path)


def test_batches_are_closed_at_their_limits_and_can_be_taken_up_after_each(file, monkeypatch):
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._BLOCK_BYTES", 4096)
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._LARGEST_BLOCK_BYTES", 4096)
    file.write_text("".join(lines_of(200)))

    batches = read(file, limits=BatchLimits(events=20))

    assert len(batches) > 5
    assert values_of(batches, "id") == list(range(1, 201))
    after_two = state_after(batches[:2])
    assert values_of(read(file, after_two), "id") == values_of(batches[2:], "id")


def test_a_line_longer_than_a_block_is_read(file, monkeypatch):
    monkeypatch.setattr("ingestion.cdc.debezium.blocks._BLOCK_BYTES", 4096)
    long = text(envelope("c", 2, order(2, status="x" * 100_000)))
    file.write_text("".join([*lines_of(1), long, *lines_of(1, first=3)]))

    assert [len(status) for status in values_of(read(file), "status")] == [3, 100_000, 3]


def test_the_lag_is_what_was_not_read_yet(file):
    file.write_text("".join(lines_of(3)))
    changes = open_changes(file)
    size = file.stat().st_size
    assert (changes.lag().backlog_bytes, changes.lag().seconds) == (size, None)

    import threading

    for batch in changes.batches(StreamState(), BatchLimits(), until_current=True, stop=threading.Event()):
        changes.acknowledge(batch)
    assert changes.lag().backlog_bytes == 0
    assert changes.lag().seconds > 0
    changes.close()


# --- schema blocks ------------------------------------------------------------------------------------


def with_schema(event, table, columns):
    fields = [{"type": kind, "optional": True, "field": name} for name, kind in columns.items()]
    row = {"type": "struct", "fields": fields, "optional": True, "name": f"shop.public.{table}.Value"}
    schema = {"type": "struct", "fields": [{**row, "field": "before"}, {**row, "field": "after"}]}
    return {"schema": schema, "payload": event}


def test_tables_and_versions_with_schema_blocks_may_alternate(file):
    lines = []
    for n in range(1, 61):
        columns = {"id": "int32", "a": "string"} | ({"b": "double"} if n > 30 else {})
        row = {"id": n, "a": "x"} | ({"b": n / 2} if n > 30 else {})
        lines.append(text(with_schema(envelope("c", n, row), "orders", columns)))
        if n % 3 == 0:
            other = envelope("c", n, {"key": n}, table="others")
            lines.append(text(with_schema(other, "others", {"key": "int64"})))
    file.write_text("".join(lines))

    batches = read(file)

    assert values_of(batches, "id") == list(range(1, 61))
    assert values_of(batches, "b") == [None] * 30 + [n / 2 for n in range(31, 61)]
    assert values_of(batches, "key", "others") == list(range(3, 61, 3))
    assert {c.schema_version for c in batches[0].changes if c.to.table == "orders"} == {1, 2}


def test_a_value_that_is_not_what_its_schema_says_is_a_dead_letter(file):
    lines = [
        text(with_schema(envelope("c", n, {"id": n if n != 50 else 3.7}), "orders", {"id": "int32"}))
        for n in range(1, 101)
    ]
    file.write_text("".join(lines))

    batches = read(file)

    assert len(rows_of(batches)) == 99
    (letter,) = letters_of(batches)
    assert (letter.cause, letter.place, letter.raw + "\n") == ("wrong_type", 50, lines[49])


# --- landed, and read again ---------------------------------------------------------------------------


def test_dead_letters_land_when_they_are_read_again_after_a_fix(file, tmp_path):
    from ingestion.bronze import SINKS
    from ingestion.changes import MicroBatch
    from tests.ingestion.debezium_landing import NOW, SCHEMA

    broken = '{"before":null,"after":{\n'
    file.write_text("".join([*lines_of(2), text(envelope("c", 3, order(3, amount=3.5))), broken]))
    landing = Landing(tmp_path / "warehouse.duckdb")
    landing.land(file, types={"orders": {"amount": "int64"}})
    assert [cause for cause, _ in landing.letters()] == ["wrong_type", "malformed_json"]

    with landing.warehouse.connect(read_only=False) as connection:
        sink = SINKS.load("duckdb")(connection)
        kept = sink.letters(SCHEMA, "shop")
        changes = open_changes(file, types={"orders": {"amount": "double"}})
        state = sink.state(SCHEMA, "shop")
        again = tuple(changes.replay([(k.to, k.letter) for k in kept], state))
        changes.close()
        batch = MicroBatch("shop", again, 0, 0, {}, sum(c.events for c in again))
        sink.commit(batch, SCHEMA, now=NOW, replayed=[k.letter_id for k in kept])

        assert [k.letter.cause for k in sink.letters(SCHEMA, "shop")] == ["malformed_json"]
    names = [name for name, _ in landing.columns("orders") if name.startswith("amount")]
    (values,) = landing.rows(f"select {', '.join(names)} from {SCHEMA}.orders where id = 3")
    assert [value for value in values if value is not None] == [3.5]
    assert landing.rows("select count(*) from duckdb_tables() where table_name = '_unknown'") == [(0,)]


def test_a_delete_that_is_read_again_after_its_key_came_back_deletes_nothing(file, tmp_path):
    from ingestion.bronze import SINKS
    from ingestion.changes import MicroBatch
    from tests.change_logs import Model
    from tests.ingestion.debezium_landing import NOW, SCHEMA

    gone = envelope("d", 2, {"id": 1, "amount": 2.5})
    events = [envelope("c", 1, {"id": 1, "amount": 2}), gone, envelope("c", 3, {"id": 1, "amount": 4})]
    file.write_text("".join(map(text, events)))
    landing = Landing(tmp_path / "warehouse.duckdb")
    landing.land(file, types={"orders": {"amount": "int64"}})

    with landing.warehouse.connect(read_only=False) as connection:
        latest = Model(connection.raw, "aidbt_latest", f"{SCHEMA}.orders", "latest", ["id"])
        latest.run()
        sink = SINKS.load("duckdb")(connection)
        (kept,) = sink.letters(SCHEMA, "shop")
        changes = open_changes(file, types={"orders": {"amount": "double"}})
        again = tuple(changes.replay([(kept.to, kept.letter)], sink.state(SCHEMA, "shop")))
        changes.close()
        batch = MicroBatch("shop", again, 2, 2, {}, sum(change.events for change in again))
        sink.commit(batch, SCHEMA, now=NOW, replayed=[kept.letter_id])
        latest.run()

        operations = f"select _aidbt_op from {SCHEMA}.orders order by _aidbt_batch_id, _aidbt_position"
        assert connection.rows(operations) == [("c",), ("c",), ("d",)]
        current = "select id, amount from latest where not _aidbt_is_deleted"
        assert connection.rows(current) == [(1, 4)]


def test_a_letter_is_read_again_under_the_types_that_its_table_has_kept(file, tmp_path):
    from ingestion.bronze import SINKS
    from tests.ingestion.debezium_landing import SCHEMA

    rows = [{"id": 1, "amount": 1, "price": 2.5}, {"id": 2, "amount": 1.5, "price": 4}]
    file.write_text("".join(text(envelope("c", n, row)) for n, row in enumerate(rows, start=1)))
    landing = Landing(tmp_path / "warehouse.duckdb")
    landing.land(file, types={"orders": {"amount": "int64"}})

    with landing.warehouse.connect(read_only=False) as connection:
        sink = SINKS.load("duckdb")(connection)
        letters = [(kept.to, kept.letter) for kept in sink.letters(SCHEMA, "shop")]
        changes = open_changes(file, types={"orders": {"amount": "double"}})
        (again,) = changes.replay(letters, sink.state(SCHEMA, "shop"))
        changes.close()

    assert again.rows.select(["amount", "price"]).to_pylist() == [{"amount": 1.5, "price": 4.0}]
    assert again.rows.schema.field("price").type == pa.float64()


# --- settings -----------------------------------------------------------------------------------------


def test_a_type_that_nobody_knows_is_an_error_of_the_settings(file):
    with pytest.raises(SettingsError, match=r"orders\.amount: the type 'decimla' is not known"):
        open_changes(file, types={"orders": {"amount": "decimla"}})


def test_a_log_of_changes_is_not_loaded_as_tables_nor_asked_for_a_snapshot(file):
    connector = connector_from(str(file), "shop", root=file.parent, options={"connector": "debezium"})

    with pytest.raises(UsageError, match="is a log of changes"):
        connector.open()
    with pytest.raises(SourceError, match="cannot be asked for a snapshot"):
        connector.open_changes(scratch=file.parent, resnapshot=["orders"])
