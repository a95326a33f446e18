"""A source has a column more, and what reads it by a star breaks: staging names the columns one by one."""

from __future__ import annotations

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.types import is_same_type
from aidbt.healing.diagnosis.finding import readers_of
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.source_readers import Wanted, known_source, patched
from aidbt.healing.remedies.source_values import SourceNow

NAME = "added_column"


class AddedColumn:
    """For a column that came and that a star takes where it must not."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The readers of the source above what failed read the columns that it had."""
        if diagnosis.error_class is not ErrorClass.COLUMN_ADDED or not diagnosis.failures:
            return Declined(NAME, "nothing fails of a column that was added to a source", is_concerned=False)
        found = known_source(NAME, diagnosis, case)
        if isinstance(found, Declined):
            return found
        source, then, now = found
        new = [name for name in now.names if then.column(name) is None]
        if not new:
            return Declined(NAME, f"{source.name} has no column that it did not have")
        failed = {failure.unique_id for failure in diagnosis.failures}
        above = failed | {name for one in failed for name in case.ancestors(one)}
        only = [name for name in readers_of(case, source.unique_id) if name in above]
        listed = ", ".join(new)
        reason = f"{source.name} has {listed}, which nothing here reads"
        patch = patched(NAME, Wanted(source, then, now, "", None, reason, only), case, tools)
        if isinstance(patch, Declined):
            return patch
        fresh = SourceNow(case, tools, source)
        return Mend(
            NAME,
            f"Name the columns of {source.source_name}.{source.name} one by one, without {listed}",
            patch=patch,
            claims=(
                Claim(f"{listed} came since the last good run", lambda: _came(fresh, new)),
                Claim(
                    f"every column that {source.name} had is there, and of the same type",
                    lambda: _all_there(fresh),
                ),
            ),
            risk=Risk.LOW,
        )


def _came(now: SourceNow, new: list[str]) -> Checked:
    there = set(new) <= set(now.change.new)
    return Checked(there, f"new: {', '.join(now.change.new) or 'none'}")


def _all_there(now: SourceNow) -> Checked:
    for column in now.then.columns:
        there = now.now.column(column.name)
        if there is None:
            return Checked(False, f"{column.name} is gone")
        if not is_same_type(column.data_type, there.data_type):
            return Checked(False, f"{column.name} is {there.data_type}, and was {column.data_type}")
    return Checked(True, f"{len(now.then.columns):,} columns")
