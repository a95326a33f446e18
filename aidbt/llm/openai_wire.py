"""The `openai` package, held to what we allow: our deadline, our retries, our headers, so many bytes.

The package would try again by itself, follow redirects with the question in its hands, take a proxy, headers
and keys from the environment, tell the server about this computer, and read without end. All of that is
settled in the transport that it is given.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import httpx2
import openai
from openai import NOT_GIVEN

from aidbt.core.resilience import Deadline
from aidbt.llm.chat_answer import Reply, failure, read_models, read_reply
from aidbt.llm.model import ProviderError, ProviderUnavailable

# An answer of 100,000 tokens, each in an event of its own, has about 25 MB.
_MOST_BYTES = 32 << 20
_CONNECT_S = 10.0
_HEADERS = ("host", "accept", "content-type", "content-length", "connection", "user-agent")
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")

_until: ContextVar[Deadline] = ContextVar("until")


class Wire:
    """One server.

    Args:
        base_url: as far as "/chat/completions" goes on.
        key: None sends none.

    Safe to share between threads.
    """

    def __init__(self, base_url: str, key: str | None) -> None:
        self._key = key or ""
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key="sent by the transport",
            max_retries=0,
            http_client=httpx2.Client(
                transport=_Guarded(key), follow_redirects=False, trust_env=False, base_url=base_url
            ),
        )

    def chat(self, body: Mapping[str, Any], until: Deadline) -> Reply:
        """What the server replies to a request for a chat completion, asked once.

        Raises:
            BadRequest: it does not take the request as it is.
            ProviderError: it did not answer.
        """
        create = self._client.chat.completions.with_streaming_response.create
        with self._translated(until), create(**body, timeout=_timeout(until)) as response:
            return read_reply(response.iter_bytes(), hide=self._key)

    def models(self, until: Deadline) -> list[str] | None:
        """The models that the server lists, None where it knows no such list; costs nothing.

        Raises:
            ProviderError: it did not answer, or with something else.
        """
        with self._translated(until):
            try:
                response = self._client.models.with_raw_response.list(timeout=_timeout(until))
            except openai.NotFoundError:
                return None
            return read_models(response.content)

    @contextlib.contextmanager
    def _translated(self, until: Deadline) -> Iterator[None]:
        """The deadline for the transport, and our errors in place of the package's."""
        token = _until.set(until)
        try:
            yield
        except openai.APIStatusError as error:
            ours = failure(error.status_code, error.body, hide=self._key)
            if type(ours) is ProviderError and error.status_code in (400, 422):
                raise BadRequest(ours, error.body) from error
            raise ours from error
        except (openai.APIError, httpx2.HTTPError) as error:
            raise _no_answer(error, until) from error
        finally:
            _until.reset(token)


class BadRequest(ProviderError):
    """The server does not take the request as it is; `body` says why."""

    def __init__(self, error: ProviderError, body: object) -> None:
        super().__init__(error.message, hint=error.hint)
        self.body = body


def _timeout(until: Deadline) -> Any:
    left = until.remaining()
    if left == float("inf"):
        return NOT_GIVEN
    return httpx2.Timeout(max(left, 0.001), connect=min(max(left, 0.001), _CONNECT_S))


def _no_answer(error: Exception, until: Deadline) -> ProviderError:
    cause = error.__cause__ if isinstance(error, openai.APIError) else error
    if isinstance(cause, _TooBig):
        return ProviderError(f"its answer is larger than {_MOST_BYTES >> 20} MB", may_have_cost=True)
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
        return ProviderUnavailable("it cannot be reached", hint="is its server running, and base_url right?")
    if isinstance(cause, httpx2.TimeoutException) or until.remaining() <= 0:
        return ProviderUnavailable(f"it did not answer within {until.allowed_s:g} s", may_have_cost=True)
    if isinstance(cause, httpx2.TransportError):
        return ProviderUnavailable("it closed the connection before it had answered", may_have_cost=True)
    # What else the package complains about is the server's answer; its words may quote that.
    return ProviderError(f"its answer cannot be read ({type(cause).__name__})", may_have_cost=True)


class _TooSlow(httpx2.ReadTimeout):
    """The deadline passed while the answer came."""


class _TooBig(httpx2.RequestError):
    """More bytes came than any answer has."""


class _Guarded(httpx2.BaseTransport):
    """Sends the few headers that are needed, and reads no longer and no more than allowed."""

    def __init__(self, key: str | None) -> None:
        self._key = key
        # Every question has a connection of its own: beside the answer's seconds the milliseconds do not
        # count, and one that was kept may have died meanwhile.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._inner = httpx2.HTTPTransport(trust_env=False, limits=limits)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        kept = [(name, value) for name, value in request.headers.items() if name.lower() in _HEADERS]
        authorization = [("authorization", f"Bearer {self._key}")] if self._key else []
        watch = _Watch(_until.get())
        # Another request, because the package looks at headers of its own in this one later.
        sent = httpx2.Request(
            request.method,
            request.url,
            headers=[*kept, *authorization, ("accept-encoding", "identity")],
            stream=request.stream,
            extensions={**request.extensions, "trace": watch.connected},
        )
        watch.start()
        try:
            response = self._inner.handle_request(sent)
        except BaseException:
            watch.stop()
            raise
        response.stream = _Bounded(response.stream, watch)
        # Nothing compressed was asked for, and a little of it may become very much.
        response.headers.pop("content-encoding", None)
        return response

    def close(self) -> None:
        self._inner.close()


class _Watch:
    """Ends a connection when its deadline has passed, even while nothing comes."""

    def __init__(self, until: Deadline) -> None:
        self.until = until
        self._stream: Any = None
        left = until.remaining()
        self._timer = threading.Timer(min(left, threading.TIMEOUT_MAX), self._shut)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()

    def connected(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the transport what it does; keeps the newest stream of the connection."""
        if event in _CONNECTED:
            self._stream = info["return_value"]

    def _shut(self) -> None:
        found = self._stream.get_extra_info("socket") if self._stream is not None else None
        if found is not None:
            with contextlib.suppress(OSError):  # it is closed already
                found.shutdown(socket.SHUT_RDWR)


class _Bounded(httpx2.SyncByteStream):
    """A response's body up to a deadline and a size."""

    def __init__(self, inner: Any, watch: _Watch) -> None:
        self._inner = inner
        self._watch = watch

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if size > _MOST_BYTES:
                raise _TooBig("too many bytes")
            if self._watch.until.remaining() <= 0:
                raise _TooSlow("the deadline has passed")
            yield chunk

    def close(self) -> None:
        self._watch.stop()
        self._inner.close()
