"""Claim: metric queries over dbt's semantic layer are compiled in this process, right and at once, without
dbt Cloud and without starting `mf`.

`--data DIR` is a folder with `semantic_queries.jsonl`, `semantic_manifests/<model>/` and the databases, as
`db/<name>/` (schema.sql, load.sql, CSV) or ready as `<name>.duckdb`. Every query is compiled and run on
DuckDB; its rows are compared with those of the gold SQL as bags: names of columns do not count, numbers may
differ by 1e-4, and up to six columns more are allowed. Compile times are CPU, of a process that has answered
every query once; `first_pass` are those of the pass before, with the building of the engines. `command_` is
`aidbt query --dry-run` as a whole, beside `mf query --explain`, in a small dbt project that both have parsed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.layer.yaml_files import read_yaml, yaml_texts
from aidbt.semantic.metricflow.compiler import CompiledQuery, GroupBy, compile_query
from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments
from benchmarks.query_answers import open_database, same_rows

QUICK_QUERIES = 40
COLD_RUNS = 5
PEER = "mf query --explain"
PEER_REQUIREMENTS = ("dbt-metricflow==0.15.0", "dbt-core==1.11.*", "dbt-duckdb==1.11.*")
# The names that templates of the manifests and the databases agree on.
PLACEHOLDERS = {"source_schema": "demo"}


def main() -> None:
    chosen = _arguments(sys.argv[1:])
    cases = read_cases(chosen.data)
    if chosen.quick:
        cases = cases[:: max(1, len(cases) // QUICK_QUERIES)]
    manifests = {model: manifest_of(chosen.data, model) for model in {case["model"] for case in cases}}
    first = [_timed(case, manifests) for case in cases]
    warm = [_timed(case, manifests) for case in cases]
    answers = {case["id"]: answer for case, (answer, _) in zip(cases, warm, strict=True)}
    if chosen.predict:
        _write_predictions(chosen.predict, answers)
    wrong = _wrong(chosen.data, cases, answers)
    command, peers = _commands(1 if chosen.quick else COLD_RUNS, with_peer=not chosen.no_peer)
    ours = {
        "queries": len(cases),
        "right": len(cases) - len(wrong),
        "share_right": round(1 - len(wrong) / len(cases), 4),
        "failures": wrong,
        **_milliseconds("compile", [ms for _, ms in warm]),
        **_milliseconds("first_pass", [ms for _, ms in first]),
        **command,
    }
    ratios = {
        f"command_cpu {name}": round(peer["command_cpu_s"] / command["command_cpu_s"], 1)
        for name, peer in peers.items()
    }
    report("semantic_queries", ours=ours, peers=peers, ratios=ratios, output=chosen.output)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = standard_arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder of queries; there is no default")
    parser.add_argument(
        "--predict", type=Path, metavar="OUT", help="write the SQL of every query there, as JSONL"
    )
    parser.add_argument("--no-peer", action="store_true", help="without `mf query`")
    chosen = parser.parse_args(words)
    if chosen.data is None or not (chosen.data / "semantic_queries.jsonl").is_file():
        parser.error("--data has to name a folder with semantic_queries.jsonl; no queries come with aidbt")
    return chosen


# --- queries -------------------------------------------------------------------------------------------


def read_cases(data: Path) -> list[dict[str, Any]]:
    """The queries of a folder, one mapping each."""
    lines = (data / "semantic_queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def manifest_of(data: Path, model: str) -> SemanticManifest:
    """The semantic manifest that a query names."""
    reading = read_yaml(
        yaml_texts(data / "semantic_manifests" / model), relation_of=lambda _: None, placeholders=PLACEHOLDERS
    )
    for finding in reading.findings:
        print(f"{finding.where}: {finding.message}", file=sys.stderr)
    return reading.manifest


def compiled(case: dict[str, Any], manifest: SemanticManifest) -> CompiledQuery:
    """The SQL of one query.

    Raises:
        AidbtError: it cannot be answered.
    """
    items = [_group_by(item) for item in case.get("group_by_objs") or ()]
    where, bounds = case.get("where") or (), case.get("time_constraint")
    return compile_query(
        manifest,
        metrics=case.get("metrics") or (),
        group_by=[*(case.get("group_bys") or ()), *items],
        where=[where] if isinstance(where, str) else where,
        order_by=case.get("order_bys") or (),
        limit=case.get("limit"),
        time_range=(_time(bounds[0]), _time(bounds[1])) if bounds else None,
        min_max_only=bool(case.get("min_max_only")),
        apply_group_by=case.get("apply_group_by") is not False,
        saved_query=case.get("saved_query") or "",
    )


def _group_by(item: dict[str, Any]) -> GroupBy:
    return GroupBy(item["name"], item.get("grain") or "", item.get("date_part") or "")


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _timed(
    case: dict[str, Any], manifests: dict[str, SemanticManifest]
) -> tuple[CompiledQuery | AidbtError, float]:
    """The query compiled, or why not; and the CPU milliseconds that took."""
    started = time.process_time()
    answer: CompiledQuery | AidbtError
    try:
        answer = compiled(case, manifests[case["model"]])
    except AidbtError as error:
        answer = error
    return answer, (time.process_time() - started) * 1000


def _milliseconds(name: str, values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"{name}_median_ms": round(statistics.median(ordered), 1),
        f"{name}_p95_ms": round(ordered[math.ceil(0.95 * len(ordered)) - 1], 1),
    }


def _write_predictions(path: Path, answers: dict[str, CompiledQuery | AidbtError]) -> None:
    lines: list[dict[str, str | None]] = [
        {"id": name, "sql": answer.sql}
        if isinstance(answer, CompiledQuery)
        else {"id": name, "sql": None, "reason": str(answer)}
        for name, answer in answers.items()
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


# --- judging -------------------------------------------------------------------------------------------


def _wrong(
    data: Path, cases: Sequence[dict[str, Any]], answers: dict[str, CompiledQuery | AidbtError]
) -> dict[str, str]:
    """Why the queries that are not right are not, by id."""
    import duckdb

    connections = {name: open_database(data, name) for name in {case["db"] for case in cases}}
    found = {}
    for case in cases:
        answer, connection = answers[case["id"]], connections[case["db"]]
        if isinstance(answer, AidbtError):
            found[case["id"]] = f"refused: {answer.message}"
            continue
        try:
            rows = connection.execute(answer.sql).fetchall()
        except duckdb.Error as error:
            found[case["id"]] = f"does not run: {str(error).splitlines()[0]}"
            continue
        golds = (connection.execute(gold).fetchall() for gold in case["gold"])
        if not any(same_rows(gold, rows, ordered=bool(case.get("check_order"))) for gold in golds):
            found[case["id"]] = "other rows than the gold's"
    return found


# --- the commands, cold --------------------------------------------------------------------------------


def _commands(runs: int, *, with_peer: bool) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What one metric query costs as a command: ours, and `mf`'s, in one project whose parse is done."""
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as scratch:
        folder, env = Path(scratch), {"DBT_PROFILES_DIR": scratch}
        _write_project(folder)
        asked = ("query", "--metrics", "revenue", "--group-by", "metric_time__month")
        ours = [sys.executable, "-m", "aidbt", *asked, "--dry-run"]
        measure(ours, cwd=folder, env=env)  # keeps what it knows of the project, as dbt's parse does for mf
        own = [measure(ours, cwd=folder, env=env) for _ in range(runs)]
        _require_sql(own[0].stdout)
        found = _brief(own)
        if not with_peer:
            return found, {}
        bin_folder = peer_venv("dbt-metricflow", PEER_REQUIREMENTS).parent
        measure([bin_folder / "dbt", "parse", "--quiet"], cwd=folder, env=env)
        theirs = [measure([bin_folder / "mf", *asked, "--explain"], cwd=folder, env=env) for _ in range(runs)]
        _require_sql(theirs[0].stdout)
        left = sorted(path.name for path in folder.rglob("*.log"))
        return found, {PEER: {**_brief(theirs), "log_files_left": left}}


def _require_sql(printed: str) -> None:
    if "SELECT" not in printed.upper():
        raise SystemExit(f"no SQL was printed: {printed[-500:]}")


def _brief(found: Sequence[Measured]) -> dict[str, Any]:
    return {
        "command_cpu_s": round(statistics.median(run.cpu_s for run in found), 2),
        "command_peak_mb": round(max(run.peak_mb for run in found)),
    }


def _write_project(folder: Path) -> None:
    """A dbt project with one metric: what a command costs before it computes anything."""
    (folder / "models").mkdir()
    for name, text in PROJECT.items():
        (folder / name).write_text(text, encoding="utf-8")


PROJECT = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, schema: shop}}}\n",
    "models/orders.sql": "select 1 as order_id, 10.0 as amount, current_date as ordered_on\n",
    "models/days.sql": "select current_date as date_day\n",
    "models/semantic.yml": """
models:
  - name: days
    columns: [{name: date_day, granularity: day}]
    time_spine: {standard_granularity_column: date_day}
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_on}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions: [{name: ordered_on, type: time, type_params: {time_granularity: day}}]
    measures: [{name: revenue, agg: sum, expr: amount}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
""",
}


if __name__ == "__main__":
    main()
