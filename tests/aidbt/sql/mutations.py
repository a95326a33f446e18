"""Queries changed at random, some of them without changing what they mean, and databases to tell by."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one

from tests.lineage_oracle.case import CASES, TABLES

if TYPE_CHECKING:
    import duckdb

Mutation = Callable[[exp.Expr, random.Random], exp.Expr]

_OPERATORS: list[type[exp.Expr]] = [exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE]
_SUMS: list[type[exp.Expr]] = [exp.Add, exp.Sub, exp.Mul]
_AGGREGATES: list[type[exp.Expr]] = [exp.Sum, exp.Max, exp.Min, exp.Avg]
_SIDES = ["", "LEFT", "RIGHT", "FULL"]


def mutated(text: str, seed: int) -> str:
    """A query changed in one to three places."""
    chance = random.Random(seed)
    tree: exp.Expr = parse_one(text, dialect="duckdb")
    for _ in range(chance.randint(1, 3)):
        tree = chance.choice(MUTATIONS)(tree, chance)
    return tree.sql("duckdb")


def _one(tree: exp.Expr, chance: random.Random, *kinds: type[exp.Expr]) -> Any:
    found = list(tree.find_all(*kinds))
    return chance.choice(found) if found else None


def drop_clause(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Select)
    clauses = ["where", "having", "qualify", "limit", "distinct", "order", "group", "offset"]
    present = [name for name in clauses if node is not None and node.args.get(name)]
    if present:
        node.set(chance.choice(present), None)
    return tree


def change_literal(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Literal)
    if node is not None:
        text = f"{node.name}x" if node.is_string else str(int(node.name) + 1 if node.is_int else 7)
        node.set("this", text)
    return tree


def other_operator(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    family = chance.choice([_OPERATORS, _SUMS, [exp.And, exp.Or]])
    node = _one(tree, chance, *family)
    if node is not None:
        kind = chance.choice(family)
        node.replace(kind(this=node.this.copy(), expression=node.expression.copy()))
    return tree


def turned_around(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    """a < b as b > a, a = b as b = a, a and b as b and a."""
    turned = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE}
    node = _one(tree, chance, *_OPERATORS, exp.And, exp.Or)
    if node is not None:
        kind = turned.get(type(node), type(node))
        node.replace(kind(this=node.expression.copy(), expression=node.this.copy()))
    return tree


def swapped_sides(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, *_OPERATORS, *_SUMS)
    if node is not None:
        node.replace(type(node)(this=node.expression.copy(), expression=node.this.copy()))
    return tree


def in_brackets(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Column, *_OPERATORS)
    is_star = isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
    if (
        node is not None
        and not is_star
        and not isinstance(node.parent, exp.Dot | exp.Pivot | exp.In | exp.Star)
    ):
        node.replace(exp.paren(node.copy()))
    return tree


def other_side(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Join)
    if node is not None and not node.args.get("kind") and (node.args.get("on") or node.args.get("using")):
        node.set("side", chance.choice(_SIDES) or None)
    return tree


def other_column(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    one, other = _one(tree, chance, exp.Column), _one(tree, chance, exp.Column)
    if one is not None and isinstance(other.this, exp.Identifier):
        one.replace(other.copy())
    return tree


def other_qualifier(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node, table = _one(tree, chance, exp.Column), _one(tree, chance, exp.Table)
    if node is not None and table is not None and table.alias_or_name:
        node.set("table", exp.to_identifier(table.alias_or_name))
    return tree


def without_qualifier(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Column)
    if node is not None and not node.args.get("db"):
        node.set("table", None)
    return tree


def other_table(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    one, other = _one(tree, chance, exp.Table), _one(tree, chance, exp.Table)
    if one is not None and isinstance(other.this, exp.Identifier) and isinstance(one.this, exp.Identifier):
        name = one.alias_or_name
        one.set("this", other.this.copy())
        one.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return tree


def swapped_tables(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Join)
    select = node.parent if node is not None else None
    if isinstance(select, exp.Select) and select.args.get("from_"):
        first, second = select.args["from_"].this, node.this
        kept = first.copy()
        first.replace(second.copy())
        second.replace(kept)
    return tree


def other_set_operation(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.SetOperation)
    if node is not None:
        if chance.random() < 0.5:
            node.set("distinct", not node.args.get("distinct"))
        else:
            left, right = node.this.copy(), node.expression.copy()
            node.set("this", right)
            node.set("expression", left)
    return tree


def other_aggregate(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, *_AGGREGATES)
    if node is not None:
        node.replace(chance.choice(_AGGREGATES)(this=node.this.copy()))
    return tree


def shuffled_list(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Select, exp.With, exp.Group, exp.In, exp.Tuple, exp.Order, exp.Coalesce)
    if node is not None and node.expressions:
        items = [item.copy() for item in node.expressions]
        chance.shuffle(items)
        node.set("expressions", items)
    return tree


def as_cte(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    if not isinstance(tree, exp.Select | exp.SetOperation):
        return tree
    return exp.select("*").from_("w_").with_("w_", as_=tree.copy())


def table_as_cte(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    """A table read through a CTE that selects all of it."""
    names = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = [t for t in tree.find_all(exp.Table) if _is_bare(t) and t.name not in names]
    if not tables or not isinstance(tree, exp.Select | exp.SetOperation):
        return tree
    table = chance.choice(tables)
    name = table.name
    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
    table.set("this", exp.to_identifier("through_"))
    inner = exp.select("*").from_(name)
    with_ = tree.args.get("with_")
    cte = exp.CTE(this=inner, alias=exp.TableAlias(this=exp.to_identifier("through_")))
    if with_ is None:
        tree.set("with_", exp.With(expressions=[cte]))
    elif not any(known.alias == "through_" for known in with_.expressions):
        with_.set("expressions", [cte, *with_.expressions])
    return tree


def _is_bare(table: exp.Table) -> bool:
    return isinstance(table.this, exp.Identifier) and not table.args.get("db")


def subquery_in_from(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    """A table read through a subquery, which may filter."""
    node = _one(tree, chance, exp.Table)
    if node is not None and isinstance(node.parent, exp.From | exp.Join) and _is_bare(node):
        name = node.alias_or_name
        bare = exp.Table(this=node.this.copy())
        query = exp.select("*").from_(bare)
        if chance.random() < 0.4:
            query = query.where("true")
        node.replace(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(name))))
    return tree


def other_window(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Window)
    if node is not None:
        node.set(chance.choice(["partition_by", "order", "spec"]), None)
    return tree


def other_direction(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Ordered)
    if node is not None:
        node.set("desc", not node.args.get("desc"))
    return tree


def other_name(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Alias)
    if node is not None:
        node.set("alias", exp.to_identifier("renamed_"))
    return tree


def cast_away(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    node = _one(tree, chance, exp.Cast)
    if node is not None:
        node.replace(node.this.copy())
    return tree


def term_as_filter(tree: exp.Expr, chance: random.Random) -> exp.Expr:
    """One more condition, of a column that is there."""
    select, column = _one(tree, chance, exp.Select), _one(tree, chance, exp.Column)
    if select is not None and column is not None:
        select.where(exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())), copy=False)
    return tree


MUTATIONS: list[Mutation] = [
    drop_clause, change_literal, other_operator, turned_around, swapped_sides, in_brackets, other_side,
    other_column, other_qualifier, without_qualifier, other_table, swapped_tables, other_set_operation,
    other_aggregate, shuffled_list, as_cte, table_as_cte, subquery_in_from, other_window, other_direction,
    other_name, cast_away, term_as_filter,
]  # fmt: skip
SAME: list[Mutation] = [turned_around, in_brackets, as_cte, table_as_cte, subquery_in_from]
"""Those that never change what a query means."""


def database(setup: str = "", *, more: bool = True) -> duckdb.DuckDBPyConnection:
    """The tables of the lineage cases.

    Args:
        more: with more rows, among them NULLs and rows that come twice.
    """
    import duckdb

    db = duckdb.connect(config={"threads": 1})
    db.execute("pragma disable_optimizer")
    db.execute((CASES / TABLES).read_text(encoding="utf-8"))
    if setup:
        db.execute(setup)
    chance = random.Random(4)
    for (table,) in db.execute("select table_name from duckdb_tables() order by 1").fetchall():
        rows = db.execute(f'select * from "{table}"').fetchall()
        columns = [list(values) for values in zip(*rows, strict=True)] if rows else []
        for values in columns:
            chance.shuffle(values)
        for row in [*rows[:2], *zip(*columns, strict=True)] if more else ():
            cells = [None if chance.random() < 0.1 else cell for cell in row]
            marks = ", ".join("?" * len(cells))
            db.execute(f'insert into "{table}" values ({marks})', cells)
    return db


def answer(db: duckdb.DuckDBPyConnection, text: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The names and rows of a query."""
    result = db.execute(text)
    return [column[0] for column in result.description or ()], result.fetchall()


def projected(rows: list[tuple[Any, ...]], places: list[int]) -> Counter[str]:
    return Counter(repr(tuple(row[at] for at in places)) for row in rows)
