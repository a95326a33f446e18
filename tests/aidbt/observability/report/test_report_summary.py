"""The report in a sentence and in a handful of numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.observability.report.page import main_job
from aidbt.observability.report.summary import score_state, steps, tiles, verdict, what_failed
from tests.aidbt.observability.report.made import (
    MART,
    ORDERS,
    STG,
    acknowledged,
    empty,
    freshness,
    healthy,
    quality,
    runs,
    shop,
)


def test_the_worst_comes_first():
    assert verdict(shop()) == (
        "bad", "1 error is open, 1 warning is open, 1 test fails and 1 table is late."
    )  # fmt: skip
    assert verdict(replace(healthy(), freshness=freshness())) == ("bad", "1 table is late.")
    only_warned = tuple(test for test in shop().tests if test.state != "bad")
    assert verdict(replace(healthy(), tests=only_warned)) == ("warn", "1 test warns.")
    assert verdict(replace(healthy(), incidents=(acknowledged(),))) == ("warn", "1 warning is open.")
    assert verdict(replace(healthy(), runs=runs()[1:])) == ("bad", "The last run failed.")
    assert verdict(healthy()) == ("good", "Nothing is wrong that is known.")
    assert verdict(empty()) == ("none", "Nothing is known of this project yet.")


def test_it_says_what_to_do_first_and_each_thing_once():
    found = steps(shop())

    assert [step.place for step in found] == ["INC-12", "INC-9", "tests", "quality"]
    assert found[0].command == "aidbt incidents show INC-12"
    assert found[2].text == "1 test fails: unique_fct_orders_order_id"
    assert found[3].text.endswith("(+3.1 points of quality)")
    failed = replace(runs()[1], problems=((STG, "Binder Error: no such column"),))
    assert steps(replace(healthy(), runs=(failed,), quality=None))[0].text == (
        "The last run failed: stg_crm__orders"
    )
    assert steps(empty()) == []


def test_what_an_incident_tells_is_not_told_again():
    [first, *others] = shop().open
    test = next(test for test in shop().tests if test.state == "bad")
    told = replace(first, incident=replace(first.incident, failures=(test.unique_id,)))

    assert [s.place for s in steps(replace(shop(), incidents=(told, *others)))] == [
        "INC-12",
        "INC-9",
        "quality",
    ]


def test_of_a_run_that_failed_before_any_node_what_dbt_said_counts():
    run = replace(runs()[1], status="error", problems=(("", "Could not find profile named 'shop'"),))

    assert what_failed(run) == "Could not find profile named 'shop'"
    assert what_failed(replace(run, problems=())) == "dbt does not say why"
    many = tuple(
        (node, "") for node in (STG, ORDERS, MART, "test.shop.unique_a.1", "unit_test.shop.a.adds_up")
    )
    assert what_failed(replace(run, problems=many)) == (
        "stg_crm__orders, fct_orders, mart_revenue and 2 more"
    )


def test_only_runs_of_one_command_are_compared():
    fresh = tuple(
        replace(run, id=f"f{run.id}", command="dbt source freshness", seconds=1.0) for run in runs()
    )

    assert main_job((*fresh, *runs())) == "dbt build"
    assert main_job(runs()[:1]) == main_job(()) == ""


def test_each_number_says_of_how_many_and_leads_to_its_section():
    found = {tile.label: tile for tile in tiles(shop())}

    assert (found["Open incidents"].value, found["Open incidents"].state) == ("2", "bad")
    assert (found["Tests that pass"].value, found["Tests that pass"].more) == (
        "40",
        "of 42; 1 failing and 1 warning",
    )
    assert found["Late data"].more == "of 2 tables"
    assert found["Quality"].value == "87.9"
    assert found["Last run"].more == "4 hours ago, dbt build"
    assert found["Language models"].value == "0.84 USD"
    assert {tile.section for tile in found.values()} <= {
        "incidents", "quality", "tests", "freshness", "runs", "costs",
    }  # fmt: skip


def test_what_is_not_known_is_not_shown_as_fine():
    found = {tile.label: tile for tile in tiles(empty())}

    assert {tile.state for tile in found.values()} == {"none"}
    assert "Language models" not in found


@pytest.mark.parametrize(
    ("score", "minimum", "state"),
    [(None, None, "none"), (99.0, None, "good"), (90.0, None, "warn"), (10.0, None, "bad"),
     (90.0, 85.0, "good"), (84.9, 85.0, "bad")],
)  # fmt: skip
def test_a_score_is_judged_by_what_is_asked_for(score: float | None, minimum: float | None, state: str):
    assert score_state(score, minimum) == state


def test_a_score_is_never_rounded_up_to_all_of_it():
    report = replace(shop(), quality=replace(quality(), score=99.99))

    assert next(tile for tile in tiles(report) if tile.label == "Quality").value == "99.9"
