"""Whether a column more in a model may change what the models below say of the columns that they had."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from aidbt.core.schema import Relation
from aidbt.project.manifest import Node

_STAR = re.compile(r"(?:\b(?:select|distinct)\b|,|\.)\s*\*", re.IGNORECASE)
# With a star these make rows, or other columns, of all the columns that there are.
_OF_ALL = re.compile(
    r"\bnatural\b|\bdistinct\b(?!\s+on\b)|\b(?:group|order)\s+by\s+all\b|\bunpivot\b|\bpivot\b"
    r"|\b(?:union|intersect|except)\b(?!\s*\()|\bcolumns\s*\(|\bhash\s*\(|\bto_json",
    re.IGNORECASE,
)
_UNION_ALL = re.compile(r"\bunion\s+all\b", re.IGNORECASE)


def changes_below(names: Collection[str], below: Iterable[tuple[Node, Relation | None]]) -> str:
    """Why columns of these names may change what a model says of others, in a sentence; "" when none does.

    A name that stands below already may mean the new column from then on: before an alias, inside a subquery,
    or in front of the column of another table behind a star.

    Args:
        below: the models and snapshots that read the one with the new columns, at whatever distance, and what
            stands in the warehouse of each.
    """
    for node, relation in below:
        text = str(node.raw.get("compiled_code") or node.raw.get("raw_code") or "")
        there = {column.casefold() for column in relation.column_names} if relation is not None else set()
        for name in names:
            if name.casefold() in there or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
                return f"{node.name} has a {name} already, which may become the new one"
        if node.config.get("check_cols") == "all":
            return f"{node.name} would keep a new version of every row"
        if len(names) == 1:  # of two tables the same one: the branches are as alike as before
            text = _UNION_ALL.sub("", text)
        if _STAR.search(text) and (found := _OF_ALL.search(text)):
            return f"{node.name} asks for {' '.join(found[0].split())} of all columns"
    return ""
