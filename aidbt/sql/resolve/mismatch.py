"""Types that do not go together, where that is certain: such a query fails, or never gives what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.core.types import is_plain_text, type_family
from aidbt.sql.resolve.scope import Problems
from aidbt.sql.resolve.types import NULL, TypeRules, bare

# Dialects that turn a text into a number by themselves where one is needed; the others refuse.
_TURNS_TEXT = frozenset(
    {"snowflake", "spark", "databricks", "hive", "redshift", "tsql", "mysql", "oracle", "sqlite"}
)
# Dialects that compare, and join, a text only with texts.
_COMPARES_STRICTLY = frozenset({"postgres", "bigquery", "trino", "presto", "athena"})
_NUMBER = re.compile(r"\s*[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*\Z", re.IGNORECASE)
_NUMBER_WORDS = frozenset({"nan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity"})
_TIME_WORDS = frozenset(
    "now today yesterday tomorrow epoch infinity -infinity allballs current_date current_timestamp".split()
)
_BOOLEAN_WORDS = frozenset("t f true false y n yes no on off 0 1".split())
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_SUMS = (exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
_CALCULATIONS = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)


class Mismatches:
    """Looks at each expression once its parts have their types."""

    def __init__(self, rules: TypeRules, problems: Problems) -> None:
        self._rules = rules
        self._problems = problems
        self._dialect = rules.dialect

    def look(self, node: exp.Expr) -> None:
        """Add a problem for what an expression does with types that do not go together."""
        check = _CHECKS.get(type(node))
        if check is not None:
            check(self, node)

    def look_at_branches(self, node: exp.Expr, name: str, one: str, other: str) -> None:
        """The same for a column of a set operation, by the types of its two sides."""
        kinds = {_kind(one), _kind(other)}
        if len(kinds) == 1 or "" in kinds or self._dialect == "duckdb":  # it makes text of both
            return
        if "text" in kinds and self._dialect not in _COMPARES_STRICTLY:
            return
        self._say(node, f"'{name}' is {one} on one side of the set operation and {other} on the other")

    def _comparison(self, node: exp.Expr) -> None:
        self._compared(node, node.this, node.expression)

    def _between(self, node: exp.Expr) -> None:
        for name in ("low", "high"):
            self._compared(node, node.this, node.args[name])

    def _in(self, node: exp.Expr) -> None:
        for other in node.expressions:
            self._compared(node, node.this, other)

    def _compared(self, node: exp.Expr, one: exp.Expr, other: exp.Expr) -> None:
        if _is_text_literal(one):
            one, other = other, one
        words, others = self._words(one), self._words(other)
        kind, second = _kind(words), _kind(others)
        if _is_text_literal(other):
            if kind not in ("", "text") and not _reads_as(bare(other).name, kind):
                self._say_no_value(node, one, other)
            return
        if not kind or not second or kind == second or {kind, second} == {"boolean", "number"}:
            return
        message = f"{_shown(one)} is {words} and {_shown(other)} is {others}: they cannot be compared"
        if "text" not in (kind, second) or self._dialect in _COMPARES_STRICTLY:
            self._say(node, message)
        elif "number" in (kind, second) and not any(isinstance(part, exp.Literal) for part in (one, other)):
            message = (
                f"{_shown(one)} is {words} and {_shown(other)} is {others}: comparing them fails "
                "with the first text that is no number"
            )
            self._say(node, message, Severity.WARN)

    def _sum(self, node: exp.Expr) -> None:
        argument = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        words = self._words(argument)
        kind = _kind(words)
        is_text = kind == "text" and self._dialect not in _TURNS_TEXT
        is_time = kind in ("date", "time") and isinstance(node, exp.Sum)
        is_boolean = kind == "boolean" and self._dialect in ("postgres", "bigquery", "trino")
        if is_text or is_time or is_boolean:
            self._say(node, f"{_shown(argument)} is {words}, of which there is no {node.key}()")

    def _calculation(self, node: exp.Expr) -> None:
        if self._dialect in _TURNS_TEXT:
            return
        for part, other in ((node.this, node.expression), (node.expression, node.this)):
            words = self._words(part)
            if _kind(words) == "text" and not _is_text_literal(part) and self._words(other):
                self._say(node, f"{_shown(part)} is {words}, which cannot be calculated with")
                return
            if _is_text_literal(part) and _kind(self._words(other)) == "number":
                if not _reads_as(bare(part).name, "number"):
                    self._say(node, f"the text '{_cut(bare(part).name)}' is no number to be calculated with")
                return

    def _either(self, node: exp.Expr) -> None:
        """CASE, COALESCE and the like: one of several values, which are of one type."""
        if self._dialect in _TURNS_TEXT:
            return
        parts = [part for part in _results(node) if part is not None and self._words(part) != NULL]
        known = [part for part in parts if _kind(self._words(part)) and not _is_text_literal(part)]
        kinds = {_kind(self._words(part)): part for part in known}
        if len(kinds) > 1 and "text" in kinds:
            (kind, one), (second, other) = list(kinds.items())[:2]
            if {kind, second} != {"boolean", "number"}:
                self._say(
                    node,
                    f"{_shown(one)} is {self._words(one)} and {_shown(other)} is {self._words(other)}: "
                    "a column has one type",
                )
            return
        only = next(iter(kinds)) if len(kinds) == 1 and len(known) > 0 else ""
        for part in parts if only not in ("", "text") else ():
            if _is_text_literal(part) and not _reads_as(bare(part).name, only):
                self._say_no_value(node, kinds[only], part)
                return

    def _say_no_value(self, node: exp.Expr, one: exp.Expr, text: exp.Expr) -> None:
        written = _cut(bare(text).name)
        self._say(node, f"{_shown(one)} is {self._words(one)}, and the text '{written}' is no value of that")

    def _words(self, node: exp.Expr) -> str:
        return self._rules.words(node.type)

    def _say(self, node: exp.Expr, message: str, severity: Severity = Severity.ERROR) -> None:
        self._problems.add("type.mismatch", message, node, severity=severity)


def _kind(words: str) -> str:
    """What a type is, as far as it matters here; "" for what may go with anything, or is not known."""
    family = type_family(words)
    if family in ("integer", "number"):
        return "number"
    if family in ("date", "timestamp"):
        return "date"
    if family == "text":
        return "text" if is_plain_text(words) else ""
    return family if family in ("time", "boolean") else ""


def _is_text_literal(node: exp.Expr) -> bool:
    return isinstance(bare(node), exp.Literal) and bool(bare(node).is_string)


def _reads_as(text: str, kind: str) -> bool:
    """Whether a text may be read as a number, a date, a time or a truth value."""
    word = text.strip().lower()
    if kind == "number":
        return _NUMBER.match(text) is not None or word in _NUMBER_WORDS
    if kind == "boolean":
        return word in _BOOLEAN_WORDS
    return any(char.isdigit() for char in text) or word in _TIME_WORDS


def _results(node: exp.Expr) -> Sequence[exp.Expr | None]:
    if isinstance(node, exp.Case):
        return [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    if isinstance(node, exp.If):
        return [node.args["true"], node.args.get("false")]
    return [node.this, *node.expressions]


def _shown(node: exp.Expr) -> str:
    """An expression in a message: a column by its name."""
    node = bare(node)
    return f"'{node.name}'" if isinstance(node, exp.Column) else "an expression"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"


_CHECKS: dict[type[exp.Expr], Callable[[Mismatches, exp.Expr], None]] = {
    **dict.fromkeys(_COMPARISONS, Mismatches._comparison),
    **dict.fromkeys(_SUMS, Mismatches._sum),
    **dict.fromkeys(_CALCULATIONS, Mismatches._calculation),
    **dict.fromkeys((exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least), Mismatches._either),
    exp.Between: Mismatches._between,
    exp.In: Mismatches._in,
}
