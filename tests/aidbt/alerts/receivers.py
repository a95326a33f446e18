"""Servers on loopback that take what channels send: HTTP that answers by a script, and SMTP with STARTTLS."""

from __future__ import annotations

import base64
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Step = Callable[["_Handler"], None]


@dataclass
class Got:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """An HTTP server that takes the next step of its script for each request; the last one stands for all.

    Attributes:
        got: what came, in order.
    """

    def __init__(self, *script: Step, certificate: Path | None = None) -> None:
        self.script = list(script or (answer(200),))
        self.got: list[Got] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self._is_safe = certificate is not None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        port = self._server.server_address[1]
        return f"https://localhost:{port}" if self._is_safe else f"http://127.0.0.1:{port}"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy that tunnels: its address, and what it was asked for."""
    asked: list[str] = []

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode().strip())
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                asked.append(line.decode().strip())
            host, _, port = asked[0].split()[1].rpartition(":")
            with socket.create_connection((host, int(port))) as far, suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(far, self.connection), daemon=True)
                back.start()
                _pump(self.connection, far)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        owner: Receiver = self.server.owner  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.got.append(Got(self.command, self.path, headers, body))
        step = owner.script.pop(0) if len(owner.script) > 1 else owner.script[0]
        with suppress(ConnectionError):
            step(self)

    do_POST = do_PATCH = do_GET = _take

    def log_message(self, *_: object) -> None:
        pass


def answer(status: int, value: Any = None, **headers: str) -> Step:
    def step(handler: _Handler) -> None:
        body = b"ok" if value is None else json.dumps(value).encode()
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return step


def hang(handler: _Handler) -> None:
    """Say nothing until the server is closed."""
    handler.server.owner.closing.wait(60)  # type: ignore[attr-defined]


def trickle(handler: _Handler) -> None:
    """Answer a byte at a time, for ever."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not handler.server.owner.closing.wait(0.05):  # type: ignore[attr-defined]
            handler.wfile.write(b" ")


def cut(handler: _Handler) -> None:
    """Take the request and close the connection without a word."""
    handler.close_connection = True


def certificate(folder: Path) -> Path:
    """A certificate of localhost with its key, made by openssl."""
    path = folder / "localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (folder / "certificate.pem").read_text())
    return path


@dataclass
class MailServer:
    """A mail server with STARTTLS and one user.

    Attributes:
        refuses: what it answers in place of taking a mail, e.g. "451 later"; "" to take it.
        said: every line of the clients.
    """

    certificate: Path | None = None
    user: str = ""
    password: str = ""
    refuses: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[MailServer]:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp)
        server.daemon_threads = True
        server.owner = self  # type: ignore[attr-defined]
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.mail: MailServer = self.server.owner  # type: ignore[attr-defined]
        self.is_encrypted = False
        self._say("220 localhost ready")
        with suppress(OSError):
            while line := self.rfile.readline():
                if not self._answer(line.decode().strip()):
                    return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, line: str) -> bool:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO" | "HELO":
                offers = ["STARTTLS"] if self.mail.certificate and not self.is_encrypted else []
                offers += ["AUTH PLAIN"] if self.mail.user else []
                for offer in ["localhost", *offers]:
                    self._say(f"250-{offer}")
                self._say("250 8BITMIME")
            case "STARTTLS":
                self._say("220 go ahead")
                self._encrypt()
            case "AUTH":
                wanted = f"\0{self.mail.user}\0{self.mail.password}".encode()
                is_right = rest.partition(" ")[2] == base64.b64encode(wanted).decode()
                self._say("235 ok" if is_right else f"535 wrong password {rest}")
            case "RCPT":
                self.mail.recipients.append(rest)
                self._say("250 ok")
            case "DATA":
                self._say("354 go on")
                lines = []
                while (line_ := self.rfile.readline()) != b".\r\n":
                    lines.append(line_.removeprefix(b"."))
                if self.mail.refuses:
                    self._say(self.mail.refuses)
                else:
                    self.mail.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
                    self.mail.encrypted.append(self.is_encrypted)
                    self._say("250 taken")
            case "QUIT":
                self._say("221 bye")
                return False
            case _:
                self._say("250 ok")
        return True

    def _encrypt(self) -> None:
        assert self.mail.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.mail.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.is_encrypted = True
