"""Matching whole schemas: many tables at once."""

from dataclasses import replace

import pytest
from match_tasks import embed, table

from aidbt.core.config import MappingSettings
from aidbt.core.errors import UnknownName
from aidbt.mapping.schemas import PairScore, SchemaMatch, match_schemas
from aidbt.mapping.sides import TableSide

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SETTINGS = MappingSettings()
SOURCE = [
    table("id", "cust_id", "order_dt", "amt", name="ord"),
    table("id", "first_nm", "email", "crt_dt", name="cust"),
    table("id", "ord_id", "prod_id", "qty", name="ord_line"),
    table("id", "title", "price", "weight", name="prod"),
]
TARGET = [
    table("product_id", "product_title", "product_price", "product_weight", name="products"),
    table("order_line_id", "order_id", "product_id", "quantity", name="order_lines"),
    table("customer_id", "first_name", "email", "created_at", name="customers"),
    table("order_id", "customer_id", "order_date", "amount", name="orders"),
]
TRUTH = {
    ("ord", "id"): ("orders", "order_id"),
    ("ord", "cust_id"): ("orders", "customer_id"),
    ("ord", "order_dt"): ("orders", "order_date"),
    ("ord", "amt"): ("orders", "amount"),
    ("cust", "id"): ("customers", "customer_id"),
    ("cust", "email"): ("customers", "email"),
    ("ord_line", "qty"): ("order_lines", "quantity"),
    ("ord_line", "prod_id"): ("order_lines", "product_id"),
    ("prod", "id"): ("products", "product_id"),
    ("prod", "price"): ("products", "product_price"),
}


def ends(pair: PairScore) -> tuple[tuple[str, str], tuple[str, str]]:
    return (pair.source_table, pair.source_column), (pair.target_table, pair.target_column)


def found_in(matched: SchemaMatch) -> dict[tuple[str, str], tuple[str, str]]:
    return dict(ends(pair) for pair in matched.matches)


@pytest.mark.parametrize("model", [None, embed])
def test_columns_of_one_name_in_many_tables_find_their_own_table(model):
    found = found_in(match_schemas(SOURCE, TARGET, SETTINGS, embed=model))

    assert {source: found[source] for source in TRUTH} == TRUTH


def test_the_order_of_the_tables_does_not_matter():
    found = found_in(match_schemas(SOURCE[::-1], TARGET[1:] + TARGET[:1], SETTINGS))

    assert {source: found[source] for source in TRUTH} == TRUTH


def test_the_targets_of_each_source_come_likeliest_first_and_no_more_than_are_kept():
    found = match_schemas(SOURCE, TARGET, SETTINGS, keep=3)

    sources = list(dict.fromkeys(ends(pair)[0] for pair in found.pairs))
    assert sources == [(t.relation.name, c.name) for t in SOURCE for c in t.relation.columns]
    for source in sources:
        scores = [pair.probability for pair in found.pairs if ends(pair)[0] == source]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_the_first_of_the_kept_targets_are_those_of_a_longer_list():
    long, short = (match_schemas(SOURCE, TARGET, SETTINGS, keep=keep) for keep in (20, 1))

    assert short.pairs == [
        next(pair for pair in long.pairs if ends(pair)[0] == ends(wanted)[0]) for wanted in short.pairs
    ]
    assert short.matches == long.matches


def test_each_column_is_matched_once_in_the_order_of_the_sources():
    matched = match_schemas(SOURCE, TARGET, SETTINGS)
    order = [(t.relation.name, c.name) for t in SOURCE for c in t.relation.columns]
    sources, targets = ([ends(pair)[side] for pair in matched.matches] for side in (0, 1))

    assert sources == sorted(set(sources), key=order.index)
    assert len(targets) == len(set(targets))


def test_tables_of_one_name_in_two_sources_are_told_apart_by_their_columns():
    source = [
        table("id", "email", "last_nm", name="users", source_name="shop"),
        table("id", "plate", "mileage", name="users", source_name="fleet"),
    ]
    target = [
        table("user_id", "plate", "mileage", name="fleet_users"),
        table("user_id", "email", "last_name", name="shop_users"),
    ]

    matched = match_schemas(source, target, SETTINGS)

    found = [(pair.source_column, pair.target_table, pair.target_column) for pair in matched.matches]
    assert found == [
        ("id", "shop_users", "user_id"),
        ("email", "shop_users", "email"),
        ("last_nm", "shop_users", "last_name"),
        ("id", "fleet_users", "user_id"),
        ("plate", "fleet_users", "plate"),
        ("mileage", "fleet_users", "mileage"),
    ]


def test_what_a_person_ruled_out_is_in_no_list():
    never = [("cust", "email", "customers", "email")]

    matched = match_schemas(SOURCE, TARGET, SETTINGS, never=never)

    ruled_out = (("cust", "email"), ("customers", "email"))
    assert ruled_out not in [ends(pair) for pair in (*matched.pairs, *matched.matches)]


@pytest.mark.parametrize(
    ("source", "target"),
    [([], []), ([], TARGET), (SOURCE, []), ([table()], TARGET), (SOURCE, [table(), table(name="u")])],
)
def test_a_schema_without_columns_has_no_match(source: list[TableSide], target: list[TableSide]):
    assert match_schemas(source, target, SETTINGS) == SchemaMatch([], [])


def test_tables_without_columns_beside_others_change_nothing():
    def with_empty(side: list[TableSide]) -> list[TableSide]:
        return [table(name="empty"), *side, table(name="last")]

    found = found_in(match_schemas(with_empty(SOURCE), with_empty(TARGET), SETTINGS))

    assert {source: found[source] for source in TRUTH} == TRUTH


def test_an_unknown_signal_in_the_settings_is_named():
    with pytest.raises(UnknownName, match="valeus"):
        match_schemas(SOURCE, TARGET, MappingSettings(signals={"valeus": 0.0}))


def test_two_sources_with_tables_of_one_name_are_not_mixed():
    sources = [
        replace(table("id", "email", name="users"), source_name="crm"),
        replace(table("id", "email", name="users"), source_name="shop"),
    ]
    wanted = [table("email", name="people")]
    never = [("crm.users", "email", "people", "email")]

    matched = match_schemas(sources, wanted, SETTINGS, never=never)

    assert {pair.source_table for pair in matched.pairs} == {"crm.users", "shop.users"}
    assert found_in(matched)["shop.users", "email"] == ("people", "email")
    assert ("crm.users", "email") not in found_in(matched)
