"""What people say of alerts, from their words to what the next check tells."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.measured import Monitor
from aidbt.core.patch import apply_patch
from aidbt.monitors.feedback.file import Said, feedback_patch
from aidbt.monitors.feedback.verdicts import Feedback, Verdict
from aidbt.observability.adjusting import known_adjustments, project_feedback
from aidbt.observability.giving_feedback import (
    find_monitor,
    is_incident,
    meant_incident,
    meant_monitor,
    parse_bucket,
)
from aidbt.store import open_store
from tests.aidbt.monitors.measured_shop import ORDERS, manifest_of, measured_shop
from tests.aidbt.observability.test_monitoring import HALF_OF_YESTERDAY, TODAY, Watched

ROWS = Monitor(ORDERS, "row_count")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A shop in which a day had too few rows, which became INC-1; for reading."""
    with measured_shop(tmp_path_factory.mktemp("told")) as made:
        shop = Watched(made)
        shop.check()
        shop.on(1, HALF_OF_YESTERDAY).check()
        yield shop


@pytest.fixture
def watched(told: Watched, tmp_path: Path) -> Iterator[Watched]:
    """A copy of it for writing."""
    shutil.copytree(told.shop.folder, tmp_path / "shop")
    with closing(open_store(tmp_path / "shop" / "state.db")) as store:
        mine = copy.copy(told)
        mine.shop = replace(told.shop, folder=tmp_path / "shop", store=store)
        yield mine


def say(watched: Watched, verdict: Verdict, of: object) -> tuple[Feedback, ...]:
    """Write it as the command does, and read it as a check does."""
    root = watched.shop.folder
    said = Said(verdict, of.of, "ana", datetime(2026, 4, 1, tzinfo=UTC))  # type: ignore[attr-defined]
    apply_patch(feedback_patch(root, said), root)
    manifest = manifest_of(root / "manifest.json", watched.shop.nodes)
    found, findings = project_feedback(root, manifest, watched.shop.store)
    assert findings == ()
    return found


def test_an_incident_means_all_its_findings_and_a_monitor_one(told: Watched):
    whole = meant_incident(told.shop.store, "inc1", "false-alarm")
    one = meant_monitor(told.shop.store, "Orders  row_count", "false-alarm", f"{TODAY:%Y-%m-%d}")

    assert whole.is_whole and {monitor for monitor, _, _ in whole.of} > {ROWS}
    assert one.of == ((ROWS, "day", (TODAY,)),)
    assert one.incident is not None and one.incident.id == "INC-1"


def test_a_false_alarm_raises_the_threshold_and_is_kept_for_people_to_see(watched: Watched):
    feedback = say(watched, "false-alarm", meant_incident(watched.shop.store, "INC-1", "false-alarm"))

    watched.on(2).again(feedback=feedback)

    shifts = known_adjustments(watched.shop.store)
    assert ROWS in shifts and 0 < shifts[ROWS]["shift"] <= 0.31
    assert shifts[ROWS]["why"] == "1 of 1 alerts were false"
    watched.again(feedback=())
    assert known_adjustments(watched.shop.store) == {}


def test_what_was_real_is_told_when_it_comes_again(watched: Watched):
    feedback = say(watched, "real", meant_incident(watched.shop.store, "INC-1", "real"))
    half = f"ordered_at < timestamp '{TODAY}' or id % 4 = 0"

    found = watched.on(2, half).check(feedback=feedback)

    assert (ROWS, TODAY + timedelta(days=1)) in {(a.monitor, a.start) for a in found.found.anomalies}
    assert known_adjustments(watched.shop.store) == {}


def test_what_is_expected_begins_anew(watched: Watched):
    less = f"id % 4 = 0 or ordered_at < timestamp '{TODAY}'"
    feedback = say(watched, "expected", meant_incident(watched.shop.store, "INC-1", "expected"))

    without = watched.on(4, less).check()
    told = [a for a in without.found.anomalies if a.monitor == ROWS]
    accepted = watched.on(5, less).check(feedback=feedback)

    assert told  # nobody had said yet that the lower level is right
    assert ROWS not in {anomaly.monitor for anomaly in accepted.found.anomalies}


def test_what_was_missed_is_told_from_then_on(watched: Watched):
    quiet = f"{TODAY - timedelta(days=10):%Y-%m-%d}"

    feedback = say(watched, "missed", meant_monitor(watched.shop.store, "orders row_count", "missed", quiet))
    watched.on(2).again(feedback=feedback)

    assert known_adjustments(watched.shop.store) == {}  # an ordinary day: no threshold would have told it


@pytest.mark.parametrize(
    ("text", "verdict", "bucket", "words"),
    [
        ("orders row_count", "false-alarm", "2026-01-10", "nobody was told"),
        ("orders row_count", "real", "2026-01-10", "nobody was told"),
        ("orders row_count", "missed", f"{TODAY:%Y-%m-%d}", "INC-1 told of it"),
        ("orders row_count", "expected", "2019-01-01", "nothing was measured"),
        ("orders row_count", "expected", "Tuesday", "is no bucket"),
        ("orders row_cuont", "expected", "2026-01-10", "no monitor is called"),
    ],
)
def test_what_cannot_be_meant_is_refused(told: Watched, text: str, verdict: Verdict, bucket: str, words: str):
    with pytest.raises(UsageError, match=words):
        meant_monitor(told.shop.store, text, verdict, bucket)


@pytest.mark.parametrize(
    ("id", "verdict", "bucket", "words"),
    [
        ("INC-1", "missed", None, "not missed"),
        ("INC-1", "real", "2019-01-01", "nothing in 2019"),
        ("INC-7", "real", None, "INC-7"),
    ],
)
def test_what_cannot_be_said_of_an_incident_is_refused(
    told: Watched, id: str, verdict: Verdict, bucket: str | None, words: str
):
    with pytest.raises(UsageError, match=words):
        meant_incident(told.shop.store, id, verdict, bucket)


def test_names_of_monitors():
    known = [ROWS, Monitor(ORDERS, "mean", "amount"), Monitor("model.other.orders", "row_count")]

    assert find_monitor("orders.amount MEAN", known).column == "amount"
    assert find_monitor("model.other.orders|row_count|", known) == known[2]
    with pytest.raises(UsageError, match="several monitors"):
        find_monitor("orders row_count", known)
    with pytest.raises(UnknownName) as caught:
        find_monitor("orders.amount meen", known)
    assert caught.value.hint is not None and "orders.amount mean" in caught.value.hint


def test_incidents_and_buckets_as_people_write_them():
    assert [is_incident(text) for text in ("INC-12", "inc12", "#3", "7", "orders mean", "incident")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
    assert parse_bucket("2026-03-31") == (datetime(2026, 3, 31), datetime(2026, 4, 1))
    assert parse_bucket("2026-03-31 14:05") == (datetime(2026, 3, 31, 14, 5), datetime(2026, 3, 31, 14, 6))
