"""A table of a source is not there: renamed, moved to another schema, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    PROVED,
    STRONG,
    diagnosis,
    git_evidence,
    message_evidence,
    readers_of,
    tables_above,
    unchanged_code,
)
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.copy_names import without_copies
from aidbt.healing.evidence.outside import is_outside
from aidbt.healing.evidence.table_changes import Replacement, TableChange
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.project.manifest import Node

_BAND = 0.9  # of the rows then; a stale copy has fewer


def gone_table(case: Case, failure: RunFailure | None, unique_id: str) -> Diagnosis | None:
    """What became of a source above a failed node that is not there any more."""
    gone = [change for change in tables_above(case, unique_id) if change.is_gone]
    if gone and _is_another_place(case):
        return _another_place(case, failure)
    if not gone:
        return None
    return _read_elsewhere(case, failure, gone[0]) or table_diagnosis(case, failure, gone[0])


def _read_elsewhere(case: Case, failure: RunFailure | None, change: TableChange) -> Diagnosis | None:
    """That a change of the source's YAML made it read another place, while the table stands where it was."""
    node = case.manifest.sources.get(change.source) if case.manifest is not None else None
    edit = case.code.of(node.path) if node is not None else None
    if node is None or edit is None or change.was is None or not case.code.is_since_good:
        return None
    then, now = (change.was.schema, change.was.name), (node.schema, node.identifier or node.name)
    of_then, of_now = change.was.database, node.database
    is_database = bool(of_then and of_now) and of_then.casefold() != of_now.casefold()
    there = {(relation.schema.casefold(), relation.name.casefold()) for relation in case.relations}
    is_there = (then[0].casefold(), then[1].casefold()) in there
    if not is_there or (not is_database and (now[0].casefold(), now[1].casefold()) in there):
        return None
    was, reads = ".".join(then), ".".join((of_now, *now) if is_database else now)
    where = f"schema.{now[0]}" if then[0] != now[0] else change.source
    proof = [
        Evidence("probe", reads, f"there is no table {reads}; {was}, read at the last good run, is there"),
        git_evidence(case, edit),
    ]
    return diagnosis(
        "place", E.TABLE_RENAMED, STRONG, failure=failure, proof=[*proof, *_said(failure)],
        root=f"database.{of_now}" if is_database else where,
        facts={"source": change.source, "old": then[1], "relation": was, "file": edit.path,
               "lines": edit.lines},
        next_step=f"look at line {edit.lines} of {edit.path}: it says where {was} is",
    )  # fmt: skip


def _said(failure: RunFailure | None) -> list[Evidence]:
    return [message_evidence(failure)] if failure is not None else []


def missing_model(case: Case, failure: RunFailure, name: str) -> Diagnosis | None:
    """A model, seed or snapshot that a failed node reads and that does not stand in the warehouse: somebody
    dropped it, or it was never built there. Building it again is all it takes."""
    bare = name.replace("`", "").replace('"', "").rpartition(".")[2].casefold()
    nodes = [case.node(above) for above in case.ancestors(failure.unique_id)]
    missing = next((n for n in nodes if n is not None and (n.identifier or n.name).casefold() == bare), None)
    if missing is None or missing.resource_type not in ("model", "seed", "snapshot"):
        return None
    if case.reached is None or not case.reached.is_open or relation_of(missing, case.relations) is not None:
        return None
    place = ".".join(part for part in (missing.schema, missing.identifier or missing.name) if part)
    proof = [Evidence("probe", place, f"{missing.name} does not stand in the warehouse: there is no {place}")]
    was_there = case.good is not None and relation_of(missing, case.good.relations) is not None
    proof += [Evidence("artifact", place, "it stood there at the last good run")] if was_there else []
    return diagnosis(
        "model:missing", E.TABLE_RENAMED, STRONG if was_there else LIKELY, failure=failure,
        root=missing.unique_id, proof=[*proof, message_evidence(failure)],
        facts={"missing_model": missing.unique_id, "relation": place, "node": failure.unique_id},
        ruled_out=[item for item in [unchanged_code(case)] if item],
        next_step=f"build it again: dbt build -s {missing.name}+",
    )  # fmt: skip


def _is_another_place(case: Case) -> bool:
    """Whether the warehouse has no single source table of the last good run, or without one of the project:
    then it is not that one."""
    if case.reached is None or not case.reached.is_open:
        return False
    there = {(r.schema.casefold(), r.name.casefold()) for r in case.relations}
    sources = _source_places(case)
    schemas = {schema for schema, _ in sources}
    return len(sources) > 1 and len(schemas) > 1 and not there.intersection(sources)


def _source_places(case: Case) -> set[tuple[str, str]]:
    """(schema, name), folded, of the sources of the last good run, else of the project; without files."""
    if case.good is not None:
        names = [name for name in case.good.tables if name.startswith("source.")]
        tables = [case.good.tables[n] for n in names if not ((node := case.node(n)) and is_outside(node))]
        return {(table.schema.casefold(), table.name.casefold()) for table in tables}
    nodes = case.manifest.sources.values() if case.manifest is not None else ()
    return {
        (node.schema.casefold(), (node.identifier or node.name).casefold())
        for node in nodes
        if not is_outside(node)
    }


def _another_place(case: Case, failure: RunFailure | None) -> Diagnosis:
    whose = "the last good run" if case.good is not None else "the project"
    text = f"none of the sources of {whose} is there, among {len(case.relations):,} relations"
    proof = [Evidence("probe", "warehouse", text), *([message_evidence(failure)] if failure else [])]
    return diagnosis(
        "warehouse:another", E.ENDPOINT_CHANGED, STRONG if case.good is not None else GUESS,
        failure=failure, root="warehouse", proof=proof,
        ruled_out=[item for item in [unchanged_code(case)] if item],
        next_step="look where the profile and the target point: this is another database",
    )  # fmt: skip


def table_diagnosis(case: Case, failure: RunFailure | None, change: TableChange) -> Diagnosis:
    """What became of a table that is not there."""
    node = case.node(change.source)
    old = _name(node, change)
    schema = _schema(node, change)
    whole = _whole_schema(case, schema)
    good, bad = _told_apart(change)
    facts: dict[str, object] = {
        "source": change.source, "relation": f"{schema}.{old}", "old": old,
        "readers": ", ".join(readers_of(case, change.source)),
        "rows_then": change.was.rows if change.was is not None and change.was.is_measured else None,
    }  # fmt: skip
    proof = [Evidence("probe", f"{schema}.{old}", f"there is no table {schema}.{old}")]
    proof += [message_evidence(failure)] if failure is not None else []
    ruled = [_why_not(change, replacement) for replacement in bad]
    ruled += [item for item in [unchanged_code(case)] if item]
    if whole:
        names = ", ".join(sorted(case.tables[name].source for name in whole))
        facts |= {"schema": schema, "sources": names}
        proof.append(Evidence("probe", schema, f"the schema {schema} has none of its {len(whole)} tables"))
    cause, root = ("schema", f"schema.{schema}") if len(whole) > 1 else ("table", change.source)
    if len(good) == 1:
        found = _renamed(change, good[0], cause, root, failure, facts, proof, ruled)
        step = f"point the schema of the source to {good[0].schema}"
        return replace(found, next_step=step) if _moved_together(case, whole) else found
    unknown = []
    if change.was is None or not change.was.is_measured:
        unknown.append(f"what {schema}.{old} held is not known, so no other table can be told to be it")
    elif good:
        facts["alternatives"] = ", ".join(f"{r.schema}.{r.name}" for r in good)
    step = f"ask the owner of {schema} where {old} went"
    if good:
        step = f"say which of {facts['alternatives']} is {schema}.{old} now: they hold the same rows"
    return diagnosis(
        cause, E.TABLE_RENAMED, GUESS if unknown or good else LIKELY, failure=failure, root=root, proof=proof,
        ruled_out=ruled, facts=facts, unknown=unknown, next_step=step,
    )  # fmt: skip


def _moved_together(case: Case, sources: Sequence[str]) -> bool:
    """Whether several sources of one schema stand in one other schema, under their old names."""
    places = set()
    for name in sources:
        good, _ = _told_apart(case.tables[name])
        if len(good) != 1 or good[0].name != _name(case.node(name), case.tables[name]):
            return False
        places.add(good[0].schema)
    return len(sources) > 1 and len(places) == 1


def _renamed(
    change: TableChange,
    found: Replacement,
    cause: str,
    root: str,
    failure: RunFailure | None,
    facts: dict[str, object],
    proof: list[Evidence],
    ruled: Sequence[Evidence],
) -> Diagnosis:
    new = f"{found.schema}.{found.name}"
    facts |= {"new": new, "new_schema": found.schema, "new_table": found.name, "rows": found.rows}
    agreement = found.overlap.agreement
    facts |= {"agreement": f"{agreement:.3f}" if agreement is not None else ""}
    compared = found.overlap.same + found.overlap.differ
    text = f"{new} has {found.names:.0%} of its columns and {found.rows:,} rows"
    if agreement is not None:
        text += f", and {agreement:.1%} of {compared:,} values on the same keys are the same"
    proof.insert(1, Evidence("values", new, text))
    sure = PROVED if agreement is not None and agreement >= 0.95 else STRONG
    step = f"point the source to {new}"
    return diagnosis(
        cause, E.TABLE_RENAMED, sure, failure=failure, root=root, proof=proof, ruled_out=ruled, facts=facts,
        next_step=step,
    )  # fmt: skip


def _told_apart(change: TableChange) -> tuple[list[Replacement], list[Replacement]]:
    """(those that hold the table's rows, those that do not): by names, rows and values on the same keys.

    Without values nothing is taken for the table: a stale backup has the same columns.
    """
    good = [r for r in change.replacements if _is_it(change, r)]
    fresh = [r for r in good if r.is_new]
    # What stood there before beside the table was a copy then, and is one now.
    was = change.was
    kept = without_copies([(one, one, one.rows) for one in fresh], was) if was is not None else []
    whole = [one for one in kept if was is not None and one.rows >= was.rows]
    kept = whole if whole else kept  # one with fewer rows is a copy of an earlier day
    return kept, [r for r in change.replacements if r not in kept]


def _is_it(change: TableChange, found: Replacement) -> bool:
    rows = change.was.rows if change.was is not None and change.was.is_measured else None
    return bool(found.names >= 0.8 and rows and found.rows >= rows * _BAND and found.overlap.says_same)


def _why_not(change: TableChange, found: Replacement) -> Evidence:
    name = f"{found.schema}.{found.name}"
    rows = change.was.rows if change.was is not None and change.was.is_measured else None
    if rows and found.rows < rows * _BAND:
        text = f"{name} is not it: it has {found.rows:,} rows, {rows:,} are expected (a stale copy)"
    elif not found.is_new:
        text = f"{name} is not it: it stood beside the table before"
    elif found.overlap.says_other or found.overlap.support or found.overlap.agreement is not None:
        text = f"{name} is not it: it holds other values"
    else:
        text = f"{name} has {found.names:.0%} of its columns; its values could not be compared"
    return Evidence("values", name, text)


def _whole_schema(case: Case, schema: str) -> list[str]:
    """The sources of a schema, where none of those that were looked at is there any more."""
    in_schema = [name for name, change in case.tables.items() if _schema(case.node(name), change) == schema]
    all_gone = all(case.tables[name].is_gone for name in in_schema)
    has_any = any(relation.schema.casefold() == schema.casefold() for relation in case.relations)
    return in_schema if all_gone and not has_any else []


def _schema(node: Node | None, change: TableChange) -> str:
    return change.was.schema if change.was is not None else node.schema if node is not None else ""


def _name(node: Node | None, change: TableChange) -> str:
    if change.was is not None:
        return change.was.name
    return (node.identifier or node.name) if node is not None else change.source
