"""Tables without a project: what their names and data show of labels, times, keys and references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.semantic.graph import Graph, GraphTable, NoPath
from aidbt.semantic.tables.catalog import graph_of
from aidbt.semantic.tables.naming import named_tables

_KINDS = {"d": "DATE", "t": "TIMESTAMP", "n": "INTEGER", "b": "BOOLEAN"}


def graph(
    tables: Mapping[str, str], *, keys: Mapping[str, tuple[str, ...]] | None = None, held: float = 1.0
) -> Graph:
    """A graph of tables given as "column:kind …", text by default; the first column is the key of each."""
    relations = [
        Relation("main", name, tuple(_column(column) for column in columns.split()))
        for name, columns in tables.items()
    ]
    return graph_of(relations, [_profile(r, keys or {}) for r in relations], lambda child, parent: held)


def _column(text: str) -> Column:
    name, _, kind = text.partition(":")
    return Column(name, _KINDS.get(kind, "INTEGER" if name.lower().endswith("id") else "VARCHAR"))


def _profile(relation: Relation, keys: Mapping[str, tuple[str, ...]]) -> TableProfile:
    columns = tuple(ColumnProfile(c.name, c.data_type, 0.0, 5) for c in relation.columns)
    key = keys.get(relation.name, (relation.columns[0].name,))
    single = key if len(key) == 1 else ()
    return TableProfile("main", relation.name, 9, 9, "", columns, single, () if single else (key,))


def table(columns: str, name: str = "orders") -> GraphTable:
    return graph({name: columns}).table(name)


@pytest.mark.parametrize(
    ("name", "columns", "time"),
    [
        ("orders", "order_id paid_on:d ordered_on:d shipped_on:d", "ordered_on"),
        ("leave_requests", "request_id start_date:d end_date:d requested_at:t", "requested_at"),
        ("users", "user_id birth_date:d created_at:t last_login_at:t", "created_at"),
        ("staff", "staff_id birth_date:d hire_date:d termination_date:d", "hire_date"),
        ("events", "event_id updated_at:t timestamp:t", "timestamp"),
        ("visits", "visit_id st_dt:d en_dt:d", "st_dt"),
        ("patients", "patient_id dob:d", ""),
        ("trips", "trip_id left_at:t arrived_at:t seen_at:t", ""),
        ("things", "thing_id", ""),
        ("fct_orders", "order_id order_date:d ordered_at:t delivered_at:t", "ordered_at"),
        ("loans", "loan_id loandate:d duedate:d", "loandate"),
        ("closures", "closure_id closed_on:d reopened_on:d", "closed_on"),
        ("flights", "flight_id departure_at:t arrival_at:t", "departure_at"),
        ("dropoffs", "dropoff_id dropped_at:t", "dropped_at"),
        ("invoices", "invoice_id amount status viewed_at:t", ""),
        ("views", "view_id viewed_at:t", "viewed_at"),
        ("sightings", "sighting_id seen_at:t", "seen_at"),
        ("letters", "letter_id seen_at:t", ""),
        ("prices", "price_id valid_from:d valid_to:d", ""),
    ],
)
def test_the_time_of_a_row_is_that_of_its_own_verb_before_any_other(
    name: str, columns: str, time: str
) -> None:
    assert table(columns, name).time == time


@pytest.mark.parametrize(
    ("columns", "sometimes", "time"),
    [
        ("order_id placed_at:t picked_up_at:t delivered_at:t", "picked_up_at delivered_at", "placed_at"),
        ("message_id sent_at:t read_at:t", "read_at", "sent_at"),
        ("message_id sent_at:t read_at:t", "", ""),
        ("message_id sent_at:t read_at:t", "sent_at read_at", ""),
        ("price_id valid_from:d active_to:d", "active_to", ""),
    ],
)
def test_of_several_times_that_counts_which_every_row_has(columns: str, sometimes: str, time: str) -> None:
    relation = Relation("main", "things", tuple(_column(column) for column in columns.split()))
    full = _profile(relation, {})
    profile = replace(
        full, columns=tuple(replace(c, null_rate=0.3 * (c.name in sometimes.split())) for c in full.columns)
    )

    assert graph_of([relation], [profile], lambda child, parent: 0.0).table("things").time == time


@pytest.mark.parametrize(
    ("name", "columns", "label"),
    [
        ("sites", "site_id city site_nm", "site_nm"),
        ("customers", "customer_id ContactName CompanyName", "CompanyName"),
        ("employees", "employee_id title first_name last_name", "first_name"),
        ("books", "book_id AuthorName Title", "Title"),
        ("journals", "jid journalname", "journalname"),
        ("codes", "code_id description", "description"),
        ("orders", "order_id status", ""),
    ],
)
def test_rows_are_called_by_their_own_name(name: str, columns: str, label: str) -> None:
    assert table(columns, name).label == label


def test_a_prefix_that_all_share_says_nothing() -> None:
    named = named_tables(
        [
            Relation("main", f"sb{n}", (Column(f"sb{n}Id"), Column(f"sb{n}Name")))
            for n in ("Customer", "Ticker")
        ]
    )

    assert [table.nouns[0] for table in named] == [("customer",), ("ticker",)]
    assert named[0].columns == {"sbCustomerId": ("id",), "sbCustomerName": ("name",)}


def test_layers_and_sources_are_no_part_of_what_rows_are_called() -> None:
    (named,) = named_tables([Relation("main", "stg_shop__order_items", (Column("id"),))])

    assert named.nouns[0] == ("order", "item")


def references(found: Graph) -> dict[str, tuple[str, str]]:
    return {r.name: (r.target, r.role) for r in found.relationships}


def test_names_and_values_together_show_a_reference() -> None:
    tables = {"customers": "customer_id name", "orders": "order_id customer_id"}

    assert references(graph(tables)) == {"orders.customer_id": ("customers", "")}
    assert references(graph(tables, held=0.1)) == {}


def test_behind_the_letters_of_its_own_table_a_key_stands_as_it_is_written() -> None:
    tables = {
        "backers": "bk_id bk_name bk_plan",
        "pledges": "pl_id pl_bk_id pl_bk_count:number pl_status pl_plan",
    }

    assert references(graph(tables)) == {"pledges.pl_bk_id": ("backers", "")}


def test_a_column_named_for_what_somebody_is_refers_in_that_role() -> None:
    found = graph(
        {
            "employees": "employee_id name manager_id reports_to:n",
            "reviews": "review_id employee_id reviewer_id approved_by:n",
        }
    )

    assert references(found) == {
        "employees.manager_id": ("employees", "manager"),
        "employees.reports_to": ("employees", "manager"),
        "reviews.employee_id": ("employees", ""),
        "reviews.reviewer_id": ("employees", "reviewer"),
        "reviews.approved_by": ("employees", "approver"),
    }
    assert [s.relationship.name for s in found.path("reviews", "employees")] == ["reviews.employee_id"]


def test_who_acts_for_the_house_is_staff_and_no_customer() -> None:
    found = graph(
        {"customers": "customer_id name", "staff": "staff_id name", "calls": "call_id handled_by:n"}
    )

    assert references(found)["calls.handled_by"] == ("staff", "handler")


def test_codes_and_keys_with_a_word_before_them_refer_in_that_role() -> None:
    found = graph(
        {
            "airport": "airportCode airportName",
            "dim_date": "date_key:n full_date:d",
            "flight": "flightId originCode destCode ship_date_key:n due_date_key:n",
        }
    )

    assert references(found) == {
        "flight.originCode": ("airport", "origin"),
        "flight.destCode": ("airport", "destination"),
        "flight.ship_date_key": ("dim_date", "ship date"),
        "flight.due_date_key": ("dim_date", "due date"),
    }


def test_an_advisor_of_students_is_no_student_where_another_table_has_people() -> None:
    found = graph({"students": "student_id name advisor_id", "instructors": "instructor_id name"})

    assert references(found) == {"students.advisor_id": ("instructors", "advisor")}


def test_a_parent_is_a_row_of_the_same_table() -> None:
    found = graph({"categories": "category_id name parent_category_id", "users": "user_id name"})

    assert references(found) == {"categories.parent_category_id": ("categories", "parent category")}


def test_a_key_of_two_columns_is_referred_to_by_both() -> None:
    found = graph(
        {
            "subjects": "subject_id name",
            "visits": "subject_id visit_number:n visit_name",
            "results": "subject_id visit_number:n test_code value:n",
        },
        keys={
            "visits": ("subject_id", "visit_number"),
            "results": ("subject_id", "visit_number", "test_code"),
        },
    )

    assert references(found) == {
        "visits.subject_id": ("subjects", ""),
        "results.subject_id": ("subjects", ""),
        "results.subject_id+visit_number": ("visits", ""),
    }


def test_the_same_name_of_what_is_no_key_is_no_reference() -> None:
    found = graph({"shops": "shop_id city", "customers": "customer_id city"})

    assert references(found) == {}


def test_of_several_references_to_one_table_each_is_a_role() -> None:
    found = graph({"teams": "team_id name", "matches": "match_id home_team_id away_team_id"})

    assert references(found) == {
        "matches.home_team_id": ("teams", "home team"),
        "matches.away_team_id": ("teams", "away team"),
    }


def test_a_nearer_row_in_a_role_makes_a_farther_one_uncertain() -> None:
    found = graph(
        {
            "teams": "team_id name",
            "players": "player_id name team_id",
            "transfers": "transfer_id player_id from_team_id to_team_id",
        }
    )

    with pytest.raises(NoPath, match="more than one way"):
        found.path("transfers", "teams")
    assert len(found.path("transfers", "teams", ["transfers.player_id"])) == 2


@pytest.mark.parametrize(
    ("columns", "targets"),
    [
        ("payment_id sender_id sender_type:n amount:n", set()),
        ("payment_id sender_id amount:n", {"users"}),
        ("payment_id user_id user_type amount:n", {"users"}),
    ],
)
def test_a_reference_whose_table_another_column_says_is_to_no_table_always(
    columns: str, targets: set[str]
) -> None:
    found = graph({"users": "user_id username", "payments": columns}).relationships

    assert {relationship.target for relationship in found} == targets


def test_a_text_refers_by_the_word_of_the_key_and_a_small_number_does_not() -> None:
    places = graph({"warehouses": "wh_code wh_name", "shipments": "shipment_id origin_wh"})
    rooms = graph({"guests": "guest_id guest_name", "rooms": "room_id max_guests:n"})

    assert references(places) == {"shipments.origin_wh": ("warehouses", "")}
    assert references(rooms) == {}


@pytest.mark.parametrize(
    ("column", "unit"),
    [("price_cents", "cents"), ("duration_ms", "milliseconds"), ("weight_kg", "kilograms"), ("price", ""),
     ("rate_pct", "percent")],
)  # fmt: skip
def test_the_end_of_a_name_says_the_unit(column: str, unit: str) -> None:
    assert table(f"id {column}:n", "things").column(column).unit == unit


def test_a_code_that_is_the_key_is_no_name_where_something_describes_it() -> None:
    assert table("region_code region_description", "regions").label == "region_description"
    assert table("region_code area", "regions").label == "region_code"


def test_of_two_layers_with_the_same_rows_the_later_stands_for_both() -> None:
    tables = {"stg_orders": "order_id status", "fct_orders": "order_id total:n", "stg_refunds": "refund_id"}
    found = graph({**tables, "payments": "payment_id order_id"})
    behind = {table.name: table.behind for table in found.tables}
    assert behind == {"stg_orders": "fct_orders", "fct_orders": "", "stg_refunds": "", "payments": ""}
    assert [r.target for r in found.relationships if r.source == "payments"] == ["fct_orders"]
    assert graph(tables, held=0.9).table("stg_orders").behind == ""


def test_the_way_that_every_row_has_goes_before_one_that_some_have() -> None:
    tables = {
        "hosts": "host_id",
        "properties": "property_id host_id",
        "promos": "promo_id host_id",
        "bookings": "booking_id property_id promo_id",
    }
    found = graph(tables)
    with pytest.raises(NoPath, match="more than one way"):
        found.path("bookings", "hosts")
    promos = replace(found.table("bookings").column("promo_id"), nullable=True)
    bookings = found.table("bookings")
    columns = tuple(promos if column.name == "promo_id" else column for column in bookings.columns)
    changed = (*(t for t in found.tables if t.name != "bookings"), replace(bookings, columns=columns))
    way = Graph(changed, found.relationships).path("bookings", "hosts")
    assert [step.end for step in way] == ["properties", "hosts"]


@pytest.mark.parametrize(
    ("low", "high", "synonyms"), [("1887", "2021", ("founded year",)), ("0", "12", ()), (None, None, ())]
)
def test_a_participle_over_years_is_a_year(
    low: str | None, high: str | None, synonyms: tuple[str, ...]
) -> None:
    relation = Relation("main", "clubs", (Column("club_id", "INTEGER"), Column("founded", "INTEGER")))
    columns = (
        ColumnProfile("club_id", "INTEGER", 0.0, 9),
        ColumnProfile("founded", "INTEGER", 0.0, 9, minimum=low, maximum=high),
    )
    profile = TableProfile("main", "clubs", 9, 9, "", columns, keys=("club_id",))
    found = graph_of([relation], [profile], lambda child, parent: 1.0)
    assert found.table("clubs").column("founded").synonyms == synonyms
