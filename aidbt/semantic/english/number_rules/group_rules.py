"""What makes the groups of a number: `per customer`, `by month`, `for each combination of city and type`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Group, Number
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.number_rules.changes import ChangeRules
from aidbt.semantic.query import Attribute, Comparison, DatePart, Exists, Grain, InPeriod, Value


class GroupRules(ChangeRules):
    """How groups are made."""

    def each_rows(self, is_per: bool, rows: Rows) -> Found:
        """`per customer`."""
        yield "Group", Group(self.label(rows.table), (rows,), is_per=is_per), -0.2

    def each_column(self, is_per: bool, columns: Columns) -> Found:
        """`by country`."""
        number = self.implied(columns) if is_per else None
        if number is not None:
            yield "PerCol", number, 0.0
            return
        is_measured = self.is_measured(columns.terms[0])
        rows = (columns.rows,) if columns.rows else ()
        if rows and isinstance(rows[0].where, InPeriod) and not self.is_time(columns.terms[0]):
            return  # of "courses of each level in 2024" the year is of the whole question
        rivals = ((columns.terms[0], columns.alike),) if len(columns.terms) == 1 and not rows else ()
        group = Group(columns.terms, rows, is_per=is_per, rivals=rivals)
        # "Each lab completed" is said of what labs did, before of the dates of it.
        is_done = any(one.table != columns.terms[0].table for one in rows) and self.is_time(columns.terms[0])
        yield "Group", group, 0.8 if is_measured or is_done else -0.2

    def each_flag(self, is_per: bool, condition: Condition) -> Found:
        """`by vip`: those of whom it is true, and those of whom it is not."""
        match condition.predicate:
            case Comparison("=", Attribute() as flag, Value(bool())) if self.column(flag).kind == "bool":
                yield "Group", Group((flag,), is_per=is_per), -1.0

    def each_grain(self, is_per: bool, grain: Grain) -> Found:
        """`per month`."""
        yield "Group", Group(grains=(grain,), is_per=is_per), -0.2

    def each_part(self, _: bool, part: DatePart) -> Found:
        """`by day of the week`."""
        yield "Group", Group(parts=(part,)), -1.0

    def grain_group(self, grain: Grain) -> Found:
        """`monthly`."""
        yield "Group", Group(grains=(grain,)), 0.0

    def time_of_rows(self, rows: Rows, grain: Grain) -> Found:
        """`order month`."""
        time = self.time_of(rows.table)
        if time is not None and rows.where is None:
            yield "Col", Columns((_cut(time, grain),)), 0.1

    def grain_of(self, grain: Grain, columns: Columns) -> Found:
        """`month of birth`: that of a time which is named."""
        attribute = columns.terms[0]
        if len(columns.terms) == 1 and self.is_time(attribute):
            yield "GrainCol", Columns((_cut(attribute, grain),)), -0.5

    def groups(self, one: Group, two: Group) -> Found:
        """`by country` and then `and segment`."""
        yield "Group", one | two, -0.1

    def alike_groups(self, one: Group, two: Group) -> Found:
        """`per customer per month`, but not `per customer by country`: the first may be averaged over."""
        if one.is_per == two.is_per:
            yield "Group", one | two, -0.1

    def and_rows(self, rows: Rows) -> Found:
        """`and customer`, after a group; what has conditions of its own is something else."""
        if rows.where is None:
            yield from self.each_rows(False, rows)

    def combined(self, _: object, thing: Rows | Columns) -> Found:
        """`combinations of city`, before what else is combined."""
        if isinstance(thing, Columns) and (thing.rows is None or thing.rows.where is None):
            yield "Combined", Columns(thing.terms), 0.0
        elif isinstance(thing, Rows) and thing.where is None and self.label(thing.table):
            yield "Combined", Columns(self.label(thing.table)), 0.0

    def combined_with(self, one: Columns, other: Rows | Columns) -> Found:
        """`combinations of city and device type`, whose tables may only meet in what is counted."""
        for _, columns, cost in self.combined(None, other):
            if isinstance(columns, Columns) and not set(columns.terms) & set(one.terms):
                yield "Combination", Columns((*one.terms, *columns.terms)), cost - 0.3

    def by_number(self, _: bool, number: Number) -> Found:
        """`by total amount`: an order, not a group."""
        yield "ByNumber", number, -0.3

    def of_all(self, _: None, rows: Rows) -> Found:
        """`across all customers`: no groups, but all of them together."""
        yield "AcrossAll", Link(rows), -1.0

    def for_all(self, _: None, rows: Rows) -> Found:
        """`for all customers`: each of them, also those without any of what is counted."""
        yield "ForAllOf", Link(rows, is_all=True), -2.2

    def including(self, _: None, of: Rows | Link | Condition) -> Found:
        """`including customers without orders`: each of them, those without any of what is counted too."""
        if isinstance(of, Condition):
            yield "Included", Rows(of.table, of.predicate), 0.0
        elif isinstance(of, Link):
            if (of.operator, of.count) == ("=", 0) and of.rows.where is None:
                yield "ForAllOf", replace(of, is_all=True), -2.2
        elif isinstance(of.where, Exists) and (of.where.operator, of.where.count) == ("=", 0):
            if of.where.where is None and not of.where.via:
                yield "ForAllOf", Link(Rows(of.table), is_all=True, by=of.where.table), -2.2
        elif of.where is not None:
            yield "Included", of, 0.0


def _cut(time: Attribute, grain: Grain) -> Attribute:
    """A time cut to a grain; years are numbers, as people write them."""
    return replace(time, part="year") if grain is Grain.YEAR else replace(time, grain=grain)
