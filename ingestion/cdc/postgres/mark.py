"""What is kept of a table beside its changes, in the transaction that lands them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.cdc.postgres.tables import KnownColumn, Storage
from ingestion.cdc.postgres.versions import TableVersion


@dataclass(frozen=True, slots=True)
class Mark:
    """What is kept of a table.

    Attributes:
        snapshot: the position of its complete snapshot, below which its commits are skipped; None while
            there is none.
        columns: as published at the last version.
        last: the position of its last row in bronze.
        member: the publication and its entry for the table, by oid.
        backfill: columns whose older values have not been fetched yet.
        former: names under which bronze holds values of another column or type, out of which NULL has to be
            fetched too.
        as_text: the setting under which its columns landed, as patterns of table.column.
        storage: by which it is seen that the table was rewritten; None of one kept by an older version.
    """

    snapshot: int | None = None
    oid: int = 0
    columns: tuple[KnownColumn, ...] = ()
    key: tuple[str, ...] = ()
    version: int = 0
    last: int = 0
    member: tuple[int, int] = (0, 0)
    backfill: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    as_text: tuple[str, ...] = ()
    storage: Storage | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Mark:
        """What was kept."""
        if value["snapshot"] is None:
            return cls(None, version=value["version"])
        return cls(
            snapshot=value["snapshot"],
            oid=value["oid"],
            columns=tuple(KnownColumn(*column) for column in value["columns"]),
            key=tuple(value["key"]),
            version=value["version"],
            last=value["last"],
            member=(value["publication"][0], value["publication"][1]),
            backfill=tuple(value["backfill"]),
            former=tuple(value.get("former", ())),
            as_text=tuple(value.get("as_text", ())),
            storage=Storage(value["storage"][0], dict(value["storage"][1])) if "storage" in value else None,
        )

    def to_json(self) -> dict[str, Any]:
        """What is kept."""
        if self.snapshot is None:
            return {"snapshot": None, "version": self.version}
        kept: dict[str, Any] = {
            "snapshot": self.snapshot,
            "oid": self.oid,
            "columns": [[c.number, c.name, c.type_oid, c.typmod] for c in self.columns],
            "key": list(self.key),
            "version": self.version,
            "last": self.last,
            "publication": list(self.member),
            "backfill": list(self.backfill),
            "former": list(self.former),
            "as_text": list(self.as_text),
        }
        if self.storage is not None:
            columns = sorted(self.storage.columns.items())
            kept["storage"] = [self.storage.files, [list(column) for column in columns]]
        return kept

    def table_version(self) -> TableVersion:
        """The version from which the decoder counts on."""
        columns = tuple(
            RelationColumn(c.name, c.type_oid, c.typmod, is_identity=c.name in self.key) for c in self.columns
        )
        return TableVersion(self.version, columns, self.key)
