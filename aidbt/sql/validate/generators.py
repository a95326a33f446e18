"""Whether a query certainly makes more rows or longer values than anything honest needs.

Only what the text makes certain is found here: what depends on values is stopped by the deadline and the
memory limit of the connection that it runs on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from sqlglot import exp

from aidbt.sql.parse import Parsed
from aidbt.sql.resolved import SqlProblem
from aidbt.sql.validate.problems import problem_at

# A series by the second over three years has less; a text of this length fills most of a small machine.
MOST_GENERATED = 100_000_000
_DEEPEST = 20
# What joins other rows, and what makes one row of many, or any number of one.
_OTHER_ROWS = ("joins", "laterals", "pivots", "sample")
_NOT_ROW_BY_ROW = (exp.AggFunc, exp.UDTF, exp.Explode, exp.Inline, exp.GenerateSeries, exp.Anonymous)
_SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
_SERIES_NAMES = frozenset({"range", "generate_series", "sequence", "generate_array", "numbers"})


def generator_problems(parsed: Parsed) -> list[SqlProblem]:
    """Every part of a query that certainly does not end, or not soon: "query.endless".

    These are series and repeated texts with a constant number above `MOST_GENERATED`, joins of series
    without a condition that come to as much, and recursive CTEs whose recursive part has nothing that could
    end it.

    Args:
        parsed: with a tree.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> text = "with recursive n as (select 1 as i union all select i + 1 from n) select * from n"
        >>> [problem.message for problem in generator_problems(parse_sql(text, "duckdb"))]
        ['the recursive CTE n has no condition that ends it']
    """
    tree = parsed.tree
    if tree is None:
        return []
    return [*_long_values(parsed, tree), *_long_joins(parsed, tree), *_endless_ctes(parsed, tree)]


def _long_values(parsed: Parsed, tree: exp.Expr) -> Iterator[SqlProblem]:
    for call in tree.find_all(exp.Func):
        number = _made_by(call)
        if number > MOST_GENERATED:
            yield problem_at(parsed, call, "query.endless", f"it makes {number:,} rows or characters at once")


def _long_joins(parsed: Parsed, tree: exp.Expr) -> Iterator[SqlProblem]:
    for select in tree.find_all(exp.Select):
        sizes = [_rows_of(source) for source in _crossed(select)]
        total = reduce(lambda one, other: one * other, sizes, 1)
        # One that is too long alone is found already.
        if total > MOST_GENERATED and max(sizes) <= MOST_GENERATED and not _keeps_few(select):
            message = f"a join without a condition makes {total:,} rows"
            yield problem_at(parsed, select.args["from_"], "query.endless", message)


def _endless_ctes(parsed: Parsed, tree: exp.Expr) -> Iterator[SqlProblem]:
    if tree.find(exp.Limit, exp.Fetch):
        return  # PostgreSQL makes no more rows of a CTE than are asked for
    for clause in tree.find_all(exp.With):
        for cte in clause.expressions if clause.recursive else ():
            if isinstance(cte.this, exp.Union) and not cte.this.args.get("distinct"):
                steps = [part for part in _branches(cte.this) if _reads(part, cte.alias)]
                if any(_has_no_end(step) for step in steps):
                    message = f"the recursive CTE {cte.alias} has no condition that ends it"
                    yield problem_at(parsed, cte.args["alias"], "query.endless", message)


def _branches(query: exp.Expr) -> Iterator[exp.Expr]:
    """The SELECTs of a set operation, in any order; a chain of thousands does not nest this call."""
    waiting = [query]
    while waiting:
        part = waiting.pop()
        if isinstance(part, exp.SetOperation):
            waiting += [part.left, part.right]
        else:
            yield part


def _reads(query: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name.lower() for table in query.find_all(exp.Table))


def _has_no_end(step: exp.Expr) -> bool:
    """Whether the recursive part gives a row for each row, for ever: it only reads the CTE itself."""
    if not isinstance(step, exp.Select) or _bound(step) or any(step.args.get(name) for name in _OTHER_ROWS):
        return False
    source = step.args["from_"].this if step.args.get("from_") else None
    if not isinstance(source, exp.Table) or any(source.args.get(name) for name in _OTHER_ROWS):
        return False
    return not any(select.find(*_NOT_ROW_BY_ROW) for select in step.expressions)


def _bound(select: exp.Select) -> bool:
    """Whether some clause of a SELECT can keep rows out."""
    clauses = ("having", "qualify", "limit", "distinct", "group", "sample")
    return any(select.args.get(name) for name in clauses) or not _is_always_true(select.args.get("where"))


def _keeps_few(select: exp.Select) -> bool:
    """Whether rows can be kept out before all of them were made."""
    return bool(select.args.get("limit")) or not _is_always_true(select.args.get("where"))


def _is_always_true(where: exp.Expr | None) -> bool:
    if where is None:
        return True
    condition = where.this.unnest()
    if isinstance(condition, exp.EQ):
        return isinstance(condition.left, exp.Literal) and condition.left == condition.right
    return isinstance(condition, exp.Boolean) and bool(condition.this)


def _crossed(select: exp.Select) -> list[exp.Expr]:
    """What a SELECT reads side by side without a condition."""
    source = select.args.get("from_")
    joins = select.args.get("joins") or []
    conditions = ("on", "using", "method")
    if source is None or any(join.args.get(name) for join in joins for name in conditions):
        return []
    return [source.this, *(join.this for join in joins)]


def _rows_of(source: exp.Expr, depth: int = 0) -> int:
    """How many rows a source certainly has: those of a series, else 1."""
    if not isinstance(source, exp.Subquery | exp.Lateral | exp.Unnest | exp.Table) or depth > _DEEPEST:
        return 1
    inner = source.expressions[0] if isinstance(source, exp.Unnest) else source.this
    if isinstance(inner, exp.Select):
        rows = (_rows_of(part, depth + 1) for part in _crossed(inner)) if not _bound(inner) else ()
        return reduce(lambda one, other: one * other, rows, 1)
    return max(_made_by(inner), 1) if isinstance(inner, exp.Func) else 1


def _made_by(call: exp.Func) -> int:
    """How many rows, items or characters a call certainly makes; 0 when its arguments are no constants."""
    if isinstance(call, _SERIES):
        return _between(call.args.get("start"), call.args.get("end"), call.args.get("step"))
    if isinstance(call, exp.Generator):
        return _constant(call.args.get("rowcount")) or 0
    if isinstance(call, exp.Repeat):
        return (_constant(call.args.get("times")) or 0) * max(len(call.this.name), 1)
    if isinstance(call, exp.Pad | exp.Space):
        return _constant(call.args.get("expression") or call.this) or 0
    if isinstance(call, exp.Anonymous) and call.name.lower() in _SERIES_NAMES:
        arguments = call.expressions
        first = exp.Literal.number(0) if len(arguments) == 1 else arguments[0] if arguments else None
        return _between(first, arguments[min(1, len(arguments) - 1)] if arguments else None, None)
    return 0


def _between(start: exp.Expr | None, end: exp.Expr | None, step: exp.Expr | None) -> int:
    first, last = _constant(start), _constant(end)
    by = 1 if step is None else _constant(step)
    return max((last - first) // by, 0) if first is not None and last is not None and by else 0


def _constant(node: exp.Expr | None, depth: int = 0) -> int | None:
    """The whole number that an expression certainly is; only +, -, * and ** of numbers are worked out."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, exp.Paren | exp.Cast | exp.Kwarg):
        return _constant(node.expression if isinstance(node, exp.Kwarg) else node.this, depth + 1)
    if isinstance(node, exp.Literal) and not node.is_string:
        try:
            return int(float(node.name.replace("_", "")))
        except (ValueError, OverflowError):
            return None
    if isinstance(node, exp.Neg):
        value = _constant(node.this, depth + 1)
        return None if value is None else -value
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Pow):
        left, right = _constant(node.left, depth + 1), _constant(node.right, depth + 1)
        if left is None or right is None:
            return None
        return _worked_out(node, left, right)
    return None


def _worked_out(node: exp.Binary, left: int, right: int) -> int:
    if isinstance(node, exp.Add):
        return left + right
    if isinstance(node, exp.Sub):
        return left - right
    if isinstance(node, exp.Mul):
        return left * right
    # Anything larger is above every bound all the same.
    return int(left ** min(max(right, 0), 64))
