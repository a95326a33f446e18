"""A file that others still need, and that was deleted by mistake, comes back from git."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator

from aidbt.core.errors import ProjectError
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import FileChange
from aidbt.healing.remedies.remedy import Tools
from aidbt.patching.git import blob_text
from aidbt.project.manifest import Node

NAME = "restored_file"
_MOVED = 0.4  # of its text that stands in a new file: then it was renamed
_READS = re.compile(r"\b(?:ref|source)\s*\([^)]*\)")
_REMOVED = re.compile(r"\b(?:remov|delet|drop|retir|deprecat|obsolete|unused|replac)", re.IGNORECASE)
_MISSING = ("ref", "file", "macro", "source")


class RestoredFile:
    """For a model, seed, macro or source that was deleted while others read it."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The text of the last good run, where nothing else in the commit says that it was meant to go."""
        facts = diagnosis.facts
        if diagnosis.error_class.family != "CODE" or facts.get("what") not in _MISSING:
            return Declined(NAME, "nothing that others need was deleted", is_concerned=False)
        token = facts.get("token", "")
        change = next((c for c in case.code.files if _held(c, token, case)), None)
        if change is None or change.before is None or tools.text(change.path) is not None:
            return Declined(NAME, f"no deleted file held {token or 'what is missing'}", is_concerned=False)
        if not case.code.is_since_good:
            return Declined(NAME, "no good run is remembered, so nobody knows that it belongs there")
        text = change.before
        draft = Patch(
            (FileEdit(change.path, None, text, "it is read by others"),), f"{change.path} is needed"
        )
        meant = _meant_to_go(change, token, case)
        if meant:
            return Declined(NAME, meant, draft=draft)
        kind = facts["what"] if facts["what"] != "file" else "ref"
        return Mend(
            NAME,
            f"Bring {change.path} back",
            patch=draft,
            claims=(
                Claim(f"{change.path} is as git has it", lambda: _in_git(case, text)),
                Claim(f"others need the {kind} {token}", lambda: _needed(case, change, diagnosis)),
                Claim(
                    "nothing else of the change says that it was meant to go",
                    lambda: Checked(True, "so it is"),
                ),
            ),
            risk=Risk.LOW,
            restores=True,
        )


def _held(change: FileChange, token: str, case: Case) -> bool:
    """Whether a deleted file made the node, macro or source of a name."""
    if change.kind != "deleted" or change.before is None or not token:
        return False
    if _node_of(change, case, token) is not None:
        return True
    if re.search(rf"\{{%[-+]?\s*(?:macro|test)\s+{re.escape(token)}\s*\(", change.before):
        return True
    if not change.path.endswith((".yml", ".yaml")) or case.good_manifest is None:
        return False
    sources = case.good_manifest.sources.values()
    return any(node.path == change.path and token in (node.name, node.source_name) for node in sources)


def _node_of(change: FileChange, case: Case, token: str) -> Node | None:
    manifest = case.good_manifest
    nodes = manifest.nodes.values() if manifest is not None else ()
    return next((n for n in nodes if n.path == change.path and n.name == token), None)


def _meant_to_go(change: FileChange, token: str, case: Case) -> str:
    """What else of the change says that the file was meant to go; "" where nothing does."""
    for other in case.code.files:
        if other.path == change.path:
            continue
        new = other.after or ""
        if other.kind == "added" and _likeness(change.before or "", new) >= _MOVED:
            return f"{other.path} is new and much like it: it looks renamed"
        if other.kind == "added" and _takes_its_place(change, other):
            return f"{other.path} is new and reads the same: it looks as if it took its place"
    return read_no_more(change.path, token, case)


def read_no_more(path: str, token: str, case: Case) -> str:
    """That a commit says it removes a name, or another changed file does not mention it any more; "" where
    nothing does."""
    for subject in case.git.subjects:
        if _REMOVED.search(subject) and re.search(rf"\b{re.escape(token)}\b", subject):
            return f"a commit says “{subject.partition(' ')[2]}”: it looks as if it was meant to go"
    for other in case.code.files:
        lines = _taken_out(other) if other.path != path else ()
        if any(re.search(rf"\b{re.escape(token)}\b", line) for line in lines):
            return f"{other.path} mentions {token} no more: it looks as if it was meant to go"
    return ""


def _takes_its_place(gone: FileChange, new: FileChange) -> bool:
    """Whether a new model reads just what a deleted one did, or a new seed has its columns."""
    before, after = gone.before or "", new.after or ""
    if gone.path.endswith(".csv"):
        return new.path.endswith(".csv") and before.partition("\n")[0] == after.partition("\n")[0]
    return bool(_reads(before)) and _reads(before) == _reads(after)


def _reads(text: str | None) -> set[str]:
    """What a model reads, as its text says it."""
    return {re.sub(r"[\s\"']", "", found) for found in _READS.findall(text or "")}


def _taken_out(change: FileChange) -> Iterator[str]:
    """Lines that stood more often in the file than they do now."""
    if change.kind == "added":
        return
    was, now = (
        Counter(line.strip() for line in (text or "").splitlines()) for text in (change.before, change.after)
    )
    yield from (was - now)


def _likeness(one: str, other: str) -> float:
    a, b = one.split(), other.split()
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() if a and b else 0.0


def _in_git(case: Case, text: str) -> Checked:
    try:
        found = blob_text(case.root, digest(text))
    except ProjectError as error:
        return Checked(False, error.message)
    return Checked(found == text, "the same text" if found == text else "git has another text, or none")


def _needed(case: Case, change: FileChange, diagnosis: Diagnosis) -> Checked:
    """Whether nodes that are still there read what the file made at the last good run."""
    manifest = case.good_manifest
    if manifest is None:
        return Checked(False, "no good run is remembered")
    made = {
        n.unique_id for n in (*manifest.nodes.values(), *manifest.sources.values()) if n.path == change.path
    }
    made |= {
        name for name, macro in (manifest.raw.get("macros") or {}).items()
        if macro.get("original_file_path") == change.path
    }  # fmt: skip
    return still_read(made, case)


def still_read(made: Collection[str], case: Case) -> Checked:
    """Whether models that are still there read one of these nodes and macros at the last good run."""
    manifest = case.good_manifest
    gone = {one.path for one in case.code.files if one.kind == "deleted"}
    readers = [
        node.name
        for node in (manifest.nodes.values() if manifest is not None else ())
        if node.path not in gone and node.resource_type in ("model", "snapshot")
        and {*node.depends_on, *((node.raw.get("depends_on") or {}).get("macros") or ())}.intersection(made)
    ]  # fmt: skip
    return Checked(bool(readers), f"{', '.join(readers[:3])} read it" if readers else "nothing reads it")
