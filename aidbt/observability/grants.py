"""The smallest grants that aidbt's commands need, as each warehouse words them.

The statements are for a person to run, as the owner of what is granted; aidbt never runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aidbt.sql.identifiers import quote_identifier
from aidbt.warehouse.budget import RunsAs

Need = Literal["connect", "metadata", "read", "build"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FOLDS_TO_LOWER = ("postgres", "redshift")


@dataclass(frozen=True, slots=True)
class Place:
    """What the grants of a project are about.

    Attributes:
        sources: the schemas of raw data; empty when nothing names one yet.
        target: the schema dbt builds into.
        has_target: whether that schema exists; None when it is not known.
        has_custom_schemas: whether models go to more schemas than that, which dbt makes.
        path: the file of a DuckDB database; None elsewhere.
    """

    runs_as: RunsAs
    sources: tuple[str, ...]
    target: str
    has_target: bool | None = None
    has_custom_schemas: bool = False
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One right that commands need.

    Attributes:
        need: what it is for.
        statement: how it is granted: SQL, a shell command, or a sentence where neither grants it.
        about: the schema it is about; "" when it is none.
        held: whether this user has the right; None when that was not checked.
        detail: what is known beyond that.
    """

    need: Need
    statement: str
    about: str = ""
    held: bool | None = None
    detail: str = ""


def grants_for(place: Place) -> tuple[Grant, ...]:
    """What the user of a profile needs in its warehouse, in the order in which to grant it.

    What the profile does not say stands in the statements as `<…>`.
    """
    return tuple(_GRANTS.get(place.runs_as.kind, _unknown)(place))


def closed_tables_grant(place: Place, schema: str, tables: list[str]) -> str:
    """The statement that opens single tables of a PostgreSQL schema."""
    named = ", ".join(f"{_name(schema, place)}.{_name(table, place)}" for table in tables)
    return f"grant select on {named} to {_grantee(place)}"


def _duckdb(place: Place) -> Iterator[Grant]:
    path = place.path
    if path is None:
        yield Grant("connect", "the database of this profile is no file on this machine")
        return
    file = _shell(str(path))
    yield Grant("read", f"chmod u+r {file}", detail="as the owner of the file; there is no other right")
    yield Grant("build", f"chmod u+rw {file}", detail="DuckDB keeps its log beside the file while it writes")
    yield Grant("build", f"chmod u+rwx {_shell(str(path.parent))}")


def _postgres(place: Place) -> Iterator[Grant]:
    who, database = _grantee(place), _database(place)
    yield Grant("connect", f"grant connect on database {database} to {who}")
    yield Grant("metadata", "none: pg_catalog is open to everybody unless somebody closed it")
    for schema in _sources(place):
        yield Grant("read", f"grant usage on schema {_name(schema, place)} to {who}", schema)
        yield Grant("read", f"grant select on all tables in schema {_name(schema, place)} to {who}", schema)
    yield _schema_to_build(place, f"grant create on database {database} to {who}", "usage, create")


def _redshift(place: Place) -> Iterator[Grant]:
    who, database = _grantee(place), _database(place)
    yield Grant("metadata", f"grant select on svv_table_info to {who}", detail="sizes only; works without")
    for schema in _sources(place):
        yield Grant("read", f"grant usage on schema {_name(schema, place)} to {who}", schema)
        yield Grant("read", f"grant select on all tables in schema {_name(schema, place)} to {who}", schema)
    yield _schema_to_build(place, f"grant create on database {database} to {who}", "usage, create")


def _snowflake(place: Place) -> Iterator[Grant]:
    who, database = f"role {_grantee(place)}", _database(place)
    warehouse = _name(place.runs_as.warehouse, place) if place.runs_as.warehouse else "<your warehouse>"
    yield Grant("connect", f"grant usage on warehouse {warehouse} to {who}")
    yield Grant("metadata", f"grant usage on database {database} to {who}")
    for schema in _sources(place):
        where = f"{database}.{_name(schema, place)}"
        yield Grant("read", f"grant usage on schema {where} to {who}", schema)
        yield Grant("read", f"grant select on all tables in schema {where} to {who}", schema)
        yield Grant("read", f"grant select on all views in schema {where} to {who}", schema)
    create = f"grant create schema on database {database} to {who}"
    yield _schema_to_build(place, create, "usage, create table, create view", database=f"{database}.")


def _bigquery(place: Place) -> Iterator[Grant]:
    user = place.runs_as.user
    member = f"serviceAccount:{user}" if user.endswith(".gserviceaccount.com") else f"user:{user or '<you>'}"
    project = place.runs_as.database or "<your project>"
    billed = place.runs_as.warehouse or project

    def role(of: str, name: str) -> str:
        return f"gcloud projects add-iam-policy-binding {of} --member={member} --role=roles/bigquery.{name}"

    def dataset(schema: str, name: str) -> str:
        return f'grant `roles/bigquery.{name}` on schema `{project}`.`{schema}` to "{member}"'

    yield Grant("connect", role(billed, "jobUser"))
    yield Grant("metadata", role(project, "metadataViewer"))
    for schema in _sources(place):
        yield Grant("read", dataset(schema, "dataViewer"), schema)
    if place.has_target and not place.has_custom_schemas:
        yield Grant("build", dataset(place.target, "dataEditor"), place.target)
    else:
        yield Grant("build", role(project, "user"), detail="dbt makes its datasets, and then owns them")


def _databricks(place: Place) -> Iterator[Grant]:
    who, catalog = f"`{_named(place, '<your user>')}`", f"`{place.runs_as.database or 'hive_metastore'}`"
    yield Grant("connect", "permission CAN USE on the SQL warehouse or CAN ATTACH TO on the cluster")
    yield Grant("metadata", f"grant use catalog on catalog {catalog} to {who}")
    for schema in _sources(place):
        yield Grant("read", f"grant use schema, select on schema {catalog}.`{schema}` to {who}", schema)
    create = f"grant create schema on catalog {catalog} to {who}"
    if place.has_target and not place.has_custom_schemas:
        rights = "use schema, create table, select, modify"
        create = f"grant {rights} on schema {catalog}.`{place.target}` to {who}"
    yield Grant("build", create, place.target)


def _spark(place: Place) -> Iterator[Grant]:
    yield Grant("metadata", "access to the metastore")
    for schema in _sources(place):
        yield Grant("read", f"read permission on the files of the schema {schema}", schema)
    yield Grant("build", f"write permission on the folder of the schema {place.target}", place.target)


def _trino(place: Place) -> Iterator[Grant]:
    who, catalog = f"user {_grantee(place)}", _database(place)
    yield Grant(
        "metadata", "read access to information_schema of the catalog, system.jdbc and system.metadata"
    )
    for schema in _sources(place):
        where = f"{catalog}.{_name(schema, place)}"
        yield Grant("read", f"grant select on schema {where} to {who}", schema, detail=_TRINO)
    target = f"{catalog}.{_name(place.target, place)}"
    create = f"grant create, select, insert, delete on schema {target} to {who}"
    yield Grant("build", create, place.target, detail=_TRINO)


_TRINO = "where the catalog's access control takes GRANT; else the same as a rule of it"


def _unknown(place: Place) -> Iterator[Grant]:
    for schema in _sources(place):
        yield Grant(
            "read", f"the right to select from the tables of the schema {schema}, and its metadata", schema
        )
    yield Grant("build", f"create tables and views in the schema {place.target}", place.target)


_GRANTS: dict[str, Callable[[Place], Iterator[Grant]]] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "redshift": _redshift,
    "snowflake": _snowflake,
    "bigquery": _bigquery,
    "databricks": _databricks,
    "spark": _spark,
    "trino": _trino,
}


def _schema_to_build(place: Place, create: str, rights: str, *, database: str = "") -> Grant:
    """The right to build in the target schema where it exists, else to make it; its maker owns it."""
    if place.has_target and not place.has_custom_schemas:
        schema = f"{database}{_name(place.target, place)}"
        return Grant(
            "build", f"grant {rights} on schema {schema} to {create.rpartition(' to ')[2]}", place.target
        )
    why = "custom schemas" if place.has_custom_schemas else f"the schema {place.target}"
    return Grant("build", create, place.target, detail=f"dbt makes {why}, and then owns what it made")


def _sources(place: Place) -> tuple[str, ...]:
    return place.sources or ("<raw schema>",)


def _grantee(place: Place) -> str:
    named = place.runs_as.role if place.runs_as.kind == "snowflake" else place.runs_as.grantee
    missing = "<your role>" if place.runs_as.kind == "snowflake" else "<your user>"
    return _name(named, place) if named else missing


def _named(place: Place, otherwise: str) -> str:
    return place.runs_as.grantee or otherwise


def _database(place: Place) -> str:
    return _name(place.runs_as.database, place) if place.runs_as.database else "<your database>"


def _name(name: str, place: Place) -> str:
    """A name as profiles and YAML give it, in SQL: dbt writes plain ones without quotes."""
    kind = place.runs_as.kind
    if name.startswith("<") or (_PLAIN.match(name) and kind not in _FOLDS_TO_LOWER):
        return name
    return quote_identifier(name, kind)


def _shell(path: str) -> str:
    return path if re.fullmatch(r"[\w./-]+", path) else "'" + path.replace("'", "'\\''") + "'"
