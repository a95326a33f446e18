"""`aidbt model --check`: whether the files of kept models follow from what is kept; no warehouse is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from aidbt.core.errors import UnknownName
from aidbt.core.findings import Finding, Severity
from aidbt.generate.english_models.draft import decided_of
from aidbt.generate.english_models.kept import kept_names, read_kept
from aidbt.generate.lock import Lock, read_lock


def check_models(root: Path, names: Sequence[str] = ()) -> tuple[list[str], list[Finding]]:
    """(the models that were looked at, what differs).

    A file that a person edited is theirs and no drift; one that does not follow from the kept reading is.

    Args:
        names: of models; () is all.

    Raises:
        UnknownName: nothing is kept of a model.
        SettingsError: what is kept cannot be read.
    """
    known = kept_names(root)
    for name in names:
        if name not in known:
            raise UnknownName("model from English", name, known)
    lock = read_lock(root)
    chosen = list(names) or known
    return chosen, [finding for name in chosen for finding in _differences(root, name, lock)]


def _differences(root: Path, name: str, lock: Lock) -> list[Finding]:
    kept = read_kept(root, name)
    assert kept is not None
    decided = decided_of(kept)
    own = [path for path in lock.files if PurePosixPath(path).stem == name]
    hint = f"aidbt model --name {name}"
    if not own:
        return [Finding("model.not_written", Severity.ERROR, kept.path, f"it has no files yet; run: {hint}")]
    stale = [path for path in own if lock.files[path].decided != decided]
    gone = [path for path in own if not (root / path).exists()]
    found = [
        Finding("model.stale", Severity.ERROR, path, f"{kept.path} was changed since; run: {hint}")
        for path in stale
    ]
    return found + [
        Finding("model.deleted", Severity.WARN, path, f"it was removed; to have it again: {hint}")
        for path in gone
    ]
