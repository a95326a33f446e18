"""What a real PostgreSQL streams is, column by column, what a full load of the same rows reads."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import psycopg2.extras
import pyarrow as pa
import pytest

from ingestion.bronze.base import Destination
from ingestion.cdc.postgres.decoder import Decoded, Decoder
from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.changes import CHANGE_FIELDS
from ingestion.connectors.postgres.catalog import TYPES
from ingestion.connectors.postgres.types import PgType
from tests.ingestion.helpers import Database, new_database
from tests.ingestion.test_postgres_types import CASES, PREPARATION

SESSION = (
    "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex "
    "-c client_encoding=UTF8"
)
FIELDS = """
select a.attname::text, a.atttypid::bigint, a.atttypmod
from pg_type t join pg_attribute a on a.attrelid = t.typrelid
where t.oid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
KEYS = """
select a.attname::text
from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
where i.indisprimary and i.indrelid = (quote_ident(%s) || '.' || quote_ident(%s))::regclass
"""
SLOTS = itertools.count(1)


@dataclass
class Stream:
    """A publication of all tables and a slot, read into a decoder."""

    database: Database
    cursor: Any
    catalog: Any
    slot: str
    payloads: list[bytes] = field(default_factory=list)

    def read(self) -> list[bytes]:
        """The messages up to now."""
        ((end,),) = self.rows("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        self.rows("select pg_logical_emit_message(true, 'test', 'end')")
        read, deadline = [], time.monotonic() + 20
        while time.monotonic() < deadline:
            message = self.cursor.read_message()
            if message is None:
                self.cursor.send_feedback(reply=True)
                if self.cursor.wal_end >= end and read[-1:] and read[-1][:1] == b"C":
                    return read
                time.sleep(0.01)
                continue
            read.append(message.payload)
        raise AssertionError("the stream did not come to its end")

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.catalog.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

    def types(self) -> dict[int, PgType]:
        return {row[0]: PgType(*row) for row in self.rows(TYPES)}

    def fields(self, oid: int) -> list[RelationColumn]:
        return [RelationColumn(*row) for row in self.rows(FIELDS, oid)]

    def primary_key(self, schema: str, table: str) -> tuple[str, ...]:
        return tuple(name for (name,) in self.rows(KEYS, schema, table))

    def decoder(self, **options: Any) -> Decoder:
        return Decoder(
            **{
                "source": "shop",
                "destinations": to_bronze,
                "types": self.types,
                "fields": self.fields,
                "as_text": lambda table, column: False,
                "primary_key": self.primary_key,
                "start_versions": {},
                "skip_before": {},
                **options,
            }
        )

    def decoded(self, **options: Any) -> Decoded:
        return self.decoder(**options).decode(self.read())


def to_bronze(schema: str, table: str) -> Destination:
    return Destination("bronze_shop", table, "shop", f"{schema}.{table}", "postgres")


@contextlib.contextmanager
def opened(database: Database) -> Iterator[Stream]:
    name = f"pgoutput_{next(SLOTS)}"
    options = {"proto_version": "1", "publication_names": "everything"}
    catalog = psycopg2.connect(database.url)
    catalog.autocommit = True
    with catalog.cursor() as cursor:
        cursor.execute("create publication everything for all tables")
        cursor.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", [name])
    factory = psycopg2.extras.LogicalReplicationConnection
    connection = psycopg2.connect(database.url, connection_factory=factory, options=SESSION)
    try:
        replication = connection.cursor()
        replication.start_replication(name, options=options, decode=False)
        yield Stream(database, replication, catalog, name)
    finally:
        connection.close()
        with catalog.cursor() as cursor:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                with contextlib.suppress(psycopg2.errors.ObjectInUse):
                    cursor.execute("select pg_drop_replication_slot(%s)", [name])
                    break
                time.sleep(0.02)
            cursor.execute("drop publication everything")
        catalog.close()


@pytest.fixture
def stream(database: Database) -> Iterator[Stream]:
    with opened(database) as stream:
        yield stream


# Odd values beside those of the full load's own cases.
MORE: dict[str, list[str]] = {
    "real": ["-0", "1e-45", "16777217", "0.30000001", "Infinity"],
    "double precision": ["-0", "2.2250738585072014e-308", "123456789012345680", "1e22", "-Infinity"],
    "numeric(10,2)": ["0.01", "-0.01", "12345678.9"],
    "numeric": ["-0.000", "0", "1e40", "-Infinity"],
    "text": ["a'b\"c\\d", "line\nfeed\ttab", "{1,2}", "NaN", "\x7f", "日本語", "x" * 5000, "infinity", '"'],
    "varchar(5)": ["", "ééééé"],
    "char(5)": ["", "é"],
    "bytea": [r"\x00", r"\x" + "ff00" * 3000],
    "date": ["0001-01-01", "9999-12-31", "10000-01-01", "0001-12-31 BC", "0005-02-29 BC", "2024-02-29",
             "4714-11-24 BC", "1969-12-31", "0401-02-28 BC"],
    "timestamp": ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00.5",
                  "4714-11-24 00:00:00 BC", "1969-12-31 23:59:59.999999", "2026-11-20 13:45:12.1",
                  "0001-12-31 23:59:59.999999 BC", "2026-11-20 00:00:00.000001",
                  "294247-01-10 04:00:54.775806"],
    "timestamptz": ["0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "10000-01-01 00:00:00+00",
                    "4714-11-24 00:00:00+00 BC", "1883-11-18 12:00:00-05", "0044-03-15 10:00:00+00 BC"],
    "time": ["23:59:59.999999", "00:00:00.1"],
    "timetz": ["00:00:00+00", "24:00:00-15:59:59"],
    "interval": ["0", "1 day -00:00:00.000001"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "json": ['"\\u0000"', '{"é": "\\"", "x": [{}]}', "  1  "],
    "inet": ["10.0.0.1/32", "::ffff:1.2.3.4/128", "fe80::1/64"],
    "cidr": ["10.1.2.3/32", "::/0"],
    '"char"': ["", r"\377"],
    "money": ["0", "0.01"],
    "integer[]": ["{-1}", "{NULL}", "{NULL,NULL,3}"],
    "text[]": ['{"a b","c,d","{}","NULL",NULL,"","\\"","\\\\"}', '{"null",nULL}', "{Zoë,日本}", '{" "}'],
    "tags": ['{"a,b"}', "{}"],
    "mood[]": ["{NULL,so-so}"],
    "date[]": ['{"0044-03-15 BC",-infinity}', "{10000-01-01}"],
    "timestamptz[]": ['{"2026-11-20 13:45:12.5+05:30",NULL,"0044-03-15 10:00:00+00 BC"}'],
    "uuid[]": ["{NULL}"],
    "boolean[]": ["{t,f,NULL}"],
    "jsonb[]": ['{"{\\"a\\": [1, \\"b c\\"]}",null,"null","\\"x\\""}'],
    "bytea[]": ['{"\\\\x00ff","\\\\x",NULL}'],
    "double precision[]": ["{NaN,Infinity,-0,0.1}"],
    "time[]": ["{24:00:00,00:00:00.5}"],
    "box[]": ["{(1,1),(0,0);(2,2),(1,1)}"],
    "interval[]": ['{"1 day","-1 mon +2 days 00:00:01"}'],
    "int4range[]": ['{"[1,5)",empty}'],
    "address": ['("Main ""St"" \\\\ x",5,infinity)', "(,,)", '("",0,"0044-03-15 BC")',
                '("a,(b)",-1,2026-01-01)'],
    "address[]": ['{"(a,1,)",NULL,"(\\"x \\"\\"y\\"\\"\\",2,2026-01-01)"}', "{}", '{{"(a,1,)"},{"(b,2,)"}}'],
    "tags[]": ['{"{a,b}","{\\"c d\\",NULL}"}'],
    "odd": ['(t,1.50,NaN,"2026-11-20 13:45:12.5","2026-11-20 00:00:00+00","{""a"": 1}","{1,NULL}",'
            '"(Main,1,)",happy,"\\\\x00ff",16384,"[1,2)",infinity,$1.50,"1 day",10.0.0.1,"{{t},{f}}",x)',
            "(,,,,,,,,,,,,,,,,,)",
            '(f,-0.5,1e+300,"0044-03-15 10:00:00 BC",infinity,null,{},"(,,)",sad,\\\\x,0,empty,-0,$0.00,'
            '00:00:00,::1,{},"é\n\t\x01/\x7f""")'],
    "nothing": ["()"],
    "alone": ["()", "(1)", '("")'],
}  # fmt: skip
MORE_TYPES = """
create type odd as (
    "yes ""no" bool, n numeric, d float8, ts timestamp, tz timestamptz, j jsonb, list int[], place address,
    m mood, b bytea, o oid, r int4range, f float4, cash money, i interval, ip inet, grid bool[], t text
);
create type nothing as ();
create type alone as (v text);
"""


def values_of(pg_type: str) -> list[str]:
    return [*(CASES[pg_type][2] if pg_type in CASES else ()), *MORE.get(pg_type, ())]


TYPES_WITH_VALUES = [pg_type for pg_type in {**CASES, **MORE} if values_of(pg_type)]


@pytest.fixture(scope="module", params=["typed", "as text"])
def types_both_ways(request: Any, postgres: Any) -> dict[str, tuple[pa.Table, pa.Table, Any]]:
    """A type → its values as a full load reads them, as the stream does, and what the stream left out."""
    as_text = request.param == "as text"
    types = TYPES_WITH_VALUES
    tables = [f"create table case_{n} (n int primary key, v {t});" for n, t in enumerate(types)]
    database = new_database(postgres, PREPARATION + MORE_TYPES + "\n".join(tables))
    found = {}
    with opened(database) as stream:
        with stream.catalog.cursor() as cursor:
            for number, pg_type in enumerate(types):
                rows = [(0, None), *enumerate(values_of(pg_type), start=1)]
                # Text of an unknown type, as a literal is, so that the server reads it as the column's type.
                values = ", ".join(f"({n}, {'null' if v is None else quoted(v)})" for n, v in rows)
                cursor.execute(f"insert into case_{number} values {values}")
        decoded = stream.decoded(as_text=lambda table, column: as_text and column == "v")
        streamed = {change.to.table: change for change in decoded.changes}
        source = database.connector(as_text=["*.v"] if as_text else []).open()
        try:
            for number, pg_type in enumerate(types):
                table = next(each for each in source.tables() if each.name == f"case_{number}")
                with contextlib.closing(source.read(table)) as loaded:
                    full = loaded.reader(loaded.schema.names).read_all()
                change = streamed[f"case_{number}"]
                found[pg_type] = full, change.rows, change.dead_letters
        finally:
            source.close()
    return found


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("pg_type", TYPES_WITH_VALUES)
def test_a_type_streams_as_it_is_loaded(pg_type, types_both_ways):
    full, streamed, letters = types_both_ways[pg_type]

    assert [letter.reason for letter in letters] == []
    assert full.sort_by("n")["n"].to_pylist() == streamed["n"].to_pylist()
    assert streamed.schema.field("v").type == full.schema.field("v").type
    loaded = full.sort_by("n")["v"].combine_chunks()
    found = streamed["v"].combine_chunks()
    found.validate(full=not pg_type.startswith("time"))  # 24:00:00 is no time for Arrow, and is for DuckDB
    assert bits(found) == bits(loaded)


def bits(array: pa.Array) -> list[Any]:
    """Values that are equal only when they are the same: NaN is NaN, -0 is not 0, no calendar is asked."""
    if isinstance(array, pa.ExtensionArray):
        return bits(array.storage)
    if pa.types.is_list(array.type):
        values, offsets = bits(array.values), array.offsets.to_pylist()
        return [
            values[offsets[row] : offsets[row + 1]] if array[row].is_valid else None
            for row in range(len(array))
        ]
    if pa.types.is_floating(array.type):
        return [None if value is None else repr(value) for value in array.to_pylist()]
    if pa.types.is_temporal(array.type):
        return array.view(pa.int32() if array.type.bit_width == 32 else pa.int64()).to_pylist()
    return array.to_pylist()


def rows_of(decoded: Decoded) -> list[dict[str, Any]]:
    """All rows in the order of the source, with their table, without times."""
    rows = [
        {"table": change.to.table, **row}
        for change in decoded.changes
        for row in change.rows.drop_columns(["_aidbt_event_at", "_aidbt_committed_at"]).to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["_aidbt_position"], row["_aidbt_sequence"]))


def told(decoded: Decoded) -> list[tuple[Any, ...]]:
    """For each row its table, operation, sequence, unchanged columns, and values."""
    return [
        (row["table"], row["_aidbt_op"], row["_aidbt_sequence"], row["_aidbt_unchanged"],
         *(value for name, value in row.items() if not name.startswith("_aidbt_") and name != "table"))
        for row in rows_of(decoded)
    ]  # fmt: skip


def test_what_happens_to_a_row(stream):
    stream.database.psql("create table a (id int primary key, v text); create table b (id int primary key)")
    stream.database.psql("insert into a values (1, 'x'), (2, null); insert into b values (7)")
    stream.database.psql("update a set v = 'y' where id = 1; delete from a where id = 2; update b set id = 8")
    stream.database.psql("truncate a, b; insert into a values (3, '')")

    decoded = stream.decoded()

    assert told(decoded) == [
        ("a", "c", 1, None, 1, "x"),
        ("a", "c", 2, None, 2, None),
        ("b", "c", 3, None, 7),
        ("a", "u", 1, None, 1, "y"),
        ("a", "d", 2, None, 2, None),
        ("b", "d", 3, None, 7),
        ("b", "c", 4, None, 8),
        ("a", "t", 1, None, None, None),
        ("b", "t", 2, None, None),
        ("a", "c", 3, None, 3, ""),
    ]
    assert (decoded.events, decoded.open_transaction) == (10, False)
    assert {change.key for change in decoded.changes} == {("id",)}
    positions = [row["_aidbt_position"] for row in rows_of(decoded)]
    assert (decoded.first, decoded.last) == (positions[0], positions[-1])
    assert decoded.last < decoded.end_lsn
    (committed,) = stream.rows("select extract(epoch from now()) * 1000000")
    assert 0 <= committed[0] - decoded.committed_at < 60_000_000


def test_the_columns_of_a_change_are_those_that_every_change_log_has(stream):
    stream.database.psql('create table "Ö dd.""t" (id int primary key, "a b" text, "Ü" int)')
    stream.database.psql('insert into "Ö dd.""t" values (1, \'x\', 2)')

    (change,) = stream.decoded().changes

    assert change.to.source_table == 'public.Ö dd."t'
    assert change.rows.schema.names == ["id", "a b", "Ü", *(field.name for field in CHANGE_FIELDS)]
    assert list(change.rows.schema)[3:] == list(CHANGE_FIELDS)


@pytest.mark.parametrize("identity", ["default", "full"])
def test_a_toasted_value_that_did_not_change_is_named_or_taken_from_the_old_row(identity, stream):
    stream.database.psql(
        "create table t (id int primary key, big text, n int, more text); alter table t alter big "
        f"set storage external, alter more set storage external; alter table t replica identity {identity}"
    )
    stream.database.psql(
        "insert into t values (1, repeat('x', 9000), 1, repeat('y', 9000)), (2, 'small', 1, null)"
    )
    stream.database.psql("update t set n = 2")
    stream.database.psql("update t set id = 3, more = 'z' where id = 1")

    rows = told(stream.decoded())[2:]

    if identity == "default":
        assert rows == [
            ("t", "u", 1, ["big", "more"], 1, None, 2, None),
            ("t", "u", 2, None, 2, "small", 2, None),
            ("t", "d", 1, None, 1, None, None, None),
            ("t", "c", 2, ["big"], 3, None, 2, "z"),
        ]
    else:
        assert rows == [
            ("t", "u", 2, None, 1, "x" * 9000, 2, "y" * 9000),
            ("t", "u", 4, None, 2, "small", 2, None),
            ("t", "d", 1, None, 1, None, None, None),
            ("t", "c", 2, None, 3, "x" * 9000, 2, "z"),
        ]


def test_a_table_without_key_under_full_identity_deletes_whole_rows(stream):
    stream.database.psql("create table t (a int, b text); alter table t replica identity full")
    stream.database.psql("insert into t values (1, null); update t set b = 'x'; delete from t")

    decoded = stream.decoded()

    assert [row[1:] for row in told(decoded)] == [
        ("c", 1, None, 1, None),
        ("d", 2, None, 1, None),
        ("c", 3, None, 1, "x"),
        ("d", 4, None, 1, "x"),
    ]
    assert decoded.changes[0].key == ()


def test_a_replica_identity_by_index_is_the_key(stream):
    stream.database.psql(
        "create table t (id int primary key, code text not null unique, v int);"
        "alter table t replica identity using index t_code_key"
    )
    stream.database.psql("insert into t values (1, 'a', 1); update t set id = 2; update t set code = 'b'")

    decoded = stream.decoded()

    assert decoded.changes[0].key == ("code",)
    assert [row[1:] for row in told(decoded)] == [
        ("c", 1, None, 1, "a", 1),
        ("u", 2, None, 2, "a", 1),
        ("d", 3, None, None, "a", None),
        ("c", 4, None, 2, "b", 1),
    ]


def test_rows_before_and_after_a_change_of_the_table_are_of_two_versions(stream):
    stream.database.psql("create table t (id int primary key, old text); create table other (id int)")
    stream.database.psql("insert into t values (1, 'a'); insert into other values (1)")
    stream.database.psql("alter table t add column more int default 5; insert into t values (2, 'b')")
    stream.database.psql("alter table t rename old to new; alter table t alter more type numeric(9, 2)")
    stream.database.psql("insert into t values (3, 'c', 1.5); insert into other values (2)")
    stream.database.psql("alter table t drop column more; insert into t values (4, 'd')")
    payloads = stream.read()
    decoded = stream.decoder().decode(payloads)

    of_t = [change for change in decoded.changes if change.to.table == "t"]
    assert [(c.schema_version, c.rows.schema.names[:-6], c.rows.num_rows) for c in of_t] == [
        (1, ["id", "old"], 1),
        (2, ["id", "old", "more"], 1),
        (3, ["id", "new", "more"], 1),
        (4, ["id", "new"], 1),
    ]
    assert of_t[2].rows["more"].type == pa.decimal128(9, 2)
    assert [c.rows.num_rows for c in decoded.changes if c.to.table == "other"] == [2]
    assert [(c.table, c.old.number, c.new.number) for c in decoded.schema_changes] == [
        ("t", 1, 2), ("t", 2, 3), ("t", 3, 4),
    ]  # fmt: skip
    assert [c.position for c in decoded.schema_changes] == [
        c.rows["_aidbt_position"][0].as_py() for c in of_t[1:]
    ]

    # A stream that goes on later knows the version that it left.
    last_begin = max(number for number, payload in enumerate(payloads) if payload[:1] == b"B")
    known = decoded.schema_changes[-1]
    again = stream.decoder(start_versions={"public.t": known.new}).decode(payloads[last_begin:])
    assert [change.schema_version for change in again.changes] == [4]
    assert again.schema_changes == () and not again.relations[0].changed
    later = stream.decoder(start_versions={"public.t": known.old}).decode(payloads[last_begin:])
    assert later.schema_changes == decoded.schema_changes[-1:] and later.relations[0].changed


def test_a_stream_that_is_cut_anywhere_is_the_same_stream(stream):
    stream.database.psql("create table t (id int primary key, v text); create table u (id int primary key)")
    stream.database.psql(
        "insert into t select g, 'v' || g from generate_series(1, 20) g; insert into u values (1)"
    )
    stream.database.psql(
        "update t set id = id + 100 where id % 3 = 0; truncate t; insert into t values (1, 'x')"
    )
    payloads = stream.read()
    whole = stream.decoder().decode(payloads)

    for size in (1, 2, 7):
        decoder = stream.decoder()
        pieces = [decoder.decode(payloads[at : at + size]) for at in range(0, len(payloads), size)]
        rows = [row for piece in pieces for row in rows_of(piece)]
        assert sorted(rows, key=lambda r: (r["_aidbt_position"], r["_aidbt_sequence"])) == rows_of(whole)
        assert sum(piece.events for piece in pieces) == whole.events
        assert [piece.end_lsn for piece in pieces if piece.end_lsn][-1] == whole.end_lsn
        assert not pieces[-1].open_transaction and (size > 2 or pieces[4].open_transaction)


def test_tables_that_are_not_wanted_and_commits_before_a_snapshot_take_part_in_the_numbering_only(stream):
    stream.database.psql("create table a (id int primary key); create table b (id int primary key)")
    stream.database.psql("insert into b values (1), (2); insert into a values (1); truncate b, a")
    stream.database.psql("insert into b values (3); insert into a values (2)")
    payloads = stream.read()
    everything = stream.decoder().decode(payloads)

    def only_a(schema: str, table: str) -> Destination | None:
        return to_bronze(schema, table) if table == "a" else None

    decoded = stream.decoder(destinations=only_a).decode(payloads)
    assert rows_of(decoded) == [row for row in rows_of(everything) if row["table"] == "a"]
    assert [row[1:3] for row in told(decoded)] == [("c", 3), ("t", 5), ("c", 2)]

    skipped = stream.decoder(destinations=only_a, skip_before={"public.a": everything.last}).decode(payloads)
    assert [row[1:] for row in told(skipped)] == [("c", 2, None, 2)]
    assert (skipped.first, skipped.last, skipped.events) == (everything.last, everything.last, 1)


@pytest.mark.parametrize(
    ("pg_type", "good", "bad", "said"),
    [
        ("integer[]", "{1,2}", "{{1,2},{3,4}}", "an array of several dimensions"),
        ("text[]", "{a}", "[0:1]={a,b}", "does not begin at 1"),
        (
            "numeric(10,2)",
            "1.50",
            "NaN",
            "'NaN' is not a valid decimal128 number (it lands as DECIMAL(10,2))",
        ),
        ("timestamp", "2026-01-01 00:00:00", "294276-12-31 00:00:00", "lies beyond what DuckDB can hold"),
        ("timestamptz[]", "{NULL}", '{NULL,"294276-12-31 00:00:00+00"}', "lies beyond what DuckDB can hold"),
    ],
)
def test_a_value_that_cannot_land_exactly_makes_its_row_a_dead_letter(pg_type, good, bad, said, stream):
    stream.database.psql(f"create table t (id int primary key, v {pg_type}, w text)")
    stream.database.psql(f"insert into t values (1, '{good}', 'é'), (2, '{bad}', 'é'), (3, null, 'é')")
    stream.database.psql("update t set w = 'x'")
    payloads = stream.read()

    decoded = stream.decoder().decode(payloads)

    (change,) = decoded.changes
    assert change.rows["id"].to_pylist() == [1, 3, 1, 3]
    assert (decoded.events, len(change.dead_letters)) == (6, 2)
    letter = change.dead_letters[0]
    assert letter.cause == "not_exact" and letter.reason.startswith("column v: ") and said in letter.reason
    assert (letter.origin, letter.place) == ("shop", decoded.first)
    assert json.loads(letter.raw)["values"] == ["2", bad, "é"]

    letters = [(change.to, letter) for letter in change.dead_letters]
    (again,) = stream.decoder().redecode(letters)
    assert again.dead_letters == change.dead_letters and again.rows.num_rows == 0 and again.events == 2
    (mended,) = stream.decoder(as_text=lambda table, column: (table, column) == ("t", "v")).redecode(letters)
    assert mended.dead_letters == ()
    assert mended.rows.schema.field("v").type == pa.string()
    (full,) = stream.decoder(as_text=lambda table, column: column == "v").decode(payloads).changes
    assert mended.rows.to_pylist() == [row for row in full.rows.to_pylist() if row["id"] == 2]


def test_values_of_an_unknown_type_land_as_they_are_written(stream):
    stream.database.psql(
        PREPARATION.replace("hstore", "geometry")
        + "create table places (id int, shape geometry, l geometry[]);"
    )
    stream.database.psql("insert into places values (1, 'POINT', '{a,NULL}')")
    payloads = stream.read()

    assert told(stream.decoder().decode(payloads)) == [("places", "c", 1, None, 1, "POINT", "{a,NULL}")]


def test_a_type_that_is_new_is_asked_for_and_one_that_is_gone_lands_as_text(stream):
    decoder = stream.decoder()
    stream.database.psql("create type mood as enum ('sad'); create domain small as int")
    stream.database.psql("create table t (m mood, n small); insert into t values ('sad', 1)")
    payloads = stream.read()
    (change,) = decoder.decode(payloads).changes
    assert change.rows.schema.types[:2] == [pa.string(), pa.int32()]

    stream.database.psql("drop table t; drop type mood; drop domain small")
    (change,) = stream.decoder().decode(payloads).changes
    assert change.rows.to_pylist()[0] | {"m": "sad", "n": "1"} == change.rows.to_pylist()[0]
