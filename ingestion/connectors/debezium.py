"""Debezium's change events in files as a source of changes: `connector: debezium`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from aidbt.core.errors import SourceError, UsageError
from aidbt.core.findings import Finding
from aidbt.core.resilience import Operation
from ingestion.cdc.debezium.retyped import kept_findings
from ingestion.cdc.debezium.settings import DebeziumSettings
from ingestion.cdc.debezium.source import DebeziumChanges
from ingestion.changes import NOTHING_LANDED, ChangeSource, StreamState
from ingestion.records import ConnectorSettings


class DebeziumConnector:
    """Files of Debezium's events, here or in an object store."""

    settings_class: ClassVar[type[ConnectorSettings]] = DebeziumSettings
    operation: ClassVar[Operation] = "files"
    is_streamed: ClassVar[bool] = True
    only_streams: ClassVar[bool] = True

    def __init__(self, settings: Any, root: Path) -> None:
        self.settings = settings
        self._root = root

    def open(self) -> Any:
        """Not for a full load: what a log of changes holds is not the table.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"the source '{self.settings.name}' is a log of changes, not tables",
            hint=f"aidbt ingest cdc {self.settings.name}",
        )

    def streamed_tables(self) -> Sequence[str]:
        """The tables that are wanted, as names or patterns."""
        return self.settings.tables or ("*",)

    def open_changes(self, *, scratch: Path, resnapshot: Sequence[str] = ()) -> ChangeSource:
        """The events of the files.

        Raises:
            SourceUnavailable: the store does not answer now.
            SourceError: there is no file, the store refused, or a snapshot was asked for.
        """
        if resnapshot:
            raise SourceError(
                f"the source '{self.settings.name}' is files: it cannot be asked for a snapshot",
                hint="have Debezium take it (a signal, or snapshot.mode); its rows then come in the files",
            )
        return DebeziumChanges(self.settings, self._root)

    def check_changes(self, state: StreamState = NOTHING_LANDED) -> Sequence[Finding]:
        """What was noticed of columns that have landed; of the files, opening them says it all."""
        return tuple(kept_findings(self.settings, state.parts))
