"""Tiny dbt projects on DuckDB, written by the test and built by a real dbt."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aidbt.project import Project, open_project
from aidbt.store.profiles import ProfileCache

PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", threads: 2}
"""

DBT_PROJECT = """\
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
"""

DBT = Path(sys.executable).parent / "dbt"


@dataclass(frozen=True)
class Shop:
    """A dbt project in a folder, with profiles.yml and the database beside dbt_project.yml."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "shop.duckdb"

    def write(self, files: dict[str, str]) -> Shop:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def open(self, target: str | None = None) -> Project:
        return open_project(self.root, profiles_dir=self.root, target=target)


def new_shop(root: Path, files: dict[str, str] | None = None) -> Shop:
    """A project with the given files; by default two models, the second reading the first."""
    models = {"models/orders.sql": "select 1 as id", "models/totals.sql": "select * from {{ ref('orders') }}"}
    return Shop(root).write(
        {"dbt_project.yml": DBT_PROJECT, "profiles.yml": PROFILES, **(models if files is None else files)}
    )


def no_profiles() -> ProfileCache:
    """For a remedy that reads no profile of a table."""
    raise AssertionError("nothing here is profiled")


def in_another_process(code: str, *args: object) -> str:
    """What another Python process prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextlib.contextmanager
def held_by_another_process(database: Path) -> Iterator[None]:
    """Inside, another process has the DuckDB file open for writing."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        yield
        process.communicate()
