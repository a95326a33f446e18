"""Which sources of the project a connector lands: what is late there is late because of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session


def feeds_of(session: Session, manifest: Manifest, connectors: Collection[str]) -> dict[str, str]:
    """unique_id of a source → the connector that lands it, of some connectors ("connector.crm").

    A connector whose settings cannot be read lands where it would by default.
    """
    from aidbt.cli.ingest_sources import configured
    from aidbt.core.errors import AidbtError

    schemas: dict[str, str] = {}
    for connector in connectors:
        name = connector.partition(".")[2]
        try:
            schema = str(configured(session, [name])[0].settings.bronze_schema)
        except AidbtError:
            schema = f"{session.settings.values.ingest.schema_prefix}{name}"
        schemas[schema.casefold()] = connector
    found = ((source.unique_id, source.schema.casefold()) for source in manifest.sources.values())
    return {source: schemas[schema] for source, schema in found if schema in schemas}


def ill_connectors(session: Session) -> frozenset[str]:
    """The connectors of which an incident is open ("connector.crm").

    Raises:
        StoreError: the store cannot be read.
    """
    from aidbt.core.incidents import ALIVE, is_connector
    from aidbt.store.incidents import Incidents

    open_ones = Incidents(session.store).all(states=ALIVE)
    return frozenset(
        one.found.root for one in open_ones if one.found is not None and is_connector(one.found.root)
    )
