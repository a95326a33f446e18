"""Each node after what it reads, circles and long chains included."""

from __future__ import annotations

from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from aidbt.lineage.order import reading_order

NAMES = st.sampled_from([f"m{number}" for number in range(12)])


def test_a_node_comes_after_what_it_reads_and_otherwise_as_given():
    order, cycles = reading_order({"mart": ["b", "a"], "a": ["raw"], "b": ["raw"], "raw": [], "alone": []})

    assert order == ["raw", "b", "a", "mart", "alone"]
    assert cycles == []


def test_a_circle_is_named_and_what_reads_it_comes_after():
    order, cycles = reading_order(
        {"after": ["x"], "x": ["y"], "y": ["z", "before"], "z": ["x"], "before": []}
    )

    assert cycles == [("x", "y", "z")]
    assert order == ["before", "x", "y", "z", "after"]


def test_what_reads_itself_is_no_circle():
    assert reading_order({"incremental": ["incremental"]}) == (["incremental"], [])


def test_a_parent_that_is_no_node_is_not_waited_for():
    assert reading_order({"a": ["macro.x"]}) == (["a"], [])


def test_a_chain_of_ten_thousand_models_is_ordered():
    chain = {f"m{number}": [f"m{number + 1}"] for number in range(10_000)}

    order, _ = reading_order(chain)

    assert order[0] == "m9999" and order[-1] == "m0"


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=12))
def test_any_graph_gives_every_name_once_and_parents_first_except_in_circles(parents: dict[str, list[str]]):
    order, cycles = reading_order(parents)

    circle_of = {name: cycle for cycle in cycles for name in cycle}
    place = {name: index for index, name in enumerate(order)}
    assert sorted(order) == sorted(parents)
    for name, its_parents in parents.items():
        for parent in its_parents:
            if parent in parents and parent != name and circle_of.get(name, name) != circle_of.get(parent):
                assert place[parent] < place[name]
    known = {name: {p for p in its if p in parents and p != name} for name, its in parents.items()}
    within = {name: its - set(circle_of.get(name, ())) for name, its in known.items()}
    TopologicalSorter(within).prepare()  # raises for a circle that was not found
