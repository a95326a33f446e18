"""What is proposed for tables, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import ColumnProfile, TableProfile
from aidbt.semantic.definitions import (
    GRAINS,
    METRIC_TIME,
    Entity,
    MeasureInput,
    Metric,
    SemanticManifest,
    SemanticModel,
    SemanticRelation,
)
from aidbt.semantic.drafting.models import Draft, Drafted, draft
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind, Relationship
from aidbt.semantic.tables.column_roles import role_of

NOTHING = SemanticManifest((), ())


def table(name: str, *columns: str, keys: tuple[str, ...] = (), **rest: str) -> GraphTable:
    """A table of columns "name kind", its first column the key."""
    found = tuple(_column(text) for text in columns)
    key = keys or (found[0].name,)
    return GraphTable(name, found, identifier=name, schema="main", keys=(key,), **rest)  # type: ignore[arg-type]


def _column(text: str) -> GraphColumn:
    name, kind, *rest = text.split()
    kinds: dict[str, Kind] = {"n": "number", "t": "text", "at": "time", "on": "date", "b": "bool"}
    return GraphColumn(name, kinds[kind], is_pii="pii" in rest, values=("x", "y") if "few" in rest else ())


ORDERS = table(
    "fct_orders",
    "order_id n",
    "customer_id n",
    "ordered_at at",
    "shipped_at at",
    "order_total n",
    "discount_percent n",
    "stock_on_hand n",
    "foo n",
    "zip_code n",
    "status t few",
    "nickname t",
    "is_gift b",
)
CUSTOMERS = table(
    "dim_customers", "customer_id n", "full_name t pii", "tier t few", "region_id n", "since on"
)
REGIONS = table("dim_regions", "region_id n", "region_name t few")
REFERENCES = (
    Relationship("fct_orders.customer_id", "fct_orders", ("customer_id",), "dim_customers", ("customer_id",)),
    Relationship("dim_customers.region_id", "dim_customers", ("region_id",), "dim_regions", ("region_id",)),
)
SHOP = Graph((ORDERS, CUSTOMERS, REGIONS), REFERENCES)


def drafted(graph: Graph, *, existing: SemanticManifest = NOTHING, only: tuple[str, ...] = ()) -> Draft:
    models = {item.name: item.name for item in graph.tables if not only or item.name in only}
    return draft(graph, (), models, existing)


def of(found: Draft, model: str) -> Drafted:
    return next(item for item in found.tables if item.model.model == model)


def test_keys_become_entities_that_join_the_tables() -> None:
    found = drafted(SHOP)

    assert [(e.name, e.type, e.expr) for e in of(found, "fct_orders").model.entities] == [
        ("order", "primary", "order_id"),
        ("customer", "foreign", "customer_id"),
    ]
    assert [(e.name, e.type) for e in of(found, "dim_customers").model.entities] == [
        ("customer", "primary"),
        ("region", "foreign"),
    ]


def test_a_code_that_refers_to_what_has_no_semantic_model_is_grouped_by_and_a_number_is_left_out() -> None:
    flights = table(
        "fct_flights",
        "flight_id n",
        "flew_at at",
        "origin_code t few",
        "dest_code t few",
        "pilot_id n",
        "mate_id n",
    )
    targets = table("airports", "code t few"), table("crew", "crew_id n")
    references = [
        Relationship(column, "fct_flights", (column,), target.name, (target.columns[0].name,))
        for target, columns in zip(
            targets, (("origin_code", "dest_code"), ("pilot_id", "mate_id")), strict=True
        )
        for column in columns
    ]
    found = drafted(Graph((flights, *targets), tuple(references)), only=("fct_flights",))

    model = of(found, "fct_flights").model
    assert [entity.name for entity in model.entities] == ["flight"]
    assert [dimension.name for dimension in model.dimensions] == ["flew_at", "origin_code", "dest_code"]
    assert [(item.column, item.reason) for item in found.left_out] == [
        (column, "it refers to crew, which has no semantic model") for column in ("pilot_id", "mate_id")
    ]


def test_times_flags_and_texts_of_few_values_become_dimensions() -> None:
    orders = of(drafted(SHOP), "fct_orders").model

    assert [(d.name, d.type, d.grain) for d in orders.dimensions] == [
        ("ordered_at", "time", "day"),
        ("shipped_at", "time", "day"),
        ("status", "categorical", ""),
        ("is_gift", "categorical", ""),
    ]


def test_an_order_is_counted_at_the_time_it_was_ordered() -> None:
    assert of(drafted(SHOP), "fct_orders").model.time_dimension == "ordered_at"


def test_measures_are_few_and_each_has_a_metric_that_says_what_it_is() -> None:
    orders = of(drafted(SHOP), "fct_orders")

    assert [(m.name, m.agg, m.expr) for m in orders.model.measures] == [
        ("order_count", "sum", "1"),
        ("order_total", "sum", "order_total"),
        ("discount_percent", "average", "discount_percent"),
        ("customers_with_orders", "count_distinct", "customer_id"),
    ]
    assert [(m.name, m.type) for m in orders.metrics] == [
        ("order_count", "simple"),
        ("order_total", "simple"),
        ("average_discount_percent", "simple"),
        ("customers_with_orders", "simple"),
        ("average_order_total_per_order", "ratio"),
        ("gift_order_share", "ratio"),
    ]
    share = orders.metrics[-1]
    assert share.inputs[0].filters == ("{{ Dimension('order__is_gift') }} = true",)
    assert (share.label, share.description) == (
        "Gift order share",
        "The share of orders of which is_gift is true.",
    )


def test_what_is_left_open_is_left_out_with_the_reason() -> None:
    reasons = {(item.table, item.column): item.reason for item in drafted(SHOP).left_out}

    assert "does not add up over time" in reasons["fct_orders", "stock_on_hand"]
    assert "does not say" in reasons["fct_orders", "foo"]
    assert "too many different values" in reasons["fct_orders", "nickname"]
    assert "personal data" in reasons["dim_customers", "full_name"]
    assert "no time" in reasons["dim_regions", ""]
    assert ("fct_orders", "zip_code") not in reasons


def test_a_name_that_the_project_has_is_told_apart_by_the_rows_and_not_by_a_number() -> None:
    taken = Metric("total_tax", "simple", measure=MeasureInput("tax"))
    bills = table("fct_bills", "bill_id n", "billed_at at", "tax n", "total_tax n")
    found = drafted(Graph((bills,)), existing=SemanticManifest((), (taken,)))

    assert [metric.name for metric in of(found, "fct_bills").metrics] == [
        "bill_count",
        "total_bill_tax",
        "bill_total_tax",
    ]


def test_a_mean_is_not_averaged_again() -> None:
    days = table("fct_days", "day_id n", "on_day on", "mean_delay_minutes n", "flights_count n")
    found = drafted(Graph((days,)))

    assert [measure.expr for measure in of(found, "fct_days").model.measures] == ["1", "flights_count"]
    reasons = {item.column: item.reason for item in found.left_out}
    assert "the mean of means" in reasons["mean_delay_minutes"]


def test_rows_are_called_without_the_source_they_come_from_where_that_is_clear() -> None:
    lines = ("line_id n", "sold_at at")
    alone = drafted(Graph((table("stg_till__lines", *lines), CUSTOMERS)))
    twice = drafted(Graph((table("stg_till__lines", *lines), table("stg_web__lines", *lines))))

    assert of(alone, "stg_till__lines").model.measures[0].name == "line_count"
    assert {drafted.metrics[0].name for drafted in twice.tables} == {"till_line_count", "web_line_count"}


def test_a_table_without_a_time_has_dimensions_and_no_measures() -> None:
    regions = of(drafted(SHOP), "dim_regions")

    assert regions.model.measures == regions.metrics == ()
    assert [dimension.name for dimension in regions.model.dimensions] == ["region_name"]


def test_of_several_times_none_is_chosen_when_no_name_says_which() -> None:
    shipments = table("shipments", "id n", "packed_at at", "sent_at at", "weight n")
    found = drafted(Graph((shipments,)))

    assert found.tables == ()
    assert "packed_at, sent_at" in " ".join(item.reason for item in found.left_out)


def test_the_graph_s_own_time_comes_before_a_name() -> None:
    orders = table("orders", "id n", "ordered_at at", "paid_at at", time="paid_at")

    assert of(drafted(Graph((orders,))), "orders").model.time_dimension == "paid_at"


def test_two_keys_to_one_table_are_roles_that_its_key_has_too() -> None:
    flights = table("flights", "flight_id n", "origin_airport_id n", "dest_airport_id n", "day_on on")
    airports = table("airports", "airport_id n", "city t few")
    to_airports = tuple(
        Relationship(f"flights.{column}", "flights", (column,), "airports", ("airport_id",))
        for column in ("origin_airport_id", "dest_airport_id")
    )
    found = drafted(Graph((flights, airports), to_airports))

    assert [(e.name, e.type) for e in of(found, "flights").model.entities] == [
        ("flight", "primary"),
        ("origin_airport", "foreign"),
        ("dest_airport", "foreign"),
    ]
    assert [(e.name, e.type) for e in of(found, "airports").model.entities] == [
        ("airport", "primary"),
        ("origin_airport", "unique"),
        ("dest_airport", "unique"),
    ]


def test_a_row_that_refers_to_its_own_kind_makes_no_entity() -> None:
    staff = table("employees", "employee_id n", "manager_id n", "hired_on on")
    manager = Relationship(
        "employees.manager_id", "employees", ("manager_id",), "employees", ("employee_id",)
    )
    entities = of(drafted(Graph((staff,), (manager,))), "employees").model.entities

    assert [entity.name for entity in entities] == ["employee"]


def test_a_table_with_a_key_of_several_columns_has_an_entity_without_one() -> None:
    lines = table(
        "order_lines", "order_id n", "line n", "quantity n", "sold_on on", keys=("order_id", "line")
    )
    model = of(drafted(Graph((lines,))), "order_lines").model

    assert (model.primary_entity, model.entities) == ("order_line", ())


def test_names_that_the_project_has_are_not_taken_and_its_entities_are_joined() -> None:
    theirs = SemanticModel(
        "people",
        SemanticRelation("main", "dim_customers"),
        "dim_customers",
        entities=(Entity("person", "primary", "customer_id"),),
    )
    first = of(drafted(SHOP, only=("fct_orders",)), "fct_orders")
    existing = SemanticManifest((theirs,), first.metrics)
    found = of(drafted(SHOP, existing=existing, only=("fct_orders",)), "fct_orders")

    assert ("person", "foreign") in [(e.name, e.type) for e in found.model.entities]
    assert not {m.name for m in found.metrics} & {m.name for m in first.metrics}


def test_a_column_that_several_tables_have_is_named_with_its_table() -> None:
    orders = table("orders", "order_id n", "amount n", "made_on on")
    refunds = table("refunds", "refund_id n", "amount n", "made_on on")
    found = drafted(Graph((orders, refunds)))

    assert "total_order_amount" in [metric.name for metric in of(found, "orders").metrics]
    assert "total_refund_amount" in [metric.name for metric in of(found, "refunds").metrics]


def test_a_number_that_happens_to_be_unique_is_no_key() -> None:
    for name in ("open_price", "opened"):
        prices = table("prices", f"{name} n", "quoted_on on")
        assert of(drafted(Graph((prices,))), "prices").model.entities == ()


def test_a_table_that_no_metric_can_be_grouped_by_is_left_out() -> None:
    colours = table("colours", "colour_id n", "colour_name t few")
    found = drafted(Graph((ORDERS, colours)))

    assert [item.model.model for item in found.tables] == ["fct_orders"]
    assert ("colours", "no metric can be grouped by it") in [(i.table, i.reason) for i in found.left_out]


def test_a_text_that_is_prose_is_no_dimension_though_the_table_is_small() -> None:
    orders = table("orders", "order_id n", "comment t few", "ordered_on on")

    assert [d.name for d in of(drafted(Graph((orders,))), "orders").model.dimensions] == ["ordered_on"]


def test_a_text_with_few_values_in_its_profile_is_a_dimension() -> None:
    seen = ColumnProfile("nickname", "VARCHAR", 0.0, 7)
    profile = TableProfile("main", "fct_orders", 100, 100, "f", (seen,))
    found = draft(SHOP, (profile,), {"fct_orders": "fct_orders"}, NOTHING)

    assert "nickname" in [dimension.name for dimension in of(found, "fct_orders").model.dimensions]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            "summed",
            "amount order_total quantity num_items item_count duration_minutes working_hours",
        ),
        ("averaged", "unit_price discount_percent conversion_rate rating age list_price"),
        ("aggregate", "avg_score mean_delay_minutes median_income"),
        ("state", "account_balance stock_on_hand inventory"),
        ("neither", "zip_code latitude phone_number year rank id line_no"),
        ("unknown", "foo x1 z max_amount credit_limit"),
    ],
)
def test_the_role_of_a_number_is_read_from_its_name(role: str, names: str) -> None:
    assert {name: role_of(name) for name in names.split()} == dict.fromkeys(names.split(), role)


COLUMN_NAMES = st.sampled_from(
    [
        "id",
        "order_id",
        "Amount",
        "amount",
        "day",
        "metric_time",
        "created at",
        "1st",
        "is_open",
        "__x__",
        "état",
    ]
)
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["number", "text", "time", "date", "bool", "other"])


def _graphs() -> st.SearchStrategy[Graph]:
    columns = st.lists(
        st.builds(GraphColumn, COLUMN_NAMES, KINDS, values=st.sampled_from([(), ("a",)])),
        min_size=1,
        max_size=6,
        unique_by=lambda column: column.name.lower(),
    )
    names = st.lists(st.sampled_from(["orders", "fct_orders", "Day", "t 1", "x"]), min_size=1, unique=True)
    return names.flatmap(
        lambda found: st.tuples(*(columns.map(lambda c, n=n: _keyed(n, c)) for n in found)).map(Graph)
    )


def _keyed(name: str, columns: list[GraphColumn]) -> GraphTable:
    return GraphTable(name, tuple(columns), identifier=name, schema="main", keys=((columns[0].name,),))


def _elements(found: Draft) -> Iterator[list[str]]:
    for item in found.tables:
        model = item.model
        elements = [*(e.name for e in model.entities), *(d.name for d in model.dimensions)]
        assert not {*GRAINS, METRIC_TIME} & set(elements)
        yield elements
    yield [metric.name for item in found.tables for metric in item.metrics]
    yield [measure.name for item in found.tables for measure in item.model.measures]
    yield [e.name for item in found.tables for e in item.model.entities if e.type == "primary"]


@settings(deadline=None)
@given(_graphs())
def test_whatever_tables_are_called_no_two_things_are_called_alike(graph: Graph) -> None:
    for names in _elements(drafted(graph)):
        assert len(set(names)) == len(names)
        assert all(name.isidentifier() and name == name.lower() and "__" not in name for name in names)
