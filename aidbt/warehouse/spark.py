"""What is Spark's own: its Java process in this one (dbt's session method), and how it lists its tables."""

from __future__ import annotations

import contextlib
import logging
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.held import hold
from aidbt.core.schema import Column, Relation
from aidbt.warehouse.base import Connection

_TIME_ZONE = "set spark.sql.session.timeZone"
_SYSTEM_SCHEMAS = {"information_schema", "global_temp", "sys", "system"}
_END_S = 30.0
_STATISTICS = re.compile(r"(?P<bytes>\d+) bytes(, (?P<rows>\d+) rows)?")


def start(settings: Mapping[str, Any]) -> None:
    """Start Spark's Java process, if none runs in this one, with its log kept from the terminal.

    It stays until this process ends, for dbt's own use of the session in this process finds it there; or
    until dbt is run as another program, which could not open the same metastore.

    Raises:
        WarehouseError: Java cannot be started.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the versions of packages that we do not use through Spark
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkRuntimeError
        from pyspark.java_gateway import launch_gateway

    if SparkContext._gateway is not None:
        return
    conf = SparkConf(loadDefaults=False)
    for name, value in dict(settings.get("server_side_parameters") or {}).items():
        conf.set(str(name), str(value))
    with tempfile.TemporaryFile("w+") as log:
        try:
            to_log = {"stdout": log, "stderr": log}
            gateway = launch_gateway(conf, popen_kwargs=to_log)  # type: ignore[no-untyped-call]
        except (PySparkRuntimeError, OSError) as error:
            log.seek(0)
            said = [line.strip() for line in log.read().splitlines() if line.strip()]
            raise WarehouseError(
                f"Spark's Java process does not start: {said[-1] if said else error}",
                hint="Spark needs Java 17 or newer: install it, or point JAVA_HOME to it",
            ) from error
        SparkContext._ensure_initialized(gateway=gateway)
        hold(_stop)


def _stop() -> None:
    """End the Java process that `start` started; the next use of the session starts another."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway = SparkContext._gateway
    if gateway is None:
        return
    with contextlib.suppress(*errors(), OSError):  # it is gone already
        session = SparkSession._instantiatedSession
        if session is not None:
            session.stop()
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    process = gateway.proc
    process.stdin.close()  # upon which it ends by itself, and lets go of the metastore
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def borrowed(run: Callable[[str], list[tuple[Any, ...]]]) -> Iterator[None]:
    """Inside, the session's time zone is UTC, and what Spark would write to the terminal (refused statements,
    which are raised, and its worries about packages we do not use through it) is left out; afterwards all is
    as before, for dbt or a notebook may use the same session.
    """
    logger = logging.getLogger("SQLQueryContextLogger")
    with contextlib.ExitStack() as put_back:
        put_back.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module="pyspark")
        put_back.callback(setattr, logger, "disabled", logger.disabled)
        logger.disabled = True
        zone = str(run(_TIME_ZONE)[0][1])
        put_back.callback(run, f"{_TIME_ZONE} = {zone}")
        run(f"{_TIME_ZONE} = UTC")
        yield


def cancel_jobs() -> None:
    """Stop what Spark computes for this process; does nothing where it runs elsewhere."""
    context = _context()
    if context is not None:
        context.cancelAllJobs()


def _context() -> Any:
    """Spark's context in this process; None where Spark runs elsewhere."""
    module = sys.modules.get("pyspark")
    return module.SparkContext._active_spark_context if module is not None else None


def errors() -> tuple[type[Exception], ...]:
    """What Spark raises that dbt-spark does not wrap; nothing where Spark is not in this process."""
    if "pyspark" not in sys.modules:
        return ()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError)


def list_relations(connection: Connection) -> list[Relation]:
    """Every table and view, ordered by schema and name; those that cannot be described have no columns.

    Spark has no catalog to query: this is one statement a schema and one a table. Rows are known of tables
    that were analysed since they last changed. Bytes, and whether anything changed, are those of a table's
    files; where Spark runs elsewhere only analysed tables have bytes, and nothing tells of changes.
    """
    found = []
    for schema, *_ in connection.rows("show schemas"):
        if schema.lower() not in _SYSTEM_SCHEMAS:
            for row in connection.rows(_about("show tables in", exp.to_identifier(schema, quoted=True))):
                name, is_temporary = row[1], row[2]
                if not is_temporary:
                    found.append(_described(connection, Relation(schema, name)))
    return sorted(found, key=lambda relation: (relation.schema, relation.name))


def _described(connection: Connection, relation: Relation) -> Relation:
    table = exp.table_(relation.name, db=relation.schema, quoted=True)
    try:
        rows = connection.rows(_about("describe table extended", table))
    except WarehouseError:  # one broken view is no reason to hide everything else
        return relation
    described = relation_of(relation, rows)
    location = next((value for name, value, *_ in reversed(rows) if name == "Location"), "")
    files = _files(location) if location and described.kind != "view" else None
    return replace(described, size_bytes=files[0], version=files[1]) if files else described


def _files(location: str) -> tuple[int, str] | None:
    """The bytes of all files in a table's folder, and a text that changes with them."""
    context = _context()
    if context is None:
        return None
    from py4j.protocol import Py4JError

    try:
        folder = context._jvm.org.apache.hadoop.fs.Path(location)
        system = folder.getFileSystem(context._jsc.hadoopConfiguration())
        summary = system.getContentSummary(folder)
        changed_at = system.getFileStatus(folder).getModificationTime()
    except Py4JError:  # it is gone, or not for this user to look into
        return None
    size_bytes = int(summary.getLength())
    return size_bytes, f"{changed_at}:{summary.getFileCount()}:{size_bytes}"


def _about(words: str, name: exp.Expr) -> str:
    return f"{words} {name.sql('spark')}"


def relation_of(relation: Relation, description: list[tuple[Any, ...]]) -> Relation:
    """The relation with what `describe table extended` says of it.

    Args:
        description: rows (name, type or value, comment): the columns, then sections that start with "#".
    """
    columns: list[Column] = []
    partitions: list[str] = []
    facts: dict[str, str] = {}
    section = "columns"
    for name, value, comment, *_ in description:
        if name.startswith("# "):
            section = section if name == "# col_name" else name
        elif not name:
            section = ""
        elif section == "columns":
            columns.append(Column(name, value, description=comment or ""))
        elif section == "# Partition Information":
            partitions.append(name)
        else:
            facts.setdefault(name, value or "")
    statistics = _STATISTICS.match(facts.get("Statistics", ""))
    kind = facts.get("Type", "").upper()
    return replace(
        relation,
        columns=tuple(columns),
        kind="view" if "VIEW" in kind else "external" if kind == "EXTERNAL" else "table",
        description=facts.get("Comment", ""),
        row_count=int(statistics["rows"]) if statistics and statistics["rows"] else None,
        size_bytes=int(statistics["bytes"]) if statistics else None,
        partitioned_by=partitions[0] if partitions else "",
    )
