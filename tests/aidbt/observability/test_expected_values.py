"""A new value that a person called expected, judged with the real detectors in the weeks after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from aidbt.core.config import MonitorSettings
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.feedback.verdicts import Feedback
from aidbt.monitors.judging.due import Judged
from aidbt.observability.checking_buckets import Judging, check_grain
from aidbt.store.buckets import Series
from tests.aidbt.monitors.measured_shop import manifest_of, model

FIRST = datetime(2027, 6, 1)
DAY = timedelta(days=1)
DAYS, NEW = 93, 85
MART, SOURCE = "model.shop.fct_orders", "source.shop.raw.orders"


def orders(node: str, since: int, days: int) -> Series:
    """Days with the channels of some 150 orders, and one more channel from a day on."""
    draw = np.random.default_rng(7)
    facts, listed = [], []
    for day in range(days):
        share = {"web": 0.6, "app": 0.4} if day < since else {"web": 0.48, "app": 0.32, "marketplace": 0.2}
        rows = {value: float(draw.poisson(150 * part)) for value, part in share.items()}
        lengths = {len(value): count for value, count in rows.items()}
        length = sum(len(value) * count for value, count in rows.items())
        facts.append([sum(rows.values()), 0.0, float(len(lengths)), length])
        listed.append({"channel": rows})
    keys = {("rows", ""): 0, ("nulls", "channel"): 1, ("distinct", "channel"): 2, ("lengths", "channel"): 3}
    starts = tuple(FIRST + DAY * day for day in range(days))
    no, never = np.zeros(days, bool), np.full(days, np.nan)
    return Series(node, "day", starts, keys, np.array(facts), tuple(listed), no, never, ("",) * days)


def told(tmp_path: Path, feedback: Sequence[Feedback], until: int = DAYS) -> list[Anomaly]:
    """What a check a day tells from the day on on which the source has the new channel, too."""
    source = model("orders", unique_id=SOURCE, resource_type="source", source_name="raw")
    mart = model("fct_orders", reads=[SOURCE])
    manifest = manifest_of(tmp_path / "manifest.json", [mart], [source])
    judging = Judging(
        manifest, MonitorSettings(), None, None, datetime(2027, 9, 10, tzinfo=UTC), {}, "duckdb", feedback
    )
    found: list[Anomaly] = []
    remembered: dict[str, Judged] = {}
    for days in range(NEW + 1, until + 1):
        check = check_grain([orders(SOURCE, NEW + 1, days), orders(MART, NEW, days)], remembered, judging)
        remembered |= {key.partition("|")[0]: one for key, one in check.remembered.judged.items()}
        found += check.found.anomalies
    return found


def test_a_new_value_that_is_expected_is_not_told_of_the_source_nor_daily_of_its_length(tmp_path: Path):
    opened = told(tmp_path, (), until=NEW + 1)
    assert {one.monitor for one in opened} >= {Monitor(MART, "new_values", "channel")}
    said = [
        Feedback(one.monitor, one.start, one.start + DAY, "expected")
        for one in opened
        if one.start == FIRST + DAY * NEW
    ]
    again = [one for one in told(tmp_path, (), until=NEW + 3) if one.start > FIRST + DAY * NEW]
    assert {one.monitor.node for one in again} >= {SOURCE}
    assert [one.message for one in told(tmp_path, said) if one.start > FIRST + DAY * NEW] == []
