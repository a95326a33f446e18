"""What is said of columns with personal data: how many and how often, never what stands in a row."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.measured import Anomaly
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.warehouse.pii_names import named_as

# Counts, shares and averages over many rows. The smallest, the largest and the most frequent are values.
_SAYS_NO_VALUE = ("row_count", "distinct_count", "rows_per_key", "mean", "mean_length", "schema")


def without_values(anomaly: Anomaly, around: Surroundings) -> Anomaly:
    """The anomaly as it may be kept and sent: of a column with personal data without its values.

    Such a column is one that the project says is, or whose name says so.
    """
    monitor = anomaly.monitor
    says_none = monitor.metric in _SAYS_NO_VALUE or monitor.metric.endswith("_rate")
    if not monitor.column or says_none or not _is_private(anomaly, around):
        return anomaly
    kept = {name: text for name, text in anomaly.evidence.items() if name in ("cold_start", "seen")}
    message = f"{monitor}: not as expected; it holds personal data, so no value is shown"
    if monitor.metric == "distribution":  # a distance, which is no value
        return replace(anomaly, message=message, evidence=kept)
    return replace(anomaly, message=message, evidence=kept, value=None, expected=None, low=None, high=None)


def _is_private(anomaly: Anomaly, around: Surroundings) -> bool:
    node, column = anomaly.monitor.node, anomaly.monitor.column
    table = node.rpartition(".")[2]
    return (node, column.casefold()) in around.private or named_as(column, table=table) is not None
