"""Files of embedding models that can be made again, kept for all projects of a user."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from aidbt.core.config import user_cache_dir


def cache_path(name: str) -> Path | None:
    """Where the file of that name is kept, whether it is there or not; None for a user without a home."""
    folder = user_cache_dir()
    return folder / "embeddings" / name if folder else None


def write_whole(path: Path, data: bytes) -> bool:
    """Write a file so that others see all of it or nothing; two processes may write it at once.

    Returns:
        Whether it was written: a full disk or a read-only folder costs time at the next run, nothing else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        return False
    return True
