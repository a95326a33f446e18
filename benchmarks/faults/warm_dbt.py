"""dbt, and the healer under test, without their seconds of imports: a process that has them behind it forks
for every call. What runs is dbt's own command line, or the healer's, alone in its process, with the caller's
folder, environment and output.

The bench's figures are measured with dbt as it is; this is for tests that run many small builds.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

HEALER = "heal_driver"

# Starts in 30 ms; forwards what a scheduler sends, and ends as dbt ended.
_CLIENT = """\
#!{python} -SE
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    asked = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    line.sendall(asked)
    pid = int.from_bytes(line.recv(4, socket.MSG_WAITALL), "big")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: os.kill(pid, number))
    code = line.recv(1)
sys.exit(code[0] if code else 137)
"""


@contextmanager
def warm_dbt() -> Iterator[Path]:
    """The path of an executable `dbt`, beside which `HEALER` stands; both work as long as the block lasts.

    Raises:
        RuntimeError: the process does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="aidbt-dbt-") as folder:
        address, client = str(Path(folder) / "line"), Path(folder) / "dbt"
        client.write_text(_CLIENT.format(python=sys.executable, address=address))
        client.chmod(0o755)
        client.with_name(HEALER).symlink_to(client)
        command = [sys.executable, "-m", "benchmarks.faults.warm_dbt", address]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
            try:
                assert server.stdout is not None
                if server.stdout.readline().strip() != "ready":
                    raise RuntimeError("dbt could not be imported")
                yield client
            finally:
                server.terminate()


def main() -> None:
    """Serve until terminated, or until whoever started this is gone and with him the other end of stdin."""
    # No more than imports: a first parse would start threads of libraries, which no fork survives.
    import dbt.adapters.duckdb
    import dbt.task.build  # noqa: F401

    import aidbt.healing

    for module in pkgutil.walk_packages(aidbt.healing.__path__, "aidbt.healing."):
        importlib.import_module(module.name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print("ready", flush=True)
        while select.select([listener, sys.stdin], [], [])[0] == [listener]:
            caller, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _run(caller)
            caller.close()


def _run(caller: socket.socket) -> None:
    """One call of dbt, in the forked process; does not return."""
    for name in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    length, fds, _, _ = socket.recv_fds(caller, 4, 3)
    asked = caller.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
    words, folder, environment = json.loads(asked)
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    caller.sendall(os.getpid().to_bytes(4, "big"))
    threading.Thread(target=_end_with, args=(caller,), daemon=True).start()
    code = _ended(_heal if Path(words[0]).name == HEALER else partial(_dbt, words[1:]))
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError):
        caller.sendall(bytes([code]))
    os._exit(code)


def _end_with(caller: socket.socket) -> None:
    """Whoever called was killed, so this is killed."""
    with suppress(OSError):
        caller.recv(1)
        os.kill(os.getpid(), signal.SIGKILL)


def _dbt(words: list[str]) -> None:
    from dbt.cli.main import cli

    cli(words, prog_name="dbt")


def _heal() -> None:
    from benchmarks.heal_driver import main as heal

    heal()


def _ended(work: Callable[[], None]) -> int:
    """The exit code of work that ends as a program does."""
    try:
        work()
    except SystemExit as done:
        if isinstance(done.code, str):
            sys.stderr.write(f"{done.code}\n")
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


if __name__ == "__main__":
    main()
