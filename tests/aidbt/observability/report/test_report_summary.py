"""The report in a sentence and in a handful of numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.observability.report.summary import score_state, tiles, verdict
from tests.aidbt.observability.report.made import acknowledged, empty, healthy, quality, runs, shop


def test_the_worst_comes_first():
    assert verdict(shop()) == ("bad", "1 error is open, 1 warning is open and 1 test fails.")
    assert verdict(replace(healthy(), incidents=(acknowledged(),))) == ("warn", "1 warning is open.")
    assert verdict(replace(healthy(), runs=runs()[1:])) == ("bad", "The last run failed.")
    assert verdict(healthy()) == ("good", "Nothing is wrong that is known.")
    assert verdict(empty()) == ("none", "Nothing is known of this project yet.")


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
