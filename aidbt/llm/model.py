"""Language models: what one is asked, what it answers, and the errors in place of an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from aidbt.core.errors import AidbtError, ResilienceError
from aidbt.core.registry import Registry
from aidbt.core.resilience import Deadline, Level

# Each is a function (provider, model, base, clock) → LanguageModel: the settings of one provider, the name of
# its large or its small model, the dbt project, where relative paths start, and what tells the time.
PROVIDERS = Registry(
    "LLM provider",
    {"openai": "aidbt.llm.openai_model:open_openai", "scripted": "aidbt.llm.scripted:open_scripted"},
    extras={"openai": "llm"},
)

# English has about 4 bytes a token, names and JSON nearer to 3.
_BYTES_PER_TOKEN = 3


class ProviderError(AidbtError):
    """A language model did not answer a question.

    Attributes:
        may_have_cost: whether an answer was begun or may have been, so that it may have to be paid for.
    """

    def __init__(self, message: str, *, hint: str | None = None, may_have_cost: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.may_have_cost = may_have_cost


class ProviderUnavailable(ProviderError):
    """It could not be reached, or is overloaded."""

    retryable = True


class ProviderRefused(ProviderError):
    """It answers no question at all as things are: the key, the model's name, the quota or its price."""


class QuestionTooLong(ProviderError):
    """The question, with room for the answer, is more than the model can read."""


class NoProviderAnswered(ProviderError):
    """Every provider failed; the message has a line for each.

    Attributes:
        errors: provider → why it did not answer.
        is_down: whether the next question would get no answer either.
    """

    def __init__(self, errors: Sequence[tuple[str, AidbtError]]) -> None:
        said = [f"{name}: {_in_a_line(error)}" for name, error in errors]
        hints = [error.hint for _, error in errors if error.hint]
        super().__init__(
            f"no answer from the language model {said[0]}"
            if len(said) == 1
            else "\n  ".join(["no language model answered", *said]),
            hint="; ".join(dict.fromkeys(hints)) or "aidbt doctor says which can be reached",
        )
        self.errors = tuple(errors)
        lasting = (ProviderUnavailable, ProviderRefused, ResilienceError)
        self.is_down = all(isinstance(error, lasting) for _, error in errors)


def _in_a_line(error: AidbtError) -> str:
    # Why it was not tried again stands in its hint as well.
    notes = "; ".join(note for note in getattr(error, "__notes__", ()) if note not in (error.hint or ""))
    return " ".join(f"{error.message} ({notes})".split()) if notes else " ".join(error.message.split())


@dataclass(frozen=True)
class Request:
    """One question to a language model.

    Attributes:
        system: what it is to do; ours alone, with nothing from outside in it.
        question: what that is to be done with; text from outside is delimited in it.
        answer_schema: JSON schema of the answer, for servers that can hold a model to one.
        max_answer_tokens: where a longer answer is cut off.
        feature: what asks, for the audit, e.g. "mapping".
        is_easy: whether a small model may answer it, where there is one.
    """

    system: str
    question: str
    answer_schema: Mapping[str, Any] = field(default_factory=dict)
    max_answer_tokens: int = 1_000
    feature: str = ""
    is_easy: bool = False

    @cached_property
    def digest(self) -> str:
        """The hash of all that is asked, 64 hexadecimal digits: the same question has the same one."""
        content = [self.system, self.question, self.answer_schema, self.max_answer_tokens]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def estimated_prompt_tokens(self) -> int:
        """About what the question costs at most, its schema included."""
        schema = json.dumps(self.answer_schema) if self.answer_schema else ""
        return estimated_tokens(self.system + self.question + schema)

    @property
    def estimated_tokens(self) -> int:
        """About what it costs at most, question and answer together."""
        return self.estimated_prompt_tokens + self.max_answer_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model answered; untrusted until it was checked.

    Attributes:
        is_whole: False when it was cut off at `max_answer_tokens`.
        prompt_tokens, answer_tokens: what was paid for, as the provider counts.
        is_counted: False when the provider did not say how many tokens that were.
        model, provider: who answered; the model is what the server says, "" when it does not.
        is_small: whether that was the provider's small model.
        level: "reduced" when the first provider of the settings failed and another answered.
        cost: what was paid, in the currency of the settings; None where the price is not known.
        call_id: of its record in the audit; "" where there is none.
        warnings: what is strange about the answer, one sentence each.
    """

    text: str
    is_whole: bool = True
    prompt_tokens: int = 0
    answer_tokens: int = 0
    is_counted: bool = True
    model: str = ""
    provider: str = ""
    is_small: bool = False
    level: Level = Level.FULL
    cost: Decimal | None = None
    call_id: str = ""
    warnings: tuple[str, ...] = ()


class LanguageModel(Protocol):
    """Answers questions.

    Attributes:
        name: what people call it, in a few words.
        identity: everything its answers depend on besides the question: provider, model and version,
            temperature. Where it is the same, so may be the answers.
        about: in one sentence where its answers come from.
    """

    name: str
    identity: str
    about: str

    def complete(self, requests: Sequence[Request], *, deadline: Deadline) -> list[Completion | AidbtError]:
        """One answer per request, in their order; in place of an answer the error that prevented it.

        An error is a `ProviderError` or one of `core.resilience`; none of these is raised. A provider's model
        asks its server once per request; `llm.client.Client` is the one that tries again, elsewhere too.
        """
        ...


def about_model(model: LanguageModel | None) -> str:
    """Which language model is asked, in one sentence."""
    if model is None:
        return "none is asked (no llm.providers, or llm.provider: none); what is doubtful waits for a person"
    return f"{model.name}: {model.about}"


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; more than it has in English."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
