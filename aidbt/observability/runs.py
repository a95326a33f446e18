"""Running dbt build and keeping the report of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aidbt.core.config import DbtSettings
from aidbt.core.errors import ProfileError, WarehouseError, WarehouseLocked
from aidbt.project import Project
from aidbt.project.dbt import run_dbt
from aidbt.project.dbt_report import RunReport
from aidbt.store import Cache, Store
from aidbt.warehouse import Warehouse


def wait_until_free(open_warehouse: Callable[[], Warehouse]) -> None:
    """Return when dbt can open a warehouse that lets one process in, for which streams were asked to make
    way; of any other at once.

    Raises:
        WarehouseLocked: somebody else has it, or a stream has not let it go.
    """
    try:
        warehouse = open_warehouse()
        if warehouse.dialect == "duckdb":
            with warehouse.connect():
                pass
    except WarehouseLocked:
        raise
    except (ProfileError, WarehouseError):
        pass  # there is none yet; what else is wrong with it dbt says


def build_and_record(
    project: Project,
    settings: DbtSettings,
    store: Store,
    cache: Cache,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    threads: int | None = None,
    full_refresh: bool = False,
    on_event: Callable[[str], None] | None = None,
) -> RunReport:
    """The report of a `dbt build`, recorded in the store; what it makes untrue leaves the cache.

    Raises:
        DbtError: dbt could not be started at all.
        StoreError: the run happened but could not be recorded.
    """
    report = run_dbt(
        project,
        "build",
        select=select,
        exclude=exclude,
        threads=threads,
        full_refresh=full_refresh,
        runner=settings.runner,
        executable=settings.executable,
        on_event=on_event,
    )
    record(report, store)
    cache.invalidate(project.name, "pipeline_run")
    return report


def record(report: RunReport, store: Store) -> None:
    """Keep a run's report in the store, under dbt's invocation id."""
    store.record_run(
        invocation_id=report.invocation_id or f"none-{report.started_at.isoformat()}",
        command=" ".join(report.command[:1]),
        status=report.status,
        started_at=report.started_at,
        finished_at=report.finished_at,
        report=_plain(report),
    )


def _plain(report: RunReport) -> dict[str, Any]:
    return {
        "dbt_version": report.dbt_version,
        "runner": report.runner,
        "exit_code": report.exit_code,
        "warnings": list(report.warnings),
        "results": [
            {
                "unique_id": result.unique_id,
                "status": result.status,
                "execution_time_s": result.execution_time,
                "failures": result.failures,
            }
            for result in report.results
        ],
        "failures": [
            {"unique_id": f.unique_id, "status": f.status, "message": f.message, "path": f.path}
            for f in report.failures
        ],
    }
