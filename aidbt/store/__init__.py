"""aidbt's own state: evidence that can be lost without losing a decision."""

from aidbt.store.cache import Cache
from aidbt.store.db import Record, Store, open_store

__all__ = ["Cache", "Record", "Store", "open_store"]
