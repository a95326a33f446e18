"""Whether a query only reads: nothing in its tree may change, lock, configure or start anything."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from aidbt.sql.parse import Parsed
from aidbt.sql.resolved import SqlProblem
from aidbt.sql.validate.problems import problem_at

# Statements, wherever in the tree they stand; what has no class of its own is a Command.
_STATEMENTS = tuple(
    kind
    for name in (
        "Alter", "Analyze", "Attach", "Block", "Cache", "CaseStatement", "Command", "Comment", "Commit",
        "ConditionalInsert", "Copy", "Create", "Declare", "Delete", "Detach", "Disconnect", "Drop",
        "Execute", "ExecuteSql", "Export", "ForIn", "Get", "Grant", "IfBlock", "Insert",
        "Install", "Kill", "ListStage", "LoadData", "LockingStatement", "LoopBlock", "Merge",
        "MultitableInserts", "Pragma", "Put", "Refresh", "RepeatBlock", "Revoke", "Rollback", "Set", "Show",
        "StoredProcedure", "SwapTable", "Transaction", "TruncateTable", "Uncache", "Undrop", "Update", "Use",
        "WhileBlock",
    )
    if isinstance(kind := getattr(exp, name, None), type)
)  # fmt: skip
_RUNS_COMMENTS = frozenset({"mysql", "doris", "starrocks", "singlestore"})


def read_only_problems(parsed: Parsed) -> list[SqlProblem]:
    """Every part of a query that does more than read: "sql.not_read_only".

    Args:
        parsed: with a tree, which is one query.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> text = "with gone as (delete from orders returning *) select * from gone"
        >>> [problem.message for problem in read_only_problems(parse_sql(text, "postgres"))]
        ['a query may not contain DELETE']
    """
    return list(_problems(parsed))


def _problems(parsed: Parsed) -> Iterator[SqlProblem]:
    if parsed.tree is None:
        return
    for node in parsed.tree.walk():
        what = _forbidden(node)
        if what:
            yield problem_at(parsed, node, "sql.not_read_only", f"a query may not {what}")
    if parsed.dialect in _RUNS_COMMENTS:
        for start in _run_comments(parsed):
            line, column = parsed.places.at(start)
            message = "a query may not contain a comment that is run"
            yield SqlProblem("sql.not_read_only", message, line, column, start, start + 3)


def _run_comments(parsed: Parsed) -> Iterator[int]:
    """Where a comment begins that MySQL runs and the parser skips."""
    end = 0
    for token in Dialect.get_or_raise(parsed.dialect).tokenize(parsed.text):
        found = parsed.text.find("/*!", end, token.start)
        if found >= 0:
            yield found
        end = token.end + 1
    if (found := parsed.text.find("/*!", end)) >= 0:
        yield found


def _forbidden(node: exp.Expr) -> str:
    """What a node does that a query may not do, as it follows "may not"; "" for nothing."""
    if isinstance(node, _STATEMENTS):
        words = node.name if isinstance(node, exp.Command) else type(node).__name__
        return f"contain {words.upper()}"
    if isinstance(node, exp.UserDefinedFunction):
        return "define a function"
    if isinstance(node, exp.Into):
        return "write a table with INTO"
    if isinstance(node, exp.Lock):
        return "lock rows with FOR UPDATE or FOR SHARE"
    if isinstance(node, exp.QueryTransform):
        return "run a program with TRANSFORM … USING"
    return ""
