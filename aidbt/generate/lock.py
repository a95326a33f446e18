"""`aidbt/generated.lock`: which files were generated, with the hash of what was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.core.patch import digest, read_or_none

LOCK_FILE = "aidbt/generated.lock"
_HEAD = """\
# Written by aidbt: which files it generated, and the git blob id of what it wrote. Commit this file.
version: 1
files:
"""


@dataclass(frozen=True, slots=True)
class Lock:
    """What was generated.

    Attributes:
        files: path relative to the project → digest of the text that was written.
        digest: of the lock file as read; None when there is none.
    """

    files: dict[str, str]
    digest: str | None = None


def read_lock(project_dir: Path) -> Lock:
    """The project's lock; empty when nothing was generated yet.

    Raises:
        SettingsError: it is not as aidbt wrote it, for example in a merge conflict.
    """
    text = read_or_none(project_dir / LOCK_FILE)
    if text is None:
        return Lock({})
    hint = f"take either side of {LOCK_FILE}, then run: aidbt generate"
    try:
        content = parse_yaml(text, LOCK_FILE)
    except SettingsError as error:
        raise SettingsError(error.message, hint=hint) from error
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(content, dict) or content.get("version") != 1 or not isinstance(files, dict | None):
        raise SettingsError("not a lock file of this version of aidbt", path=LOCK_FILE, hint=hint)
    return Lock({str(path): str(blob) for path, blob in (files or {}).items()}, digest(text))


def lock_text(files: dict[str, str]) -> str:
    """The text of a lock file, sorted by path."""
    from aidbt.mapping.files import flow

    return _HEAD + "".join(f"  {flow(path)}: '{blob}'\n" for path, blob in sorted(files.items()))
