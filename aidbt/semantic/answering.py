"""A question understood: by the semantic layer, by our English, or by a language model; else refused.

Each way ends in the same form, a `SemanticQuery`, and in the same checks: the tables belong together, the SQL
only reads, and a person sees in plain words what was understood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from aidbt.core.errors import AidbtError, MissingExtra, ResilienceError
from aidbt.core.resilience import Level
from aidbt.llm.answers import Spent
from aidbt.llm.model import ProviderError
from aidbt.semantic.english.grounding.refusal import Rank, Refused
from aidbt.semantic.english.reading import read
from aidbt.semantic.grounding import Grounding
from aidbt.semantic.llm_query import ModelAnswer, QueryModel, ask_for_query
from aidbt.semantic.query import Clock, SemanticQuery
from aidbt.semantic.query_json.document import query_from_json
from aidbt.semantic.question_text import checked_question
from aidbt.semantic.rewriting import under_clock
from aidbt.semantic.statement import Statement, require_safe, statement_of
from aidbt.semantic.wording.sentences import describe

Way = Literal["english", "document", "metrics", "model"]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a question was understood as.

    Attributes:
        reading: the query in plain English.
        way: which front end understood it.
        by: the language model that did; "" without one.
        level: FULL where what was asked first answered, as in `core.resilience`.
        notes: what a person should know about the reading.
    """

    query: SemanticQuery
    statement: Statement
    reading: str
    way: Way
    by: str = ""
    level: Level = Level.FULL
    notes: tuple[str, ...] = ()


def understand(
    question: str,
    grounding: Grounding,
    clock: Clock,
    *,
    dialect: str,
    instructions: str = "",
    model: QueryModel | None = None,
    rank: Rank | None = None,
) -> Understood:
    """What a question in English asks for: as our own English reads it, else as a language model does.

    Args:
        instructions: definitions that hold for this question.
        model: asked only where our own English refuses; None asks nobody.
        rank: orders what a word that is not understood may have meant.

    Raises:
        Refused: nobody understood it; the words that are not understood are those of our own English.
        UsageError: it is no question.
    """
    asked = checked_question(question)
    try:
        reading = read(asked, grounding.graph, grounding.lexicon, clock, instructions=instructions, rank=rank)
        return understood(reading.query, grounding, dialect=dialect, way="english", notes=reading.notes)
    except MissingExtra:
        raise
    except AidbtError as error:  # nothing here asks the outside world: whatever it is, it is not answered
        refusal = as_refusal(error)
    if model is None:
        raise refusal
    return _from_model(asked, grounding, clock, dialect, instructions, model, refusal)


def understood(
    query: SemanticQuery, grounding: Grounding, *, dialect: str, way: Way, notes: Sequence[str] = ()
) -> Understood:
    """A query with its SQL, checked, and its words.

    Raises:
        NoPath, CannotPlan, UsageError: it cannot be answered; see `statement_of`.
    """
    statement = statement_of(query, grounding, dialect)
    require_safe(statement, grounding.graph, grounding.semantic)
    words = describe(query, grounding.graph)
    return Understood(query, statement, words, way, notes=(*notes, *statement.notes))


def from_document(value: Any, grounding: Grounding, clock: Clock, *, dialect: str) -> Understood:
    """The query in the values of a file (`query_json.document`), under its own clock where it has one.

    A `source` without a clock is seen from that of the query it stands in.

    Raises:
        WrongQuery: it is no query, or names what is not there.
        NoPath, CannotPlan, UsageError: it cannot be answered.
    """
    query = query_from_json(value, grounding.graph, metrics=metric_names(grounding))
    return understood(_with_clock(query, clock), grounding, dialect=dialect, way="document")


def _with_clock(query: SemanticQuery, clock: Clock) -> SemanticQuery:
    """The query under a clock where it has none of its own; what it is about is seen from the same one."""
    own = clock if query.clock == Clock() else query.clock
    source = _with_clock(query.source, own) if query.source is not None else None
    return replace(query, clock=own, source=source)


def metric_names(grounding: Grounding) -> tuple[str, ...]:
    """The metrics that can be asked for by name."""
    return tuple(grounding.semantic.metric_names()) if grounding.semantic is not None else ()


def as_refusal(error: AidbtError) -> Refused:
    """An error that means that a question is not answered, as a refusal."""
    return error if isinstance(error, Refused) else Refused(error.message, hint=error.hint)


def _from_model(
    question: str,
    grounding: Grounding,
    clock: Clock,
    dialect: str,
    instructions: str,
    model: QueryModel,
    refusal: Refused,
) -> Understood:
    """What a language model makes of a question that our own English refuses.

    Raises:
        Refused: it has no usable answer either.
    """
    problems = _check(grounding, clock, dialect)
    try:
        answer = ask_for_query(
            question, grounding, clock, model, dialect=dialect, instructions=instructions, check=problems
        )
    except (ProviderError, ResilienceError) as error:
        why = "; ".join(filter(None, [error.message, error.hint]))
        raise _refused_too(refusal, f"no language model could help: {why}", Level.REDUCED) from error
    if answer.query is None:
        raise _refused_too(refusal, f"{answer.by} cannot answer it either: {answer.reason}", answer.level)
    found = understood(under_clock(answer.query, clock), grounding, dialect=dialect, way="model")
    return replace(found, by=answer.by, level=answer.level, notes=(*_notes(answer), *found.notes))


def _check(grounding: Grounding, clock: Clock, dialect: str) -> Callable[[SemanticQuery], Sequence[str]]:
    def problems(query: SemanticQuery) -> Sequence[str]:
        """What speaks against a model's query, in sentences."""
        try:
            understood(under_clock(query, clock), grounding, dialect=dialect, way="model")
        except AidbtError as error:
            return [f"{error.message}; {error.hint}" if error.hint else error.message]
        return []

    return problems


def _notes(answer: ModelAnswer) -> tuple[str, ...]:
    by = f"understood by {answer.by}, not by aidbt's own English: check the reading"
    return (f"{by} ({_spent(answer.spent)})", *answer.warnings)


def _spent(spent: Spent) -> str:
    """What an answer did cost, in words."""
    if not spent.calls:
        return "kept from before, at no cost"
    calls = "1 call" if spent.calls == 1 else f"{spent.calls} calls"
    money = f", at a price of {spent.cost.normalize():f}" if spent.cost else ""
    return f"{calls}, {spent.tokens:,} tokens{money}"


def _refused_too(refusal: Refused, why: str, level: Level) -> Refused:
    return Refused(
        f"{refusal.message} ({why})",
        spans=refusal.spans,
        candidates=refusal.candidates,
        nearest=refusal.nearest,
        readings=refusal.readings,
        hint=refusal.hint,
        level=level,
    )
