"""Asking a warehouse what it holds, from metadata alone: a few statements for all of it, or Spark's listing.

Every pair of statements gives rows of one shape. Relations: database, schema, name, kind ("table", "view",
"external"), comment, rows (an estimate), bytes, version, and where it can be known the partition column and
whether queries must filter on it; columns: schema, table, name, type as the warehouse writes it, nullable,
comment. Both are ordered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aidbt.core.errors import ProfileError, WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.warehouse import catalog_statements as statements
from aidbt.warehouse import spark
from aidbt.warehouse.adapter_errors import AccessDenied
from aidbt.warehouse.base import Connection

_REGION = re.compile(r"[a-z0-9-]+\Z")


@dataclass(frozen=True, slots=True)
class Catalog:
    """How one kind of warehouse is asked.

    Attributes:
        relations, columns: the two statements.
        grant: what a user needs who may not read this metadata.
        sizes: a statement for (schema, table, rows, bytes), where those stand elsewhere and need a grant of
            their own; without it they are unknown.
        if_empty: a statement for the schemas that exist, for when nothing in them may be seen.
    """

    relations: str
    columns: str
    grant: str
    sizes: str = ""
    if_empty: str = ""


CATALOGS = {
    "postgres": Catalog(
        statements.POSTGRES_RELATIONS,
        statements.POSTGRES_COLUMNS,
        grant="grant select on all tables in schema pg_catalog to <your role>",
        if_empty=statements.POSTGRES_CLOSED_SCHEMAS,
    ),
    "redshift": Catalog(
        statements.REDSHIFT_RELATIONS,
        statements.REDSHIFT_COLUMNS,
        grant="grant select on all tables in schema pg_catalog to <your role>",
        sizes=statements.REDSHIFT_SIZES,
    ),
    "snowflake": Catalog(
        statements.SNOWFLAKE_RELATIONS,
        statements.SNOWFLAKE_COLUMNS,
        grant="grant usage on database <your database> to role <your role>",
    ),
    "bigquery": Catalog(
        statements.BIGQUERY_RELATIONS,
        statements.BIGQUERY_COLUMNS,
        grant="grant the role roles/bigquery.metadataViewer on the project to your account",
    ),
    "databricks": Catalog(
        statements.DATABRICKS_RELATIONS,
        statements.DATABRICKS_COLUMNS,
        grant="grant use catalog, browse on catalog <your catalog> to <your user>",
    ),
    "trino": Catalog(
        statements.TRINO_RELATIONS,
        statements.TRINO_COLUMNS,
        grant="allow your user to read information_schema of the catalog and system.jdbc and system.metadata",
    ),
}


def list_relations(connection: Connection, kind: str, settings: Mapping[str, Any]) -> list[Relation]:
    """Every table and view this user may read, ordered by schema and name; system schemas left out.

    Args:
        kind: the adapter type.
        settings: the rendered target of the profile.

    Raises:
        WarehouseError: this kind cannot be listed; the metadata may not be read (with the grant that is
            missing); or there are schemas, but all of them are closed to this user.
    """
    if kind == "spark" or (kind == "databricks" and settings.get("catalog") in (None, "hive_metastore")):
        return spark.list_relations(connection)
    catalog = CATALOGS.get(kind)
    if catalog is None:
        raise WarehouseError(
            f"what a warehouse of type '{kind}' holds cannot be listed by this version",
            hint=f"it reads duckdb, spark, {', '.join(sorted(CATALOGS))}; choose another --target",
        )
    try:
        columns = _columns(connection.rows(_in_region(catalog.columns, kind, settings)))
        found = connection.rows(_in_region(catalog.relations, kind, settings))
    except AccessDenied as error:
        raise AccessDenied(
            f"this user may not read which tables there are: {error.message}", hint=catalog.grant
        ) from error
    if not found and catalog.if_empty:
        _raise_if_closed([str(name) for (name,) in connection.rows(catalog.if_empty)])
    sizes = _sizes(connection, catalog)
    return [_relation(row, columns, sizes) for row in found]


def _columns(rows: list[tuple[Any, ...]]) -> dict[tuple[str, str], list[Column]]:
    found: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, data_type, nullable, comment in rows:
        column = Column(name, data_type, nullable=bool(nullable), description=comment or "")
        found.setdefault((schema, table), []).append(column)
    return found


def _sizes(connection: Connection, catalog: Catalog) -> dict[tuple[str, str], tuple[Any, Any]]:
    if not catalog.sizes:
        return {}
    try:
        return {(schema, table): (rows, size) for schema, table, rows, size in connection.rows(catalog.sizes)}
    except AccessDenied:
        return {}


def _relation(
    row: tuple[Any, ...],
    columns: dict[tuple[str, str], list[Column]],
    sizes: dict[tuple[str, str], tuple[Any, Any]],
) -> Relation:
    database, schema, name, kind, comment, rows, size, version, *partition = row
    rows, size = sizes.get((schema, name), (rows, size))
    partitioned_by, needs_filter = partition or (None, False)
    return Relation(
        schema=schema,
        name=name,
        columns=tuple(columns.get((schema, name), ())),
        database=database or "",
        kind=kind,
        description=comment or "",
        row_count=None if rows is None else int(rows),
        size_bytes=None if size is None else int(size),
        version="" if version is None else str(version),
        partitioned_by=partitioned_by or "",
        requires_partition_filter=bool(needs_filter),
    )


def _raise_if_closed(schemas: list[str]) -> None:
    if schemas:
        shown = ", ".join(schemas[:5]) + (", …" if len(schemas) > 5 else "")
        raise AccessDenied(
            f"this user may not look into any schema that holds tables: {shown}",
            hint=f"grant usage on schema {schemas[0]} to <your role>;"
            f" grant select on all tables in schema {schemas[0]} to <your role>",
        )


def _in_region(sql: str, kind: str, settings: Mapping[str, Any]) -> str:
    """The statement with the profile's region where BigQuery needs one."""
    if kind != "bigquery":
        return sql
    location = str(settings.get("location") or "us").lower()
    if not _REGION.match(location):
        raise ProfileError(f"'{location}' is no location of BigQuery", hint="e.g. location: EU")
    return sql.replace("profile_region", f"region-{location}")
