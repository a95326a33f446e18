"""Which alerts are of one incident: in whole histories, by time and lineage."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.measured import Monitor
from aidbt.monitors.incidents.grouping import AGAIN_SPANS, NEAR_SPANS, incident_ids
from aidbt.monitors.incidents.upstream import Upstream
from tests.aidbt.monitors.findings import PARENTS, node


def ids(alerts: dict[tuple[str, int], str], days: int = 30) -> list[int]:
    """The incidents of alerts (node, day) → metric, in the order given."""
    monitors = sorted({Monitor(node(name), metric) for (name, _), metric in alerts.items()})
    grid = np.zeros((len(monitors), days), dtype=bool)
    for (name, day), metric in alerts.items():
        grid[monitors.index(Monitor(node(name), metric)), day] = True
    found = incident_ids(monitors, PARENTS, grid)
    assert ((found >= 0) == grid).all()
    return [
        int(found[monitors.index(Monitor(node(name), metric)), day]) for (name, day), metric in alerts.items()
    ]


def test_what_lies_above_and_below_on_one_day_is_one():
    assert (
        ids({("stg_orders", 3): "row_count", ("orders", 3): "mean", ("revenue", 3): "null_rate"}) == [0] * 3
    )


def test_two_faults_in_pipelines_that_have_nothing_in_common_are_two():
    assert ids({("orders", 3): "row_count", ("visits", 3): "row_count"}) == [0, 1]


def test_two_sources_stay_two_though_one_mart_reads_both():
    found = ids(
        {("stg_orders", 3): "row_count", ("stg_customers", 3): "row_count", ("revenue", 3): "row_count"}
    )
    assert found[0] != found[1]
    assert found[2] == found[1]  # the nearer


def test_siblings_on_one_day_are_one_though_what_both_read_says_nothing():
    assert ids({("orders", 3): "row_count", ("refunds", 3): "row_count"}) == [0, 0]


def test_a_node_that_everybody_reads_makes_no_siblings():
    parents = {f"model.shop.m{i}": ("model.shop.calendar",) for i in range(20)}
    monitors = [Monitor(f"model.shop.m{i}", "row_count") for i in range(2)]
    assert incident_ids(monitors, parents, np.ones((2, 1), dtype=bool))[:, 0].tolist() == [0, 1]


def test_a_source_of_which_most_tables_are_wrong_is_one_cause_and_two_of_many_are_two():
    nodes = [f"source.shop.crm.t{i}" for i in range(8)]
    alerts = np.ones((5, 1), dtype=bool)
    found = incident_ids(
        [Monitor(one, "freshness_minutes") for one in nodes[:5]], dict.fromkeys(nodes, ()), alerts
    )
    assert len(set(found[:, 0])) == 1
    two = incident_ids([Monitor(one, "row_count") for one in nodes[:2]], dict.fromkeys(nodes, ()), alerts[:2])
    assert len(set(two[:, 0])) == 2


def test_when_most_of_a_project_is_wrong_at_once_that_is_one_cause():
    parents = {f"model.shop.m{i}": (f"source.shop.s{i}.t",) for i in range(24)}
    monitors = [Monitor(one, "freshness_minutes") for one in parents]
    alerts = np.zeros((24, 2), dtype=bool)
    alerts[:12, 0] = True
    assert set(incident_ids(monitors, parents, alerts)[:12, 0].tolist()) == {0}
    alerts[11, 0] = False  # less than half
    assert len(set(incident_ids(monitors, parents, alerts)[:11, 0].tolist())) == 11


def test_the_cause_may_show_after_its_effect():
    assert ids({("orders", 3): "row_count", ("stg_orders", 4): "row_count"}) == [0, 0]


def test_days_apart_the_same_thing_is_the_same_incident_and_its_neighbour_is_not():
    gap = int(AGAIN_SPANS)
    assert ids({("orders", 3): "mean", ("orders", 4 + gap): "mean"}) == [0, 0]
    assert ids({("orders", 3): "mean", ("orders", 5 + gap): "mean"}) == [0, 1]
    near = int(NEAR_SPANS)
    assert ids({("orders", 3): "mean", ("stg_orders", 4 + near): "mean"}) == [0, 0]
    assert ids({("orders", 3): "mean", ("stg_orders", 5 + near): "mean"}) == [0, 1]


def test_a_thousand_tables_at_once_are_told_apart_in_no_time():
    monitors = [Monitor(f"model.shop.m{i // 5}", f"m{i % 5}") for i in range(5000)]
    found = incident_ids(monitors, {}, np.ones((5000, 3), dtype=bool))
    assert found[:, 2].max() == 999


GRIDS = st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None)
@given(GRIDS, st.integers(1, 12))
def test_an_alert_keeps_its_incident_whatever_comes_later(grid: list[list[bool]], upto: int):
    alerts = np.array(grid)
    nodes = ["stg_orders", "orders", "refunds", "revenue", "stg_customers", "visits"]
    monitors = [Monitor(node(name), "row_count") for name in nodes]
    whole = incident_ids(monitors, PARENTS, alerts)
    assert (whole[:, :upto] == incident_ids(monitors, PARENTS, alerts[:, :upto])).all()
    assert ((whole >= 0) == alerts).all()


def test_lineage_is_walked_also_where_it_runs_in_a_circle():
    upstream = Upstream({"a": ("b",), "b": ("a",), "c": ("a",)})
    assert upstream.tops(["a", "b", "c"]) == ["a", "b"]
    assert upstream.below(["a"]) == ("b", "c")
    assert upstream.steps("c", "b") == 2 and upstream.steps("b", "x") is None
