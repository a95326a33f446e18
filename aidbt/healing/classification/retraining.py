"""Learning from outcomes: a new text model only where it is better, and word when the answers get worse."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from zlib import crc32

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import Finding, Severity
from aidbt.healing.classification.learned import TextModel, fit_text_model

KNOWN_FILE = "known.jsonl"
_FOLDS = 5
_LEAST = 30  # outcomes without which nothing can be said
_Z = 1.96  # of a 95 % interval
_RECENT = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a failure proved to be.

    Attributes:
        form: the normal form of its message.
        was: its class, as what mended it or a person showed.
        said, confidence: what was answered at the time.
    """

    form: str
    was: ErrorClass
    said: ErrorClass
    confidence: float


@dataclass(frozen=True, slots=True)
class Retrained:
    """The end of a try to learn.

    Attributes:
        model: the new model; None where the one there is stays.
        why: how the two did on outcomes that neither had seen.
    """

    model: TextModel | None
    why: str


@lru_cache(maxsize=1)
def known_messages() -> tuple[tuple[str, ErrorClass], ...]:
    """Normal form and class of the messages that the shipped model was fitted on."""
    text = (files(__package__) / KNOWN_FILE).read_text(encoding="utf-8")
    return tuple((str(form), ErrorClass(name)) for form, name in map(json.loads, text.splitlines()))


def retrained(
    outcomes: Sequence[Outcome], model: TextModel, known: Sequence[tuple[str, ErrorClass]]
) -> Retrained:
    """A model that knows the outcomes too, where it does better on held-out ones than `model`.

    In each of five folds a model of `known` and the other outcomes answers what was held out; outcomes with
    the same form are held out together. It is better where it wins so often that chance would in less than
    one of twenty cases (the sign test on what one gets right and the other wrong).

    Args:
        known: what `model` was fitted on (`known_messages`).

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    if len(outcomes) < _LEAST:
        return Retrained(None, f"{len(outcomes)} outcomes are too few to learn from; {_LEAST} are needed")
    won = lost = 0
    for rest, held in _folds(outcomes):
        tried = _fitted(known, rest)
        for outcome in held:
            new, old = (one.likeliest(outcome.form, 1)[0][0] is outcome.was for one in (tried, model))
            won += new and not old
            lost += old and not new
    told = f"on {len(outcomes)} held-out outcomes it was right {won} times where the old one was not,"
    told += f" and wrong {lost} times where the old one was right"
    if not _is_no_chance(won, lost):
        return Retrained(None, f"a new model is not surely better: {told}")
    return Retrained(_fitted(known, outcomes), told)


def _fitted(known: Sequence[tuple[str, ErrorClass]], outcomes: Sequence[Outcome]) -> TextModel:
    forms = [*(form for form, _ in known), *(outcome.form for outcome in outcomes)]
    return fit_text_model(forms, [*(label for _, label in known), *(outcome.was for outcome in outcomes)])


def _folds(outcomes: Sequence[Outcome]) -> Iterator[tuple[list[Outcome], list[Outcome]]]:
    for fold in range(_FOLDS):
        held = [o for o in outcomes if crc32(o.form.encode()) % _FOLDS == fold]
        if held:
            yield [o for o in outcomes if crc32(o.form.encode()) % _FOLDS != fold], held


def _is_no_chance(won: int, lost: int) -> bool:
    """Whether so many wins of all come by chance in less than one of twenty cases."""
    tried = won + lost
    by_chance = sum(math.comb(tried, n) for n in range(won, tried + 1)) / 2**tried
    return bool(by_chance < 0.05)


def accuracy_finding(outcomes: Sequence[Outcome]) -> Finding | None:
    """Word that the classes are right less often than they claim, None where that does not show.

    Of the last hundred outcomes the share that was right is compared with the mean confidence; it is lower
    where even the upper end of its 95 % score interval (Wilson 1927) is.
    """
    recent = outcomes[-_RECENT:]
    if len(recent) < _LEAST:
        return None
    right = sum(outcome.said is outcome.was for outcome in recent)
    claimed = sum(outcome.confidence for outcome in recent) / len(recent)
    upper = _upper_share(right, len(recent))
    if upper >= claimed:
        return None
    return Finding(
        "classification.accuracy",
        Severity.WARN,
        "classification of failures",
        f"{right} of the last {len(recent)} failures were of the class that was said, {claimed:.0%} expected",
        {
            "right": str(right),
            "of": str(len(recent)),
            "expected": f"{claimed:.2f}",
            "at_most": f"{upper:.2f}",
        },
    )


def _upper_share(right: int, of: int) -> float:
    share, z2 = right / of, _Z**2
    spread = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return (share + z2 / (2 * of) + spread) / (1 + z2 / of)
