"""How sure an answer is: how often such answers were right on sources that were not in the fit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from aidbt.core.failures import ACT_FROM, ErrorClass
from aidbt.healing.classification.rules import Ruling

TABLE_FILE = "confidence.json"
# Below what may act: answers that nothing makes sure, however often they were right so far.
_DRAFT_AT_MOST = ACT_FROM - 0.01
# From here on the text model is worth more than words that a rule found.
SURE = 0.6
_STEPS = (0.3, 0.5, 0.7, 0.9)

Likeliest = Sequence[tuple[ErrorClass, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What rules and text model say together, before it is known how sure that is.

    Attributes:
        cell: which kind of answer it is: what it rests on, and how far the two agree.
        may_act: whether that kind of answer may act at all.
    """

    error_class: ErrorClass
    by_rules: bool
    cell: str
    may_act: bool


def answer(ruling: Ruling | None, likeliest: Likeliest) -> Answer:
    """The class that the two say: the rule's, unless there is none or the text model is sure of another.

    An engine's own code stands against the text model. Otherwise nothing may act where the two name different
    families, nor on general words alone, nor may what says nothing.
    """
    guess, chance = likeliest[0]
    if ruling is None:
        step = sum(chance >= bound for bound in _STEPS)
        return Answer(guess, False, f"learned {step}", guess is not ErrorClass.UNCLASSIFIED_ERROR)
    how = _agreement(ruling, guess)
    sure = "sure" if chance >= SURE else "unsure"
    if how in ("family", "other") and sure == "sure" and ruling.strength != "code":
        return Answer(guess, False, f"learned over {ruling.strength}, {how}", False)
    may_act = (
        ruling.error_class is not ErrorClass.UNCLASSIFIED_ERROR
        and ruling.strength != "words"
        and (how != "other" or ruling.strength == "code")
    )
    return Answer(ruling.error_class, True, f"{ruling.strength}, {how}, {sure}", may_act)


def _agreement(ruling: Ruling, guess: ErrorClass) -> str:
    if guess is ruling.error_class:
        return "same"
    if guess in ruling.alternatives:
        return "also"
    return "family" if guess.family == ruling.error_class.family else "other"


@dataclass(frozen=True, slots=True)
class Counted:
    """How often answers of one kind were right: `right` of `seen`."""

    right: int
    seen: int

    @property
    def share(self) -> float:
        """The expected share of right ones (Laplace's rule), so that few answers are not sure."""
        return (self.right + 1) / (self.seen + 2)


def confidence(found: Answer, table: Mapping[str, Counted]) -> float:
    """0..1; of a kind that was never seen a half."""
    share = table.get(found.cell, Counted(0, 0)).share
    return share if found.may_act else min(share, _DRAFT_AT_MOST)


@lru_cache(maxsize=1)
def shipped_table() -> dict[str, Counted]:
    """What was counted when the shipped model was fitted."""
    text = (files(__package__) / TABLE_FILE).read_text(encoding="utf-8")
    return {cell: Counted(*counts) for cell, counts in json.loads(text).items()}
