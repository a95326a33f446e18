"""A column of a source that has another type is read as the type that it had, where every value proves it."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.errors import AidbtError
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.types import has_time_zone, is_plain_text, is_same_type, type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.column_claims import depends_on_session, survives_cast
from aidbt.healing.remedies.goes_on import goes_on
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.source_readers import Wanted, known_source, patched
from aidbt.healing.remedies.source_values import Agreement, SourceNow
from aidbt.healing.remedies.value_figures import size_of
from aidbt.sql.reads import Instead

NAME = "cast_column"
_NUMBERS = ("integer", "number")
_WHOLE = ("integer", "boolean", "date")
_SURELY = 0.8  # Cohen's kappa of values in rows that were loaded anew
# Numbers since 1970 as times: seconds, milliseconds, microseconds. Only where the values can be compared in
# the warehouse's own words.
_SINCE_1970 = {"duckdb": ("make_timestamp({} * 1000000)", "epoch_ms({})", "make_timestamp({})")}


class CastColumn:
    """For a column whose type changed while its values did not."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Every direct reader of the source reads the column as the type that it had."""
        column = diagnosis.facts.get("column", "")
        if diagnosis.error_class is not ErrorClass.TYPE_CHANGED or not column:
            return Declined(NAME, "no column of a source changed its type", is_concerned=False)
        found = known_source(NAME, diagnosis, case)
        if isinstance(found, Declined):
            return found
        source, then, now = found
        was, there = then.column(column), now.column(column)
        if was is None or there is None:
            return Declined(NAME, f"{source.name} has, or had, no {column}")
        if is_same_type(was.data_type, there.data_type):
            return Declined(
                NAME, f"{column} is {there.data_type} as before: its values changed, not its type"
            )
        if "other" in (type_family(was.data_type), type_family(there.data_type)):
            return Declined(NAME, f"a {there.data_type} is not compared with a {was.data_type}")
        fresh = SourceNow(case, tools, source)
        instead = _proved(fresh, column, was.data_type, there.data_type, case.dialect)
        if instead is None:
            return Declined(NAME, f"no cast from {there.data_type} gives the values that {column} had")
        title = f"Read {source.source_name}.{source.name}.{column} as {was.data_type.lower()} again"
        reason = f"{source.name}.{column} is {there.data_type}, and was {was.data_type}"
        patch = patched(NAME, Wanted(source, then, now, column, instead, reason), case, tools)
        if isinstance(patch, Declined):
            return patch
        is_cast = instead.form.startswith("cast(")
        return Mend(
            NAME,
            title,
            patch=patch,
            claims=(
                Claim(
                    f"{column} is {there.data_type} and was {was.data_type}",
                    lambda: _is_retyped(fresh, column, was.data_type, there.data_type),
                ),
                *((survives_cast(fresh, tools, column, was.data_type),) if is_cast else ()),
                _same_values(fresh, column, instead, was.data_type),
                _none_lost(fresh, column, instead, was.data_type),
                goes_on(fresh, column, instead, was.data_type),
            ),
            risk=Risk.LOW,
        )


def _is_retyped(now: SourceNow, column: str, old: str, new: str) -> Checked:
    then, there = now.then.column(column), now.now.column(column)
    if then is None or there is None:
        return Checked(False, "it is gone")
    holds = is_same_type(then.data_type, old) and is_same_type(there.data_type, new)
    return Checked(holds, f"it is {there.data_type}")


def _same_values(now: SourceNow, column: str, instead: Instead, data_type: str) -> Claim:
    """That the column has the values that it had; of few different ones (a flag, codes) in the same rows:
    where it is turned around all of them are there, too. Rows that were loaded anew are compared as well."""

    def check() -> Checked:
        there = now.now.column(column)
        assert there is not None
        loses_form = type_family(data_type) == "text" and type_family(there.data_type) in _NUMBERS  # "0107"
        is_known = False
        for with_updated in (False, True):
            found = now.agreement(column, instead, data_type, with_updated=with_updated)
            if found is None:
                break
            is_whole = 0 < found.compared == found.rows
            if found.is_enough and not with_updated:
                agrees = _agrees(found, data_type, there.data_type)
                is_within = found.is_exact or (agrees and _lies_within(now, column, instead, data_type))
                return Checked(agrees and is_within, str(found))
            is_bad = found.rules_out or (loses_form and found.other)
            if is_bad or (not found.is_enough and (found.other or found.lost)):
                return Checked(False, str(found))
            is_known = is_known or ((found.is_enough or is_whole) and found.kappa >= _SURELY)
        shared = now.shared(column, instead, data_type)
        if shared is None:
            return Checked(False, "the last good state has nothing to compare with")
        if not is_known and shared.is_same and not shared.proves_same:
            return Checked(False, f"{shared}, which are too few to tell")
        return Checked(shared.is_same, str(shared))

    what = instead.form.format(*instead.columns)
    return Claim(f"{what} has the values that {column} had", check)


def _lies_within(now: SourceNow, column: str, instead: Instead, data_type: str) -> bool:
    """Whether no value is beyond those of then: what was changed is no word for "unknown"."""
    was, there = now.then.column(column), size_of(now, instead, data_type)
    if was is None or type_family(data_type) == "boolean":
        return was is not None
    ends = (was.minimum, there.minimum, there.maximum, was.maximum)
    if type_family(data_type) == "integer" and all(ends):
        low_then, low, high, high_then = (float(end or 0) for end in ends)
        return low_then <= low <= high <= high_then
    return all(ends) and str(was.minimum) <= str(there.minimum) <= str(there.maximum) <= str(was.maximum)


def _none_lost(now: SourceNow, column: str, instead: Instead, data_type: str) -> Claim:
    """That no value becomes null."""

    def check() -> Checked:
        there = now.now.column(column)
        assert there is not None
        count = now.count_null(instead)
        return Checked(count == there.nulls, f"{count:,} are null, as {there.nulls:,} are in the source")

    return Claim(f"no value of {column} is lost on the way to {data_type}", check)


def _proved(now: SourceNow, column: str, old: str, new: str, dialect: str) -> Instead | None:
    """The first way to read the new type that gives the values of then on the same keys; a plain cast also
    where there are no keys to compare by."""
    for instead in ways(column, old, new, dialect):
        try:
            found = now.agreement(column, instead, old)
        except AidbtError:  # some value cannot be read so
            continue
        is_plain = instead.form.startswith("cast(")
        if found is None or not found.is_enough:
            if is_plain:
                return instead
        elif _agrees(found, old, new) and (is_plain or found.is_exact):
            return instead
    return None


def _agrees(found: Agreement, old: str, new: str) -> bool:
    """Whether the values are those of then: all of them; or nearly all where they were whole and are text,
    which loses nothing that a cast back would not show, so that the others were changed by people."""
    if found.updated and type_family(old) not in _WHOLE:
        return False  # another unit or zone may stand in just those rows that were written since
    is_whole = type_family(old) in _WHOLE and is_plain_text(new)
    return found.is_exact or (is_whole and not found.gained and found.may_have_changed(least=_SURELY))


def ways(column: str, old: str, new: str, dialect: str) -> Iterator[Instead]:
    """How a column of a new type may be read as its old one, the plainest first."""
    if not depends_on_session(new, old, dialect):
        yield Instead("cast({} as " + old.lower() + ")", (column,))
    is_time = type_family(old) == "timestamp" and not has_time_zone(old, dialect)
    if is_time and type_family(new) in ("integer", "number"):
        for form in _SINCE_1970.get(dialect, ()):
            yield Instead(form, (column,), is_typed=True)
    if is_time and has_time_zone(new, dialect) and dialect in _SINCE_1970:
        yield Instead("({} at time zone 'UTC')", (column,))
