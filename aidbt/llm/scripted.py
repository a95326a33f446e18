"""Answers that were written beforehand, in place of a language model's: for tests and rehearsals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from aidbt.core.config import ProviderSettings, Section, explain, parse_yaml, read_text
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.patch import digest
from aidbt.core.resilience import Clock, Deadline
from aidbt.llm.model import Completion, ProviderError, Request, estimated_tokens


class ScriptedModel:
    """Says what a function says; no model is asked.

    Args:
        answer: request → the text of the answer, a whole completion, or the error in place of one.
        identity: changes when the function does.

    Attributes:
        asked: every request that was answered, in order.
        rejected: the answers that could not be used.

    Example:
        >>> model = ScriptedModel(lambda request: request.question.upper())
        >>> model.complete([Request("shout", "hello")], deadline=Deadline.never())[0].text
        'HELLO'
    """

    def __init__(
        self,
        answer: Callable[[Request], str | Completion | AidbtError],
        *,
        name: str = "scripted answers",
        identity: str = "scripted",
        about: str = "written beforehand, for tests and rehearsals; no model is asked",
    ) -> None:
        self.name = name
        self.identity = identity
        self.about = about
        self.asked: list[Request] = []
        self.rejected: list[Completion] = []
        self._answer = answer

    def complete(self, requests: Sequence[Request], *, deadline: Deadline) -> list[Completion | AidbtError]:
        """The scripted answers; tokens are estimated, so that budgets can be rehearsed too."""
        self.asked += requests
        return [self._completion(request) for request in requests]

    def reject(self, answer: Completion) -> None:
        """Told that an answer could not be used."""
        self.rejected.append(answer)

    def _completion(self, request: Request) -> Completion | AidbtError:
        said = self._answer(request)
        if not isinstance(said, str):
            return said
        asked = estimated_tokens(request.system + request.question)
        return Completion(said, prompt_tokens=asked, answer_tokens=estimated_tokens(said))


class _Rule(Section):
    """One scripted answer: to the request of that hash, or to questions in which a pattern is found."""

    match: re.Pattern[str] | None = None
    request: str | None = None
    answer: str | dict[str, Any] | list[Any]

    @field_validator("match", mode="before")
    @classmethod
    def _is_a_pattern(cls, value: Any) -> re.Pattern[str]:
        if not isinstance(value, str):
            raise ValueError("not a regular expression in quotes")
        try:
            return re.compile(value, re.DOTALL)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error

    @field_validator("request", mode="before")
    @classmethod
    def _begins_a_hash(cls, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{8,64}", value):
            raise ValueError("not how a request's hash begins: 8 to 64 of 0-9 and a-f, in quotes")
        return value

    @model_validator(mode="after")
    def _has_one_way_to_be_found(self) -> _Rule:
        if (self.match is None) == (self.request is None):
            raise ValueError("a rule has either `match` or `request`")
        return self

    def answer_to(self, request: Request) -> str | None:
        """The text of its answer, or None when the rule is not about this request.

        `\\1` and `\\g<name>` in it stand for what the pattern's groups found.
        """
        if self.match is None:
            return _text(self.answer) if request.digest.startswith(self.request or "") else None
        found = self.match.search(request.question)
        return _text(_filled(self.answer, found)) if found else None


class _Script(Section):
    """A file of scripted answers; the first rule that fits is taken."""

    answers: list[_Rule] = Field(default_factory=list)


_FORM = "a script reads: answers: [{match: 'a pattern', answer: 'a text'}]"


def open_scripted(settings: ProviderSettings, model: str, base: Path, clock: Clock) -> ScriptedModel:
    """The model that answers from the provider's `script`, a file of YAML or JSON.

    Args:
        model, clock: not used; one script is one model, and answers at once.

    Example of a file:
        answers:
          - match: '"id":"(q\\d+)","name":"email"'
            answer: {answers: [{column: '\\1', choice: none, reason: "not in this table"}]}
          - request: '3f2a9c01'      # how the request's hash begins
            answer: "any text, as it stands"

    Raises:
        SettingsError: no file is named, or it does not exist or is wrong.
    """
    if not settings.script:
        raise SettingsError(
            "the scripted provider needs a file of answers", hint="set llm.script, or llm.provider: none"
        )
    path = base / settings.script
    text = read_text(path)
    try:
        script = _Script.model_validate(parse_yaml(text, settings.script) or {})
    except ValidationError as error:
        found = explain(error, _Script, path=settings.script, text=text)
        found.hint = _FORM
        raise found from error
    return ScriptedModel(
        lambda request: _first_answer(script, request, settings.script),
        name=f"the script {path.name}",
        identity=f"scripted {digest(text)}",
        about=f"{settings.script} answers, for tests and rehearsals; no model is asked",
    )


def _first_answer(script: _Script, request: Request, path: str) -> str | AidbtError:
    for number, rule in enumerate(script.answers, start=1):
        try:
            answer = rule.answer_to(request)
        except (re.error, IndexError) as error:
            return ProviderError(f"{path}: answer {number} names a group its pattern does not have: {error}")
        if answer is not None:
            return answer
    return ProviderError(
        f"{path} has no answer to request {request.digest[:12]}",
        hint=f"add a rule with `request: {request.digest[:12]}`, or with a pattern that matches it",
    )


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _filled(answer: Any, found: re.Match[str]) -> Any:
    """The answer with the groups of a match filled into each of its texts."""
    if isinstance(answer, str):
        return found.expand(answer)
    if isinstance(answer, dict):
        return {key: _filled(value, found) for key, value in answer.items()}
    return [_filled(value, found) for value in answer] if isinstance(answer, list) else answer
