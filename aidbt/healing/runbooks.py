"""What people wrote down for a class of failures: a page of the project, or a link of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aidbt.core.failures import ErrorClass

RUNBOOKS = "aidbt/runbooks"


def runbook_of(root: Path, links: Mapping[str, str], error_class: ErrorClass) -> str:
    """A path relative to the project, or a link; "" where there is none. The class counts before its family.

    Args:
        links: class or family → link (`heal.runbooks`).
    """
    for name in (error_class.value, error_class.family):
        path = f"{RUNBOOKS}/{name.casefold().replace('/', '.')}.md"
        if (root / path).is_file():
            return path
        if name in links:
            return links[name]
    return ""
