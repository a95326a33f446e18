"""The graph of columns: finding names, walking, tags, coverage."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import UnknownName
from aidbt.core.findings import Finding, Severity
from aidbt.lineage.graph import ROWS, ColumnRef, Edge, Lineage, NodeLineage, Unresolved
from aidbt.sql.resolved import ColumnUse, OutputColumn
from tests.aidbt.lineage.lineages import (
    DIM,
    FCT,
    PYTHON,
    RATES,
    RAW_ORDERS,
    RAW_USERS,
    SNAPSHOT,
    STG_ORDERS,
    STG_USERS,
    column,
    graphs,
    shop,
)


def titles(lineage: Lineage, edges: list[Edge]) -> list[tuple[str, str, str]]:
    return [(lineage.title(edge.source), edge.how, lineage.title(edge.target)) for edge in edges]


# --- finding things -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fct_orders.amount_eur", ColumnRef(FCT, "amount_eur")),
        ("FCT_ORDERS.Amount_EUR", ColumnRef(FCT, "amount_eur")),
        ("crm.users.e_mail", ColumnRef(RAW_USERS, "e_mail")),
        ("model.shop.dim_customer.email", ColumnRef(DIM, "email")),
        ("dim_customer", ColumnRef(DIM, ROWS)),
        ("crm.orders", ColumnRef(RAW_ORDERS, ROWS)),
    ],
)
def test_a_column_is_found_by_the_names_people_use(text: str, expected: ColumnRef):
    assert shop().find(text) == expected


def test_names_with_dots_are_found():
    node = NodeLineage("model.x.a.b", "a.b", "model", columns=(column("c.d"),))

    assert Lineage({node.unique_id: node}).find("a.b.c.d") == ColumnRef("model.x.a.b", "c.d")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("fct_ordrs.amount", "no node is called 'fct_ordrs'", "did you mean 'fct_orders'?"),
        ("crm.ordrs", "no node is called 'crm.ordrs'", "did you mean 'crm.orders'?"),
        ("crm.ordrs.id", "no node is called 'crm.ordrs'", "did you mean 'crm.orders'?"),
        ("dim_custmer", "no node is called 'dim_custmer'", "did you mean 'dim_customer'?"),
        (
            "fct_orders.amount_usd",
            "no column of fct_orders is called 'amount_usd'",
            "did you mean 'amount_eur'?",
        ),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(text: str, message: str, hint: str):
    with pytest.raises(UnknownName) as caught:
        shop().find(text)

    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_name_that_two_nodes_share_is_not_guessed():
    nodes = {name: NodeLineage(name, "orders", "model") for name in ("model.a.orders", "model.b.orders")}
    lineage = Lineage(nodes)

    with pytest.raises(UnknownName, match="no single node is called 'orders'"):
        lineage.node("orders")
    assert lineage.node("model.b.orders") is nodes["model.b.orders"]


def test_versions_of_a_model_are_found_by_their_version_and_never_guessed():
    names = ("customers.v1", "customers.v2")
    nodes = {
        f"model.x.{name}": NodeLineage(f"model.x.{name}", name, "model", columns=(column("id"),))
        for name in names
    }
    lineage = Lineage(nodes)

    assert lineage.find("customers.v2.id") == ColumnRef("model.x.customers.v2", "id")
    with pytest.raises(UnknownName, match="no single node is called 'customers'") as caught:
        lineage.find("customers.id")
    assert caught.value.hint in [f"did you mean '{name}'?" for name in names]
    assert Lineage({"model.x.customers.v2": nodes["model.x.customers.v2"]}).node("customers")


def test_a_column_that_differs_in_case_is_found_only_when_it_is_the_only_one():
    node = NodeLineage("m", "m", "model", columns=(column("ID"), column("Id"), column("Name")))

    assert node.column("NAME") == node.columns[2]
    assert node.column("Id") == node.columns[1]
    assert node.column("id") is None


def test_findings_belong_to_the_node_of_their_file_or_that_they_name():
    lineage = shop()

    assert [f.code for f in lineage.findings_of(lineage.nodes[DIM])] == ["column.unknown"]
    assert [f.code for f in lineage.findings_of(lineage.nodes[RAW_USERS])] == ["lineage.type"]
    assert lineage.findings_of(lineage.nodes[RAW_ORDERS]) == []


def test_a_finding_may_name_its_node_by_unique_id():
    node = NodeLineage("model.x.a", "a", "model")
    finding = Finding("c", Severity.WARN, "model.x.a", "something")

    assert Lineage({node.unique_id: node}, [finding]).findings_of(node) == [finding]


# --- walking ------------------------------------------------------------------------------------------


def test_upstream_goes_to_the_sources_nearest_first():
    lineage = shop()

    assert titles(lineage, lineage.upstream(ColumnRef(DIM, "total_eur"))) == [
        ("fct_orders.amount_eur", "aggregate", "dim_customer.total_eur"),
        ("rates.rate", "expression", "fct_orders.amount_eur"),
        ("stg_crm__orders.amount", "expression", "fct_orders.amount_eur"),
        ("crm.orders.amt", "cast", "stg_crm__orders.amount"),
    ]


def test_depth_counts_steps():
    lineage = shop()
    ref = ColumnRef(DIM, "total_eur")

    assert [len(lineage.upstream(ref, depth=depth)) for depth in (0, 1, 2, 3, 9)] == [0, 1, 3, 4, 4]


def test_upstream_with_rows_has_what_decides_the_rows_of_each_node_on_the_way():
    lineage = shop()

    found = titles(lineage, lineage.upstream(ColumnRef(FCT, "order_id"), rows=True))

    assert ("crm.orders.deleted", "filter", "stg_crm__orders") in found
    assert ("stg_crm__users.user_id", "join", "fct_orders") in found
    assert ("crm.users.id", "rename", "stg_crm__users.user_id") in found
    assert len(found) == len(set(found))


def test_downstream_lists_rows_that_depend_on_it_unless_told_not_to():
    lineage = shop()
    ref = ColumnRef(STG_USERS, "email")

    assert titles(lineage, lineage.downstream(ref)) == [
        ("stg_crm__users.email", "passthrough", "fct_orders.email"),
        ("fct_orders.email", "passthrough", "dim_customer.email"),
        ("fct_orders.email", "group", "dim_customer"),
    ]
    assert all(edge.target.column for edge in lineage.downstream(ref, rows=False))


def test_what_counts_rows_is_downstream_of_them():
    lineage = shop()

    assert titles(lineage, lineage.downstream(ColumnRef(FCT, ROWS))) == [
        ("fct_orders", "aggregate", "dim_customer.orders")
    ]


def test_a_column_made_of_itself_is_walked_once():
    lineage = shop()

    assert titles(lineage, lineage.upstream(ColumnRef(FCT, "first_seen"))) == [
        ("fct_orders.first_seen", "expression", "fct_orders.first_seen"),
        ("stg_crm__orders.ordered_at", "expression", "fct_orders.first_seen"),
        ("crm.orders.at", "rename", "stg_crm__orders.ordered_at"),
    ]


# --- tags and coverage --------------------------------------------------------------------------------


def test_tags_are_carried_to_what_is_made_of_a_column_with_where_they_come_from():
    carried = shop().carried_tags

    origin = ColumnRef(RAW_USERS, "e_mail")
    assert carried == {
        origin: {"pii": (origin,)},
        ColumnRef(STG_USERS, "email"): {"pii": (origin,)},
        ColumnRef(FCT, "email"): {"pii": (origin,)},
        ColumnRef(DIM, "email"): {
            "contact": (ColumnRef(DIM, "email"),),
            "pii": (ColumnRef(DIM, "email"), origin),
        },
    }


def test_coverage_says_what_is_known_and_why_the_rest_is_not():
    coverage = shop().coverage

    assert (coverage.models, coverage.parsed) == (6, 5)
    assert (coverage.columns, coverage.resolved, coverage.typed) == (21, 19, 20)
    # `scores` is not known, and dim_customer.score is made of it.
    assert coverage.grounded == 18
    assert coverage.unresolved == (Unresolved(PYTHON, ("email", "score"), "it is a Python model"),)
    assert [item.node for item in coverage.incomplete] == [RAW_USERS]


def test_a_column_that_reads_what_a_model_does_not_list_is_not_grounded():
    above = NodeLineage("model.a", "a", "model", columns=(column("x"),), known_from="compiled sql")
    uses = column("y", ("model.a", "gone", "rename"))
    below = NodeLineage("model.b", "b", "model", columns=(uses,), known_from="compiled sql")

    assert Lineage({"model.a": above, "model.b": below}).coverage.grounded == 1


def test_a_column_of_a_source_ends_there_even_where_the_source_does_not_list_it():
    above = NodeLineage("source.a", "s.a", "source", is_complete=False)
    below = NodeLineage("model.b", "b", "model", columns=(column("y", ("source.a", "x", "rename")),))

    assert Lineage({"source.a": above, "model.b": below}).coverage.grounded == 1


def test_coverage_is_complete_when_every_column_of_the_models_is_known_whatever_sources_may_have():
    lineage = shop()
    source = NodeLineage("source.a", "s.a", "source", columns=(column("x"),), is_complete=False)
    known = NodeLineage("model.b", "b", "model", columns=(column("y", ("source.a", "x", "rename")),))
    open_ended = NodeLineage("model.c", "c", "model", is_complete=False)

    assert not lineage.coverage.is_complete
    assert Lineage({"source.a": source, "model.b": known}).coverage.is_complete
    assert not Lineage({"source.a": source, "model.c": open_ended}).coverage.is_complete


def test_an_empty_project_has_an_empty_coverage():
    coverage = Lineage({}).coverage

    assert (coverage.models, coverage.columns, coverage.is_complete) == (0, 0, True)


# --- any graph ----------------------------------------------------------------------------------------


def values_above(lineage: Lineage, ref: ColumnRef) -> set[ColumnRef]:
    """The column and all that its values are made of."""
    above, waiting = {ref}, [ref]
    while waiting:
        for edge in lineage.edges_into(waiting.pop()):
            if edge.source.column and edge.source not in above:
                above.add(edge.source)
                waiting.append(edge.source)
    return above


def refs_of(lineage: Lineage) -> list[ColumnRef]:
    return [ColumnRef(name, c.name) for name, node in lineage.nodes.items() for c in node.columns]


@settings(max_examples=50)
@given(graphs())
def test_upstream_and_downstream_are_the_same_paths_seen_from_both_ends(lineage: Lineage):
    refs = refs_of(lineage)
    above = {ref: {e.source for e in lineage.upstream(ref)} for ref in refs}
    below = {ref: {e.target for e in lineage.downstream(ref)} for ref in refs}

    for one in refs:
        for other in refs:
            assert (one in above[other]) == (other in below[one])


@settings(max_examples=50)
@given(graphs(), st.integers(0, 4))
def test_a_walk_gives_each_edge_once_and_the_shallower_is_part_of_the_deeper(lineage: Lineage, depth: int):
    for ref in refs_of(lineage):
        for walk in (lineage.upstream, lineage.downstream):
            for rows in (False, True):
                shallow = walk(ref, depth=depth, rows=rows)
                deep = walk(ref, depth=depth + 1, rows=rows)
                assert len(set(deep)) == len(deep)
                assert deep[: len(shallow)] == shallow


@settings(max_examples=50)
@given(graphs())
def test_rows_only_add_to_a_walk(lineage: Lineage):
    for ref in refs_of(lineage):
        assert set(lineage.upstream(ref)) <= set(lineage.upstream(ref, rows=True))
        assert set(lineage.downstream(ref, rows=False)) <= set(lineage.downstream(ref))


@settings(max_examples=50)
@given(graphs())
def test_a_column_carries_a_tag_exactly_where_a_path_of_values_leads_from_a_tagged_one(lineage: Lineage):
    declared = {ColumnRef(name, tagged) for name, node in lineage.nodes.items() for tagged in node.tags}
    for ref in refs_of(lineage):
        assert lineage.carried_tags.get(ref, {}).get("pii", ()) == tuple(
            sorted(values_above(lineage, ref) & declared)
        )


@settings(max_examples=50)
@given(graphs())
def test_grounded_are_the_columns_that_no_unknown_one_leads_to(lineage: Lineage):
    """The same said the other way round: by walking up from every column."""
    unknown = {
        ColumnRef(name, c.name)
        for name, node in lineage.nodes.items()
        for c in node.columns
        if c.made == "unknown" and node.resource_type == "model"
    }
    grounded = 0
    for ref in refs_of(lineage):
        grounded += lineage.nodes[ref.node].resource_type == "model" and not (
            values_above(lineage, ref) & unknown
        )
    assert lineage.coverage.grounded == grounded


def test_the_shop_of_the_tests_has_an_edge_for_every_use():
    lineage = shop()

    edges = list(lineage.edges())

    assert len(edges) == len(set(edges)) == 27
    assert {edge.source.node for edge in edges} == {
        RAW_ORDERS, RAW_USERS, RATES, STG_ORDERS, STG_USERS, FCT, PYTHON
    }  # fmt: skip
    assert SNAPSHOT in {edge.target.node for edge in edges}


def test_a_column_of_a_source_that_nobody_lists_is_found_by_what_reads_it():
    source = NodeLineage("source.raw.orders", "raw.orders", "source", is_complete=False)
    use = ColumnUse(source.unique_id, "amount", "passthrough")
    model = NodeLineage("model.stg", "stg", "model", columns=(OutputColumn("amount", uses=(use,)),))
    lineage = Lineage({node.unique_id: node for node in (source, model)})

    assert lineage.find("raw.orders.Amount") == ColumnRef("source.raw.orders", "amount")
    with pytest.raises(UnknownName) as raised:
        lineage.find("raw.orders.amout")
    assert "amount" in (raised.value.hint or "")
