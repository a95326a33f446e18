"""A dbt project with raw tables in a DuckDB file, for everything that generates."""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb
import pytest

import aidbt

PROJECT = """\
name: shop
version: '1.0'
config-version: 2
profile: shop
flags:
  send_anonymous_usage_stats: false
"""
PROFILES = """\
shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ flags.PROFILES_DIR }}/warehouse.duckdb"
      schema: analytics
      threads: 2
"""


class Shop:
    """A project in a folder of its own."""

    def __init__(self, root: Path, *, is_new: bool = True) -> None:
        self.root = root
        if not is_new:
            return
        root.mkdir(parents=True, exist_ok=True)
        (root / "dbt_project.yml").write_text(PROJECT)
        (root / "profiles.yml").write_text(PROFILES)

    @property
    def database(self) -> Path:
        return self.root / "warehouse.duckdb"

    def sql(self, text: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(text)

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(query).fetchall()

    def generate(self, **options):
        """What `aidbt generate` does, as a library call."""
        from aidbt.generate.bases import Bases
        from aidbt.generate.plan import run_generate

        session = aidbt.open(self.root)
        bases = Bases(lambda: session.store, self.root)
        try:
            return run_generate(
                session.project, session.settings, session.warehouse, session.profiles, bases, **options
            )
        finally:
            session.close()

    def check(self, **options):
        """What `aidbt generate --check` does."""
        from aidbt.generate.bases import Bases
        from aidbt.generate.plan import run_generate

        session = aidbt.open(self.root)
        bases = Bases(lambda: session.store, self.root)
        try:
            return run_generate(session.project, session.settings, None, None, bases, write=False, **options)
        finally:
            session.close()

    def write(self, path: str, text: str) -> Path:
        where = self.root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)
        return where

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=Team", "-c", "user.email=team@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True)

    def texts(self) -> dict[str, str]:
        """Every file of models/ and aidbt/, by path."""
        return {
            path.relative_to(self.root).as_posix(): path.read_text()
            for folder in ("models", "aidbt")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def filled_shop(shop: Shop) -> Shop:
    shop.sql(
        "create schema raw_crm;"
        "create table raw_crm.users as"
        " select i as id, 'u' || i as login, i % 2 = 0 as active from range(200) r(i);"
        "create table raw_crm.visits as select i as visit_id, i % 200 as user_id from range(500) r(i);"
    )
    return shop
