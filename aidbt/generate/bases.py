"""The texts that were generated before, by their digest: the bases of three-way merges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aidbt.patching.git import blob_text
from aidbt.store import Store

_KIND = "base"


class Bases:
    """What was generated, from the store of this clone, else from git's objects.

    Args:
        open_store: opens the store when it is needed first.
    """

    def __init__(self, open_store: Callable[[], Store], root: Path) -> None:
        self._open_store = open_store
        self._root = root

    def get(self, digest: str) -> str | None:
        """The text with that git blob id, or None when nobody has it any more."""
        record = self._open_store().get(_KIND, digest)
        return str(record.value) if record else blob_text(self._root, digest)

    def put(self, texts: dict[str, str]) -> None:
        """Remember texts by their digests."""
        if texts:
            self._open_store().put_all(_KIND, texts)
