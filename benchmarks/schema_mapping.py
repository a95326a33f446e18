"""Claim: on mapping tasks that people answered, ours ranks, assigns and is sure of its matches better than
Coma (Valentine), Magneto zero-shot, a plain embedding of the name and trigrams, and its probabilities mean
the same on every task. Source descriptions are withheld, as a raw table has none, unless `--descriptions`.

With `--predict DIR` every prediction is written as plain CSV: ours into DIR, each peer's into
`DIR/peers/<peer>`. The figures of each kind of task take the threshold that is best for all tasks of the run
(`f1`) and the one that is best for that kind alone (`f1_tuned`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aidbt.core.config import EmbeddingSettings, MappingSettings
from aidbt.core.schema import Column, Relation
from aidbt.llm.embeddings import open_embedder, why_no_embedder
from aidbt.mapping.schemas import PairScore, match_schemas
from aidbt.mapping.sides import TableSide
from aidbt.store.cache import Cache
from benchmarks.common import measure, report, standard_arguments
from benchmarks.schema_mapping_peers import PEERS, QUICK, run_peer
from benchmarks.schema_tasks import (
    Pair,
    Prediction,
    TableEntry,
    Task,
    read_predictions,
    read_tasks,
    write_predictions,
)
from benchmarks.schema_tasks.metrics import Judged, best_threshold, figures, judge

OWN_TASKS = Path(__file__).with_name("mapping_tasks")
QUICK_TASKS = 2  # of each kind
QUICK_PAIRS = 20_000  # source columns × target columns
Embed = Callable[[Sequence[str]], np.ndarray]
# Ours runs in a process of its own, as the peers do, so that its memory can be seen.
OURS = """
import sys
from benchmarks.schema_mapping import arguments, predict_all
predict_all(arguments(sys.argv[1:]))
"""


def main() -> None:
    chosen = arguments(sys.argv[1:])
    tasks = chosen_tasks(chosen)
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as scratch:
        chosen.predict = chosen.predict or Path(scratch)
        run = measure([sys.executable, "-c", OURS, *_same(chosen)])
        cost = {"cpu_s": round(run.cpu_s, 1), "wall_s": round(run.wall_s, 1), "peak_mb": round(run.peak_mb)}
        ours = {**_kind_of_run(chosen), **results(tasks, read_predictions(chosen.predict)), **cost}
        peers = {name: _peer(name, tasks, chosen) for name in chosen.peers}
    ratios = _ratios(ours, peers)
    if chosen.output == "text":
        ours, peers = _lines(ours), {name: _lines(of_peer) for name, of_peer in peers.items()}
    report("schema_mapping", ours=ours, peers=peers, ratios=ratios, output=chosen.output)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = standard_arguments(__doc__)
    add = parser.add_argument
    add("--data", type=Path, default=OWN_TASKS, metavar="TASKS", help="a folder of tasks; ours by default")
    add("--match", default="", metavar="REGEX", help="only the tasks whose name matches")
    add("--predict", type=Path, metavar="DIR", help="write the predictions there")
    add("--descriptions", action="store_true", help="give the source's descriptions too")
    add("--lexical", action="store_true", help="without embeddings")
    add("--combiner", choices=["evidence", "fixed"], default="evidence")
    add("--peers", nargs="*", choices=list(PEERS), metavar="PEER", help="all by default; no name: none")
    add("--reuse-peers", action="store_true", help="take what the peers said of the same tasks before")
    chosen = parser.parse_args(words)
    if chosen.peers is None:
        chosen.peers = list(QUICK if chosen.quick else PEERS)
    return chosen


def _same(chosen: argparse.Namespace) -> list[str]:
    """The same choices, for the process that only predicts."""
    flags = [f"--{name}" for name in ("quick", "descriptions", "lexical") if getattr(chosen, name)]
    values = [("data", chosen.data), ("match", chosen.match), ("combiner", chosen.combiner)]
    return [*flags, *(f"--{name}={value}" for name, value in (*values, ("predict", chosen.predict)))]


def chosen_tasks(chosen: argparse.Namespace) -> list[Task]:
    """The tasks to be answered; in the quick form the first small ones of each kind.

    Raises:
        SystemExit: there are none.
    """
    tasks = read_tasks(chosen.data, match=chosen.match, descriptions=chosen.descriptions)
    if not chosen.quick:
        return tasks
    taken: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        if _size(task) <= QUICK_PAIRS and len(taken[task.kind]) < QUICK_TASKS:
            taken[task.kind].append(task)
    if not any(taken.values()):
        raise SystemExit(f"no tasks: none in {chosen.data} is small enough for the quick form")
    return [task for of_kind in taken.values() for task in of_kind]


def _size(task: Task) -> int:
    sources, targets = (sum(len(t.columns) for t in side) for side in (task.sources, task.targets))
    return sources * targets


# --- ours -------------------------------------------------------------------------------------------------


def predict_all(chosen: argparse.Namespace) -> None:
    """Answer every task and write the predictions."""
    settings = MappingSettings(combiner=chosen.combiner)
    embed = opened_embed(lexical=chosen.lexical)
    predictions = {task.name: predict(task, settings, embed) for task in chosen_tasks(chosen)}
    write_predictions(chosen.predict, predictions)


def opened_embed(*, lexical: bool) -> Embed | None:
    """What gives texts their meaning, loaded; None when it is left out or not installed."""
    embedder = None if lexical else open_embedder(EmbeddingSettings())
    return embedder.encode if embedder else None


def predict(
    task: Task, settings: MappingSettings, embed: Embed | None, *, cache: Cache | None = None
) -> Prediction:
    """What our matcher says about one task.

    Args:
        cache: where answers are kept; None answers anew.
    """
    sources, targets = ([table_side(table) for table in side] for side in (task.sources, task.targets))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    found = match_schemas(sources, targets, settings, embed=embed, cache=cache)
    return Prediction(
        _by_pair(found.pairs),
        _by_pair(found.matches),
        wall_s=time.perf_counter() - wall_s,
        cpu_s=time.process_time() - cpu_s,
    )


def table_side(table: TableEntry) -> TableSide:
    columns = tuple(Column(c.name, c.type, description=c.description) for c in table.columns)
    return TableSide(Relation("", table.name, columns, description=table.description), values=table.values)


def _by_pair(scores: Sequence[PairScore]) -> dict[Pair, float]:
    return {
        ((s.source_table, s.source_column), (s.target_table, s.target_column)): s.probability for s in scores
    }


# --- figures ----------------------------------------------------------------------------------------------


def results(tasks: Sequence[Task], predictions: dict[str, Prediction]) -> dict[str, Any]:
    """The figures over all tasks that have a truth, then those of each kind of task."""
    judged = [judge(task, predictions[task.name]) for task in tasks if task.truth]
    if not judged:
        return {"tasks": len(tasks), "judged": "no task has a ground_truth.csv"}
    threshold = best_threshold(judged)
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.task.kind].append(one)
    overall = {**figures(judged, threshold), "threshold": round(threshold, 4)}
    return {**overall, "kinds": {kind: figures(of, threshold) for kind, of in sorted(kinds.items())}}


def _peer(name: str, tasks: Sequence[Task], chosen: argparse.Namespace) -> dict[str, Any]:
    print(f"{name} …", file=sys.stderr, flush=True)
    run = run_peer(name, tasks, reuse=chosen.reuse_peers)
    write_predictions(chosen.predict / "peers" / name.replace(" ", "_"), run.predictions)
    cost = {"cpu_s": run.cpu_s, "wall_s": run.wall_s, "peak_mb": run.peak_mb}
    failed = {"tasks without an answer": run.failed} if run.failed else {}
    return {**results(tasks, run.predictions), **cost, **failed}


def _kind_of_run(chosen: argparse.Namespace) -> dict[str, Any]:
    why = "left out" if chosen.lexical else why_no_embedder(EmbeddingSettings())
    return {
        "combiner": chosen.combiner,
        "embeddings": why or "used",
        "source descriptions": "given" if chosen.descriptions else "withheld",
    }


def _lines(found: dict[str, Any]) -> dict[str, Any]:
    """The figures for reading: one line for each kind of task."""
    lines = {name: value for name, value in found.items() if name != "kinds"}
    for kind, of_kind in found.get("kinds", {}).items():
        lines[kind] = ", ".join(f"{name} {value}" for name, value in of_kind.items() if value is not None)
    return lines


def _ratios(ours: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ours beside the best peer of each figure, over all tasks."""
    found: dict[str, Any] = {}
    for name in ("mrr", "mrr_hard", "recall_gt", "f1", "auto95"):
        theirs = [figures[name] for figures in peers.values() if figures.get(name)]
        if theirs and ours.get(name) is not None:
            found[f"{name} ours / best peer"] = round(ours[name] / max(theirs), 3)
    return found


if __name__ == "__main__":
    main()
