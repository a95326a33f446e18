"""The past told as if each day had just come: incidents open and end when they would have, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aidbt.core.config import AlertSettings, Settings
from aidbt.core.incidents import IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import record
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.observability.monitoring import Outcome, check_project
from aidbt.store.incidents import Incidents
from aidbt.store.outbox import Outbox
from tests.aidbt.monitors.measured_shop import ORDERS, manifest_of, measured_shop
from tests.aidbt.observability.test_monitoring import FIRST, TODAY, Watched

ODD = FIRST + timedelta(days=40)
# Of one day long ago only every eighth order is there.
HOLE = f"ordered_at < timestamp '{ODD}' or ordered_at >= timestamp '{ODD + timedelta(days=1)}' or id % 8 = 0"
LOUD = Settings(alerts=AlertSettings.model_validate({"channels": {"team": {"kind": "console"}}}))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with measured_shop(tmp_path) as made:
        shop = Watched(made).on(0, HOLE)
        shop.shop.collect()
        yield shop


def told(watched: Watched, **options) -> Outcome:
    shop = watched.shop
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    options = {"since": FIRST, "until": TODAY, **options}
    return check_project(manifest, shop.store, LOUD, shop.warehouse, now=shop.now, **options)


def test_an_incident_has_the_days_that_it_would_have_had(watched: Watched):
    found = told(watched)

    change = next(c for c in found.changes if any(a.start == ODD for a in c.after.anomalies))
    incident = change.after
    assert incident.root == ORDERS
    assert incident.opened_at.date() == (ODD + timedelta(days=1)).date()
    assert incident.state is IncidentState.RESOLVED
    assert incident.ended_at is not None
    assert timedelta(0) < incident.ended_at - incident.opened_at <= timedelta(days=2)
    assert [event.what for event in incident.timeline][-1] == "resolved"
    assert Incidents(watched.shop.store).get(incident.id) == incident


def test_nobody_is_told_and_no_bounds_are_written(watched: Watched):
    found = told(watched)

    assert found.changes
    assert not Outbox(watched.shop.store).waiting()
    assert (found.found.bounds, found.bounded_until) == ((), "")


def test_a_second_time_nothing_is_new(watched: Watched):
    first = told(watched)

    again = told(watched)

    assert (again.found.anomalies, again.changes) == ((), ())
    assert len(Incidents(watched.shop.store).all()) == len(first.changes)


def test_what_is_wrong_today_has_nothing_to_do_with_the_past(watched: Watched):
    store, yesterday = watched.shop.store, TODAY - timedelta(days=1)
    now = Anomaly(Monitor(ORDERS, "row_count"), yesterday, "day", 4.0, "few", value=5.0, expected=900.0)
    [today] = record(store, News((now,)), Surroundings(), LOUD, now=watched.shop.now)

    found = told(watched, until=yesterday)

    assert Incidents(store).get(today.after.id) == today.after
    assert ODD in {a.start for c in found.changes for a in c.after.anomalies}


def test_a_new_value_has_not_passed_on_a_day_without_rows(tmp_path: Path):
    first, second, third = (f"timestamp '{ODD + timedelta(days=number)}'" for number in range(3))
    lost = f"case when ordered_at >= {first} and ordered_at < {second} then 'lost' else status end"
    with measured_shop(tmp_path) as made:
        columns = f"* replace ({lost} as status)"
        shop = Watched(made).on(0, f"ordered_at < {second} or ordered_at >= {third}", columns)
        shop.shop.collect()
        found = told(shop).found

    well = found.well["day", Monitor(ORDERS, "new_values", "status")]
    assert next(start - ODD for start in well if start >= ODD) == timedelta(days=2)


def test_what_is_of_that_day_or_later_is_not_judged(watched: Watched):
    found = told(watched, until=ODD)

    assert not [a for a in found.found.anomalies if a.start >= ODD]
    assert found.found.buckets == 40


@pytest.mark.long
def test_told_day_by_day_it_is_the_same(watched: Watched, tmp_path: Path):
    whole = {(a.monitor, a.start, a.score) for a in told(watched).found.anomalies}

    with measured_shop(tmp_path / "other") as made:
        shop = Watched(made).on(0, HOLE)
        shop.shop.collect()
        days = [
            told(shop, since=ODD + timedelta(days=n), until=ODD + timedelta(days=n + 1)) for n in range(-1, 3)
        ]

    near = {one for one in whole if abs(one[1] - ODD) <= timedelta(days=1)}
    single = {(a.monitor, a.start, a.score) for day in days for a in day.found.anomalies}
    assert near
    assert near <= single
