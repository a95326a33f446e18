"""What engines mean by their codes: `codes.txt`, read."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from aidbt.core.failures import ErrorClass

# Kinds whose codes say too little to decide before the words have been read.
WEAK = frozenset(("sqlstate", "duckdb", "exception", "http", "google"))


@lru_cache(maxsize=1)
def tables() -> dict[str, dict[str, ErrorClass]]:
    """Kind of code → code → the class of failures that it stands for."""
    found: dict[str, dict[str, ErrorClass]] = {}
    table: dict[str, ErrorClass] = {}
    error_class = ErrorClass.UNCLASSIFIED_ERROR
    for line in (files(__package__) / "codes.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            table = found.setdefault(line[1:].partition("]")[0], {})
            continue
        if not line.startswith(" "):
            name, _, line = line.partition(": ")
            error_class = ErrorClass(name)
        for code in line.split():
            table.setdefault(code, error_class)
    return found
