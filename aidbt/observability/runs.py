"""Running dbt build and keeping the report of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from aidbt.core.config import DbtSettings
from aidbt.core.errors import ArtifactError, ProfileError, WarehouseError, WarehouseLocked
from aidbt.core.resilience import Clock, RetryPolicy, SystemClock
from aidbt.observability.observing.dbt_log import last_memory
from aidbt.observability.observing.observe import take_in
from aidbt.observability.recorded import KEEP_RUNS, recorded_report
from aidbt.observability.targets import watched_target
from aidbt.project import Project
from aidbt.project.dbt import run_dbt
from aidbt.project.dbt_report import RunReport
from aidbt.project.manifest import read_manifest
from aidbt.project.packages import package_names
from aidbt.store import Cache, Store
from aidbt.warehouse import Warehouse


def wait_until_free(
    open_warehouse: Callable[[], Warehouse], *, tries: int = 1, clock: Clock | None = None
) -> None:
    """Return when dbt can open a warehouse that lets one process in, for which streams were asked to make
    way; of any other at once.

    Args:
        tries: how often it is tried where somebody else has it, with growing pauses in between.

    Raises:
        WarehouseLocked: somebody else has it, or a stream has not let it go.
    """
    pauses, rng, watch = RetryPolicy(tries=tries, base_s=2, cap_s=30), Random(), clock or SystemClock()
    for number in range(1, tries):
        try:
            return _opened(open_warehouse)
        except WarehouseLocked:
            watch.sleep(pauses.base_s + pauses.delay_s(number, rng))
    return _opened(open_warehouse)


def _opened(open_warehouse: Callable[[], Warehouse]) -> None:
    """Raises WarehouseLocked where dbt could not open it now."""
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
    command: str = "build",
    select: Sequence[str] = (),
    options: Sequence[str] = (),
    exclude: Sequence[str] = (),
    threads: int | None = None,
    full_refresh: bool = False,
    keep: timedelta = KEEP_RUNS,
    on_event: Callable[[str], None] | None = None,
) -> RunReport:
    """The report of a `dbt build`, recorded in the store; what it makes untrue leaves the cache.

    Args:
        command: dbt's words, where it is another one.
        options: further words for dbt.
        keep: runs that are older are forgotten.

    Raises:
        DbtError: dbt could not be started at all.
        StoreError: the run happened but could not be recorded.
    """
    report = run_dbt(
        project,
        command,
        select=select,
        extra_args=options,
        exclude=exclude,
        threads=threads,
        full_refresh=full_refresh,
        runner=settings.runner,
        executable=settings.executable,
        on_event=on_event,
    )
    record(report, store, project=project, keep=keep)
    cache.invalidate(project.name, "pipeline_run")
    return report


def record(report: RunReport, store: Store, *, project: Project, keep: timedelta = KEEP_RUNS) -> None:
    """Keep a run's report in the store, under dbt's invocation id, and what it tells of its nodes; runs that
    are older than `keep` are forgotten.

    Raises:
        StoreError: the store cannot be written.
    """
    run = recorded_report(report)
    log = project.root / str(project.config.get("log-path") or "logs") / "dbt.log"
    asked = replace(run.asked, target=watched_target(project))
    run = replace(run, memory_bytes=last_memory(log, report.started_at), asked=asked)
    take_in(run, store, project=project.name, parents=parents_in(project) if run.results else None)
    store.forget_runs(run.started_at - keep)


def parents_in(project: Project) -> dict[str, tuple[str, ...]]:
    """Node → what it reads, of tests too, as dbt parsed the project last; empty if it never did."""
    try:
        manifest = read_manifest(project.target_path / "manifest.json")
    except ArtifactError:
        return {}
    return {name: node.depends_on for name, node in (manifest.nodes | manifest.others).items()}


def installed_packages(project: Project) -> frozenset[str]:
    """The packages whose folders are there, and those that packages.yml names."""
    folder = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    try:
        there = {path.name for path in folder.iterdir() if path.is_dir()}
    except OSError:
        there = set()
    return package_names(project) | there
