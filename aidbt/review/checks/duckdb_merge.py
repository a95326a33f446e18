"""Incremental models that DuckDB updates by MERGE."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.findings import Severity
from aidbt.review.checks.check import Check, Hit, Subject


def _find(subject: Subject) -> Iterator[Hit]:
    config = subject.node.config
    is_merged = config.get("materialized") == "incremental" and config.get("incremental_strategy") == "merge"
    if is_merged and subject.side.dialect == "duckdb":
        yield Hit(
            "rows are merged one by one: from some 50,000 changed keys in a run on, DuckDB takes seconds for "
            "what a delete and an insert do in a tenth of one"
        )


CHECK = Check(
    "duckdb_merge",
    "An incremental model on DuckDB merges its rows",
    "set incremental_strategy='delete+insert' where rows are replaced as a whole",
    _find,
    severity=Severity.INFO,
)
