"""SQL to validate: queries on a small shop, honest queries of many dialects, attacks (see README.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from aidbt.core.schema import Column
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation

FOLDER = Path(__file__).parent
# What no two rows of a table of the shop share.
KEYS = {
    "customers": ("customer_id",),
    "stores": ("store_id",),
    "products": ("product_id",),
    "orders": ("order_id",),
    "order_items": ("order_id", "line_number"),
    "payments": ("payment_id",),
    "events": ("event_id",),
}
_COLUMNS = """
select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal
order by table_name, column_index
"""


def texts(kind: str, dialect: str, *, for_engine: bool = False) -> list[str]:
    """The texts of one file, those below the line that only an engine can stop or those above it.

    Args:
        kind: "honest" or "attacks".
    """
    above, _, below = (FOLDER / kind / f"{dialect}.sql").read_text().partition("-- engine\n")
    return [text.strip() for text in (below if for_engine else above).split("\n\n") if text.strip()]


def cases(kind: str) -> Iterator[tuple[str, str]]:
    """(dialect, text) of every text of a kind that needs no engine."""
    for file in sorted((FOLDER / kind).glob("*.sql")):
        yield from ((file.stem, text) for text in texts(kind, file.stem))


def shop_queries() -> dict[str, str]:
    """The queries on the shop, by name."""
    return {file.stem: file.read_text() for file in sorted((FOLDER / "shop").glob("*.sql"))}


def make_shop(path: Path) -> RelationIndex:
    """A file of DuckDB with the tables of the shop, and what is known of them."""
    with duckdb.connect(str(path)) as connection:
        connection.execute((FOLDER / "shop.sql").read_text())
    return known_relations(path, columns_of(path), KEYS)


def columns_of(path: Path) -> dict[tuple[str, str], list[Column]]:
    """(schema, table) → the columns that a file of DuckDB has."""
    columns: dict[tuple[str, str], list[Column]] = defaultdict(list)
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table, name, data_type in connection.execute(_COLUMNS).fetchall():
            columns[schema, table].append(Column(name, data_type))
    return columns


def known_relations(
    path: Path, columns: Mapping[tuple[str, str], list[Column]], keys: Mapping[str, tuple[str, ...]]
) -> RelationIndex:
    """What a query on a file of DuckDB may read."""
    return RelationIndex(
        [
            (
                path.stem,
                schema,
                table,
                KnownRelation(
                    f"{schema}.{table}", tuple(found), unique=(keys[table],) if table in keys else ()
                ),
            )
            for (schema, table), found in columns.items()
        ],
        "duckdb",
    )
