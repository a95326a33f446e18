"""Past failures whose class is known, and how those like a new one are found."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidbt.core.failures import Classified, ErrorClass
from aidbt.healing.classification.messages import normal_form

# How like two normal forms are, 0..1; from `_SAME` on they say the same thing.
_ALIKE, _SAME = 0.35, 0.85
_TOLD = 0.74  # below what may act
_MOST = 5
_WORD = 3  # shortest word that counts


@dataclass(frozen=True, slots=True)
class Case:
    """A failure that is over.

    Attributes:
        form: the normal form of its message (`normal_form`): no values, no secrets.
        was_right: whether what was done about it as this class proved right.
        runbook: what a person wrote down, or what was done; "" for nothing.
        is_told: whether a person said of which class it was.
    """

    form: str
    error_class: ErrorClass
    was_right: bool = True
    runbook: str = ""
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Alike:
    """A case and how like it is, 0..1."""

    case: Case
    likeness: float


def case_of(message: str, error_class: ErrorClass, *, was_right: bool = True, runbook: str = "") -> Case:
    """What is kept of a failure whose outcome is known."""
    return Case(normal_form(message), error_class, was_right, runbook)


def similar(message: str, cases: Sequence[Case], count: int = _MOST) -> list[Alike]:
    """The cases most like a message, the likest first: the cosine of words, rare ones counting more."""
    words = Counter(_words(normal_form(message)))
    if not words or not cases:
        return []
    forms = [Counter(_words(case.form)) for case in cases]
    spread = Counter(word for form in forms for word in form)
    rare: defaultdict[str, float] = defaultdict(lambda: math.log(1 + len(cases)) + 1.0)
    rare.update({word: math.log((1 + len(cases)) / (1 + n)) + 1 for word, n in spread.items()})
    found = [Alike(case, _cosine(words, form, rare)) for case, form in zip(cases, forms, strict=True)]
    found = [one for one in found if one.likeness >= _ALIKE]
    return sorted(found, key=lambda one: -one.likeness)[:count]


def by_cases(found: Classified, message: str, cases: Sequence[Case]) -> tuple[Classified, tuple[Case, ...]]:
    """What cases like it add to an answer that is not sure, and those cases.

    Cases that say the same and whose class proved right decide where they agree: each counts as one answer
    that was right, one that proved wrong as one that was not (Laplace's rule). What a person said stands over
    an answer that rests on the message alone; nothing acts upon it.
    """
    alike = similar(message, cases)
    shown = tuple(one.case for one in alike)
    same = [one.case for one in alike if one.likeness >= _SAME]
    classes = {case.error_class for case in same if case.was_right}
    if len(classes) != 1:
        return found, shown
    (error_class,) = classes
    of_class = [case for case in same if case.error_class is error_class]
    share = (sum(case.was_right for case in of_class) + 1) / (len(of_class) + 2)
    if any(case.is_told for case in of_class):
        share = max(share, min(found.confidence + 0.01, _TOLD))
    agrees = error_class is found.error_class
    if share <= found.confidence and not agrees:
        return found, shown
    sure = max(share, found.confidence) if agrees else share
    others = tuple(c for c in (found.error_class, *found.alternatives) if c is not error_class)
    why = f"{len(of_class)} case{'s' if len(of_class) > 1 else ''} of before said the same"
    told = next((case.runbook for case in reversed(of_class) if case.runbook and case.was_right), "")
    why += f"; what was done then: {told}" if told else ""
    return replace(
        found, error_class=error_class, confidence=round(sure, 3), by="cases", why=why, alternatives=others
    ), shown


def _words(form: str) -> list[str]:
    return [word for word in form.replace(".", " ").replace("_", " ").split() if len(word) >= _WORD]


def _cosine(one: Counter[str], other: Counter[str], rare: dict[str, float]) -> float:
    shared = sum(one[w] * other[w] * rare[w] ** 2 for w in one.keys() & other.keys())
    lengths = [math.sqrt(sum((n * rare[w]) ** 2 for w, n in form.items())) for form in (one, other)]
    return shared / (lengths[0] * lengths[1]) if all(lengths) else 0.0
