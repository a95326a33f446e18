"""Sources have columns that staging could show: generated staging gets them, as `aidbt generate` decides."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.config import load_settings
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import Patch
from aidbt.core.schema import MappedColumn, Relation
from aidbt.core.types import is_same_type
from aidbt.generate.new_columns import Extended, with_new_columns
from aidbt.generate.outcome import GeneratePlan
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.proof.changed import with_below
from aidbt.healing.remedies.columns_below import changes_below
from aidbt.healing.remedies.generated_staging import written
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Node

NAME = "new_columns"


class NewColumns:
    """For columns that came to sources whose staging aidbt generated."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The mappings, the staging models and their YAML with the columns that came."""
        keys = [key for key in diagnosis.facts.get("mappings", "").split(", ") if key]
        if diagnosis.error_class is not ErrorClass.COLUMN_ADDED or not keys:
            return Declined(NAME, "no column came to a table that aidbt mapped", is_concerned=False)
        settings = load_settings(tools.project.root)
        found = with_new_columns(tools.project, settings, tools.warehouse(), tools.profiles(), keys)
        if found.plan is None:
            return Declined(NAME, "; ".join(f"{key}: {why}" for key, why in found.left.items()))
        listed = [f"{_listed(columns)} of {key}" for key, columns in found.made.items()]
        patch = written(found.plan, tools, f"columns that came to {', '.join(found.made)}")
        if isinstance(patch, str):
            return Declined(NAME, patch)
        why = _changes_below(found, patch, case)
        if why:
            return Declined(NAME, why)
        claims = []
        for source in case.best_manifest.sources.values() if case.best_manifest is not None else ():
            then = relation_of(source, case.relations)
            if f"{source.source_name}.{source.name}" in found.made and then is not None:
                claims.append(_claim(source, then, tools))
        if len(claims) < len(found.made):
            return Declined(NAME, "dbt knows no source of that name")
        return Mend(
            NAME, f"Stage {' and '.join(listed)}", patch=patch, claims=tuple(claims), risk=Risk.LOW,
            asks=_personal(found, found.plan),
        )  # fmt: skip


def _personal(found: Extended, plan: GeneratePlan) -> str:
    """Why a person has to agree: what seems to be personal data is shown to nobody unasked."""
    names = [
        f"{key}.{name}"
        for key, columns in found.made.items()
        for name in dict.fromkeys(name for column in columns for name in column.sources)
        if (figures := plan.tables[key].profile.column(name)) is not None and figures.pii
    ]
    return f"{', '.join(names)} may hold personal data" if names else ""


def _changes_below(found: Extended, patch: Patch, case: Case) -> str:
    manifest = case.best_manifest
    if manifest is None:
        return ""
    written = {edit.path for edit in patch.edits}
    staged = {
        n.unique_id for n in manifest.nodes.values() if n.resource_type == "model" and n.path in written
    }
    below = [manifest.nodes[name] for name in sorted(with_below(staged, manifest) - staged)]
    names = sorted({column.target for columns in found.made.values() for column in columns})
    kinds = ("model", "snapshot")
    return changes_below(
        names, ((node, relation_of(node, case.relations)) for node in below if node.resource_type in kinds)
    )


def _listed(columns: Sequence[MappedColumn]) -> str:
    made = [(", ".join(column.sources), column.target) for column in columns]
    return ", ".join(name if name == target else f"{name} as {target}" for name, target in made)


def _claim(source: Node, then: Relation, tools: Tools) -> Claim:
    says = f"{source.source_name}.{source.name} has the columns that it was mapped with"
    return Claim(says, lambda: _as_mapped(source, then, tools))


def _as_mapped(source: Node, then: Relation, tools: Tools) -> Checked:
    now = relation_of(source, tools.warehouse().relations())
    for column in then.columns:
        there = now.column(column.name) if now is not None else None
        if there is None:
            return Checked(False, f"{column.name} is gone")
        if not is_same_type(column.data_type, there.data_type):
            return Checked(False, f"{column.name} is {there.data_type}, and was {column.data_type}")
    return Checked(True, f"{len(then.columns):,}, each of its type")
