"""Asking a language model which of the likely sources of a target column is the right one.

Only the columns in the review band are asked about, only for one of the candidates that matching found, and
what is answered is a proposal:

- A candidate becomes, or stays, the proposal. It waits for a person with the note "chosen by <model>".
- "none" takes the proposal back; what was proposed stays among the alternatives.
- An answer that is anything else is refused and asked for once more; then the column waits as it was.
- Only where `llm.accept` is set, the answer is also the likeliest candidate by our own signals, its
  probability lies in the upper half of the review band, and a plain cast can carry its values over, the
  match is accepted.

With no model, and where one fails or its budget is used up, the same columns wait for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aidbt.core.config import LlmSettings, MappingSettings
from aidbt.core.errors import AidbtError, BudgetExceeded, CircuitOpen, DeadlineExceeded
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import Clock, Deadline, Level, SystemClock
from aidbt.core.schema import Band, ColumnMatch
from aidbt.llm.asking import AnswerCache, ModelBudget, ask
from aidbt.llm.model import (
    Completion,
    LanguageModel,
    NoProviderAnswered,
    ProviderRefused,
    ProviderUnavailable,
)
from aidbt.mapping.disambiguation_prompt import (
    Choice,
    OpenColumn,
    Refused,
    batches,
    is_readable,
    open_columns,
    read_answer,
    request_of,
)
from aidbt.mapping.matcher import is_castable
from aidbt.mapping.signals import MatchTask

_ROUNDS = 2
# After these the next question would fail as well.
_IS_DOWN = (ProviderUnavailable, ProviderRefused, CircuitOpen, DeadlineExceeded)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the question about one column.

    Attributes:
        source: the candidate that was chosen; None for "none", and where there is no usable answer.
        reason: the model's own words, on one line; "" where there is no usable answer.
        is_usable: whether it is a candidate or "none"; the column stays as it was where it is not.
        refused: why each refused answer could not be used, in the order they came.
        error: why it was not answered: the budget is used up, or the model failed.
        level: REDUCED where another provider answered than was asked first, and where none did.
    """

    source: str | None = None
    reason: str = ""
    is_usable: bool = False
    refused: tuple[str, ...] = ()
    error: AidbtError | None = None
    level: Level = Level.FULL


@dataclass(frozen=True, slots=True)
class Disambiguated:
    """Matches after a language model was asked about the doubtful ones.

    Attributes:
        notes: target column → what is written beside its proposal, for a person to read.
    """

    matches: list[ColumnMatch]
    notes: dict[str, str] = field(default_factory=dict)


Disambiguate = Callable[[MatchTask, Sequence[ColumnMatch]], Disambiguated]


def ask_nobody(task: MatchTask, matches: Sequence[ColumnMatch]) -> Disambiguated:
    """The matches as they are: what is doubtful waits for a person."""
    return Disambiguated(list(matches))


class Disambiguator:
    """Asks a language model about the doubtful matches of one table after another, within one budget.

    Args:
        cache: where answers are kept; None keeps none.

    Attributes:
        refused: how many answers were refused because they named no candidate of their column, or could not
            be read.
        left: how many columns were not answered, because of the budget or a failure.
        level: the worst of all answers.
    """

    def __init__(
        self,
        model: LanguageModel,
        settings: LlmSettings,
        mapping: MappingSettings,
        *,
        cache: AnswerCache | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.budget = ModelBudget.of(settings)
        self.refused = 0
        self.left = 0
        self.level = Level.FULL
        self._model = model
        self._settings = settings
        self._mapping = mapping
        self._cache = cache
        self._clock = clock or SystemClock()
        self._error: AidbtError | None = None

    def __call__(self, task: MatchTask, matches: Sequence[ColumnMatch]) -> Disambiguated:
        """The matches of one table with the model's answers in them.

        Raises:
            StoreError: the cache cannot be read or written.
        """
        open_ones = open_columns(task, matches, self._mapping, send_values=self._settings.send_values)
        if _is_down(self._error):
            self.left += len(open_ones)
            self.level = Level.worst(self.level, *(Level.REDUCED for _ in open_ones))
            return ask_nobody(task, matches)
        answers = disambiguate(
            open_ones,
            self._model,
            cache=self._cache,
            budget=self.budget,
            deadline=Deadline.after(self._settings.timeout_s, self._clock),
        )
        errors = [answer.error for answer in answers if answer.error]
        down = [error for error in errors if _is_down(error)]
        self._error = next((error for error in (*down, self._error, *errors) if error), None)
        self.left += len(errors)
        self.refused += sum(len(answer.refused) for answer in answers)
        self.level = Level.worst(self.level, *(answer.level for answer in answers))
        by_target = {column.target.name: answer for column, answer in zip(open_ones, answers, strict=True)}
        return with_answers(
            matches,
            by_target,
            self._model.name,
            may_accept=lambda match: self._settings.accept and may_accept(task, match, self._mapping),
        )

    def findings(self) -> list[Finding]:
        """What a person should know about the asking, each said once however many tables it was."""
        found = []
        spent = {"calls": f"{self.budget.calls.spent:.0f}", "tokens": f"{self.budget.tokens.spent:.0f}"}
        if self._error is not None:
            over = isinstance(self._error, BudgetExceeded)
            hint = f" ({self._error.hint})" if self._error.hint else ""
            found.append(
                Finding(
                    "llm.budget" if over else "llm.failed",
                    Severity.WARN,
                    self._model.name,
                    f"{_count(self.left, 'column')} left to a person without its opinion: "
                    f"{self._error.message}{hint}",
                    evidence=spent,
                )
            )
        if self.refused:
            found.append(
                Finding(
                    "llm.refused_answers",
                    Severity.INFO,
                    self._model.name,
                    f"{_count(self.refused, 'answer')} could not be used: missing, not one of the candidates,"
                    " or not in the form that was asked for",
                    evidence=spent,
                )
            )
        return found


def _is_down(error: AidbtError | None) -> bool:
    return error.is_down if isinstance(error, NoProviderAnswered) else isinstance(error, _IS_DOWN)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


# --- asking -------------------------------------------------------------------------------------------


def disambiguate(
    columns: Sequence[OpenColumn],
    model: LanguageModel,
    *,
    budget: ModelBudget,
    cache: AnswerCache | None = None,
    deadline: Deadline | None = None,
) -> list[Answer]:
    """One answer per column, in their order.

    Many columns of one table are asked about in one call. An answer is usable only when it is one of the
    column's own candidates or "none", and no other column of the table got the same source; what is not is
    asked for once more, with the reason.

    Raises:
        StoreError: the cache cannot be read or written.
    """
    answers = [Answer()] * len(columns)
    waiting = list(range(len(columns)))
    for _ in range(_ROUNDS):
        asked = batches(columns, waiting)
        requests = [
            request_of([columns[n] for n in batch], [answers[n].refused for n in batch]) for batch in asked
        ]
        replies = ask(
            requests, model, budget=budget, cache=cache, is_worth_keeping=is_readable, deadline=deadline
        )
        said: dict[int, Choice | Refused] = {}
        for batch, reply in zip(asked, replies, strict=True):
            level = reply.level if isinstance(reply, Completion) else Level.REDUCED
            for n in batch:
                answers[n] = replace(answers[n], level=Level.worst(answers[n].level, level))
            if isinstance(reply, Completion):
                said |= dict(zip(batch, read_answer(reply.text, [columns[n] for n in batch]), strict=True))
            else:
                for n in batch:
                    answers[n] = replace(answers[n], error=reply)
        for n in _chosen_twice(columns, answers, said):
            said[n] = Refused("the same source column was chosen for another column too")
        for n, found in said.items():
            answers[n] = _with(answers[n], found)
        waiting = [n for n, found in said.items() if isinstance(found, Refused)]
    return answers


def _with(answer: Answer, said: Choice | Refused) -> Answer:
    if isinstance(said, Refused):
        return replace(answer, refused=(*answer.refused, said.why))
    return replace(answer, source=said.source, reason=said.reason, is_usable=True)


def _chosen_twice(
    columns: Sequence[OpenColumn], answers: Sequence[Answer], said: dict[int, Choice | Refused]
) -> list[int]:
    """The new answers whose source another column of the same tables got before, or gets now as well: which
    of the two is right cannot be told.
    """
    held = {
        (columns[n].tables, answer.source) for n, answer in enumerate(answers) if answer.source is not None
    }
    new = {
        n: (columns[n].tables, choice.source)
        for n, choice in said.items()
        if isinstance(choice, Choice) and choice.source is not None
    }
    times = Counter(new.values())
    return [n for n, place in new.items() if place in held or times[place] > 1]


# --- what comes of it ---------------------------------------------------------------------------------


def with_answers(
    matches: Sequence[ColumnMatch],
    answers: Mapping[str, Answer],
    model: str,
    *,
    may_accept: Callable[[ColumnMatch], bool] = lambda match: False,
) -> Disambiguated:
    """The matches with the answers in them; those without a usable answer stay as they are.

    Args:
        answers: target column → what was answered about it.
        model: the name of the model, for the notes.
        may_accept: whether a match on which the model agrees is accepted by that.
    """
    found = []
    notes = {}
    for match in matches:
        answer = answers.get(match.target)
        if answer is None or not answer.is_usable:
            found.append(match)
            continue
        says = f"chosen by {model}" if answer.source else f"none of the candidates, says {model}"
        note = f"{says}: {answer.reason}" if answer.reason else says
        notes[match.target] = note
        if answer.source == match.source:
            band: Band = "accept" if may_accept(match) else match.band
            found.append(replace(match, band=band, reasons=(note, *match.reasons)))
        else:
            found.append(_moved(match, answer.source, note))
    return Disambiguated(found, notes)


def _moved(match: ColumnMatch, source: str | None, note: str) -> ColumnMatch:
    """The match with another of its candidates as the proposal, or with none; nothing is lost of it."""
    ranked = [*([(match.source, match.score)] if match.source else []), *match.alternatives]
    return ColumnMatch(
        source,
        match.target,
        score=dict(ranked).get(source or "", 0.0),
        band="review" if source else "none",
        alternatives=tuple((name, score) for name, score in ranked if name != source),
        rival=f"{match.source} for {match.target}" if source else "",
        reasons=(note,),
    )


def may_accept(task: MatchTask, match: ColumnMatch, settings: MappingSettings) -> bool:
    """Whether agreeing with it is enough to accept a match: it is the likeliest of its candidates, in the
    upper half of the review band, and a plain cast can carry its values over.
    """
    upper_half = (settings.review + settings.precision) / 2
    if match.source is None or match.score < max(upper_half, *(p for _, p in match.alternatives), 0.0):
        return False
    i = task.source.column_names.index(match.source)
    j = [column.name for column in task.target.columns].index(match.target)
    return is_castable(task, i, j)
