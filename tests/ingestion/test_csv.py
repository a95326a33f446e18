"""CSV lands as the text it is, and what is no row is never lost in silence."""

from __future__ import annotations

import gzip

import pytest

from aidbt.core.resilience import ManualClock
from ingestion.settings import connector_from


def connector(path, **options):
    return connector_from(str(path), "files", root=path.parent, options=options)


def rows_of(bronze, table="t"):
    """The landed rows without the columns of the load."""
    columns = bronze.rows(
        "select column_name from duckdb_columns() where schema_name = 'bronze_files' "
        f"and table_name = '{table}' and column_name not like '\\_aidbt%' escape '\\' order by column_index"
    )
    names = ", ".join('"' + name.replace('"', '""') + '"' for (name,) in columns)
    return bronze.rows(f'select {names} from bronze_files."{table}"')


def test_values_land_word_for_word(write, bronze):
    path = write("t.csv", 'id,amount,note\n007,3.70,\n1e5,TRUE,""\n 8 ,NA,"NULL"\n')

    bronze.land_one(connector(path))

    assert rows_of(bronze) == [("007", "3.70", None), ("1e5", "TRUE", ""), (" 8 ", "NA", "NULL")]
    types = bronze.rows(
        "select distinct data_type from duckdb_columns() where column_name in ('id', 'amount')"
    )
    assert types == [("VARCHAR",)]


def test_other_values_can_stand_for_null(write, bronze):
    path = write("t.csv", 'a,b\nNA,""\n"NA",\n')

    bronze.land_one(connector(path, null_values=["NA"]))
    assert rows_of(bronze) == [(None, ""), ("NA", "")]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        pytest.param(
            'a,b\n"x\ny","say ""hi"""\n', {}, [("x\ny", 'say "hi"')], id="quoted newline and quotes"
        ),
        pytest.param(b"\xef\xbb\xbfa,b\r\n1,2\r\n", {}, [("1", "2")], id="byte order mark and CRLF"),
        pytest.param("a,b\r1,2\r", {}, [("1", "2")], id="CR alone"),
        pytest.param("a,b\n1,2", {}, [("1", "2")], id="no newline at the end"),
        pytest.param("\n\na,b\n\n1,2\n\n\n", {}, [("1", "2")], id="empty lines"),
        pytest.param("a\n1\n\n2\n", {}, [("1",), (None,), ("2",)], id="an empty line of a single column"),
        pytest.param("a;b\n1,5;2\n", {"delimiter": ";"}, [("1,5", "2")], id="another delimiter"),
        pytest.param("a,b\n'x,y',2\n", {"quote": "'"}, [("x,y", "2")], id="another quote"),
        pytest.param('"a\nb",c\n1,2\n', {}, [("1", "2")], id="a header of two lines"),
        pytest.param("a,b\n1,Zoë\n".encode("latin-1"), {"encoding": "latin-1"}, [("1", "Zoë")], id="latin-1"),
        pytest.param("a,b\n1,Zoë\n".encode("utf-16"), {"encoding": "utf-16"}, [("1", "Zoë")], id="utf-16"),
        pytest.param(b"a,b\n1,x\x00y\n", {}, [("1", "x\0y")], id="a zero byte"),
        pytest.param("a,b\n", {}, [], id="a header only"),
        pytest.param("a,b", {}, [], id="a header only, without newline"),
    ],
)
def test_forms_of_csv(content, options, expected, write, bronze):
    load = bronze.land_one(connector(write("t.csv", content), **options))

    assert load.status == "landed", load.error
    assert rows_of(bronze) == expected
    assert load.rows_read == load.rows_landed == len(expected)


def test_compressed_and_tab_separated_files(write, tmp_path, bronze):
    write("in/zipped.csv.gz", gzip.compress(b"a,b\n1,2\n"))
    write("in/tabs.tsv", "a\tb\n3\t4,5\n")
    write("in/_SUCCESS", "")
    write("in/.hidden.csv", "broken")

    report = bronze.land(connector_from("in", "files", root=tmp_path, options={"connector": "csv"}))

    assert [load.table for load in report.landed] == ["tabs", "zipped"]
    assert rows_of(bronze, "zipped") == [("1", "2")] and rows_of(bronze, "tabs") == [("3", "4,5")]


def test_a_compressed_file_that_is_cut_off_is_refused(write, bronze):
    rows = "a,b\n" + "".join(f"{n},{n * 7919 % 104729}\n" for n in range(50_000))
    path = write("t.csv.gz", gzip.compress(rows.encode())[:-1000])

    load = bronze.land_one(connector(path))
    assert load.status == "failed" and "t.csv.gz cannot be read" in load.error


def test_duplicate_and_missing_names_get_names_of_their_own(write, bronze):
    load = bronze.land_one(connector(write("t.csv", "id,id,,ID, \n1,2,3,4,5\n")))

    assert load.renamed == (("id", "id_2"), ("", "column_3"), ("ID", "ID_3"), (" ", "column_5"))
    assert bronze.rows('select id, id_2, column_3, "ID_3", column_5 from bronze_files.t') == [
        ("1", "2", "3", "4", "5")
    ]


def test_malformed_records_refuse_the_load_and_are_named_by_line(write, bronze):
    path = write("t.csv", 'a,b\n1,"two\nlines"\n\n1,2,3\n4\n5,6\n')

    load = bronze.land_one(connector(path))

    assert load.status == "failed"
    assert load.error == f"{path} has more than 0 malformed records: line 5 (3 fields instead of 2)"
    assert "max_rejected_rows" in load.hint
    assert bronze.rows("select * from bronze_files._aidbt_loads") == []
    assert bronze.value("select count(*) from duckdb_tables() where table_name = 't'") == 0


def test_allowed_malformed_records_are_kept_word_for_word(write, bronze):
    path = write("t.csv", 'a,b\n1,"two\nlines"\n\n1,2,3\n4\n5,6\n')

    load = bronze.land_one(connector(path, max_rejected_rows=2))

    assert (load.rows_read, load.rows_landed, load.rows_rejected, load.reconciles) == (4, 2, 2, True)
    assert rows_of(bronze) == [("1", "two\nlines"), ("5", "6")]
    assert bronze.rows(
        "select batch_id, origin, place, cause, reason, raw from bronze_files._aidbt_dead_letters"
    ) == [
        (load.batch_id, str(path), 5, "wrong_field_count", "3 fields instead of 2", "1,2,3"),
        (load.batch_id, str(path), 6, "wrong_field_count", "1 field instead of 2", "4"),
    ]
    assert bronze.rows("select rows_read, rows_landed, rows_rejected from bronze_files._aidbt_loads") == [
        (4, 2, 2)
    ]


def test_malformed_records_count_over_all_files_of_a_table(write, tmp_path, bronze):
    write("in/a.csv", "a,b\n1\n")
    write("in/b.csv", "a,b\n2\n")
    options = {"connector": "csv", "table": "t"}

    one = connector_from("in", "files", root=tmp_path, options={**options, "max_rejected_rows": 1})
    assert bronze.land_one(one).status == "failed"
    two = connector_from("in", "files", root=tmp_path, options={**options, "max_rejected_rows": 2})
    assert bronze.land_one(two).rows_rejected == 2


def test_far_down_a_large_file_the_line_is_still_right(write, bronze):
    """Beyond the first block that is parsed, with records of two lines on the way."""
    good = "".join(f'{n},"{"x" * 60}\ny"\n' for n in range(100_000))
    path = write("t.csv", "a,b\n" + good + "bad\n" + good)

    load = bronze.land_one(connector(path, max_rejected_rows=1))

    assert (load.rows_read, load.rows_landed, load.rows_rejected) == (200_001, 200_000, 1)
    assert bronze.rows("select place, raw from bronze_files._aidbt_dead_letters") == [(200_002, "bad")]


NO_CLOSING_QUOTE = "ends inside a quoted value"
REFUSED = {
    "empty": ("", {}, "is empty: it has no header", "a table without rows has its header"),
    "only newlines": ("\n\n", {}, "is empty: it has no header", "header"),
    "latin-1 in a value": (b"a,b\n1,Zo\xeb\n", {}, "is not utf-8 text", "encoding: latin-1"),
    "latin-1 in the header": (b"a,Zo\xeb\n1,2\n", {}, "is not utf-8 text", "encoding: latin-1"),
    "not the encoding": (b"a,b\n1,\x81\n", {"encoding": "cp1252"}, "is not cp1252 text", "encoding"),
    "quote never closed": ('a,b\n1,"2\n3,4\n', {}, NO_CLOSING_QUOTE, "cut off"),
    "cut off in a quote": ('a,b\n1,2\n3,"hel', {}, NO_CLOSING_QUOTE, "cut off"),
    "cut off, malformed": ('a,b\n1,2\n3,4,"hel', {"max_rejected_rows": 9}, NO_CLOSING_QUOTE, "cut off"),
    "another delimiter": ("a;b\n1;2\n", {}, "a single column called 'a;b'", "set delimiter: ';'"),
    "zip": (b"PK\x03\x04abc", {}, "is a zip archive", "unpack it"),
    "longer than a block": ("a,b\n1," + "x" * (5 << 20) + "\n", {}, "a record of more than 4 MB", "quote"),
}


@pytest.mark.parametrize(("content", "options", "said", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_a_hint(content, options, said, hint, write, bronze):
    load = bronze.land_one(connector(write("t.csv", content), **options))

    assert load.status == "failed"
    assert said in load.error and hint in load.hint
    assert bronze.value("select count(*) from duckdb_tables() where table_name = 't'") == 0


def test_a_broken_file_does_not_keep_the_others_from_landing(write, tmp_path, bronze):
    write("in/bad.csv", b"\xff\xfe\x00")
    write("in/good.csv", "a\n1\n")

    report = bronze.land(connector_from("in/*.csv", "files", root=tmp_path))
    assert [(load.table, load.status) for load in report.tables] == [("bad", "failed"), ("good", "landed")]


def test_files_of_one_table_are_read_in_order_and_need_the_same_header(write, tmp_path, bronze):
    write("in/2026-01.csv", "a,b\n1,2\n")
    write("in/2026-02.csv", "a,b\n3,4\n")
    options = {"table": "months"}

    load = bronze.land_one(connector_from("in/*.csv", "files", root=tmp_path, options=options))
    assert rows_of(bronze, "months") == [("1", "2"), ("3", "4")]
    position = bronze.value(
        f"select position from bronze_files._aidbt_loads where batch_id = '{load.batch_id}'"
    )
    assert '"size": 8' in position and "2026-02.csv" in position

    write("in/2026-03.csv", "a,c\n5,6\n")
    load = bronze.land_one(connector_from("in/*.csv", "files", root=tmp_path, options=options))
    assert "2026-03.csv has other columns than" in load.error and "it lacks b and it adds c" in load.error


def test_two_files_of_the_same_name_are_refused_with_a_hint(write, tmp_path, bronze):
    write("in/x/orders.csv", "a\n1\n")
    write("in/y/orders.csv", "a\n2\n")

    (failure,) = bronze.land(connector_from("in/*/orders.csv", "files", root=tmp_path)).failures
    assert "would both be the table 'orders'" in failure.error and "table: orders" in failure.hint


def test_patterns_and_missing_files(write, tmp_path, bronze):
    write("in/2026/a.csv", "a\n1\n")
    write("in/2026/deep/b.csv", "a\n1\n")
    write("in/data[1].csv", "a\n1\n")

    def tables(pattern):
        report = bronze.land(connector_from(pattern, "files", root=tmp_path), clock=ManualClock())
        return [load.table for load in report.landed] or [failure.error for failure in report.failures]

    assert tables("in/*/*.csv") == ["a"]
    assert tables("in/**/*.csv") == ["a", "b", "data[1]"]
    assert tables("in/data[1].csv") == ["data[1]"]
    assert tables("in/202[67]/?.csv") == ["a"]
    assert tables("in/none*.csv") == ["there is no file at in/none*.csv"]
    assert tables("gone.csv") == ["there is nothing at gone.csv"]


def test_a_file_that_changes_while_it_is_read_is_refused(write, bronze):
    from tests.ingestion.helpers import Watched

    path = write("t.csv", "a\n" + "x\n" * 3_000_000)
    growing = Watched(connector(path), lambda: path.write_text("a\n1\n"))

    load = bronze.land_one(growing)
    assert load.status == "failed"
    assert "changed while it was read" in load.error
