"""Which functions a query calls that it may not call, from its tree."""

from __future__ import annotations

import difflib
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from aidbt.core.findings import Severity
from aidbt.sql.parse import Parsed
from aidbt.sql.resolved import SqlProblem
from aidbt.sql.validate.allowed import NOTHING_MORE, Allowed
from aidbt.sql.validate.function_names import COMPUTING, COMPUTING_FAMILIES, REFUSALS
from aidbt.sql.validate.problems import problem_at

_NAMELESS = (exp.Anonymous, exp.AnonymousAggFunc)
# Functions that sqlglot has a class for, whatever the dialect calls them; every other class only computes.
_REFUSED_CLASSES: dict[type[exp.Func], str] = {
    **dict.fromkeys((exp.ReadCSV, exp.ReadParquet, exp.ToFile), "read_csv"),
    **dict.fromkeys(
        (
            exp.AIAgg, exp.AIClassify, exp.AIEmbed, exp.AIForecast, exp.AIGenerate, exp.AISimilarity,
            exp.AISummarizeAgg, exp.FeaturesAtTime, exp.GenerateBool, exp.GenerateDouble,
            exp.GenerateEmbedding, exp.GenerateInt, exp.GenerateTable, exp.GenerateText, exp.MLForecast,
            exp.MLTranslate, exp.Predict,
        ),
        "ml.predict",
    ),
    exp.Secret: "secret",
    exp.DynamicIdentifier: "identifier",
    exp.NextValueFor: "nextval",
}  # fmt: skip


def function_problems(parsed: Parsed, allowed: Allowed = NOTHING_MORE) -> list[SqlProblem]:
    """Every call of a function that is not known to do nothing but compute a value.

    "function.refused" is a function that reads files, other servers or settings, runs SQL given as text,
    changes something, waits, or runs other code. "function.unknown" is any other function that is on no list;
    in a dialect that sqlglot does not know it is only a warning, since there is no list for it.

    Args:
        parsed: with a tree.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> [p.code for p in function_problems(parse_sql("select upper(a), getenv('HOME') from t", "duckdb"))]
        ['function.refused']
    """
    if parsed.tree is None:
        return []
    judged = (_judge(parsed, call, allowed) for call in parsed.tree.find_all(exp.Func))
    return [problem for problem in judged if problem is not None]


def _judge(parsed: Parsed, call: exp.Func, allowed: Allowed) -> SqlProblem | None:
    """What is wrong with one call, or None."""
    name = _name(parsed, call)
    qualified = ".".join([*_qualifiers(call), name])
    if name in allowed.functions or qualified in allowed.functions:
        return None
    stands_for = next((known for kind, known in _REFUSED_CLASSES.items() if isinstance(call, kind)), None)
    what = _refusal(stands_for or name) or _refusal(qualified)
    if what and not call.find_ancestor(exp.Hint):
        return problem_at(parsed, call, "function.refused", f"a query may not call {name}(): it {what}")
    is_known = {name, qualified} & COMPUTING or name in _names_of_classes(parsed.dialect)
    if not isinstance(call, _NAMELESS) or is_known or COMPUTING_FAMILIES.fullmatch(name):
        return None
    if call.find_ancestor(exp.Hint):  # Oracle's look like calls
        return None
    return _unknown(parsed, call, name, qualified)


def _unknown(parsed: Parsed, call: exp.Func, name: str, qualified: str) -> SqlProblem:
    known = COMPUTING | _names_of_classes(parsed.dialect)
    nearest = tuple(difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.8))
    meant = f"did you mean {nearest[0]}()?" if nearest else "allow it by name if it is your own and computes"
    return problem_at(
        parsed,
        call,
        "function.unknown",
        f"{qualified}() is not known to be harmless; {meant}",
        nearest=nearest,
        severity=Severity.ERROR if parsed.dialect else Severity.WARN,
    )


def _name(parsed: Parsed, call: exp.Func) -> str:
    """The name that the text calls a function by, in lower case."""
    if isinstance(call, _NAMELESS):
        return call.name.lower()
    start, end = call.meta.get("start"), call.meta.get("end")
    written = parsed.text[start : end + 1] if start is not None and end is not None else ""
    return written.strip('"`[]').lower() or call.sql_name().lower()


def _qualifiers(call: exp.Func) -> list[str]:
    """What stands before the name, e.g. ["snowflake", "cortex"]; of a method the value that it is called on
    when that looks like a name."""
    parent = call.parent
    if isinstance(parent, exp.Dot) and parent.expression is call:
        return [part.name.lower() for part in parent.this.find_all(exp.Identifier, bfs=False)]
    if isinstance(parent, exp.Table) and parent.this is call:
        return [part.name.lower() for part in (parent.args.get("catalog"), parent.args.get("db")) if part]
    return []


def _refusal(name: str) -> str | None:
    """What a function of that name does that a query may not do, or None."""
    return next((refusal.what for refusal in REFUSALS if refusal.names.fullmatch(name)), None)


@lru_cache(maxsize=8)
def _names_of_classes(dialect: str) -> frozenset[str]:
    """The names of a dialect that sqlglot makes a harmless class of, given the arguments that it expects."""
    names = {name.lower() for name in Dialect.get_or_raise(dialect or None).parser_class.FUNCTIONS}
    return frozenset(names - {name.lower() for kind in _REFUSED_CLASSES for name in kind.sql_names()})
