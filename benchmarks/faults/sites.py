"""Where the project runs, by engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.bench import Site
from benchmarks.faults.landing import Calendar
from benchmarks.faults.shop import Shop


@contextmanager
def site_of(engine: str, calendar: Calendar) -> Iterator[Site]:
    """The site of an engine, with its server while the block lasts."""
    if engine == "duckdb":
        yield Shop(calendar)
    elif engine == "postgres":
        from benchmarks.faults.proxy import Proxy
        from benchmarks.faults.small_shop import SmallShop
        from tests.kit import PostgresServer

        with PostgresServer() as server, Proxy(server.port) as proxy:
            yield SmallShop(calendar, server, proxy)
    else:
        raise SystemExit(f"there are no faults on {engine}")
