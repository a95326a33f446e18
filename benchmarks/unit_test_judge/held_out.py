"""Faults that `aidbt.sql.mutants` does not make: tests drafted against its own are judged by these too."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.mutants.mutant import Change, shown


def swapped_columns(node: exp.Expr) -> Iterator[Change]:
    """Two neighbours of a SELECT list, each under the other's name."""
    if not isinstance(node, exp.Select):
        return
    items = node.expressions
    for number in range(len(items) - 1):
        one, other = items[number : number + 2]
        if isinstance(one.unalias(), exp.Star) or isinstance(other.unalias(), exp.Star):
            continue
        changed = node.copy()
        changed.expressions[number].replace(
            exp.alias_(other.unalias().copy(), one.alias_or_name, quoted=True)
        )
        changed.expressions[number + 1].replace(
            exp.alias_(one.unalias().copy(), other.alias_or_name, quoted=True)
        )
        yield Change("column", f"{one.alias_or_name} and {other.alias_or_name} swapped", changed)


def swapped_results(node: exp.Expr) -> Iterator[Change]:
    """The results of two neighbouring arms of a CASE, each for the other."""
    if not isinstance(node, exp.Case):
        return
    arms = node.args["ifs"]
    for number in range(len(arms) - 1):
        changed = node.copy()
        first, second = changed.args["ifs"][number : number + 2]
        one, other = first.args["true"].copy(), second.args["true"].copy()
        first.set("true", other)
        second.set("true", one)
        yield Change("case", f"the results of {shown(arms[number].this)} and the next swapped", changed)
    default = node.args.get("default")
    if default is not None:
        changed = node.copy()
        last = changed.args["ifs"][-1]
        result = last.args["true"].copy()
        last.set("true", default.copy())
        changed.set("default", result)
        yield Change("case", "the results of the last arm and of else swapped", changed)


def other_texts(node: exp.Expr) -> Iterator[Change]:
    """A text constant with another letter."""
    if isinstance(node, exp.Literal) and node.is_string and node.this.isalpha():
        yield Change("constant", f"{node.this}x", exp.Literal.string(f"{node.this}x"))


def other_numbers(node: exp.Expr) -> Iterator[Change]:
    """A number constant that is one more."""
    if (
        isinstance(node, exp.Literal)
        and node.is_int
        and not isinstance(node.parent, exp.Group | exp.Interval)
    ):
        yield Change("constant", f"{int(node.this) + 1}", exp.Literal.number(int(node.this) + 1))


def swapped_operands(node: exp.Expr) -> Iterator[Change]:
    """The operands of a difference or a quotient, each for the other."""
    if isinstance(node, exp.Sub | exp.Div):
        changed = type(node)(this=node.expression.copy(), expression=node.this.copy())
        yield Change("arithmetic", f"{shown(node)} the other way round", exp.paren(changed))


def lost_values(node: exp.Expr) -> Iterator[Change]:
    """An item of a SELECT list that is always NULL."""
    if isinstance(node, exp.Select):
        for number, item in enumerate(node.expressions):
            if not isinstance(item.unalias(), exp.Star) and item.alias_or_name:
                changed = node.copy()
                nothing = exp.alias_(exp.null(), item.alias_or_name, quoted=True)
                changed.expressions[number].replace(nothing)
                yield Change("column", f"{item.alias_or_name} lost", changed)


HELD_OUT = (swapped_columns, swapped_results, other_texts, other_numbers, swapped_operands, lost_values)
