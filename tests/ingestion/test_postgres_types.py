"""Every type of PostgreSQL lands as the value that psql prints, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.ingestion.helpers import Bronze, Database, new_database
from tests.kit import PostgresServer

# What the server itself has to have before a type can be used.
PREPARATION = """
create type mood as enum ('sad', 'so-so', 'happy');
create type address as (street text, number int, since date);
create type span as range (subtype = float8);
create domain euros as numeric(9, 2) check (value >= 0);
create domain price as euros;
create domain tags as text[];
create type hstore;
create function hstore_in(cstring) returns hstore as 'textin' language internal strict immutable;
create function hstore_out(hstore) returns cstring as 'textout' language internal strict immutable;
create type hstore (input = hstore_in, output = hstore_out, like = text);
"""


def same(text: str) -> str:
    return text


def boolean(text: str) -> str:
    return {"t": "true", "f": "false"}[text]


def floating(text: str) -> str:
    """DuckDB writes other text for the same number; both are compared as numbers."""
    return str(float(text))


def instant(text: str) -> str:
    """DuckDB puts (BC) behind the date, PostgreSQL behind everything."""
    if text.endswith(" BC"):
        date, _, time = text.removesuffix(" BC").partition(" ")
        return f"{date} (BC) {time}".strip()
    return text


def blob(text: str) -> str:
    return text.removeprefix(r"\x")


def listed(text: str) -> str:
    """A PostgreSQL array of values without quotes as JSON."""
    items = text.strip("{}").split(",") if text != "{}" else []
    return json.dumps([None if item == "NULL" else item for item in items])


# type in PostgreSQL: (type in DuckDB, how psql's text is written in DuckDB, values)
CASES: dict[str, tuple[str, Callable[[str], str], list[str]]] = {
    "boolean": ("BOOLEAN", boolean, ["true", "false"]),
    "smallint": ("SMALLINT", same, ["-32768", "32767"]),
    "integer": ("INTEGER", same, ["-2147483648", "2147483647"]),
    "bigint": ("BIGINT", same, ["-9223372036854775808", "9223372036854775807"]),
    "oid": ("BIGINT", same, ["0", "4294967295"]),
    "real": ("FLOAT", floating, ["1.5", "0.1", "3.4028235e38", "NaN", "-Infinity"]),
    "double precision": ("DOUBLE", floating, ["0.1", "1.7976931348623157e308", "5e-324", "NaN", "Infinity"]),
    "numeric(10,2)": ("DECIMAL(10,2)", same, ["1.50", "-99999999.99", "0.00"]),
    "numeric(38,0)": ("DECIMAL(38,0)", same, ["9" * 38]),
    "numeric(3,5)": ("DECIMAL(5,5)", lambda text: text.removeprefix("0"), ["0.00123"]),
    "numeric(3,-2)": ("DECIMAL(5,0)", same, ["12300"]),
    "numeric(40,2)": ("VARCHAR", same, ["9" * 38 + ".25", "NaN"]),
    "numeric": ("VARCHAR", same, ["1.10", "1e-30", "NaN", "Infinity", "1" * 41]),
    "money": ("VARCHAR", same, ["12.34", "-1234567.89"]),
    "text": ("VARCHAR", same, ["", "plain", "Zoë 😀", "NULL", r"\N", "  spaces  "]),
    "varchar(5)": ("VARCHAR", same, ["abc"]),
    "char(5)": ("VARCHAR", same, ["ab"]),
    "name": ("VARCHAR", same, ["ab"]),
    '"char"': ("VARCHAR", same, ["a"]),
    "bytea": ("BLOB", blob, [r"\x00ff5c27", r"\x"]),
    "date": (
        "DATE",
        instant,
        ["2026-11-20", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31", "infinity", "-infinity"],
    ),
    "timestamp": (
        "TIMESTAMP",
        instant,
        ["2026-11-20 13:45:12.123456", "0044-03-15 10:00:00 BC", "294246-12-31 23:59:59", "infinity",
         "-infinity"],
    ),
    "timestamptz": (
        "TIMESTAMP WITH TIME ZONE", instant, ["2026-11-20 13:45:12.123456+05:30", "infinity", "-infinity"],
    ),
    "time": ("TIME", same, ["00:00:00", "13:45:12.123456", "24:00:00"]),
    "timetz": ("VARCHAR", same, ["13:45:12.5+05:30"]),
    "interval": ("VARCHAR", same, ["1 year 2 mons 3 days 04:05:06.789", "-1 mon +2 days", "178000000 years"]),
    "uuid": ("UUID", same, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    "json": ("JSON", same, ['{"b":1,  "a":[1,2],"b":2}', "null", "1.10"]),
    "jsonb": ("JSON", same, ['{"a": {"b": [1, null, "x"]}}', "12345678901234567890.12345678901234567890"]),
    "xml": ("VARCHAR", same, []),  # the server of the tests is built without libxml: no values of it
    "inet": ("VARCHAR", same, ["192.168.0.1/24", "::1"]),
    "cidr": ("VARCHAR", same, ["10.0.0.0/8"]),
    "macaddr": ("VARCHAR", same, ["08:00:2b:01:02:03"]),
    "macaddr8": ("VARCHAR", same, ["08:00:2b:01:02:03:04:05"]),
    "bit(3)": ("VARCHAR", same, ["101"]),
    "bit varying": ("VARCHAR", same, ["1", ""]),
    "int4range": ("VARCHAR", same, ["[1,5)", "empty"]),
    "tstzrange": ("VARCHAR", same, ["[2026-01-01 00:00+02,)"]),
    "nummultirange": ("VARCHAR", same, ["{[1.5,2.5),[3,4)}"]),
    "span": ("VARCHAR", same, ["[0.1,0.3)"]),
    "tsvector": ("VARCHAR", same, ["'cat':3 'fat':2,4"]),
    "tsquery": ("VARCHAR", same, ["'fat' & 'rat'"]),
    "point": ("VARCHAR", same, ["(0.1,2)"]),
    "polygon": ("VARCHAR", same, ["((0,0),(1,0),(1,1))"]),
    "pg_lsn": ("VARCHAR", same, ["16/B374D848"]),
    "int2vector": ("VARCHAR", same, ["1 2 3"]),
    "regtype": ("VARCHAR", same, ["integer"]),
    "mood": ("VARCHAR", same, ["happy", "so-so"]),
    "euros": ("DECIMAL(9,2)", same, ["1.50"]),
    "price": ("DECIMAL(9,2)", same, ["2.50"]),
    "hstore": ("VARCHAR", same, ['"a"=>"1"']),
    "integer[]": ("INTEGER[]", listed, ["{1,2,NULL}", "{}"]),
    "bigint[]": ("BIGINT[]", listed, ["{9223372036854775807}"]),
    "text[]": ("VARCHAR[]", listed, ["{a,b}", "{}"]),
    "tags": ("VARCHAR[]", listed, ["{x,y}"]),
    "mood[]": ("VARCHAR[]", listed, ["{sad,happy}"]),
    "inet[]": ("VARCHAR[]", listed, ["{10.0.0.1,::1}"]),
    "char(3)[]": ("VARCHAR[]", lambda text: json.dumps(["a  ", "b  "]), ["{a,b}"]),
    "numeric(10,2)[]": ("DECIMAL(10,2)[]", listed, ["{1.50,2.25,NULL}"]),
    "euros[]": ("DECIMAL(9,2)[]", listed, ["{1.50}"]),
    "numeric[]": ("VARCHAR[]", listed, ["{1.10,NaN}"]),
    "date[]": ("DATE[]", listed, ["{2026-11-20,infinity,NULL}"]),
    "timestamptz[]": (
        "TIMESTAMP WITH TIME ZONE[]",
        lambda text: listed(text.replace('"', "")),
        ["{2026-11-20 00:00:00+00,-infinity}"],
    ),
    "uuid[]": ("UUID[]", listed, ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"]),
    "boolean[]": ("BOOLEAN[]", lambda text: listed(text.replace("t", "true")), ["{t,t}"]),
    "jsonb[]": ("JSON[]", lambda text: json.dumps(['{"a": 1}']), ['{"{\\"a\\": 1}"}']),
}  # fmt: skip


@dataclass(frozen=True)
class Landed:
    """What became of a case: its type and text in DuckDB, and what psql prints, by row."""

    data_type: str
    found: list[str | None]
    printed: list[str]


@pytest.fixture(scope="module")
def bronze_of_all(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Database, Bronze]:
    """Every case in a table of its own, landed in one run: NULL first, then the values."""
    statements = [PREPARATION]
    for number, (pg_type, (_, _, values)) in enumerate(CASES.items()):
        statements.append(f"create table case_{number} (n int generated always as identity, v {pg_type});")
        rows = ["(null)", *("('" + value.replace("'", "''") + "')" for value in values)]
        statements.append(f"insert into case_{number} (v) values {', '.join(rows)};")
    database = new_database(postgres, "\n".join(statements))
    bronze = Bronze(tmp_path_factory.mktemp("types") / "warehouse.duckdb")
    report = bronze.land(database.connector("types"))
    assert not report.failed and not report.failures, [load.error for load in report.failed]
    return database, bronze


@pytest.fixture(scope="module")
def landed(bronze_of_all: tuple[Database, Bronze]) -> dict[str, Landed]:
    database, bronze = bronze_of_all
    queries = [f"select v from case_{number} order by n;" for number in range(len(CASES))]
    printed = database.psql("set timezone = 'UTC';\n" + "\n\\echo ===\n".join(queries)).split("\n===\n")
    result = {}
    with bronze.warehouse.connect() as connection:
        for number, (pg_type, (lands_as, *_)) in enumerate(CASES.items()):
            column = connection.rows(
                "select data_type from duckdb_columns() where column_name = 'v' and table_name = ?",
                [f"case_{number}"],
            )
            text = "v"
            if lands_as.endswith("[]"):
                text = "case when v is not null then to_json(v::varchar[]) end"
            elif lands_as == "BLOB":
                text = "lower(hex(v))"
            rows = connection.rows(f"select ({text})::varchar from bronze_types.case_{number} order by n")
            result[pg_type] = Landed(column[0][0], [text for (text,) in rows], printed[number].split("\n"))
    return result


@pytest.mark.parametrize("pg_type", CASES)
def test_a_type_lands_as_the_values_that_psql_prints(pg_type: str, landed: dict[str, Landed]) -> None:
    lands_as, written, values = CASES[pg_type]
    case = landed[pg_type]
    found = case.found
    if written is floating:
        found = [None if text is None else str(float(text)) for text in found]
    if lands_as.endswith("[]"):
        found = [None if text is None else json.dumps(json.loads(text)) for text in found]

    assert case.data_type == lands_as
    assert len(case.printed) == len(values) + 1
    assert found == [None, *(written(text) for text in case.printed[1:])]


def test_infinite_and_distant_times_are_themselves_in_duckdb(bronze_of_all):
    _, bronze = bronze_of_all
    for pg_type in ("date", "timestamp", "timestamptz"):
        table = f"bronze_types.case_{list(CASES).index(pg_type)}"
        infinite = f"select count(*) from {table} where isinf(v) and v in ('infinity', '-infinity')"
        assert bronze.value(infinite) == 2


def test_a_composite_lands_as_json_with_the_names_of_its_fields(database, bronze):
    database.psql(PREPARATION)
    database.psql(
        "create table homes (id int, place address, past address[]);"
        "insert into homes values (2, null, null), "
        "(1, row('Main \"St\"', 5, 'infinity'), array[row('a', 1, null)::address])"
    )

    load = bronze.land_one(database.connector())

    assert load.status == "landed", load.error
    assert bronze.rows("select place, past, typeof(place) from bronze_shop.homes order by id") == [
        (
            '{"street":"Main \\"St\\"","number":5,"since":"infinity"}',
            '[{"street":"a","number":1,"since":null}]',
            "JSON",
        ),
        (None, None, "JSON"),
    ]
    assert bronze.value("select place->>'street' from bronze_shop.homes where id = 1") == 'Main "St"'


@pytest.mark.parametrize(
    ("pg_type", "value", "said"),
    [
        ("integer[]", "'{{1,2},{3,4}}'", "an array of several dimensions"),
        ("integer[]", "'[5:6]={1,2}'", "does not begin at 1"),
        ("text[]", "'[0:1]={a,b}'", "does not begin at 1"),
        ("numeric(10,2)", "'NaN'", "'NaN' is not a valid decimal128 number (it lands as DECIMAL(10,2))"),
        ("timestamp", "'294276-12-31'", "lies beyond what DuckDB can hold"),
        ("timestamptz[]", "'{294276-12-31}'", "lies beyond what DuckDB can hold"),
    ],
)
def test_a_value_that_would_not_land_as_it_is_refuses_its_table(pg_type, value, said, database, bronze):
    database.psql(f"create table t (id int, v {pg_type}); insert into t values (1, null), (2, {value})")

    load = bronze.land_one(database.connector())
    assert load.status == "failed"
    assert said in load.error
    assert "as_text" in load.hint
    assert bronze.rows("select * from bronze_shop._aidbt_loads") == []

    as_text = database.connector(as_text=["t.v"])
    assert bronze.land_one(as_text).status == "landed"
    printed = database.psql("set timezone = 'UTC'; select v from t where id = 2")
    assert bronze.value("select v from bronze_shop.t where id = 2") == printed


def test_a_type_of_an_unknown_extension_is_refused_with_its_column(database, bronze):
    database.psql(
        PREPARATION.replace("hstore", "geometry") + "create table places (id int, shape geometry);"
        "insert into places values (1, 'POINT')"
    )

    load = bronze.land_one(database.connector())
    assert load.error == "the column places.shape has the type geometry, which is not known here"
    assert "add 'places.shape' under as_text" in load.hint

    as_text = database.connector(as_text=["*.shape"])
    assert bronze.land_one(as_text).status == "landed"
    assert bronze.rows("select id, shape from bronze_shop.places") == [(1, "POINT")]


def test_lists_keep_nulls_empty_lists_and_their_places_over_many_rows(database, bronze):
    database.psql(
        "create table t as select g as id, case g % 4 when 0 then null when 1 then '{}'::int[] "
        "when 2 then array[g] else array[g, null, g + 1] end as v from generate_series(1, 20000) g"
    )

    assert bronze.land_one(database.connector()).rows_landed == 20000
    wrong = bronze.value(
        "select count(*) from bronze_shop.t where v is distinct from case id % 4 when 0 then null "
        "when 1 then [] when 2 then [id] else [id, null, id + 1] end"
    )
    assert wrong == 0


def test_a_database_in_another_encoding_lands_as_unicode(postgres, bronze):
    database = new_database(postgres, encoding="LATIN1")
    database.psql("create table t as select 'Zoë'::text as v")

    bronze.land_one(database.connector())
    assert bronze.value("select v from bronze_shop.t") == "Zoë"


def test_bytes_that_are_no_text_are_refused(postgres, bronze):
    database = new_database(postgres, encoding="SQL_ASCII")
    database.psql("create table t (v text); insert into t values (E'Zo\\xeb')")

    load = bronze.land_one(database.connector())
    assert load.status == "failed"
    assert 'bytes that are not text: invalid byte sequence for encoding "UTF8": 0xeb' in load.error
    assert "land a view that converts them" in load.hint
