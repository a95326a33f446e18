"""Claim: `aidbt generate` of 1,000 tables × 50 columns with known profiles takes at most 60 s CPU and 1 GB; an
unchanged second run at most 10 s. Beside dbt-osmosis, which writes the YAML of the same sources.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import yaml

from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments

TABLES = {"quick": 100, "full": 1_000}
COLUMNS = 50
ROWS = 300
SOURCES = ("crm", "erp", "shop", "support", "billing")
PEER = "dbt-osmosis"
# DuckDB as here, so that both read the same file; the others are what the claim names.
REQUIREMENTS = (
    "dbt-osmosis==1.5.*",
    "dbt-core==1.11.*",
    "dbt-duckdb==1.11.*",
    f"duckdb=={duckdb.__version__}",
)
PEER_LIMIT_S = 20 * 60
PEER_TABLES = (1_000, 500, 250, 100)

_AREAS = ("eu", "us", "web", "retail", "partner", "legacy", "b2b", "mobile")
_NOUNS = (
    "accounts addresses agents assets branches campaigns carts contracts customers deliveries devices"
    " employees invoices items leads orders payments prices products refunds returns shipments suppliers"
    " tickets warehouses"
).split()

# What a table holds besides its key, its code and its references; `i` counts the rows from 1, `h` is a hash
# of it that differs by table.
_PLAIN_COLUMNS = {
    "customerName": "'Customer ' || h % 997",
    "first_name": "'First ' || h % 89",
    "last_name": "'Last ' || h % 331",
    "email": "'p' || h % 9973 || '@example.com'",
    "phone": "'+49 30 ' || 100000 + h % 900000",
    "description": "'made for row ' || h",
    "notes": "case when h % 10 > 6 then 'note ' || md5(h::varchar) end",
    "street": "h % 200 || ' Main Street'",
    "city": "['Berlin', 'Paris', 'Rome', 'Oslo', 'Wien', 'Praha', 'Porto', 'Genf'][1 + (h % 8)::int] || ' ' || h % 3",
    "zip_code": "lpad((h % 99999)::varchar, 5, '0')",
    "website": "'https://example.com/' || h",
    "token": "md5(h::varchar)",
    "external_uuid": "md5(h::varchar || 'x')::uuid",
    "status": "['new', 'paid', 'sent', 'done'][1 + (h % 4)::int]",
    "currency": "['EUR', 'USD', 'GBP'][1 + (h % 3)::int]",
    "country": "['DE', 'FR', 'US', 'NO', 'IT', 'NL'][1 + (h % 6)::int]",
    "channel": "['web', 'shop', 'phone'][1 + (h % 3)::int]",
    "priority": "['low', 'mid', 'high'][1 + (h % 3)::int]",
    "quantity": "(h % 1000)::integer",
    "lineCount": "(h % 20)::smallint",
    "version": "(h % 5)::tinyint",
    "accountNumber": "(h % 1000000000)::bigint",
    "unit_price": "((h % 1000000) / 100)::decimal(12, 2)",
    "total_amount": "((h % 100000000) / 100)::decimal(18, 2)",
    "discount_rate": "((h % 10000) / 10000)::decimal(5, 4)",
    "latitude": "(h % 180000) / 1000.0::double - 90",
    "longitude": "(h % 360000) / 1000.0::double - 180",
    "weight_kg": "case when h % 7 > 0 then (h % 50000) / 1000.0::double end",
    "is_active": "h % 2 = 0",
    "hasDiscount": "h % 5 = 0",
    "deleted_flag": "h % 50 = 0",
    "createdDate": "timestamp '2024-01-01' + to_seconds((h % 31536000)::int)",
    "updated_at": "timestamp '2025-01-01' + to_seconds((h % 31536000)::int)",
    "shippedOn": "case when h % 3 > 0 then timestamp '2025-03-01' + to_seconds((h % 8640000)::int) end",
    "_fivetran_synced": "timestamptz '2025-06-01 00:00:00+00' + to_seconds((h % 600)::int)",
    "birth_date": "date '1950-01-01' + (h % 20000)::int",
    "due_dt": "date '2025-01-01' + (h % 365)::int",
    "amount_text": "((h % 100000) / 100)::decimal(9, 2)::varchar",
    "count_text": "(h % 5000)::varchar",
    "valid_from": "(date '2023-01-01' + (h % 700)::int)::varchar",
    "processedTime": "(timestamp '2024-01-01' + to_seconds((h % 31536000)::int))::varchar",
    "opt_in": "case when h % 2 = 0 then 'true' else 'false' end",
    "payload": "'{\"row\": ' || h || '}'",
}


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    tables = TABLES["quick" if arguments.quick else "full"]
    peer_python = peer_venv(PEER, REQUIREMENTS)
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name:
        folder = Path(name)
        ours = _ours(folder / "shop", tables)
        peer = _peer(peer_python, folder, folder / "shop" / "warehouse.duckdb", tables)
    report("generate", ours=ours, peers={PEER: peer}, ratios=_ratios(ours, peer), output=arguments.output)


def _ours(project: Path, tables: int) -> dict[str, Any]:
    """Every step on a fresh project; stops where a step does not do what its figure says."""
    _aidbt(["init", project])
    make_warehouse(project / "warehouse.duckdb", tables)
    profile = _aidbt(["profile", "--output", "json"], project)
    cold = _aidbt(["generate", "--output", "json"], project)
    done = json.loads(cold.stdout)
    if len(done["tables"]) != tables or done["proposals"]:
        raise SystemExit(f"generate found {len(done['tables'])} tables of {tables}")
    before = _texts(project)
    again = _aidbt(["generate", "--output", "json"], project)
    second = json.loads(again.stdout)
    if second["written"] or second["updated"] or second["proposals"] or _texts(project) != before:
        raise SystemExit("the unchanged second run wrote something")
    check = _aidbt(["generate", "--check"], project)
    parse = measure([sys.executable, "-m", "dbt.cli.main", "parse", "--profiles-dir", project], cwd=project)
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    return {
        "tables": tables,
        "columns each": COLUMNS,
        "rows each": ROWS,
        **_figures("generate", cold),
        **_figures("unchanged", again),
        **_figures("check", check),
        **_figures("profile (before, not part of the claim)", profile),
        "wrote": f"{len(done['written'])} files: {_kinds(done['written'])}",
        "columns decided": done["columns_decided"],
        "tests decided": done["tests"],
        "tests proposed to a person": len(done["waiting_tests"]),
        "lines written": sum(text.count(b"\n") for text in before.values()),
        "dbt parse cpu_s": round(parse.cpu_s, 1),
        "dbt parse accepted": _parsed(manifest),
    }


def make_warehouse(path: Path, tables: int) -> None:
    """A DuckDB file with that many raw tables of 50 columns, a fifth of them in each of five schemas."""
    each = tables // len(SOURCES)
    names = [f"{area}_{noun}" for noun in _NOUNS for area in _AREAS][:each]
    with duckdb.connect(str(path)) as connection:
        for source in SOURCES:
            connection.execute(f"create schema raw_{source}")
            for number, table in enumerate(names):
                connection.execute(_table_sql(source, table, number, names))


def _table_sql(source: str, table: str, number: int, names: list[str]) -> str:
    """One raw table: its key (called `id` in every second), a code, references, and what else it holds."""
    key = "id" if number % 2 else f"{_entity(table)}_id"
    parents = [names[(number + step) % len(names)] for step in (1, 7, 13)]
    referred = [f"{_entity(parent)}_id" for parent in parents]
    # In every 25th table the first reference misses a few rows, as raw data does.
    over = 15 if number % 25 == 0 else 0
    columns = {
        key: "i::integer",
        "ref_code": "'R' || lpad(i::varchar, 6, '0')",
        referred[0]: f"(1 + h % {ROWS + over})::integer",
        referred[1]: f"(1 + hash(h) % {ROWS})::integer",
        referred[2]: f"case when h % 4 > 0 then (1 + h % {ROWS})::integer end",
        f"original_{referred[0]}": f"(1 + hash(h + 1) % {ROWS})::integer",
        "legacy_ref": "'L-' || h % 100000",
        **_PLAIN_COLUMNS,
    }
    if len(columns) != COLUMNS:
        raise ValueError(f"{table} would have {len(columns)} columns")
    listed = ", ".join(f'{value} as "{name}"' for name, value in columns.items())
    rows = f"select i, hash(i * 1000 + {number}) % 1000000007 as h from range(1, {ROWS + 1}) r(i)"
    return f"create table raw_{source}.{table} as select {listed} from ({rows})"


def _entity(table: str) -> str:
    if table.endswith("ies"):
        return f"{table[:-3]}y"
    return table[:-2] if table.endswith(("sses", "ches")) else table.removesuffix("s")


def _aidbt(arguments: list[str | Path], project: Path | None = None) -> Measured:
    return measure([sys.executable, "-m", "aidbt", *arguments], cwd=project)


if __name__ == "__main__":
    main()
