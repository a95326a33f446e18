"""A dbt project of any number of models that uses every construct of the oracle's corpus, and its truth.

Sources and seeds, staging models in eight ways of writing, ephemeral models, snapshots, a Python model,
models out of the corpus that read staging models or each other, some of them never built, contracts, tests,
exposures. The same arguments give the same project. dbt compiles it, and writes a catalog of what is built.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.lineage_project import staging
from benchmarks.lineage_project.constructs import (
    Draft,
    Import,
    adapted_import,
    exact_import,
    joined,
    truth_of,
    ways_to_write,
)
from benchmarks.lineage_project.made import Relation, Truth, quoted
from tests.lineage_oracle import CASES, Case, Observer, case_names, read_case, tables_after

NAME = "shop"
_CALL = re.compile(r"\{\{ (?:ref\('(\w+)'\)|source\('raw', '(\w+)'\)) \}\}")
_SHARES = {"adapted": 0.45, "unbuilt": 0.05, "contract": 0.05, "documented": 0.3}
_MAX_LEVEL = 12
_EACH_LONG = 6
# They name a schema outright, which a dbt model leaves to ref(), or need a macro in the database.
_NO_MODELS = frozenset({"macro_scalar", "name_cte_and_table", "qualified_by_schema"})
# What dbt adds to a snapshot; nobody's column-level lineage is judged by them.
SNAPSHOT_COLUMNS = {
    "dbt_scd_id": "VARCHAR",
    "dbt_updated_at": "TIMESTAMP",
    "dbt_valid_from": "TIMESTAMP",
    "dbt_valid_to": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Project:
    """A compiled project.

    Attributes:
        truth: unique_id of each model and snapshot written in SQL → what its columns are made of.
        ephemeral: those that have no relation of their own.
        cases: unique_id → the cases of the corpus that it is made from.
    """

    folder: Path
    truth: dict[str, Truth]
    ephemeral: frozenset[str]
    cases: dict[str, list[str]]

    def case_of(self, node: str, column: str) -> str:
        """The case of the corpus that a column is made from; else what kind of node it is a column of."""
        cases = self.cases.get(node)
        if not cases:
            return node.rpartition(".")[2].partition("_")[0]
        return cases[0] if len(cases) == 1 else cases[int(column.rpartition("_")[2])]

    @property
    def manifest(self) -> Path:
        return self.folder / "target" / "manifest.json"

    @property
    def catalog(self) -> Path:
        return self.folder / "target" / "catalog.json"


def lineage_project(base: Path, *, models: int = 1000, seed: int = 5) -> Project:
    """The project of so many models, made and compiled in a folder of `base` unless it is there already.

    Raises:
        SystemExit: dbt could not compile it.
    """
    folder = base / f"lineage_{models}_{seed}_{_fingerprint()}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        truth = write_project(folder, models=models, seed=seed)
        _compile(folder)
        (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
        (folder / "ready").touch()
    kept = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    truth = {unique_id: _read_truth(entry) for unique_id, entry in kept["truth"].items()}
    return Project(folder, truth, frozenset(kept["ephemeral"]), kept["cases"])


def write_project(folder: Path, *, models: int, seed: int) -> dict[str, Any]:
    """Write the files and the warehouse of a project, not compiled yet; its truth, as JSON takes it."""
    folder.mkdir(parents=True)
    writer = _Writer(folder, models, seed)
    writer.write()
    return _as_json(writer)


def usable_cases() -> list[Case]:
    """The cases that can be models."""
    return [read_case(name) for name in case_names() if name not in _NO_MODELS]


def _fingerprint() -> str:
    """Of all that decides what the project is."""
    digest = hashlib.sha256()
    writers = [
        Path(__file__).with_name(f"{name}.py") for name in ("__init__", "constructs", "made", "staging")
    ]
    for path in [*writers, *sorted(CASES.glob("*.sql"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _compile(folder: Path) -> None:
    env = {**os.environ, "DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(folder), "DBT_PROJECT_DIR": str(folder)}
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "docs", "generate", "--threads", "2"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"dbt cannot compile the project: {(done.stdout + done.stderr)[-3000:]}")


@dataclass(frozen=True, slots=True)
class _CaseTables:
    """The tables that a case reads, with the types of their columns; its own ones are no shared shape."""

    shared: dict[str, dict[str, str]]
    own: dict[str, dict[str, str]]


@dataclass
class _Writer:
    """Writes the files, and makes the relations in DuckDB, empty, so that every model surely runs."""

    folder: Path
    models: int
    seed: int
    relations: list[Relation] = field(default_factory=list)
    cases: dict[str, list[str]] = field(default_factory=dict)
    ephemeral: list[str] = field(default_factory=list)
    unbuilt: list[Relation] = field(default_factory=list)
    properties: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    own: list[Relation] = field(default_factory=list)

    def __post_init__(self) -> None:
        import duckdb

        self.chance = random.Random(self.seed)
        self.db = duckdb.connect(str(self.folder / f"{NAME}.duckdb"))
        self.db.execute("set lambda_syntax = 'ENABLE_SINGLE_ARROW'")
        self.db.execute("create schema raw")

    def write(self) -> None:
        self._write_settings()
        copies = max(1, self.models // 100)
        kinds = itertools.cycle(staging.KINDS)
        for shape, types in self.shapes.items():
            for number in range(1, copies + 1):
                self._staging(shape, types, next(kinds), number)
        for shape, types in list(self.shapes.items())[: max(1, self.models // 100)]:
            self._snapshot(shape, types)
        self._seed_file()
        self._python_model()
        for number in range(max(1, self.models // 25)):
            self._ephemeral(number)
        self._models_of_cases()
        self._write_properties()
        self._drop_unbuilt()
        self.db.close()

    @cached_property
    def shapes(self) -> dict[str, dict[str, str]]:
        """The shared tables of the corpus and the types of their columns."""
        return tables_after("")

    def _staging(self, shape: str, types: dict[str, str], kind: str, number: int) -> None:
        model = staging.staging(kind, types)
        source = self._source(f"{shape}_{number}", model.raw)
        name = f"stg_{shape}_{number}"
        unique_id = f"model.{NAME}.{name}"
        edges = {
            column: frozenset((source.unique_id, of) for of in made_of)
            for column, made_of in model.made_of.items()
        }
        rows = frozenset(
            (unique_id, of.removeprefix("this.")) if of.startswith("this.") else (source.unique_id, of)
            for of in model.rows
        )
        self._put(f"models/staging/{name}.sql", model.sql.replace("{source}", source.call))
        self._relation(name, types, shape=shape, truth=Truth(edges, rows=rows), level=1)
        self.properties.append(_stated(name, types, key=next(iter(types))))

    def _source(self, name: str, columns: dict[str, str]) -> Relation:
        stored = f"raw.{quoted(name)}"
        self._create(stored, columns)
        self.sources.append({"name": name, "columns": [{"name": column} for column in list(columns)[:2]]})
        call = f"{{{{ source('raw', '{name}') }}}}"
        return Relation(f"source.{NAME}.raw.{name}", call, stored, columns)

    def _snapshot(self, shape: str, types: dict[str, str]) -> None:
        given = self._shaped(shape)
        name, first = f"snap_{shape}", next(iter(types))
        self._put(
            f"snapshots/{name}.sql",
            f"{{% snapshot {name} %}}\n"
            f"{{{{ config(unique_key='{first}', strategy='check', check_cols='all') }}}}\n"
            f"select * from {given.call}\n{{% endsnapshot %}}\n",
        )
        truth = Truth({column: frozenset({(given.unique_id, column)}) for column in types})
        columns = {**types, **SNAPSHOT_COLUMNS}
        self._relation(name, columns, truth=truth, level=given.level + 1, kind="snapshot")

    def _seed_file(self) -> None:
        self._put("seeds/seed_goals.csv", "region,goal,owner\nnorth,100,Kim\nsouth,250,Lee\n")
        columns = {"region": "VARCHAR", "goal": "INTEGER", "owner": "VARCHAR"}
        self._relation("seed_goals", columns, shape="goals", kind="seed")

    def _python_model(self) -> None:
        """A model that is never built, and whose columns only its YAML knows."""
        given = self._shaped("customers")
        columns = {"id": "INTEGER", "score": "DOUBLE", "band": "VARCHAR"}
        body = f"def model(dbt, session):\n    frame = dbt.ref('{given.name}')\n    return frame\n"
        self._put("models/intermediate/py_scores.py", body)
        self.unbuilt.append(self._relation("py_scores", columns, level=given.level + 1))
        self.properties.append(_stated("py_scores", columns, typed=True))

    def _ephemeral(self, number: int) -> None:
        shape = self.chance.choice(list(self.shapes))
        given, name = self._shaped(shape), f"eph_{shape}_{number}"
        sql, truth = staging.ephemeral(self.shapes[shape], given, self.chance)
        self._put(f"models/intermediate/{name}.sql", sql)
        made = self._relation(name, self.shapes[shape], shape=shape, truth=truth, level=given.level + 1)
        self.ephemeral.append(made.unique_id)
        self.unbuilt.append(made)

    def _models_of_cases(self) -> None:
        """Models of one case each, and long ones that cross join several."""
        wanted = self.models - sum(r.unique_id.startswith("model.") for r in self.relations)
        cases = usable_cases()
        following = itertools.cycle(cases)
        for number in range(wanted):
            layer = "intermediate" if number < wanted // 2 else "marts"
            if number % _EACH_LONG == _EACH_LONG - 1:
                name = f"{layer[:3]}_long_{number}"
                parts = [
                    self._draft(case, f"part_{at}") for at, case in enumerate(self.chance.sample(cases, 4))
                ]
                self._model(joined(parts), name, layer)
                for at in range(len(parts)):
                    self.db.execute(f"drop table part_{at}")
            else:
                case = next(following)
                name = f"{layer[:3]}_{case.name}_{number // len(cases)}"
                self._model(self._draft(case, name), name, layer)

    def _tables(self, name: str) -> _CaseTables:
        if name not in self._known_tables:
            with Observer(read_case(name)) as observer:
                read = observer.tables
            shared = {table: types for table, types in read.items() if self.shapes.get(table) == types}
            own = {table: types for table, types in read.items() if table not in shared}
            self._known_tables[name] = _CaseTables(shared, own)
        return self._known_tables[name]

    @cached_property
    def _known_tables(self) -> dict[str, _CaseTables]:
        return {}

    def _import(self, table: str) -> Import:
        if self.chance.random() < _SHARES["adapted"]:
            earlier = [r for r in self.relations[-250:] if not r.shape and r.level < _MAX_LEVEL]
            for relation in self.chance.sample(earlier, min(8, len(earlier))):
                found = adapted_import(table, self.shapes[table], relation, self.chance)
                if found:
                    return found
        return exact_import(table, self._shaped(table))

    def _shaped(self, shape: str) -> Relation:
        return self.chance.choice([relation for relation in self.relations if relation.shape == shape])

    def _draft(self, case: Case, name: str) -> Draft:
        """A model of one case over relations that are there, made in DuckDB under this name."""
        tables = self._tables(case.name)
        imports = [self._own_import(case, table, types) for table, types in tables.own.items()]
        imports += [self._import(table) for table in tables.shared]
        sql = self._first_that_runs(case, name, imports)
        columns = self._columns(f'{NAME}.main."{name}"')
        level = 1 + max((given.relation.level for given in imports), default=0)
        return Draft((case.name,), sql, columns, truth_of(case, list(columns), imports), level)

    def _own_import(self, case: Case, table: str, types: dict[str, str]) -> Import:
        name = f"{case.name}_{re.sub(r'[^a-z]', '', table.lower())}"
        known = next((source for source in self.own if source.name == name), None)
        if known is None:
            known = self._source(name, types)
            self.own.append(known)
        return exact_import(table, known)

    def _model(self, draft: Draft, name: str, layer: str) -> None:
        self.db.execute(f'create or replace table "{name}" as {self._as_run(draft.sql)} with no data')
        made = self._relation(name, draft.columns, truth=draft.truth, level=draft.level, is_there=True)
        self.cases[made.unique_id] = list(draft.cases)
        config = ""
        draw = self.chance.random()
        plain = all(re.fullmatch(r"[a-z_]\w*", column) for column in draft.columns)
        if draw < _SHARES["contract"] and plain:
            config = "{{ config(contract={'enforced': true}) }}\n\n"
            self.properties.append(_stated(name, draft.columns, typed=True))
        elif draw < _SHARES["documented"] and plain:
            self.properties.append(_stated(name, draft.columns))
        elif draw > 1 - _SHARES["unbuilt"]:
            self.unbuilt.append(made)
        self._put(f"models/{layer}/{name}.sql", config + draft.sql.rstrip() + "\n")

    def _first_that_runs(self, case: Case, name: str, imports: Sequence[Import]) -> str:
        """The model in the plainest way of writing in which DuckDB takes it and gives the case's columns."""
        import duckdb

        assert case.lineage is not None
        problem: duckdb.Error | None = None
        for sql in ways_to_write(case, imports):
            try:
                self.db.execute(f'create or replace table "{name}" as {self._as_run(sql)} with no data')
            except duckdb.Error as error:
                problem = error
                continue
            if len(self._columns(f'{NAME}.main."{name}"')) == len(case.lineage.names):
                return sql
        raise SystemExit(f"the case {case.name} cannot be made a model: {problem}")

    def _as_run(self, sql: str) -> str:
        stored = {relation.name: relation.stored for relation in self.relations}
        return _CALL.sub(lambda m: stored[m[1]] if m[1] else f'raw."{m[2]}"', sql)

    def _columns(self, stored: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.db.execute(f"describe {stored}").fetchall()}

    def _relation(
        self,
        name: str,
        columns: dict[str, str],
        *,
        shape: str = "",
        truth: Truth | None = None,
        level: int = 0,
        kind: str = "model",
        is_there: bool = False,
    ) -> Relation:
        stored = f'main."{name}"'
        if not is_there:
            self._create(stored, columns)
        made = Relation(
            f"{kind}.{NAME}.{name}", f"{{{{ ref('{name}') }}}}", stored, dict(columns), shape, truth, level
        )
        self.relations.append(made)
        return made

    def _create(self, stored: str, columns: dict[str, str]) -> None:
        listed = ", ".join(f"{quoted(column)} {data_type}" for column, data_type in columns.items())
        self.db.execute(f"create table {stored} ({listed})")

    def _drop_unbuilt(self) -> None:
        for relation in self.unbuilt:
            self.db.execute(f"drop table {relation.stored}")

    def _put(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _write_settings(self) -> None:
        path = json.dumps(str(self.folder / f"{NAME}.duckdb"))
        self._put("profiles.yml", _PROFILE.format(path=path))
        self._put("dbt_project.yml", _PROJECT)
        self._put("macros/cents_to_units.sql", staging.MACRO)

    def _write_properties(self) -> None:
        """YAML, which is JSON: nobody reads it here."""
        self._put("models/sources.yml", _dumped(sources=[{"name": "raw", "tables": self.sources}]))
        self._put("models/models.yml", _dumped(models=self.properties))
        last = [r for r in self.relations if r.unique_id in self.cases][-10:]
        exposures = [
            {
                "name": f"board_{number}",
                "type": "dashboard",
                "owner": {"name": "Ann"},
                "depends_on": [f"ref('{relation.name}')"],
            }
            for number, relation in enumerate(last)
        ]
        self._put("models/exposures.yml", _dumped(exposures=exposures))


_PROFILE = """shop:
  target: dev
  outputs:
    dev: {{type: duckdb, path: {path}, threads: 2}}
"""
_PROJECT = """name: shop
version: "1.0"
profile: shop
models:
  shop:
    staging: {+materialized: view}
    intermediate: {+materialized: view}
    marts: {+materialized: table}
"""


def _dumped(**content: Any) -> str:
    return json.dumps({"version": 2, **content}, indent=1, ensure_ascii=False) + "\n"


def _stated(name: str, columns: dict[str, str], *, key: str = "", typed: bool = False) -> dict[str, Any]:
    """A model as a YAML file states it, its columns with tests on the key or with their types."""
    listed: list[dict[str, Any]] = []
    for column, data_type in columns.items():
        entry: dict[str, Any] = {"name": column}
        if typed:
            entry["data_type"] = data_type
        if column == key:
            entry["data_tests"] = ["not_null", "unique"]
        listed.append(entry)
    return {"name": name, "columns": listed}


def _as_json(writer: _Writer) -> dict[str, Any]:
    truth = {relation.unique_id: relation.truth for relation in writer.relations if relation.truth}
    return {
        "truth": {unique_id: _truth_as_json(made) for unique_id, made in truth.items()},
        "ephemeral": writer.ephemeral,
        "cases": writer.cases,
    }


def _truth_as_json(truth: Truth) -> dict[str, Any]:
    return {
        "edges": {name: sorted(made_of) for name, made_of in truth.edges.items()},
        "either": {name: [sorted(g) for g in groups] for name, groups in truth.either.items() if groups},
        "rows": sorted(truth.rows),
        "free": {name: sorted(made_of) for name, made_of in truth.free.items() if made_of},
    }


def _read_truth(entry: dict[str, Any]) -> Truth:
    def columns(many: list[list[str]]) -> Iterator[tuple[str, str]]:
        return ((node, column) for node, column in many)

    return Truth(
        {name: frozenset(columns(many)) for name, many in entry["edges"].items()},
        {name: frozenset(frozenset(columns(g)) for g in groups) for name, groups in entry["either"].items()},
        frozenset(columns(entry["rows"])),
        {name: frozenset(columns(many)) for name, many in entry["free"].items()},
    )
