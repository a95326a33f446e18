"""Failures that a change of a YAML file, or of an ephemeral model, made; on plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidbt.core.failures import Classified
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Stage
from aidbt.core.schema import Relation
from aidbt.core.table_state import TableState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

NOON = datetime(2026, 3, 1, tzinfo=UTC)
YAML = "models/_all.yml"


def cause(message: str, path: str, then: str, now: str, **known: Any) -> Diagnosis:
    """The cause of the failure of `totals`, which reads the ephemeral `sums`, which reads a source."""
    source = Node("source.s.app.orders", "source", "orders", YAML, "s", schema="app", source_name="app")
    sums = Node(
        "model.s.sums", "model", "sums", "models/sums.sql", "s", schema="main",
        depends_on=(source.unique_id,), config={"materialized": "ephemeral"},
    )  # fmt: skip
    totals = Node(
        "model.s.totals", "model", "totals", "models/totals.sql", "s", schema="main",
        depends_on=(sums.unique_id,), raw={"patch_path": f"s://{YAML}"},
    )  # fmt: skip
    nodes = {node.unique_id: node for node in (sums, totals)}
    sources = {source.unique_id: source}
    manifest = Manifest(ArtifactMetadata(12, "", NOON, "", {}), nodes, sources, {}, {})
    run = FailedRun(Stage.NODE, (RunFailure(totals.unique_id, "error", message, totals.path),))
    code = CodeChanges(tuple(changed_files({path: then}, {path: now})), "the last good state", True)
    case = Case("s", Path(), run, "duckdb", "duckdb", manifest, code=code, **known)
    (found,) = diagnose(case, lambda message, adapter: Classified(E.SQL_SEMANTIC, 0.99, "", ""))
    return found


def test_a_source_that_a_commit_reads_from_elsewhere_did_not_move():
    was = TableState("raw", "orders", (), rows=9)
    change = TableChange("source.s.app.orders", was, None)
    found = cause(
        "Table with name orders does not exist!", YAML, "schema: raw\n", "shcema: raw\n",
        tables={change.source: change}, relations=(Relation("raw", "orders", ()),),
    )  # fmt: skip

    assert found.facts["file"] == YAML
    assert found.proof[0].text == (
        "there is no table app.orders; raw.orders, read at the last good run, is there"
    )


def test_what_fails_in_an_ephemeral_model_is_its_files():
    said = 'Binder Error: column "method" must appear in the GROUP BY clause'
    found = cause(said, "models/sums.sql", "select 1\n", "select 2\n")

    assert found.facts["file"] == "models/sums.sql"


def test_a_contract_may_have_been_changed_in_its_yaml():
    said = "This model has an enforced contract that failed."
    found = cause(said, YAML, "name: place\n", "name: plcae\n")

    assert (found.error_class, found.facts["file"]) == (E.COMPILATION, YAML)
