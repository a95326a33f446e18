"""Claim: unit tests that `aidbt generate --unit-tests` drafts notice at least 90 % of the faults put into
typical models, half of them of sorts that the drafter does not know. Beside the tests that dbt-osmosis
suggests without a language model, and a unit test of one row in each input.

Faults that change nothing (a tie-breaker that never breaks a tie) count as missed, so no score is 100 %.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml
from sqlglot import exp

from aidbt.sql.mutants import mutants
from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments
from benchmarks.generate import REQUIREMENTS
from benchmarks.unit_test_judge.held_out import HELD_OUT
from benchmarks.unit_test_judge.judge import Judged, Runner, judge, parsed, table_like

MODELS = Path(__file__).parent / "unit_test_models"
QUICK = {"stg_customers", "stg_orders", "int_order_payments", "int_first_orders", "fct_daily_revenue"}
DBT = Path(sys.executable).parent / "dbt"
_PROJECT = {
    "name": "judged",
    "version": "1.0",
    "profile": "judged",
    "flags": {"send_anonymous_usage_stats": False},
    "models": {"+materialized": "view"},
}
_ROWS = 300


def main() -> None:
    args = standard_arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="aidbt-unit-tests-") as name:
        root = Path(name)
        _make_project(root, QUICK if args.quick else None)
        _dbt(root, "run", "--full-refresh")
        columns, places = _relations(root)
        compiled = {False: _compiled(root, "--full-refresh"), True: _compiled(root)}
        drafting = _draft(root)
        ours = _judged(_unit_tests(root), compiled, columns, places)
        happy, happy_s = _one_row_each(compiled[False], columns, places)
        peers = {
            "one row in each input": {**_figures(happy), "cpu_s": round(happy_s, 1)},
            **_osmosis(root, compiled[False], args.quick),
        }
    figures = {**_figures(ours), "cpu_s": round(drafting.cpu_s, 1), **_sizes(ours)}
    figures |= {"models": len(compiled[False]), "tests that dbt would not pass": len(ours.wrong)}
    if args.output == "text":
        for line in ours.missed:
            print(f"  missed: {line}")
    ratios = {
        f"noticed, to {name}": f"{_share(ours) / share:.1f} x" if (share := peer.get("share", 0)) else "-"
        for name, peer in peers.items()
    }
    report("unit_tests", ours=figures, peers=peers, ratios=ratios, output=args.output)


def _share(judged: Judged) -> float:
    return judged.noticed.total() / max(judged.known.total(), 1)


def _figures(judged: Judged) -> dict[str, Any]:
    shown = {
        f"{sort} faults noticed": f"{judged.noticed[sort]} of {judged.known[sort]} ({judged.score(sort):.1%})"
        for sort in ("known", "held out")
    }
    return {"share": round(_share(judged), 3), **shown}


def _sizes(judged: Judged) -> dict[str, Any]:
    return dict(judged.sizes)


# --- the project ---


def _make_project(root: Path, only: set[str] | None) -> None:
    (root / "dbt_project.yml").write_text(json.dumps(_PROJECT))
    outputs = {"dev": {"type": "duckdb", "path": str(root / "judged.duckdb"), "threads": 1}}
    (root / "profiles.yml").write_text(json.dumps({"judged": {"target": "dev", "outputs": outputs}}))
    shutil.copytree(MODELS, root / "models")
    for path in (root / "models").rglob("*.sql"):
        if only is not None and path.stem not in _needed(only):
            path.unlink()
    with duckdb.connect(root / "judged.duckdb") as database:
        database.execute("CREATE SCHEMA raw")
        for table, columns in _raw_tables():
            database.execute(table_like(f"raw.{table}", columns))
            line = exp.Tuple(expressions=[exp.Placeholder() for _ in columns])
            insert = exp.insert(exp.Values(expressions=[line]), exp.to_table(f"raw.{table}"))
            database.executemany(insert.sql("duckdb"), list(_raw_rows(table, columns)))


def _needed(only: set[str]) -> set[str]:
    """The models, and those that they read."""
    texts = {path.stem: path.read_text() for path in MODELS.rglob("*.sql")}
    found, waiting = set(), list(only)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"ref\('(\w+)'\)", texts[name])
    return found


def _raw_tables() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for source in yaml.safe_load((MODELS / "sources.yml").read_text())["sources"]:
        for table in source["tables"]:
            yield table["name"], [(c["name"], c["data_type"]) for c in table["columns"]]


_TEXTS = {
    "status": ("done", "completed", "returned", "new", None), "channel": ("web", "", "app", None),
    "method": ("card", "voucher", "transfer", None), "state": ("settled", "failed"), "sku": ("SK-1", "XK-2"),
    "kind": ("view", "cart", "purchase", "ping"), "plan": ("free", "pro"), "country": ("DE", "FR", None),
    "category": ("toys", "books", None),
}  # fmt: skip


def _raw_rows(table: str, columns: Sequence[tuple[str, str]]) -> Iterator[list[Any]]:
    """Rows as a shop might have them, for what judges data and not queries."""
    draw = random.Random(table)
    for number in range(_ROWS):
        yield [_raw_cell(draw, number, name, kind) for name, kind in columns]


def _raw_cell(draw: random.Random, number: int, name: str, kind: str) -> Any:
    day = datetime(2023, 6, 1) + timedelta(minutes=draw.randrange(60 * 24 * 500))
    if name in ("id", "event_id"):
        return number + 1 if kind == "integer" else f"e{draw.randrange(_ROWS * 3 // 4)}"
    if name in _TEXTS:
        return draw.choice(_TEXTS[name])
    if kind == "varchar":
        return f"{name} {draw.randrange(_ROWS)}"
    if kind == "boolean":
        return draw.random() < 0.1
    if kind in ("date", "timestamp"):
        return day.date() if kind == "date" else day
    return draw.randrange(1, _ROWS) if kind == "integer" else round(draw.uniform(1, 200), 2)


def _dbt(root: Path, *words: str) -> None:
    env = {**os.environ, "DBT_PROFILES_DIR": str(root), "DBT_PROJECT_DIR": str(root)}
    done = subprocess.run([DBT, *words], cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"dbt {words[0]} failed: {done.stdout[-2000:]}")


def _compiled(root: Path, *options: str) -> dict[str, str]:
    """Model → its SQL, compiled as for a first run or for a later one."""
    _dbt(root, "compile", *options)
    nodes = json.loads((root / "target" / "manifest.json").read_text())["nodes"].values()
    return {n["name"]: n["compiled_code"] for n in nodes if n["resource_type"] == "model"}


def _relations(root: Path) -> tuple[dict[str, list[tuple[str, str]]], dict[str, str]]:
    """(relation → its columns, what dbt calls it → relation)."""
    manifest = json.loads((root / "target" / "manifest.json").read_text())
    places = {n["name"]: f"{n['schema']}.{n['alias']}" for n in manifest["nodes"].values() if n.get("alias")}
    sources = manifest["sources"].values()
    places |= {f"{s['source_name']}.{s['name']}": f"{s['schema']}.{s['identifier']}" for s in sources}
    columns: dict[str, list[tuple[str, str]]] = {}
    with duckdb.connect(root / "judged.duckdb", read_only=True) as database:
        found = database.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns"
            " order by table_schema, table_name, ordinal_position"
        ).fetchall()
    for schema, table, column, kind in found:
        columns.setdefault(f"{schema}.{table}", []).append((column, kind))
    return columns, places


# --- ours ---


def _draft(root: Path) -> Measured:
    command = [sys.executable, "-m", "aidbt", "generate", "--unit-tests", "--output", "json"]
    return measure([*command, "--project-dir", root, "--profiles-dir", root], cwd=root)


def _unit_tests(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((root / "models").rglob("*.yml")):
        found += yaml.safe_load(path.read_text()).get("unit_tests") or []
    return found


def _judged(
    tests: Sequence[Mapping[str, Any]],
    compiled: Mapping[bool, Mapping[str, str]],
    columns: Mapping[str, list[tuple[str, str]]],
    places: Mapping[str, str],
) -> Judged:
    judged = Judged()
    for model in compiled[False]:
        own = [test for test in tests if test["model"] == model]
        judged.sizes.update(tests=len(own), rows=sum(_size(g["rows"]) for t in own for g in t["given"]))
        for later in (False, True):
            if later and compiled[True][model] == compiled[False][model]:
                continue
            of_run = [test for test in own if _is_of_run(test, later)]
            with Runner(columns, places) as runner:
                judge(model, compiled[later][model], of_run, runner, judged)
    return judged


def _size(rows: Sequence[Any] | str) -> int:
    """How many rows are given, as a list or as a query."""
    return rows.lower().count("select ") if isinstance(rows, str) else len(rows)


def _is_of_run(test: Mapping[str, Any], later: bool) -> bool:
    macros = (test.get("overrides") or {}).get("macros") or {}
    return bool(macros.get("is_incremental", later)) == later


# --- the peers ---


def _one_row_each(
    compiled: Mapping[str, str], columns: Mapping[str, list[tuple[str, str]]], places: Mapping[str, str]
) -> tuple[Judged, float]:
    """What the usual template notices: a row in each input, on which the model gives one if that is found."""
    started = time.process_time()
    judged, spent = Judged(), 0.0
    named = {relation: name for name, relation in places.items()}
    for model, sql in compiled.items():
        tree = parsed(sql)
        read = sorted({f"{t.db}.{t.name}" for t in tree.find_all(exp.Table) if t.db})
        with Runner(columns, places) as runner:
            given, rows = _happy(tree.sql("duckdb"), [(name, named[name]) for name in read], runner, model)
            spent += time.process_time() - started
            judge(model, sql, [{"name": model, "given": given, "expect": {"rows": rows}}], runner, judged)
            started = time.process_time()
    return judged, spent


_TRIES = 400
_USUAL: dict[str, Sequence[Any]] = {
    "VARCHAR": ("completed", "settled", "SK-1", "view", "card", "a"), "BOOLEAN": (False,),
    "DATE": ("2024-01-15",), "TIMESTAMP": ("2024-01-15 10:00:00",),
}  # fmt: skip


def _happy(
    sql: str, read: Sequence[tuple[str, str]], runner: Runner, model: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    draw = random.Random(model)
    for _ in range(_TRIES):
        given = []
        for relation, name in read:
            row = {c: draw.choice(_USUAL.get(t, (1,))) for c, t in runner.columns[relation]}
            given.append({"input": _input(name), "rows": [row]})
        runner.give(given, model)
        found = runner.database.execute(sql)
        names = [str(column[0]) for column in found.description or ()]
        rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]
        if rows:
            break
    return given, rows


def _input(name: str) -> str:
    source, _, table = name.partition(".")
    return f"source('{source}', '{table}')" if table else f"ref('{source}')"


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | type(None)) else str(value)


def _osmosis(root: Path, compiled: Mapping[str, str], quick: bool) -> dict[str, dict[str, Any]]:
    """What the data tests that dbt-osmosis suggests notice, on the rows of the whole shop.

    It repeats the tests that it finds in a project on columns with like names, so the staging models have the
    usual ones, and every column stands in YAML.
    """
    if quick:
        return {}
    python = peer_venv("dbt-osmosis", REQUIREMENTS)
    columns, places = _relations(root)
    listed = [_described(model, columns[places[model]]) for model in compiled]
    (root / "models" / "described.yml").write_text(json.dumps({"models": listed}))
    for path in (root / "models").rglob("*.yml"):
        content = yaml.safe_load(path.read_text())
        content.pop("unit_tests", None)
        path.write_text(json.dumps(content))
    out = root / "suggested.json"
    program = python.with_name("dbt-osmosis")
    options: list[str | Path] = ["--output", out, "--project-dir", root, "--profiles-dir", root]
    done = measure([program, "test", "suggest", "--pattern-only", "--format", "json", *options], cwd=root)
    judged = Judged()
    suggested = json.loads(out.read_text())
    with duckdb.connect(root / "judged.duckdb", read_only=True) as database:
        for model, sql in compiled.items():
            wanted = [(c["name"], test) for item in listed if item["name"] == model for c in item["columns"]
                      for test in c.get("data_tests", ())]  # fmt: skip
            for column, tests in (suggested.get(model) or {}).get("suggested_tests", {}).items():
                wanted += [(column, test["test_type"]) for test in tests]
            _judge_data_tests(model, sql, dict.fromkeys(wanted), database, judged)
    return {"dbt-osmosis test suggest": {**_figures(judged), "cpu_s": round(done.cpu_s, 1)}}


def _described(model: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    is_staging = model.startswith("stg_")
    key = columns[0][0]
    return {
        "name": model,
        "columns": [
            {"name": name, "data_type": kind}
            | ({"data_tests": ["unique", "not_null"]} if is_staging and name == key else {})
            for name, kind in columns
        ],
    }


def _judge_data_tests(
    model: str,
    sql: str,
    tests: Mapping[tuple[str, str], None],
    database: duckdb.DuckDBPyConnection,
    judged: Judged,
) -> None:
    tree = parsed(sql)
    hold = [test for test in tests if _holds(tree, *test, database)]
    for sort, operators in (("known", ()), ("held out", HELD_OUT)):
        for mutant in mutants(tree, operators):
            try:
                database.execute(mutant.tree.sql("duckdb"))
            except duckdb.Error:
                continue
            judged.known[sort] += 1
            judged.noticed[sort] += any(not _holds(mutant.tree, *test, database) for test in hold)


def _holds(tree: exp.Query, column: str, test: str, database: duckdb.DuckDBPyConnection) -> bool:
    """Whether a suggested test passes on what a query gives; one of another sort never fails."""
    named = exp.column(column, quoted=True)
    rows = exp.select("*").from_(tree.copy().subquery("tested"))
    if test == "not_null":
        failing = rows.where(named.is_(exp.null()))
    elif test == "unique":
        twice = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
        tested = exp.select(named).from_(tree.copy().subquery("tested"))
        failing = tested.where(named.is_(exp.null()).not_()).group_by(named.copy()).having(twice)
    else:
        return True
    try:
        return not database.execute(failing.sql("duckdb")).fetchall()
    except duckdb.Error:
        return False


if __name__ == "__main__":
    main()
