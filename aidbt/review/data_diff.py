"""What a change does to a model's data: two builds of it compared inside the warehouse.

One scan of each side adds up a hash of every row by bucket of its key. Buckets whose sums are the same hold
the same rows (but for a chance of 2^-64 each), so equal tables cost that scan and no join. Only the others
are joined. Where many rows are left, a look at a few buckets tells which columns differ at all; those are
joined by value, and all the others as one hash, which proves them equal or says where they are not.

Only counts, sums of hashes and a few keys leave the warehouse.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aidbt.core.errors import UsageError, WarehouseError, require_known
from aidbt.core.schema import Column, Relation
from aidbt.review.diff_answers import are_alike, column_diff, figures_of, shown_keys
from aidbt.review.diff_columns import Matched, Pair, folded, kind_of, match_columns
from aidbt.review.diff_statements import (
    JOIN_FIGURES,
    PERFECT_HASH,
    SIDES,
    USUAL_HASH,
    Group,
    Scope,
    Side,
    Statements,
    column_asked,
    column_figures,
)
from aidbt.review.diff_values import ColumnDiff, DataDiff, Figures, Keys, RowGroup, RowsDiff, Share
from aidbt.warehouse.base import Connection
from aidbt.warehouse.rows import condition

_ROWS_PER_BUCKET = 128
_MOST_BUCKETS = 1 << 16
# More would not fit in an IN of every warehouse (Snowflake takes 16,384 values), and leave little out.
_MOST_LISTED = 16_000
_WORTH_LEAVING_OUT = 0.6  # of the rows, above which all are joined
# Below so many rows, or such a part of all, joining all columns costs less than a look at which differ.
_FEW_ROWS = 200_000
_WORTH_PROBING = 0.4
_PROBED_ROWS = 4_000
# Of fewer buckets the dispersion says little, and so small a table is quickly asked.
_ENOUGH_BUCKETS = 64
_LIKELY_REPEATS = 1.3
_COLUMNS_PER_STATEMENT = 100


def compare_relations(
    connection: Connection,
    base: Relation,
    head: Relation,
    *,
    keys: Sequence[str] = (),
    sample_above_rows: int = 50_000_000,
    sample_rows: int = 5_000_000,
    tolerance: float = 1e-9,
    ignore: Collection[str] = (),
    pii: Collection[str] = (),
) -> DataDiff:
    """How the data of a model differs between two builds of it.

    Null is the same as null, and NaN as NaN. Texts that differ in a byte differ; so do JSON texts with the
    same contents.

    Args:
        base, head: with their columns, as the warehouse lists them.
        keys: the declared key. Without one, and where it cannot be compared, whole rows are compared: which
            changed is then unknown. Keys are never guessed.
        sample_above_rows: compare a part of the keys only, the same on both sides, where a side has more.
        sample_rows: about how many rows of the larger side that part has.
        tolerance: how far floating-point numbers may be apart, relative to the mean of their sizes; it does
            not count where whole rows are compared.
        ignore: columns that are not compared.
        pii: columns of personal data, of which no value is read out.

    Raises:
        UsageError: a relation comes without columns, or a number is out of its range.
        UnknownName: a key, an ignored column or one of personal data is on neither side.
        WarehouseError: the warehouse refused a statement, or a table changed while it was compared.
    """
    _check(base, head, sample_rows, tolerance)
    dialect = connection.dialect
    _require_columns([*keys, *ignore, *pii], base, head, dialect)
    hidden = frozenset(_names_of(pii, base, head, dialect))
    matched = match_columns(base, head, dialect=dialect, ignore=[n for n in ignore if n not in keys])
    key_pairs, why_no_keys = _key_pairs(keys, matched, base, head, dialect)
    statements = Statements(
        dialect=dialect,
        base=base,
        head=head,
        keys=key_pairs,
        pairs=tuple(pair for pair in matched.pairs if pair not in key_pairs),
        wheres={"base": condition(connection, base), "head": condition(connection, head)},
        tolerance=tolerance,
        pii=hidden,
    )
    counts = [int(connection.rows(statements.row_count(side))[0][0]) for side in SIDES]
    largest = max(counts)
    one_in = _odd(largest / sample_rows) if largest > sample_above_rows else 1
    buckets = _power_of_two(largest / one_in / _ROWS_PER_BUCKET)
    statements = replace(statements, one_in=one_in, bucket_count=buckets)
    diff = DataDiff(
        base=str(base),
        head=str(head),
        base_rows=counts[0],
        head_rows=counts[1],
        schema=matched.schema,
        keys=tuple(pair.name for pair in key_pairs),
        why_no_keys=why_no_keys,
        one_in=one_in,
        not_compared=matched.not_compared,
        tolerance=tolerance,
    )
    return _Comparison(connection, statements, matched, diff).run()


@dataclass(frozen=True)
class _Prints:
    """What the first scan told: rows and sum of hashes by bucket, on both sides; None is for null keys."""

    base: dict[int | None, tuple[int, int]]
    head: dict[int | None, tuple[int, int]]
    bucket_count: int

    def may_repeat_keys(self) -> bool:
        """Whether keys seem to occur more than once on a side, by the index of dispersion of the sizes of
        its buckets: it is about 1 for keys that are unique (a Poisson distribution), and r for keys that
        occur r times each. A join of those would multiply the rows.
        """
        if self.bucket_count < _ENOUGH_BUCKETS:
            return True
        return any(self._dispersion(side) > _LIKELY_REPEATS for side in (self.base, self.head))

    def _dispersion(self, side: dict[int | None, tuple[int, int]]) -> float:
        sizes = [rows for q, (rows, _) in side.items() if q is not None]
        # Hashes with a sign make up to twice as many buckets.
        count = max(self.bucket_count, len(sizes))
        mean = sum(sizes) / count
        return (sum(size * size for size in sizes) / count - mean**2) / mean if mean else 0.0

    def differing(self) -> list[int]:
        """The buckets of keys that are not the same, in order."""
        places = (self.base.keys() | self.head.keys()) - {None}
        return sorted(q for q in places if q is not None and self.base.get(q) != self.head.get(q))

    def rows(self, buckets: Collection[int] | None = None) -> tuple[int, int]:
        """The rows of (base, head) that have a key, in some buckets or in all."""

        def total(side: dict[int | None, tuple[int, int]]) -> int:
            if buckets is not None:
                return sum(side[q][0] for q in buckets if q in side)
            return sum(rows for q, (rows, _) in side.items() if q is not None)

        return total(self.base), total(self.head)


class _Comparison:
    """One comparison on an open connection, from the first scan to the result."""

    def __init__(
        self, connection: Connection, statements: Statements, matched: Matched, diff: DataDiff
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._matched = matched
        self._diff = diff

    def run(self) -> DataDiff:
        if not (self._statements.keys or self._statements.pairs):
            return self._with_figures(self._diff, [])
        with self._grouping():
            base, head = (self._fingerprint(side) for side in SIDES)
        prints = _Prints(base, head, self._statements.bucket_count)
        return self._by_key(prints) if self._statements.keys else self._by_row(prints)

    @contextlib.contextmanager
    def _grouping(self) -> Iterator[None]:
        if self._statements.dialect != "duckdb":
            yield
            return
        self._connection.rows(PERFECT_HASH)
        try:
            yield
        finally:
            self._connection.rows(USUAL_HASH)

    def _fingerprint(self, side: Side) -> dict[int | None, tuple[int, int]]:
        found = self._connection.rows(self._statements.fingerprint(side))
        return {None if q is None else int(q): (int(rows), int(total)) for q, rows, total in found}

    def _first(self, sql: str) -> tuple[Any, ...]:
        return self._connection.rows(sql)[0]

    # --- without a key -------------------------------------------------------------------------------

    def _by_row(self, prints: _Prints) -> DataDiff:
        differing = prints.differing()
        rows = self._whole_rows(
            "all rows", prints.rows(), Scope("all", self._listed(differing, prints)), differing
        )
        diff = replace(self._diff, rows=(rows,))
        differs = bool(rows.only_base or rows.only_head)
        columns = [ColumnDiff(pair.name, None) for pair in self._statements.pairs] if differs else []
        return self._with_figures(diff, columns)

    def _whole_rows(
        self, group: RowGroup, counts: tuple[int, int], scope: Scope, differing: Collection[object]
    ) -> RowsDiff:
        only = self._first(self._statements.rows_by_hash(scope)) if differing else (0, 0)
        return RowsDiff(group, *counts, only_base=int(only[0] or 0), only_head=int(only[1] or 0))

    # --- by key --------------------------------------------------------------------------------------

    def _by_key(self, prints: _Prints) -> DataDiff:
        differing = prints.differing()
        found = self._joined(differing, prints) if differing else _Joined()
        groups = list(found.groups)
        if None in prints.base or None in prints.head:
            nulls = prints.base.get(None, (0, 0)), prints.head.get(None, (0, 0))
            scope = Scope("without a key")
            differs = [1] if nulls[0] != nulls[1] else []
            groups.append(self._whole_rows("rows without a key", (nulls[0][0], nulls[1][0]), scope, differs))
        base_keys, head_keys = prints.rows()
        repeated = next((g for g in groups if g.group == "rows of repeated keys"), None)
        if repeated:
            base_keys, head_keys = base_keys - repeated.base, head_keys - repeated.head
        common = base_keys - found.removed
        diff = replace(
            self._diff,
            added=self._keys(found.added, head_keys, found.examples.get("added", ())),
            removed=self._keys(found.removed, base_keys, found.examples.get("removed", ())),
            changed=self._keys(found.changed, common, found.examples.get("changed", ())),
            rows=tuple(groups),
        )
        changed = [
            column_diff(pair, f, common, self._statements) for pair, f in found.columns if f["changed"]
        ]
        # Those that differ in more rows first, then as they stand in the table.
        changed.sort(key=lambda column: -(column.changed.count if column.changed else 0))
        return self._with_figures(diff, changed)

    def _keys(self, count: int, of: int, examples: Sequence[Any]) -> Keys:
        return Keys(Share(count, of, self._diff.one_in > 1), shown_keys(examples, self._statements))

    def _joined(self, differing: list[int], prints: _Prints) -> _Joined:
        """The differing buckets, joined; without the keys that are repeated on a side, if there are any."""
        buckets = self._listed(differing, prints)
        is_asked = prints.may_repeat_keys()
        repeated = self._repeated() if is_asked else None
        if repeated is None:
            scope = Scope("with a key", buckets)
            found = self._join(scope, self._rest("with a key", differing, prints))
            if found.accounts_for(*prints.rows(buckets)):
                return found
            repeated = None if is_asked else self._repeated()
        if repeated is None:
            raise WarehouseError(
                f"{self._diff.base} or {self._diff.head} changed while they were compared",
                hint="compare them again when nothing is building them",
            )
        only = self._whole_rows("rows of repeated keys", (0, 0), Scope("repeated", buckets), differing)
        found = self._join(Scope("single", buckets), self._rest("single", differing, prints))
        group = replace(repeated, only_base=only.only_base, only_head=only.only_head)
        return replace(found, groups=(group,))

    def _repeated(self) -> RowsDiff | None:
        """The keys that occur more than once on a side and the rows of both that have them; None without."""
        keys = tuple(int(self._first(self._statements.repeated_keys(side))[0]) for side in SIDES)
        if not any(keys):
            return None
        counts = [self._first(self._statements.row_counts_of(side, Scope("repeated")))[0] for side in SIDES]
        return RowsDiff("rows of repeated keys", int(counts[0]), int(counts[1]), 0, 0, (keys[0], keys[1]))

    def _listed(self, differing: Sequence[int], prints: _Prints) -> tuple[int, ...] | None:
        """The buckets to name in a statement; None for all, where that leaves little out."""
        if len(differing) > _MOST_LISTED or not differing:
            return None
        share = sum(prints.rows(differing)) / max(sum(prints.rows()), 1)
        return tuple(differing) if share < _WORTH_LEAVING_OUT else None

    def _rest(self, group: Group, differing: Sequence[int], prints: _Prints) -> list[Pair]:
        """The columns that a look at a few differing buckets found no difference in, and a hash can prove."""
        counts = prints.rows(differing)
        if max(counts) <= max(_FEW_ROWS, _WORTH_PROBING * max(prints.rows())):
            return []
        wanted = max(_PROBED_ROWS * len(differing) // sum(counts), 1)
        some = tuple(differing[:: max(len(differing) // wanted, 1)])
        found = self._join(Scope(group, some), [])
        changed = {pair.name for pair, figures in found.columns if figures["changed"] or figures.get("near")}
        pairs = (pair for pair in self._statements.pairs if pair.is_exact or _is_own_float(pair))
        return [pair for pair in pairs if pair.name not in changed]

    def _join(self, scope: Scope, rest: Sequence[Pair]) -> _Joined:
        """The rows of a scope joined by key, with the figures of the columns outside of the rest, and of
        those in the rest that turn out to differ.
        """
        compared = [pair for pair in self._statements.pairs if pair not in rest]
        found = self._one_join(scope, compared, compared[:_COLUMNS_PER_STATEMENT], rest)
        if found.rest and not all(pair.is_exact for pair in rest):  # it may be less than the tolerance
            return self._join(scope, [pair for pair in rest if pair.is_exact])
        columns = [*found.columns, *self._details(scope, compared[_COLUMNS_PER_STATEMENT:])]
        if found.rest:
            limit = _MOST_LISTED + 1
            buckets = self._connection.rows(self._statements.buckets_of_rest(scope, rest, limit=limit))
            listed = scope.buckets if len(buckets) == limit else tuple(sorted(int(q) for (q,) in buckets))
            columns += self._details(replace(scope, buckets=listed), rest)
        return replace(found, columns=tuple(columns))

    def _details(self, scope: Scope, pairs: Sequence[Pair]) -> list[tuple[Pair, dict[str, Any]]]:
        columns: list[tuple[Pair, dict[str, Any]]] = []
        for place in range(0, len(pairs), _COLUMNS_PER_STATEMENT):
            some = pairs[place : place + _COLUMNS_PER_STATEMENT]
            columns += self._one_join(scope, some, some, []).columns
        return columns

    def _one_join(
        self, scope: Scope, compared: Sequence[Pair], detailed: Sequence[Pair], rest: Sequence[Pair]
    ) -> _Joined:
        row = self._first(self._statements.joined(scope, compared=compared, detailed=detailed, rest=rest))
        figures = dict(zip(JOIN_FIGURES, row, strict=False))  # counts of no rows are null
        values = iter(row[len(JOIN_FIGURES) :])
        columns = []
        for pair in detailed:
            names = column_figures(pair)
            columns.append((pair, {name: next(values) for name in names}))
        return _Joined(
            rows=int(figures["rows"] or 0),
            added_rows=int(figures["added"] or 0),
            removed_rows=int(figures["removed"] or 0),
            added=int(figures["added_keys"] or 0),
            removed=int(figures["removed_keys"] or 0),
            changed=int(figures["changed"] or 0),
            rest=int(figures["rest"] or 0),
            examples={
                what: (figures[f"first_{what}"], figures[f"last_{what}"])
                for what in ("added", "removed", "changed")
            },
            columns=tuple(columns),
        )

    # --- what columns hold ---------------------------------------------------------------------------

    def _with_figures(self, diff: DataDiff, columns: Sequence[ColumnDiff]) -> DataDiff:
        """The diff with these columns, those of one side, and what each of them holds on its sides."""
        of = {pair.name: pair for pair in self._matched.pairs}
        asked: dict[Side, list[Column]] = {
            "base": [*(of[c.name].base for c in columns), *self._matched.removed],
            "head": [*(of[c.name].head for c in columns), *self._matched.added],
        }
        held = {side: self._figures(side, asked[side]) for side in SIDES}
        told = [
            replace(c, base=held["base"][of[c.name].base.name], head=held["head"][of[c.name].head.name])
            for c in columns
        ]
        if diff.added is None:  # without keys only the figures tell which columns differ
            told = [c for c in told if not are_alike(c.base, c.head)]
        told += [ColumnDiff(c.name, None, head=held["head"][c.name]) for c in self._matched.added]
        told += [ColumnDiff(c.name, None, base=held["base"][c.name]) for c in self._matched.removed]
        return replace(diff, columns=tuple(told))

    def _figures(self, side: Side, columns: Sequence[Column]) -> dict[str, Figures]:
        found = {}
        for place in range(0, len(columns), _COLUMNS_PER_STATEMENT):
            some = columns[place : place + _COLUMNS_PER_STATEMENT]
            rows, *values = self._first(self._statements.figures(side, some, Scope("all")))
            remaining = iter(values)
            for column in some:
                kind = kind_of(column.data_type, self._statements.dialect)
                names = column_asked(kind, is_pii=column.name in self._statements.pii)
                found[column.name] = figures_of({name: next(remaining) for name in names}, int(rows))
        return found


@dataclass(frozen=True)
class _Joined:
    """What a join told: rows and keys, and figures by column. `rest`: rows that differ in other columns."""

    rows: int = 0
    added_rows: int = 0
    removed_rows: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    rest: int = 0
    examples: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    columns: tuple[tuple[Pair, dict[str, Any]], ...] = ()
    groups: tuple[RowsDiff, ...] = ()

    def accounts_for(self, base_rows: int, head_rows: int) -> bool:
        """Whether each row of both sides was joined once, so that no key occurs twice on a side."""
        matched = self.rows - self.added_rows - self.removed_rows
        once = (matched + self.removed_rows, matched + self.added_rows) == (base_rows, head_rows)
        return once and (self.added, self.removed) == (self.added_rows, self.removed_rows)


# --- what is asked for -----------------------------------------------------------------------------------


def _check(base: Relation, head: Relation, sample_rows: int, tolerance: float) -> None:
    for relation in (base, head):
        if not relation.columns:
            raise UsageError(
                f"the columns of {relation} are not known, so nothing can be compared",
                hint="build it, and read it from the warehouse's catalog",
            )
    if sample_rows < 1 or not 0 <= tolerance < 1:
        raise UsageError(
            f"sample_rows is {sample_rows} and tolerance {tolerance:g}",
            hint="sample_rows is at least 1, and tolerance a share of a number's size from 0 to below 1",
        )


def _require_columns(names: Collection[str], base: Relation, head: Relation, dialect: str) -> None:
    known = {folded(name, dialect): name for name in (*base.column_names, *head.column_names)}
    for name in names:
        if folded(name, dialect) not in known:
            require_known([name], known.values(), "column")


def _names_of(names: Collection[str], base: Relation, head: Relation, dialect: str) -> list[str]:
    """The names as either side writes them."""
    wanted = {folded(name, dialect) for name in names}
    return [name for name in (*base.column_names, *head.column_names) if folded(name, dialect) in wanted]


def _key_pairs(
    keys: Sequence[str], matched: Matched, base: Relation, head: Relation, dialect: str
) -> tuple[tuple[Pair, ...], str]:
    """The pairs of the key; none, with the reason, where rows cannot be matched by it."""
    if not keys:
        return (), "no key is declared"
    pairs = [matched.pair(name, dialect) for name in keys]
    for name, pair in zip(keys, pairs, strict=True):
        if pair is None:
            for relation, side in ((base, "base"), (head, "head")):
                if not _names_of([name], relation, relation, dialect):
                    return (), f"the key column {name} is not on {side}"
            return (), f"the key column {name} cannot be compared"
    return tuple(dict.fromkeys(pair for pair in pairs if pair is not None)), ""


def _is_own_float(pair: Pair) -> bool:
    """Whether it is a float on both sides: two that differ at all have different hashes."""
    return pair.kind == "float" and not pair.common


def _odd(part: float) -> int:
    """An odd number of at least 3: with a power of two of buckets, every bucket keeps its share of keys."""
    return max(int(part) | 1, 3)


def _power_of_two(wanted: float) -> int:
    return min(1 << max(int(wanted).bit_length() - 1, 0), _MOST_BUCKETS)
