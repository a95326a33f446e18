"""What a warehouse can do for aidbt. Implementations open a connection per use and close it after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from aidbt.core.errors import StatementRefused
from aidbt.core.schema import Relation, TableProfile

OnRefused = Callable[[Relation, StatementRefused], None]


class Connection(Protocol):
    """An open connection, valid inside its `with` block only.

    Attributes:
        dialect: sqlglot's name of the SQL it understands, e.g. "postgres"; what `dialects.render` takes.
    """

    dialect: str

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query.

        Raises:
            WarehouseError: the warehouse refused it.
        """
        ...


class Warehouse(Protocol):
    """A warehouse that dbt builds into.

    Attributes:
        dialect: sqlglot's name of its SQL, e.g. "duckdb".
        schema: the schema dbt builds into.
    """

    dialect: str
    schema: str

    def connect(self, *, read_only: bool = True) -> AbstractContextManager[Connection]:
        """An open connection; the file or session is released when the block ends.

        Raises:
            WarehouseLocked: another process holds it.
            WarehouseError: it cannot be opened.
        """
        ...

    def relations(self) -> list[Relation]:
        """Every table and view with its columns, ordered by schema and name; system schemas left out."""
        ...

    def profile(
        self, relations: Sequence[Relation], *, sample_rows: int, on_refused: OnRefused | None = None
    ) -> Iterator[TableProfile]:
        """What each table holds, one after the other: one scan each, plus a block sample of about
        `sample_rows` rows.

        Args:
            on_refused: told of a relation that the warehouse does not let be read, and why, when it is that
                one's turn; it is then left out. None ends the profiling with the error.
        """
        ...
