"""The class of a failure: by rules and text model, then past cases, then a language model where allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aidbt.core.failures import ACT_FROM, Classified, ErrorClass
from aidbt.healing.classification.cases import Case, by_cases
from aidbt.healing.classification.confidence import Counted, answer, confidence, shipped_table
from aidbt.healing.classification.learned import TextModel, shipped_model
from aidbt.healing.classification.marks import Failed, marked
from aidbt.healing.classification.rules import Ruling, ruled

_MOST_ALTERNATIVES = 4
_WORTH_NAMING = 0.1  # the chance from which the text model's next guess is an alternative

# Asks a language model: the failure, what is believed so far, cases like it. None where it could not tell.
AskModel = Callable[[Failed, Classified, Sequence[Case]], Classified | None]


@dataclass(frozen=True, slots=True)
class Classifier:
    """Classifies failures; with its defaults as shipped.

    Attributes:
        cases: what was learned from outcomes so far.
        ask: asked only below what may act; None where no language model may be asked.
    """

    model: TextModel = field(default_factory=shipped_model)
    table: Mapping[str, Counted] = field(default_factory=shipped_table)
    cases: Sequence[Case] = ()
    ask: AskModel | None = None

    def classify(self, failed: Failed) -> Classified:
        """The likeliest class, how sure it is, and what else it may be.

        Raises:
            AidbtError: the language model was asked and the account of its spending cannot be kept.
        """
        found = self._fast(failed)
        if found.confidence >= ACT_FROM or not failed.message.strip():
            return found
        if self.cases:
            found, alike = by_cases(found, failed.message, self.cases)
        else:
            alike = ()
        if found.confidence >= ACT_FROM or self.ask is None:
            return found
        return self.ask(failed, found, alike) or found

    def _fast(self, failed: Failed) -> Classified:
        """By rules and text model."""
        if not failed.message.strip() and not (failed.sqlstate or failed.code or failed.exception):
            return Classified(ErrorClass.UNCLASSIFIED_ERROR, 0.0, "rules", "there is no message")
        ruling = ruled(marked(failed))
        likeliest = self.model.likeliest(failed.message)
        found = answer(ruling, likeliest)
        also = _alternatives(found.error_class, ruling, likeliest)
        by = "rules" if found.by_rules else "learned"
        why = ruling.why if ruling and found.by_rules else _why_learned(likeliest)
        sure = round(confidence(found, self.table), 3)
        return Classified(found.error_class, sure, by, why, also)  # type: ignore[arg-type]


def _alternatives(
    chosen: ErrorClass, ruling: Ruling | None, likeliest: Sequence[tuple[ErrorClass, float]]
) -> tuple[ErrorClass, ...]:
    named = [] if ruling is None else [ruling.error_class, *ruling.alternatives]
    named += [error_class for error_class, chance in likeliest if chance >= _WORTH_NAMING]
    return tuple(dict.fromkeys(c for c in named if c is not chosen))[:_MOST_ALTERNATIVES]


def _why_learned(likeliest: Sequence[tuple[ErrorClass, float]]) -> str:
    error_class, chance = likeliest[0]
    return f"its words are most like those of {error_class.leaf} ({chance:.0%})"


def classify(message: str, adapter: str = "") -> Classified:
    """The class of a failure by its message alone, as shipped: no past cases, no language model.

    Example:
        >>> classify('relation "raw.leads" does not exist', "postgres").error_class.leaf
        'TABLE_RENAMED'
    """
    return Classifier().classify(Failed(message, adapter))
