"""Which source table each declared target is about."""

import pytest
from match_tasks import columns

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Relation, Target
from aidbt.mapping.tables import tables_for_targets

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SETTINGS = MappingSettings()


def relation(name: str, *named) -> Relation:
    return Relation("raw_shop", name, columns(*named))


def target(name: str, *named, sources: tuple[str, ...] = ()) -> Target:
    return Target(name, columns(*named), sources=sources)


def tables(*targets: Target) -> dict[str, str]:
    return tables_for_targets(TABLES, {t.name: t for t in targets}, SETTINGS)


TABLES = {
    "shop.orders": relation("orders", ("order_id", "INTEGER"), ("cust_no", "INTEGER"), ("amt", "DOUBLE")),
    "shop.people": relation("people", ("person_id", "INTEGER"), ("first_nm", "VARCHAR"), ("dob", "DATE")),
    "shop.empty": relation("empty"),
}
CUSTOMER = target("customer", "customer_first_name", "birth_date")
ORDER = target("order", "order_id", "customer_number", "amount")
WEATHER = target("weather", "temperature", "humidity")


def test_a_target_finds_its_table_by_its_columns_and_one_that_fits_nothing_gets_none():
    assert tables(CUSTOMER, WEATHER) == {"customer": "shop.people"}
    assert tables(WEATHER, ORDER, CUSTOMER) == {"customer": "shop.people", "order": "shop.orders"}


def test_a_target_that_names_its_table_is_taken_at_its_word():
    assert tables(target("anything", "y", sources=("shop.orders",))) == {"anything": "shop.orders"}


def test_of_several_named_tables_the_first_that_is_there_is_taken_and_none_is_free_for_others():
    named = target("anything", "y", sources=("shop.gone", "shop.orders", "shop.people"))

    assert tables(named, CUSTOMER, ORDER) == {"anything": "shop.orders"}


def test_a_table_that_a_target_named_is_no_longer_free():
    named = target("anything", "y", sources=("shop.people",))

    chosen = tables(named, CUSTOMER)

    assert chosen["anything"] == "shop.people"
    assert chosen.get("customer") != "shop.people"


def test_a_target_that_names_a_table_that_is_not_there_gets_none():
    assert tables(target("anything", "order_id", sources=("shop.gone",))) == {}


def test_the_columns_that_loading_added_fit_nothing():
    loaded = {"shop.x": relation("x", "_aidbt_batch_id", "qqq"), **TABLES}
    wanted = target("loads", "_aidbt_batch_id")

    assert tables_for_targets(loaded, {"loads": wanted}, SETTINGS).get("loads") != "shop.x"


@pytest.mark.parametrize("named", [{}, {"shop.empty": relation("empty")}])
def test_without_columns_there_is_no_table_for_a_target(named):
    assert tables_for_targets(named, {"customer": CUSTOMER}, SETTINGS) == {}


def test_a_target_without_columns_gets_no_table():
    assert tables(target("nothing")) == {}
