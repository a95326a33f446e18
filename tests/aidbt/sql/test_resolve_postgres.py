"""Names and types of what queries give, compared with what PostgreSQL says of them itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.schema import Column
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation
from tests.kit import PostgresServer, ServerMissing, postgres_server

CORPUS = Path(__file__).parents[2] / "golden" / "resolve" / "postgres"
_COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attnum > 0 and c.relnamespace = 'public'::regnamespace order by c.relname, a.attnum;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        with postgres_server() as running:
            yield running
    except ServerMissing as error:
        pytest.skip(str(error))


def queries() -> list[str]:
    lines = (CORPUS / "queries.sql").read_text().splitlines()
    return [line.removesuffix(";") for line in lines if line and not line.startswith("--")]


def described(server: PostgresServer, listed: list[str]) -> list[list[list[str]]]:
    """(name, type) of the columns of each query, which psql asks the server for without running it."""
    answer = server.psql("".join(f"{query} \\gdesc\n\\echo\n" for query in listed))
    return [
        [line.split("\t") for line in block.splitlines()]
        for block in f"{answer}\n".split("\n\n")[: len(listed)]
    ]


def known_relations(server: PostgresServer) -> RelationIndex:
    """The tables of the server as its catalog describes them."""
    columns: dict[str, list[Column]] = {}
    for line in server.psql(_COLUMNS).splitlines():
        table, name, kind, is_required = line.split("\t")
        columns.setdefault(table, []).append(Column(name, kind, is_required != "t"))
    entries = [("", "public", name, KnownRelation(name, tuple(own))) for name, own in columns.items()]
    return RelationIndex(entries, "postgres")


@pytest.mark.long
def test_names_are_those_of_postgresql_and_types_are_too_or_unknown(server: PostgresServer):
    server.psql((CORPUS / "tables.sql").read_text())
    relations = known_relations(server)
    wrong, unknown, total = [], 0, 0
    for query, seen in zip(queries(), described(server, queries()), strict=True):
        tree = parse_sql(query, "postgres").tree
        assert tree is not None, query
        found = resolve(tree, relations, "postgres", text=query)
        assert [problem.message for problem in found.problems] == [], query
        assert [column.name for column in found.columns] == [name for name, _ in seen], query
        for column, (_, kind) in zip(found.columns, seen, strict=True):
            total += 1
            unknown += column.data_type == ""
            if column.data_type not in ("", kind):
                wrong.append((query, column.name, column.data_type, kind))

    assert wrong == []
    assert unknown / total < 0.05
