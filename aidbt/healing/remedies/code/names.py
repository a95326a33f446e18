"""The names that the last good state knew: what somebody who mistyped one can have meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aidbt.core.healing import Diagnosis
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.project_names import arguments_of, variables_of
from aidbt.healing.remedies.code.slips import is_plural, nearest_slip
from aidbt.project.files import PROJECT_FILE

_BUILT = ("model", "seed", "snapshot")
_CALLED = re.compile(r"\b([a-z_]\w*)\s*\(", re.IGNORECASE)
_NAMED = re.compile(r"\bas\s+(\w+)", re.IGNORECASE)
_ON_PURPOSE = re.compile(r"\b(renam|spell|misspel|typo)", re.IGNORECASE)
_QUERY = re.compile(r"\b(\w+)\s+as\s*(?:(?:not\s+)?materialized\s*)?\(", re.IGNORECASE)


def names_known(kind: str, diagnosis: Diagnosis, case: Case, text: str = "") -> list[str]:
    """The names of a kind that the last good state had where the failed node reads.

    Args:
        text: of the file with the wrong word: names that it makes itself can be meant too.
    """
    manifest = case.good_manifest
    if manifest is None or case.good is None:
        return []
    if kind == "ref":
        return [node.name for node in manifest.nodes.values() if node.resource_type in _BUILT]
    if kind == "macro":
        macros = (manifest.raw.get("macros") or {}).values()
        return list(dict.fromkeys(str(macro.get("name")).removeprefix("test_") for macro in macros))
    if kind == "source":
        return [name for node in manifest.sources.values() for name in (node.name, node.source_name)]
    if kind == "function":
        texts = (text for path, text in case.good.texts.items() if path.endswith(".sql"))
        return list({name.casefold() for text in texts for name in _CALLED.findall(text)})
    if kind == "argument":
        return arguments_of(manifest, diagnosis.facts.get("macro", ""))
    if kind == "variable":
        return variables_of(case.good.texts.get(PROJECT_FILE, ""))
    if kind == "relation":
        return list(dict.fromkeys(_QUERY.findall(text)))
    node = case.node(diagnosis.facts.get("node", "") or diagnosis.root)
    read = _columns(case, list(node.depends_on) if node is not None else [])
    read += _written_in(case, list(node.depends_on) if node is not None else [])
    return list(dict.fromkeys([*read, *_NAMED.findall(text)])) if read else []


def _columns(case: Case, unique_ids: Sequence[str]) -> list[str]:
    if case.good is None:
        return []
    parents = [case.node(name) for name in unique_ids]
    read = {(p.schema.casefold(), (p.identifier or p.name).casefold()) for p in parents if p is not None}
    relations = [r for r in case.good.relations if (r.schema.casefold(), r.name.casefold()) in read]
    return list(dict.fromkeys(column.name for relation in relations for column in relation.columns))


def _written_in(case: Case, unique_ids: Sequence[str]) -> list[str]:
    """The columns of ephemeral models, which stand nowhere, as the last good run made them."""
    if case.lineage is None:
        return []
    made = [case.lineage.nodes[name] for name in unique_ids if name in case.lineage.nodes]
    ephemeral = [
        n for n in made if (node := case.node(n.unique_id)) and node.config.get("materialized") == "ephemeral"
    ]
    return [column.name for node in ephemeral for column in node.columns]


def all_names(case: Case) -> list[str]:
    """The names of all models, sources and columns of the last good state: words that people use there."""
    manifest, good = case.good_manifest, case.good
    found = (
        [node.name for node in manifest.nodes.values() if node.resource_type in _BUILT] if manifest else []
    )
    found += [node.name for node in manifest.sources.values()] if manifest else []
    relations = good.relations if good is not None else ()
    return found + [column.name for relation in relations for column in relation.columns]


def renamed_on_purpose(now: str, then: str, path: str, case: Case) -> str:
    """Why a new name of something may well be meant, and no slip of the hand; "" where nothing says so."""
    others = [c for c in case.code.files if c.path != path and c.kind != "deleted"]
    used = next((c.path for c in others if _has(c.after or "", now)), "")
    if used:
        return f"{used} uses {now}: it looks as if {then} was renamed on purpose"
    said = next((line for line in case.git.subjects if _ON_PURPOSE.search(line) or _has(line, now)), "")
    if said:
        return f"a commit says “{said.partition(' ')[2]}”: it looks as if {then} was renamed on purpose"
    if is_plural(now, then) or nearest_slip(now, [then], vocabulary=all_names(case)) is None:
        return f"{then} is called {now} now: whether that was meant is a person's"
    return ""


def _has(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None
