"""A part of a file that others still need, and that was taken out by mistake, comes back: the entry of a
source or of one of its tables, a macro."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.diagnosis.symptoms import symptom_of
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import FileChange
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.restored_file import read_no_more, still_read
from aidbt.project.manifest import Node

NAME = "restored_part"
_YAML = (".yml", ".yaml")


class RestoredPart:
    """For a source's table, a source or a macro that was taken out of a file while others read it."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Its lines of the last good run, where nothing else in the commit says that they should go."""
        if diagnosis.error_class.family != "CODE" or not case.code.is_since_good:
            return Declined(NAME, "nothing that others need was taken out", is_concerned=False)
        token = diagnosis.facts.get("token", "")
        node = _source(diagnosis, case)
        for change in case.code.files:
            now = tools.text(change.path)
            if change.before is None or now is None or now == change.before or not token:
                continue
            after = _with_part(change.before, now, token, node if node and node.path == change.path else None)
            if not after:
                continue
            meant = read_no_more(change.path, token, case) or _takes_its_place(change, token, case)
            patch = Patch((_edit(change, now, after, token),), f"{token} is needed")
            return Declined(NAME, meant, draft=patch) if meant else _mend(patch, token, change, node, case)
        return Declined(NAME, "nothing that others need was taken out", is_concerned=False)


def _edit(change: FileChange, now: str, after: str, token: str) -> FileEdit:
    return FileEdit(change.path, digest(now), after, f"{token} is read by others", undo=now)


def _mend(patch: Patch, token: str, change: FileChange, node: Node | None, case: Case) -> Mend:
    gone = Checked(True, f"its lines of the last good state stand in {change.path} again, all else as it is")
    return Mend(
        NAME,
        f"Bring {token} back in {change.path}",
        patch=patch,
        claims=(
            Claim(f"{token} is as it was at the last good run", lambda: gone),
            Claim(f"others need {token}", lambda: _needed(token, change, node, case)),
        ),
        risk=Risk.LOW,
        restores=True,
    )


def _source(diagnosis: Diagnosis, case: Case) -> Node | None:
    """The source table of the last good run that the messages miss."""
    good = case.good_manifest
    for failure in diagnosis.failures if good is not None else ():
        symptom = symptom_of(failure.message)
        if symptom.what == "missing_source" and good is not None:
            named = (n for n in good.sources.values() if f"{n.source_name}.{n.name}" == symptom.name)
            return next(named, None)
    return None


def _with_part(before: str, now: str, token: str, node: Node | None) -> str:
    """The text with what was taken out of it; "" where it was not, or not alone."""
    if node is not None:
        return next((text for text in _put_back(before, now) if _is_right_yaml(before, now, text, node)), "")
    block = re.compile(
        rf"\{{%[-+]?\s*macro\s+{re.escape(token)}\s*\(.*?\{{%[-+]?\s*endmacro\s*[-+]?%\}}", re.DOTALL
    )
    was = block.search(before)
    if was is None or re.search(rf"macro\s+{re.escape(token)}\s*\(", now):
        return ""
    for text in _put_back(before, now):
        there = block.search(text)
        if there is not None and there[0] == was[0] and _macros(text) == {*_macros(now), token}:
            return text
    return ""


def _put_back(before: str, now: str) -> Iterator[str]:
    """The text with one run of lines that were taken out of it, before or behind what stands there now."""
    old, new = before.splitlines(keepends=True), now.splitlines(keepends=True)
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for place in dict.fromkeys((j, j_end)) if tag in ("delete", "replace") else ():
            yield "".join([*new[:place], *old[i:i_end], *new[place:]])


def _macros(text: str) -> set[str]:
    return set(re.findall(r"\{%[-+]?\s*macro\s+(\w+)\s*\(", text))


def _is_right_yaml(before: str, now: str, text: str, node: Node) -> bool:
    """Whether a text says what it says now, and of the source table what it said before; nothing else."""
    was, there, after = (_sources(one, node.path) for one in (before, now, text))
    own = was.get(node.source_name)
    if own is None or after == there or _rest(now, node.path) != _rest(text, node.path):
        return False
    kept = there.get(node.source_name)
    if kept is not None and node.name in kept["tables"]:
        return False
    tables = own["tables"] if kept is None else {**kept["tables"], node.name: own["tables"].get(node.name)}
    return after == {**there, node.source_name: {**(kept or own), "tables": tables}}


def _sources(text: str, path: str) -> dict[str, dict[str, Any]]:
    """Name of a source → what is said of it, its tables by their names; {} where that cannot be read."""
    try:
        value = parse_yaml(text, path, repeated_keys=True)
    except SettingsError:
        return {}
    entries = (value.get("sources") or ()) if isinstance(value, dict) else ()
    listed = [entry for entry in entries if isinstance(entry, dict)]
    return {
        str(entry.get("name")): {
            **entry,
            "tables": {str(t.get("name")): t for t in entry.get("tables") or () if isinstance(t, dict)},
        }
        for entry in listed
    }


def _rest(text: str, path: str) -> object:
    try:
        value = parse_yaml(text, path, repeated_keys=True)
    except SettingsError:
        return None
    return (
        {key: said for key, said in value.items() if key != "sources"} if isinstance(value, dict) else value
    )


def _takes_its_place(change: FileChange, token: str, case: Case) -> str:
    """The macro that came into the file instead or that a package has, or the table of a source, there or
    under its name elsewhere; "" for none."""
    manifest = case.good_manifest
    macros = (manifest.raw.get("macros") or {}).values() if manifest is not None else ()
    own = (case.project, "dbt", f"dbt_{case.adapter}")
    for one in macros if token in _macros(change.before or "") else ():
        if one.get("name") == token and one.get("package_name") not in own:
            return f"{one.get('package_name')} has a macro {token} too: it may be the one that is meant"
    new_macros = _macros(change.after or "") - _macros(change.before or "")
    if new_macros and token in _macros(change.before or ""):
        return f"{min(new_macros)} is new in {change.path}: it looks as if it took its place"
    for other in case.code.files:
        if not other.path.endswith(_YAML):
            continue
        was, there = (_sources(text or "", other.path) for text in (other.before, other.after))
        for source, said in there.items():
            known = was.get(source, {"tables": {}})["tables"]
            new = {name: one for name, one in said["tables"].items() if name not in known}
            named = [n for n, one in new.items() if token in (n, one.get("identifier"))]
            came = named or (list(new) if other.path == change.path else [])
            if came:
                return f"{came[0]} is new in {other.path}: it looks as if it took its place"
    return ""


def _needed(token: str, change: FileChange, node: Node | None, case: Case) -> Checked:
    """Whether nodes that are still there read it at the last good run."""
    manifest = case.good_manifest
    if manifest is None:
        return Checked(False, "no good run is remembered")
    macros = manifest.raw.get("macros") or {}
    made = {name for name, one in macros.items()
            if one.get("name") == token and one.get("original_file_path") == change.path}  # fmt: skip
    made |= {node.unique_id} if node is not None else set()
    return still_read(made, case)
