"""A column of a source that has another name now is read by that, under its old name, in staging."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.schema import Column
from aidbt.core.table_state import ColumnState, TableState
from aidbt.core.types import is_same_type
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.copy_names import is_old_by_name
from aidbt.healing.remedies.column_claims import (
    has_the_values,
    is_gone,
    is_of_type,
    never_both,
    no_other_has_them,
    survives_cast,
)
from aidbt.healing.remedies.goes_on import goes_on
from aidbt.healing.remedies.odd_values import stands_for
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.source_readers import Wanted, known_source, patched
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.sql.reads import Instead

NAME = "renamed_column"
_LIKELY = 0.8  # by the mapper, where values alone could be the same by chance


class RenamedColumn:
    """For a column that is gone while a new one holds its values."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Every direct reader of the source reads the new column under the old name."""
        facts = diagnosis.facts
        old, new = facts.get("old", ""), facts.get("new", "")
        if diagnosis.error_class is not ErrorClass.COLUMN_RENAMED or facts.get("how", "gone") != "gone":
            return Declined(NAME, "no column of a source is gone for another one", is_concerned=False)
        if not old or not new:
            others = facts.get("alternatives", "")
            return Declined(
                NAME, f"the values do not tell which of {others} is {old}" if others else "not known"
            )
        found = known_source(NAME, diagnosis, case)
        if isinstance(found, Declined):
            return found
        source, then, now = found
        was, there = then.column(old), now.column(new)
        if was is None or there is None:
            return Declined(NAME, f"{source.name} has no {new}, or had no {old}")
        if is_old_by_name(new, old):
            return Declined(NAME, f"{new} is what {old} was, by its name: what is new may stand elsewhere")
        names = [new, *([facts["also"]] if facts.get("also") else [])]
        columns = [column for name in names if (column := now.column(name)) is not None]
        instead = _read(columns[::-1], was.data_type)
        title = f"Read {' and '.join(names)} of {source.source_name}.{source.name} as {old}"
        wanted = Wanted(source, then, now, old, instead, f"{source.name}.{old} is {' and '.join(names)} now")
        patch = patched(NAME, wanted, case, tools)
        if isinstance(patch, Declined):
            return patch
        fresh = SourceNow(case, tools, source)
        return Mend(
            NAME,
            title,
            patch=patch,
            claims=(
                is_gone(fresh, old, new),
                *(_fits(fresh, tools, column, was.data_type) for column in columns),
                *(() if len(columns) == 1 else _of_two(fresh, was, names, instead)),
                has_the_values(
                    fresh, old, instead, was.data_type,
                    by_name=lambda: likely_by_name(fresh.then, fresh.now, old, new, tools),
                ),
                no_other_has_them(fresh, old, names),
                goes_on(fresh, old, instead, was.data_type),
            ),
            risk=Risk.LOW,
        )  # fmt: skip


def _read(columns: Sequence[ColumnState], data_type: str) -> Instead:
    """The first of some columns that is filled, as a type."""
    cast = "cast({} as " + data_type.lower() + ")"
    forms = ["{}" if is_same_type(data_type, column.data_type) else cast for column in columns]
    form = forms[0] if len(forms) == 1 else f"coalesce({', '.join(forms)})"
    return Instead(form, tuple(column.name for column in columns))


def _fits(now: SourceNow, tools: Tools, column: ColumnState, data_type: str) -> Claim:
    if is_same_type(data_type, column.data_type):
        return is_of_type(now, column.name, data_type)
    return survives_cast(now, tools, column.name, data_type)


def _of_two(now: SourceNow, was: ColumnState, names: Sequence[str], instead: Instead) -> tuple[Claim, ...]:
    """What must hold of two columns that a loader made of one whose values came in two types."""
    first, second = names
    text = f"{second} stands for {was.name} where {first} is null"
    return (
        never_both(now, first, second),
        Claim(text, lambda: stands_for(now, was, (first, second), instead)),
    )


def likely_by_name(then: TableState, now: TableState, old: str, new: str, tools: Tools) -> Checked:
    """Whether the mapper, which sees names, types and places alone, takes one column for the other."""
    from aidbt.mapping.renames import Version, renames_of

    gone = [Column(c.name, c.data_type) for c in then.columns if now.column(c.name) is None or c.name == old]
    added = [Column(c.name, c.data_type) for c in now.columns if then.column(c.name) is None]
    found = renames_of(Version(gone, then.names), Version(added, now.names), tools.settings.mapping).found
    item = next((item for item in found if item.old == old), None)
    if item is None or item.new != new:
        return Checked(False, f"by its name {new} need not be {old}")
    return Checked(item.probability >= _LIKELY, f"{item.probability:.2f} by name, type and place")
