"""A run that failed once more without a mend in the files is no end: the next remedy is tried."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import duckdb

from aidbt.core.attempts import AttemptState
from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Stage
from aidbt.core.resilience.clock import ManualClock
from aidbt.healing.controller.attempt import heal
from aidbt.healing.controller.gate import Rules
from aidbt.healing.controller.hands import Means, Ran, hands_of
from aidbt.healing.controller.rerun import Rerun
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.project import open_project
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.store import open_store
from aidbt.store.attempts import Attempts
from aidbt.store.leases import Leases
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.dbt_shop import new_shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = RunFailure("model.shop.totals", "error", "Out of Memory Error: failed to allocate")
SHORT = Diagnosis(
    "memory|totals", ErrorClass.RESOURCE_EXHAUSTION, 0.99, Stage.NODE, "model.shop.totals",
    failures=(FAILED,),
)  # fmt: skip


def test_memory_that_is_still_short_when_it_runs_again_gets_fewer_threads(tmp_path: Path):
    shop = new_shop(tmp_path / "shop", {"models/totals.sql": "select 1 as id"})
    duckdb.connect(str(shop.database)).close()
    totals = Node("model.shop.totals", "model", "totals", "models/totals.sql", schema="main")
    manifest = Manifest(ArtifactMetadata("", "", NOON, {}), {totals.unique_id: totals}, {}, {}, {})
    failed = FailedRun(Stage.NODE, (FAILED,), wrote_results=True, command="dbt build", manifest=manifest)
    runs: list[Rerun] = []
    warehouse = DuckDBWarehouse(shop.database)

    def run(rerun: Rerun) -> Ran:
        runs.append(rerun)
        return Ran("--threads" in rerun.options, "out of memory again")

    with closing(open_store(tmp_path / "state.db")) as store:
        means = Means(
            open_project(shop.root, profiles_dir=shop.root), Settings(), store, warehouse=lambda: warehouse,
            run=run, tell=lambda attempt, diagnosis: None, rules=Rules({"TRANSIENT": "auto"}), actor="ana",
            clock=ManualClock(), rng=Random(1),
        )  # fmt: skip
        attempts = Attempts(store, "ana")
        case = Case("shop", shop.root, failed, manifest=manifest, good_manifest=manifest)
        (hands,) = hands_of(case, (SHORT,), means, dict)

        outcome = heal(attempts.open(SHORT.key, "dev"), hands, attempts, Leases(store), holder="test")

    assert (outcome.attempt.state, outcome.attempt.remedy) == (AttemptState.PROMOTED, "fewer_threads")
    assert [run.options for run in runs] == [(), ("--threads", "1")]
