"""The tables that stood before a build, kept so that a failed one can be taken out again: until it is mended
readers have those of the last good run.

What grows from run to run stays as the failed run left it: what it took may be gone from its source by now.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.errors import AidbtError
from aidbt.core.patch import state_dir
from aidbt.project.manifest import Manifest, Node
from aidbt.project.profile import Profile
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
        root: a folder on whose disk the file is.
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


def kept_build(root: Path, profile: Profile) -> Path:
    """The file in which what stood before a build is kept: one for each target and database."""
    where = "\n".join((profile.name, profile.target, str(profile.settings.get("path"))))
    name = f"build-{hashlib.sha256(where.encode()).hexdigest()[:12]}.duckdb"
    return state_dir(root) / "heal" / "kept" / name


def held_at(file: Path) -> datetime | None:
    """When the tables of before were put back, so that what runs until then had built is gone; None where
    they were not.

    Args:
        file: where they are kept.
    """
    try:
        return datetime.fromisoformat(_note(file).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def held_places(manifest: Manifest, database: str = "") -> list[Place]:
    """(schema, name) of what may be put back.

    Args:
        database: the one that tables are kept of; any where none is given.
    """
    found = (node for node in manifest.nodes.values() if _is_put_back(node, database))
    return sorted((n.schema, n.identifier or n.name) for n in found)


def left_as_built(manifest: Manifest, ran: Collection[str], database: str = "") -> list[str]:
    """Names of the tables that stay as a run left them: they grow, or are made in a way that only dbt knows,
    or elsewhere.

    Args:
        ran: unique_ids.
    """
    nodes = (manifest.nodes[name] for name in ran if name in manifest.nodes)
    kinds = ("model", "seed", "snapshot")
    return sorted(
        n.name
        for n in nodes
        if n.resource_type in kinds
        and n.config.get("materialized") != "ephemeral"
        and not _is_put_back(n, database)
    )


def _is_put_back(node: Node, database: str) -> bool:
    is_here = not (database and node.database) or node.database.casefold() == database.casefold()
    how = node.config.get("materialized") or "view"
    is_known = node.resource_type in ("model", "seed") and how in ("table", "view", "seed")
    return bool(is_known and node.schema and is_here)


class HeldBuild:
    """One build, around which the tables are kept.

    Args:
        file: where they are kept, of one warehouse only.
        results: the run_results.json that dbt writes.
    """

    def __init__(
        self, file: Path, open_warehouse: Callable[[], Warehouse], results: Path, *, scan_bytes: int
    ) -> None:
        self._open = open_warehouse
        self._results = results
        self._scan_bytes = scan_bytes
        self._file = file

    def begin(self, places: Collection[Place]) -> str:
        """Keep what stands where the build builds; why not, "" when it is kept.

        What a build that was killed left half way is put back first, unless dbt has run since.
        """
        if self._was_killed():
            left = self.put_back()
            if left:
                return left
        self.forget()
        if self._file.exists():
            return f"{self._file} cannot be removed"
        folder = self._file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"{folder} cannot be written: {error.strerror}"
        return keep_places(self._open, places, self._file, root=folder, scan_bytes=self._scan_bytes)

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
            _note(self._file).write_text(datetime.now(UTC).isoformat(), encoding="utf-8")
        return f"{left[0]} could not be made again as it was" if left else ""

    def forget(self) -> None:
        """Remove what was kept, and that anything was put back."""
        forget_tables(self._file)
        with contextlib.suppress(OSError):
            _note(self._file).unlink(missing_ok=True)


def _note(file: Path) -> Path:
    return file.with_suffix(".held")
