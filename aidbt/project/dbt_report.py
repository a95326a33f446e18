"""The report of one dbt run, made of what that run itself left and of nothing older.

Many failures of dbt (a locked database, a parse error, a wrong flag) leave the previous run's green
`run_results.json` in place, and selecting nothing exits 0. So the results count only when they carry the
id of this very invocation.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from aidbt.core.errors import ArtifactError
from aidbt.core.findings import RunFailure
from aidbt.project.artifacts import NodeResult, read_run_results, read_sources
from aidbt.project.dbt_invocation import Invocation
from aidbt.project.dbt_runner import RunnerName
from aidbt.project.files import Project
from aidbt.project.manifest import Manifest, read_manifest
from aidbt.project.scrub import Scrub

RunStatus = Literal["success", "failed", "nothing_selected", "error"]

FAILING = frozenset(("error", "fail", "runtime error", "partial success"))

# What our macros begin their lines with.
_OURS = "aidbt: "

# Commands whose whole point is nodes: no node means that nothing was done.
_NODE_COMMANDS = frozenset(
    ("build", "clone", "compile", "retry", "run", "seed", "snapshot", "source", "test")
)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one dbt invocation did.

    Attributes:
        command: the words dbt was called with, secrets hidden.
        status: "success"; "failed": at least one node or hook failed; "nothing_selected": dbt exited 0
            having done nothing; "error": dbt could not run (parse error, locked database, wrong flag, …).
        exit_code: dbt's own.
        invocation_id: "" when dbt did not get as far as having one.
        started_at, finished_at: UTC, of the whole invocation.
        dbt_version: e.g. "1.11.16"; "" when it did not say.
        results: every node of this run in the order they ended.
        failures: failed nodes; with the unique_id "" what failed outside of any node.
        warnings: tests and sources that warned, and dbt's own warnings.
        said: what aidbt's macros wrote into dbt's log, without "aidbt: ".
    """

    command: tuple[str, ...]
    status: RunStatus
    exit_code: int
    invocation_id: str
    started_at: datetime
    finished_at: datetime
    dbt_version: str
    runner: RunnerName
    results: tuple[NodeResult, ...] = ()
    failures: tuple[RunFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether something was done and all of it went well."""
        return self.status == "success"

    def by_status(self) -> dict[str, int]:
        """How many nodes ended with each status, most frequent first."""
        return dict(Counter(result.status for result in self.results).most_common())

    def by_resource_type(self) -> dict[str, dict[str, int]]:
        """The same for each type of node, e.g. {"model": {"success": 3, "error": 1}}."""
        types = dict.fromkeys(result.resource_type for result in self.results)
        return {
            kind: dict(Counter(r.status for r in self.results if r.resource_type == kind).most_common())
            for kind in types
        }


def run_report(
    invocation: Invocation,
    *,
    project: Project,
    args: Sequence[str],
    runner: RunnerName,
    started_at: datetime,
    finished_at: datetime,
    scrub: Scrub,
) -> RunReport:
    """The report of an invocation that has just ended; reads the artifacts that this invocation wrote."""
    results, manifest = _written_by(invocation, project, args)
    status = _status(_command(args), invocation, results)
    failures = _failures(results or (), manifest, project)
    if status in ("failed", "error") and not failures:
        message = error_text(invocation) or "dbt left no results of this run, so what it did is not known"
        failures = [RunFailure("", "error", message, _path_in(message, project))]
    versions = [event.data.get("version", "") for event in invocation.named("MainReportVersion")]
    return RunReport(
        command=tuple(scrub(word) for word in ("dbt", *args)),
        status=status,
        exit_code=invocation.exit_code,
        invocation_id=invocation.invocation_id,
        started_at=started_at,
        finished_at=finished_at,
        dbt_version=versions[0].lstrip("=") if versions else "",
        runner=runner,
        results=tuple(_scrubbed(result, scrub) for result in results or ()),
        failures=tuple(replace(failure, message=scrub(failure.message)) for failure in failures),
        warnings=tuple(
            scrub(warning).removeprefix("[WARNING]: ") for warning in _warnings(invocation, results or ())
        ),
        said=tuple(
            scrub(event.message).removeprefix(_OURS)
            for event in invocation.named("JinjaLogInfo")
            if event.message.startswith(_OURS)
        ),
    )


def _scrubbed(result: NodeResult, scrub: Scrub) -> NodeResult:
    message = scrub(result.message)
    return replace(result, message=message, raw={**result.raw, "message": message})


def _written_by(
    invocation: Invocation, project: Project, args: Sequence[str]
) -> tuple[tuple[NodeResult, ...] | None, Manifest | None]:
    """The results and, when something failed, the manifest that this invocation wrote.

    None for results means that it wrote none; a file of another invocation is not looked at.
    """
    # With exit code 2 dbt gave no result, so whatever lies there is older.
    if not invocation.invocation_id or invocation.exit_code not in (0, 1):
        return None, None
    target = _target_path(project, args)
    is_freshness = _command(args) == "source"
    path = target / ("sources.json" if is_freshness else "run_results.json")
    for event in invocation.named("ArtifactWritten"):
        if event.data.get("artifact_type") in ("RunExecutionResult", "FreshnessResult"):
            path = project.root / event.data.get("artifact_path", path)
    try:
        artifact = read_sources(path) if is_freshness else read_run_results(path)
    except ArtifactError:
        return None, None
    if artifact.metadata.invocation_id != invocation.invocation_id:
        return None, None
    results = tuple(
        item
        if isinstance(item, NodeResult)
        else NodeResult(item.unique_id, item.status, item.message, item.execution_time, raw=item.raw)
        for item in artifact.results
    )
    if not any(result.status in FAILING for result in results):
        return results, None
    try:
        manifest = read_manifest(path.with_name("manifest.json"))
    except ArtifactError:
        return results, None
    return results, manifest if manifest.metadata.invocation_id == invocation.invocation_id else None


def _command(args: Sequence[str]) -> str:
    """The command itself, after any global flags."""
    return next((word for word in args if not word.startswith("-")), "")


def _target_path(project: Project, args: Sequence[str]) -> Path:
    for index, word in enumerate(args):
        if word.startswith("--target-path="):
            return project.root / word.partition("=")[2]
        if word == "--target-path" and index + 1 < len(args):
            return project.root / args[index + 1]
    return project.target_path


def _status(command: str, invocation: Invocation, results: tuple[NodeResult, ...] | None) -> RunStatus:
    if any(result.status in FAILING for result in results or ()):
        return "failed"
    if invocation.exit_code != 0:
        return "error" if results is None else "failed"
    if command not in _NODE_COMMANDS or results:
        return "success"
    # `dbt retry` after a run-operation that went well does nothing and writes nothing.
    did_nothing = results is not None or command == "retry" or bool(invocation.named("NothingToDo"))
    return "nothing_selected" if did_nothing else "error"


def _failures(results: Sequence[NodeResult], manifest: Manifest | None, project: Project) -> list[RunFailure]:
    return [
        RunFailure(
            result.unique_id, result.status, result.message, _path_of(result.unique_id, manifest, project)
        )
        for result in results
        if result.status in FAILING
    ]


def _path_of(unique_id: str, manifest: Manifest | None, project: Project) -> str:
    """The node's file relative to the project; of a package's node, inside the packages' folder."""
    node = manifest.find(unique_id) if manifest else None
    if node is None:
        return ""
    if node.package in ("", project.name):
        return node.path
    return f"{project.config.get('packages-install-path') or 'dbt_packages'}/{node.package}/{node.path}"


def error_text(invocation: Invocation) -> str:
    """Why the run as a whole failed, in dbt's words; "" when it did not."""
    if invocation.exit_code == 0:
        return ""
    # Of an inline query the second says only that it cannot be parsed, the first why.
    encountered = [
        event.data.get("exc", "")
        for name in ("ParseInlineNodeError", "MainEncounteredError")
        for event in invocation.named(name)
    ]
    errors = [
        event.message.strip()
        for event in invocation.events
        if event.level == "error" and event.name != "MainStackTrace"
    ]
    usage = re.search(r"^Error: (.*)", invocation.output, re.MULTILINE | re.DOTALL)
    for text in (
        *encountered,
        invocation.error,
        "\n".join(dict.fromkeys(filter(None, errors))),
        usage[1] if usage else "",
        "\n".join(invocation.output.splitlines()[-20:]),
    ):
        if text.strip():
            return text.strip()
    return f"dbt ended with exit code {invocation.exit_code} and did not say why"


_FILE = re.compile(r"[\w./\\-]+\.(?:sql|ya?ml|py|csv|md)\b")


def _path_in(message: str, project: Project) -> str:
    """The first file of the project that a message names, relative to the project; "" when there is none.

    dbt names YAML files relative to their resource folder, everything else relative to the project.
    """
    folders = [
        project.root,
        *(f for key in ("model", "seed", "snapshot", "macro") for f in project.paths(key)),
    ]
    for match in _FILE.finditer(message):
        for folder in folders:
            path = Path(os.path.abspath(folder / match[0]))
            if path.is_file() and path.is_relative_to(project.root):
                return path.relative_to(project.root).as_posix()
    return ""


def _warnings(invocation: Invocation, results: Sequence[NodeResult]) -> list[str]:
    """One text per warning: nodes that warned, then what dbt warned about outside of them."""
    nodes = [f"{r.unique_id}: {r.message or 'warn'}" for r in results if r.status == "warn"]
    # These repeat what is known from the results, or sum up other warnings.
    repeats = ("Log", "RunResult", "DeprecationsSummary", "NothingToDo", "EndOfRunSummary")
    others = [
        event.message.strip()
        for event in invocation.events
        if event.level == "warn" and not event.name.startswith(repeats)
    ]
    return [*nodes, *dict.fromkeys(others)]
