"""What every part of diagnosis uses: putting a diagnosis together, and looking around in a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from aidbt.core.failures import Classified, ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.core.measured import node_name
from aidbt.healing.diagnosis.symptoms import symptom_of
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import FileChange
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.what_failed import stage_of

# How sure: proved by values or by the only change there is; by several facts that agree; by one; by words.
PROVED, STRONG, LIKELY, GUESS, WEAK = 0.97, 0.90, 0.80, 0.60, 0.40

Classify = Callable[[str, str], Classified]


def diagnosis(
    cause: str,
    error_class: ErrorClass,
    confidence: float,
    *,
    failure: RunFailure | None,
    root: str,
    column: str = "",
    stage: Stage | None = None,
    proof: Sequence[Evidence] = (),
    ruled_out: Sequence[Evidence] = (),
    facts: Mapping[str, object] | None = None,
    unknown: Sequence[str] = (),
    next_step: str = "",
) -> Diagnosis:
    """One cause of one failure; `cause` and the root make its key."""
    where = stage or (stage_of(failure) if failure is not None else Stage.DATA)
    kept = {name: str(value) for name, value in (facts or {}).items() if value not in (None, "", ())}
    return Diagnosis(
        key="|".join(part for part in (cause, root, column) if part),
        error_class=error_class,
        confidence=round(confidence, 2),
        stage=where,
        root=root,
        column=column,
        failures=(failure,) if failure is not None else (),
        proof=tuple({item.text: item for item in reversed(proof)}.values())[::-1],
        ruled_out=tuple(ruled_out),
        facts=kept,
        unknown=tuple(unknown),
        next_step=next_step,
    )


def tables_above(case: Case, unique_id: str) -> list[TableChange]:
    """What became of the sources and seeds above a node, the nearest first."""
    return [case.tables[name] for name in (unique_id, *case.ancestors(unique_id)) if name in case.tables]


def changes_above(case: Case, unique_id: str) -> list[FileChange]:
    """What changed in the files of a node, of all above it, and of the macros they use; the nearest first."""
    found: dict[str, FileChange] = {}
    macros: list[str] = []
    for name in (unique_id, *case.ancestors(unique_id)):
        node = case.node(name)
        if node is None:
            continue
        _add(found, case, node.path)
        macros += [str(macro) for macro in (node.raw.get("depends_on") or {}).get("macros") or ()]
    for name in dict.fromkeys(macros):
        _add(found, case, macro_path(case, name))
    return list(found.values())


def _add(found: dict[str, FileChange], case: Case, path: str) -> None:
    change = case.code.of(path) if path else None
    if change is not None:
        found.setdefault(path, change)


def macro_path(case: Case, unique_id: str) -> str:
    """The file of a macro of the project itself; "" for those of packages and of dbt."""
    for manifest in (case.manifest, case.good_manifest):
        macro = (manifest.raw.get("macros") or {}).get(unique_id) if manifest is not None else None
        if macro and macro.get("package_name") == case.project:
            return str(macro.get("original_file_path") or "")
    return ""


def git_evidence(case: Case, change: FileChange) -> Evidence:
    """That a file changed, as evidence."""
    words = {"added": "is new", "deleted": "was deleted", "modified": f"changed (line {change.lines})"}
    text = f"{change.path} {words[change.kind]} since {case.code.since}"
    values = {"file": change.path, "kind": change.kind, "lines": change.lines}
    if case.git.subjects:
        values["commits"] = "; ".join(case.git.subjects[:3])
    return Evidence("git", change.path, text, values)


def unchanged_code(case: Case) -> Evidence | None:
    """That no file of the project changed, as what rules out the code; None where that is not known."""
    if not case.code.since or case.code.files or not case.code.is_since_good:
        return None
    return Evidence("git", "", f"no file of the project changed since {case.code.since}")


def message_evidence(failure: RunFailure) -> Evidence:
    """The line of dbt's message that says most."""
    lines = [line.strip() for line in failure.message.splitlines() if line.strip()]
    named = [line for line in lines if _NAMED_ERROR.match(line)]
    telling = [line for line in lines if not _HEADING.match(line)]
    named = named[-1:] if "Traceback (most" in failure.message else named
    text = (named or telling or lines or ["dbt said nothing"])[0]
    value = symptom_of(failure.message).value
    text = text.replace(value, "…") if value else text  # of a row: nobody needs it to know the cause
    where = shown_name(failure.unique_id) if failure.unique_id else failure.path or "dbt"
    return Evidence("message", where, text[:300])


# "Binder Error: …" of an engine; dbt's own "Runtime Error in model orders (models/orders.sql)".
_NAMED_ERROR = re.compile(r"(?!Runtime|Database|Compilation|Parsing)[\w .]*(Error|Exception): \S")
_HEADING = re.compile(r"(\w+ )+Error( in .*)?$|Python model failed:$|Traceback \(most")


def shown_name(unique_id: str) -> str:
    """A node as people call it; a unit test with its model."""
    kind, *rest = unique_id.split(".")
    return ".".join(rest[1:]) if kind == "unit_test" and len(rest) > 2 else node_name(unique_id)


def node_at(case: Case, path: str) -> str:
    """unique_id of the model, seed or snapshot that a file of the project makes; "" for none."""
    for manifest in (case.manifest, case.good_manifest):
        for node in manifest.nodes.values() if manifest is not None and path else ():
            if node.path == path and node.package == case.project and node.resource_type in _MADE_BY_FILE:
                return node.unique_id
    return ""


_MADE_BY_FILE = ("model", "seed", "snapshot")


def readers_of(case: Case, unique_id: str) -> list[str]:
    """unique_ids of the models and snapshots that read a node directly."""
    manifest = case.best_manifest
    if manifest is None:
        return []
    return [
        node.unique_id
        for node in manifest.nodes.values()
        if unique_id in node.depends_on and node.resource_type in ("model", "snapshot")
    ]


def below(case: Case, unique_ids: Iterable[str]) -> list[str]:
    """unique_ids of all models, snapshots, exposures and the like that stand below some nodes."""
    manifest = case.best_manifest
    if manifest is None:
        return []
    children: dict[str, list[str]] = {}
    for node in (*manifest.nodes.values(), *manifest.others.values()):
        for parent in node.depends_on:
            children.setdefault(parent, []).append(node.unique_id)
    waiting, found = list(unique_ids), dict[str, None]()
    seen = set(waiting)
    while waiting:
        for child in children.get(waiting.pop(0), ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
                found[child] = None
    return [name for name in found if not name.startswith(("test.", "unit_test."))]
