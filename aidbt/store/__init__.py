"""aidbt's own state: evidence that can be lost without losing a decision."""

from aidbt.store.cache import Cache
from aidbt.store.db import (
    Record,
    Store,
    open_configured_store,
    open_shared_store,
    open_store,
    store_location,
)

__all__ = [
    "Cache",
    "Record",
    "Store",
    "open_configured_store",
    "open_shared_store",
    "open_store",
    "store_location",
]
