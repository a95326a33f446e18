"""Language models: what one is asked, what it answers, and how the one of the settings is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from aidbt.core.config import LlmSettings
from aidbt.core.errors import AidbtError
from aidbt.core.registry import Registry
from aidbt.core.resilience import Deadline

# Each is a function (settings, base) → LanguageModel, where `base` is the dbt project.
PROVIDERS = Registry("LLM provider", {"scripted": "aidbt.llm.scripted:open_scripted"})

# English has about 4 bytes a token, names and JSON nearer to 3.
_BYTES_PER_TOKEN = 3


class ProviderError(AidbtError):
    """A language model did not answer a question."""


class ProviderUnavailable(ProviderError):
    """It could not be reached, or is overloaded."""

    retryable = True


@dataclass(frozen=True)
class Request:
    """One question to a language model.

    Attributes:
        system: what it is to do; ours alone, with nothing from outside in it.
        question: what that is to be done with; text from outside is delimited in it.
        answer_schema: JSON schema of the answer, for servers that can hold a model to one.
        max_answer_tokens: where a longer answer is cut off.
    """

    system: str
    question: str
    answer_schema: Mapping[str, Any] = field(default_factory=dict)
    max_answer_tokens: int = 1_000

    @cached_property
    def digest(self) -> str:
        """The hash of all of it, 64 hexadecimal digits: the same question has the same one."""
        content = [self.system, self.question, self.answer_schema, self.max_answer_tokens]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def estimated_tokens(self) -> int:
        """About what it costs at most, question and answer together."""
        return estimated_tokens(self.system + self.question) + self.max_answer_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model answered; untrusted until it was checked.

    Attributes:
        is_whole: False when it was cut off at `max_answer_tokens`.
        prompt_tokens, answer_tokens: what was paid for, as the provider counts.
    """

    text: str
    is_whole: bool = True
    prompt_tokens: int = 0
    answer_tokens: int = 0


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

        An error is a `ProviderError` or one of `core.resilience`; none is raised. What may be tried again
        has been tried again.
        """
        ...


def open_model(settings: LlmSettings, *, base: Path = Path()) -> LanguageModel | None:
    """The language model that the settings name; None where they name none.

    Args:
        base: where relative paths in the settings start: the dbt project.

    Raises:
        UnknownName: there is no such provider.
        AidbtError: it cannot be opened; what that is depends on the provider.
    """
    if settings.provider == "none":
        return None
    model: LanguageModel = PROVIDERS.load(settings.provider)(settings, base)
    return model


def about_model(model: LanguageModel | None) -> str:
    """Which language model is asked, in one sentence."""
    if model is None:
        return "none is asked (llm.provider: none); what is doubtful waits for a person"
    return f"{model.name}: {model.about}"


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; more than it has in English."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
