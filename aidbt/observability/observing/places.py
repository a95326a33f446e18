"""Finding artifacts: in the folder of one run, or of many."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aidbt.core.errors import UsageError
from aidbt.core.findings import Finding, Severity

ArtifactKind = Literal["run-results", "sources", "manifest", "catalog", ""]

# A run of 5,000 nodes leaves 30 MB; ten times that in memory is what one file may cost.
MOST_BYTES = 300_000_000
_HEAD_BYTES = 65_536
# Also "2026-03-31_run_results.json" and "run_results-42.json", as jobs that keep them often name them.
_NAME = re.compile(r"(^|[._-])(?P<kind>run_results|sources)([._-][^/]*)?\.json$")
# Where no run leaves its results; ours in .aidbt are of compiling only.
_NOT_LOOKED_AT = frozenset({".git", ".aidbt", "node_modules", "dbt_packages", "__pycache__"})
_SCHEMA = re.compile(rb'"dbt_schema_version"\s*:\s*"[^"]*/(?P<kind>[a-z-]+)/v\d+\.json"')


@dataclass(frozen=True, slots=True)
class Found:
    """A file that looks like an artifact of a run.

    Attributes:
        kind: by its content; "" where its beginning does not tell.
    """

    path: Path
    kind: ArtifactKind
    size_bytes: int


def find_artifacts(places: Sequence[Path]) -> tuple[list[Found], list[Finding]]:
    """The results of runs and of freshness in files and folders, in the order of their paths; and what is
    wrong with those that cannot be looked at.

    Raises:
        UsageError: a place does not exist.
    """
    found: dict[Path, Found] = {}
    findings: list[Finding] = []
    for place in places:
        if not place.exists():
            raise UsageError(f"{place} does not exist", hint="give the folder with run_results.json in it")
        for path in sorted(_files(place)):
            item = _looked_at(path)
            if isinstance(item, Finding):
                findings.append(item)
            elif item is not None:
                found[path.resolve()] = item
    return list(found.values()), findings


def _files(place: Path) -> Iterator[Path]:
    """A file that is named is looked at whatever it is called; in folders names tell."""
    if place.is_file():
        if place.suffix != ".log":  # which tells of runs that left nothing
            yield place
        return
    for folder, inside, names in os.walk(place):
        inside[:] = sorted(name for name in inside if name not in _NOT_LOOKED_AT)
        yield from (Path(folder) / name for name in names if _NAME.search(name))


def _looked_at(path: Path) -> Found | Finding | None:
    """What a file is; a finding where it is none of ours."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        return unreadable(path, f"it cannot be read: {error.strerror}")
    if size > MOST_BYTES:
        return unreadable(path, f"it has {size / 1e6:,.0f} MB; up to {MOST_BYTES / 1e6:,.0f} MB are read")
    match = _SCHEMA.search(head)
    kind = match["kind"].decode() if match else ""
    if kind in ("run-results", "sources"):
        return Found(path, kind, size)  # type: ignore[arg-type]
    if kind:
        return None  # a manifest or a catalog, which belong to a run and are none
    named = _NAME.search(path.name)
    return Found(path, "sources" if named and named["kind"] == "sources" else "run-results", size)


def unreadable(path: Path, message: str) -> Finding:
    """That a file was left out, and why."""
    return Finding("observe.not_read", Severity.WARN, str(path), f"left out: {message}")


_ID = re.compile(rb'"invocation_id"\s*:\s*"(?P<id>[^"]+)"')
_PROJECT = re.compile(rb'"project_name"\s*:\s*"(?P<name>[^"]+)"')


def manifest_head(folder: Path) -> tuple[str, str]:
    """(invocation_id, project's name) of the manifest in a folder, from its beginning; "" where unknown."""
    try:
        with (folder / "manifest.json").open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return "", ""
    head = head.partition(b'"nodes"')[0]
    found = [pattern.search(head) for pattern in (_ID, _PROJECT)]
    invocation, project = (match[1].decode("utf-8", "replace") if match else "" for match in found)
    return invocation, project
