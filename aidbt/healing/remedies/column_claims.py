"""The claims that mends of a source's columns share; each asks the warehouse when it is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from aidbt.core.healing import Checked, Claim
from aidbt.core.types import Family, has_time_zone, is_plain_text, is_same_type, type_family
from aidbt.healing.evidence.same_words import changes_with_time, says_another, says_more, says_the_same
from aidbt.healing.evidence.table_changes import is_mark
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.source_values import MOST_UPDATED, Agreement, SourceNow
from aidbt.sql.reads import Instead
from aidbt.warehouse.checks import rows_lost_by_casts

NAME = Instead("{}")
_MOSTLY = 0.8  # Cohen's kappa


def is_gone(now: SourceNow, column: str, new: str = "") -> Claim:
    """That a column is not there, and another one is new."""

    def check() -> Checked:
        change = now.change
        gone = now.then.column(column) is not None and now.now.column(column) is None
        is_new = not new or (now.then.column(new) is None and now.now.column(new) is not None)
        left = f"gone: {', '.join(change.gone) or 'none'}; new: {', '.join(change.new) or 'none'}"
        return Checked(gone and is_new, left)

    added = f", and has {new}, which it had not" if new else ""
    return Claim(f"{now.source.name} has no {column} any more{added}", check)


def is_of_type(now: SourceNow, new: str, data_type: str) -> Claim:
    """That a column has a type."""

    def check() -> Checked:
        there = now.now.column(new)
        if there is None:
            return Checked(False, "it is gone")
        return Checked(is_same_type(there.data_type, data_type), f"it is {there.data_type}")

    return Claim(f"{new} is of the type {data_type}", check)


def has_the_values(
    now: SourceNow,
    column: str,
    instead: Instead,
    data_type: str,
    *,
    by_name: Callable[[], Checked] | None = None,
) -> Claim:
    """That what is read instead has the values that the column had.

    Args:
        data_type: of what is read instead.
        by_name: asked where the values are the same and chance could make them so (a column of one value),
            for what is another column; None where it is the column itself.
    """

    def check() -> Checked:
        found = now.agreement(column, instead, data_type)
        if found is not None and found.is_enough:
            names = (column, instead.columns[0], type_family(data_type), now.source.name)
            if found.updated and not says_the_same(*names):
                is_other = says_more(*names) or says_another(*names)
                if by_name is None or is_other or not by_name().holds:
                    return Checked(False, f"{found}, and by its name {names[1]} need not be {column}")
            if by_name is not None and not found.is_exact and _may_change(found, names):
                also = by_name()
                return Checked(also.holds, f"{found}, as values change in rows that stay; {also.found}")
            if by_name is None or found.proves_same or not found.is_exact:
                return Checked(found.is_exact, str(found))
            also = by_name()
            return Checked(also.holds, f"{found}, which chance could make so; {also.found}")
        shared = now.shared(column, instead, data_type)
        if shared is None:
            return Checked(False, "the last good state has nothing to compare with")
        if by_name is None or not shared.is_same:
            return Checked(shared.is_same, str(shared))
        if shared.proves_same and is_plain_text(data_type):  # numbers are alike too easily
            return Checked(True, str(shared))
        if not shared.proves_same:
            return Checked(False, f"{shared}, which are too few to tell")
        also = by_name()
        return Checked(also.holds, f"{shared}; {also.found}")

    what = instead.form.format(*instead.columns)
    return Claim(f"{what} has the values that {column} had", check)


def _may_change(found: Agreement, names: tuple[str, str, Family, str]) -> bool:
    """Whether the few values that differ may have been changed in a column that is the same by its name: of
    what changes as time goes by, and of what is not counted or measured: amounts may be alike in most rows.

    Args:
        names: then and now, the family of the values, the table's.
    """
    if changes_with_time(names[0], names[2]) and says_the_same(*names):
        return found.may_have_changed(most=MOST_UPDATED, least=_MOSTLY)
    is_number = names[2] in ("number", "integer")
    is_other = says_more(*names) or says_another(*names)
    return not is_number and not is_other and not found.gained and found.may_have_changed()


def no_other_has_them(now: SourceNow, column: str, new: Sequence[str]) -> Claim:
    """That no column but those meant can be what a column was: none that is new, and none that was there and
    holds other values than it did."""

    def check() -> Checked:
        others = [name for name in now.change.new if name not in new]
        for name in others:
            if not _why_not_other(now, column, name):
                return Checked(False, f"{name} may be {column} too")
        for (then, there), overlap in now.change.overlaps.items():
            if then == there and then != column and overlap.says_other and not is_mark(then):
                state = now.now.column(there)
                found = now.agreement(column, Instead("{}", (there,)), state.data_type if state else "")
                if found is not None and found.is_same:
                    return Checked(False, f"{there} holds what {column} held")
        listed = ", ".join(others)
        return Checked(True, f"{listed}: ruled out by the values" if others else "nothing else is new")

    return Claim(f"no other column of {now.source.name} can be {column}", check)


def _why_not_other(now: SourceNow, column: str, name: str) -> str:
    """What rules a new column out; "" for nothing."""
    was, there = now.then.column(column), now.now.column(name)
    assert was is not None and there is not None
    if now.now.rows and there.nulls == now.now.rows:
        return "it is empty"
    found: Agreement | None = now.agreement(column, Instead("{}", (name,)), there.data_type)
    if found is not None and (found.rules_out or found.is_enough):
        return "other values" if found.rules_out else ""
    families = {type_family(was.data_type), type_family(there.data_type)}
    if len(families) == 2 and "text" not in families:
        return "another kind of values"
    shared = now.shared(column, Instead("{}", (name,)), there.data_type)
    return "other values" if shared is not None and shared.support >= 20 and shared.share < 0.3 else ""


def never_both(now: SourceNow, one: str, other: str) -> Claim:
    """That no row has a value in both of two columns."""

    def check() -> Checked:
        filled = (exp.not_(exp.column(name, quoted=True).is_(exp.null())) for name in (one, other))
        count = now.count(exp.and_(*filled))
        return Checked(count == 0, f"{count:,} such rows" if count else "no such row")

    return Claim(f"in no row both {one} and {other} are filled", check)


def survives_cast(now: SourceNow, tools: Tools, column: str, data_type: str) -> Claim:
    """That every value of a column can be cast to a type and back without a loss."""

    def check() -> Checked:
        there = now.now.column(column)
        if there is None:
            return Checked(False, "it is gone")
        dialect = tools.warehouse().dialect
        if depends_on_session(there.data_type, data_type, dialect):
            return Checked(False, "what the cast gives depends on the time zone of the session")
        with tools.warehouse().connect() as connection:
            relation = now.relation(connection)
            lost = rows_lost_by_casts(connection, relation, [(there.name, data_type)], dialect=dialect)
        count = lost.get((there.name, data_type))
        if count is None:
            return Checked(False, "the cast cannot be tried without failing")
        if type_family(data_type) == "boolean" and type_family(there.data_type) == "text":
            count += now.count(_is_another_word(there.name))
        filled = now.now.rows - there.nulls
        return Checked(count == 0 and filled > 0, f"{filled - count:,} of {filled:,} values do")

    return Claim(f"every value of {column} comes through a cast to {data_type} and back", check)


def _is_another_word(column: str) -> exp.Expr:
    """That a text is neither "true" nor "false": engines read Y, no and 1 too, and what comes beside those
    (U, N/A, 2) is nobody's to know."""
    value = exp.column(column, quoted=True)
    words = [exp.Literal.string(word) for word in ("true", "false")]
    is_one = exp.Lower(this=exp.cast(value, exp.DataType.build("text"))).isin(*words)
    return exp.and_(exp.not_(value.copy().is_(exp.null())), exp.not_(is_one))


def depends_on_session(data_type: str, wanted: str, dialect: str) -> bool:
    """Whether a cast between two types of time gives another value in another time zone of the session."""
    families = {type_family(data_type), type_family(wanted)}
    is_instant = has_time_zone(data_type, dialect) != has_time_zone(wanted, dialect)
    return is_instant and "timestamp" in families and "text" not in families
