"""The SQL of a model that dbt has not compiled, where its text needs no rendering."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aidbt.lineage.uncompiled import sql_as_written
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node


def version(number: int) -> Node:
    return Node(
        f"model.shop.customers.v{number}",
        "model",
        "customers",
        f"models/customers_v{number}.sql",
        schema="main",
        identifier=f"customers_v{number}",
        raw={"version": number, "latest_version": 2},
    )


VERSIONS = {node.unique_id: node for node in (version(1), version(2), version(3))}
READER = Node("model.shop.reader", "model", "reader", "models/reader.sql", depends_on=tuple(VERSIONS))
MANIFEST = Manifest(
    ArtifactMetadata(12, "1.11.0", "1", datetime(2026, 1, 1, tzinfo=UTC), "duckdb"),
    {**VERSIONS, READER.unique_id: READER},
    {},
)


@pytest.mark.parametrize(
    ("ref", "read"),
    [("ref('customers')", "customers_v2"), ("ref('customers', v=3)", "customers_v3")],
)
def test_a_ref_without_a_version_means_the_latest(ref: str, read: str):
    sql, known_from, why = sql_as_written(f"select * from {{{{ {ref} }}}}", READER, MANIFEST, "duckdb")

    assert (sql, known_from, why) == (f'select * from "main"."{read}"', "written sql", "")


def test_a_version_that_is_not_there_is_not_guessed():
    sql, known_from, why = sql_as_written(
        "select * from {{ ref('customers', v=9) }}", READER, MANIFEST, "duckdb"
    )

    assert (sql, known_from) == (None, "nothing")
    assert "ref('customers', v=9)" in why and "not known" in why
