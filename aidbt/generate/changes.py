"""What becomes of the generated files of one run, gathered one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from aidbt.core.patch import FileEdit, digest, read_or_none
from aidbt.generate.compare import WRITES, Compared, Desired, compare, place_of
from aidbt.generate.files import Entry, Rendering, property_file
from aidbt.generate.lock import Lock
from aidbt.generate.shared import splice_entries
from aidbt.project.declared import Declared

# A proposal for a file that people share with us must not be taken for the whole of it.
_ENTRIES_ONLY = "# Entries for {path}: they belong into that file, not in its place.\n"


class GeneratedFiles:
    """What becomes of the generated files, gathered one after the other."""

    def __init__(
        self,
        root: Path,
        lock: Lock,
        here: Declared,
        base: Callable[[str], str | None],
        *,
        upgrade: bool,
        restore: bool,
    ) -> None:
        self._root, self._old, self._here, self._base = root, lock, here, base
        self._upgrade, self._restore = upgrade, restore
        self._files = dict(lock.files)
        self._entries = {path: dict(found) for path, found in lock.entries.items()}
        self._sources = set(lock.sources)
        self.compared: dict[str, Compared] = {}
        self.splices: list[FileEdit] = []
        self._entries_alone: dict[str, str] = {}
        self.proposals: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.bases: dict[str, str] = {}

    def add_file(self, desired: Desired, *, is_needed: bool = False) -> None:
        """Compare a file that holds SQL: a model, a macro.

        Args:
            is_needed: whether it is written again when somebody removed it, because another file needs it.
        """
        self._compare(desired, restore=self._restore or is_needed)

    def is_deleted(self, path: str) -> bool:
        """Whether a model that was written is not there any more, nor written again now."""
        found = self.compared.get(path)
        if found is not None:
            return found.state == "deleted"
        place = place_of(path, self._root, self._old.files, self._here.files)
        return path in self._old.files and not (self._root / place).exists()

    def add_properties(self, path: str, entries: list[Entry], options: Rendering) -> None:
        """Compare a property file: as a whole where it is ours, entry by entry where it is not."""
        text = property_file(entries, options)
        before = read_or_none(self._root / path)
        is_ours = path in self._old.files or before is None or before.replace("\r\n", "\n") == text
        if not is_ours and before is not None:
            self._splice(path, before, entries, options)
            return
        held = [entry.name for entry in entries if self._waits(entry)]
        decided = _joined(entry.decided for entry in entries)
        found = self._compare(Desired(path, text, decided), hold=bool(held))
        if found.lock is not None:
            pairs = {e.name.removeprefix("source ") for e in entries if e.head is not None}
            self._sources |= pairs

    def _compare(self, desired: Desired, *, hold: bool = False, restore: bool | None = None) -> Compared:
        place = place_of(desired.path, self._root, self._old.files, self._here.files)
        known = self._old.files.get(place) or self._files.pop(desired.path, None)
        desired = replace(desired, path=place)
        restore = self._restore if restore is None else restore
        found = compare(desired, self._root, known, self._base, upgrade=self._upgrade, restore=restore)
        if hold and found.state in ("updated", "merged"):
            # It would document and test what a kept model does not have.
            found = Compared(found.path, "proposal", desired.text, lock=known)
        self.compared[found.path] = found
        if found.lock is not None:
            self._files[found.path] = found.lock
            if found.lock != known:
                self.bases[digest(desired.text)] = desired.text
        if found.state in ("proposal", "conflict") and found.text is not None:
            self.proposals[found.path] = found.text
        return found

    def _waits(self, entry: Entry) -> bool:
        """Whether the SQL of a model waits for a person."""
        model = entry.name.removeprefix("model ")
        return any(
            Path(path).stem == model and found.state in ("proposal", "conflict")
            for path, found in self.compared.items()
        )

    def _splice(self, path: str, before: str, entries: list[Entry], options: Rendering) -> None:
        known = self._old.entries.get(path, {})
        found = splice_entries(before, entries, known, self._base, path=path)
        if found.entries:
            others = {n: lock for n, lock in known.items() if not n.startswith(("model ", "source "))}
            self._entries[path] = others | found.entries
        self.bases |= found.bases
        if found.text != before:
            edit = FileEdit(path, digest(before), found.text, "entries of new models", before)
            self.splices.append(edit)
            self._entries_alone[path] = property_file(entries, options)
        if found.refused:
            refused = {name for name, _ in found.refused}
            wanted = [entry for entry in entries if entry.name in refused]
            self.proposals[path] = _ENTRIES_ONLY.format(path=path) + property_file(wanted, options)
            self.reasons[path] = "; ".join(dict.fromkeys(reason for _, reason in found.refused))

    def edits(self) -> list[FileEdit]:
        """The changes, in the order of their paths."""
        whole = [found.edit for found in self.compared.values() if found.edit is not None]
        return sorted([*whole, *self.splices], key=lambda edit: edit.path)

    def texts(self) -> dict[str, str]:
        """What is written of us, by path: whole files, and our entries without what people wrote."""
        return self._entries_alone | {
            path: found.edit.after
            for path, found in self.compared.items()
            if found.state in WRITES and found.edit and found.edit.after is not None
        }

    def lock(self, *, aidbt: str) -> Lock:
        """What the lock is to say."""
        return Lock(self._files, self._entries, tuple(sorted(self._sources)), aidbt)


def _joined(hashes: Iterable[str]) -> str:
    return digest(" ".join(hashes))[:16]
