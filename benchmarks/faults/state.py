"""What a slot is like at one moment: its tables, its repository, and what guards its data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.faults.slot import Slot, git

# Settings of tests and models that a healer must not soften.
_TEST_SETTINGS = ("severity", "warn_if", "error_if", "fail_calc", "limit", "where", "enabled")
_MODEL_SETTINGS = ("materialized", "unique_key", "incremental_strategy", "enabled", "full_refresh")


@dataclass(frozen=True, slots=True)
class Table:
    """The content of a relation, without regard to the order of rows and columns.

    Attributes:
        rows: how many; -1 when it cannot be read.
        columns: name → (type, sum of its values' hashes).
        content: sum of the rows' hashes.
        definition: the SQL of a view.
    """

    rows: int
    columns: Mapping[str, tuple[str, str]]
    content: str
    definition: str = ""


Tables = Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Repository:
    """What is deployed: the commit of the checked-out branch, and what is not committed."""

    head: str
    branch: str
    status: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that a hand-over must leave as it was.

    Attributes:
        outside: digest of the landed files and the profiles.
    """

    raw: Tables
    production: Tables
    repository: Repository
    outside: str


def repository(folder: Path) -> Repository:
    """What is deployed in a repository. Drafts in `.aidbt/` are nobody's working tree."""
    status = git(folder, "status", "--porcelain", "--untracked-files=all").splitlines()
    return Repository(
        git(folder, "rev-parse", "HEAD"),
        git(folder, "branch", "--show-current"),
        "\n".join(line for line in status if not line.startswith("?? .aidbt/")),
    )


def digest(*folders: Path) -> str:
    """A digest of all files in some folders, names and bytes."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != ".user.yml":
                found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def duckdb_tables(connection: Any, schemas: Iterable[str]) -> dict[str, Table]:
    """Every table and view of some schemas of a DuckDB database."""
    listed = connection.execute(
        "select table_schema, table_name, table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema in (select unnest(?)) order by all",
        [list(schemas)],
    ).fetchall()
    views = dict(
        connection.execute("select schema_name || '.' || view_name, sql from duckdb_views()").fetchall()
    )
    found = {}
    for schema, name, kind in listed:
        relation = f"{schema}.{name}"
        definition = views.get(relation, "") if kind == "VIEW" else ""
        found[relation] = _duckdb_table(connection, schema, name, definition)
    return found


def _duckdb_table(connection: Any, schema: str, name: str, definition: str) -> Table:
    import duckdb

    try:
        columns = connection.execute(f'describe select * from "{schema}"."{name}"').fetchall()
        kinds = {column[0]: column[1] for column in sorted(columns)}
        quoted = [f'"{column}"' for column in kinds]
        hashes = ", ".join(f"sum(hash({column}))::varchar" for column in quoted)
        every = f"sum(hash({', '.join(quoted)}))::varchar"
        query = f'select count(*), {every}, {hashes} from "{schema}"."{name}"'
        rows, content, *sums = connection.execute(query).fetchone()
    except duckdb.Error as error:
        return Table(-1, {}, str(error).splitlines()[0], definition)
    return Table(
        rows, {c: (kinds[c], s or "") for c, s in zip(kinds, sums, strict=True)}, content or "", definition
    )


def guards(manifest: Path) -> dict[str, str]:
    """What protects the data, by name: tests with their settings and their SQL, unit tests, contracts, how
    models are kept. A mend may add to it and change none of it.
    """
    found: dict[str, str] = {}
    data = json.loads(manifest.read_text())
    for unique_id, node in data["nodes"].items():
        config = node["config"]
        if node["resource_type"] == "test":
            settings = {name: config.get(name) for name in _TEST_SETTINGS}
            # The SQL of a source's test names the source's table, which a mend may rename.
            on_source = any(key.startswith("source.") for key in node["depends_on"]["nodes"])
            sql = None if on_source else _squeezed(node.get("compiled_code") or node["raw_code"])
            found[unique_id] = json.dumps([settings, sql], sort_keys=True)
        elif node["resource_type"] in ("model", "snapshot"):
            settings = {name: config.get(name) for name in _MODEL_SETTINGS}
            if (config.get("contract") or {}).get("enforced"):
                settings["contract"] = {c["name"]: c["data_type"] for c in node["columns"].values()}
            found[unique_id] = json.dumps(settings, sort_keys=True)
    for unique_id, test in data.get("unit_tests", {}).items():
        told = {name: test[name] for name in ("model", "given", "expect", "overrides")}
        found[unique_id] = json.dumps(told, sort_keys=True)
    return found


def _squeezed(sql: str) -> str:
    return " ".join(sql.split())


def moment(slot: Slot, raw: Tables, production: Tables) -> Moment:
    """What the slot is like now, with its tables as they were read."""
    return Moment(raw, production, repository(slot.project), digest(slot.files, slot.profiles))


def differences(expected: Tables, found: Tables, *, extra_columns: bool = False) -> list[str]:
    """How relations differ from what they should be; more relations than expected are no difference."""
    told = []
    for name, right in expected.items():
        there = found.get(name)
        if there is None:
            told.append(f"{name} is missing")
        else:
            told += _table_differences(name, right, there, extra_columns and _is_staging(name))
    return told


def _is_staging(relation: str) -> bool:
    return relation.partition(".")[0].endswith("staging")


def _table_differences(name: str, right: Table, there: Table, extra_columns: bool) -> list[str]:
    if there.rows < 0 <= right.rows:
        return [f"{name} cannot be read: {there.content}"]
    if there.rows != right.rows:
        return [f"{name} has {there.rows} rows, not {right.rows}"]
    if there.columns == right.columns:
        same = there.content == right.content
        return [] if same else [f"{name} has other rows of the same values"]
    told = [f"{name}.{column} is missing" for column in right.columns.keys() - there.columns.keys()]
    if not extra_columns:
        told += [f"{name}.{column} is new" for column in there.columns.keys() - right.columns.keys()]
    both = right.columns.keys() & there.columns.keys()
    return told + [f"{name}.{c} differs" for c in sorted(both) if right.columns[c] != there.columns[c]]


def changed(before: Tables, after: Tables) -> list[str]:
    """Which relations are not what they were; views by their SQL, since what they show follows the tables."""

    def kept(table: Table) -> object:
        return table.definition or (table.rows, table.columns, table.content)

    told = [f"{name} is gone" for name in before.keys() - after.keys()]
    return told + [
        f"{n} changed" for n in sorted(before.keys() & after.keys()) if kept(before[n]) != kept(after[n])
    ]
