"""The edits that set rows of a source aside, upon what stands there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import PurePosixPath

from sqlglot import exp

from aidbt.core.errors import EditConflict
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.quarantine.entry import Entry
from aidbt.healing.quarantine.files import Names, macro_text, model_text, with_rules, yaml_text
from aidbt.healing.quarantine.rules import Rule
from aidbt.healing.quarantine.staging_edit import Filter, with_filter

Text = Callable[[str], str | None]


def quarantine_patch(
    entry: Entry,
    rules: tuple[Rule, ...],
    text: Text,
    *,
    dialect: str,
    macros: str,
    since: date,
    days: int,
) -> Patch:
    """The edits: a filter in the staging model, the macro that it asks, the model with the rows and its YAML;
    where the staging model has a quarantine, one more condition.

    Args:
        text: path → the file as it stands when the mend is made.
        macros: the folder of the project's macros.
        days: until somebody should have looked.

    Raises:
        EditConflict: the staging model cannot be edited, or a file of that name stands in the way.
    """
    names = Names(entry.staging.name)
    if entry.relation.column("quarantine_reason") is not None:
        raise EditConflict(f"{entry.name} has a column quarantine_reason of its own")
    folder = PurePosixPath(entry.staging.path).parent
    macro_path = f"{macros}/{names.macro}.sql"
    staging = text(entry.staging.path)
    if staging is None:
        raise EditConflict(f"{entry.staging.path} is gone")
    reason = f"{entry.name}: {rules[0].reason}"
    there = text(macro_path)
    if there is not None:
        return Patch(_more(entry, rules, there, staging, dialect, macro_path), reason)
    after = with_filter(staging, _filter(entry, rules, dialect), dialect, path=entry.staging.path)
    written = {
        macro_path: macro_text(entry, rules, dialect, is_whole=is_whole(entry)),
        f"{folder}/{names.quarantine}.sql": model_text(entry),
        f"{folder}/{names.quarantine}.yml": yaml_text(entry, since, days),
    }
    for path in written:
        if text(path) is not None:
            raise EditConflict(f"{path} stands there already")
    edits = [_edit(entry.staging.path, staging, after, "bad rows are left out")]
    edits += [_edit(path, None, content, "holds what is left out") for path, content in written.items()]
    return Patch(tuple(edits), reason)


def is_whole(entry: Entry) -> bool:
    """Whether the staging model gives every row of the source and nothing else."""
    traced = entry.traced
    is_plain = traced.keeps_rows and traced.says_all and not traced.filters
    return is_plain and len(entry.staging.depends_on) == 1


def _filter(entry: Entry, rules: tuple[Rule, ...], dialect: str) -> Filter:
    return Filter(
        (entry.source.source_name, entry.source.name),
        entry.relation.name,
        Names(entry.staging.name).macro,
        tuple(column.name for column in entry.relation.columns),
        is_windowed=_is_windowed(rules),
        is_fenced=dialect == "postgres" and any(rule.kind == "bad_casts" for rule in rules),
    )


def _is_windowed(rules: tuple[Rule, ...]) -> bool:
    return any(rule.condition.find(exp.Window) is not None for rule in rules)


def _more(
    entry: Entry, rules: tuple[Rule, ...], macro: str, staging: str, dialect: str, path: str
) -> tuple[FileEdit, ...]:
    """One more condition in the macro that the staging model asks already."""
    names = Names(entry.staging.name)
    called = f"{{{{ {names.macro}() }}}}"
    if staging.count(called) != 1:
        raise EditConflict(f"{path} stands there already, and {entry.staging.path} does not ask it once")
    wanted = _filter(entry, rules, dialect)
    after = staging
    if wanted.is_windowed and "row_number()" not in macro:
        if staging.count(f"where {called} is null") != 1 or dialect != "duckdb":
            raise EditConflict(f"{entry.staging.path} filters row by row, and these rows have to be compared")
        after = staging.replace(f"where {called} is null", f"qualify {called} is null")
    if wanted.is_fenced and "offset 0" not in staging.lower():
        if staging.count(f"where {called} is null") != 1:
            raise EditConflict(
                f"{entry.staging.path} does not keep PostgreSQL from casting before it filters"
            )
        after = staging.replace(f"where {called} is null", f"where {called} is null offset 0")
    edits = []
    extended = with_rules(macro, rules, dialect, path=path)
    if extended != macro:
        edits.append(_edit(path, macro, extended, "one more reason"))
    if after != staging:
        edits.append(_edit(entry.staging.path, staging, after, "rows are compared with each other"))
    return tuple(edits)


def _edit(path: str, before: str | None, after: str, reason: str) -> FileEdit:
    return FileEdit(path, None if before is None else digest(before), after, reason, undo=before)
