"""Faults that need a server: PostgreSQL, behind a proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.faults.fault import UPSTREAM, Edit, Fault, Quarantine, Trouble
from benchmarks.faults.proxy import Mode
from benchmarks.faults.slot import Slot
from benchmarks.faults.small_shop import ROLE
from benchmarks.faults.troubles import later


def _postgres(name: str, label: str, title: str, expects: str, **more: object) -> Fault:
    return Fault(f"postgres_{name}", label, title, expects, engine="postgres", **more)  # type: ignore[arg-type]


def _down(seconds: float | None = None) -> Trouble:
    """The server is down, for so many seconds; None: until the stage ends."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        site.server.stop()
        with later(seconds, lambda: site.server.start(same_port=True)):
            yield

    return trouble


def _network(mode: Mode, seconds: float | None = None) -> Trouble:
    """The proxy lets nothing through, for so many seconds; None: until the stage ends."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        def heal() -> None:
            site.proxy.mode = "through"
            site.proxy.cut()

        site.proxy.mode = mode
        with later(seconds, heal):
            yield

    return trouble


def _cut_in_the_middle() -> Trouble:
    """An administrator ends the sessions of dbt once they have begun to build."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        over = threading.Event()

        def end_sessions() -> None:
            while not over.wait(0.02):
                with suppress(IndexError):
                    found = site.ask(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                        f" where usename = '{ROLE}' and query like '%create%fct_orders%'"
                    )
                    if found and found[0][0]:
                        return

        thread = threading.Thread(target=end_sessions)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    return trouble


def _table_locked(table: str, seconds: float | None = None) -> Trouble:
    """Another session holds a table exclusively."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        import psycopg2

        holder = psycopg2.connect(site.server.url("shop"))
        with holder.cursor() as cursor:
            cursor.execute(f"lock table {table} in access exclusive mode")
        with later(seconds, holder.close):
            yield

    return trouble


def _role(setting: str, normal: str, seconds: float | None = None) -> Trouble:
    """The role of dbt has a setting; until so many seconds have passed."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        site.execute(slot, [f"alter role {ROLE} {setting}"])
        with later(seconds, lambda: site.execute(slot, [f"alter role {ROLE} {normal}"])):
            yield

    return trouble


_EXPIRED = f"alter role {ROLE} valid until '2020-01-01'"
_STG_CUSTOMERS = "models/staging/stg_shop__customers.sql"
_CUSTOMERS = "    select * from {{ source('shop', 'customers') }}\n"

FAULTS = (
    _postgres(
        "down_for_seconds", "TRANSIENT/TEMPORARY_UNAVAILABLE", "the server is restarted", "mend",
        run=_down(), heal=_down(5),
        accept=("TRANSIENT/CONNECTION_RESET", "CONFIGURATION/ENDPOINT_CHANGED"),
    ),
    _postgres(
        "down_for_long", "TRANSIENT/TEMPORARY_UNAVAILABLE", "the server is down and stays down", "person",
        run=_down(), heal=_down(), accept=("TRANSIENT/CONNECTION_RESET", "CONFIGURATION/ENDPOINT_CHANGED"),
    ),
    _postgres(
        "no_answer_for_seconds", "TRANSIENT/NETWORK_TIMEOUT", "connections are taken and nothing comes back",
        "mend",
        run=_network("silent"), heal=_network("silent", 4),
    ),
    _postgres(
        "no_answer_for_long", "TRANSIENT/NETWORK_TIMEOUT", "nothing comes back, however long one waits",
        "person",
        run=_network("silent"), heal=_network("silent"),
    ),
    _postgres(
        "connections_cut", "TRANSIENT/CONNECTION_RESET", "connections are cut off at once, for seconds",
        "mend",
        run=_network("reset"), heal=_network("reset", 4), accept=("TRANSIENT/TEMPORARY_UNAVAILABLE",),
    ),
    _postgres(
        "sessions_ended", "TRANSIENT/CONNECTION_RESET", "an administrator ended dbt's sessions half way",
        "mend",
        run=_cut_in_the_middle(), accept=("TRANSIENT/TEMPORARY_UNAVAILABLE",),
    ),
    _postgres(
        "table_locked_for_seconds", "TRANSIENT/CONCURRENCY_CONFLICT", "a load holds the orders, and ends",
        "mend",
        land=(f"alter role {ROLE} set lock_timeout = '500ms'",),
        run=_table_locked("raw_shop.orders"), heal=_table_locked("raw_shop.orders", 5),
    ),
    _postgres(
        "too_many_connections", "TRANSIENT/RATE_LIMIT_EXCEEDED",
        "the role has no connection left, for seconds", "mend",
        run=_role("connection limit 0", "connection limit -1"),
        heal=_role("connection limit 0", "connection limit -1", 4),
        accept=("TRANSIENT/RESOURCE_EXHAUSTION", "CONFIGURATION/QUOTA_EXCEEDED"),
    ),
    _postgres(
        "password_expired", "CONFIGURATION/CREDENTIAL_EXPIRED", "the password is no longer valid", "person",
        land=(_EXPIRED,),
    ),
    _postgres(
        "right_taken_away", "CONFIGURATION/PERMISSION_DENIED", "dbt may no longer read the payments",
        "person",
        land=(f"revoke select on raw_pay.payments from {ROLE}",),
    ),
    _postgres(
        "read_only", "CONFIGURATION/PERMISSION_DENIED", "the server is a copy that may only be read",
        "person",
        land=(f"alter role {ROLE} set default_transaction_read_only = on",),
        accept=("CONFIGURATION/ENDPOINT_CHANGED",),
    ),
    _postgres(
        "statement_timeout", "CONFIGURATION/QUOTA_EXCEEDED",
        "no statement may take longer than a millisecond", "person",
        land=(f"alter role {ROLE} set statement_timeout = '1ms'",),
        accept=("TRANSIENT/NETWORK_TIMEOUT", "TRANSIENT/RESOURCE_EXHAUSTION"),
    ),
    _postgres(
        "column_renamed", "SCHEMA_DRIFT/COLUMN_RENAMED", "customers.email is called email_address", "mend",
        land=("alter table raw_shop.customers rename column email to email_address",), touches=UPSTREAM,
        accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
        mend=(Edit(_STG_CUSTOMERS, "lower(email)", "lower(email_address)"),),
    ),
    _postgres(
        "table_renamed", "SCHEMA_DRIFT/TABLE_RENAMED", "raw_shop.orders is called sales_orders", "mend",
        land=("alter table raw_shop.orders rename to sales_orders",), touches=UPSTREAM,
        mend=(
            Edit(
                "models/sources.yml", "      - name: orders\n",
                "      - name: orders\n        identifier: sales_orders\n",
            ),
        ),
    ),
    _postgres(
        "few_null_emails", "DATA_QUALITY/NULL_VIOLATION", "three new customers have no email", "mend",
        land=(
            "insert into raw_shop.customers select 9000 + i, 'New', 'Customer', null, 'DE', false,"
            " timestamp '{now}', timestamp '{now}', timestamp '{now}' from generate_series(0, 2) as i",
        ),
        touches=UPSTREAM, quarantine=Quarantine(("9000", "9001", "9002"), 3),
        mend=(
            Edit(_STG_CUSTOMERS, _CUSTOMERS, _CUSTOMERS + "    where email is not null\n"),
            Edit(
                "models/staging/stg_shop__customers__quarantine.sql", None,
                "{{ config(materialized='table') }}\n\nselect *, 'no email' as reason\n"
                "from {{ source('shop', 'customers') }}\nwhere email is null\n",
            ),
        ),
    ),
    _postgres(
        "source_emptied", "DATA_QUALITY/VOLUME", "the payments are empty, and all tests pass", "person",
        green=True,
        land=("delete from raw_pay.payments",), accept=("DATA_QUALITY/STALE",),
    ),
)  # fmt: skip
