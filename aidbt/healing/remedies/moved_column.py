"""A loader writes a column under another name from some load on, and leaves the old one null: staging reads
whichever is filled."""

from __future__ import annotations

from sqlglot import exp

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.types import is_same_type, type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.same_words import says_another, says_more, says_the_same, says_type
from aidbt.healing.remedies.column_claims import has_the_values, survives_cast
from aidbt.healing.remedies.odd_values import APART, odd_values, of_its_kind
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.source_readers import Wanted, known_source, patched
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.healing.remedies.value_figures import moved_apart
from aidbt.sql.reads import Instead

NAME = "moved_column"
_FEWEST = 8  # values that were compared
_KNOWN = 0.95  # of the values in rows where the old column is null, that it held at the last good run
_MANY = 50  # different values that are no list of codes
_TIMES = ("timestamp", "date", "time")
_NULLS = 0.005  # of the rows, by which more may be null than were


class MovedColumn:
    """For a column that stays and turned null where a new one is filled."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Every direct reader of the source reads the new column, and the old one where that is null."""
        facts = diagnosis.facts
        old, new = facts.get("old", ""), facts.get("new", "")
        if diagnosis.error_class is not ErrorClass.COLUMN_RENAMED or facts.get("how") != "null_since":
            return Declined(NAME, "no column turned null where another one is filled", is_concerned=False)
        if facts.get("conflicts", "0") != "0":
            return Declined(NAME, f"{facts['conflicts']} rows hold another value in {new} than in {old}")
        if facts.get("alternatives"):
            return Declined(NAME, f"{facts['alternatives']} may be {old} as well as {new}")
        found = known_source(NAME, diagnosis, case)
        if isinstance(found, Declined):
            return found
        source, then, now = found
        was, there = then.column(old), now.column(new)
        if was is None or there is None or now.column(old) is None:
            return Declined(NAME, f"{source.name} has no {new}, or no {old}")
        if case.is_read(source.unique_id, new):
            return Declined(NAME, f"a model reads {new} already: people deal with it")
        if (type_family(was.data_type), type_family(there.data_type)) == ("timestamp", "date"):
            return Declined(NAME, f"{old} held times, and {new} holds days")
        is_cast = not is_same_type(was.data_type, there.data_type)
        cast = "cast({} as " + was.data_type.lower() + ")"
        instead = Instead("coalesce(" + (cast if is_cast else "{}") + ", {})", (new, old))
        title = f"Read {new} of {source.source_name}.{source.name} where it is filled, else {old}"
        since = facts.get("since", "").partition(".")[0] or "some load"
        reason = f"{source.name}.{old} is null and {new} is filled since {since}"
        patch = patched(NAME, Wanted(source, then, now, old, instead, reason), case, tools)
        if isinstance(patch, Declined):
            return patch
        fresh = SourceNow(case, tools, source)
        moved = Instead("case when {} is null then " + (cast if is_cast else "{}") + " end", (old, new))
        return Mend(
            NAME,
            title,
            patch=patch,
            claims=(
                _only_one(fresh, old, new),
                _no_conflict(fresh, old, new),
                *((survives_cast(fresh, tools, new, was.data_type),) if is_cast else ()),
                _nothing_lost(fresh, old, new),
                has_the_values(fresh, old, instead, was.data_type),
                _known_values(fresh, old, new, (instead, moved), was.data_type),
            ),
            risk=Risk.LOW,
        )


def _only_one(now: SourceNow, old: str, new: str) -> Claim:
    def check() -> Checked:
        others = [switch.new for switch in now.change.switches if switch.old == old and switch.new != new]
        is_it = any(switch.old == old and switch.new == new for switch in now.change.switches)
        also = f"{', '.join(others)} is too" if others else f"of {len(now.change.new):,} new columns"
        return Checked(is_it and not others, also)

    return Claim(f"only {new} is filled where {old} turned null", check)


def _no_conflict(now: SourceNow, old: str, new: str) -> Claim:
    def check() -> Checked:
        a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
        text = exp.DataType.build("text")
        both = exp.and_(exp.not_(a.is_(exp.null())), exp.not_(b.is_(exp.null())))
        differ = exp.NEQ(this=exp.cast(a.copy(), text), expression=exp.cast(b.copy(), text))
        count = now.count(exp.and_(both, differ))
        return Checked(count == 0, f"{count:,} such rows" if count else "no such row")

    return Claim(f"in no row {old} and {new} are filled with different values", check)


def _nothing_lost(now: SourceNow, old: str, new: str) -> Claim:
    def check() -> Checked:
        was = now.then.column(old)
        assert was is not None
        a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
        count = now.count(exp.and_(a.is_(exp.null()), b.is_(exp.null())))
        share_then, share = was.nulls / max(now.then.rows, 1), count / max(now.now.rows, 1)
        holds = count == 0 if was.nulls == 0 else share <= share_then + _NULLS
        return Checked(
            holds, f"both are null in {count:,} of {now.now.rows:,} rows; {was.nulls:,} were null then"
        )

    return Claim(f"no more rows than before are without a value in both {old} and {new}", check)


def _known_values(now: SourceNow, old: str, new: str, read: tuple[Instead, Instead], data_type: str) -> Claim:
    """That the rows that moved hold what they held; of rows that are all new that their values are known, or
    that the name says whose they are.

    Args:
        read: in all rows, and in those that moved.
    """
    instead, moved = read

    def check() -> Checked:
        found = now.agreement(old, moved, data_type, with_updated=True)
        agreed = found.same + found.other if found is not None else 0
        if found is not None and (found.other or agreed >= _FEWEST):
            told = f"the same value in {found.same:,} of {agreed:,} rows that moved"
            return Checked(not found.other, told)
        shared = now.shared(old, moved, data_type)
        if shared is None:
            return Checked(False, "the last good state has nothing to compare with")
        family = type_family(data_type)
        names = (old, new, family, now.source.name)
        was, there = now.then.column(old), now.now.column(new)
        is_typed = there is not None and says_type(old, new, type_family(there.data_type))
        is_named = is_typed or says_the_same(*names)
        # New rows have a new day, and words mean what they meant; codes, flags and another's name need not.
        is_open = family not in _TIMES and not (family == "text" and is_named)
        apart = moved_apart(now, old, instead, data_type) if is_open else None
        if apart is not None and apart > APART:
            return Checked(False, f"its values are spread in another way ({apart:.0%} of them)")
        is_known = bool(shared.known_of) and shared.known >= _KNOWN
        told = f"{shared.known:.0%} of {shared.known_of:,} values compared were known before"
        is_other = says_more(*names) or says_another(*names)
        odd = odd_values(now, was, (old, new), moved, data_type) if was is not None else ""
        if odd:
            return Checked(False, odd)
        if is_known and family == "text" and shared.known_of >= _FEWEST and (is_named or not is_other):
            return Checked(True, told)
        if not is_named:  # numbers are alike too easily, and so are the countries that an order has
            return Checked(False, f"{told}; by its name {new} need not be {old}")
        if is_known and family not in ("number", "integer"):
            return Checked(True, told)
        is_closed = shared.is_whole and shared.support < _MANY and not is_known
        return of_its_kind(now, old, new, data_type, is_closed=is_closed)

    return Claim(f"where {old} turned null {new} stands for it", check)
