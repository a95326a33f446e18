"""What a transform's SQL gives in DuckDB is what Python says it gives; its words in every dialect."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column
from aidbt.mapping.transforms import numbers, times, value
from aidbt.mapping.transforms.ground import canonical
from aidbt.mapping.transforms.value import Value, column_value, sql
from aidbt.sql.expressions import expression_problem
from aidbt.warehouse.dialects import DIALECTS

TYPES = {
    "a": "varchar", "b": "varchar", "Two Words": "varchar", "i": "integer", "j": "integer", "k": "integer",
    "big": "bigint", "d": "date", "at": "timestamp", "clock": "time", "flag": "boolean",
}  # fmt: skip


def column(name: str, dialect: str) -> Value:
    return column_value(Column(name, TYPES[name]), dialect)


Of = Callable[[str], Value]
VALUES: dict[str, Callable[[Of], Value]] = {
    "before": lambda of: value.before(of("a"), ", "),
    "after": lambda of: value.after(of("a"), "-"),
    "before the last": lambda of: value.before_last(of("a"), "@"),
    "after the last": lambda of: value.after_last(of("a"), " "),
    "between": lambda of: value.before(value.after(of("a"), ","), " "),
    "joined": lambda of: value.joined([of("a"), of("Two Words"), of("i")], [", ", " "]),
    "joined with nothing between": lambda of: value.joined([of("a"), of("b")], [""]),
    "prefixed": lambda of: value.prefixed(of("i"), "it's-"),
    "first filled": lambda of: value.first_filled([of("a"), of("b")]),
    "first filled of two types": lambda of: value.first_filled([of("i"), of("b")]),
    "trimmed": lambda of: value.trimmed(of("a")),
    "upper": lambda of: value.upper(of("a")),
    "number": lambda of: numbers.number(of("a")),
    "integer": lambda of: numbers.integer(of("a")),
    "a hundredth": lambda of: numbers.scaled(of("i"), Fraction(1, 100)),
    "pounds": lambda of: numbers.scaled(of("a"), Fraction("0.45359237")),
    "celsius": lambda of: numbers.scaled(of("i"), Fraction(5, 9), before=-32),
    "fahrenheit": lambda of: numbers.scaled(of("i"), Fraction(9, 5), after=32),
    "by unit": lambda of: numbers.by_unit(
        of("i"), of("b"), {"kg": Fraction(1), "lb": Fraction("0.45359237")}
    ),
    "choice": lambda of: numbers.choice(of("b"), {"y": "yes", "it's": "\\"}),
    "truth": lambda of: numbers.truth(of("b"), {"y", "1"}, {"n", "0"}),
    "truth as text": lambda of: numbers.truth_as(of("flag"), "Y", "N", "text"),
    "negated": lambda of: numbers.negated(of("flag")),
    "first true": lambda of: numbers.first_true([(of("flag"), "set")]),
    "date of parts": lambda of: times.date_of_parts(of("i"), of("j"), of("b")),
    "timestamp of parts": lambda of: times.timestamp_of_parts(of("i"), of("j"), of("k"), clock=[of("k")]),
    "timestamp of a clock": lambda of: times.timestamp_of_parts(
        of("i"), of("j"), of("k"), clock=[of("j"), of("k")]
    ),
    "timestamp of date and time": lambda of: times.timestamp_of(of("d"), of("clock")),
    "date of digits": lambda of: times.date_of_digits(of("i"), "YYYYMMDD"),
    "date of day first": lambda of: times.date_of_digits(of("a"), "DD/MM/YYYY"),
    "date as digits": lambda of: times.date_as_digits(of("d")),
    "timestamp of seconds": lambda of: times.timestamp_of_epoch(of("big"), "seconds"),
    "timestamp of milliseconds": lambda of: times.timestamp_of_epoch(of("big"), "milliseconds"),
    "epoch": lambda of: times.epoch_of(of("at")),
    "month": lambda of: times.date_part(of("d"), "month"),
    "hour": lambda of: times.date_part(of("at"), "hour"),
    "time of day": lambda of: times.as_time(of("at")),
}

WORDS = st.one_of(
    st.none(),
    st.text("ab1 -,@/.", max_size=8),
    st.sampled_from(["kg", " LB ", "y", "N", "0", "it's", "31/12/1999", "30/02/2001", "12.50", "-7", "1e5"]),
    st.sampled_from(["é, ü", "12", "999999999999999999999", "\n", "x\ny", "07", "Mary Ann Smith"]),
)
INTEGERS = st.one_of(
    st.none(),
    st.sampled_from([0, 1, 12, 31, 515, 1999, 2024, 2359, 20240229, 20230229, -5, 2**31 - 1, -(2**31)]),
    st.integers(-(2**31), 2**31 - 1),
)
ROWS = st.fixed_dictionaries(
    {
        "a": WORDS,
        "b": WORDS,
        "Two Words": WORDS,
        "i": INTEGERS,
        "j": st.one_of(INTEGERS, st.integers(1, 12)),
        "k": st.one_of(INTEGERS, st.integers(1, 28)),
        "big": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 4 * 10**12)),
        "d": st.one_of(st.none(), st.dates()),
        # Seconds since 1970 are a double in DuckDB, which keeps microseconds for so long.
        "at": st.one_of(st.none(), st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1))),
        "clock": st.one_of(st.none(), st.times().map(lambda at: at.replace(microsecond=0))),
        "flag": st.one_of(st.none(), st.booleans()),
    }
)


@pytest.fixture(scope="module")
def table():
    connection = duckdb.connect()
    declared = ", ".join(f'"{name}" {kind}' for name, kind in TYPES.items())
    connection.execute(f"create table t ({declared})")
    return connection


def as_texts(row) -> dict[str, str | None]:
    texts = {name: None if held is None else str(held) for name, held in row.items()}
    texts["flag"] = None if row["flag"] is None else str(row["flag"]).lower()
    return texts


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(ROWS, min_size=5, max_size=20))
def test_the_sql_fails_on_no_row_and_gives_what_python_says(table, rows):
    compare(table, rows)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ROWS, min_size=5, max_size=40))
def test_the_sql_gives_what_python_says_on_many_rows(table, rows):
    compare(table, rows)


def compare(table, rows) -> None:
    """Every value in DuckDB and in Python on the same rows."""
    table.execute("delete from t")
    places = ", ".join("?" * len(TYPES))
    table.executemany(f"insert into t values ({places})", [[row[name] for name in TYPES] for row in rows])
    built = {name: make(lambda c: column(c, "duckdb")) for name, make in VALUES.items()}
    selected = ", ".join(f"cast({sql(made, made.columns)} as varchar)" for made in built.values())

    for row, results in zip(rows, table.sql(f"select {selected} from t").fetchall(), strict=True):
        texts = as_texts(row)
        for (name, made), found in zip(built.items(), results, strict=True):
            said = made.of(texts)
            if said is None or found is None:
                assert said == found, (name, row)
            elif made.family == "number":
                assert float(found) == pytest.approx(float(said), rel=1e-9, abs=1e-9), (name, row)
            else:
                assert canonical(found, made.family) == canonical(said, made.family), (name, row)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_value_is_written_in_the_words_of_the_dialect(dialect: str, golden: Path, update_golden: bool):
    lines = []
    for name, make in VALUES.items():
        if name == "time of day" and not times.has_time_of_day(dialect):
            continue
        made = make(lambda c: column(c, dialect))
        text = sql(made, made.columns)
        assert expression_problem(text, made.columns, dialect) is None, name
        lines += [f"-- {name}", text, ""]
    path = golden / "transforms" / f"{dialect}.sql"
    written = "\n".join(lines)
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(written)

    assert path.read_text() == written
