"""Columns that came to tables that aidbt mapped: nothing fails of them, and staging lacks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.core.schema import Mapping as TableMapping
from aidbt.core.schema import Target
from aidbt.generate.new_columns import new_columns
from aidbt.healing.controller.healing import OF_NEW_COLUMNS, is_off
from aidbt.healing.diagnosis.finding import STRONG, below
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.mapping.mapper import source_columns
from aidbt.project.manifest import Node


def tables_with_new_columns(
    case: Case, mappings: Mapping[str, TableMapping], targets: Mapping[str, Target]
) -> Iterator[tuple[Node, list[str]]]:
    """The sources with columns that their mapping does not know and has a place for, and these; without those
    that a person keeps healing away from."""
    manifest = case.best_manifest
    for source in manifest.sources.values() if manifest is not None else ():
        mapping = mappings.get(f"{source.source_name}.{source.name}")
        relation = relation_of(source, case.relations)
        if mapping is None or relation is None or is_off(source):
            continue
        names = [column.name for column in source_columns(relation)]
        new = new_columns(mapping, names, targets.get(mapping.target or ""))
        if new:
            yield source, new


def cause_of_new_columns(case: Case, new: Mapping[str, tuple[Node, list[str]]]) -> Diagnosis:
    """The one cause: all files that aidbt generates hang together by their lock.

    Args:
        new: "source.table" → the source and its new columns.
    """
    sources = [source.unique_id for source, _ in new.values()]
    proof = [
        Evidence("source_schema", key, f"{key} has {', '.join(names)}, which staging lacks")
        for key, (_, names) in sorted(new.items())
    ]
    return Diagnosis(
        key=f"{OF_NEW_COLUMNS}{case.project}",
        error_class=ErrorClass.COLUMN_ADDED,
        confidence=STRONG,
        stage=Stage.DATA,
        root=sources[0] if len(sources) == 1 else "project",
        blast_radius=tuple(below(case, sources)),
        proof=tuple(proof),
        facts={"mappings": ", ".join(sorted(new)), "new": "; ".join(one.text for one in proof)},
        next_step="aidbt generate, then aidbt review",
    )
