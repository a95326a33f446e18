"""Questions that are answered in JSON: checked here, repaired at most twice, never asked twice for the same.

An answer is data. It counts only when it fits its schema and the caller's own check, which knows what a
schema cannot: that the columns exist, that a statement only reads.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

from aidbt.core.errors import AidbtError, ResilienceError
from aidbt.core.resilience import Deadline, Level
from aidbt.llm.asking import AnswerCache
from aidbt.llm.json_text import read_json, schema_problems
from aidbt.llm.model import Completion, LanguageModel, ProviderError, Request
from aidbt.llm.prompts import cut, render_prompt

MAX_REPAIRS = 2
# A call with more than these would be no small one.
_QUESTIONS_PER_CALL = 20
_TOKENS_PER_CALL = 8_000
# Of a refused answer that is shown again, and of what is wrong with it: characters.
_SHOWN_ANSWER, _SHOWN_PROBLEM, _SHOWN_PROBLEMS = 4_000, 300, 5
_KIND = "completion"


class Answering(LanguageModel, Protocol):
    """A language model that is told which of its answers could not be used."""

    def reject(self, answer: Completion) -> None: ...


# What is wrong with an answer that fits its schema, in sentences; nothing where it can be used.
Check = Callable[[Any], Sequence[str]]


def no_problems(value: Any) -> Sequence[str]:
    """The check of a question whose schema says everything."""
    return ()


@dataclass(frozen=True, slots=True)
class CacheScope:
    """What an answer is true for, besides the question and the model. A kept answer counts only in its own.

    Attributes:
        manifest: the fingerprint of the part of the project that the question rests on.
        clock: how relative times are read, e.g. "2026-03-01, weeks from Monday"; "" where none are.
        compiler: the version of what goes on with the answer.
        dialect: of the SQL that is meant.
    """

    manifest: str = ""
    clock: str = ""
    compiler: str = ""
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose `answer_schema` is held here, with what else its answer has to be."""

    request: Request
    check: Check = no_problems
    scope: CacheScope = CacheScope()


@dataclass(frozen=True, slots=True)
class Spent:
    """What was paid for answers, usable or not; `cost` counts one of unknown price as nothing.

    What tries without an answer may have cost stands on the account only (`Client.spending`).
    """

    calls: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.calls + other.calls, self.tokens + other.tokens, self.cost + other.cost)


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """An answer that passed its schema and its check.

    Attributes:
        value: JSON-like.
        by: who answered, e.g. "qwen3 (local)".
        level: "reduced" when the first provider failed and another answered.
        spent: what it did cost, refused answers included; nothing for a kept one.
        repairs: how often it was asked for again because of what was wrong with it.
        is_kept: whether it was answered before.
        warnings: what was strange, e.g. that another model answered than was asked.
    """

    value: Any
    by: str
    level: Level = Level.FULL
    spent: Spent = Spent()
    repairs: int = 0
    is_kept: bool = False
    warnings: tuple[str, ...] = ()


class AnswerRefused(ProviderError):
    """No answer could be used; `problems` are those of the last one, `spent` is what was paid for all."""

    def __init__(self, message: str, problems: Sequence[str], spent: Spent) -> None:
        super().__init__(message, hint="ask in other words, or name a larger model", may_have_cost=True)
        self.problems = tuple(problems)
        self.spent = spent


def ask_json(
    question: Question,
    model: Answering,
    *,
    cache: AnswerCache | None = None,
    deadline: Deadline | None = None,
) -> JsonAnswer:
    """The answer to a question, once it fits the question's schema and passes its check.

    Prose around the JSON is no problem. An answer that cannot be used costs a repair: the question is asked
    again, with the answer and what is wrong with it as quoted data. After two repairs, or as soon as the same
    is wrong twice in a row, it is given up. A question that `is_easy` goes to the small model first; where
    its answer cannot be used, the large one is asked afresh, which costs no repair.

    Raises:
        AnswerRefused: no answer could be used.
        ProviderError, ResilienceError: nobody answered, or a budget or the time is used up.
        StoreError: the cache or the account cannot be read or written.
    """
    kept = _kept(question, model, cache)
    if kept is not None:
        return kept
    request, spent, repairs = question.request, Spent(), 0
    before: tuple[str, ...] = ()
    while True:
        (said,) = model.complete([request], deadline=deadline or Deadline.never())
        if isinstance(said, AidbtError):
            raise said
        spent += _spent(said)
        value, problems = _read(said, question)
        if not problems:
            answer = JsonAnswer(value, _by(said, model), said.level, spent, repairs, warnings=said.warnings)
            _keep(question, model, cache, answer)
            return answer
        model.reject(said)
        if said.is_small:
            request = replace(request, is_easy=False)
            continue
        if problems == before or repairs == MAX_REPAIRS:
            raise _refusal(model, problems, spent)
        before, repairs = problems, repairs + 1
        request = _repair(question.request, said.text, problems)


def _read(said: Completion, question: Question) -> tuple[Any, tuple[str, ...]]:
    """The value of an answer, and what is wrong with it."""
    value, problems = read_json(said.text, question.request.answer_schema)
    if problems and not said.is_whole:
        return None, (f"the answer was cut off at {question.request.max_answer_tokens:,} tokens",)
    return value, tuple(problems or question.check(value))


def _problems(value: Any, question: Question) -> Sequence[str]:
    """What is wrong with a value by the question's schema, else by its check."""
    return schema_problems(value, question.request.answer_schema) or question.check(value)


def _repair(request: Request, answer: str, problems: Sequence[str]) -> Request:
    _, text = render_prompt(
        "repair",
        question=request.question,
        answer=cut(answer, _SHOWN_ANSWER),
        problems=[cut(problem, _SHOWN_PROBLEM) for problem in problems[:_SHOWN_PROBLEMS]],
    )
    return replace(request, question=text, is_easy=False)


def _refusal(model: LanguageModel, problems: Sequence[str], spent: Spent) -> AnswerRefused:
    calls = f"{spent.calls} answer" + ("" if spent.calls == 1 else "s")
    message = f"{calls} of {model.name} could not be used: {cut(problems[0], _SHOWN_PROBLEM)}"
    return AnswerRefused(message, problems, spent)


def _spent(said: Completion) -> Spent:
    return Spent(1, said.prompt_tokens + said.answer_tokens, said.cost or Decimal(0))


def _by(said: Completion, model: LanguageModel) -> str:
    return f"{said.model} ({said.provider})" if said.model and said.provider else model.name


# --- several at once ----------------------------------------------------------------------------------


def ask_json_all(
    questions: Sequence[Question],
    model: Answering,
    *,
    cache: AnswerCache | None = None,
    deadline: Deadline | None = None,
) -> list[JsonAnswer | AidbtError]:
    """The answer to each question, in their order; in place of an answer the error that prevented it.

    Small questions with the same system text and schema share a call. A question that was left out there, or
    whose answer cannot be used, is asked again alone. What a shared call did cost stands with the first
    answer that came of it, so that sums are right.

    Raises:
        StoreError: the cache or the account cannot be read or written.
    """
    found: dict[int, JsonAnswer | AidbtError] = {}
    for number, question in enumerate(questions):
        kept = _kept(question, model, cache)
        if kept is not None:
            found[number] = kept
    until = deadline or Deadline.never()
    groups = _groups(questions, [n for n in range(len(questions)) if n not in found])
    replies = model.complete([_shared(questions, group) for group in groups], deadline=until)
    owed = Spent()
    for group, reply in zip(groups, replies, strict=True):
        if isinstance(reply, AidbtError):
            found.update(dict.fromkeys(group, reply))
            continue
        owed += _spent(reply)
        usable = _answers_in(reply, questions, group)
        if not usable:
            model.reject(reply)
        for number, value in usable.items():
            answer = JsonAnswer(value, _by(reply, model), reply.level, owed, warnings=reply.warnings)
            _keep(questions[number], model, cache, answer)
            found[number], owed = answer, Spent()
    for number, question in enumerate(questions):
        if number in found:
            continue
        try:
            alone = ask_json(question, model, deadline=until, cache=cache)
            found[number], owed = replace(alone, spent=alone.spent + owed), Spent()
        except (ProviderError, ResilienceError) as error:
            found[number] = error
    return [found[number] for number in range(len(questions))]


def _groups(questions: Sequence[Question], numbers: Sequence[int]) -> list[list[int]]:
    """The questions of those numbers that share a call, two at least; what would be alone is left out."""
    found: list[list[int]] = []
    current: dict[tuple[Any, ...], tuple[list[int], int]] = {}
    for number in numbers:
        request = questions[number].request
        schema = json.dumps(request.answer_schema, sort_keys=True)
        kind = (request.system, schema, request.feature, request.is_easy)
        group, used = current.get(kind, ([], 0))
        if (
            not group
            or len(group) == _QUESTIONS_PER_CALL
            or used + request.estimated_tokens > _TOKENS_PER_CALL
        ):
            group, used = [], 0
            found.append(group)
        group.append(number)
        current[kind] = group, used + request.estimated_tokens
    return [group for group in found if len(group) > 1]


def _shared(questions: Sequence[Question], group: Sequence[int]) -> Request:
    """The questions of a group as one."""
    first = questions[group[0]].request
    shown = [{"id": f"q{n}", "question": questions[n].request.question} for n in group]
    system, question = render_prompt(
        "batch", system=first.system, schema=dict(first.answer_schema), questions=shown
    )
    longest = sum(questions[n].request.max_answer_tokens + 20 for n in group)
    return replace(
        first, system=system, question=question, answer_schema=_ENVELOPE, max_answer_tokens=longest
    )


# What the entries hold is checked one by one, so that a wrong one spoils no other.
_ENVELOPE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"answers": {"type": "array"}},
    "required": ["answers"],
}


def _answers_in(reply: Completion, questions: Sequence[Question], group: Sequence[int]) -> dict[int, Any]:
    """The usable answers of a shared call, by the number of the question."""
    value, problems = read_json(reply.text, _ENVELOPE)
    entries = [] if problems else [entry for entry in value["answers"] if isinstance(entry, dict)]
    usable = {}
    for number in group:
        mine = [entry["answer"] for entry in entries if entry.get("id") == f"q{number}" and "answer" in entry]
        question = questions[number]
        if len(mine) == 1 and not _problems(mine[0], question):
            usable[number] = mine[0]
    return usable


# --- kept answers -------------------------------------------------------------------------------------


def _kept(question: Question, model: LanguageModel, cache: AnswerCache | None) -> JsonAnswer | None:
    """The answer of before, if there is one that still passes: what the check knows may have changed."""
    found = cache.get(_KIND, model.name, _key(question, model)) if cache else None
    if not isinstance(found, dict) or not {"value", "by", "level"} <= found.keys():
        return None
    value = found["value"]
    if _problems(value, question):
        return None
    return JsonAnswer(value, found["by"], Level(found["level"]), is_kept=True)


def _keep(question: Question, model: LanguageModel, cache: AnswerCache | None, answer: JsonAnswer) -> None:
    if cache:
        value = {"value": answer.value, "by": answer.by, "level": answer.level.value}
        cache.put(_KIND, model.name, value, _key(question, model))


def _key(question: Question, model: LanguageModel) -> str:
    request, scope = question.request, question.scope
    parts = [
        "json",
        model.identity,
        _normalised(request.system),
        _normalised(request.question),
        request.answer_schema,
        request.max_answer_tokens,
        [scope.manifest, scope.clock, scope.compiler, scope.dialect],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _normalised(text: str) -> str:
    """The same for texts that differ in white space or in how their letters are composed."""
    return " ".join(unicodedata.normalize("NFC", text).split())
