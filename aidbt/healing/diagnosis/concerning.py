"""Whether a change of a file can have to do with the values of some columns, or with which rows there are.

Every night brings new rows, and many a commit with them. A commit that only adds or rewrites other items of a
list of columns is not why a column's values are wrong; anything that is not plainly so may be.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.healing.evidence.code_changes import FileChange

# What decides which rows there are, or goes on over several lines.
_SHAPES = re.compile(
    r"\b(where|join|on|using|qualify|having|distinct|union|except|intersect|limit|group|order|filter|over|from"
    r"|ref|source|if|for|set|macro|config|with|case|when|then|else|end|and|or|not|in|exclude|replace|window)\b"
    r"|(?:^|[^\w)\]'\" ])\s*\*|\*\s*(?:$|[,)])|\{%",  # a star that stands for columns, and does not multiply
    re.IGNORECASE,
)
_PLACES = re.compile(r"\b(identifier|schema|database|external_location|name|vars)\b *:")
_COMMENT = re.compile(r"\s*(--.*|\{#.*#\}\s*)?$")
_OPEN_END = re.compile(r"(\|\||[-+/%<>=(.:])\s*$")
_OPEN_START = re.compile(r"^\s*(\|\||[-+/%<>=).:])")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
_CTE = re.compile(r"(\bas(\s+(not\s+)?materialized)?|\bfrom|\bjoin|,|\bunion(\s+all)?|^)\s*$", re.IGNORECASE)


def concerns(change: FileChange, columns: Collection[str]) -> bool:
    """Whether a change may concern some columns, by all the names they have; without names any may.

    Args:
        columns: names of the columns on the way from the source.
    """
    if not columns or not change.path.endswith((".sql", ".yml", ".yaml")):
        return True
    lines = [line for hunk in change.hunks for line in (*hunk.old, *hunk.new)]
    if mentions(change, columns):
        return True
    if not change.path.endswith(".sql"):
        return any(_PLACES.search(line) for line in lines)
    if change.kind != "modified" or "{% macro" in (change.after or ""):
        return True
    if not all(_is_item(line) for line in lines):
        return True
    after = (change.after or "").splitlines()
    return not all(_is_in_list(after[: hunk.new_start - 1]) for hunk in change.hunks)


def mentions(change: FileChange, words: Collection[str]) -> bool:
    """Whether a word stands in the lines that changed, before or after."""
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
    return any(pattern.search(line) for hunk in change.hunks for line in (*hunk.old, *hunk.new))


def _is_item(line: str) -> bool:
    """Whether a line is a whole item of a list of columns, a comment or empty."""
    if _COMMENT.match(line):
        return True
    text = re.sub(r"\s*--.*$", "", line).strip().strip(",").strip()
    if _OPEN_START.search(text) or _OPEN_END.search(text):
        return False
    if _SHAPES.search(text):
        return _is_named(text)
    return all(text.count(a) == text.count(b) for a, b in _PAIRS) and text.count("'") % 2 == 0


def _is_named(text: str) -> bool:
    """Whether a line is one expression over a row with a name of its own, as no condition has: in one line
    `case … end as x`, `a = 1 and b = 2 as x`."""
    try:
        items = exp.select(text).expressions if "{" not in text else []
    except SqlglotError:
        return False
    is_alone = len(items) == 1 and isinstance(items[0], exp.Alias)
    return is_alone and not items[0].find(exp.Query, exp.Window, exp.Star)


def _is_in_list(before: list[str]) -> bool:
    """Whether what follows some lines of a query stands in no call and no `case`: a list's own level."""
    text = "\n".join(re.sub(r"--.*$", "", line) for line in before)
    text = re.sub(r"'[^']*'|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL)
    if len(re.findall(r"\bcase\b", text, re.IGNORECASE)) > len(re.findall(r"\bend\b", text, re.IGNORECASE)):
        return False
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth < 0:  # the bracket that is open here
            return _CTE.search(text[:place]) is not None
    return True
