"""`python -m benchmarks.failure_messages.capturing [--only NAME]`: break everything, keep what it says."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.failure_messages import CAPTURED, Example, captured, save
from benchmarks.failure_messages.capturing import clients, databases, dbt_projects, spark

FAULTS: dict[str, Callable[[Path], list[Example]]] = {
    "duckdb": databases.duckdb_faults,
    "sqlite": databases.sqlite_faults,
    "postgres": lambda _: databases.postgres_faults(),
    "mysql": lambda _: databases.mariadb_faults(),
    "http": lambda _: clients.http_faults(),
    "aws": lambda _: clients.s3_faults(),
    "python": clients.python_faults,
    "dbt": dbt_projects.dbt_faults,
    "spark": spark.spark_faults,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(FAULTS), help="of one kind; others stay as they are"
    )
    chosen = parser.parse_args().only or list(FAULTS)
    before = captured() if CAPTURED.exists() else []
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="aidbt-faults-") as folder:
            found = [*dict.fromkeys(FAULTS[name](Path(folder)))]
            places = {example.source for example in found}
            found = [_elsewhere(example, folder) for example in found]
        before = [example for example in before if example.source not in places] + found
        print(f"{name}: {len(found)} messages")
        save(sorted(before, key=lambda example: (example.source, example.label, example.how)))


def _elsewhere(example: Example, folder: str) -> Example:
    """The message without the places of this machine."""
    python = str(Path(sys.executable).resolve())
    told = example.message.replace(folder, "/srv/shop").replace(python, "/usr/bin/python3")
    for prefix in (sys.prefix, sys.base_prefix, str(Path.home())):
        told = told.replace(prefix, "/usr")
    return replace(example, message=told, how=example.how.replace(folder, "/srv/shop"))


if __name__ == "__main__":
    main()
