"""Staging that aidbt generated: the decision changes with the SQL, and generating again adds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.config import Settings, load_settings
from aidbt.core.patch import Patch, apply_patch
from aidbt.core.schema import Column
from aidbt.generate.bases import Bases
from aidbt.generate.plan import check_files, run_generate
from aidbt.healing.remedies.generated_staging import generated_patch, is_generated
from aidbt.healing.remedies.remedy import Tools
from aidbt.project import Project
from aidbt.sql.reads import Instead
from aidbt.store import open_store
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.dbt_shop import new_shop, no_profiles

MAPPING = """\
source: {name: crm, table: people, schema: raw}
columns:
  - {target: person_id, source: id, type: BIGINT, status: accepted, by: aidbt}
  # where invoices go
  - {target: email, source: email, type: VARCHAR, status: accepted, by: person}
  - target: key
    sources: [email, id]
    expression: 'lower(email) || ''-'' || id'
    status: accepted
    by: person
"""
ORDERS = """\
source: {name: crm, table: orders, schema: raw}
columns:
  - {target: email, source: mail_of, type: VARCHAR, status: accepted, by: aidbt}
tests:
  - {column: email, test: relationships, to: crm.people, field: email, status: accepted, by: person}
"""
STAGING = "models/silver/crm/stg_crm__people.sql"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {
        "aidbt/mappings/crm__people.yml": MAPPING, "aidbt/mappings/crm__orders.yml": ORDERS,
        "models/other.sql": "select 1 as one\n",
    }  # fmt: skip
    found = new_shop(tmp_path, files).open()
    run_generate(found, load_settings(tmp_path), None, None, bases(found))
    assert (tmp_path / STAGING).exists(), [str(p) for p in tmp_path.rglob("*.sql")]
    return found


def bases(project: Project) -> Bases:
    return Bases(lambda: open_store(project.root / "state.db"), project.root)


def patch_for(project: Project, instead: Instead, now: str = "VARCHAR") -> Patch | str:
    tools = Tools(
        project,
        Settings(),
        lambda: DuckDBWarehouse(project.root / "shop.duckdb"),
        lambda: 0,
        profiles=no_profiles,
    )
    there = Column(instead.columns[0], now) if len(instead.columns) == 1 else None
    return generated_patch("crm.people", "email", instead, Column("email", "VARCHAR"), there, tools, "why")


@pytest.mark.parametrize(
    ("instead", "mapping", "sql"),
    [
        (Instead("{}", ("mail",)), "{target: email, source: mail, ", "mail as email"),
        (
            Instead("coalesce({}, {})", ("mail", "email")), "sources: [mail, email]",
            "coalesce(mail, email) as email",
        ),
        (Instead("cast({} as varchar)", ("email",)), "cast: varchar", "cast(email as varchar) as email"),
    ],
)  # fmt: skip
def test_mapping_sql_and_lock_change_together(project: Project, instead: Instead, mapping: str, sql: str):
    assert is_generated(STAGING, Tools(project, Settings(), None, None, profiles=no_profiles))  # type: ignore[arg-type]

    patch = patch_for(project, instead)

    assert isinstance(patch, Patch), patch
    apply_patch(patch, project.root)
    said = (project.root / "aidbt/mappings/crm__people.yml").read_text()
    assert mapping in said and "# where invoices go" in said
    assert sql in (project.root / STAGING).read_text()
    assert "email" in instead.columns or "lower(email)" not in (project.root / STAGING).read_text()
    yaml = (project.root / "models/silver/crm/_crm__models.yml").read_text()
    assert "relationships" in yaml and "field: email" in yaml  # a test of another model, on what it gives
    assert not check_files(project, load_settings(project.root), bases(project)).patch.edits


def test_what_would_cost_a_test_is_a_persons(project: Project):
    assert "would drop or change a test" in str(patch_for(project, Instead("'none'", is_typed=True)))


def test_what_a_person_edited_since_is_not_written_over(project: Project):
    path = project.root / STAGING
    path.write_text(path.read_text().replace("email", "upper(email)", 1))

    assert "edited by hand" in str(patch_for(project, Instead("{}", ("mail",))))
