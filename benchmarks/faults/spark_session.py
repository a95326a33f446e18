"""Runs a Spark of its own for one job, since only one process at a time may open the metastore.

    python -m benchmarks.faults.spark_session < job.json

The job: {"settings": {name: value}, "copy": {table: [CSV path, columns]}, "run": [statements]}. Tables that
are copied into are made when they are not there.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    from pyspark.sql import SparkSession

    job: dict[str, Any] = json.load(sys.stdin)
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in job["settings"].items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    for table, (path, columns) in job["copy"].items():
        schema = columns.replace("varchar", "string")
        session.sql(f"create schema if not exists {table.partition('.')[0]}")
        session.sql(f"create table if not exists {table} ({schema}) using parquet")
        session.read.csv(path, schema=schema, quote='"', escape='"').coalesce(1).write.insertInto(table)
    for statement in job["run"]:
        session.sql(statement)
    session.stop()


if __name__ == "__main__":
    main()
