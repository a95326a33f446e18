"""The text of a model: its steps as a dbt project writes them, its parents as `ref()` or `source()`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from aidbt.generate.english_models.incremental import Incremental
from aidbt.generate.english_models.steps import Import, Steps
from aidbt.generate.sql_style import SqlStyle
from aidbt.generate.sql_style.words import recased
from aidbt.generate.sql_style.write import indent_unit
from aidbt.generate.templates import render
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.rendering import lowered_query
from aidbt.semantic.query import Grain
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.identifiers import quote_identifier, quote_new_identifier

if TYPE_CHECKING:
    from sqlglot.tokens import Token  # type: ignore[attr-defined]

# An expression that is longer than this is laid out on several lines.
_LONG = 88
# A macro, and not the warehouse's own word, so that a unit test can say what time it is.
CLOCK = "{{ dbt.current_timestamp() }}"
_CLOCK_MARK = "aidbt_clock_mark"
_EXISTS = re.compile(r"\bexists\(")
_ONE_COLUMN = re.compile(r"\bselect\n\s+([^\n]*[^\n,])(\n\s*from )")
_GRAINS = frozenset(grain.upper() for grain in Grain)


@dataclass(frozen=True, slots=True)
class Clause:
    """A word of SQL with what it is about.

    Attributes:
        separator: between the items: "," or "and".
        on: of a join, its conditions.
    """

    word: str
    items: tuple[str, ...]
    separator: str = ","
    on: tuple[str, ...] = ()


def model_sql(
    steps: Steps,
    calls: Mapping[str, str],
    *,
    dialect: str,
    style: SqlStyle | None = None,
    config: Sequence[str] = (),
    incremental: Incremental | None = None,
) -> str:
    """The text of a model in a project's style.

    Args:
        calls: by the name of a table in the graph how the model reads it, e.g. "ref('orders')".
        dialect: of the project's adapter.
        config: settings of the model as they stand in its `config()` block, e.g. "materialized='table'".
        incremental: how a model grows that reads only what it does not have yet; None reads everything.

    Raises:
        CannotPlan: the dialect lacks something that the model needs.
    """
    text = _Text(dialect, indent_unit(style) if style is not None else 4)
    written = [_import_step(item, calls, dialect, incremental) for item in steps.imports]
    written += [
        {"name": step.name, "clauses": list(text.clauses(step.select)), "since": None} for step in steps.steps
    ]
    sql = render(
        "dbt/model.sql.jinja",
        config=config,
        steps=written,
        unit=text.unit,
        leading_commas=style is not None and style.commas == "leading",
        spaced=style is None or "(\n\n" in style.skeleton,
    ).replace(_CLOCK_MARK, CLOCK)
    if style is None or (style.keywords, style.functions, style.types) == ("lower", "lower", "lower"):
        return sql
    return recased(sql, dialect, keywords=style.keywords, functions=style.functions, types=style.types)


def reads_clock(steps: Steps) -> bool:
    """Whether the rows of the model depend on when it is run."""
    return any(_clocks(step.select) for step in steps.steps)


def _clocks(select: exp.Select) -> list[exp.Expr]:
    return list(select.find_all(exp.CurrentDate, exp.CurrentTimestamp))


def _import_step(
    item: Import, calls: Mapping[str, str], dialect: str, incremental: Incremental | None
) -> dict[str, Any]:
    columns = tuple(quote_identifier(name, dialect) for name in item.columns)
    read = f"{{{{ {calls[item.table]} }}}}"
    clauses = [Clause("select", columns), Clause("from", (read,))]
    if incremental is None or incremental.table != item.table:
        return {"name": item.name, "clauses": clauses, "since": None}
    since = {
        "column": quote_identifier(incremental.column, dialect),
        "period": quote_new_identifier(incremental.period, dialect),
        "data_type": incremental.data_type,
    }
    return {"name": item.name, "clauses": clauses, "since": since}


class _Text:
    """SQL of a dialect in lower case, indented as a project does it."""

    def __init__(self, dialect: str, width: int) -> None:
        self.unit = " " * width if width else "\t"
        self._dialect = sqlglot_dialect(dialect)
        self._width = width or 4

    def clauses(self, select: exp.Select) -> Iterator[Clause]:
        select = _select(lowered_query(_with_marked_clock(select), self._dialect))
        args = select.args
        word = "select distinct" if args.get("distinct") else "select"
        yield Clause(word, tuple(map(self.text, select.expressions)))
        yield Clause("from", (self.text(args["from_"].this),))
        for join in args.get("joins") or ():
            on = join.args.get("on")
            kind = f"{join.side or join.kind} join".lower()
            conditions = tuple(map(self.text, _conjuncts(on))) if on is not None else ()
            yield Clause(kind, (self.text(join.this),), on=conditions)
        if args.get("where"):
            yield Clause("where", tuple(map(self.text, _conjuncts(args["where"].this))), "and")
        if args.get("group"):
            yield Clause("group by", tuple(map(self.text, args["group"].expressions)))
        if args.get("having"):
            yield Clause("having", tuple(map(self.text, _conjuncts(args["having"].this))), "and")
        if args.get("order"):
            yield Clause("order by", tuple(map(self.text, args["order"].expressions)))
        if args.get("limit"):
            yield Clause("limit", (self.text(args["limit"].expression),))

    def text(self, node: exp.Expr) -> str:
        """An expression in lower case, on several lines when it is long."""
        names = {i.name for i in node.find_all(exp.Identifier) if not i.args.get("quoted")}
        if node.find(exp.Select) is None:
            short = self._lowered(self._sql(node, pretty=False), names)
            if len(short) <= _LONG:
                return short
        return self._tidied(self._lowered(self._sql(node, pretty=True), names))

    def _tidied(self, sql: str) -> str:
        """Text that sqlglot laid out, with the few lines moved that sqlfluff wants elsewhere."""
        sql = _ONE_COLUMN.sub(r"select \1\2", _EXISTS.sub("exists (", sql))
        lines, deeper = [], None
        for line in sql.split("\n"):
            depth = len(line) - len(line.lstrip())
            if deeper is not None and depth <= deeper and not line.lstrip().startswith(("then ", ")")):
                deeper = None
            if line.lstrip().startswith("then "):
                deeper = depth
            lines.append(line if deeper is None else f"{' ' * self._width}{line}")
        return "\n".join(lines)

    def _sql(self, node: exp.Expr, *, pretty: bool) -> str:
        layout: dict[str, Any] = {"indent": self._width, "pad": self._width} if pretty else {}
        try:
            return node.sql(self._dialect, pretty=pretty, unsupported_level=ErrorLevel.RAISE, **layout)
        except UnsupportedError as error:
            raise CannotPlan(f"this cannot be said in the SQL of {self._dialect}: {error}") from error

    def _lowered(self, sql: str, names: set[str]) -> str:
        from sqlglot.dialects.dialect import Dialect

        tokens = Dialect.get_or_raise(self._dialect).tokenize(sql)
        pieces, done = [], 0
        for number, token in enumerate(tokens):
            text = sql[token.start : token.end + 1]
            if (text.isupper() and text[:1].isalpha() and text not in names) or _is_grain(tokens, number):
                pieces += [sql[done : token.start], text.lower()]
                done = token.end + 1
        return "".join([*pieces, sql[done:]])


def _is_grain(tokens: Sequence[Token], number: int) -> bool:
    """Whether a text is the unit of a truncation, and nobody's value."""
    before = [token.text.lower() for token in tokens[max(number - 2, 0) : number]]
    return before == ["date_trunc", "("] and tokens[number].text in _GRAINS


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that hold together, one by one."""
    while isinstance(condition, exp.Paren) and isinstance(condition.this, exp.And | exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _select(query: exp.Query) -> exp.Select:
    assert isinstance(query, exp.Select)
    return query


def _with_marked_clock(select: exp.Select) -> exp.Select:
    """The step with a mark where it asks for the time."""
    select = select.copy()
    for clock in _clocks(select):
        now = exp.column(_CLOCK_MARK)
        clock.replace(exp.cast(now, "date") if isinstance(clock, exp.CurrentDate) else now)
    return select
