"""The columnar decoder against a slow one that reads one byte after the other, over streams of all shapes."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SourceError
from ingestion.bronze.base import Destination
from ingestion.cdc.postgres import rows as pgoutput_rows
from ingestion.cdc.postgres.decoder import Decoded, Decoder
from ingestion.connectors.postgres.types import PgType

TEXT, INT8, BOOL, BYTEA, NUMERIC, DATE = 25, 20, 16, 17, 1700, 1082
TYPES = {
    oid: PgType(oid, "pg_catalog", name, "b", 0, 0, -1)
    for oid, name in [
        (TEXT, "text"),
        (INT8, "int8"),
        (BOOL, "bool"),
        (BYTEA, "bytea"),
        (NUMERIC, "numeric"),
        (DATE, "date"),
    ]
}
PYTHON = {TEXT: str, INT8: int, BOOL: lambda text: text == "t", BYTEA: lambda text: bytes.fromhex(text[2:])}
EPOCH = 946_684_800_000_000
UNCHANGED = object()  # a value that is not sent


def begin(lsn: int, at: int = 0) -> bytes:
    return b"B" + struct.pack(">QqI", lsn, at, 7)


def commit(lsn: int, at: int = 0) -> bytes:
    return b"C" + struct.pack(">BQQq", 0, lsn, lsn + 8, at)


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def relation(
    oid: int, table: str, columns: Sequence[tuple[str, int]], *, key: Sequence[str] = (), identity: str = "d"
) -> bytes:
    described = b"".join(
        bytes([name in key or identity == "f"]) + text(name) + struct.pack(">Ii", type_oid, -1)
        for name, type_oid in columns
    )
    head = b"R" + struct.pack(">I", oid) + text("public") + text(table)
    return head + identity.encode() + struct.pack(">H", len(columns)) + described


def row(values: Sequence[Any]) -> bytes:
    cells = []
    for value in values:
        if value is None or value is UNCHANGED:
            cells.append(b"n" if value is None else b"u")
        else:
            data = value if isinstance(value, bytes) else value.encode()
            cells.append(b"t" + struct.pack(">I", len(data)) + data)
    return struct.pack(">H", len(values)) + b"".join(cells)


def insert(oid: int, new: Sequence[Any]) -> bytes:
    return b"I" + struct.pack(">I", oid) + b"N" + row(new)


def update(oid: int, new: Sequence[Any], old: Sequence[Any] | None = None, kind: bytes = b"K") -> bytes:
    before = b"" if old is None else kind + row(old)
    return b"U" + struct.pack(">I", oid) + before + b"N" + row(new)


def delete(oid: int, old: Sequence[Any], kind: bytes = b"K") -> bytes:
    return b"D" + struct.pack(">I", oid) + kind + row(old)


def truncate(*oids: int) -> bytes:
    return b"T" + struct.pack(f">IB{len(oids)}I", len(oids), 0, *oids)


def decoder(**options: Any) -> Decoder:
    return Decoder(
        **{
            "source": "shop",
            "destinations": lambda schema, table: Destination(
                "b", table, "shop", f"{schema}.{table}", "postgres"
            ),
            "types": lambda: TYPES,
            "fields": lambda oid: (),
            "as_text": lambda table, column: False,
            "primary_key": lambda schema, table: (),
            "start_versions": {},
            "skip_before": {},
            **options,
        }
    )


@dataclass
class OneByOne:
    """Reads pgoutput as its documentation describes it: one message, one byte, one value at a time."""

    tables: dict[int, tuple[str, str, list[tuple[bool, str, int]]]] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def read(self, message: bytes) -> None:
        self.message, self.at = message, 0
        kind = self.take(1).decode()
        if kind == "B":
            self.lsn, self.time, _ = (self.number(8), self.number(8), self.number(4))
            self.sequence = 0
        elif kind == "R":
            oid, _, name = self.number(4), self.string(), self.string()
            identity = self.take(1).decode()
            columns = []
            for _ in range(self.number(2)):
                is_key = self.number(1) == 1
                columns.append((is_key, self.string(), self.number(4)))
                self.number(4)
            self.tables[oid] = (name, identity, columns)
        elif kind == "T":
            count, _ = self.number(4), self.number(1)
            for _ in range(count):
                name, _, columns = self.tables[self.number(4)]
                self.give(name, "t", [None] * len(columns), None)
        elif kind in "IUD":
            self.change(kind)

    def change(self, kind: str) -> None:
        name, identity, columns = self.tables[self.number(4)]
        # Under FULL every column is flagged; these tables have no other key, so the whole row is it.
        is_key = [flag for flag, _, _ in columns]
        old = new = None
        while self.at < len(self.message):
            mark = self.take(1)
            values = [self.value() for _ in range(self.number(2))]
            old, new = (old, values) if mark == b"N" else (values, new)
        types = [type_oid for _, _, type_oid in columns]
        names = [column for _, column, _ in columns]
        if kind == "I":
            self.give(name, "c", typed(new, types), None)
        elif kind == "D":
            self.give(
                name, "d", typed([v if k else None for v, k in zip(old, is_key, strict=True)], types), None
            )
        else:
            if identity == "f" and old is not None:
                new = [o if n is UNCHANGED else n for o, n in zip(old, new, strict=True)]
            unchanged = [column for column, value in zip(names, new, strict=True) if value is UNCHANGED]
            moved = old is not None and any(
                k and n is not UNCHANGED and o != n for o, n, k in zip(old, new, is_key, strict=True)
            )
            if moved:
                key = [o if k else None for o, k in zip(old, is_key, strict=True)]
                self.give(name, "d", typed(key, types), None)
            elif old is not None:
                self.sequence += 1
            self.give(name, "c" if moved else "u", typed(new, types), unchanged or None)

    def give(self, table: str, op: str, values: list[Any], unchanged: list[str] | None) -> None:
        self.sequence += 1
        self.rows.append((table, op, self.lsn, self.sequence, self.time + EPOCH, unchanged, values))

    def take(self, size: int) -> bytes:
        taken = self.message[self.at : self.at + size]
        assert len(taken) == size
        self.at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def string(self) -> str:
        found = b""
        while (byte := self.take(1)) != b"\0":
            found += byte
        return found.decode()

    def value(self) -> Any:
        kind = self.take(1)
        if kind == b"t":
            return self.take(self.number(4)).decode()
        return None if kind == b"n" else UNCHANGED


def typed(values: Sequence[Any], types: Sequence[int]) -> list[Any]:
    return [
        None if value is None or value is UNCHANGED else PYTHON[type_oid](value)
        for value, type_oid in zip(values, types, strict=True)
    ]


def rows_of(pieces: Sequence[Decoded]) -> list[tuple[Any, ...]]:
    """As `OneByOne` has them, per table in the order in which they were given out."""
    found = []
    for piece in pieces:
        for change in piece.changes:
            change.rows.validate(full=True)
            for values in zip(*(column.to_pylist() for column in change.rows.columns), strict=True):
                op, lsn, sequence, _, at, unchanged = values[-6:]
                microseconds = round(at.timestamp() * 1_000_000)
                found.append((change.to.table, op, lsn, sequence, microseconds, unchanged, list(values[:-6])))
    return found


VALUES = {
    TEXT: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["", "NULL", "'", '"', "\\", "{}", "x" * 3000]),
    INT8: st.integers(-(2**63), 2**63 - 1).map(str),
    BOOL: st.sampled_from("tf"),
    BYTEA: st.binary(max_size=20).map(lambda value: "\\x" + value.hex()),
}
TABLES = {1: "one", 2: "two", 3: "three"}


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Transactions over three tables whose columns and identity change."""
    messages: list[bytes] = []
    shapes: dict[int, tuple[list[tuple[str, int]], list[str], str]] = {}

    def describe(oid: int) -> None:
        types = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4))
        columns = [(f"c{number}é", type_oid) for number, type_oid in enumerate(types)]
        identity = draw(st.sampled_from("dfi"))
        names = [name for name, _ in columns]
        key = names if identity == "f" else names[: draw(st.integers(0, len(names)))]
        shapes[oid] = columns, key, identity
        messages.append(relation(oid, TABLES[oid], columns, key=key, identity=identity))

    def values(oid: int, *, gaps: bool) -> list[Any]:
        columns, key, _ = shapes[oid]
        found = [draw(st.none() | VALUES[type_oid]) for _, type_oid in columns]
        if not gaps:
            return found
        return [
            UNCHANGED if name not in key and draw(st.booleans()) else value
            for (name, _), value in zip(columns, found, strict=True)
        ]

    def old_of(oid: int, new: list[Any]) -> tuple[list[Any], bytes]:
        """A row whose key is the same as often as not."""
        columns, key, identity = shapes[oid]
        old = [
            value if value is not UNCHANGED and draw(st.booleans()) else draw(st.none() | VALUES[type_oid])
            for (_, type_oid), value in zip(columns, new, strict=True)
        ]
        if identity == "f":
            return old, b"O"
        return [v if name in key else None for (name, _), v in zip(columns, old, strict=True)], b"K"

    lsn = 1000
    for _ in range(draw(st.integers(0, 4))):
        lsn += draw(st.integers(1, 10**12))
        at = draw(st.integers(0, 10**15))
        messages.append(begin(lsn, at))
        for _ in range(draw(st.integers(0, 6))):
            oid = draw(st.sampled_from(sorted(TABLES)))
            if oid not in shapes or draw(st.integers(0, 5)) == 0:
                describe(oid)
            kind = draw(st.sampled_from("IIUUUDTMOY"))
            if kind == "I":
                messages.append(insert(oid, values(oid, gaps=False)))
            elif kind == "U":
                new = values(oid, gaps=True)
                old, mark = old_of(oid, new)
                is_sent = shapes[oid][2] == "f" or draw(st.booleans())
                messages.append(update(oid, new, old, mark) if is_sent else update(oid, new))
            elif kind == "D":
                old, mark = old_of(oid, values(oid, gaps=False))
                messages.append(delete(oid, old, mark))
            elif kind == "T":
                messages.append(truncate(*draw(st.permutations(sorted(shapes)))))
            elif kind == "M":
                messages.append(
                    b"M" + struct.pack(">BQ", 1, lsn) + text("prefix") + struct.pack(">I", 1) + b"x"
                )
            elif kind == "O":
                messages.append(b"O" + struct.pack(">Q", lsn) + text("origin"))
            else:
                messages.append(b"Y" + struct.pack(">I", TEXT) + text("") + text("text"))
        messages.append(commit(lsn, at))
    return messages


FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_against_one_by_one(messages: list[bytes], cuts: Sequence[int], rows_at_once: int) -> None:
    expected = OneByOne()
    for message in messages:
        expected.read(message)
    places = sorted({0, *(cut for cut in cuts if cut < len(messages)), len(messages)})
    mine = decoder()
    chunk_rows, pgoutput_rows._CHUNK_ROWS = pgoutput_rows._CHUNK_ROWS, rows_at_once
    try:
        pieces = [mine.decode(messages[a:b]) for a, b in itertools.pairwise(places)]
    finally:
        pgoutput_rows._CHUNK_ROWS = chunk_rows

    found = rows_of(pieces)
    for table in TABLES.values():
        assert [r for r in found if r[0] == table] == [r for r in expected.rows if r[0] == table]
    assert sum(piece.events for piece in pieces) == len(expected.rows)
    assert all(not change.dead_letters for piece in pieces for change in piece.changes)
    assert not any(pieces[-1:]) or not pieces[-1].open_transaction


@FEW
@given(streams(), st.lists(st.integers(1, 30), max_size=3), st.integers(1, 4))
def test_a_stream_is_read_as_one_byte_after_the_other_would_be(messages, cuts, rows_at_once):
    check_against_one_by_one(messages, cuts, rows_at_once)


@pytest.mark.long
@MANY
@given(streams(), st.lists(st.integers(1, 30), max_size=3), st.integers(1, 4))
def test_many_streams_are_read_as_one_byte_after_the_other_would_be(messages, cuts, rows_at_once):
    check_against_one_by_one(messages, cuts, rows_at_once)


def check_damaged(messages: list[bytes], damage: st.DataObject) -> None:
    """A stream in which something is wrong is read, or refused by an error of ours; no row gets lost."""
    number = damage.draw(st.integers(0, len(messages) - 1))
    message = bytearray(messages[number])
    at = damage.draw(st.integers(0, len(message) - 1))
    how = damage.draw(st.sampled_from(["other byte", "cut", "longer", "gone"]))
    if how == "other byte":
        message[at] = damage.draw(st.integers(0, 255))
    elif how == "cut":
        del message[at:]
    elif how == "longer":
        message[at:at] = damage.draw(st.binary(min_size=1, max_size=9))
    damaged = [*messages[:number], *([] if how == "gone" else [bytes(message)]), *messages[number + 1 :]]
    try:
        decoded = decoder().decode(damaged)
    except SourceError as error:
        assert error.hint
    else:
        landed = sum(change.rows.num_rows + len(change.dead_letters) for change in decoded.changes)
        assert landed == decoded.events


@FEW
@given(streams().filter(bool), st.data())
def test_a_damaged_stream_is_an_error_or_loses_nothing(messages, damage):
    check_damaged(messages, damage)


@pytest.mark.long
@MANY
@given(streams().filter(bool), st.data())
def test_many_damaged_streams_are_errors_or_lose_nothing(messages, damage):
    check_damaged(messages, damage)


KEYED = relation(1, "t", [("id", INT8), ("v", TEXT)], key=["id"])


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([b""], "a message is empty"),
        ([b"S1234"], "of the unknown kind 'S'"),
        ([begin(1)[:-1]], "has not 21 bytes"),
        ([begin(1), commit(1) + b"x"], "has not 26 bytes"),
        ([begin(1), begin(2)], "begins or ends twice"),
        ([commit(1)], "begins or ends twice"),
        ([KEYED, insert(1, ["1", "x"])], "outside of all transactions"),
        ([begin(1), insert(1, ["1", "x"])], "the relation 1, which was not described"),
        ([begin(1), truncate(5)], "the relation 5, which was not described"),
        ([begin(1), KEYED, insert(1, ["1"])], "a row has 1 columns, its table 2"),
        ([begin(1), KEYED, insert(1, ["1", "x"])[:-1]], "longer than its message"),
        ([begin(1), KEYED, insert(1, ["1", "x"]) + b"x"], "shorter or longer than its message"),
        ([begin(1), KEYED, insert(1, ["1", "x"]).replace(b"Nt", b"Kt")[:7]], "a row is cut off"),
        ([begin(1), KEYED, insert(1, ["1", "x"]).replace(b"N", b"K")], "no tuple of a kind that belongs"),
        ([begin(1), KEYED, delete(1, ["1", None], b"N")], "no tuple of a kind that belongs"),
        ([begin(1), KEYED, update(1, ["1", "x"], ["2", None]).replace(b"N", b"X")], "has no new tuple"),
        (
            [begin(1), KEYED, insert(1, ["1", "x"]).replace(b"tx", b"bx").replace(b"t", b"b")],
            "neither text nor",
        ),
        ([KEYED[:-1]], "a Relation message of"),
        ([KEYED + b"x"], "1 bytes too many"),
        ([begin(1), KEYED, truncate(1)[:-1]], "a Truncate message of 1 tables has 9 bytes"),
        ([begin(1), KEYED, b"T\0\0"], "a Truncate message"),
    ],
)
def test_a_malformed_message_is_one_clear_error(messages, said):
    with pytest.raises(SourceError, match=said) as raised:
        decoder().decode(messages)
    assert str(raised.value).startswith("the replication stream cannot be read: ")
    assert "proto_version 1" in raised.value.hint


def test_a_table_of_no_columns_and_one_of_1600():
    wide = [(f"c{number}", INT8) for number in range(1600)]
    messages = [
        begin(1), relation(1, "none", []), relation(2, "wide", wide),
        *[insert(1, [])] * 3, *[insert(2, [str(n * 1600 + c) for c in range(1600)]) for n in range(400)],
        commit(1),
    ]  # fmt: skip

    none, wide_rows = decoder().decode(messages).changes

    assert (none.rows.num_rows, none.rows.num_columns) == (3, 6)
    assert wide_rows.rows.num_rows == 400
    assert [column.combine_chunks().to_pylist() for column in wide_rows.rows.columns[:2]] == [
        [n * 1600 for n in range(400)],
        [n * 1600 + 1 for n in range(400)],
    ]
    assert wide_rows.rows["c1599"][-1].as_py() == 400 * 1600 - 1


def test_values_of_many_megabytes_between_small_ones():
    big = "é" * (8 << 20)
    messages = [begin(1), KEYED, *(insert(1, [str(n), big if n % 2 else "x"]) for n in range(4)), commit(1)]

    (change,) = decoder().decode(messages).changes

    assert change.rows["id"].to_pylist() == [0, 1, 2, 3]
    assert [len(value) for value in change.rows["v"].to_pylist()] == [1, 8 << 20, 1, 8 << 20]


def test_event_times_are_those_of_the_messages():
    messages = [
        begin(1),
        KEYED,
        insert(1, ["1", "x"]),
        update(1, ["3", "y"], ["1", None]),
        truncate(1),
        commit(1),
    ]

    (change,) = decoder().decode(messages, [10, 20, 30, 40, 50, 60]).changes

    assert change.rows["_aidbt_event_at"].cast(pa.int64()).to_pylist() == [30, 40, 40, 50]
    assert change.rows["_aidbt_op"].to_pylist() == ["c", "d", "c", "t"]
    assert decoder().decode(messages).changes[0].rows["_aidbt_event_at"].null_count == 4


def test_bytes_that_are_no_text_make_a_dead_letter_that_keeps_them():
    messages = [begin(1), KEYED, insert(1, ["1", b"Zo\xeb"]), insert(1, ["2", "Zoë"]), commit(1)]
    mine = decoder()

    (change,) = mine.decode(messages).changes

    assert change.rows["v"].to_pylist() == ["Zoë"]
    (letter,) = change.dead_letters
    assert (letter.cause, letter.place) == ("not_text", 1)
    (again,) = mine.redecode([(change.to, letter)])
    assert again.dead_letters == (letter,)


def test_a_dead_letter_of_something_else_is_refused():
    (change,) = decoder().decode([begin(1), KEYED, insert(1, ["x", "y"]), commit(1)]).changes
    (letter,) = change.dead_letters
    for raw in ("", "[]", "{}", '{"columns": 1}', letter.raw.replace('"op"', '"up"')):
        other = type(letter)(letter.origin, letter.place, letter.cause, letter.reason, raw)
        with pytest.raises(SourceError, match="holds no row of a PostgreSQL stream"):
            decoder().redecode([(change.to, other)])


def test_dead_letters_of_several_tables_and_versions_are_read_apart():
    first = [begin(1), KEYED, insert(1, ["x", "a"]), relation(1, "t", [("id", INT8)], key=["id"])]
    second = [
        insert(1, ["y"]),
        relation(2, "u", [("id", INT8)]),
        insert(2, ["z"]),
        insert(2, ["zz"]),
        commit(1),
    ]
    changes = decoder().decode(first + second).changes
    letters = [(change.to, letter) for change in changes for letter in change.dead_letters]

    replayed = decoder(as_text=lambda table, column: True).redecode(letters)

    found = [(c.to.table, c.schema_version, c.key, c.events, c.rows["id"].to_pylist()) for c in replayed]
    assert found == [
        ("t", 1, ("id",), 1, ["x"]),
        ("t", 2, ("id",), 1, ["y"]),
        ("u", 1, (), 2, ["z", "zz"]),
    ]
    assert replayed[2].rows["_aidbt_sequence"].to_pylist() == [3, 4]


def test_the_key_of_a_full_identity_comes_from_the_catalog_while_the_stream_still_has_its_columns():
    described = relation(1, "t", [("id", INT8), ("v", TEXT)], identity="f")
    renamed = relation(1, "t", [("nr", INT8), ("v", TEXT)], identity="f")
    keys = {"t": ("nr",)}  # the catalog is already ahead
    mine = decoder(primary_key=lambda schema, table: keys[table])

    changes = mine.decode([begin(1), described, insert(1, ["1", "a"]), commit(1)]).changes
    assert changes[0].key == ()
    changes = mine.decode([begin(2), renamed, delete(1, ["1", "a"], b"O"), commit(2)]).changes
    assert (changes[0].key, changes[0].rows["v"].to_pylist()) == (("nr",), [None])


def test_a_value_taken_from_the_old_row_beside_a_changed_key():
    """Both rows read the same bytes, which the copying of columns must not mind."""
    described = relation(1, "t", [("a", INT8), ("b", TEXT)], identity="f")
    messages = [
        begin(1), described, update(1, ["2", UNCHANGED], ["1", "long"], b"O"), insert(1, ["3", "x"]),
        commit(1),
    ]  # fmt: skip

    (change,) = decoder().decode(messages).changes

    assert change.rows["a"].to_pylist() == [1, 2, 3]
    assert change.rows["b"].to_pylist() == ["long", "long", "x"]
    assert change.rows["_aidbt_unchanged"].null_count == 3


def test_nothing_to_decode_is_nothing():
    mine = decoder()
    assert mine.decode([]) == Decoded()
    mine.decode([begin(1)])
    assert mine.decode([]).open_transaction
