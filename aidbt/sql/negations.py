"""One form for negated conditions, in whatever dialect they were read."""

from __future__ import annotations

from sqlglot import exp


def with_nots(tree: exp.Expr) -> exp.Expr:
    """A tree in which `x not like y` and `x is not null` are NOT around the rest of them.

    sqlglot keeps them so in some dialects and as a flag of the node in others; who reads a tree has to know
    one form. The tree is changed; what is returned is its root, which may be a new one.

    Example:
        >>> from sqlglot import parse_one
        >>> with_nots(parse_one("x is not null", dialect="postgres")).sql()
        'NOT x IS NULL'
    """
    root = tree
    for node in list(tree.find_all(exp.Is, exp.Like, exp.ILike)):
        if not node.args.get("negate"):
            continue
        node.set("negate", None)
        whole = node.parent if isinstance(node.parent, exp.Escape) else node
        negated = exp.Not()
        # Within `a not like b = c`, NOT would reach to the end of the line.
        is_part = isinstance(whole.parent, exp.Binary) and not isinstance(whole.parent, exp.Connector)
        stands = exp.Paren(this=negated) if is_part else negated
        if whole is root:
            root = stands
        else:
            whole.replace(stands)
        negated.set("this", whole)
    return root
