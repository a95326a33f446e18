"""Every model that reads a source directly, edited so that a changed source looks to it as it did."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aidbt.core.healing import Declined, Diagnosis
from aidbt.core.measured import node_name
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.core.schema import Column
from aidbt.core.table_state import TableState
from aidbt.healing.diagnosis.finding import readers_of
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.quarantine.kept_keys import snapshot_of_this_run
from aidbt.healing.remedies.generated_staging import generated_patch, is_generated
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.reads import Instead, ReadChange, Refused, mentions, read_instead

# Where a project keeps what is built on staging; what says staging itself is none of it.
_STAGING = re.compile(
    r"(?:^|/)(?:staging|stage|base|sources)/|(?:^|/)(?:stg|stage|staging|base|src)_\w+\.\w+$"
)
_MARTS = re.compile(
    r"(?:^|/)(?:marts?|reports?|reporting|gold|intermediate)/"
    r"|(?:^|/)(?:fct|fact|dim|mart|rpt|int)_\w+\.\w+$"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a remedy wants to be read of a source.

    Attributes:
        then, now: the source's table.
        column: whose reads are replaced; "" where only new columns are left out.
        only: unique_ids of the readers that may be edited; None for all.
        reason: why, for the person who reads the patch.
    """

    source: Node
    then: TableState
    now: TableState
    column: str
    instead: Instead | None
    reason: str
    only: Collection[str] | None = None


def known_source(
    remedy: str, diagnosis: Diagnosis, case: Case
) -> tuple[Node, TableState, TableState] | Declined:
    """(source, its table then, its table now) of a diagnosis, or why no mend of it can be proved."""
    source = case.node(diagnosis.facts.get("source", ""))
    if source is None or source.resource_type != "source":
        return Declined(remedy, "the cause is at no source")
    if case.good is None:
        return Declined(remedy, "no good run is remembered, so nothing says what the source was")
    then = case.good.tables.get(source.unique_id)
    change = case.tables.get(source.unique_id)
    if then is None or not then.is_measured or change is None or change.now is None:
        return Declined(remedy, f"what {source.source_name}.{source.name} held or holds is not known")
    short = next((one for one in case.tables.values() if one.is_emptied or one.is_halved), None)
    if short is not None and short.was is not None and short.now is not None:
        lost = f"{node_name(short.source)} has {short.now.rows:,} rows, and had {short.was.rows:,}"
        return Declined(remedy, f"{lost}: with that mended, the marts would be built without the others")
    return source, then, change.now


def patched(remedy: str, wanted: Wanted, case: Case, tools: Tools) -> Patch | Declined:
    """One patch of every direct reader that has to change.

    Where one of them cannot be edited safely there is none, and those that can are the draft.

    Raises:
        WriteError: a file cannot be read.
    """
    if wanted.column:
        test = _own_test(case, wanted)
        if test:
            return Declined(
                remedy, f"{test} asks the source itself for {wanted.column}; tests are not edited"
            )
    snapshot = snapshot_of_this_run(wanted.source.unique_id, case)
    if snapshot:
        return Declined(
            remedy, f"{snapshot} keeps rows of earlier runs, and was built from {wanted.source.name} as it is"
        )
    readers = [node for name in readers_of(case, wanted.source.unique_id) if (node := case.node(name))]
    readers = [node for node in readers if wanted.only is None or node.unique_id in wanted.only]
    generated = [node for node in readers if is_generated(node.path, tools)]
    if wanted.instead is None:  # what names its columns one by one takes no column that came
        generated = [node for node in generated if _edit(node, wanted, case, tools) is not None]
    edits, problems = [], []
    for node in readers:
        edit = _edit(node, wanted, case, tools) if node not in generated else None
        if isinstance(edit, str):
            problems.append(edit)
        elif edit is not None:
            edits.append(edit)
    if generated:
        made = _generated(wanted, tools)
        problems += [made] if isinstance(made, str) else []
        edits += [] if isinstance(made, str) else made.edits
    edits = list({edit.path: edit for edit in edits}.values())
    draft = Patch(tuple(edits), wanted.reason) if edits else None
    if problems:
        return Declined(remedy, problems[0], draft=draft)
    if draft is None:
        return Declined(remedy, f"no model reads {wanted.column or 'a star'} of {wanted.source.name} itself")
    return draft


def _generated(wanted: Wanted, tools: Tools) -> Patch | str:
    """What follows where aidbt generated the staging."""
    source, was = wanted.source, wanted.then.column(wanted.column)
    if wanted.instead is None or was is None:
        return "its staging is generated: run aidbt generate, which lists every column"
    first = wanted.now.column(wanted.instead.columns[0]) if len(wanted.instead.columns) == 1 else None
    return generated_patch(
        f"{source.source_name}.{source.identifier or source.name}",
        was.name,
        wanted.instead,
        Column(was.name, was.data_type),
        Column(first.name, first.data_type) if first is not None else None,
        tools,
        wanted.reason,
    )


def _edit(node: Node, wanted: Wanted, case: Case, tools: Tools) -> FileEdit | str | None:
    """The edit of a reader's file, why it cannot be edited, or None where it need not be."""
    if node.package != case.project:
        return f"{node_name(node.unique_id)} stands in the package {node.package}, which is not edited"
    text = tools.text(node.path)
    if text is None:
        return f"{node.path} is gone"
    if not node.path.endswith(".sql"):
        return f"{node.path} reads the source, and is no SQL that can be edited"
    found = read_instead(text, change_for(node, wanted, case, text))
    if isinstance(found, Refused):
        return f"{node.path} cannot be edited safely: {found.why}"
    if found.text == text:
        return None
    if _MARTS.search(node.path) and not _STAGING.search(node.path):
        return f"{node.path} reads the source itself, and only staging is edited for a source"
    return FileEdit(node.path, digest(text), found.text, wanted.reason, undo=text)


def change_for(node: Node, wanted: Wanted, case: Case, text: str) -> ReadChange:
    """What a reader has to read in another way, with all that is known of what else it reads."""
    new = [name for name in wanted.now.names if wanted.then.column(name) is None]
    return ReadChange(
        source=(wanted.source.source_name, wanted.source.name),
        column=wanted.column,
        instead=wanted.instead,
        then=_columns(wanted.then),
        now=_columns(wanted.now),
        dialect=case.dialect,
        relation=wanted.source.identifier or wanted.source.name,
        wanted=frozenset(name for name in new if _is_wanted(name, case)),
        others=dict(_others(node, wanted.source, case)),
        compiled="\n".join(_compiled(node.unique_id, case)),
    )


def _is_wanted(column: str, case: Case) -> bool:
    """Whether somebody names a new column in what changed since the last good run."""
    return any(mentions(change.after or "", column) for change in case.code.files)


def _others(node: Node, source: Node, case: Case) -> Iterator[tuple[tuple[str, ...], tuple[Column, ...]]]:
    good = case.good
    for name in node.depends_on:
        parent = case.node(name)
        if parent is None or name == source.unique_id or good is None:
            continue
        key = (parent.source_name, parent.name) if parent.resource_type == "source" else (parent.name,)
        relation = relation_of(parent, good.relations)
        if name in good.tables:
            yield key, _columns(good.tables[name])
        elif relation is not None:
            yield key, relation.columns


def _compiled(unique_id: str, case: Case) -> Iterator[str]:
    for manifest in (case.good_manifest, case.manifest):
        node = manifest.find(unique_id) if manifest is not None else None
        code = node.raw.get("compiled_code") if node is not None else None
        if isinstance(code, str) and code:
            yield code


def _columns(table: TableState) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.data_type) for column in table.columns)


def _own_test(case: Case, wanted: Wanted) -> str:
    """The name of a test that asks the source itself for a column, and failed or has to; "" for none."""
    manifest: Manifest | None = case.best_manifest
    failed = {failure.unique_id for failure in case.run.failures}
    is_gone = wanted.now.column(wanted.column) is None
    for node in manifest.nodes.values() if manifest is not None else ():
        if node.resource_type != "test" or wanted.source.unique_id not in node.depends_on:
            continue
        code = [str(node.raw.get(name) or "") for name in ("raw_code", "compiled_code", "column_name")]
        code.append(str((node.raw.get("test_metadata") or {}).get("kwargs") or ""))
        if mentions(" ".join(code), wanted.column) and (is_gone or node.unique_id in failed):
            return node_name(node.unique_id)
    return ""
