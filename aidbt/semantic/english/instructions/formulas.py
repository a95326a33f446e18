"""Formulas in words: `(total sales - refunds) / number of orders * 100`, `responders divided by visits`.

The names between the operators are left as they are written: what they mean is for a reader of phrases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from aidbt.semantic.query import Arithmetic

_OPERATORS: dict[str, Arithmetic] = {
    "+": "+", "plus": "+", "-": "-", "−": "-", "minus": "-", "less": "-", "*": "*", "×": "*", "times": "*",
    "multiplied by": "*", "x": "*", "/": "/", "÷": "/", "divided by": "/",
}  # fmt: skip
# A sign counts between blanks or brackets, so that "give-away" and "and/or" are words.
_PIECE = re.compile(
    r"(?P<open>\()|(?P<close>\))"
    r"|(?P<word>(?<!\S)(?:plus|minus|times|multiplied by|divided by)(?!\S))"
    r"|(?P<sign>(?:^|(?<=\s)|(?<=\)))(?:[-+*/×÷−]|x(?=\s))(?=[\s(]|$))"
)
# Of "hours over 1.2 times those estimated" the product is what something is held against.
_COMPARED = re.compile(r"\b(?:than|least|most|over|above|below|under|exceeds?|beyond) \d[\d.]* $", re.I)
_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
# Each operator and each bracket is one level of the formula at most, and readers call themselves for each.
_MOST_PIECES = 150
_PRIORITY = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True, slots=True)
class Operation:
    """Two formulas calculated with."""

    operator: Arithmetic
    left: Formula
    right: Formula


Formula: TypeAlias = "Operation | str | int | float"
"""A calculation, the words of a name, or a number."""


def formula_of(text: str) -> Formula | None:
    """The formula that a text is, a single name too; None when its brackets or operators do not fit,
    or are too many.

    Operators of one kind group from the left, and those of points go before those of lines, as in school.

    Example:
        >>> formula_of("price * (1 - discount)")
        Operation(operator='*', left='price', right=Operation(operator='-', left=1, right='discount'))
    """
    pieces = _pieces(text)
    if len(pieces) > _MOST_PIECES:
        return None
    found, end = _sum(pieces, 0, 1)
    return found if end == len(pieces) else None


def completed(formula: Formula, is_known: Callable[[str], bool]) -> Formula:
    """A formula in which a name that is none alone takes the noun of the one behind it: "paid + open orders".

    Example:
        >>> completed(Operation("+", "paid", "open orders"), lambda name: name != "paid")
        Operation(operator='+', left='paid orders', right='open orders')
    """
    if not isinstance(formula, Operation):
        return formula
    left, right = completed(formula.left, is_known), completed(formula.right, is_known)
    if formula.operator in ("+", "-") and isinstance(left, str) and isinstance(right, str) and " " in right:
        whole = f"{left} {right.split()[-1]}"
        if " " not in left and not is_known(left) and is_known(right) and is_known(whole):
            left = whole
    return Operation(formula.operator, left, right)


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    last = 0
    for match in _PIECE.finditer(text):
        if match.group() == "times" and _COMPARED.search(text, 0, match.start()):
            continue
        pieces += [text[last : match.start()].strip(), match.group()]
        last = match.end()
    pieces.append(text[last:].strip())
    return [piece for piece in pieces if piece]


def _sum(pieces: list[str], start: int, priority: int) -> tuple[Formula | None, int]:
    """The formula that begins at a piece, of operators of a priority at least, and where it ends.

    Precedence climbing (Richards and Whitby-Strevens, "BCPL: the language and its compiler", 1979).
    """
    left, end = _atom(pieces, start)
    while left is not None and end < len(pieces):
        operator = _OPERATORS.get(pieces[end])
        if operator is None or _PRIORITY[operator] < priority:
            break
        right, end = _sum(pieces, end + 1, _PRIORITY[operator] + 1)
        if right is None:
            return None, end
        left = Operation(operator, left, right)
    return left, end


def _atom(pieces: list[str], start: int) -> tuple[Formula | None, int]:
    if start >= len(pieces) or pieces[start] in _OPERATORS or pieces[start] == ")":
        return None, start
    if pieces[start] == "(":
        inner, end = _sum(pieces, start + 1, 1)
        is_closed = inner is not None and end < len(pieces) and pieces[end] == ")"
        return (inner, end + 1) if is_closed else (None, end)
    text = pieces[start]
    if _NUMBER.fullmatch(text):
        number = float(text.rstrip("%")) if "." in text else int(text.rstrip("%"))
        return (number / 100 if text.endswith("%") else number), start + 1
    return text, start + 1
