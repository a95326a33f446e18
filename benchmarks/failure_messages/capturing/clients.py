"""Real faults of clients: HTTP against servers that fail, S3, parsers of Python, files and imports."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aidbt.core.failures import ErrorClass as E
from benchmarks.failure_messages import Example
from tests.kit import free_port, s3_server

_NETWORK = (E.NETWORK_TIMEOUT, E.CONNECTION_RESET, E.TEMPORARY_UNAVAILABLE, E.ENDPOINT_CHANGED)
# What each path of the loopback server answers: status, headers, body; and which class that is.
ANSWERS: dict[str, tuple[int, dict[str, str], str, E, tuple[E, ...]]] = {
    "/401": (
        401,
        {},
        '{"error": {"message": "Invalid authentication credentials"}}',
        E.CREDENTIAL_EXPIRED,
        (),
    ),
    "/401e": (
        401,
        {"WWW-Authenticate": "Bearer"},
        '{"code": "token_expired", "message": "The access token expired"}',
        E.CREDENTIAL_EXPIRED,
        (),
    ),
    "/402": (402, {}, '{"message": "Your trial has ended. Add a payment method."}', E.QUOTA_EXCEEDED, ()),
    "/403": (403, {}, '{"message": "Forbidden: your role lacks scope read:orders"}', E.PERMISSION_DENIED, ()),
    "/404": (404, {}, '{"message": "No route matches /v1/orders"}', E.ENDPOINT_CHANGED, (E.TABLE_RENAMED,)),
    "/408": (408, {}, "Request Timeout", E.NETWORK_TIMEOUT, (E.TEMPORARY_UNAVAILABLE,)),
    "/409": (
        409,
        {},
        '{"message": "Another sync is already running"}',
        E.CONCURRENCY_CONFLICT,
        (E.RESOURCE_EXHAUSTION,),
    ),
    "/410": (410, {}, '{"message": "API version 2021-01 was removed"}', E.ENDPOINT_CHANGED, ()),
    "/413": (413, {}, "Request Entity Too Large", E.RESOURCE_EXHAUSTION, ()),
    "/429": (
        429,
        {"Retry-After": "30"},
        '{"message": "Too many requests, slow down"}',
        E.RATE_LIMIT_EXCEEDED,
        (),
    ),
    "/429b": (429, {}, '{"error": "rate_limited"}', E.RATE_LIMIT_EXCEEDED, ()),
    "/500": (500, {}, "Internal Server Error", E.TEMPORARY_UNAVAILABLE, (E.UNCLASSIFIED_ERROR,)),
    "/502": (502, {}, "<html>502 Bad Gateway</html>", E.TEMPORARY_UNAVAILABLE, ()),
    "/503": (503, {"Retry-After": "5"}, "Service Unavailable", E.TEMPORARY_UNAVAILABLE, ()),
    "/504": (504, {}, "upstream request timeout", E.NETWORK_TIMEOUT, (E.TEMPORARY_UNAVAILABLE,)),
}


class _Failing(BaseHTTPRequestHandler):
    """Answers by its path; also slowly, half, with nonsense, or by going away."""

    def log_message(self, *about: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1.5)
        if self.path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if self.path == "/gone":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.path == "/nonsense":
            self.wfile.write(b"\x15\x03\x01 what?\r\n\r\n")
            return
        status, headers, body = 200, {}, '{"rows": [1, 2'
        if self.path in ANSWERS:
            status, headers, body, *_ = ANSWERS[self.path]
        self.send_response(status)
        length = len(body) + (500 if self.path == "/half" else 0)
        for name, value in {
            "Content-Length": str(length),
            "Content-Type": "application/json",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_PUT = do_GET


@contextlib.contextmanager
def failing_server() -> Iterator[str]:
    """The address of a server that fails by path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Failing)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _kept(
    found: list[Example], label: E, source: str, how: str, act: Callable[[], Any], accept: tuple[E, ...] = ()
) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever is raised is what is wanted
        name = f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
        found.append(Example(f"{name}: {error}", label, source, source, accept, how))


def http_faults() -> list[Example]:
    """requests, urllib3, httpx2, urllib and http.client against a server that fails."""
    import http.client
    import urllib.request

    import httpx2 as httpx
    import requests
    import urllib3

    found: list[Example] = []

    def checked(response: Any) -> Any:
        response.raise_for_status()
        return response.json()

    pool = urllib3.PoolManager(
        retries=urllib3.Retry(
            1, backoff_factor=0, status_forcelist=[429, 500, 502, 503, 504], respect_retry_after_header=False
        )
    )

    def by_hand(url: str) -> None:
        answer = requests.get(url, timeout=5)
        raise RuntimeError(f"request failed with status {answer.status_code}: {answer.text}")

    clients: dict[str, Callable[[str], Any]] = {
        "requests": lambda url: checked(requests.get(url, timeout=0.4)),
        "httpx": lambda url: checked(httpx.get(url, timeout=0.4)),
        "urllib3": lambda url: pool.request("GET", url, timeout=0.4).json(),
        "urllib": lambda url: json.load(urllib.request.urlopen(url, timeout=0.4)),
    }
    with failing_server() as address:
        plain = address.removeprefix("http://")
        places: list[tuple[str, E, tuple[E, ...]]] = [
            (f"{address}{path}", label, accept) for path, (_, _, _, label, accept) in ANSWERS.items()
        ]
        places += [
            (f"{address}/slow", E.NETWORK_TIMEOUT, _NETWORK),
            (f"{address}/reset", E.CONNECTION_RESET, _NETWORK),
            (f"{address}/gone", E.CONNECTION_RESET, _NETWORK),
            (f"{address}/half", E.CONNECTION_RESET, (*_NETWORK, E.TYPE_COERCION_FAILURE)),
            (f"{address}/nonsense", E.CONNECTION_RESET, (*_NETWORK, E.UNCLASSIFIED_ERROR)),
            (f"{address}/broken.json", E.TYPE_COERCION_FAILURE, (E.CORRUPT_DATA,)),
            (f"http://127.0.0.1:{free_port()}/x", E.CONNECTION_RESET, _NETWORK),
            ("http://no-such-host.invalid/x", E.NETWORK_TIMEOUT, _NETWORK),
            ("http://10.255.255.1/x", E.NETWORK_TIMEOUT, _NETWORK),
            (f"https://{plain}/x", E.NETWORK_TIMEOUT, (*_NETWORK, E.MISSING_SETTING)),
            ("ftps:/nowhere", E.ENDPOINT_CHANGED, (E.MISSING_SETTING,)),
        ]
        for name, get in clients.items():
            for url, label, accept in places:
                # urllib3 gives no error for a status that it does not try again.
                how = url.replace(address, "SERVER").replace(plain, "SERVER")
                if not (name == "urllib3" and "/4" in how and "429" not in how):
                    _kept(found, label, name, how, lambda get=get, url=url: get(url), accept)
        for path, (_, _, _, label, accept) in ANSWERS.items():
            _kept(
                found,
                label,
                "requests",
                f"SERVER{path}, told by hand",
                lambda path=path: by_hand(address + path),
                accept,
            )
        host, _, port = plain.partition(":")
        for path in ("/reset", "/gone", "/slow", "/nonsense"):

            def asked(path: str = path) -> None:
                connection = http.client.HTTPConnection(host, int(port), timeout=0.4)
                connection.request("GET", path)
                connection.getresponse()

            label = E.NETWORK_TIMEOUT if path == "/slow" else E.CONNECTION_RESET
            _kept(found, label, "http.client", path, asked, (*_NETWORK, E.UNCLASSIFIED_ERROR))
        _kept(
            found,
            E.NETWORK_TIMEOUT,
            "ssl",
            "a server without TLS",
            lambda: ssl.create_default_context().wrap_socket(
                socket.create_connection((host, int(port))), server_hostname="x"
            ),
            (*_NETWORK, E.MISSING_SETTING),
        )
    return found


def s3_faults() -> list[Example]:
    """botocore against S3 on loopback (moto), against servers that fail, and without credentials."""
    import boto3
    from botocore.config import Config

    found: list[Example] = []
    quick = Config(
        connect_timeout=0.4, read_timeout=0.4, retries={"max_attempts": 1}, s3={"addressing_style": "path"}
    )
    given = {
        "aws_access_key_id": "x",
        "aws_secret_access_key": "y",
        "region_name": "us-east-1",
        "config": quick,
    }
    patient = {**given, "config": Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})}
    with s3_server() as address:
        s3 = boto3.client("s3", endpoint_url=address, **patient)
        s3.create_bucket(Bucket="landing")
        s3.put_object(Bucket="landing", Key="a.csv", Body=b"a\n1\n")
        glue, athena = (boto3.client(name, endpoint_url=address, **patient) for name in ("glue", "athena"))
        for label, how, act, accept in (
            (
                E.ENDPOINT_CHANGED,
                "a bucket that does not exist",
                lambda: s3.list_objects_v2(Bucket="gone-bucket"),
                (E.TABLE_RENAMED,),
            ),
            (
                E.ENDPOINT_CHANGED,
                "a key that does not exist",
                lambda: s3.get_object(Bucket="landing", Key="b.csv"),
                (E.TABLE_RENAMED,),
            ),
            (
                E.ENDPOINT_CHANGED,
                "head of a key that does not exist",
                lambda: s3.head_object(Bucket="landing", Key="b.csv"),
                (E.TABLE_RENAMED,),
            ),
            (E.TABLE_RENAMED, "a table of Glue", lambda: glue.get_table(DatabaseName="d", Name="t"), ()),
            (E.TABLE_RENAMED, "a database of Glue", lambda: glue.get_database(Name="d"), ()),
            (
                E.MISSING_SETTING,
                "a parameter that is missing",
                lambda: s3.get_object(Bucket="landing"),
                (E.PYTHON_EXCEPTION,),
            ),
            (
                E.MISSING_SETTING,
                "an invalid bucket name",
                lambda: s3.list_objects_v2(Bucket="No Bucket"),
                (E.ENDPOINT_CHANGED, E.PYTHON_EXCEPTION),
            ),
            (
                E.UNCLASSIFIED_ERROR,
                "a query that does not exist",
                lambda: athena.get_query_execution(QueryExecutionId="x"),
                (E.ENDPOINT_CHANGED,),
            ),
        ):
            _kept(found, label, "aws", how, act, accept)
    with failing_server() as address:
        for path, (_, _, _, label, accept) in ANSWERS.items():
            name = path.strip("/")
            client = boto3.client("s3", endpoint_url=f"{address}", **given)
            client.meta.events.register("before-send.s3", _to(f"{address}{path}"))
            if name not in ("402", "408", "410", "413"):
                _kept(found, label, "aws", f"SERVER{path}", lambda c=client: c.list_buckets(), accept)
        for path, label in (
            ("/reset", E.CONNECTION_RESET),
            ("/gone", E.CONNECTION_RESET),
            ("/slow", E.NETWORK_TIMEOUT),
        ):
            client = boto3.client("s3", endpoint_url=address, **given)
            client.meta.events.register("before-send.s3", _to(f"{address}{path}"))
            _kept(found, label, "aws", f"SERVER{path}", lambda c=client: c.list_buckets(), _NETWORK)
    nobody = f"http://127.0.0.1:{free_port()}"
    _kept(
        found,
        E.NETWORK_TIMEOUT,
        "aws",
        "nobody listens",
        lambda: boto3.client("s3", endpoint_url=nobody, **given).list_buckets(),
        _NETWORK,
    )
    code = "import boto3; boto3.client('s3', region_name='us-east-1').list_buckets()"
    for label, how, program in (
        (E.CREDENTIAL_EXPIRED, "no credentials", code),
        (E.MISSING_SETTING, "no region", "import boto3; boto3.client('glue')"),
        (
            E.MISSING_SETTING,
            "a profile that does not exist",
            "import boto3; boto3.Session(profile_name='analytics')",
        ),
        (
            E.CREDENTIAL_EXPIRED,
            "half of the credentials",
            "import boto3; boto3.client('s3', region_name='r', aws_access_key_id='x').list_buckets()",
        ),
    ):
        _last_line(found, label, "aws", how, program)
    return found


def _to(url: str) -> Callable[..., Any]:
    """Send a request elsewhere, as the client signed it."""

    def send(request: Any, **_: object) -> None:
        request.url = url

    return send


_RAISED = re.compile(
    r"[A-Za-z_][\w.]*(?:Error|Exception|Warning|NotFound|Datetime|Invalid|Operation|KeyError|BadZipFile|BadGzipFile)\b|zlib\.error"
)


def _last_line(
    found: list[Example], label: E, source: str, how: str, program: str, accept: tuple[E, ...] = ()
) -> None:
    """What stands below a program's traceback, in an environment without credentials."""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=60, check=False
    )
    lines = done.stderr.strip().splitlines()
    starts = [place for place, line in enumerate(lines) if _RAISED.match(line)]
    if done.returncode and starts:
        said = "\n".join(lines[starts[-1] :])
        found.append(Example(said, label, source, source, accept, how))


def python_faults(folder: Path) -> list[Example]:
    """Python's own: imports, files, and code of a project that raises."""
    found: list[Example] = []
    for module in (
        "snowflake.connector",
        "dbt.adapters.snowflake",
        "google.cloud.bigquery",
        "trino",
        "pyiceberg_of_nobody",
        "xgboost",
    ):
        _last_line(found, E.MISSING_DEPENDENCY, "python", f"import {module}", f"import {module}")
    for program in (
        "from sqlalchemy import no_such_name",
        "from dbt.contracts import Unparsed",
        "import jinja2; jinja2.Markup",
        "import importlib.metadata as m; m.version('dbt-snowflake')",
        "import pandas as pd; pd.DataFrame().to_excel('x.xlsx')",
        "import sqlalchemy; sqlalchemy.create_engine('snowflake://x')",
        "import numpy; numpy.float",
        "import pandas as pd; pd.DataFrame({'a': [1]}).append({'a': 2})",
        "import ctypes; ctypes.CDLL('libodbc_of_nobody.so')",
    ):
        _last_line(
            found,
            E.MISSING_DEPENDENCY,
            "python",
            program,
            program,
            (E.PYTHON_EXCEPTION, E.UNCLASSIFIED_ERROR),
        )
    frame = "import pandas as pd; d = pd.DataFrame({'customer_id': [1, 1], 'amount': ['12', 'x']}); "
    gone = (E.COLUMN_RENAMED, E.SQL_SEMANTIC)
    for program, label, accept in (
        (frame + "d['cust_id']", E.COLUMN_REMOVED, gone),
        (frame + "d[['customer_id', 'city']]", E.COLUMN_REMOVED, gone),
        (frame + "d.drop(columns=['city'])", E.COLUMN_REMOVED, gone),
        (frame + "d.merge(d, on='order_id')", E.COLUMN_REMOVED, gone),
        (frame + "d.amout", E.COLUMN_REMOVED, gone),
        (frame + "d.set_index('customer_id', verify_integrity=True)", E.DUPLICATE_KEY, ()),
        (frame + "d.merge(d, on='customer_id', validate='one_to_one')", E.DUPLICATE_KEY, ()),
        (frame + "d.amount.astype(int)", E.TYPE_COERCION_FAILURE, ()),
        (frame + "pd.to_datetime(d.amount)", E.TYPE_COERCION_FAILURE, ()),
        (frame + "pd.to_numeric(d.amount)", E.TYPE_COERCION_FAILURE, ()),
        ("int('twelve')", E.TYPE_COERCION_FAILURE, ()),
        ("float('1,5')", E.TYPE_COERCION_FAILURE, ()),
        ("import datetime as d; d.date.fromisoformat('2024-13-01')", E.TYPE_COERCION_FAILURE, ()),
        ("import datetime as d; d.datetime.strptime('1.2.2024', '%Y-%m-%d')", E.TYPE_COERCION_FAILURE, ()),
        ("import decimal; decimal.Decimal('x')", E.TYPE_COERCION_FAILURE, ()),
        ("import json; json.loads('{\"a\": 1')", E.TYPE_COERCION_FAILURE, (E.CORRUPT_DATA,)),
        ("b'caf\\xe9'.decode()", E.TYPE_COERCION_FAILURE, (E.CORRUPT_DATA,)),
        (
            "import pyarrow as pa; pa.array(['x']).cast(pa.int64())",
            E.TYPE_COERCION_FAILURE,
            (E.TYPE_CHANGED,),
        ),
        ("import pyarrow as pa; pa.array([1, 'x'])", E.TYPE_COERCION_FAILURE, (E.TYPE_CHANGED,)),
        (
            "import pyarrow as pa; pa.table({'a': [1]}).cast(pa.schema([('b', pa.int64())]))",
            E.COLUMN_REMOVED,
            (E.TYPE_CHANGED, *gone),
        ),
        (
            "import pyarrow as pa; pa.concat_tables([pa.table({'a': [1]}), pa.table({'a': ['x']})])",
            E.TYPE_CHANGED,
            (E.COLUMN_ADDED,),
        ),
        (
            "import io, pandas as pd; pd.read_csv(io.StringIO('a,b\\n1,2\\n1,2,3\\n'))",
            E.COLUMN_ADDED,
            (E.TYPE_COERCION_FAILURE,),
        ),
        (
            "import io, pandas as pd; pd.read_csv(io.StringIO(''))",
            E.VOLUME,
            (E.UNCLASSIFIED_ERROR, E.COLUMN_REMOVED),
        ),
        ("import gzip, io; gzip.open(io.BytesIO(b'x' * 50)).read()", E.CORRUPT_DATA, ()),
        (
            "import gzip, io; gzip.open(io.BytesIO(gzip.compress(b'x' * 5000)[:20])).read()",
            E.CORRUPT_DATA,
            (E.CONNECTION_RESET,),
        ),
        ("import zipfile, io; zipfile.ZipFile(io.BytesIO(b'x' * 50))", E.CORRUPT_DATA, ()),
        ("import pyarrow.parquet as p, io; p.read_table(io.BytesIO(b'x' * 500))", E.CORRUPT_DATA, ()),
        ("import zlib; zlib.decompress(b'xxxx')", E.CORRUPT_DATA, ()),
        ("bytearray(10**15)", E.RESOURCE_EXHAUSTION, ()),
        ("import numpy; numpy.ones(10**13)", E.RESOURCE_EXHAUSTION, ()),
        (
            "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (10, 10)); f = "
            "[open('/dev/null') for _ in range(50)]",
            E.RESOURCE_EXHAUSTION,
            (),
        ),
        ("open('/dev/full', 'w').write('x' * 100000)", E.RESOURCE_EXHAUSTION, ()),
        (
            "import os; os.environ['WAREHOUSE_PASSWORD']",
            E.MISSING_SETTING,
            (E.COLUMN_REMOVED, E.PYTHON_EXCEPTION),
        ),
        ("open('/nonexistent/profiles.yml')", E.MISSING_SETTING, (E.ENDPOINT_CHANGED, E.TABLE_RENAMED)),
        ("open('/proc/version', 'w')", E.PERMISSION_DENIED, ()),
        ("None.upper()", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
        ("[][3]", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
        ("1 / 0", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION, E.CONSTRAINT_VIOLATION)),
        ("len(3)", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
        ("'a' + 1", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION, E.TYPE_CHANGED)),
        ("assert False", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
        (
            "(lambda f: f(f))(lambda f: f(f))",
            E.UNCLASSIFIED_ERROR,
            (E.PYTHON_EXCEPTION, E.RESOURCE_EXHAUSTION),
        ),
        ("f(x=1)", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
        ("(lambda a: a)(b=1)", E.UNCLASSIFIED_ERROR, (E.PYTHON_EXCEPTION,)),
    ):
        _last_line(found, label, "python", program.removeprefix(frame), program, accept)
    return found
