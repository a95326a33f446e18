"""What `aidbt build` says for people."""

from __future__ import annotations

from datetime import UTC, datetime

from aidbt.cli.build import _text
from aidbt.core.findings import RunFailure
from aidbt.project.dbt import RunReport

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def lines_of(*said: str) -> list[str]:
    failure = RunFailure("test.shop.aidbt_volume_orders", "fail", "Got 2 results, configured to fail if >= 2")
    report = RunReport(
        ("dbt", "build"), "failed", 1, "id", NOW, NOW, "1.11.16", "in_process", failures=(failure,), said=said
    )
    return list(_text(report))


def test_what_a_monitor_found_stands_below_what_dbt_says_of_its_test():
    found = "orders, 2026-11-20: 50 rows, usual is 76 to 132, and the build stops below 72"

    *_, dbts, heading, ours = lines_of(found)

    assert dbts.strip().startswith("Got 2 results")
    assert (heading, ours) == ("monitors that dbt asked:", f"  {found}")


def test_a_build_of_many_monitors_shows_some_and_how_many_more():
    lines = lines_of(*(f"t{n}: 0 rows" for n in range(10)))

    assert lines[-3:-1] == ["  t6: 0 rows", "  t7: 0 rows"]
    assert "2 more" in lines[-1]


def test_without_monitors_nothing_is_said_of_them():
    assert not [line for line in lines_of() if "monitor" in line]
