"""A model behind any server with OpenAI's chat completions: OpenAI's own, vLLM, llama.cpp, Ollama and others.

They differ in what they take. A server that answers 400 is asked again in a simpler form, and the form that
it took is kept: an answer held to the JSON schema, then to JSON, then plain text with the schema in the
question; without a temperature; with another word for the longest answer; without a count of tokens.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from aidbt.core.config import ProviderSettings, secret
from aidbt.core.errors import AidbtError, MissingExtra, SettingsError
from aidbt.core.resilience import Clock, Deadline
from aidbt.llm.chat_answer import Reply, server_error
from aidbt.llm.model import Completion, ProviderError, ProviderRefused, Request

if TYPE_CHECKING:
    from aidbt.llm.openai_wire import BadRequest, Wire

_TEMPERATURE = 0
_LONGEST_TOKEN = 128  # characters; no vocabulary has one as long, but for blanks
# What servers add to a model's name: -2024-08-06, -20240806, -0613, @20240806, :latest.
_VERSION = re.compile(r"([-@](\d{4}-\d\d-\d\d|\d{8}|\d{4})|:latest)$")


@dataclass(frozen=True, slots=True)
class _Form:
    """How a request is put to a server.

    Attributes:
        holds: what the server is asked to hold the answer to.
        longest: the server's word for the longest answer.
    """

    holds: Literal["json_schema", "json_object", "text"] = "json_schema"
    longest: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    has_temperature: bool = True
    counts: bool = True

    def body(self, model: str, request: Request) -> dict[str, Any]:
        """The JSON of the request."""
        system = request.system
        held: dict[str, Any] = {}
        if request.answer_schema and self.holds == "json_schema":
            schema = {"name": "answer", "schema": dict(request.answer_schema)}
            held = {"response_format": {"type": "json_schema", "json_schema": schema}}
        elif request.answer_schema:
            # OpenAI's json_object refuses a question in which the word JSON does not stand.
            system = f"{system}\n\nAnswer with one JSON object that fits this JSON schema, and nothing"
            system += f" around it:\n{json.dumps(request.answer_schema)}"
            held = {"response_format": {"type": "json_object"}} if self.holds == "json_object" else {}
        return {
            "model": model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": request.question},
            ],
            "stream": True,
            self.longest: request.max_answer_tokens,
            **({"temperature": _TEMPERATURE} if self.has_temperature else {}),
            **({"stream_options": {"include_usage": True}} if self.counts else {}),
            **held,
        }

    def simpler(self, refusal: BadRequest, request: Request) -> _Form | None:
        """The next form to try after a 400, by what it names; None when nothing is left to leave out."""
        said = server_error(refusal.body)
        words = f"{said.parameter} {said.message}"
        if "max_completion_tokens" in words and self.longest == "max_tokens":
            return replace(self, longest="max_completion_tokens")
        if "temperature" in words and self.has_temperature:
            return replace(self, has_temperature=False)
        if "stream_options" in words and self.counts:
            return replace(self, counts=False)
        if not request.answer_schema or self.holds == "text":
            return None
        return replace(self, holds="json_object" if self.holds == "json_schema" else "text")


class OpenAIModel:
    """One model of one server.

    Its key is read when it is asked; nothing is imported or sent before.
    """

    def __init__(self, settings: ProviderSettings, model: str, clock: Clock) -> None:
        self.name = model
        self.identity = f"openai {settings.base_url} {model} temperature {_TEMPERATURE}"
        self.about = f"at {urlsplit(settings.base_url).netloc} ({settings.name})"
        self._settings = settings
        self._clock = clock
        self._form = _Form()

    def complete(self, requests: Sequence[Request], *, deadline: Deadline) -> list[Completion | AidbtError]:
        """One answer or error per request, each asked once."""
        return [self._completion(request, deadline) for request in requests]

    def listed_models(self, deadline: Deadline) -> list[str] | None:
        """The models that the server lists, None where it lists none at all; costs no tokens.

        Raises:
            ProviderError: it did not answer.
        """
        wire = self._wire
        return wire.models(self._within(deadline))

    @cached_property
    def _wire(self) -> Wire:
        from aidbt.llm.openai_wire import Wire

        return Wire(self._settings.base_url, self._key())

    def _key(self) -> str | None:
        variable = self._settings.api_key_env
        if not variable:
            return None
        found = secret(variable)
        if found is None:
            raise ProviderRefused(f"the variable {variable} is not set", hint=f"export {variable}=…")
        key = found.get_secret_value()
        # A header can hold no more; the error of the package below would quote the key.
        if not (key.isascii() and key.isprintable()):
            raise ProviderRefused(f"the variable {variable} holds characters that no key has")
        return key

    def _within(self, deadline: Deadline) -> Deadline:
        own = Deadline.after(self._settings.timeout_s, self._clock)
        return own if own.remaining() <= deadline.remaining() else deadline

    def _completion(self, request: Request, deadline: Deadline) -> Completion | AidbtError:
        try:
            return self._answer(self._replied(request, deadline), request)
        except AidbtError as error:
            return error

    def _replied(self, request: Request, deadline: Deadline) -> Reply:
        from aidbt.llm.openai_wire import BadRequest

        wire = self._wire
        until = self._within(deadline)  # the first time the line before takes a second, of the import
        form: _Form | None = self._form
        while True:
            assert form is not None
            try:
                reply = wire.chat(form.body(self.name, request), until)
            except BadRequest as refusal:
                form = form.simpler(refusal, request)
                if form is None:
                    raise
                continue
            self._form = form
            return reply

    def _answer(self, reply: Reply, request: Request) -> Completion:
        if len(reply.text) > _LONGEST_TOKEN * request.max_answer_tokens:
            raise ProviderError("its answer is longer than was asked for", may_have_cost=True)
        other = bool(reply.model) and not is_same_model(self.name, reply.model)
        return Completion(
            reply.text,
            is_whole=reply.finish != "length",
            prompt_tokens=reply.prompt_tokens or 0,
            answer_tokens=reply.answer_tokens or 0,
            is_counted=reply.prompt_tokens is not None and reply.answer_tokens is not None,
            model=reply.model,
            warnings=(f"asked for {self.name}, the server answered with {reply.model}",) if other else (),
        )


def is_same_model(asked: str, answered: str) -> bool:
    """Whether two names are of one model: servers add a folder, a date or a tag.

    Example:
        >>> is_same_model("gpt-4o", "gpt-4o-2024-08-06"), is_same_model("gpt-4o", "gpt-4o-mini")
        (True, False)
    """
    return _bare(asked) == _bare(answered)


def _bare(name: str) -> str:
    return _VERSION.sub("", name.casefold().rpartition("/")[2])


def open_openai(settings: ProviderSettings, model: str, base: Path, clock: Clock) -> OpenAIModel:
    """A model of an OpenAI-compatible server; it is not asked anything yet.

    Args:
        base: not used; nothing of it is a file.

    Raises:
        SettingsError: `base_url` or `model` is missing.
        MissingExtra: the package `openai` is not installed.
    """
    for name, value in (("base_url", settings.base_url), ("model", model)):
        if not value:
            raise SettingsError(
                f"the provider '{settings.name}' has no {name}",
                hint="llm.providers: [{name: local, base_url: http://localhost:8000/v1, model: …}]",
            )
    if not all(importlib.util.find_spec(package) for package in ("openai", "httpx2")):
        raise MissingExtra(f"the provider '{settings.name}'", "llm")
    return OpenAIModel(settings, model, clock)
