"""Full loads into DuckDB: a batch and its line in `_aidbt_loads` are one transaction."""

from __future__ import annotations

import threading
from datetime import datetime

from aidbt.core.errors import AidbtError, WarehouseError
from aidbt.warehouse.duckdb import DuckDBConnection
from ingestion.bronze import duckdb_records as records
from ingestion.bronze.base import Batch, Destination, Fence
from ingestion.bronze.duckdb_run import transaction
from ingestion.bronze.duckdb_table import Landing
from ingestion.connectors.base import KnownLoad, Stream


class DuckDBWriter:
    """Lands streams in a DuckDB file: a cursor, and so a transaction, of its own for every batch."""

    def __init__(self, connection: DuckDBConnection) -> None:
        self._raw = connection.raw

    def prepare(self, schema: str) -> None:
        """Make the schema and its tables of loads, positions and dead letters, where they are missing.

        Raises:
            WarehouseError: DuckDB refused.
        """
        with transaction(self._raw) as run:
            records.prepare(run, schema)

    def last_loads(self, schema: str, source: str) -> dict[str, KnownLoad]:
        """The last load of each table of a source, by the source's name of it.

        Raises:
            WarehouseError: DuckDB refused.
        """
        with transaction(self._raw) as run:
            return records.known_loads(run, schema, source)

    def write(
        self,
        stream: Stream,
        to: Destination,
        *,
        now: datetime,
        stop: threading.Event | None = None,
        fence: Fence | None = None,
    ) -> Batch:
        """Land all rows of the stream in one transaction, and list the batch in `_aidbt_loads`.

        Columns that are new are added, columns that the stream lacks stay and are NULL in this batch, and
        types are widened where that changes no value.

        Raises:
            WriteConflict: another transaction was in the way (retryable, with a new stream).
            StaleFence: somebody with a later token has written.
            SourceError: the stream failed (its own error), or uses a name that is reserved for loads.
            ColumnsChanged: a column of the stream has a type that the table's column cannot follow.
            WarehouseError: DuckDB refused, the table is a change log, or what landed is not what was read.
        """
        with transaction(self._raw) as run:
            if fence is not None:
                records.check_fence(run, to.schema, fence)
            landing = Landing(run, to, now=now, is_change_log=False)
            fit = landing.fit(stream.schema, comment=stream.comment)
            try:
                landing.insert(stream.reader(fit.names, stop=stop), fit)
            except AidbtError as error:
                raise (stream.failure or error) from error
            rejected = records.keep_letters(run, to, landing.batch_id, stream.rejected)
            landed = landing.counted()
            if stream.rows_read != landed + rejected:
                raise WarehouseError(
                    f"{to}: {stream.rows_read} rows were read, but {landed} landed and {rejected} were "
                    "rejected; nothing was kept",
                    hint="this is a fault of aidbt or of a driver; please report it",
                )
            load = records.Load(
                to,
                landing.batch_id,
                landing.loaded_at,
                stream.rows_read,
                landed,
                rejected,
                stream.position,
                fit.columns,
            )
            records.record_loads(run, to.schema, [load])
            records.keep_positions(run, to.schema, to.source, {}, fence=fence, now=now)
        return Batch(
            landing.batch_id,
            landing.loaded_at,
            landed,
            rejected,
            renamed=tuple((item["source"], item["name"]) for item in fit.columns if "source" in item),
            schema_changes=tuple(landing.schema_changes),
        )
