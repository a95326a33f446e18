"""From what the signals say to one probability per pair.

The combiner `evidence` is two looks at every pair. Each is a linear model whose weights depend on which
evidence there is (a weight per measure, one for having it at all, and two bends), fitted as a conditional
logit model: of all targets of a source, "no match" among them, which one would a person take, and the same
from the target's side (D. McFadden, "Conditional logit analysis of qualitative choice behavior", 1973). The
second look sees the first one's competition. Its shares are calibrated by a logistic regression, so that a
probability means the same in every task. `benchmarks/fit_matcher.py` fits all of it.

The combiner `fixed` is a weighted mean with fixed weights, in which missing evidence counts as a half.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from aidbt.core.registry import Registry
from aidbt.mapping.assign import assigned_pairs
from aidbt.mapping.competition import log_shares, second_look
from aidbt.mapping.signals import SIGNALS, Evidence, Pairs, SchemaPair
from aidbt.mapping.signals.type import BLOCKED

COMBINERS = Registry(
    "combiner",
    {"evidence": "aidbt.mapping.combine:by_evidence", "fixed": "aidbt.mapping.combine:by_fixed_weights"},
)

# Where the lines bend: a score from which on it says more, or less, than below.
BENDS = (0.5, 0.85)
_SECOND_BEND = 0.5
# What these say is worth something else where a name is made of short forms.
_OF_NAMES = frozenset({"name", "letters", "abbreviation", "meaning"})
_LIMIT = 12.0
# A pair that the assignment leaves out may be likelier than the one it takes, but not by much.
_AHEAD, _RIVAL = 0.7, 0.9
# A rival further behind is in the calibration already.
_NEAR = 1.0
# What the second look saw that tells how far the choice can be trusted.
_LOOKED = (
    "first", "ahead_of_source", "ahead_of_target", "neighbours", "tables", "tables_of_source",
    "tables_of_target",
)  # fmt: skip
# The weights of the first design.
_FIXED = {"name": 0.4, "type": 0.2, "statistics": 0.25, "context": 0.15}


@dataclass(frozen=True)
class Scores:
    """What was made of the signals.

    Attributes:
        probability: shape (pairs,), 0..1, that a person would map the source to the target.
        evidence: signal → what it said.
    """

    probability: np.ndarray
    evidence: dict[str, Evidence]


Combiner = Callable[[SchemaPair, Pairs, Mapping[str, float]], Scores]


def gather(task: SchemaPair, pairs: Pairs, names: Sequence[str] | None = None) -> dict[str, Evidence]:
    """What every signal says, by its name."""
    wanted = SIGNALS.names() if names is None else names
    return {name: SIGNALS.load(name)(task, pairs) for name in wanted}


# What no task of the fit has, as log odds where it is 0 and where it is 1. Set by hand: what people decided
# elsewhere nearly settles a match, and rows that break what the target declares speak against it.
_BY_HAND = {("history", "history"): (-2.5, 6.0), ("statistics", "constraints"): (-2.0, 0.2)}


def by_evidence(task: SchemaPair, pairs: Pairs, signals: Mapping[str, float]) -> Scores:
    """The fitted combiner.

    Args:
        signals: signal → factor on what it says; 0 leaves it out, absent is 1.
    """
    evidence = gather(task, pairs)
    kept = {name: said for name, said in evidence.items() if signals.get(name, 1.0) > 0}
    weights = fitted_weights(is_meaningful=task.embed is not None and "meaning" in kept)
    first = first_logits(task, pairs, kept, weights.first, signals) + _by_hand(kept, signals, len(pairs))
    looked = second_look(task, pairs, first)
    second = second_basis(looked) @ weights.second
    seen = calibration(task, pairs, kept, looked, second)
    probability = calibrated(pairs, seen, weights, rivalry(task, pairs, kept, second, seen.taken))
    return Scores(np.where(_blocked(evidence), 0.0, probability), evidence)


def _by_hand(evidence: Mapping[str, Evidence], signals: Mapping[str, float], count: int) -> np.ndarray:
    total = np.zeros(count, dtype=np.float32)
    for (signal, measure), (against, in_favour) in _BY_HAND.items():
        said = evidence.get(signal)
        if said is not None:
            log_odds = against + (in_favour - against) * said.scores[measure]
            total += np.where(said.masks[measure], signals.get(signal, 1.0) * log_odds, 0.0)
    return total


def _blocked(evidence: Mapping[str, Evidence]) -> np.ndarray | bool:
    """Where no value of the source can become the target's type."""
    said = evidence.get("type")
    return False if said is None else said.masks["type"] & (said.scores["type"] < BLOCKED)


def rivalry(
    task: SchemaPair, pairs: Pairs, evidence: Mapping[str, Evidence], logits: np.ndarray, taken: np.ndarray
) -> np.ndarray:
    """How many pairs a taken pair has to share its probability with, itself among them.

    Of one source, and of one target, at most one pair is right. A rival counts as far as its own logit comes
    near those of the pairs that it would displace, at both of its ends: `login_a` and `login_b` are each half
    of `login`, while `home_city` is no rival for `city` that `home_town` already has. A name that is the
    target's own, or that a person declared as its synonym, has only the same names as rivals.

    Returns:
        Array of shape (pairs,), from 1; it means something for taken pairs only.
    """
    held = np.full(len(task.source), -np.inf), np.full(len(task.target), -np.inf)
    for ends, of in zip((pairs.source, pairs.target), held, strict=True):
        of[ends[taken]] = logits[taken]
    is_same = evidence["name"].scores["same"] == 1 if "name" in evidence else np.zeros(len(pairs), dtype=bool)
    room = np.ones(len(pairs))
    for ends, others, of, of_others in (
        (pairs.source, pairs.target, held[0], held[1]),
        (pairs.target, pairs.source, held[1], held[0]),
    ):
        # No match has the logit 0: a doubtful pair is displaced for nothing.
        gain = logits - of[ends] - np.maximum(of_others[others], 0.0)
        is_settled = np.bincount(ends[taken & is_same], minlength=len(of)) > 0
        is_rival = ~taken & np.isfinite(of[ends]) & (gain >= -_NEAR) & (is_same | ~is_settled[ends])
        room += np.bincount(ends[is_rival], np.exp(np.minimum(gain[is_rival], 0.0)), len(of))[ends]
    return room


def first_basis(task: SchemaPair, pairs: Pairs, evidence: Mapping[str, Evidence]) -> np.ndarray:
    """The features of the first look.

    Returns:
        Array of shape (pairs, 1 + 4 × measures): a constant, then of each measure whether it has evidence,
        its score, and its score above each bend; all 0 without evidence. What names say stands there twice,
        for sources with readable names and for the others.
    """
    return np.stack(list(_first_features(task, pairs, evidence)), axis=1)


def first_logits(
    task: SchemaPair,
    pairs: Pairs,
    evidence: Mapping[str, Evidence],
    weights: np.ndarray,
    signals: Mapping[str, float],
) -> np.ndarray:
    """`first_basis` times the weights, without ever holding all of it.

    Args:
        signals: signal → factor on what it says, 1 where it is absent.
    """
    factors = [1.0]
    for signal, _ in measures():
        factors += [signals.get(signal, 1.0)] * (2 + len(BENDS)) * (2 if signal in _OF_NAMES else 1)
    total = np.zeros(len(pairs), dtype=np.float32)
    features = _first_features(task, pairs, evidence)
    for feature, weight, factor in zip(features, weights, factors, strict=True):
        total += np.float32(weight * factor) * feature
    return total


def _first_features(task: SchemaPair, pairs: Pairs, evidence: Mapping[str, Evidence]) -> Iterator[np.ndarray]:
    yield np.ones(len(pairs), dtype=np.float32)
    is_readable = task.names.is_readable[pairs.source]
    nothing = np.zeros(len(pairs), dtype=np.float32)
    for signal, measure in measures():
        said = evidence.get(signal)
        for scope in (is_readable, ~is_readable) if signal in _OF_NAMES else (None,):
            if said is None:
                yield from [nothing] * (2 + len(BENDS))
                continue
            mask = said.masks[measure] if scope is None else said.masks[measure] & scope
            score = said.scores[measure] * mask
            yield mask.astype(np.float32)
            yield score
            for bend in BENDS:
                yield np.maximum(score - np.float32(bend), 0) / np.float32(1 - bend)


def second_basis(looked: Mapping[str, np.ndarray]) -> np.ndarray:
    """The features of the second look: a constant, and of each thing seen its value and its value above the
    bend.
    """
    columns = [np.asarray(value, dtype=np.float32) for value in looked.values()]
    bent = [np.maximum(value - _SECOND_BEND, 0) / (1 - _SECOND_BEND) for value in columns]
    return np.stack([np.ones_like(columns[0]), *columns, *bent], axis=1)


def measures() -> list[tuple[str, str]]:
    """(signal, measure) in the order of the features."""
    return [
        ("name", "same"), ("name", "words"), ("name", "source_words"), ("name", "target_words"),
        ("name", "opposed"),
        ("letters", "letters"), ("letters", "spelled"), ("abbreviation", "shortened"),
        ("meaning", "meaning"), ("meaning", "meaning_near"), ("meaning", "meaning_in_table"),
        ("meaning", "meaning_described"), ("meaning", "meaning_valued"), ("meaning", "meaning_told"),
        ("meaning", "table_meaning"),
        ("description", "described"), ("description", "descriptions"),
        ("type", "type"), ("statistics", "shapes"), ("statistics", "range"), ("statistics", "figures"),
        ("statistics", "personal"),
        ("values", "values"), ("values", "value_words"), ("values", "codes"),
        ("context", "table"), ("context", "spread"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """What was fitted; see `first_basis`, `second_basis` and `Calibration` for the shapes."""

    first: np.ndarray
    second: np.ndarray
    ranking: np.ndarray
    taken: np.ndarray


@cache
def weights_text() -> str:
    """The file of fitted weights that comes with the package."""
    return files("aidbt.mapping").joinpath("weights.json").read_text(encoding="utf-8")


@cache
def fitted_weights(*, is_meaningful: bool) -> Weights:
    """The weights that come with the package, fitted with or without an embedding model."""
    chosen = json.loads(weights_text())["with_meaning" if is_meaningful else "lexical"]
    return Weights(*(np.array(chosen[field.name], dtype=np.float32) for field in fields(Weights)))


@dataclass(frozen=True)
class Calibration:
    """What tells how often a pair is right.

    Attributes:
        of_all: shape (pairs, 6), what ranks all pairs: a constant; the log odds of the pair among the targets
            of its source and among the sources of its target; whether the best one-to-one assignment takes
            it, and both again where it does.
        taken: shape (pairs,), whether the assignment takes the pair.
        of_taken: shape (taken pairs, features), what tells how sure those are.
        signs: shape (features,), 1 where a higher value can only make a taken pair likelier, else 0.
    """

    of_all: np.ndarray
    taken: np.ndarray
    of_taken: np.ndarray
    signs: np.ndarray


def calibration(
    task: SchemaPair,
    pairs: Pairs,
    evidence: Mapping[str, Evidence],
    looked: Mapping[str, np.ndarray],
    logits: np.ndarray,
) -> Calibration:
    """What the second look, the evidence itself, and how well the two schemas fit as a whole say of a pair.

    The share of a pair among its rivals does not tell an easy task, where everything has a good partner, from
    one in which the best partner is a poor one.
    """
    scores = np.clip(logits, -_LIMIT, _LIMIT).astype(np.float64)
    by_source = log_shares(scores, pairs.source, len(task.source), 0.0)
    by_target = log_shares(scores, pairs.target, len(task.target), 0.0)
    odds = _log_odds(by_source), _log_odds(by_target)
    total = np.minimum(*odds) + 0.25 * np.maximum(*odds)
    taken = assigned_pairs(pairs, total, task.shape, least=-_LIMIT)
    of_all = np.stack([np.ones(len(pairs)), *odds, taken, taken * odds[0], taken * odds[1]], axis=1)

    forth, back = (np.clip(found[taken], -6, 8) for found in odds)
    lower = np.minimum(forth, back)
    ones, nothing = np.ones(len(lower)), np.zeros(len(lower))
    said = {
        f"{signal}.{measure}": np.where(found.masks[measure], found.scores[measure], 0.0)[taken]
        for signal, found in evidence.items()
        for measure in found.scores
    }
    is_readable = task.names.is_readable[pairs.source[taken]].astype(float)
    is_typed = evidence["type"].masks["type"][taken] if "type" in evidence else nothing
    is_told = evidence["meaning"].masks["meaning_told"][taken] if "meaning" in evidence else nothing
    shares = np.exp((by_source + by_target) / 2)
    fit = max(
        _mean_best(shares, pairs.source, len(task.source)), _mean_best(shares, pairs.target, len(task.target))
    )
    helps = [
        lower, forth, back, fit * ones, max(fit - 0.5, 0) * ones,
        *(said.get(f"name.{m}", nothing) for m in ("same", "words", "source_words", "target_words")),
        said.get("letters.spelled", nothing),
        said.get("abbreviation.shortened", nothing) * (1 - is_readable),
        *(looked[name][taken] for name in _LOOKED),
        said.get("type.type", nothing), is_typed * (said.get("type.type", nothing) - 1),
        said.get("meaning.meaning_told", nothing),
    ]  # fmt: skip
    either_way = [
        *(np.maximum(lower - bend, 0) for bend in (0, 2, 4)),
        is_readable, np.log10(max(len(task.target), 1)) * ones, float(len(task.target.tables) > 1) * ones,
        is_told,
    ]  # fmt: skip
    signs = np.array([0.0, *([1.0] * len(helps)), *([0.0] * len(either_way))])
    return Calibration(of_all, taken, np.stack([ones, *helps, *either_way], axis=1), signs)


def _mean_best(shares: np.ndarray, groups: np.ndarray, count: int) -> float:
    best = np.zeros(count)
    np.maximum.at(best, groups, shares)
    return float(best.mean()) if count else 0.0


def _log_odds(log_share: np.ndarray) -> np.ndarray:
    rest = np.log(np.maximum(-np.expm1(log_share), 1e-6))
    return np.asarray(np.clip(log_share - rest, -_LIMIT, _LIMIT))


def calibrated(pairs: Pairs, seen: Calibration, weights: Weights, shared: np.ndarray) -> np.ndarray:
    """The probability of each pair.

    A rival of a taken pair has as much less than that one as the ranking has it behind, or a little more
    where it is ahead: the candidates of a source stand in the order of the ranking, but none that the
    assignment left out is nearly certain.

    Args:
        shared: shape (pairs,), with how many pairs a taken one shares its probability (`rivalry`).
    """
    ranking = seen.of_all @ weights.ranking
    found = 1 / (1 + np.exp(-ranking))
    place = np.full(int(pairs.source.max(initial=-1)) + 1, -1)
    taken = np.flatnonzero(seen.taken)
    place[pairs.source[taken]] = taken
    found[taken] = 1 / (1 + np.exp(-(seen.of_taken @ weights.taken))) / shared[taken]
    rivals = np.flatnonzero(~seen.taken & (place[pairs.source] >= 0))
    best = place[pairs.source[rivals]]
    apart = ranking[rivals] - ranking[best]
    behind = np.where(apart > 0, _AHEAD * np.tanh(apart / _AHEAD), np.maximum(apart, -_LIMIT))
    found[rivals] = np.minimum(found[best] * np.exp(behind), _RIVAL)
    return np.asarray(found)


def by_fixed_weights(task: SchemaPair, pairs: Pairs, signals: Mapping[str, float]) -> Scores:
    """0.4 name + 0.2 type + 0.25 statistics + 0.15 context, or other weights; missing evidence is a half.

    Args:
        signals: signal → weight, instead of the usual ones; they are divided by their sum.
    """
    weights = dict(signals) or _FIXED
    evidence = gather(task, pairs, list(weights))
    total = np.zeros(len(pairs))
    for name, weight in weights.items():
        scores, mask = evidence[name].overall()
        total += weight / max(sum(weights.values()), 1e-9) * np.where(mask, scores, 0.5)
    return Scores(total, evidence)
