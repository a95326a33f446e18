"""What the store asks of the database under it, and how its tables come to be there."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from aidbt.core.errors import AidbtError, StoreError

LOCK_WAIT_S = 10.0  # how long one process waits for another by default


class Database(Protocol):
    """One kind of database. A transaction of `engine` sees the store's tables under their bare names.

    Attributes:
        variant: its name in the names of migrations, e.g. "postgresql".
        location: where it is, for people; no password is in it.
    """

    engine: Engine
    variant: str
    location: str

    def version(self, connection: Connection) -> int:
        """The number of the last migration that was applied; 0 for a new store."""
        ...

    def set_version(self, connection: Connection, version: int) -> None:
        """Note the number of the last migration."""
        ...

    def lock(self, connection: Connection, name: str) -> None:
        """Keep out everybody else who locks that name, until this transaction ends."""
        ...

    def make_schema(self, connection: Connection) -> None:
        """Make room for the tables, where there is none."""
        ...

    def now(self, connection: Connection) -> float:
        """Seconds since 1970, by the one clock that all users of the store share."""
        ...

    def translate(self, error: DBAPIError) -> AidbtError:
        """What the driver raised, as our error."""
        ...


def migrate(database: Database) -> None:
    """Apply the migrations that this database has not seen, all in one transaction.

    Raises:
        StoreBusy: another process kept it locked for too long.
        StoreError: a newer aidbt made it, or the database refused.
    """
    migrations = _migrations(database.variant)
    latest = max(migrations)
    try:
        with database.engine.begin() as connection:
            current = database.version(connection)
            if current < latest:
                database.lock(connection, "migration")
                database.make_schema(connection)
                current = database.version(connection)  # another process may just have done it
            if current > latest:
                raise StoreError(
                    f"{database.location} was written by a newer aidbt (schema {current})",
                    hint="upgrade aidbt; the store holds evidence only, so it may also be moved away",
                )
            for number in range(current + 1, latest + 1):
                for statement in migrations[number].read_text(encoding="utf-8").split(";"):
                    if statement.strip():
                        connection.exec_driver_sql(statement)
                database.set_version(connection, number)
    except DBAPIError as error:
        raise database.translate(error) from error


@cache
def _migrations(variant: str) -> dict[int, Traversable]:
    """Number → file: `NNN_what.VARIANT.sql` where a database needs words of its own, else `NNN_what.sql`."""
    found: dict[int, Traversable] = {}
    for item in files("aidbt.store").joinpath("migrations").iterdir():
        name, _, only_for = item.name.removesuffix(".sql").partition(".")
        if item.name.endswith(".sql") and (
            only_for == variant or (not only_for and int(name[:3]) not in found)
        ):
            found[int(name[:3])] = item
    return found
