"""Calculations told as steps: "divide the returned orders by all orders, then multiply by 100".

Steps become one formula in words, as `formulas` reads it. What is said only to a writer of SQL (which tables
are joined, what is grouped by) is let be; a step that is not understood leaves the whole not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_VERBS = (
    "keep|leav|exclud|ignor|omit|drop|divid|multipl|subtract|deduct|add|sum|count|tall|averag|tak|calculat"
    "|comput|express|convert|join|merg|link|combin|connect|group|aggregat|filter|restrict|limit|consider|focus|round"
)
_VERB = rf"(?:{_VERBS})(?:e|y|ing|ying|ling)?\b"
_NEXT = re.compile(
    rf"(?:,|;)?\s+(?:and\s+)?(?:then|finally|next|afterwards)\s*,?\s+|,\s+(?:and\s+)?(?={_VERB})"
    rf"|\s+and\s+(?={_VERB})",
    re.I,
)
_GERUNDS = {
    "dividing": "divide", "multiplying": "multiply", "subtracting": "subtract", "deducting": "subtract",
    "deduct": "subtract", "adding": "add", "summing": "sum", "totaling": "sum", "totalling": "sum",
    "counting": "count", "tallying": "count", "tally": "count", "averaging": "average",
    "taking": "take", "calculating": "take", "computing": "take", "calculate": "take", "compute": "take",
    "expressing": "express", "converting": "express", "convert": "express", "filtering": "filter",
    "restricting": "filter", "restrict": "filter", "limiting": "filter", "limit": "filter",
    "keeping": "keep", "leaving": "leave", "excluding": "exclude", "ignoring": "ignore", "omitting": "omit",
    "dropping": "drop", "considering": "filter", "consider": "filter", "focusing": "filter",
    "focus": "filter",
}  # fmt: skip
_FOR_WRITERS = re.compile(
    r"^(?:start with a |use a |perform a )?"
    r"(?:(?:left |inner )?join|merg|link|combin|connect|group|truncat|aggregat\w+ (?=by\b|per\b))\w*\b"
    r"|^(?:aggregate|then|and)$",
    re.I,
)
_RESULT = r"(?:(?:the|this|that) )?(?:result|difference|quotient|sum|total|outcome|it)"
_IT = re.compile(rf"^{_RESULT}$", re.I)


def formula_text(text: str, *, are_groups_apart: bool = False) -> str | None:
    """The formula in words that steps tell; None for what is not told in steps, or not understood.

    Args:
        are_groups_apart: whether the question says the groups itself, and those of the steps are let be.

    Example:
        >>> formula_text("divide the returned orders by all orders, then multiply by 100")
        '((the returned orders) / (all orders)) * 100'
        >>> formula_text("join a and b, keep the paid orders only, group by customer and sum the fees")
        'total fees, over paid orders'
        >>> formula_text("join a and b and sum the fees per customer", are_groups_apart=True)
        'total fees'
    """
    made = ""
    rows = ""
    for verb, rest in steps_of(text):
        kept = rows_kept(verb, rest)
        if kept is not None:
            is_left_out, said = kept
            rows = "" if is_left_out or rows else said
            if not rows:
                return None
            continue
        calculated = _calculated(verb, _ungrouped(verb, rest) if are_groups_apart else rest, made)
        if calculated is None:
            return None
        made = calculated
    return f"{made}, over {rows}" if made and rows else made or None


def steps_of(text: str) -> Iterator[tuple[str, str]]:
    """The steps that a text tells, each a verb and the rest; without those that are for writers of SQL."""
    for step in filter(None, (part.strip() for part in _NEXT.split(text))):
        if not _FOR_WRITERS.match(step):
            verb, _, rest = step.partition(" ")
            yield _GERUNDS.get(verb.lower(), verb.lower()), rest


def rows_kept(verb: str, rest: str) -> tuple[bool, str] | None:
    """Whether a step leaves rows out, and not the others, and which; None for another kind of step.

    Example:
        >>> rows_kept("keep", "only the paid orders"), rows_kept("leave", "out test users")
        ((False, 'paid orders'), (True, 'test users'))
    """
    if verb in _KEEPS:
        rows = re.sub(r"^(?:for|to|on|by) |^only (?:the )?|^the |,? only$", "", rest)
        return False, re.sub(r"^(?:only )?(?:the )?", "", rows)
    if verb in _LEAVES_OUT:
        return True, re.sub(r"^(?:out |all |the |any )+", "", rest)
    return None


_KEEPS = {"filter", "keep"}
_LEAVES_OUT = {"leave", "exclude", "ignore", "omit", "drop"}


def tables_joined(text: str) -> str:
    """What a text says of the tables that are joined, before any other step."""
    joined = (part for part in _NEXT.split(text) if part and _FOR_WRITERS.match(part.strip()))
    return " ".join(joined)


def _calculated(verb: str, rest: str, before: str) -> str | None:
    """What a step makes of what was calculated before it; None when it is not understood."""
    steps: dict[str, Callable[[], str | None]] = {
        "divide": lambda: _joined(rest, r" (?:by|with|over) ", "/", before),
        "multiply": lambda: _joined(rest, r" (?:by|with|times) ", "*", before),
        "add": lambda: _added(rest, before),
        "subtract": lambda: _swapped(rest, before),
        "sum": lambda: _aggregate("total", rest),
        "aggregate": lambda: _aggregate("total", rest),
        "count": lambda: f"number of {_bare(rest)}",
        "average": lambda: _aggregate("average", rest),
        "take": lambda: _bare(rest) if not before else None,
        "express": lambda: f"({before}) * 100" if before and "percent" in rest else None,
    }
    # "Sum of a and b" is no step, but a noun.
    return steps[verb]() if verb in steps and not rest.startswith("of ") else None


def _aggregate(function: str, rest: str) -> str:
    """`total fees`; `sum of fee + tax`, where what is added up is a calculation."""
    of = _bare(rest)
    word = "sum" if function == "total" else function
    return f"{word} of {of}" if _SIGNS.search(of) else f"{function} {of}"


_SIGNS = re.compile(r" (?:[-+*/]|minus|plus|times|less|multiplied by) ")


def _ungrouped(verb: str, rest: str) -> str:
    """What a step is of, without the groups behind it, which the question says itself."""
    return (_GROUPS if verb in ("divide", "multiply") else _GROUPS_OR_BY).sub("", rest)


_GROUPS = re.compile(r" (?:per|for each|of each|for every|over each) (?:the )?[\w ]+$", re.I)
_GROUPS_OR_BY = re.compile(r" (?:by|per|for each|of each|for every|over each) (?:the )?[\w ]+$", re.I)


def _joined(rest: str, between: str, sign: str, before: str) -> str | None:
    """`a by b`; `by b`, of what was calculated before."""
    parts = re.split(between, f" {rest}")
    left, right = (parts[0].strip(), parts[1].strip()) if len(parts) == 2 else ("", "")
    if len(parts) != 2:
        return None
    if not left or _IT.match(left):
        return f"({before}) {sign} {_operand(right)}" if before else None
    return f"({left}) {sign} {_operand(right)}" if not before else None


def _added(rest: str, before: str) -> str | None:
    """`fees and taxes`; `up the fees`, which are all of them together."""
    if rest.startswith("up "):
        return _aggregate("total", rest)
    return _joined(rest, r" (?:and|to|plus) ", "+", before)


def _swapped(rest: str, before: str) -> str | None:
    """`a from b` is b less a."""
    parts = rest.split(" from ")
    if len(parts) == 1 and before:
        return f"({before}) - ({rest})"
    if len(parts) != 2:
        return None
    left, right = parts
    if _IT.match(right):
        return f"({before}) - ({left})" if before else None
    return f"({right}) - ({left})" if not before else None


def _operand(text: str) -> str:
    return text if re.fullmatch(r"\d+(?:\.\d+)?", text) else f"({text})"


def _bare(text: str) -> str:
    """A thing without the words between it and its verb: "up the amounts", "the average of freight"."""
    return re.sub(r"^(?:up )?(?:all )?(?:of )?(?:the )?", "", text)


# --- calculations told as one noun --------------------------------------------------------------------

_OF_BOTH = (
    r"(?P<one>[\w ]+?) and (?P<two>[\w ]+?)(?P<of> of [\w ]+)?"
    r"(?=$|[-+*/)]|,| (?:minus|plus|times|divided|multiplied))"
)
_NOUNS = tuple(
    (re.compile(pattern, re.I), signs)
    for pattern, signs in (
        (rf"\b(?:the )?(?:sum|total) of (?:the )?{_OF_BOTH}", r"(\g<one>\g<of> + \g<two>\g<of>)"),
        (rf"\b(?:the )?(?:difference|gap) between {_OF_BOTH}", r"(\g<one>\g<of> - \g<two>\g<of>)"),
        (rf"\b(?:the )?product of {_OF_BOTH}", r"(\g<one>\g<of> * \g<two>\g<of>)"),
        (
            r" (?:minus|less) (?P<one>[\w ]+?) and (?:the )?(?P<two>[\w ]+?)(?=$| of |,|\))",
            r" minus \g<one> minus \g<two>",
        ),
        (r"^(?:the )?(?:ratio|quotient) (?:of|between) (.+?) (?:to|and|over) (.+)$", r"(\1) / (\2)"),
        (r"^(.+?) as a (?:percentage|percent|%) of (.+)$", r"((\1) / (\2)) * 100"),
        (r"^(.+?) as a (?:share|fraction|proportion|ratio) of (.+)$", r"(\1) / (\2)"),
        (r"^(.+?),? expressed (?:as a|in) percent(?:age)?\b.*$", r"(\1) * 100"),
        (r"^(.+?)(?<!,) (?:over|relative to|in relation to|out of) (.+)$", r"(\1) / (\2)"),
    )
)


def spelled_out(text: str) -> str:
    """A text in which "the sum of tax and fee", "ratio of a to b" are written with signs.

    Example:
        >>> spelled_out("the ratio of returned orders to all orders")
        '(returned orders) / (all orders)'
        >>> spelled_out("amount minus the sum of tax and fee")
        'amount minus (tax + fee)'
    """
    for pattern, signs in _NOUNS:
        text = pattern.sub(signs, text)
    return text
