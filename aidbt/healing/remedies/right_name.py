"""A name that does not exist becomes the one that was meant: one word of one file, all else stays."""

from __future__ import annotations

import difflib
import re

from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest, read_or_none
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import replaced_words
from aidbt.healing.remedies.remedy import Tools

NAME = "right_name"
_KINDS = ("ref", "source", "macro", "column")
_BUILT = ("model", "seed", "snapshot")
_CLOSE = 0.75  # how alike two names are that are one with a typo, 0..1
_SHORT = 5  # letters; in a shorter name one slip is all that is believed
_MARGIN = 0.05  # by how much the next best has to be less alike


class RightName:
    """For a typo in a ref, a source, a macro or a column."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """One edit of one word, where the last good state knows exactly one name that was meant."""
        kind, token = diagnosis.facts.get("what", ""), diagnosis.facts.get("token", "")
        meant, path = diagnosis.facts.get("replacement", ""), diagnosis.facts.get("file", "")
        if kind not in _KINDS or not token or not path:
            return Declined(NAME, "the failure is not about a name that does not exist")
        if not meant:
            return Declined(NAME, f"no known {kind} is so like '{token}' that only it can be meant")
        content = read_or_none(case.root / path)
        if content is None:
            return Declined(NAME, f"{path} is gone")
        places = list(re.finditer(rf"(?<!\w){re.escape(token)}(?!\w)", content))
        if len(places) != 1:
            return Declined(NAME, f"'{token}' stands {len(places)} times in {path}, not once")
        start, end = places[0].span()
        after = content[:start] + meant + content[end:]
        edit = FileEdit(path, digest(content), after, f"{token} → {meant}", undo=content)
        known = names_known(kind, diagnosis, case)
        return Mend(
            NAME,
            f"Write {meant} instead of {token} in {path}",
            patch=Patch((edit,), f"there is no {kind} {token}"),
            claims=(
                Claim(f"there was no {kind} '{token}' at the last good run", lambda: _absent(token, known)),
                Claim(f"'{token}' is '{meant}' mistyped", lambda: _mistyped(token, meant)),
                Claim(
                    f"of the names of then only '{meant}' can be meant",
                    lambda: _only_one(token, meant, known, case, path),
                ),
            ),
            risk=Risk.LOW,
        )


def names_known(kind: str, diagnosis: Diagnosis, case: Case) -> list[str]:
    """The names of a kind that the last good state had where the failed node reads."""
    manifest = case.good_manifest
    if manifest is None or case.good is None:
        return []
    if kind == "ref":
        return [node.name for node in manifest.nodes.values() if node.resource_type in _BUILT]
    if kind == "macro":
        return [str(macro.get("name")) for macro in (manifest.raw.get("macros") or {}).values()]
    if kind == "source":
        return [name for node in manifest.sources.values() for name in (node.name, node.source_name)]
    node = case.node(diagnosis.facts.get("node", "") or diagnosis.root)
    parents = [case.node(name) for name in (node.depends_on if node is not None else ())]
    read = {(p.schema.casefold(), (p.identifier or p.name).casefold()) for p in parents if p is not None}
    relations = [r for r in case.good.relations if (r.schema.casefold(), r.name.casefold()) in read]
    return [column.name for relation in relations for column in relation.columns]


def _absent(token: str, known: list[str]) -> Checked:
    if not known:
        return Checked(False, "no good run is remembered")
    return Checked(token.casefold() not in {name.casefold() for name in known}, f"{len(known):,} names known")


def _mistyped(token: str, meant: str) -> Checked:
    """Whether one word is the other with a slip of the hand. `orders_v3` and `amount_net` are none: somebody
    meant something that is not there yet."""
    slips = _slips(token.casefold(), meant.casefold())
    allowed = 1 if min(len(token), len(meant)) < _SHORT else 2
    if [c for c in token if c.isdigit()] != [c for c in meant if c.isdigit()]:
        return Checked(False, "their numbers differ")
    return Checked(slips <= allowed, f"{slips} letter{'s' if slips != 1 else ''} differ{'s' * (slips == 1)}")


def _slips(one: str, other: str) -> int:
    """Letters put in, left out, replaced, or swapped with their neighbour: the optimal string alignment
    distance (Damerau, "A technique for computer detection and correction of spelling errors", 1964)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, one[i - 2]) == (other[j - 2], b):
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


def _only_one(token: str, meant: str, known: list[str], case: Case, path: str) -> Checked:
    """Whether one name stands out: it stood in that very place before, or nothing else is nearly as like."""
    folded = {name.casefold() for name in known}
    if meant.casefold() not in folded:
        return Checked(False, f"'{meant}' was not there either")
    change = case.code.of(path)
    stood = {old.casefold() for old, _ in replaced_words(change, [token])} if change is not None else set()
    if stood == {meant.casefold()}:
        return Checked(True, f"'{meant}' stood in its place before")
    alike = sorted(((_likeness(token, name), name) for name in folded), reverse=True)
    best, name = alike[0]
    second = alike[1][0] if len(alike) > 1 else 0.0
    if name != meant.casefold() or best < _CLOSE:
        return Checked(False, f"'{name}' is the most like it, {best:.2f} of 1")
    if second > best - _MARGIN:
        return Checked(False, f"'{alike[1][1]}' is as like it as '{name}'")
    return Checked(True, f"'{name}' is {best:.2f} alike, the next one {second:.2f}")


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()
