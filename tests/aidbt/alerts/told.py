"""Incidents and deliveries for tests of alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidbt.alerts.channel import Channel, Delivery
from aidbt.alerts.delivery import open_channel
from aidbt.alerts.message import Message, item_of
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentEvent, IncidentState, What
from aidbt.core.measured import Anomaly, Monitor
from aidbt.core.resilience import Deadline, SystemClock

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
# What somebody who names columns may try: markup of every channel, quotes, other alphabets.
HOSTILE = "o\"r'd <b>&{{ 7*7 }} [x](http://evil) @all `rm` | \\ \n::error::"


def incident(
    id: str = "INC-1",
    *,
    state: IncidentState = IncidentState.OPEN,
    severity: Severity = Severity.ERROR,
    title: str = "orders has 62 % fewer rows than expected on a Friday; 2 models below",
    **more: Any,
) -> Incident:
    found = Anomaly(
        Monitor("model.shop.orders", "row_count"),
        datetime(2026, 11, 20),
        "day",
        5.0,
        "380 rows; on other Fridays 900 to 1,100",
    )
    given = {
        "affected": ("model.shop.orders",), "exposed": ("model.shop.a", "model.shop.b"),
        "anomalies": (found,), "owner": "finance", "version": 1,
        "timeline": (IncidentEvent(NOW, "opened", note=title),), **more,
    }  # fmt: skip
    return Incident(id, state, severity, title, "model.shop.orders", opened_at=NOW, updated_at=NOW, **given)


def message(*incidents: Incident, what: What = "opened", id: str = "m1", **more: Any) -> Message:
    return Message(id, tuple(item_of(one, what) for one in incidents or (incident(),)), "shop", NOW, **more)


def channel(root: Path, said: list[str] | None = None, **settings: Any) -> Channel:
    keep = said if said is not None else []
    return open_channel("team", ChannelSettings(**settings), Templates(root), keep.append)


def send(
    to: Channel, told: Message, *, seconds: float = 10, reference: str = "", repeated: bool = False
) -> str:
    return to.send(Delivery(told, reference, repeated), Deadline.after(seconds, SystemClock()))
