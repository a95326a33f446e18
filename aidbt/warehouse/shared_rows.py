"""Some rows of a table, chosen by the hash of a key, so that two tables with that key give the same rows.

Which rows they are follows from the key's values alone: whoever asks again gets the same ones, and no value
of one table has to be sent to find its row in the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.core.schema import Column, Relation, TableProfile
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import can_render
from aidbt.warehouse.rows import as_text, number, rows_of
from aidbt.warehouse.sampling import TEXT, affordable_rows


def shared_rows(
    connection: Connection,
    relation: Relation,
    profile: TableProfile,
    names: Sequence[str],
    *,
    by: str,
    one_in: int,
    limit: int,
) -> list[dict[str, str | None]]:
    """The rows whose key falls into one of `one_in` parts by its hash, as texts by column, in its order.

    Of append-only bronze those of the latest complete batch. Columns of nested types are left out, and
    there are fewer rows than `limit` where they are wide. None of a warehouse whose SQL is not known.

    Args:
        profile: of the relation; it tells how long its texts are.
        by: the key: two tables in which it has the same values as text give the same rows of them.
        one_in: 1 takes all rows, as far as the limit lets them.

    Raises:
        WarehouseError: the warehouse refused it.
    """
    wanted = [column for name in names if (column := relation.column(name)) and _is_scalar(column)]
    hashed = exp.Anonymous(this="hash", expressions=[exp.cast(exp.column(by, quoted=True), TEXT)])
    if not wanted or not can_render(hashed, connection.dialect):
        return []
    rows = rows_of(connection, relation)
    query = rows.select(*[as_text(relation, column.name, rows.dialect) for column in wanted])
    if one_in > 1:
        part = exp.Mod(this=hashed, expression=number(one_in))
        query = query.where(part.eq(number(0)), copy=False)
    lengths = [p.mean_length for column in wanted if (p := profile.column(column.name)) is not None]
    most = affordable_rows(len(wanted), lengths, limit)
    query = query.order_by(hashed.copy(), copy=False).limit(number(most), copy=False)
    return [
        {c.name: None if value is None else str(value) for c, value in zip(wanted, row, strict=True)}
        for row in rows.fetch(query)
    ]


def _is_scalar(column: Column) -> bool:
    return type_family(column.data_type) != "other"
