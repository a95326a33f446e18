"""What is said of a table that somebody holds, and of rights that are missing; on plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.failures import Classified
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Stage
from aidbt.core.schema import Relation
from aidbt.core.table_state import TableState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case, Reached
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.holders import Holder

LOADER = {"pid": 4711, "user": "loader", "application": "night load"}


def cause(
    message: str, said: E, failed: str = "model.s.stg_rooms", database: str = "", **known: Any
) -> Diagnosis:
    """The cause of the failure of `stg_rooms` on PostgreSQL, a view of `staging` that reads `pms.rooms`."""
    source = Node(
        "source.s.pms.rooms",
        "source",
        "rooms",
        "s.yml",
        "s",
        schema="pms",
        source_name="pms",
        database=database,
    )
    model = Node(
        "model.s.stg_rooms", "model", "stg_rooms", "models/stg_rooms.sql", "s", schema="staging",
        depends_on=(source.unique_id,),
    )  # fmt: skip
    meta = ArtifactMetadata(12, "", datetime(2026, 3, 1, tzinfo=UTC), "", {})
    manifest = Manifest(meta, {model.unique_id: model}, {source.unique_id: source}, {}, {})
    run = FailedRun(Stage.NODE, (RunFailure(failed, "error", message, model.path),))
    case = Case("s", Path(), run, "postgres", "postgres", manifest, **{"reached": Reached(True), **known})
    (found,) = diagnose(case, lambda message, adapter: Classified(said, 0.99, "", ""))
    return found


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("canceling statement due to lock timeout", E.CONCURRENCY_CONFLICT),
        ("canceling statement due to statement timeout", E.NETWORK_TIMEOUT),
    ],
)
def test_who_holds_a_table_that_a_node_waited_for_is_told(message: str, said: E):
    found = cause(message, said, held=(Holder("pms", "rooms", is_alone=True, **LOADER),))

    assert found.error_class is E.CONCURRENCY_CONFLICT
    assert found.proof[0].text == message
    assert found.proof[1].text == "pms.rooms was held by process 4711 of loader (night load) when asked"
    assert "is_over" not in found.facts and found.facts["pid"] == "4711"


def test_who_only_reads_a_source_or_holds_another_table_is_not_blamed():
    others = (Holder("pms", "rooms", **LOADER), Holder("pms", "guests", is_alone=True, **LOADER))
    found = cause("canceling statement due to lock timeout", E.CONCURRENCY_CONFLICT, held=others)

    assert found.facts["is_over"] == "yes" and "holder" not in found.facts


def test_a_reader_of_what_a_node_replaces_is_in_its_way():
    reader = Holder("staging", "stg_rooms", **LOADER)
    found = cause("canceling statement due to lock timeout", E.CONCURRENCY_CONFLICT, held=(reader,))

    assert found.facts["held"] == "staging.stg_rooms"


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("permission denied for table rooms", "grant select on pms.rooms to the role that dbt runs as"),
        ("permission denied for schema pms\n  compiled code at target/x.sql",
         "grant usage on the schema pms to the role that dbt runs as"),
        ("permission denied for schema staging",
         "grant usage and create on the schema staging to the role that dbt runs as"),
        ("must be owner of view stg_rooms",
         "make the role that dbt runs as the owner of staging.stg_rooms again"),
    ],
)  # fmt: skip
def test_the_next_step_names_what_has_to_be_granted(message: str, step: str):
    assert cause(message, E.PERMISSION_DENIED).next_step == step


def test_what_the_warehouse_says_again_is_not_said_twice():
    said = 'connection failed: FATAL:  password authentication failed for user "dbt"'
    away = Reached(False, f"the warehouse does not let this user in: {said}", "check user and password")
    found = cause(said, E.CREDENTIAL_EXPIRED, reached=away)

    assert [item.text for item in found.proof[:2]] == [said, "it says the same from here now"]
    assert found.next_step == "check user and password"


def test_a_grant_to_somebody_who_is_not_there_is_the_commit_that_wrote_it():
    then, now = "+grants: {select: [bi_reader]}\n", "+grants: {select: [bi_readr]}\n"
    files = tuple(changed_files({"dbt_project.yml": then}, {"dbt_project.yml": now}))
    code = CodeChanges(files, "the last good state", True)
    found = cause('role "bi_readr" does not exist', E.TABLE_RENAMED, code=code)

    assert (found.error_class, found.facts["file"]) == (E.SQL_SEMANTIC, "dbt_project.yml")
    assert (found.facts["token"], found.facts["replacement"]) == ("bi_readr", "bi_reader")
    gone = cause('role "bi_reader" does not exist', E.TABLE_RENAMED)
    assert gone.next_step == "make the role bi_reader again, or take it out of the grants"


def test_a_unit_test_that_was_cut_off_says_nothing_of_the_logic():
    said = "terminating connection due to administrator command"
    found = cause(said, E.CONNECTION_RESET, failed="unit_test.s.stg_rooms.beds")

    assert (found.error_class, found.facts["is_over"]) == (E.CONNECTION_RESET, "yes")


def test_a_source_that_a_commit_reads_from_a_mistyped_database_is_that_commit():
    was = TableState("pms", "rooms", (), "shop", 9)
    code = CodeChanges(
        tuple(changed_files({"s.yml": "database: shop\n"}, {"s.yml": "database: shp\n"})), "then", True
    )
    found = cause(
        'cross-database references are not implemented: "shp.pms.rooms"', E.SQL_SEMANTIC, database="shp",
        tables={"source.s.pms.rooms": TableChange("source.s.pms.rooms", was, None)}, code=code,
        relations=(Relation("pms", "rooms", (), database="shop"),),
    )  # fmt: skip

    assert (found.root, found.facts["file"]) == ("database.shp", "s.yml")
    assert found.proof[0].text == (
        "there is no table shp.pms.rooms; pms.rooms, read at the last good run, is there"
    )
