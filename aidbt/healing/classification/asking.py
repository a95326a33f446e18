"""Asking a language model of which class a failure is, where rules and text model are not sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.errors import ResilienceError
from aidbt.core.failures import ACT_FROM, DRAFT_FROM, Classified, ErrorClass
from aidbt.core.resilience import Deadline, SystemClock
from aidbt.healing.classification.cases import Case
from aidbt.healing.classification.classify import AskModel
from aidbt.healing.classification.marks import Failed
from aidbt.healing.classification.messages import normal_form
from aidbt.llm.answers import Answering, Question, ask_json
from aidbt.llm.asking import AnswerCache
from aidbt.llm.model import ProviderError, Request
from aidbt.llm.prompts import cut, render_prompt

_MOST_LETTERS = 3_000
_MOST_CASES = 5
# Nobody has counted how often such answers are right, so that one drafts and never acts.
_AGREES, _DIFFERS = ACT_FROM - 0.01, DRAFT_FROM

_SCHEMA = {
    "type": "object",
    "properties": {
        "class": {"enum": [str(error_class) for error_class in ErrorClass]},
        "reason": {"type": "string", "maxLength": 300},
    },
    "required": ["class", "reason"],
    "additionalProperties": False,
}


def asks(model: Answering, *, cache: AnswerCache | None = None, timeout_s: float = 120) -> AskModel:
    """A function that asks a language model; it is told the normal form of a message, never the message.

    Where the model agrees with what was believed, that is a draft; where it does not, its class is. Where it
    does not answer, nothing changes.
    """

    def ask(failed: Failed, found: Classified, alike: Sequence[Case]) -> Classified | None:
        try:
            question = Question(_request(failed, found, alike))
            deadline = Deadline.after(timeout_s, SystemClock())
            answer = ask_json(question, model, cache=cache, deadline=deadline)
        except (ProviderError, ResilienceError) as error:
            return replace(found, why=f"{found.why}; the language model could not say: {error.message}")
        return _with(found, ErrorClass(answer.value["class"]), cut(answer.value["reason"], 200))

    return ask


def _with(found: Classified, said: ErrorClass, reason: str) -> Classified:
    if said is ErrorClass.UNCLASSIFIED_ERROR:  # it saw nothing in the message either
        return found
    agrees = said in (found.error_class, *found.alternatives)
    others = tuple(c for c in (found.error_class, *found.alternatives) if c is not said)
    return Classified(said, _AGREES if agrees else _DIFFERS, "llm", reason, others)


def _request(failed: Failed, found: Classified, alike: Sequence[Case]) -> Request:
    failure = {
        "engine": cut(failed.adapter, 40),
        "message": cut(normal_form(failed.message), _MOST_LETTERS),
        "believed": [str(found.error_class), *map(str, found.alternatives)],
    }
    cases = [
        {"message": cut(case.form, 500), "class": str(case.error_class), "was_right": case.was_right}
        for case in alike[:_MOST_CASES]
    ]
    classes = [(str(error_class), error_class.meaning) for error_class in ErrorClass]
    system, question = render_prompt("classify", classes=classes, failure=failure, cases=cases)
    return Request(system, question, _SCHEMA, max_answer_tokens=200, feature="classify", is_easy=True)
