"""Monitors that stand in a project as data tests, and what follows for what is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aidbt.core.measured import Monitor
from aidbt.generate.base_models import macro_files
from aidbt.monitors.judging.bounds import TESTED
from aidbt.monitors.judging.declared import TESTS, event_times, monitor_tests
from tests.aidbt.monitors.measured_shop import ORDERS, column_test, manifest_of, measured_shop, model


def monitor(name: str, column: str | None = None, **kwargs: str) -> dict[str, Any]:
    """A data test of our monitors, as a manifest has it."""
    test = column_test(name, "orders", column or "")
    return {**test, "column_name": column, "test_metadata": {"name": name, "kwargs": kwargs}}


def test_each_test_is_the_monitor_that_it_compares(tmp_path: Path):
    nodes = [
        model("orders"), column_test("unique", "orders", "id"),
        monitor("aidbt_volume", event_time="ordered_at"), monitor("aidbt_mean", '"Amount"'),
    ]  # fmt: skip
    manifest = manifest_of(tmp_path / "manifest.json", nodes)

    assert [test.monitor for test in monitor_tests(manifest)] == [
        Monitor(ORDERS, "row_count"), Monitor(ORDERS, "mean", "Amount")
    ]  # fmt: skip
    assert event_times(manifest) == {ORDERS: "ordered_at"}


def test_a_view_with_monitors_is_measured_by_their_event_time(tmp_path: Path):
    with measured_shop(tmp_path) as shop:
        view = model("orders", config={"materialized": "view"})
        shop.nodes = [view]
        assert shop.collect().measured == ()

        shop.nodes = [view, monitor("aidbt_volume", event_time="ordered_at")]
        (found,) = shop.collect().measured

    assert (found.unique_id, found.grain, found.why) == (ORDERS, "day", "event_time of its monitors")


def test_every_macro_is_known_and_has_bounds():
    text = macro_files("macros")["macros/aidbt/monitors.sql"]

    assert [f"{{% test {name}(" in text for name in TESTS] == [True] * len(TESTS)
    assert text.count("{% test ") == len(TESTS)
    assert set(TESTS.values()) == set(TESTED)
