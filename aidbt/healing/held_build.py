"""The tables that stood before a build, kept so that a failed one can be taken out again: until it is mended
readers have those of the last good run.

What grows from run to run stays as the failed run left it: what it took may be gone from its source by now.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.errors import AidbtError
from aidbt.core.patch import state_dir
from aidbt.healing.kept_rows import grows
from aidbt.project.manifest import Manifest
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import estimated_size
from aidbt.warehouse.kept_tables import KEEPS, Place, forget_tables, keep_tables, put_back


def keep_places(
    open_warehouse: Callable[[], Warehouse],
    places: Collection[Place],
    file: Path,
    *,
    root: Path,
    scan_bytes: int,
) -> str:
    """Keep what stands in some places in a file; why not, "" when it is kept.

    Args:
        root: the project's folder, on whose disk the file is.
        scan_bytes: how much may be copied.
    """
    try:
        warehouse = open_warehouse()
        if warehouse.dialect not in KEEPS:
            return f"tables are not kept on {warehouse.dialect}"
        named = {(schema.casefold(), name.casefold()) for schema, name in places}
        there = [r for r in warehouse.relations() if (r.schema.casefold(), r.name.casefold()) in named]
        size = sum(estimated_size(r) or 0 for r in there)
        if size > scan_bytes:
            return "they were over budget.scan_bytes"
        if 2 * size > shutil.disk_usage(root).free:
            return "there was too little room on the disk to keep them"
        keep_tables(warehouse, places, file)
    except AidbtError as error:
        return error.message
    return ""


def held_at(root: Path) -> datetime | None:
    """When the tables of before were put back, so that what runs until then had built is gone; None where
    they were not."""
    try:
        return datetime.fromisoformat(_note(root).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def held_places(manifest: Manifest) -> list[Place]:
    """(schema, name) of what may be put back."""
    built = [node for node in manifest.nodes.values() if node.resource_type in ("model", "seed")]
    return sorted((n.schema, n.identifier or n.name) for n in built if n.schema and not grows(n))


class HeldBuild:
    """One build, around which the tables are kept.

    Args:
        results: the run_results.json that dbt writes.
    """

    def __init__(
        self, root: Path, open_warehouse: Callable[[], Warehouse], results: Path, *, scan_bytes: int
    ) -> None:
        self._root = root
        self._open = open_warehouse
        self._results = results
        self._scan_bytes = scan_bytes
        self._file = state_dir(root) / "heal" / "kept" / "build.duckdb"

    def begin(self, places: Collection[Place]) -> str:
        """Keep what stands where the build builds; why not, "" when it is kept.

        What a build that was killed left half way is put back first, unless dbt has run since.
        """
        if self._was_killed():
            left = self.put_back()
            if left:
                return left
        self.forget()
        return keep_places(self._open, places, self._file, root=self._root, scan_bytes=self._scan_bytes)

    def _was_killed(self) -> bool:
        try:
            kept_at = self._file.stat().st_mtime
            return not self._results.exists() or self._results.stat().st_mtime < kept_at
        except OSError:
            return False

    def put_back(self) -> str:
        """Put them back; why not, "" when all is as before."""
        try:
            left = put_back(self._open(), self._file)
        except AidbtError as error:
            return error.message
        self.forget()
        with contextlib.suppress(OSError):
            _note(self._root).write_text(datetime.now(UTC).isoformat(), encoding="utf-8")
        return f"{left[0]} could not be made again as it was" if left else ""

    def forget(self) -> None:
        """Remove what was kept, and that anything was put back."""
        forget_tables(self._file)
        with contextlib.suppress(OSError):
            _note(self._root).unlink(missing_ok=True)


def _note(root: Path) -> Path:
    return state_dir(root) / "heal" / "kept" / "build.held"
