"""Which part of the lineage an incident shows."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aidbt.observability.report.lineage_part import MOST_NODES, lineage_part
from tests.aidbt.observability.report.made import DASH, MART, ORDERS, PARENTS, STG, broken_orders

INCIDENT = broken_orders().incident


def test_what_is_upstream_stands_on_the_left():
    part = lineage_part(INCIDENT, PARENTS)

    assert part is not None
    assert {node.unique_id: node.column for node in part.nodes} == {STG: 0, ORDERS: 1, MART: 2, DASH: 3}
    assert set(part.edges) == {(STG, ORDERS), (ORDERS, MART), (MART, DASH)}


def test_a_node_alone_has_no_picture():
    assert lineage_part(replace(INCIDENT, affected=(STG,), exposed=()), PARENTS) is None
    assert lineage_part(replace(INCIDENT, root="", affected=(), exposed=()), PARENTS) is None


def test_over_what_is_not_shown_the_way_goes_on():
    part = lineage_part(replace(INCIDENT, affected=(STG,), exposed=(DASH,)), PARENTS)

    assert part is not None
    assert part.edges == ((STG, DASH),)


def test_what_there_is_no_room_for_is_counted_and_what_is_affected_comes_before_what_may_be():
    affected = tuple(f"model.shop.a{n}" for n in range(6))
    exposed = tuple(f"model.shop.e{n:03d}" for n in range(200))
    parents = {**dict.fromkeys(affected, (STG,)), **dict.fromkeys(exposed, (affected[0],))}
    part = lineage_part(replace(INCIDENT, affected=(STG, *affected), exposed=exposed), parents)

    assert part is not None
    shown = {node.unique_id for node in part.nodes}
    assert {STG, *affected} <= shown
    assert len(shown) <= MOST_NODES and len(shown) + part.left_out == 207


NODES = [f"model.shop.n{n}" for n in range(8)]


@given(st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=4)))
def test_any_graph_ends_circles_too_and_no_two_nodes_lie_on_each_other(parents: dict[str, list[str]]):
    incident = replace(INCIDENT, root=NODES[0], affected=tuple(NODES[:4]), exposed=tuple(NODES[4:]))
    part = lineage_part(incident, parents)

    assert part is not None
    places = [(node.column, node.row) for node in part.nodes]
    assert len(places) == len(set(places))
    known = {node.unique_id for node in part.nodes}
    assert all({above, below} <= known and above != below for above, below in part.edges)
