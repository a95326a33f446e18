"""The decision list: what codes and documented words of a failure say, the surest first."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Literal

from aidbt.core.failures import ErrorClass
from aidbt.healing.classification.marks import Mark, Marked
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.classification.rulebook.codes import WEAK, tables
from aidbt.healing.classification.rulebook.phrases import phrases

# How much a rule rests on: an engine's own code, words that are documented, a general code, general words.
Strength = Literal["code", "first", "phrases", "status", "words"]
_LONGEST_WHY = 80

_E = ErrorClass
# What a message cannot tell apart, where the rule itself does not say.
_ALSO: dict[ErrorClass, tuple[ErrorClass, ...]] = {
    _E.COLUMN_REMOVED: (_E.COLUMN_RENAMED, _E.SQL_SEMANTIC),
    _E.COLUMN_RENAMED: (_E.COLUMN_REMOVED, _E.SQL_SEMANTIC),
    _E.COLUMN_ADDED: (_E.TYPE_CHANGED, _E.COLUMN_REMOVED),
    _E.TYPE_CHANGED: (_E.SQL_SEMANTIC,),
    _E.TABLE_RENAMED: (_E.PERMISSION_DENIED,),
    _E.SQL_SEMANTIC: (_E.TYPE_CHANGED,),
    _E.CONCURRENCY_CONFLICT: (_E.RESOURCE_EXHAUSTION,),
    _E.CONNECTION_RESET: (_E.TEMPORARY_UNAVAILABLE, _E.NETWORK_TIMEOUT),
    _E.CONSTRAINT_VIOLATION: (_E.TYPE_COERCION_FAILURE,),
    _E.TYPE_COERCION_FAILURE: (_E.TYPE_CHANGED,),
    _E.QUOTA_EXCEEDED: (_E.RATE_LIMIT_EXCEEDED,),
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the decision list says.

    Attributes:
        why: the code or the words that decided.
    """

    error_class: ErrorClass
    strength: Strength
    why: str
    alternatives: tuple[ErrorClass, ...] = ()


def ruled(message: Marked) -> Ruling | None:
    """The first rule that fits, None where none does."""
    codes = [found for mark in message.marks if (found := _of_code(mark))]
    found = (
        _of_words(message.text, "first")
        or _says_something([ruling for ruling in codes if ruling.strength == "code"])
        or _of_words(message.text, "phrases")
        or _says_something(codes)
        or _of_words(message.text, "words")
        or next(iter(codes), None)
    )
    return _renamed(found, message.text) if found else None


def _says_something(codes: list[Ruling]) -> Ruling | None:
    return next((found for found in codes if found.error_class is not _E.UNCLASSIFIED_ERROR), None)


def _of_code(mark: Mark) -> Ruling | None:
    table = tables().get(mark.kind, {})
    # A condition of Spark may be given with what it is in particular: A.B is A where B is not known.
    error_class = table.get(mark.code) or table.get(mark.code.partition(".")[0])
    if error_class is None:
        return None
    strength: Strength = "status" if mark.kind in WEAK else "code"
    return Ruling(error_class, strength, f"{mark.kind} {mark.code}", _ALSO.get(error_class, ()))


def _of_words(text: str, stage: Literal["first", "phrases", "words"]) -> Ruling | None:
    for phrase in phrases()[stage]:
        said = phrase.found_in(text)
        if said:
            also = phrase.alternatives or _ALSO.get(phrase.error_class, ())
            shown = _shown(said)
            return Ruling(phrase.error_class, stage, f"it says “{shown}”", also)
    return None


def _shown(said: str) -> str:
    """The words that decided, without the values and secrets that stand between them."""
    form = normal_form(said)
    return form if len(form) <= _LONGEST_WHY else form[: _LONGEST_WHY - 1] + "…"


_SUGGESTS = re.compile(
    r"(?i)(?:did you mean|perhaps you meant|candidate bindings|similar (?:names?|columns?)|maybe you meant)"
    r"(.{0,400})"
)
_NAME = re.compile(r"[\w$]{2,}(?:\.[\w$]{2,})*")
_LIKE = 0.6  # from here on (difflib) a suggested name may be the old one under a new name


def _renamed(found: Ruling, text: str) -> Ruling:
    """A missing column whose message names one much like it may have been renamed."""
    suggested = _SUGGESTS.search(text) if found.error_class is _E.COLUMN_REMOVED else None
    if suggested is None:
        return found
    missing = {
        _last(name) for name in _NAME.findall(text[max(0, suggested.start() - 200) : suggested.start()])
    }
    likeliest = {_last(name) for name in _NAME.findall(suggested[1])}
    if not any(_alike(one, other) for one in missing for other in likeliest if one != other):
        return found
    return replace(found, error_class=_E.COLUMN_RENAMED, alternatives=_ALSO[_E.COLUMN_RENAMED])


def _last(name: str) -> str:
    return name.rpartition(".")[2].casefold()


def _alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) > 1 and (other.endswith(f"_{one}") or one.endswith(f"_{other}")):
        return True
    return len(one) > 3 and difflib.SequenceMatcher(None, one, other).ratio() >= _LIKE
