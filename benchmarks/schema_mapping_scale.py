"""Claim: 1,000 × 1,000 columns are mapped in at most 5 s cold, 0.5 s cached and 2 s after one of them
changed, 10,000 × 2,000 in at most 60 s of CPU and 2 GB of memory. Magneto zero-shot and Coma stand beside it
on 1,000 × 1,000. The schemas are made from a seed (`schema_tasks.made`): tables of 20 to 60 columns with 20
rows; a third of the target's columns has a partner, so that quality is seen too.

"cold" is a new process with nothing kept; "cached" is a new process that finds the first one's answer in the
store, "vectors" one that finds only its vectors, "changed" one that finds both of them but has a column with
a new name, which must be answered as if nothing had been kept (`is_as_cold`); "again" is the same call once
more. `changed_one_column_s` is the wall time of the call of "changed". `wall_s`, `cpu_s` and
`peak_mb` are of the whole process, imports and files included; those of "match" and "again" of the call.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from aidbt.core.config import EmbeddingSettings, MappingSettings
from aidbt.llm.embeddings import cached, open_embedder, why_no_embedder
from aidbt.store.cache import Cache
from aidbt.store.db import open_store
from aidbt.store.vectors import VectorTable
from benchmarks.common import measure, report, standard_arguments
from benchmarks.schema_mapping import Embed, opened_embed, predict
from benchmarks.schema_mapping_peers import run_peer
from benchmarks.schema_tasks import Prediction, Task, read_task
from benchmarks.schema_tasks.made import write_task
from benchmarks.schema_tasks.metrics import best_threshold, figures, judge

SEED = 20
SIZES = {"quick": ((200, 200), (1_000, 400)), "full": ((1_000, 1_000), (10_000, 2_000))}
PEERS = {"quick": ("Coma",), "full": ("Coma", "Magneto zero-shot")}
TIME = """
import sys
from benchmarks.schema_mapping_scale import time_ours
time_ours(*sys.argv[1:])
"""
QUALITY = ("pairs", "mrr", "recall_gt", "f1_tuned")


def main() -> None:
    chosen = standard_arguments(__doc__).parse_args()
    form = "quick" if chosen.quick else "full"
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name:
        folder = Path(name)
        square, wide = (_made(folder, *size) for size in SIZES[form])
        ours: dict[str, Any] = {"embeddings": why_no_embedder(EmbeddingSettings()) or "used"}
        ours |= _ours(folder, square, "cold", again=True) | _ours(folder, square, "cached")
        ours |= _ours(folder, square, "vectors")
        ours |= _ours(folder, square, "changed")
        ours["changed_one_column_s"] = ours[f"{square} changed: match wall_s"]
        ours |= _ours(folder, square, "lexical", again=True)
        ours |= _ours(folder, wide, "cold") | _ours(folder, wide, "lexical")
        task = read_task(folder / square)
        peers = {peer: _peer(peer, task) for peer in PEERS[form]}
    report(
        "schema_mapping_scale",
        ours=ours,
        peers=peers,
        ratios={
            f"{name} wall_s / ours cold": round(figures["wall_s"] / ours[f"{square} cold: wall_s"], 1)
            for name, figures in peers.items()
        },
        output=chosen.output,
    )


def _made(folder: Path, sources: int, targets: int) -> str:
    name = f"{sources:,} x {targets:,}"
    write_task(folder / name, source_columns=sources, target_columns=targets, seed=SEED)
    return name


def _ours(folder: Path, name: str, way: str, *, again: bool = False) -> dict[str, Any]:
    """One process that maps; "cold" begins with an empty store, the others with the one that cold filled."""
    run = measure([sys.executable, "-c", TIME, folder / name, way, folder / f"{name}.db", str(int(again))])
    found = {"wall_s": round(run.wall_s, 2), "cpu_s": round(run.cpu_s, 2), "peak_mb": round(run.peak_mb)}
    return {f"{name} {way}: {what}": value for what, value in (found | json.loads(run.stdout)).items()}


def time_ours(folder: str, way: str, store: str, again: str) -> None:
    """Map one task and print what it took inside of this process, without imports and reading files."""
    task = read_task(Path(folder))
    task = with_a_new_name(task) if way == "changed" else task
    embed = None if way == "lexical" else _kept_embed(Path(store))
    settings = MappingSettings()
    cache = Cache(open_store(Path(store))) if way in ("cold", "cached", "changed") else None
    first = predict(task, settings, embed, cache=cache)
    found: dict[str, Any] = {"match wall_s": round(first.wall_s, 2), "match cpu_s": round(first.cpu_s, 2)}
    if way == "changed":
        cold = predict(task, settings, opened_embed(lexical=False))
        found["is_as_cold"] = (cold.scored, cold.assigned) == (first.scored, first.assigned)
    if again == "1":
        second = predict(task, settings, embed)
        found |= {"again wall_s": round(second.wall_s, 2), "again cpu_s": round(second.cpu_s, 2)}
    print(json.dumps(found | _quality(task, first)))


def with_a_new_name(task: Task) -> Task:
    """The task with one source column called otherwise; what is true of it is not asked."""
    table, *rest = task.sources
    first, *others = table.columns
    columns = (replace(first, name="newly_named_column"), *others)
    return replace(task, sources=(replace(table, columns=columns), *rest))


def _kept_embed(path: Path) -> Embed | None:
    """What gives texts their meaning, with a store of vectors before it; None when none is installed."""
    embedder = open_embedder(EmbeddingSettings())
    return cached(embedder, VectorTable(open_store(path))).encode if embedder else None


def _quality(task: Task, prediction: Prediction) -> dict[str, Any]:
    judged = [judge(task, prediction)]
    found = figures(judged, best_threshold(judged))
    return {name: found[name] for name in QUALITY}


def _peer(name: str, task: Task) -> dict[str, Any]:
    run = run_peer(name, [task])
    if run.failed:
        raise SystemExit(f"the peer {name} gave no answer: {run.predictions[task.name].failure}")
    cost = {"wall_s": run.wall_s, "cpu_s": run.cpu_s, "peak_mb": run.peak_mb}
    return {**cost, **_quality(task, run.predictions[task.name])}


if __name__ == "__main__":
    main()
