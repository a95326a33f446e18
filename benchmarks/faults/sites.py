"""Where the projects run, by name."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.bakery import Bakery
from benchmarks.faults.bench import Site
from benchmarks.faults.landing import Calendar
from benchmarks.faults.shop import Shop
from tests.kit import PostgresServer, ServerMissing


@contextmanager
def site_of(name: str, calendar: Calendar) -> Iterator[Site]:
    """The site of that name, with its server while the block lasts.

    Raises:
        ServerMissing: the engine is not installed here.
    """
    if name == "duckdb":
        yield Shop(calendar)
    elif name == "bakery":
        yield Bakery(calendar)
    elif name == "postgres":
        from benchmarks.faults.proxy import Proxy
        from benchmarks.faults.small_shop import SmallShop

        with PostgresServer() as server, Proxy(server.port) as proxy:
            yield SmallShop(calendar, server, proxy)
    elif name == "spark":
        if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
            raise ServerMissing("Spark needs Java and pyspark, which are not installed")
        from benchmarks.faults.spark_shop import SparkShop

        yield SparkShop(calendar)
    else:
        raise SystemExit(f"there are no faults on {name}")
