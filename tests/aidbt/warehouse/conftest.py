"""Real warehouses other than DuckDB, and the targets of a profile that lead to them."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.held import give_back
from aidbt.warehouse import open_warehouse
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

Target = dict[str, Any]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests share."""
    if importlib.util.find_spec("dbt.adapters.postgres") is None:
        pytest.skip("dbt-postgres is not installed")
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_target(postgres: PostgresServer) -> Callable[..., Target]:
    """Makes the target of a profile for a database of the server."""

    def make(dbname: str, **changed: Any) -> Target:
        target = {"type": "postgres", "host": "127.0.0.1", "port": postgres.port, "user": USER}
        return target | {"password": PASSWORD, "dbname": dbname, "schema": "analytics", **changed}

    return make


@pytest.fixture(scope="module")
def spark_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The target of a Spark of this process, with a metastore that no other module has seen."""
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None:
        pytest.skip("dbt-spark[session] is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    give_back()
    yield spark_session_target(tmp_path_factory.mktemp("spark"))
    give_back()


# A Spark that lives for seconds earns nothing from the second compiler: without it the JVM needs half the
# processor time, measured over a start and thirty aggregates.
_JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def spark_session_target(folder: Path) -> Target:
    metastore = f"jdbc:derby:;databaseName={folder}/metastore;create=true"
    return {
        "type": "spark",
        "method": "session",
        "host": "NA",
        "schema": "analytics",
        "server_side_parameters": {
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
            "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={folder}/derby.log {_JAVA_OPTIONS}",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.master": "local[2]",
            "spark.sql.shuffle.partitions": "1",
        },
    }


def open_target(target: Target, *, tag: str = "") -> Any:
    return open_warehouse(target["type"], schema=target["schema"], settings=target, tag=tag)
