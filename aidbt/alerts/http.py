"""HTTP to a channel: once, up to a deadline, to no other address than the one that was given.

`http.client`, because the time that all of a request may take has to be bounded, a redirect must not carry a
secret elsewhere, and no more than the light core is installed where messages are sent.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import SecretStr

from aidbt.alerts.channel import ChannelRefused, ChannelUnavailable
from aidbt.core.errors import SettingsError
from aidbt.core.resilience import Deadline, retry_after_s

_MOST_BYTES = 1 << 20
_MOST_SAID = 1_000  # of an answer that refuses
_CONNECT_S = 5.0
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; its body is untrusted."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as a value, None where it is no JSON."""
        with contextlib.suppress(ValueError):
            return json.loads(self.body)
        return None


def send_json(
    method: str,
    url: SecretStr,
    value: Any,
    until: Deadline,
    *,
    headers: Mapping[str, str] | None = None,
    reads: bool = False,
) -> Answer:
    """What a server answers to a value, sent as JSON; None sends no body.

    Args:
        reads: whether what it answers is wanted; else its status is enough, and the body is empty.

    Neither the URL nor a header stands in an error, for they may be secret; the host's name does.

    Raises:
        ChannelUnavailable: it could not be reached, or is overloaded.
        ChannelRefused: it answered with another status than 2xx.
        SettingsError: the URL cannot be read.
    """
    body = None if value is None else json.dumps(value, ensure_ascii=False).encode()
    return send_bytes(method, url, body, until, headers=headers, reads=reads)


def send_bytes(
    method: str,
    url: SecretStr,
    body: bytes | None,
    until: Deadline,
    *,
    headers: Mapping[str, str] | None,
    reads: bool = False,
) -> Answer:
    """The same for a body that is made already; see `send_json`."""
    target = _parsed(url)
    until.check(f"sending to {target.hostname}")
    sent = {"User-Agent": "aidbt", "Accept": "application/json", **(headers or {})}
    if body is not None:
        sent["Content-Type"] = "application/json; charset=utf-8"
    if target.username is not None:
        sent["Authorization"] = _basic(target)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    with _translated(target, until), _connection(target, until) as connection:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        is_fine = 200 <= response.status < 300
        most = 0 if is_fine and not reads else _MOST_BYTES if is_fine else _MOST_SAID
        answer = Answer(response.status, response.read(most))
        if most == _MOST_BYTES and response.length:  # which `read` does not say
            raise http.client.IncompleteRead(answer.body, response.length)
        asked_s = retry_after_s(_Headers(response.headers))
    _check(answer, target, asked_s)
    return answer


class _Headers(Exception):
    """Headers in the form in which `retry_after_s` looks for them."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.headers = headers


def _parsed(url: SecretStr) -> SplitResult:
    text = url.get_secret_value()
    with contextlib.suppress(ValueError):
        parsed = urlsplit(text)
        is_plain = text.isascii() and text.isprintable() and " " not in text
        _ = parsed.port  # raises where it is no number
        if parsed.scheme in ("http", "https") and parsed.hostname and is_plain:
            return parsed
    raise SettingsError("its URL is not https://… or http://…", hint="look at the variable that holds it")


def _check(answer: Answer, target: SplitResult, asked_s: float | None) -> None:
    if 200 <= answer.status < 300:
        return
    said = f"{target.hostname} answered {answer.status}{_why(answer, target)}"
    # GitHub answers 403 to who asks too often, and says until when.
    if answer.status in _LATER or (answer.status == 403 and asked_s is not None):
        raise ChannelUnavailable(said, retry_after=asked_s)
    if 300 <= answer.status < 400:
        raise ChannelRefused(
            f"{said}: it leads elsewhere, where the message is not taken", hint="give the new address"
        )
    hints = {401: "the token", 403: "the token and what it may do", 404: "the address", 410: "the address"}
    about = hints.get(answer.status)
    raise ChannelRefused(said, hint=f"look at {about}; it may have been revoked" if about else None)


def _why(answer: Answer, target: SplitResult) -> str:
    """What the server says of it, where that is a few plain words and nothing of the address."""
    value = answer.json()
    given = value.get("message") if isinstance(value, dict) else answer.body.decode("ascii", "replace")
    words = " ".join(str(given or "").split())
    secrets = [part for part in re.split(r"[/?&=]", f"{target.path}?{target.query}") if len(part) > 3]
    is_plain = re.fullmatch(r"[A-Za-z0-9_ .,:'()-]{1,100}", words) is not None
    return f" ({words.rstrip('.')})" if is_plain and not any(part in words for part in secrets) else ""


@contextlib.contextmanager
def _connection(target: SplitResult, until: Deadline) -> Iterator[http.client.HTTPConnection]:
    """A connection that is cut when the deadline has passed, even while an answer trickles in."""
    connection = _open(target, min(_CONNECT_S, max(until.remaining(), 0.001)))
    timer: threading.Timer | None = None
    try:
        connection.connect()
        assert connection.sock is not None
        connection.sock.settimeout(max(until.remaining(), 0.001))
        timer = threading.Timer(min(until.remaining(), threading.TIMEOUT_MAX), _cut, [connection.sock])
        timer.daemon = True
        timer.start()
        yield connection
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        connected.shutdown(socket.SHUT_RDWR)


def _open(target: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    assert target.hostname is not None
    is_safe = target.scheme == "https"
    port = target.port or (443 if is_safe else 80)
    if not is_safe:  # of the same network mostly, to which no proxy leads
        return http.client.HTTPConnection(target.hostname, port, timeout=timeout_s)
    proxy = _proxy(target.hostname)
    host, at = (proxy.hostname or "", proxy.port or 3128) if proxy else (target.hostname, port)
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(host, at, timeout=timeout_s, context=context)
    if proxy:
        connection.set_tunnel(target.hostname, port, headers=_proxy_headers(proxy))
    return connection


def _proxy(host: str) -> SplitResult | None:
    """The proxy for https that the environment names for a host, as other programs find it."""
    proxies = getproxies()
    found = proxies.get("https") or proxies.get("all")
    if not found or proxy_bypass(host):
        return None
    return urlsplit(found if "://" in found else f"http://{found}")


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    return {} if proxy.username is None else {"Proxy-Authorization": _basic(proxy)}


def _basic(url: SplitResult) -> str:
    """The header for the user and password that stand in a URL."""
    who = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return f"Basic {base64.b64encode(who.encode()).decode()}"


@contextlib.contextmanager
def _translated(target: SplitResult, until: Deadline) -> Iterator[None]:
    host = target.hostname
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ChannelRefused(f"the certificate of {host} is not valid: {error.verify_message}") from error
    except (http.client.HTTPException, OSError) as error:
        if isinstance(error, TimeoutError) or until.remaining() <= 0:
            raise ChannelUnavailable(
                f"{host} did not answer within {until.allowed_s:g} s", may_have_arrived=True
            ) from error
        if isinstance(error, ConnectionRefusedError | socket.gaierror):
            raise ChannelUnavailable(f"{host} cannot be reached") from error
        raise ChannelUnavailable(
            f"the connection to {host} broke off before it had answered", may_have_arrived=True
        ) from error
