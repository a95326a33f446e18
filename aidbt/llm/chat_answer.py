"""What a server with OpenAI's chat completions sends back, read with suspicion: a stream, a whole, an error.

The stream is server-sent events as the HTML standard has them (section 9.2.6), each one JSON object of the
kind "chat.completion.chunk", then `[DONE]`. Servers that do not stream send one "chat.completion" instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aidbt.llm.model import ProviderError, ProviderRefused, ProviderUnavailable, QuestionTooLong
from aidbt.llm.prompts import cut

_DONE = b"[DONE]"
# How a line of server-sent events begins; a colon alone begins a comment.
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_RETRYABLE_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_RETRYABLE_WORDS = ("rate_limit", "server_error", "overloaded", "timeout", "unavailable")
_TOO_LONG_WORDS = ("context_length_exceeded", "context length", "context window", "prompt is too long")
_SAID = 200  # characters of a server's own words


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said, as it said it.

    Attributes:
        finish: why it ended: "stop", "length", "content_filter", …; "" when it did not say.
        prompt_tokens, answer_tokens: None when it did not count them.
    """

    text: str
    finish: str
    model: str
    prompt_tokens: int | None
    answer_tokens: int | None


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as servers like OpenAI's describe it; what is not there is ""."""

    message: str = ""
    kind: str = ""
    code: str = ""
    parameter: str = ""


def read_reply(chunks: Iterable[bytes], *, hide: str = "") -> Reply:
    """The reply in the body of a response with status 200.

    Args:
        hide: what no message repeats: the key.

    Raises:
        ProviderUnavailable: the stream broke off, or the server failed in the middle of it.
        ProviderError: there is no answer in it, or it is something else than a reply.
    """
    parts: list[str] = []
    finish = model = ""
    usage: dict[str, Any] = {}
    has_ended = has_choice = False
    for event in _events(chunks):
        if event is None:
            has_ended = True
            break
        if isinstance(event.get("error"), dict | str):
            raise failure(None, event, hide=hide)
        model = model or _text(event.get("model"))
        usage = event["usage"] if isinstance(event.get("usage"), dict) else usage
        for choice in _dicts(event.get("choices"))[:1]:
            has_choice = True
            said = choice.get("delta") or choice.get("message") or {}
            if not isinstance(said, dict):
                raise _unreadable("its message is no object")
            if _text(said.get("refusal")):
                raise ProviderError("the model refused to answer", may_have_cost=True)
            parts.append(_text(said.get("content")))
            finish = _text(choice.get("finish_reason")) or finish
    if not has_ended and not finish:
        raise ProviderUnavailable("the answer broke off in the middle", may_have_cost=True)
    if not has_choice:
        raise ProviderError("it answered with no choices, so with nothing", may_have_cost=True)
    if finish == "content_filter":
        raise ProviderError("its content filter withheld the answer", may_have_cost=True)
    counts = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Reply("".join(parts), finish, cut(model, 120), *counts)


def read_models(body: bytes) -> list[str]:
    """The names in a list of models.

    Raises:
        ProviderError: it is no such list.
    """
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderError("it answered with no list of models; is base_url right?") from error
    if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
        raise ProviderError("it answered with no list of models; is base_url right?")
    return [name for item in _dicts(listed["data"]) if (name := cut(_text(item.get("id")), 120))]


def _events(chunks: Iterable[bytes]) -> Iterator[dict[str, Any] | None]:
    """Each object that was sent; None for the sign that all was sent, which a whole answer needs none of.

    A line is an event, though the standard has events end with an empty line: not every server sends those,
    and none breaks its JSON over lines.
    """
    lines = _lines(chunks)
    first = next((line for line in lines if line.strip()), b"")
    if first.lstrip().startswith(b"{"):
        yield _object(b"\n".join([first, *lines]))
        yield None
        return
    if first and not first.startswith(_FIELDS):
        raise _unreadable("it is no chat completion; is base_url right?")
    for line in chain([first], lines):
        name, _, value = line.partition(b":")
        if name == b"data" and value.strip():
            yield None if value.strip() == _DONE else _object(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    kept: list[bytes] = []
    for chunk in chunks:
        if b"\n" not in chunk:  # joined once it has ended: a line may have come in a thousand pieces
            kept.append(chunk)
            continue
        *whole, last = b"".join([*kept, chunk]).split(b"\n")
        kept = [last]
        yield from (line.removesuffix(b"\r") for line in whole)
    if any(kept):
        yield b"".join(kept).removesuffix(b"\r")


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable("it is not JSON") from error
    if not isinstance(value, dict):
        raise _unreadable("it is no JSON object")
    return value


def _unreadable(why: str) -> ProviderError:
    return ProviderError(f"its answer cannot be read: {why}", may_have_cost=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40
    return value if is_count else None


# --- errors -------------------------------------------------------------------------------------------


def server_error(body: object, *, hide: str = "") -> ServerError:
    """The error that a body describes: OpenAI's form, or the looser ones of others, without what it hides."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):
        said = inner.get("message") or inner.get("detail") or inner.get("msg")
        message = said if isinstance(said, str) else ""
        kind, code, parameter = (
            str(inner[name]) if isinstance(inner.get(name), str | int) else ""
            for name in ("type", "code", "param")
        )
        return ServerError(_shown(message, hide), kind, code, parameter)
    return ServerError(_shown(inner, hide) if isinstance(inner, str) else "")


def _shown(message: str, hide: str) -> str:
    return cut(message.replace(hide, "***") if hide else message, _SAID)


def failure(status: int | None, body: object, *, hide: str = "") -> ProviderError:
    """The error in place of an answer.

    Args:
        hide: what the message does not repeat: the key, which some servers quote.
        status: of the response; None for an error in the middle of a stream, which may say it in its code.
    """
    said = server_error(body, hide=hide)
    words = f"{said.kind} {said.code} {said.message}".lower()
    in_stream = status is None
    if status is None and said.code.isdigit():
        status = int(said.code)
    answered = f"it answered {status}" if status else "it failed while it answered"
    message = f"{answered}: {said.message}" if said.message else answered
    if status == 413 or any(word in words for word in _TOO_LONG_WORDS):
        return QuestionTooLong(
            f"the question is too long for the model ({message})",
            hint="ask for less at once, or name a model with a larger context",
        )
    if "insufficient_quota" in (said.kind, said.code):
        return ProviderRefused(f"its quota is used up ({message})", hint="look at the provider's billing")
    if status in _RETRYABLE_STATUS or (in_stream and any(word in words for word in _RETRYABLE_WORDS)):
        return ProviderUnavailable(message, may_have_cost=in_stream)
    if status in _FINAL:
        return ProviderRefused(message, hint=_FINAL[status])
    return ProviderError(message, may_have_cost=in_stream)


_FINAL = {
    401: "is the variable that api_key_env names set to a valid key?",
    402: "look at the provider's billing",
    403: "the key may not use this model",
    404: "base_url or the model's name is wrong; aidbt doctor says which models there are",
}
