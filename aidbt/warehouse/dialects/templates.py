"""SQL of one dialect with places in it, filled with trees: the texts that lowerings are written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from aidbt.warehouse.dialects.casts import NoLowering

Texts = Mapping[str, str]
"""By dialect the text of a template, in which x and y stand for its arguments."""


def filled(texts: Texts, name: str, dialect: str, *arguments: exp.Expr) -> exp.Expr:
    """A template with its arguments in the places of x and y.

    Args:
        name: what the template says, for the error.

    Raises:
        NoLowering: there is no text for the dialect.
    """
    text = texts.get(dialect)
    if text is None:
        raise NoLowering(name, dialect)
    places = dict(zip(("x", "y"), arguments, strict=False))

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in places:
            return places[node.name]
        return rebuilt(node, change)

    return change(_parsed(text, dialect))


@cache
def _parsed(text: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(text, dialect=dialect)


def rebuilt(node: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The node over changed children: a node may stand in a tree twice, so nothing is changed in place."""
    args = {
        key: [change(item) if isinstance(item, exp.Expr) else item for item in value]
        if isinstance(value, list)
        else (change(value) if isinstance(value, exp.Expr) else value)
        for key, value in node.args.items()
    }
    new = node.__class__(**args)
    if node.type is not None:
        new.type = node.type
    return new
