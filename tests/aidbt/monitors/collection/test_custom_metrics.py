"""Metrics of a person's own, measured with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from aidbt.monitors.collection.custom import upstream_of_custom
from aidbt.monitors.histories import monitors_of
from tests.aidbt.monitors.measured_shop import ORDERS, Measured, manifest_of, measured_shop

REVENUE = "select date_trunc('day', ordered_at), sum(amount) from {{ ref('orders') }} group by 1"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Measured]:
    with measured_shop(tmp_path) as made:
        yield made


def test_a_select_of_a_day_and_a_number_is_a_history(shop: Measured) -> None:
    result = shop.collect(settings={"custom": {"revenue": REVENUE}})

    series = shop.series("custom.project.revenue")
    assert [start.day for start in series.starts] == [1, 2, *range(4, 11)]  # today is not over
    assert series.fact("custom:revenue")[0] == sum(i * 1.25 for i in range(100) if i % 10)
    assert [str(m) for m in monitors_of(series)] == ["revenue custom:revenue"]
    assert result.measured[-1].why == "monitors.custom"


def test_one_number_is_one_of_this_moment(shop: Measured) -> None:
    shop.collect(settings={"custom": {"open": "select count(*) from orders where status = 'open'"}})

    series = shop.series("custom.project.open", "run")
    assert series.starts == (datetime(2026, 3, 11, 9, 30),)
    assert series.fact("custom:open").tolist() == [225]


def test_what_it_is_made_of_is_its_lineage(shop: Measured) -> None:
    from aidbt.core.config import MonitorSettings

    manifest = manifest_of(shop.folder / "m.json", shop.nodes)
    custom = {"revenue": REVENUE, "odd": "select * from {{ ref('nowhere') }}"}

    found = upstream_of_custom(manifest, MonitorSettings(custom=custom), "duckdb")

    assert found == {"custom.project.revenue": (ORDERS,)}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("delete from orders", "it is neither one SELECT nor"),
        ("select 1; drop table orders", "it is neither one SELECT nor"),
        ("select from where", "it is no SQL"),
        ("select count(*) from {{ ref('order') }}", "did you mean 'orders'"),
        ("select {{ x }}", "of Jinja only"),
        ("revenu", "no metric of the semantic layer is called 'revenu'"),
        ("select count(*) from nowhere", "could not be measured"),
        ("select 1, 2, 3", "gives 3 columns"),
        ("select current_date, 'much'", "which is no number"),
        ("select 'soon', 1", "as a time, which is none"),
        ("copy orders to 'x.csv'", "it is neither one SELECT nor"),
        ("select count(*) from read_csv('/etc/passwd')", "could not be measured"),
    ],
)
def test_what_cannot_be_measured_is_a_finding_and_the_models_go_on(
    shop: Measured, said: str, told: str
) -> None:
    result = shop.collect(settings={"custom": {"odd": said}})

    assert any(told in finding.message for finding in result.findings), result.findings
    assert shop.series().fact("rows")[0] == 100


def test_values_that_are_no_numbers_say_nothing(shop: Measured) -> None:
    sql = (
        "select * from (values (date '2026-03-01', 1.0), (date '2026-03-02', 'nan'::double),"
        " (date '2026-03-03', null), (null, 5.0), (date '2026-03-04', 'inf'::double)) v(day, x)"
    )
    shop.collect(settings={"custom": {"odd": sql}})

    assert shop.series("custom.project.odd").fact("custom:odd").tolist() == [1]
