"""Which monitors a staging model gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.core.errors import SettingsError
from aidbt.core.schema import ColumnProfile, MappedColumn, MappedTest, Mapping, TableProfile
from aidbt.generate import data_tests
from aidbt.generate.base_models import macro_files
from aidbt.generate.data_tests import by_column
from aidbt.generate.monitors.choose import event_time, monitor_tests, with_monitors
from aidbt.mapping.files import parse_mapping

START, END = "2026-01-01 00:00:00", "2026-06-30 12:00:00"


def times(name: str, *, null_rate: float = 0.0, minimum: str = START, maximum: str = END) -> ColumnProfile:
    return ColumnProfile(
        name, "TIMESTAMP", null_rate, 4000, minimum=minimum, maximum=maximum, role="event_time"
    )


def numbers(name: str, *, null_rate: float = 0.0, distinct: int = 900) -> ColumnProfile:
    return ColumnProfile(name, "DECIMAL(10,2)", null_rate, distinct)


def table(*columns: ColumnProfile, rows: int = 5000) -> tuple[Mapping, TableProfile]:
    profile = TableProfile("raw_shop", "orders", rows, rows, "f", columns)
    mapped = tuple(MappedColumn(c.name, (c.name,), source_type=c.data_type) for c in columns)
    return Mapping("shop", "orders", mapped), profile


def named(tests: list[MappedTest]) -> list[tuple[str, str]]:
    return [(test.test, test.column) for test in tests]


def test_a_table_with_an_evident_time_gets_few_and_telling_ones():
    mapping, profile = table(
        numbers("order_id"), times("ordered_at"), numbers("customer_id", null_rate=0.02),
        numbers("amount", null_rate=0.1), numbers("shipping_cost"), numbers("rank"),
    )  # fmt: skip
    mapping = replace(mapping, tests=(MappedTest("customer_id", "relationships", to="shop.c", field="id"),))

    found = monitor_tests(mapping, profile)

    assert named(found) == [
        ("volume", "ordered_at"), ("freshness", "ordered_at"), ("mean", "amount"),
        ("null_rate", "customer_id"), ("null_rate", "amount"),
    ]  # fmt: skip
    assert {test.event_time for test in found} == {"ordered_at"}


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (["created_at", "updated_at"], "created_at"),
        (["updated_at"], None),
        (["due_date"], None),
        (["seen"], "seen"),  # the only time there is
        (["seen", "felt"], None),  # nobody knows which
        (["ordered_at", "created_at", "paid_at"], "created_at"),
        (["ordered_at", "sent_at"], None),
        (["birth_date"], None),
    ],
)
def test_the_event_time_is_what_is_named_for_a_beginning(columns: list[str], chosen: str | None):
    found = event_time(*table(*(times(name) for name in columns)))

    assert (found.target if found else None) == chosen


@pytest.mark.parametrize(
    "column",
    [
        times("ordered_at", null_rate=0.001),
        times("ordered_at", maximum="2026-01-10 00:00:00"),  # too short
        times("ordered_at", minimum="1990-01-01 00:00:00"),  # too few a day
        replace(times("ordered_at"), role="load_time"),
        replace(times("ordered_at"), pii="birth date"),
        replace(times("ordered_at"), minimum=None),
    ],
)
def test_where_little_can_be_learned_nothing_is_watched(column: ColumnProfile):
    assert monitor_tests(*table(column)) == []


def test_small_tables_are_not_watched():
    assert monitor_tests(*table(times("ordered_at"), rows=150)) == []


def test_what_a_person_decided_is_not_proposed_again():
    mapping, profile = table(times("ordered_at"))
    refused = MappedTest("ordered_at", "volume", "rejected", "person", event_time="ordered_at")

    found = with_monitors(replace(mapping, tests=(refused,)), profile)

    assert named(list(found.tests)) == [("volume", "ordered_at"), ("freshness", "ordered_at")]
    assert found.tests[0] == refused


def test_they_stand_in_yaml_as_ordinary_data_tests():
    test = MappedTest("amount", "mean", event_time="ordered_at")

    def written(**others):
        return data_tests.test_value(test, ref=lambda _: None, dialect="duckdb", **others)

    assert written(nested_arguments=True, monitors=True) == {
        "aidbt_mean": {"arguments": {"event_time": "ordered_at"}}
    }
    assert written(nested_arguments=False, monitors=True) == {"aidbt_mean": {"event_time": "ordered_at"}}
    assert written(nested_arguments=True) is None  # without our macros dbt could not run it


def test_those_of_the_table_stand_on_the_model_and_none_without_its_event_time():
    tests = monitor_tests(*table(times("ordered_at"), numbers("amount")))

    assert {column: [t.test for t in some] for column, some in by_column(tests).items()} == {
        "": ["volume", "freshness"], "amount": ["mean"]
    }  # fmt: skip
    assert by_column(tests, selected={"amount"}) == {}


ORDERS = """
create schema raw_shop;
create table raw_shop.orders as
select i as order_id, timestamp '2026-01-01' + to_hours(i::int) as ordered_at, i % 90 as amount
from range(3000) r(i);
"""
MACROS = ["macros/aidbt/monitors.sql", "macros/aidbt/monitors.yml"]
MODELS = "models/silver/shop/_shop__models.yml"


def test_the_macros_come_along_and_stay(shop):
    shop.sql(ORDERS)

    first = shop.generate()

    assert [path for path in first.written if path.startswith("macros/")] == MACROS
    assert shop.check().is_drift is False
    assert shop.generate().written == ()


def test_macros_that_init_copied_are_left_to_it(shop):
    shop.sql(ORDERS)
    for path, text in macro_files("macros").items():
        shop.write(path, text)

    first = shop.generate()

    assert not [path for path in first.written if path.startswith("macros/")]
    assert "aidbt_volume" in (shop.root / MODELS).read_text()
    assert shop.check().is_drift is False


def test_who_wants_none_gets_none_and_keeps_those_that_are_there(shop):
    shop.sql(ORDERS)
    shop.write("aidbt.yml", "generate: {monitors: false}\n")
    shop.generate()
    assert "aidbt_" not in (shop.root / MODELS).read_text()

    shop.write("aidbt.yml", "")
    shop.generate(refresh=True)
    assert "aidbt_mean" in (shop.root / MODELS).read_text()

    shop.write("aidbt.yml", "generate: {monitors: false}\n")
    assert shop.check().is_drift is False


def test_a_monitor_that_a_person_rejected_stays_away(shop):
    shop.sql(ORDERS)
    shop.generate()
    path = shop.root / "aidbt/mappings/shop__orders.yml"
    text = path.read_text()
    asked = "test: freshness, event_time: ordered_at, status: accepted, by: aidbt"
    path.write_text(text.replace(asked, asked.replace("accepted, by: aidbt", "rejected, by: person")))

    shop.generate(refresh=True)

    assert "aidbt_volume" in (shop.root / MODELS).read_text()
    assert "aidbt_freshness" not in (shop.root / MODELS).read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{column: a, test: volume}", "volume needs 'event_time'"),
        ("{column: a, test: unique, event_time: b}", "unique takes no 'event_time'"),
    ],
)
def test_a_wrong_line_in_a_mapping_is_told(line: str, said: str, tmp_path):
    text = f"source: {{name: s, table: t}}\ncolumns: []\ntests:\n  - {line}\n"

    with pytest.raises(SettingsError, match=said):
        parse_mapping(text, tmp_path / "s__t.yml", tmp_path)
