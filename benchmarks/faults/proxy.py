"""A TCP proxy on the loopback interface that lets everything through, until it is told otherwise."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Literal

Mode = Literal["through", "silent", "reset"]


class Proxy:
    """Stands before a server, at `port`, as long as its `with` block lasts.

    Attributes:
        mode: of connections made from now on. silent: they are taken and nothing ever comes back; reset:
            they are cut off at once.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.mode: Mode = "through"
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # close() alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Close every connection there is."""
        for side in self._open:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.mode == "reset":
                client.close()
                continue
            self._open.append(client)
            if self.mode == "through":
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        self._open.append(server)
        for here, there in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=(here, there), daemon=True).start()


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := here.recv(65536):
            there.sendall(data)
    with contextlib.suppress(OSError):
        there.shutdown(socket.SHUT_WR)
