"""How much of what is wrong with real SQL is found before anything runs, and how much honest SQL is refused.

Faults are injected by rule into queries as people write models, one at a time, and DuckDB is the judge of
whether the changed text is wrong at all: it is counted when DuckDB refuses it or, for a join that multiplies
rows, when its result changes. Honest queries and attacks are those of `benchmarks/validate_corpus`; the
models of the demo join in when `make demo` was run. The peers: sqlglot's own `qualify` with the same schema,
and DuckDB's EXPLAIN, which needs every table built.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.validate import RUNGS, Validation, validate_sql
from aidbt.warehouse.validating import GuardedDuckDB, Limits
from benchmarks.common import ROOT, report, standard_arguments
from benchmarks.validate_corpus import cases, columns_of, known_relations, make_shop, shop_queries, texts

DEMO = ROOT / "scratch" / "demo"
_PLACE = "start"
_WITHOUT_ENGINE = ("parse", "read_only", "allowed", "names", "grain")


@dataclass(frozen=True)
class Fault:
    """A query with one thing made wrong.

    Attributes:
        start: where in the text that is.
        original: what stood there; "" when nothing did.
    """

    rule: str
    text: str
    start: int
    original: str = ""


@dataclass(frozen=True)
class Project:
    """A database with what is known of it, and the queries on it.

    Attributes:
        schema: as `qualify` takes it, as deep as the names in the queries are.
    """

    name: str
    path: Path
    index: RelationIndex
    schema: dict[str, Any]
    queries: dict[str, str]


@dataclass
class Tally:
    """What was found of one rule's faults, and by whom."""

    faults: int = 0
    by: Counter[str] = field(default_factory=Counter)


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    logging.disable(logging.WARNING)  # sqlglot's, about words that it passes through
    most = 2 if arguments.quick else 12
    with tempfile.TemporaryDirectory(prefix="aidbt-validate-") as folder:
        projects = [_shop(Path(folder)), *_demo()]
        tallies, repaired = _inject(projects, most)
        ours, peers = _figures(tallies)
        ours["misspelt_with_the_right_patch"] = repaired
        ours |= _honest(projects) | _attacks(projects) | _speed(projects)
    ours["projects"] = ", ".join(f"{project.name} ({len(project.queries)} queries)" for project in projects)
    ratios = {
        f"found_to_{name}": round(ours["found"] / values["found"], 2) if values["found"] else "all to none"
        for name, values in peers.items()
    }
    report("validate", ours=ours, peers=peers, ratios=ratios, output=arguments.output)


# --- what is validated ---


def _shop(folder: Path) -> Project:
    path = folder / "shop.duckdb"
    return Project("shop", path, make_shop(path), _schema(path)["main"], shop_queries())


def _demo() -> list[Project]:
    """The compiled models of the demo; none when it was not made."""
    path = DEMO / "warehouse.duckdb"
    folders = sorted((DEMO / "dbt_project" / "target" / "compiled").glob("*/models"))
    if not path.exists() or not folders:
        print("the demo is left out: make it with 'make demo'", file=sys.stderr)
        return []
    files = [file for folder in folders for file in folder.rglob("*.sql") if file.parent.suffix != ".yml"]
    queries = {file.stem: file.read_text() for file in files}
    index = known_relations(path, columns_of(path), {})
    return [Project("demo", path, index, {path.stem: _schema(path)}, queries)]


def _schema(path: Path) -> dict[str, Any]:
    """Schema → table → column → type, as `qualify` takes it."""
    found: dict[str, Any] = defaultdict(dict)
    for (schema, table), columns in columns_of(path).items():
        found[schema][table] = {column.name: column.data_type for column in columns}
    return found


# --- faults ---


def _faults(text: str, most: int) -> Iterator[Fault]:
    """Up to `most` faults of each rule in one query."""
    tree = parse_sql(text, "duckdb").tree
    if tree is None:
        raise SystemExit(f"a query of the corpus cannot be read: {text[:80]}")
    for rule in _RULES:
        yield from _spread(list(rule(text, tree)), most)


def _spread(faults: list[Fault], most: int) -> list[Fault]:
    """So many of them, evenly over the query."""
    step = max(len(faults) / most, 1)
    return [faults[int(number * step)] for number in range(min(most, len(faults)))]


def _replaced(rule: str, text: str, node: exp.Expr, new: str) -> Fault:
    start, end = node.meta[_PLACE], node.meta["end"] + 1
    return Fault(rule, text[:start] + new + text[end:], start, text[start:end])


def _names(tree: exp.Expr) -> Iterator[exp.Identifier]:
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier) and _PLACE in column.this.meta:
            yield column.this


def _unknown_columns(text: str, tree: exp.Expr) -> Iterator[Fault]:
    for name in _names(tree):
        yield _replaced("unknown_column", text, name, "no_such_column_anywhere")


def _misspelt_columns(text: str, tree: exp.Expr) -> Iterator[Fault]:
    for name in _names(tree):
        if len(name.name) >= 6 and not name.quoted:
            middle = len(name.name) // 2
            yield _replaced("misspelt_column", text, name, name.name[:middle] + name.name[middle + 1 :])


def _unknown_relations(text: str, tree: exp.Expr) -> Iterator[Fault]:
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and _PLACE in table.this.meta:
            yield _replaced("unknown_relation", text, table.this, "no_such_table_anywhere")


def _ambiguous_names(text: str, tree: exp.Expr) -> Iterator[Fault]:
    for column in tree.find_all(exp.Column):
        table = column.args.get("table")
        if table is not None and _PLACE in table.meta and not column.args.get("db"):
            start, end = table.meta[_PLACE], column.this.meta[_PLACE]
            yield Fault("ambiguous_name", text[:start] + text[end:], start, text[start:end])


def _wrong_literals(text: str, tree: exp.Expr) -> Iterator[Fault]:
    for kind in (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ):
        for comparison in tree.find_all(kind):
            for side in (comparison.left, comparison.right):
                if isinstance(side, exp.Literal) and not side.is_string and _PLACE in side.meta:
                    yield _replaced("wrong_type", text, side, "'no number'")


def _wrong_arguments(text: str, tree: exp.Expr) -> Iterator[Fault]:
    """Numbers added up of what is text: sum(x) becomes sum(x || '')."""
    for call in tree.find_all(exp.Sum, exp.Avg):
        name = call.this
        if isinstance(name, exp.Column) and _PLACE in name.this.meta:
            end = name.this.meta["end"] + 1
            yield Fault("wrong_type", text[:end] + " || ''" + text[end:], name.this.meta[_PLACE])


def _fan_outs(text: str, tree: exp.Expr) -> Iterator[Fault]:
    """The payments of an order joined where amounts of orders are added up: an order has several payments."""
    for select in tree.find_all(exp.Select):
        clause = select.args.get("from_")
        table = clause.this if clause is not None else None
        adds = any(call.find(exp.Column) for item in select.expressions for call in item.find_all(exp.Sum))
        if not (isinstance(table, exp.Table) and table.name == "orders" and adds):
            continue
        alias = table.args.get("alias")
        end = (alias.this if alias is not None else table.this).meta["end"] + 1
        joined = f" join payments as extra on extra.order_id = {table.alias_or_name}.order_id"
        yield Fault("fan_out", text[:end] + joined + text[end:], end)


_RULES: tuple[Callable[[str, exp.Expr], Iterator[Fault]], ...] = (
    _unknown_columns, _misspelt_columns, _unknown_relations, _ambiguous_names, _wrong_literals,
    _wrong_arguments, _fan_outs,
)  # fmt: skip


# --- finding them ---


def _inject(projects: list[Project], most: int) -> tuple[dict[str, Tally], float]:
    """(what was found, the share of misspelt columns whose replacement is the right one)."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    right = 0
    for project in projects:
        with (
            duckdb.connect(str(project.path), read_only=True) as judge,
            GuardedDuckDB(project.path, limits=Limits(timeout_s=30)) as engine,
        ):
            for name, text in project.queries.items():
                before = _result(judge, text)
                for fault in _faults(text, most):
                    if not _is_wrong(judge, fault, before):
                        continue
                    found = validate_sql(fault.text, dialect="duckdb", relations=project.index, engine=engine)
                    tally = tallies[fault.rule]
                    tally.faults += 1
                    tally.by["ours"] += _is_found(found, fault, _WITHOUT_ENGINE)
                    tally.by["ours_with_engine"] += _is_found(found, fault, RUNGS)
                    tally.by["sqlglot_qualify"] += _qualify_finds(fault.text, project)
                    tally.by["duckdb_explain"] += _explain_finds(judge, fault.text)
                    if fault.rule == "misspelt_column":
                        right += any(problem.replacement == fault.original for problem in found.problems)
                    if not _is_found(found, fault, _WITHOUT_ENGINE):
                        by = (
                            "not found" if not _is_found(found, fault, RUNGS) else "found by the engine alone"
                        )
                        print(
                            f"{by}: {fault.rule} in {project.name}.{name}: {_around(fault)}", file=sys.stderr
                        )
    misspelt = tallies["misspelt_column"].faults
    return tallies, round(right / misspelt, 4) if misspelt else 0.0


def _around(fault: Fault) -> str:
    return " ".join(fault.text[max(fault.start - 40, 0) : fault.start + 60].split())


def _result(judge: duckdb.DuckDBPyConnection, text: str) -> str | None:
    """A digest of what a query gives; None when DuckDB refuses it."""
    try:
        rows = judge.execute(text).fetchall()
    except duckdb.Error:
        return None
    return repr(sorted(map(repr, rows)))


def _is_wrong(judge: duckdb.DuckDBPyConnection, fault: Fault, before: str | None) -> bool:
    after = _result(judge, fault.text)
    return after is not None and after != before if fault.rule == "fan_out" else after is None


def _is_found(validation: Validation, fault: Fault, rungs: Sequence[str]) -> bool:
    """Whether one of these rungs told of the fault."""
    told = [rung for rung in validation.rungs if rung.rung in rungs]
    if fault.rule == "fan_out":
        return any(problem.code == "join.fans_out" for rung in told for problem in rung.problems)
    return any(rung.outcome == "failed" for rung in told)


def _qualify_finds(text: str, project: Project) -> bool:
    try:
        qualify(parse_one(text, dialect="duckdb"), dialect="duckdb", schema=project.schema)
    except SqlglotError:
        return True
    return False


def _explain_finds(judge: duckdb.DuckDBPyConnection, text: str) -> bool:
    try:
        judge.execute("explain " + text)
    except duckdb.Error:
        return True
    return False


def _figures(tallies: dict[str, Tally]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Ours and the peers' shares, by rule and over all."""
    total = sum(tally.faults for tally in tallies.values())
    figures: dict[str, dict[str, Any]] = {}
    for who in ("ours", "ours_with_engine", "sqlglot_qualify", "duckdb_explain"):
        found = sum(tally.by[who] for tally in tallies.values())
        figures[who] = {"found": round(found / total, 4)}
        figures[who] |= {
            f"found_{rule}": f"{tally.by[who]} of {tally.faults}" for rule, tally in tallies.items()
        }
    with_engine = {f"{name}_with_engine": value for name, value in figures.pop("ours_with_engine").items()}
    ours = {"faults": total, **figures.pop("ours"), **with_engine}
    return ours, figures


# --- honest queries, attacks, time ---


def _honest(projects: list[Project]) -> dict[str, Any]:
    honest = list(cases("honest"))
    refused = [text for dialect, text in honest if not validate_sql(text, dialect=dialect).is_valid]
    count = len(honest)
    for project in projects:
        with GuardedDuckDB(project.path, limits=Limits(timeout_s=30)) as engine:
            for text in project.queries.values():
                count += 1
                validation = validate_sql(text, dialect="duckdb", relations=project.index, engine=engine)
                if not validation.is_valid:
                    refused.append(text)
    for text in refused:
        print(f"refused though honest: {' '.join(text.split())[:120]}", file=sys.stderr)
    return {"honest_queries": count, "false_rejections": len(refused)}


def _attacks(projects: list[Project]) -> dict[str, Any]:
    attacks = list(cases("attacks"))
    stopped = sum(not validate_sql(text, dialect=dialect).is_valid for dialect, text in attacks)
    for_engine = texts("attacks", "duckdb", for_engine=True)
    shop = projects[0]
    ended = 0
    with GuardedDuckDB(shop.path, limits=Limits(timeout_s=1)) as engine:
        for text in for_engine:
            validation = validate_sql(text, dialect="duckdb", relations=shop.index, engine=engine)
            ended += validation.reached != "sample"
        survives = engine.sample("select 1 as a", rows=1).row_count == 1
    return {
        "attacks_stopped_by_the_tree": f"{stopped} of {len(attacks)}",
        "attacks_stopped_by_the_engine": f"{ended} of {len(for_engine)}",
        "answers_after_them": survives,
    }


def _speed(projects: list[Project]) -> dict[str, Any]:
    """Median milliseconds of each rung over all queries, after one round to warm up."""
    times: dict[str, list[float]] = defaultdict(list)
    for project in projects:
        with GuardedDuckDB(project.path, limits=Limits(timeout_s=30)) as engine:
            for round_ in range(2):
                for text in project.queries.values():
                    validation = validate_sql(text, dialect="duckdb", relations=project.index, engine=engine)
                    for rung in validation.rungs:
                        if round_ and rung.outcome == "passed":
                            times[rung.rung].append(rung.ms)
    return {f"{rung}_ms": round(statistics.median(times[rung]), 2) for rung in RUNGS if times[rung]}


if __name__ == "__main__":
    main()
