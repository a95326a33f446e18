"""A staging model that aidbt generated changes by its decision: mapping, SQL and lock in one patch, so that
the next `aidbt generate` has nothing to add."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from aidbt.core.config import load_settings, parse_yaml
from aidbt.core.patch import Patch
from aidbt.core.schema import Column, MappedColumn, Mapping
from aidbt.generate.lock import read_lock
from aidbt.generate.mappings import Decisions
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.plan import plan_files, project_files
from aidbt.healing.remedies.remedy import Tools
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.follow import follow_references
from aidbt.mapping.renames import Renamed
from aidbt.patching.git import blob_text
from aidbt.sql.reads import Instead, ReadChange, Style, read_instead


def is_generated(path: str, tools: Tools) -> bool:
    """Whether aidbt wrote a model's file.

    Raises:
        SettingsError: the lock file cannot be read.
    """
    return path in read_lock(tools.project.root).files


def generated_patch(
    key: str, column: str, instead: Instead, was: Column, now: Column | None, tools: Tools, reason: str
) -> Patch | str:
    """All files that follow once a mapping reads something else for a column, or why that cannot be.

    Args:
        key: of the mapping, "source.table".
        was: the column as it was.
        now: the column that is read instead, where it is one.

    Raises:
        AidbtError: the project's decisions cannot be read.
    """
    root, dialect = tools.project.root, tools.project.profile().type
    mappings = load_mappings(root, dialect)
    mapping = mappings.get(key)
    if mapping is None:
        return f"its staging is generated, and no mapping of {key} stands in aidbt/mappings"
    if any(other.items and other.parent == key for other in mappings.values()):
        return f"the lists in {key} are mapped too, which a person has to look at"
    followed = follow(mapping, column, instead, was, now, dialect)
    if isinstance(followed, str):
        return followed
    settings, lock = load_settings(root), read_lock(root)
    changed = {**mappings, key: followed}
    if instead.is_name:  # tests of other tables may refer to it
        renamed = {key: [Renamed(column, instead.columns[0], 1.0, True)]}
        changed = {name: follow_references(one, renamed) for name, one in changed.items()}
    differ = frozenset(name for name, one in changed.items() if one != mappings[name])
    decisions = Decisions(changed, differ)
    here = project_files(tools.project, settings, mappings, lock)
    plan = plan_files(
        tools.project,
        settings,
        decisions,
        load_targets(root, dialect),
        lock,
        here,
        lambda digest: blob_text(root, digest),
        select=tuple(f"source:{mappings[name].parent}" for name in sorted(differ)),
    )
    return written(plan, tools, reason)


def written(plan: GeneratePlan, tools: Tools, reason: str) -> Patch | str:
    """What `aidbt generate` would write, or why that is a person's."""
    if plan.proposals:
        return f"{next(iter(plan.proposals))} was edited by hand since it was generated"
    declared = [edit for edit in plan.patch.edits if edit.path in plan.files or edit.path in plan.spliced]
    yaml = [edit for edit in declared if edit.path.endswith((".yml", ".yaml"))]
    lost = next((edit.path for edit in yaml if _tests(edit.undo) - _tests(edit.after)), None)
    if lost is not None:
        return f"generating {lost} anew would drop or change a test"
    taken = sorted(set(plan.patch.paths()) & tools.texts.keys())
    if taken:
        return f"another mend of this run edits {taken[0]}, which is generated: run heal again after it"
    return replace(plan.patch, reason=reason)


def _tests(text: str | None) -> Counter[str]:
    """The tests that a YAML file declares, each with where it stands."""
    found: Counter[str] = Counter()

    def walk(value: Any, place: str) -> None:
        for name, inner in value.items() if isinstance(value, dict) else ():
            if name in ("tests", "data_tests", "unit_tests"):
                found.update(f"{place}: {test}" for test in inner or ())
            else:
                walk(inner, f"{place}.{name}")
        for item in value if isinstance(value, list) else ():
            walk(item, f"{place}.{item.get('name', '')}" if isinstance(item, dict) else place)

    walk(parse_yaml(text or "", "a generated file"), "")
    return found


def follow(
    mapping: Mapping, column: str, instead: Instead, was: Column, now: Column | None, dialect: str
) -> Mapping | str:
    """The mapping with one source column read in another way; what was decided stays.

    Args, Returns: as `generated_patch`.
    """
    changed = []
    for item in mapping.columns:
        found = _followed(item, column, instead, was, now, mapping, dialect)
        if isinstance(found, str):
            return found
        changed.append(found)
    if any(column in (*rule.keys, rule.order_by) or column in rule.where for rule in mapping.row_rules):
        return f"a row rule of {mapping.key} reads {column}, which a person has to look at"
    used = {name for item in changed for name in item.sources}
    unmapped = tuple(name for name in mapping.unmapped if name not in used)
    return replace(mapping, columns=tuple(changed), unmapped=unmapped)


def _followed(
    item: MappedColumn,
    column: str,
    instead: Instead,
    was: Column,
    now: Column | None,
    mapping: Mapping,
    dialect: str,
) -> MappedColumn | str:
    if column not in item.sources or item.status == "rejected":
        return item
    sources = tuple(
        dict.fromkeys(
            new for name in item.sources for new in (instead.columns if name == column else (name,))
        )
    )
    if item.is_passthrough and (instead.is_name or (instead.form.startswith("cast(") and not item.cast)):
        there = now.data_type if now is not None and item.source_type else item.source_type
        cast = item.cast if instead.is_name else was.data_type.lower()
        return replace(item, sources=sources, source_type=there, cast=cast)
    if item.is_passthrough:
        expression = instead.written(dialect, style=Style(), alone=True)
        return replace(item, sources=sources, expression=expression, source_type="")
    text = _in_expression(item.expression or "", column, instead, mapping, dialect)
    if text is None:
        return f"the expression of {item.target} cannot be written anew by rule"
    return replace(item, sources=sources, expression=text)


def _in_expression(
    expression: str, column: str, instead: Instead, mapping: Mapping, dialect: str
) -> str | None:
    """An expression of the mapping with the column replaced, read as what a select of the table lists."""
    names = {name for item in mapping.columns for name in item.sources} | set(mapping.unmapped)
    then = tuple(Column(name) for name in sorted(names | {column}))
    now = (*then, *(Column(name) for name in instead.columns if name not in names))
    source = (mapping.source, mapping.table)
    change = ReadChange(source, column, instead, then, now, dialect, mapping.table)
    head, tail = "select ", " as value from {{ source('" + "', '".join(source) + "') }}"
    found = read_instead(head + expression + tail, change)
    text = getattr(found, "text", None)
    if text is None or not text.startswith(head) or not text.endswith(tail):
        return None
    return str(text[len(head) : -len(tail)])
