"""What protects the data is what it was after a mend, or it is no mend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aidbt.healing.proof.guards import lost, weakened
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

TEST = Node(
    "test.shop.unique", "test", "unique", "models/m.yml", config={"severity": "ERROR"},
    raw={"test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}}},
)  # fmt: skip
MODEL = Node(
    "model.shop.orders", "model", "orders", "models/orders.sql",
    config={"materialized": "table", "contract": {"enforced": True}},
    raw={"columns": {"id": {"data_type": "integer"}}, "patch_path": "shop://models/m.yml"},
)  # fmt: skip
UNIT = Node("unit_test.shop.sums", "unit_test", "sums", "models/m.yml", raw={"expect": {"rows": [1]}})
MACRO = {"name": "test_positive", "package_name": "shop", "macro_sql": "a", "original_file_path": "t.sql"}


def manifest(*nodes: Node, macro: dict[str, str] = MACRO) -> Manifest:
    metadata = ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {})
    others = {n.unique_id: n for n in nodes if n.resource_type == "unit_test"}
    rest = {n.unique_id: n for n in nodes if n.resource_type != "unit_test"}
    return Manifest(metadata, rest, {}, others, {"macros": {"m": macro}})


BEFORE = manifest(TEST, MODEL, UNIT)


def other(node: Node, **config: Any) -> Node:
    return replace(node, config={**node.config, **config})


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (manifest(MODEL, UNIT), "take away the test unique"),
        (manifest(other(TEST, severity="warn"), MODEL, UNIT), "change the test unique"),
        (manifest(other(TEST, where="id > 3"), MODEL, UNIT), "change the test unique"),
        (manifest(TEST, other(MODEL, materialized="view"), UNIT), "how orders is kept"),
        (manifest(TEST, other(MODEL, contract={"enforced": False}), UNIT), "how orders is kept"),
        (manifest(TEST, replace(MODEL, raw={"columns": {"id": {"data_type": "text"}}}), UNIT), "contract"),
        (manifest(TEST, MODEL), "the unit test sums"),
        (manifest(TEST, MODEL, replace(UNIT, raw={"expect": {"rows": [2]}})), "the unit test sums"),
        (manifest(TEST, MODEL, UNIT, macro={**MACRO, "macro_sql": "b"}), "the generic test positive"),
    ],
)
def test_a_mend_that_takes_a_guard_away_or_softens_it_is_refused(after: Manifest, why: str):
    assert any(why in said for said in weakened(BEFORE, after))


def test_a_setting_of_a_model_may_be_what_it_was_and_the_wanted_one_beside_it_stays():
    good = manifest(TEST, other(MODEL, unique_key="id"), UNIT)
    mistyped = manifest(TEST, other(MODEL, unique_key="di", incremental_strategy="merge"), UNIT)
    mended = manifest(TEST, other(MODEL, unique_key="id", incremental_strategy="merge"), UNIT)
    another = manifest(TEST, other(MODEL, unique_key="no", incremental_strategy="merge"), UNIT)

    assert list(weakened(mistyped, mended, good=good)) == []
    assert list(weakened(mistyped, mended)) and list(weakened(mistyped, another, good=good))


def test_new_guards_are_welcome_and_so_is_a_model_that_changes_its_sql():
    new = replace(TEST, unique_id="test.shop.new", name="new")

    assert list(weakened(BEFORE, manifest(TEST, new, replace(MODEL, checksum="2"), UNIT))) == []


def test_only_what_is_written_in_the_files_of_a_mend_counts_where_people_changed_others():
    after = manifest(MODEL, UNIT)

    assert list(weakened(BEFORE, after, only={"models/orders.sql"})) == []
    assert list(weakened(BEFORE, after, only={"models/m.yml"})) != []


def test_what_people_added_in_the_failed_commit_stays():
    added = replace(TEST, unique_id="test.shop.unique_mail", name="unique_mail")
    named_wrongly = replace(TEST, unique_id="test.shop.unique_emial", name="unique_emial")

    assert list(lost(BEFORE, manifest(TEST, added, MODEL, UNIT), BEFORE)) == [
        "it would take away the new test unique_mail"
    ]
    assert not list(lost(BEFORE, manifest(named_wrongly, MODEL, UNIT), BEFORE))
    assert not list(lost(BEFORE, BEFORE, manifest(TEST, added, MODEL, UNIT)))
