"""A planned query as the steps of a dbt model: what it imports, then one CTE after the other, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from aidbt.generate.english_models.tidying import Selects, tidied
from aidbt.project.conventions import snake_case
from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.frames import Aliases
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import OutputRef, SemanticQuery
from aidbt.semantic.rewriting import rewritten
from aidbt.sql.identifiers import quote_identifier, quote_new_identifier

FINAL = "final"
# No table is called so: names of tables and of the planner's own steps cannot be taken for each other.
_IMPORTED = "import "
# Nor is any column, until it has the name that the query gives it.
_GIVEN = "given "
# What the planner calls columns that no one asked for by name: of groups, keys, values and measures.
_UNNAMED = re.compile(r"[gkmv]\d+\Z|_\d+\Z|_order_\d+\Z")
_PLAIN = re.compile(r"[a-z][a-z0-9_]*\Z")
# Steps of the planner whose names say little in a file that people read.
_STEP_NAMES = {"answer": "combined", "source_rows": "first_pass"}
_AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "total", exp.Avg: "average", exp.Min: "least", exp.Max: "greatest", exp.Median: "median",
    exp.StddevSamp: "stddev", exp.Count: "number_of",
}  # fmt: skip
_BOUNDS_NOTHING = ("where", "group", "having", "order", "limit", "distinct", "joins")


@dataclass(frozen=True, slots=True)
class Import:
    """A parent of the model, of which some columns are read.

    Attributes:
        name: of its CTE.
        table: its name in the graph.
        columns: as the warehouse stores them, in the order of the table; one at least.
    """

    name: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One CTE after the imports; the last is `FINAL`."""

    name: str
    select: exp.Select


@dataclass(frozen=True, slots=True)
class Steps:
    imports: tuple[Import, ...]
    steps: tuple[Step, ...]


def model_steps(query: SemanticQuery, graph: Graph, dialect: str) -> Steps:
    """The steps of a model whose rows answer a question.

    Rows of a model are in no order, so an order without a limit is left out, and what only it needed.

    Args:
        dialect: for whose rules names are quoted.

    Raises:
        NoPath, UnknownName, CannotPlan: as `plan`.
    """
    names = Aliases()
    tree = plan(_marked(without_order(query)), _importing(graph))
    selects = tidied(_flattened(tree, names, FINAL))
    selects = _without_passing_on(selects)
    _name_columns(selects)
    _unmark(selects)
    imports = _imported(selects, graph, names)
    for _, select in selects:
        _local_aliases(select, imports)
        _conditions_in_order(select)
        _quote(select, {found.name for found in imports.values()}, dialect)
        _shorten(select)
    used = sorted(imports.values(), key=lambda found: found.name)
    return Steps(tuple(used), tuple(Step(name, select) for name, select in selects))


def without_order(query: SemanticQuery) -> SemanticQuery:
    """The query without an order that decides nothing about which rows there are."""
    source = without_order(query.source) if query.source is not None else None
    return replace(query, order_by=query.order_by if query.limit is not None else (), source=source)


def _importing(graph: Graph) -> Graph:
    tables = (
        replace(table, identifier=_IMPORTED + table.name, schema="", database="") for table in graph.tables
    )
    return Graph(tuple(tables), graph.relationships)


def _marked(query: SemanticQuery) -> SemanticQuery:
    """The query with outputs of names that the planner gives to no column."""

    def marked(part: object) -> OutputRef | None:
        return OutputRef(_GIVEN + part.name) if isinstance(part, OutputRef) else None

    query = rewritten(query, marked)
    source = _marked(query.source) if query.source is not None else None
    outputs = tuple(replace(output, name=_GIVEN + output.name) for output in query.outputs)
    return replace(query, outputs=outputs, source=source)


def _unmark(selects: Selects) -> None:
    for _, select in selects:
        for identifier in select.find_all(exp.Identifier):
            if identifier.name.startswith(_GIVEN):
                identifier.set("this", _given(identifier.name))


def _given(name: str) -> str:
    return name.removeprefix(_GIVEN)


def _flattened(tree: exp.Query, names: Aliases, name: str) -> Selects:
    """Every CTE of a query and of its CTEs, in an order in which each reads only those before it."""
    assert isinstance(tree, exp.Select)
    found: Selects = []
    renamed: dict[str, str] = {}
    with_ = tree.args.get("with_")
    tree.set("with_", None)
    for cte in with_.expressions if with_ is not None else ():
        own = names.new(_step_name(cte))
        inner = _flattened(cte.this, names, own)
        for _, select in inner:
            _rename_tables(select, renamed)
        renamed[cte.alias] = own
        found += inner
    _rename_tables(tree, renamed)
    return [*found, (name, tree)]


def _step_name(cte: exp.CTE) -> str:
    """What a step of the planner is called in the model: by the table whose rows it groups, where it does."""
    name = re.sub(r"_\d+\Z", "", cte.alias)
    first = cte.this.args["from_"].this.name
    if name in ("grouped", "groups") and first.startswith(_IMPORTED):
        return _plain(f"{first.removeprefix(_IMPORTED)}_{name}")
    return _plain(_STEP_NAMES.get(name, name))


def _plain(name: str) -> str:
    """The name itself where it needs no quotes anywhere, else in snake_case."""
    return name if _PLAIN.match(name) else snake_case(name)


def _rename_tables(select: exp.Select, renamed: Mapping[str, str]) -> None:
    for table in select.find_all(exp.Table):
        if table.name in renamed:
            table.set("this", exp.to_identifier(renamed[table.name]))
    for column in select.find_all(exp.Column):
        if column.table in renamed:
            column.set("table", exp.to_identifier(renamed[column.table]))


def _without_passing_on(selects: Selects) -> Selects:
    """The steps without a last one that only passes on the columns of the one before it."""
    if len(selects) < 2:
        return selects
    *before, (name, previous), (_, last) = selects
    is_plain = not any(last.args.get(part) for part in _BOUNDS_NOTHING)
    passes = [c.name for c in last.expressions if isinstance(c, exp.Column) and c.table == name]
    if is_plain and passes == [c.alias_or_name for c in previous.expressions]:
        return [*before, (FINAL, previous)]
    return selects


# --- names of columns --------------------------------------------------------------------------------------


def _name_columns(selects: Selects) -> None:
    """Give every column that the planner numbered the name it has further on, else a telling one."""
    for number in reversed(range(len(selects))):
        name, select = selects[number]
        later = [other for _, other in selects[number + 1 :]]
        taken = Aliases()
        for column in select.expressions:
            if not _UNNAMED.match(column.alias_or_name):
                taken.new(_given(column.alias_or_name))
        for column in select.expressions:
            old = column.alias_or_name
            if _UNNAMED.match(old):
                wanted = _name_further_on(name, old, later) or _own_name(column.unalias())
                _rename_column(name, old, taken.new(wanted), select, later)


def _name_further_on(step: str, column: str, later: Sequence[exp.Select]) -> str:
    """What later steps call a column that they pass on, at most with something in place of NULL."""
    for select in later:
        for shown in select.expressions:
            inner = shown.unalias()
            first = inner.this if isinstance(inner, exp.Coalesce) else inner
            is_it = isinstance(first, exp.Column) and (first.table, first.name) == (step, column)
            if is_it and not _UNNAMED.match(shown.alias_or_name):
                return _given(str(shown.alias_or_name))
    return ""


def _own_name(term: exp.Expr) -> str:
    """A name for what a term gives: its column, with the aggregate or the grain before it."""
    column = next(term.find_all(exp.Column), None)
    last = _given(column.name) if column is not None else "rows"
    if isinstance(term, exp.TimestampTrunc) and term.unit is not None:
        return str(term.unit.name).lower()
    for kind, word in _AGGREGATES.items():
        if isinstance(term, kind):
            return f"{word}_{last}"
    return last


def _rename_column(step: str, old: str, new: str, select: exp.Select, later: Sequence[exp.Select]) -> None:
    for column in select.expressions:
        if column.alias_or_name == old:
            column.replace(exp.alias_(column.unalias().copy(), new))
    for other in later:
        for used in other.find_all(exp.Column):
            if (used.table, used.name) == (step, old):
                used.set("this", exp.to_identifier(new))


# --- tables ------------------------------------------------------------------------------------------------


def _imported(selects: Selects, graph: Graph, names: Aliases) -> dict[str, Import]:
    """The parents that the steps read, by the planner's name for them."""
    for name, _ in selects:
        names.new(name)
    read: dict[str, set[str]] = {}
    for _, select in selects:
        tables = {table.alias_or_name: table.name for table in _imports_in(select)}
        for imported in tables.values():
            read.setdefault(imported, set())
        for column in select.find_all(exp.Column):
            if column.table in tables:
                read[tables[column.table]].add(column.name)
    found = {}
    for imported, columns in read.items():
        table = graph.table(imported.removeprefix(_IMPORTED))
        stored = [column.name for column in table.columns]
        kept = [name for name in stored if name in columns] or [*(table.keys or [stored])[0][:1]]
        found[imported] = Import(names.new(_plain(table.name)), table.name, tuple(kept))
    return found


def _imports_in(select: exp.Select) -> Iterator[exp.Table]:
    return (table for table in select.find_all(exp.Table) if table.name.startswith(_IMPORTED))


def _local_aliases(select: exp.Select, imports: Mapping[str, Import]) -> None:
    """Call each table by the name of its import, where it is not read twice within the step."""
    aliases = Aliases()
    for table in select.find_all(exp.Table):
        if not table.name.startswith(_IMPORTED):
            aliases.new(table.alias_or_name)
    renamed: dict[str, str] = {}
    for table in list(_imports_in(select)):
        name = imports[table.name].name
        alias = aliases.new(name)
        renamed[table.alias_or_name] = alias
        table.set("this", exp.to_identifier(name))
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)) if alias != name else None)
    for column in select.find_all(exp.Column):
        if column.table in renamed:
            column.set("table", exp.to_identifier(renamed[column.table]))


def _conditions_in_order(select: exp.Select) -> None:
    """In the condition of a join, write the table that stands there already first."""
    for join in select.find_all(exp.Join):
        on = join.args.get("on")
        for equal in on.find_all(exp.EQ, exp.NullSafeEQ) if on is not None else ():
            left, right = equal.left, equal.right
            if isinstance(left, exp.Column) and left.table == join.this.alias_or_name:
                equal.set("this", right.copy())
                equal.set("expression", left.copy())


def _quote(select: exp.Select, imports: set[str], dialect: str) -> None:
    """Write each name as the dialect has to have it."""
    stored = {table.alias_or_name for table in select.find_all(exp.Table) if table.name in imports}
    for column in select.find_all(exp.Column):
        column.set("this", _identifier(column.name, dialect, is_stored=column.table in stored))
    for alias in select.find_all(exp.Alias):
        alias.set("alias", _identifier(alias.alias, dialect, is_stored=False))


def _identifier(name: str, dialect: str, *, is_stored: bool) -> exp.Identifier:
    text = quote_identifier(name, dialect) if is_stored else quote_new_identifier(name, dialect)
    is_quoted = text[:1] in ('"', "`")
    return exp.to_identifier(name if is_quoted else text, quoted=is_quoted)


def _shorten(select: exp.Select) -> None:
    """Leave out qualifiers in a step that reads one table, and aliases that only repeat a column's name."""
    columns = list(select.find_all(exp.Column))
    made = {a.alias for a in select.expressions if isinstance(a, exp.Alias) and not _repeats(a)}
    is_single = len(list(select.find_all(exp.Table))) == 1
    if is_single and not made & {column.name for column in columns}:
        for column in columns:
            column.set("table", None)
    for alias in select.expressions:
        if isinstance(alias, exp.Alias) and _repeats(alias):
            alias.replace(alias.this.copy())
    for negation in list(select.find_all(exp.Not)):
        if isinstance(negation.this, exp.Paren) and isinstance(negation.this.this, exp.Exists):
            negation.set("this", negation.this.this.copy())


def _repeats(alias: exp.Alias) -> bool:
    return isinstance(alias.this, exp.Column) and alias.this.name == alias.alias
