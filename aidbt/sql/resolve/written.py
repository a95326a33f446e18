"""The expressions of a SELECT as the query writes them, cut out of its text.

The tree keeps the places of names, numbers and texts only, so the list is split anew: at the commas outside
of brackets, behind the word SELECT that gives as many parts as the tree has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.resolve.scope import span

_TOKEN = re.compile(
    r"(?P<skip>--[^\n]*|/\*.*?\*/|\s+)"
    r"|(?P<quoted>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\3\$)"
    r"|(?P<word>\w+)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|.",
    re.DOTALL,
)
_AFTER_SELECT = re.compile(r"\s*(distinct\s+on\s*\(|distinct\b|all\b|top\s+\d+|as\s+(struct|value)\b)", re.I)
_ENDS = frozenset(
    """
    from where group having qualify window order limit union intersect except minus into fetch offset lateral
    """.split()
)


def written_expressions(select: exp.Select, text: str) -> list[str] | None:
    """The expressions of a SELECT without their aliases, in order; None where they are not found."""
    starts = [start for start, end in map(span, select.expressions) if end]
    if not starts:
        return None
    tokens = [found for found in _TOKEN.finditer(text) if not found["skip"]]
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.start() >= min(starts) or not token["word"] or token["word"].lower() != "select":
            continue
        parts = list(_parts(tokens, token.end(), text))
        if len(parts) == len(select.expressions):
            return [
                _without_alias(part, node, text) for part, node in zip(parts, select.expressions, strict=True)
            ]
    return None


def _parts(tokens: list[re.Match[str]], start: int, text: str) -> Iterator[list[re.Match[str]]]:
    """What stands between the commas behind a SELECT, as tokens."""
    found = _AFTER_SELECT.match(text, start)
    # Behind DISTINCT ON the list begins where its bracket is closed.
    skips = found is not None and found[0].endswith("(")
    depth = 1 if skips else 0
    start = found.end() if found is not None else start
    part: list[re.Match[str]] = []
    for token in tokens:
        if token.start() < start:
            continue
        depth += bool(token["open"]) - bool(token["close"])
        if skips:
            skips = depth > 0
            continue
        is_end = depth == 0 and token["word"] and token["word"].lower() in _ENDS
        if depth < 0 or is_end or token[0] == ";":
            break
        if token["comma"] and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    if part:  # DuckDB takes a comma behind the last one
        yield part


def _without_alias(part: list[re.Match[str]], node: exp.Expr, text: str) -> str:
    """A part of the list up to its alias."""
    alias = node.args.get("alias") if isinstance(node, exp.Alias) else None
    first, last = span(alias) if isinstance(alias, exp.Identifier) else (0, 0)
    kept = part
    if last and part and first >= part[0].start():
        kept = [token for token in part if token.start() < first]
        if kept and kept[-1][0].lower() == "as":
            kept = kept[:-1]
    return text[kept[0].start() : kept[-1].end()] if kept else ""
