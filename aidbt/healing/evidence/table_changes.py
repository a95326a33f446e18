"""A table then and now: what changed in its columns, its rows and its values. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.core.types import is_same_type
from aidbt.warehouse.inclusion import Sketch, containment
from aidbt.warehouse.words import words_of

_NULL_JUMP = 0.05  # of all rows, at least
_EMPTIED, _HALVED, _DOUBLED = 0.01, 0.6, 1.8  # of the rows there were
_HANDFUL, _NEARLY_ALL_LOST = 5, 0.25  # rows; of them
_FEW_ROWS = 20  # below so many, a share of the rows says nothing
_SWAPPED = 0.9  # of the values that are compared
_FEW_COMPARED = 8
_FEW_VALUES, _ALL_HASHES = 4, 2**64 - 1
_TELLING, _BEYOND_CHANCE = 3, 0.8  # rows; share


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of one column's values, then, another column holds now.

    Attributes:
        share: 0..1 of the different values; `support` of them were compared.
        known: 0..1 of the different values now that the column then held too; None where it is not known.
        same, differ: rows with the same key whose values are the same, and are not, nulls left out.
        chance: 0..1, how often they would be the same if the columns had nothing to do with each other: near
            1 where nearly all rows hold one value.
        telling: the compared rows that held another value than the commonest; None where it is not known.
        all_values: how many different values both hold, where all of either are known and they are the same
            set; else 0.
    """

    share: float = 0.0
    support: int = 0
    same: int = 0
    differ: int = 0
    known: float | None = None
    chance: float = 0.0
    telling: int | None = None
    all_values: int = 0

    @property
    def is_telling(self) -> bool:
        """Whether the values on the same keys say anything: not where nearly all rows hold one value."""
        return self.telling is None or self.telling >= _TELLING

    @property
    def beyond_chance(self) -> float:
        """The agreement beyond what chance gives (Cohen's kappa): 1 where all is the same, 0 or less where
        the columns have nothing to do with each other."""
        if self.agreement is None or self.chance >= 1:
            return 0.0
        return (self.agreement - self.chance) / (1 - self.chance)

    @property
    def agreement(self) -> float | None:
        """0..1 of the rows with the same key; None where too few could be compared."""
        compared = self.same + self.differ
        return self.same / compared if compared >= _FEW_COMPARED else None

    @property
    def says_same(self) -> bool:
        """Whether the values are the same, as far as values can tell."""
        if self.agreement is not None:
            return self.agreement >= 0.95 and self.is_telling and self.beyond_chance >= _BEYOND_CHANCE
        return self.all_values >= _FEW_VALUES or (self.support >= _FEW_COMPARED and self.share >= 0.9)

    @property
    def says_other(self) -> bool:
        """Whether the values are others."""
        if self.agreement is not None:
            return self.agreement < 0.5
        return self.support >= _FEW_COMPARED and self.share < 0.5


@dataclass(frozen=True, slots=True)
class Switch:
    """That one column turned null where another one is filled: how a loader renames.

    Attributes:
        since: when the first row with the new column filled was loaded; "" where nothing says when.
        by: the column that says when rows were loaded; "" for none.
        both: rows with both filled; `differing` of them hold different values.
        before_new: rows loaded before `since` where the new column is filled already.
    """

    old: str
    new: str
    rows: int
    since: str = ""
    by: str = ""
    both: int = 0
    differing: int = 0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Rows with the same key of which one column holds another value.

    Attributes:
        marks: the columns that mark an update (updated_at, the load's time), all of which are as they were in
            the `changed` rows; empty where the table has none.
    """

    changed: int
    compared: int
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableChange:
    """What became of one table.

    Attributes:
        source: unique_id of the source (or seed, model) it is.
        was: as it was at the last good run; None when there is none or it was not kept.
        now: as it is; None when it is gone.
        overlaps: (column then, column now) → how far the values are the same.
        switches: pairs of columns of which one turned null where the other one is filled.
        rewrites: column → the rows in which it was changed without a mark.
        replacements: relations that stand in the warehouse now and may be the table under another name, with
            how well the columns' names (0..1) and the rows on the same keys agree.
    """

    source: str
    was: TableState | None
    now: TableState | None
    overlaps: Mapping[tuple[str, str], Overlap] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    rewrites: Mapping[str, Rewrite] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return self.now is None

    @property
    def gone(self) -> tuple[str, ...]:
        """Columns that were there and are not."""
        return _missing(self.was, self.now)

    @property
    def new(self) -> tuple[str, ...]:
        """Columns that are there and were not."""
        return _missing(self.now, self.was)

    @property
    def retyped(self) -> tuple[tuple[str, str, str], ...]:
        """(column, type then, type now)."""
        return tuple(
            (now.name, was.data_type, now.data_type)
            for was, now in self.pairs()
            if was.data_type and now.data_type and not is_same_type(was.data_type, now.data_type)
        )

    def pairs(self) -> list[tuple[ColumnState, ColumnState]]:
        """(then, now) of each column that was and is there."""
        if self.was is None or self.now is None:
            return []
        found = ((column, self.now.column(column.name)) for column in self.was.columns)
        return [(was, now) for was, now in found if now is not None]

    @property
    def nulled(self) -> tuple[tuple[str, float, float], ...]:
        """(column, share of nulls then, now) where nulls have become many more, or the first came."""
        if self.was is None or self.now is None or not self.is_measured:
            return ()
        rows_then, rows_now = max(self.was.rows, 1), max(self.now.rows, 1)
        shares = ((now.name, was.nulls / rows_then, now.nulls / rows_now) for was, now in self.pairs())
        return tuple(
            (name, then, now)
            for name, then, now in shares
            if now - then >= _NULL_JUMP or (then == 0 and now > 0)
        )

    @property
    def is_measured(self) -> bool:
        """Whether both states have counts."""
        return bool(self.was and self.now and self.was.is_measured and self.now.is_measured)

    @property
    def row_ratio(self) -> float | None:
        """Rows now by rows then; None where one is not known, or there were too few: of a handful only the
        loss of nearly all counts."""
        if not self.is_measured or self.was is None or self.now is None or self.was.rows < _HANDFUL:
            return None
        ratio = self.now.rows / self.was.rows
        return ratio if self.was.rows >= _FEW_ROWS or ratio <= _NEARLY_ALL_LOST else None

    @property
    def is_emptied(self) -> bool:
        return self.row_ratio is not None and self.row_ratio <= _EMPTIED

    @property
    def is_halved(self) -> bool:
        return self.row_ratio is not None and _EMPTIED < self.row_ratio <= _HALVED

    @property
    def is_doubled(self) -> bool:
        return self.row_ratio is not None and self.row_ratio >= _DOUBLED

    @property
    def swapped(self) -> tuple[tuple[str, str], ...]:
        """Pairs of columns whose values changed places."""
        found = []
        for (then, now), overlap in self.overlaps.items():
            back = self.overlaps.get((now, then))
            if then < now and back is not None and _is_swap(overlap) and _is_swap(back):
                found.append((then, now))
        return tuple(found)

    def kept_agreement(self) -> dict[str, Overlap]:
        """Column → how far its values, on the same keys, are still those they were."""
        return {then: overlap for (then, now), overlap in self.overlaps.items() if then == now}

    @property
    def is_other_content(self) -> bool:
        """Whether most columns hold other values on the same keys, or none of the keys is left."""
        known = [o for o in self.kept_agreement().values() if o.agreement is not None]
        if len(known) >= 2:
            return sum(o.says_other for o in known) > len(known) / 2
        return False

    @property
    def has_changed(self) -> bool:
        """Whether anything is said by this table."""
        return bool(
            self.is_gone or self.gone or self.new or self.retyped or self.nulled or self.is_emptied
            or self.is_halved or self.is_doubled or self.swapped or self.is_other_content
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replacement:
    """A relation that may be a table under another name.

    Attributes:
        names: 0..1, how many of the columns then it has.
        rows: exact.
        overlap: of the values on the same keys, over all columns.
        is_new: whether it was not there at the last good run.
    """

    database: str
    schema: str
    name: str
    names: float
    rows: int
    overlap: Overlap
    is_new: bool


def overlap_of(
    was: ColumnState, now: ColumnState, then_rows: KeyedRows | None, now_rows: KeyedRows | None
) -> Overlap:
    """How far the values of one column then are those of another now."""
    then_sketch, now_sketch = Sketch(was.hashes, was.bound), Sketch(now.hashes, now.bound)
    contained, back = containment(then_sketch, now_sketch), containment(now_sketch, then_sketch)
    known = back.share if back.support >= _FEW_COMPARED else None
    is_whole = min(was.bound, now.bound) >= _ALL_HASHES and was.hashes == now.hashes
    all_values = len(was.hashes) if is_whole else 0
    if then_rows is None or now_rows is None:
        return Overlap(contained.share, contained.support, known=known, all_values=all_values)
    values = now_rows.column(now.name)
    pairs = [
        (value, values[key])
        for key, value in then_rows.column(was.name).items()
        if value is not None and values.get(key) is not None
    ]
    same = sum(a == b for a, b in pairs)
    before, after = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(n * after[value] for value, n in before.items()) / max(len(pairs), 1) ** 2
    telling = len(pairs) - max(before.values(), default=0)
    differ = len(pairs) - same
    return Overlap(
        contained.share, contained.support, same, differ, known, round(chance, 4), telling, all_values
    )


def overlaps_of(
    was: TableState, now: TableState, now_rows: KeyedRows | None
) -> dict[tuple[str, str], Overlap]:
    """The overlaps that matter: of each column with itself, of those that are gone or turned null with all
    that are new, and of two columns whose own values are others with each other."""
    found: dict[tuple[str, str], Overlap] = {}

    def add(then: ColumnState, there: ColumnState) -> None:
        found[then.name, there.name] = overlap_of(then, there, was.keyed, now_rows)

    changed = TableChange("", was, now)
    for then, there in changed.pairs():
        add(then, there)
    turned = {name for name, _, _ in changed.nulled}
    for then in was.columns:
        if then.name in changed.gone or then.name in turned:
            for name in changed.new:
                column = now.column(name)
                if column is not None:
                    add(then, column)
    odd = [then for then, there in changed.pairs() if found[then.name, there.name].says_other]
    for then in odd[:12]:
        for other in odd[:12]:
            column = now.column(other.name)
            if other.name != then.name and column is not None:
                add(then, column)
    return found


_MARK_WORDS = frozenset(("updated", "modified", "changed", "loaded", "synced", "extracted", "ingested"))


def rewrites_of(was: TableState, now_rows: KeyedRows | None) -> dict[str, Rewrite]:
    """Column → the rows with the same key that hold another value although nothing marks an update."""
    then = was.keyed
    if then is None or now_rows is None:
        return {}
    marks = [name for name in then.columns if is_mark(name) and name in now_rows.columns]
    places = [(then.columns.index(name), now_rows.columns.index(name)) for name in marks]
    found = {}
    for name in then.columns:
        if name in marks or name not in now_rows.columns:
            continue
        a, b = then.columns.index(name), now_rows.columns.index(name)
        compared = changed = 0
        for key, row in then.values.items():
            other = now_rows.values.get(key)
            if other is None or any(row[i] != other[j] for i, j in places):
                continue
            compared, changed = compared + 1, changed + (row[a] != other[b])
        if changed:
            found[name] = Rewrite(changed, compared, tuple(marks))
    return found


def is_mark(name: str) -> bool:
    """Whether a column by its name says when a row was updated or loaded."""
    return not _MARK_WORDS.isdisjoint(words_of(name))


def table_overlap(was: TableState, now: TableState, now_rows: KeyedRows | None) -> Overlap:
    """How far all columns together hold the same values, on the same keys where there are keys."""
    parts: Iterable[Overlap] = [
        overlap_of(then, there, was.keyed, now_rows)
        for then in was.columns
        if (there := now.column(then.name)) is not None
    ]
    parts = list(parts)
    support = sum(part.support for part in parts)
    share = sum(part.share * part.support for part in parts) / support if support else 0.0
    return Overlap(share, support, sum(p.same for p in parts), sum(p.differ for p in parts))


def _is_swap(overlap: Overlap) -> bool:
    return overlap.agreement is not None and overlap.agreement >= _SWAPPED


def _missing(there: TableState | None, elsewhere: TableState | None) -> tuple[str, ...]:
    if there is None or elsewhere is None:
        return ()
    return tuple(name for name in there.names if elsewhere.column(name) is None)
