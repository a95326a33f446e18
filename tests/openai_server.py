"""A server with OpenAI's chat completions on loopback, which answers what a script says. Free of pytest.

Every request for a completion takes the next step of the script; the last step stands for all that follow.
It streams, as the client asks it to, except in `plain`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = Callable[["_Handler"], None]
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
MODEL = "test-model"


class OpenAIServer:
    """A server of its own on a free port, gone when its `with` block ends.

    Args:
        script: what it answers, one step a request.
        models: what it lists; None answers 404 to that, a text is sent as it is.

    Attributes:
        asked: the body of every request for a completion, in order; their number is that of the calls.
        headers: of every request, in lower case.

    Example:
        >>> with OpenAIServer(good("hello")) as server:
        ...     server.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, *script: Step, models: Sequence[str] | str | None = (MODEL,)) -> None:
        self.script = list(script)
        self.models = models
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        """How many completions were asked for."""
        return len(self.asked)

    def questions(self) -> list[str]:
        """What the user's message said, of every request."""
        return [body["messages"][-1]["content"] for body in self.asked]

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def owner(self) -> OpenAIServer:
        owner: OpenAIServer = self.server.owner  # type: ignore[attr-defined]
        return owner

    def log_message(self, *about: object) -> None:
        """Tests are silent."""

    def do_GET(self) -> None:
        self.owner.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/v1/models" and self.owner.models is not None:
            models = self.owner.models
            self.whole(
                200,
                models
                if isinstance(models, str)
                else {"object": "list", "data": [{"id": name} for name in models]},
            )
        else:
            self.whole(404, {"error": {"message": "not here"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.owner.lock:
            self.owner.headers.append({name.lower(): value for name, value in self.headers.items()})
            step = self.owner.script[min(len(self.owner.asked), len(self.owner.script) - 1)]
            self.owner.asked.append(body)
        self.body = body
        self.close_connection = True
        with suppress(ConnectionError):  # the client may leave when its time is up
            step(self)

    def whole(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        """Send a JSON value, or a text, as it is."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text[:1] in "{[" else "text/html")
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value_ in (headers or {}).items():
            self.send_header(name, value_)
        self.end_headers()
        self.wfile.write(text.encode())

    def begin(self) -> None:
        """Begin a stream of events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, data: bytes) -> None:
        """Send a piece of the stream; none ends it."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def events(
    text: str,
    *,
    model: str = MODEL,
    usage: Mapping[str, int] | None = USAGE,
    finish: str | None = "stop",
    pieces: int = 3,
) -> Iterator[bytes]:
    """The events of a streamed answer."""
    size = -(-len(text) // pieces) or 1
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    for part in parts:
        yield _event(
            {"model": model, "choices": [{"index": 0, "delta": {"content": part}, "finish_reason": None}]}
        )
    yield _event({"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        yield _event({"model": model, "choices": [], "usage": dict(usage)})
    yield b"data: [DONE]\n\n"


def _event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


# --- steps --------------------------------------------------------------------------------------------


def good(text: str, **how: Any) -> Step:
    """A whole answer; `how` is that of `events`: another model, no usage, another reason to end."""

    def step(handler: _Handler) -> None:
        handler.begin()
        for event in events(text, **how):
            handler.send(event)
        handler.send(b"")

    return step


def plain(text: str, usage: Mapping[str, int] | None = USAGE) -> Step:
    """A whole answer that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return lambda handler: handler.whole(200, {"model": MODEL, "choices": [choice], "usage": usage})


def raw(status: int, body: object, **headers: str) -> Step:
    """Any response; underscores in the names of headers are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.whole(status, body, named)


def failing(status: int, code: str = "", message: str = "scripted", **headers: str) -> Step:
    """An error in OpenAI's form."""
    return raw(status, {"error": {"message": message, "type": code, "code": code}}, **headers)


def picky(refuses: Callable[[dict[str, Any]], str | None], then: Step) -> Step:
    """400 with what `refuses` says of the request's body, else the other step."""

    def step(handler: _Handler) -> None:
        said = refuses(handler.body)
        (failing(400, "invalid_request_error", said) if said else then)(handler)

    return step


def dripping(letters: int, between: Callable[[], None]) -> Step:
    """The beginning of an answer, letter by letter, with something after each: a clock set forward.

    Then nothing more comes, so that the clock stands still for whoever is asked next.
    """

    def step(handler: _Handler) -> None:
        handler.begin()
        for event in list(events("x" * letters, pieces=letters))[:letters]:
            handler.send(event)
            between()
        silent(handler)

    return step


def cut_stream(text: str) -> Step:
    """The beginning of an answer; then the connection is gone."""

    def step(handler: _Handler) -> None:
        handler.begin()
        for event in list(events(text))[:1]:
            handler.send(event)
        handler.connection.close()

    return step


def ended_early(text: str) -> Step:
    """The beginning of an answer in a stream that ends as if that were all."""

    def step(handler: _Handler) -> None:
        handler.begin()
        for event in list(events(text))[:1]:
            handler.send(event)
        handler.send(b"")

    return step


def endless(handler: _Handler) -> None:
    """One event that never ends, as fast as it is read."""
    handler.begin()
    handler.send(b'data: {"choices": "')
    while not handler.owner.closing.is_set():
        handler.send(b"x" * (1 << 20))


def silent(handler: _Handler) -> None:
    """No answer at all, until the server is closed."""
    handler.owner.closing.wait()


def creeping(text: str) -> Step:
    """A whole answer, but the head of the response takes a second, byte by byte."""
    body = json.dumps({"model": MODEL, "choices": [{"message": {"content": text}, "finish_reason": "stop"}]})

    def step(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(20):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            if handler.owner.closing.wait(0.05):
                return
        handler.wfile.write(f"\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return step


def empty_choices(handler: _Handler) -> None:
    """A stream without any choice."""
    handler.begin()
    handler.send(_event({"model": MODEL, "choices": [], "usage": USAGE}))
    handler.send(b"data: [DONE]\n\n")
    handler.send(b"")
