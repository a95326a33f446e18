"""Terms and predicates of a question as SQL, over the rows of one frame or over what was grouped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp
from sqlglot.errors import ParseError

from aidbt.semantic.graph import GraphColumn, NoPath, Path, Step, is_to_one
from aidbt.semantic.planning.frames import Frame, column_sql, related, with_joins
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Clock,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Grain,
    InPeriod,
    Length,
    Matches,
    Missing,
    Not,
    OneOf,
    Predicate,
    Term,
    Value,
    attributes,
)
from aidbt.semantic.rewriting import of_far_rows
from aidbt.semantic.times import SECONDS, is_whole_days, moved, point_sql, truncated
from aidbt.warehouse.dialects.casts import DOUBLES
from aidbt.warehouse.dialects.times import is_date, is_instant, value_type

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ORDERED = ("<", "<=", ">", ">=")
# What SQL is written differently for.
_TYPES = {"date": "date", "time": "timestamp", "number": "decimal", "text": "text", "bool": "boolean"}
_TIMES = exp.DataType.TEMPORAL_TYPES
_PARTS: dict[str, type[exp.Func]] = {
    "day": exp.Day,
    "day_of_week": exp.DayOfWeekIso,
    "day_of_year": exp.DayOfYear,
    "month": exp.Month,
    "quarter": exp.Quarter,
    "week": exp.WeekOfYear,
    "year": exp.Year,
}


class Terms:
    """SQL of terms and predicates whose simplest parts a function knows.

    Args:
        leaf: the SQL of a term that this class does not take apart.
    """

    def __init__(self, clock: Clock, leaf: Callable[[Term], exp.Expr]) -> None:
        self.clock = clock
        self._leaf = leaf

    def term(self, term: Term) -> exp.Expr:
        match term:
            case Value(value):
                return value_sql(value)
            case Calculation(operator, left, right):
                return self._calculated(operator, self.term(left), self.term(right))
            case Duration(start, end, unit, is_whole):
                return self._duration(self.term(start), self.term(end), unit, is_whole=is_whole)
            case Length(of):
                return exp.Length(this=self.term(of))
            case Case(when, then, otherwise):
                found = exp.Case().when(self.predicate(when), self.term(then))
                return found.else_(self.term(otherwise))
            case _:
                return self._leaf(term)

    def predicate(self, predicate: Predicate) -> exp.Expr:
        match predicate:
            case Comparison(operator, Duration(start, end, unit, False), Value(int(count))) if (
                unit not in SECONDS and operator in _ORDERED
            ):
                # How many months began says too little: two did between January 31 and March 1.
                later = moved(self.term(start), count, unit)
                return _COMPARISONS[operator](this=self.term(end), expression=later)
            case Comparison(operator, left, right):
                return _COMPARISONS[operator](this=self.term(left), expression=self.term(right))
            case OneOf(term, values, ignores_case):
                return self._one_of(self.term(term), values, ignores_case=ignores_case)
            case Matches(term, how, text, ignores_case):
                return _matches(self.term(term), how, text, ignores_case=ignores_case)
            case Missing(term):
                return exp.Is(this=self.term(term), expression=exp.null())
            case InPeriod():
                return self._in_period(predicate)
            case Not(inner):
                return self._negated(inner)
            case All(predicates):
                return exp.and_(*map(self.predicate, predicates))
            case AnyOf(predicates):
                return exp.or_(*map(self.predicate, predicates))
            case _:
                raise NoPath(f"{type(predicate).__name__} asks about rows, and these are groups")

    def _calculated(self, operator: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        match operator:
            case "+":
                return exp.paren(exp.Add(this=left, expression=right))
            case "-":
                return exp.paren(exp.Sub(this=left, expression=right))
            case "*":
                return exp.Mul(this=left, expression=right)
            case _:
                divisor = exp.Nullif(this=right, expression=exp.Literal.number(0))
                return exp.Div(this=exp.cast(left, "double"), expression=divisor, typed=False, safe=False)

    def _duration(self, start: exp.Expr, end: exp.Expr, unit: Grain, *, is_whole: bool) -> exp.Expr:
        if is_whole and unit is Grain.WEEK:
            # By the week DuckDB counts Mondays or sevens of days, as its version has it.
            days = exp.DateDiff(this=end, expression=start, unit=exp.var("DAY"))
            return exp.IntDiv(this=days, expression=exp.Literal.number(7))
        if is_whole or unit not in SECONDS:
            return exp.DateDiff(this=end, expression=start, unit=exp.var(unit.upper()))
        # Between instants pass seconds that their wall clocks may not show.
        times = [time if is_instant(time) else exp.cast(time, "timestamp") for time in (end, start)]
        seconds = exp.DateDiff(this=times[0], expression=times[1], unit=exp.var("SECOND"))
        if unit is Grain.SECOND:
            return seconds
        return exp.Div(this=exp.cast(seconds, "double"), expression=exp.Literal.number(SECONDS[unit]))

    def _one_of(self, term: exp.Expr, values: Sequence[Value], *, ignores_case: bool) -> exp.Expr:
        if ignores_case:
            term = exp.Lower(this=term)
            values = [Value(str(value.value).lower()) for value in values]
        if len(values) == 1:
            return exp.EQ(this=term, expression=value_sql(values[0].value))
        return exp.In(this=term, expressions=[value_sql(value.value) for value in values])

    def _in_period(self, period: InPeriod) -> exp.Expr:
        term = self.term(period.term)
        as_date = self.is_date(period.term)
        bounds: list[exp.Expr] = []
        if period.start is not None:
            point = point_sql(period.start, self.clock, as_date=as_date)
            bounds.append(exp.GTE(this=term, expression=point))
        if period.end is not None:
            point = point_sql(period.end, self.clock, as_date=as_date)
            bounds.append(exp.LT(this=term.copy(), expression=point))
        return exp.and_(*bounds)

    def is_date(self, term: Term) -> bool:
        """Whether a term is a date and no time."""
        return False

    def _negated(self, predicate: Predicate) -> exp.Expr:
        match predicate:
            case Missing(term):
                return exp.Not(this=exp.Is(this=self.term(term), expression=exp.null()))
            case Comparison("=", left, right):
                return exp.NEQ(this=self.term(left), expression=self.term(right))
            case Not(inner):
                return self.predicate(inner)
            case _:
                return exp.Not(this=exp.paren(self.predicate(predicate)))


class RowTerms(Terms):
    """SQL of terms and predicates over the rows of a frame, joining what they need.

    What leads to many rows is never joined by a predicate: it asks whether there is such a row.
    """

    def __init__(self, frame: Frame, clock: Clock) -> None:
        super().__init__(clock, self._column)
        self.frame = frame

    def path(self, attribute: Attribute) -> Path:
        return self.frame.graph.path(self.frame.table, attribute.table, attribute.via)

    def is_date(self, term: Term) -> bool:
        if not isinstance(term, Attribute):
            return False
        return self.frame.graph.table(term.table).column(term.column).kind == "date"

    def joined(self, term: Term) -> exp.Expr:
        """A term to group by: every way to its columns is joined, and rows without it are left out."""
        for attribute in attributes(term):
            self.frame.alias_of(self.path(attribute), is_inner=True)
        return self.term(term)

    def predicate(self, predicate: Predicate) -> exp.Expr:
        if isinstance(predicate, All):
            return exp.and_(*map(self.predicate, self._gathered(predicate.predicates)))
        if isinstance(predicate, Exists):
            return self._exists(predicate)
        if isinstance(predicate, Extreme):
            return self._extreme(predicate)
        if not isinstance(predicate, AnyOf | Not):
            far = self._far(predicate)
            if far is not None:
                return self._exists(self._of_far_rows(far, [predicate]))
        return super().predicate(predicate)

    def require_one(self, term: Term | None) -> None:
        """Return when a row has one value at most of a term, whatever has been joined to it.

        Raises:
            NoPath: it has many.
        """
        for attribute in _of_the_row(term):
            if not is_to_one(self.path(attribute)):
                raise self._many(attribute)

    def _many(self, attribute: Attribute) -> NoPath:
        return NoPath(
            f"a row of {self.frame.table} has many of {attribute.table}.{attribute.column}",
            hint="ask for their number, sum, greatest or least, or list the other table's rows",
        )

    def _column(self, term: Term) -> exp.Expr:
        if not isinstance(term, Attribute):
            raise NoPath(f"{type(term).__name__} is no value of a single row")
        path = self.path(term)
        if not is_to_one(path) and not self.frame.has(path):
            raise self._many(term)
        known = self.frame.graph.table(term.table).column(term.column)
        column = column_sql(term.column, self.frame.alias_of(path))
        column.type = column_type(known)
        return dated(column, term, self.clock)

    def _far(self, predicate: Predicate) -> Attribute | None:
        """The first column in a predicate that a row has many values of and that has not been joined."""
        for attribute in _own_attributes(predicate):
            path = self.path(attribute)
            if not is_to_one(path) and not self.frame.has(path):
                return attribute
        return None

    def _gathered(self, predicates: Sequence[Predicate]) -> Iterator[Predicate]:
        """Predicates where those on rows of one far table speak of the same row."""
        far: dict[Attribute, list[Predicate]] = {}
        for predicate in predicates:
            found = None if isinstance(predicate, Exists | Not | AnyOf | All) else self._far(predicate)
            if found is None:
                yield predicate
            else:
                far.setdefault(Attribute(found.table, "", found.via), []).append(predicate)
        for rows, inner in far.items():
            yield self._of_far_rows(rows, inner)

    def _of_far_rows(self, far: Attribute, predicates: Sequence[Predicate]) -> Exists:
        """That there is one row of a far table of which all of these hold, seen from there.

        Args:
            far: the far table and the way to it.

        Raises:
            NoPath: a column of another table is compared, and from there it would be that of other rows.
        """
        for other in attributes(tuple(predicates)):
            if (other.table, other.via) != (far.table, far.via):
                self._check_same_row(far, other)
        return of_far_rows(far, predicates)

    def _check_same_row(self, far: Attribute, other: Attribute) -> None:
        """Return when the way from a far table to a column leads to the row that is seen from here."""
        there, here = self.path(far), self.path(other)
        same = 0
        while same < min(len(there), len(here)) and there[same] == here[same]:
            same += 1
        back = tuple(Step(step.relationship, not step.is_forward) for step in reversed(there[same:]))
        expected = (*back, *here[same:])
        if not is_to_one(expected) or self.frame.graph.path(far.table, other.table, other.via) != expected:
            raise NoPath(
                f"a row of {self.frame.table} has many of {far.table}, so {other.table}.{other.column}"
                " is not compared with them",
                hint=f"list the rows of {far.table}, or ask for their number, sum, greatest or least",
            )

    def _exists(self, predicate: Exists) -> exp.Expr:
        frame = self.frame
        path = frame.graph.path(frame.table, predicate.table, predicate.via)
        if not path:
            raise NoPath(f"rows of {frame.table} are not related to other rows of it in a known way")
        select, inner = related(frame.graph, path, frame.alias, frame.aliases)
        if predicate.where is not None:
            condition = RowTerms(inner, self.clock).predicate(predicate.where)
            select = with_joins(select, inner).where(condition)
        if (predicate.operator, predicate.count) in ((">=", 1), (">", 0)):
            return exp.Exists(this=select.select(exp.Literal.number(1)))
        if (predicate.operator, predicate.count) in (("=", 0), ("<", 1), ("<=", 0)):
            return exp.Not(this=exp.Exists(this=select.select(exp.Literal.number(1))))
        counted = select.select(count_rows(inner, repeats=len(path) > 1))
        number = exp.Literal.number(predicate.count)
        return _COMPARISONS[predicate.operator](this=exp.Subquery(this=counted), expression=number)

    def _extreme(self, predicate: Extreme) -> exp.Expr:
        term = predicate.term
        inner = Frame(self.frame.graph, term.table, self.frame.aliases)
        rows = RowTerms(inner, self.clock)
        column = rows.term(Attribute(term.table, term.column, grain=term.grain, part=term.part))
        condition = rows.predicate(predicate.where) if predicate.where else None
        select = inner.select().select(_EXTREMES[predicate.function](column))
        if condition is not None:
            select = select.where(condition)
        return _COMPARISONS[predicate.operator](this=self.term(term), expression=exp.Subquery(this=select))


def count_rows(frame: Frame, *, repeats: bool) -> exp.Expr:
    """How many of a frame's own rows there are.

    Args:
        repeats: whether joins may have repeated them.

    Raises:
        NoPath: they are repeated, and no single column tells them apart.
    """
    if not repeats:
        return exp.Count(this=exp.Star())
    key = frame.key()
    if len(key) != 1:
        raise NoPath(
            f"rows of {frame.table} would count more than once, and no column tells them apart",
            hint=f"declare the key of {frame.table} with a unique test",
        )
    return exp.Count(this=exp.Distinct(expressions=[column_sql(key[0], frame.alias)]))


def column_type(column: GraphColumn) -> exp.DataType | None:
    """A column's type as far as SQL is written differently for it: the catalog's of times and numbers."""
    name = _TYPES.get(column.kind)
    if column.kind in ("time", "number") and column.data_type:
        try:
            known = exp.DataType.build(column.data_type)
        except ParseError:  # a name of its own, as Snowflake's TIMESTAMP_TZ
            known = exp.DataType.build("timestamptz" if "_TZ" in column.data_type.upper() else "timestamp")
        if known.this in (_TIMES if column.kind == "time" else exp.DataType.NUMERIC_TYPES):
            return known
    return exp.DataType.build(name) if name else None


def column_like(name: str, table: str, value: exp.Expr) -> exp.Column:
    """The column of a subquery in which a value stands: what is known of the one's type is of the other's."""
    column = column_sql(name, table)
    column.type = value_type(value)
    return column


def median_sql(of: exp.Expr) -> exp.Expr:
    """The middle value, or the mean of the middle two, which DuckDB rounds to the digits of a decimal."""
    known = value_type(of)
    is_exact = known is not None and known.this in exp.DataType.INTEGER_TYPES | DOUBLES
    return exp.Median(this=of if is_exact else exp.cast(of, "double"))


_EXTREMES: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "min": lambda of: exp.Min(this=of),
    "max": lambda of: exp.Max(this=of),
    "avg": lambda of: exp.Avg(this=of),
    "median": median_sql,
}


def dated(column: exp.Expr, attribute: Attribute, clock: Clock) -> exp.Expr:
    """A column, cut to a grain or taken a number out of."""
    if attribute.grain is not None:
        cut = truncated(column, attribute.grain, clock.week_start)
        cut.type = value_type(column)
        if is_date(column) and not is_whole_days(attribute.grain, clock.week_start):
            cut.type = exp.DataType.build("timestampntz")
        return cut
    if attribute.part is None:
        return column
    if attribute.part == "hour":
        part: exp.Expr = exp.Extract(this=exp.var("HOUR"), expression=column)
    else:
        part = _PARTS[attribute.part](this=column)
    part.type = exp.DataType.build("int")
    return part


def value_sql(value: object) -> exp.Expr:
    """A constant as SQL."""
    if isinstance(value, dt.datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamp")
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.convert(value)


def _matches(term: exp.Expr, how: str, text: str, *, ignores_case: bool) -> exp.Expr:
    if ignores_case:
        term, text = exp.Lower(this=term), text.lower()
    if how == "is":
        return exp.EQ(this=term, expression=exp.Literal.string(text))
    # `!` and not a backslash: dialects differ in what a backslash means within a string.
    literal = "".join(f"!{char}" if char in "!%_" else char for char in text)
    pattern = {"starts": f"{literal}%", "ends": f"%{literal}", "contains": f"%{literal}%"}[how]
    like = exp.Like(this=term, expression=exp.Literal.string(pattern))
    if literal == text and "\\" not in text:
        return like
    # Half of them escape with a backslash where they are not told otherwise.
    return exp.Escape(this=like, expression=exp.Literal.string("!"))


def _of_the_row(term: Term | None) -> Iterator[Attribute]:
    """The columns whose values a term is made of, without those that it only has conditions on."""
    match term:
        case Attribute():
            yield term
        case Calculation(_, left, right) | Duration(left, right):
            yield from _of_the_row(left)
            yield from _of_the_row(right)
        case Length(of):
            yield from _of_the_row(of)
        case Case(_, then, otherwise):
            yield from _of_the_row(then)
            yield from _of_the_row(otherwise)


def _own_attributes(predicate: Predicate) -> list[Attribute]:
    """The columns of a predicate but for those seen from other rows than its own."""
    return [] if isinstance(predicate, Exists | Extreme) else attributes(predicate)
