"""What an incident's screens add from other tables of the store: few lines, each fact once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aidbt.core.config import MonitorSettings
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.observability.coinciding import coinciding
from aidbt.store import open_store
from aidbt.store.buckets import Bucket, Buckets

FIRST = datetime(2026, 1, 5)
DAY = FIRST + timedelta(days=50)
NOW = datetime(2026, 2, 25, tzinfo=UTC)


def test_few_lines_are_told_and_not_of_a_table_and_what_is_made_of_it(tmp_path: Path):
    names = [f"{layer}{number}" for number in range(7) for layer in ("raw", "mart")]
    parents = {f"model.shop.mart{n}": [f"model.shop.raw{n}"] for n in range(7)}
    odd = Anomaly(Monitor("model.shop.prices", "mean", "price"), DAY, "day", 5.0, "odd")
    incident = Incident(
        "INC-1", IncidentState.OPEN, Severity.WARN, "odd", odd.monitor.node, (odd.monitor.node,), NOW, NOW,
        anomalies=(odd,),
    )  # fmt: skip
    with closing(open_store(tmp_path / "state.db")) as store:
        Buckets(store).put(
            Bucket(f"model.shop.{name}", "day", FIRST + timedelta(days=day), {("rows", ""): rows})
            for name in names
            for day in range(52)
            for rows in [9_000.0 + int(name[-1]) if day == 50 else 1_000.0 + day % 5]
        )

        said = coinciding([incident], store, MonitorSettings(), parents)["INC-1"]

    assert [line.partition(":")[0] for line in said] == [f"mart{n}" for n in (6, 5, 4, 3, 2)]
