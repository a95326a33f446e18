"""A run in which all is green, and a source that was emptied, halved, put back, swapped or rewritten.

The state that is about to be kept is compared with the last good one: no table is read for it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aidbt.core.healing import Diagnosis, Stage
from aidbt.core.table_state import GoodState, KeyedRows, TableState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case, Reached
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange, overlaps_of, rewrites_of
from aidbt.healing.evidence.tables_now import unmasked
from aidbt.project.manifest import Manifest


def wrong_sources(
    was: GoodState, now: GoodState, manifest: Manifest, *, project: str, root: Path, mask: int
) -> tuple[Diagnosis, ...]:
    """What is wrong with the sources of a green run, beside the last one that was good.

    Args:
        mask: what the store combines hashes with, as `measured_table` takes it.
    """
    run = FailedRun(Stage.DATA, wrote_results=True, invocation_id=now.invocation_id, command=now.command)
    case = Case(
        project=project, root=root, run=run, manifest=manifest, good=was, reached=Reached(True),
        relations=now.relations, tables=_changes(was, now, manifest, mask),
    )  # fmt: skip
    return diagnose(case)


def _changes(was: GoodState, now: GoodState, manifest: Manifest, mask: int) -> dict[str, TableChange]:
    if was.engine != now.engine:
        return {}
    return {
        name: _change(name, was.tables[name], now.tables[name], mask)
        for name in manifest.sources
        if _both_measured(name, was.tables, now.tables)
    }


def _both_measured(name: str, was: Mapping[str, TableState], now: Mapping[str, TableState]) -> bool:
    then, there = was.get(name), now.get(name)
    # What a run of a part of the project did not look at is the very same.
    return then is not None and there is not None and then.is_measured and there.is_measured and then != there


def _change(name: str, was: TableState, now: TableState, mask: int) -> TableChange:
    rows = _rows_then(was.keyed, now.keyed)
    overlaps = overlaps_of(unmasked(was, mask), unmasked(now, mask), rows)
    return TableChange(name, was, now, overlaps, rewrites=rewrites_of(was, rows))


def _rows_then(was: KeyedRows | None, now: KeyedRows | None) -> KeyedRows | None:
    """The rows now that can be compared with those of then; None where the key is another."""
    if was is None or now is None or was.key != now.key:
        return None
    return now
