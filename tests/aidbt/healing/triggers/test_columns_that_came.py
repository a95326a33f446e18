"""Columns that came to tables that aidbt mapped, as one cause of which nothing fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Stage
from aidbt.core.schema import Column, MappedColumn, Mapping, Relation, Target
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.triggers.new_columns import cause_of_new_columns, tables_with_new_columns
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

PEOPLE = Node(
    "source.shop.crm.people", "source", "people", "", schema="raw", source_name="crm", identifier="people"
)
STAGED = Node("model.shop.stg_people", "model", "stg_people", "stg.sql", depends_on=(PEOPLE.unique_id,))
META = ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {})
MAPPING = Mapping("crm", "people", (MappedColumn("person_id", ("id",)),), unmapped=("left_out",))
TARGET = Target("person", (Column("person_id", "BIGINT"), Column("tier", "VARCHAR")))


def case(*names: str, source: Node = PEOPLE) -> Case:
    manifest = Manifest(META, {STAGED.unique_id: STAGED}, {source.unique_id: source}, {}, {})
    columns = tuple(Column(name, "VARCHAR") for name in names)
    there = (Relation("raw", "people", columns),)
    return Case("shop", Path(), FailedRun(Stage.DATA, wrote_results=True), manifest=manifest, relations=there)


def new(case: Case, mapping: Mapping = MAPPING, target: Target | None = None) -> list[list[str]]:
    targets = {target.name: target} if target is not None else {}
    return [names for _, names in tables_with_new_columns(case, {mapping.key: mapping}, targets)]


def test_what_the_mapping_does_not_know_is_new():
    assert new(case("id", "left_out", "tier", "city")) == [["tier", "city"]]
    assert new(case("id", "left_out")) == []
    assert new(case("id", "_aidbt_loaded_at")) == []  # loading added it
    assert new(case("tier"), replace(MAPPING, table="others")) == []


@pytest.mark.parametrize(
    ("columns", "is_new"),
    [
        ((), True),  # it was declared since
        ((MappedColumn("tier", (), status="review"),), True),
        ((MappedColumn("tier", ("grade",), status="review"),), False),
        ((MappedColumn("tier", (), expression="'none'", by="person"),), False),
    ],
)
def test_with_a_target_only_while_a_column_of_it_waits_for_a_source(
    columns: tuple[MappedColumn, ...], is_new: bool
):
    mapping = replace(MAPPING, target="person", columns=(*MAPPING.columns, *columns))

    assert bool(new(case("id", "grade", "city"), mapping, TARGET)) is is_new


def test_a_source_that_healing_is_kept_from_is_left_alone():
    off = replace(PEOPLE, raw={"config": {"meta": {"heal": "off"}}})

    assert new(case("id", "city", source=off)) == []


def test_the_tables_are_one_cause_for_their_files_share_a_lock():
    at = case("id", "city")
    cause = cause_of_new_columns(at, {"crm.people": (PEOPLE, ["city"])})
    others = replace(PEOPLE, unique_id="source.shop.crm.others")
    both = cause_of_new_columns(at, {"crm.people": (PEOPLE, ["city"]), "crm.others": (others, ["a", "b"])})

    assert (cause.error_class, cause.failures, cause.root) == (ErrorClass.COLUMN_ADDED, (), PEOPLE.unique_id)
    assert cause.blast_radius == (STAGED.unique_id,)
    assert (both.root, both.key) == ("project", cause.key)
    assert [one.text for one in both.proof] == [
        "crm.others has a, b, which staging lacks", "crm.people has city, which staging lacks",
    ]  # fmt: skip
