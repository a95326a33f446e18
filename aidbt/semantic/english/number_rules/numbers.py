"""The best and the first so many of something, and by what an answer is put in order."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.goodness import goodness
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Frequent,
    Group,
    Number,
    Ranking,
    Scoped,
    Sorted,
    Top,
    TopColumns,
)
from aidbt.semantic.english.meanings.number_words import Direction
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Found, Rows
from aidbt.semantic.english.number_rules.group_rules import GroupRules
from aidbt.semantic.english.row_rules.durations import SameAs
from aidbt.semantic.english.words.additive import amount_of, is_key, is_length
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Comparison,
    Duration,
    Extreme,
    Function,
    Measure,
    Predicate,
    attributes,
    both,
    conjuncts,
    measures,
)


class NumberRules(GroupRules):
    """How what is best, or first, is made of rows, columns and numbers."""

    def top_number(self, is_descending: bool, number: int | float) -> Found:
        if isinstance(number, int) and number > 0:
            yield "TopN", (number, is_descending), -0.2

    def best_column(self, is_descending: bool, by: Columns | Amount) -> Found:
        """`highest price`; the greatest of times is the latest, and is called so."""
        if isinstance(by, Amount) or self._is_one_number(by):
            yield "Best", Best(by, is_descending), 0.0

    def _is_one_number(self, by: Columns) -> bool:
        """Whether one number is named, and no key, of which nobody asks for the greatest."""
        term = by.terms[0]
        is_number = len(by.terms) == 1 and self.column(term).kind == "number"
        return is_number and not is_key(self.graph.table(term.table), term.column)

    def most_of_column(self, is_descending: bool, by: Columns | Amount) -> Found:
        """`most points`, which are added up where something has several of them."""
        for category, best, cost in self.best_column(is_descending, by):
            if isinstance(best, Best):
                yield category, replace(best, is_added=True), cost

    def longest(self, is_long: bool, by: Columns | Amount) -> Found:
        """`longest duration`, of what has a length; the longest flight is not the greatest number of them."""
        if isinstance(by, Amount) or is_length(by.terms[0].column):
            yield from self.best_column(is_long, by)
            function: Function = "max" if is_long else "min"
            if isinstance(by, Amount):
                yield from self.aggregate_amount(function, by)
            else:
                yield from self.aggregate(function, by)

    def longest_number(self, is_long: bool, number: Number) -> Found:
        """`the longest average time to ship`, of a number that is made of times or lengths."""
        of = [measure.of for measure in measures(number.term)]
        timed = [isinstance(a, Duration) or (isinstance(a, Attribute) and is_length(a.column)) for a in of]
        if of and all(timed):
            yield from self.best_number(is_long, number)

    def good_column(self, is_best: bool, by: Columns | Amount) -> Found:
        """`best rating` is the highest and `worst delay` the longest; of what may be good or bad nothing."""
        is_high = goodness(by)
        if is_high is not None:
            for category, best, cost in self.best_column(is_best == is_high, by):
                yield category, best, cost - 0.3

    def good_number(self, is_best: bool, number: Number) -> Found:
        is_high = goodness(number)
        if is_high is not None:
            yield from self.best_number(is_best == is_high, number)

    def starting_with(self, _: None, best: Best | tuple[Columns, bool]) -> Found:
        """`starting with the largest`: an order, and not the first alone."""
        by, is_descending = (best.by, best.is_descending) if isinstance(best, Best) else best
        yield "OrderBy", Sorted(by, is_descending), -1.5

    def best_number(self, is_descending: bool, number: Number) -> Found:
        """`highest average rating`."""
        yield "Best", Best(number, is_descending), -0.1

    def done_best(self, done: Rows | Columns, best: Best) -> Found:
        """`sold the most tickets`, by what those sales hold themselves; `started the most projects` by those
        that did, each at that time.
        """
        by = best.by.terms[0].table if isinstance(best.by, Columns) else best.by.table
        is_all = isinstance(done, Columns) or done.where is None
        table = done.table if isinstance(done, Rows) else done.terms[0].table
        if by != table or not is_all or best.rows is not None:
            return
        term = best.by.term if isinstance(best.by, Number) else None
        if isinstance(done, Columns) and isinstance(term, Measure) and term.function == "count":
            if _is_timed(term.where):
                return  # the time that it compares is that of the verb
            where = both(term.where, self.was_done(done))
            counted = replace(term, where=where, at=done.terms[0])
            best = replace(best, by=Number(counted, table))
        yield "Best", best, -0.2

    def best_at_theirs(self, best: Best, same: SameAs) -> Found:
        """`started the most projects in the month they signed up`, at the time that the verb says."""
        term = best.by.term if isinstance(best.by, Number) else None
        if best.rows is None and isinstance(term, Measure) and term.at is not None:
            if same[1].terms[0].table == term.table:
                return
            for _, condition, cost in self.at_same(Columns((term.at,)), same):
                if isinstance(condition, Condition):
                    counted = replace(term, where=both(term.where, condition.predicate))
                    yield "Best", replace(best, by=Number(counted, term.table)), cost + 0.1

    def best_rows(self, is_descending: bool, rows: Rows) -> Found:
        """`most papers`: the greatest number of them."""
        yield "Best", Best(self.counted(rows), is_descending), 0.3

    def best_amount(self, is_descending: bool, rows: Rows) -> Found:
        """`highest salary`, where that is a table of them."""
        amount = amount_of(self.graph.table(rows.table))
        if amount and rows.where is None:
            # Rather the rows themselves are "the largest payments", where that can be said of them.
            yield "Best", Best(Columns((Attribute(rows.table, amount),)), is_descending), 0.35

    def best_of_rows(self, best: tuple[Columns, bool], rows: Rows) -> Found:
        """`cheapest product`: a superlative that has a column of its own."""
        columns, is_descending = best
        if columns.rows is None and columns.terms[0].table == rows.table:
            yield "Best", Best(columns, is_descending, rows), 0.0

    def best_and_worst(
        self, both_ends: tuple[tuple[Columns, bool], tuple[Columns, bool]], rows: Rows
    ) -> Found:
        """`cheapest and most expensive product`: those at either end of one column."""
        (one, is_most), (other, is_other_most) = both_ends
        term = one.terms[0]
        if term == other.terms[0] and term.table == rows.table and is_most != is_other_most:
            ends = tuple(
                Extreme(term, "max" if most else "min", rows.where) for most in (is_most, is_other_most)
            )
            shown = (*self.label(rows.table), term)
            yield "Col", Columns(shown, replace(rows, where=both(rows.where, AnyOf(ends)))), -0.5

    def ranked_each(self, _: None, group: Group) -> Found:
        """`rank each product`."""
        if len(group.rows) == 1 and not (group.grains or group.parts):
            yield "RankOf", Ranking(group.rows[0]), 0.0
        elif group.terms and not (group.rows or group.grains or group.parts):
            yield "RankOf", Ranking(Columns(group.terms)), 0.0

    def columns_of_first(self, columns: Columns, top: Top) -> Found:
        """`names of the 5 largest parks`: their own, where they have some."""
        rows = top.of.rows if isinstance(top.of, Best) else top.of
        if not isinstance(rows, Rows) or columns.rows is not None:
            yield "TopCols", TopColumns(columns, top), 0.0
            return
        cost = self._column_cost(rows, columns)
        if cost is not None:
            yield "TopCols", TopColumns(columns, top), cost

    def often(self, is_descending: bool, of: Rows | Columns) -> Found:
        yield "FrequentOf", Frequent(of, is_descending), 0.0

    def top_of(self, top: tuple[int, bool], of: Rows | Columns | Frequent | Best) -> Found:
        """`top 3 least common cuisines`; of "bottom 3 most common" it is not said which."""
        if top[1] or not isinstance(of, Frequent | Best) or not of.is_descending:
            yield "TopOf", Top(top[0], of, top[1]), 0.0

    def number_of(self, limit: int | float, of: Frequent | Best) -> Found:
        """`3 most common cuisines`."""
        if isinstance(limit, int) and limit > 0:
            yield "TopOf", Top(limit, of), 0.0

    def several(self, limit: int | float, rows: Rows | Columns) -> Found:
        """`three customers`, before it is said which."""
        if isinstance(limit, int) and limit > 0:
            yield "NumRows", (limit, rows), 0.0

    def several_best(self, several: tuple[int, Rows | Columns], best: Best) -> Found:
        """`three customers with the most orders`."""
        limit, rows = several
        if isinstance(rows, Columns) and isinstance(best.by, Columns) and rows.terms == best.by.terms:
            rows = rows.rows or rows  # `4 singers charge the highest fees`
        if best.rows is None:
            yield "TopOf", Top(limit, replace(best, rows=rows), best.is_descending), -0.3

    def several_times(self, function: Function, several: tuple[int, Rows | Columns]) -> Found:
        """`last 3 orders`, `first order`: by when they happened."""
        limit, rows = several
        time = rows.time or self.time_of(rows.table) if isinstance(rows, Rows) else None
        if time is not None:
            best = Best(Columns((time,)), function == "max", rows)
            yield "TopOf", Top(limit, best, best.is_descending), 0.2

    def best_time(self, function: Function, by: Columns) -> Found:
        """`latest hire date`, of the one that has it."""
        if len(by.terms) == 1 and (self.is_time(by.terms[0]) or self.is_year(by.terms[0])):
            yield "Best", Best(by, function == "max"), 0.3

    def column_of_last(self, function: Function, columns: Columns) -> Found:
        """`most recent balance`: what the last row says, not the last of what rows say."""
        first = columns.terms[0]
        table = columns.rows.table if columns.rows is not None else first.table
        time = self.last_told_by(table)
        if time is None or first.table != table or any(map(self.is_time, columns.terms)):
            return
        rows = columns.rows or Rows(table)
        best = Best(Columns((time,)), function == "max", rows)
        yield "TopCols", TopColumns(columns, Top(1, best, best.is_descending)), 0.4

    def column_of_scoped(self, columns: Columns, scoped: Scoped) -> Found:
        """`theme of the first box`, of what is one row of each thing by its definition."""
        top = scoped.of.top if isinstance(scoped.of, TopColumns) else scoped.of
        best = top.of if isinstance(top, Top) else None
        if not isinstance(top, Top) or not isinstance(best, Best) or not isinstance(best.rows, Rows):
            return
        for term in (*columns.terms[:1], *columns.alike):
            path = self.path(best.rows.table, term.table)
            if path is not None and is_to_one(path):
                seen = TopColumns(Columns((term,), Rows(best.rows.table)), top)
                yield "Scoped", Scoped(seen, scoped.group), 0.0
                return

    def last_told_by(self, table: str) -> Attribute | None:
        """The time by which the last row of a table is the last: when it happened, or its only time."""
        columns = self.graph.table(table).columns
        times = [Attribute(table, c.name) for c in columns if c.kind in ("time", "date")]
        return self.time_of(table) or (times[0] if len(times) == 1 else None)

    def ordered(self, _: None, by: Rows | Columns | Amount | Number) -> Found:
        yield "OrderBy", Sorted(by), -0.2

    def ordered_things(self, order: Sorted, by: Number | Group) -> Found:
        """`order the categories by the number of products`: what stands first is listed, and no key."""
        if not isinstance(order.by, Rows) or order.is_descending is not None:
            return
        if isinstance(by, Number):
            yield "OrderBy", Sorted(by, things=order.by), -1.0
        elif by.terms and not (by.rows or by.grains or by.parts):
            yield "OrderBy", Sorted(Columns(by.terms[:1]), things=order.by), -1.0

    def order_direction(self, _: None, direction: Direction) -> Found:
        yield "OrderBy", Sorted(None, direction.is_descending, direction.of), 0.0

    def direction(self, direction: Direction) -> Found:
        """`newest first`, with nothing that says to sort."""
        yield "OrderBy", Sorted(None, direction.is_descending, direction.of), 0.3

    def best_first(self, best: Best, _: None) -> Found:
        """`biggest freight first`."""
        if best.rows is None:
            yield "OrderBy", Sorted(best.by, best.is_descending), -0.1

    def best_column_first(self, best: tuple[Columns, bool], _: None) -> Found:
        """`heaviest first`; "oldest first" is rather of the time that an answer holds."""
        yield "OrderBy", Sorted(best[0], best[1]), 0.3 if self.is_time(best[0].terms[0]) else -0.1


def _is_timed(where: Predicate | None) -> bool:
    """Whether rows are those of the same day, month or year as others."""
    same = (part for part in conjuncts(where) if isinstance(part, Comparison) and part.operator == "=")
    return any(column.grain is not None for part in same for column in attributes(part))
