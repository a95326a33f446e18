"""One SELECT in the making: a table, the tables joined to its rows, and conditions on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.semantic.graph import Graph, GraphTable, Path, Step, is_to_one


class Aliases:
    """Names for tables within one statement, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, name: str) -> str:
        """A name that is not taken, like the one wanted."""
        alias, number = name, 2
        while alias.lower() in self._taken:
            alias, number = f"{name}_{number}", number + 1
        self._taken.add(alias.lower())
        return alias


class Frame:
    """Rows of one table, widened by those they refer to.

    Attributes:
        alias: of the table itself.
        fans_out: whether a join can repeat the table's rows.
    """

    def __init__(self, graph: Graph, table: str, aliases: Aliases, *, alias: str = "") -> None:
        self.graph = graph
        self.table = table
        self.alias = alias or aliases.new(table)
        self.aliases = aliases
        self.fans_out = False
        self._joins: dict[Path, tuple[str, exp.Expr, bool]] = {}

    def alias_of(self, path: Path, *, is_inner: bool = False) -> str:
        """The alias of the table at the end of a way, joined step by step where it is not yet.

        Args:
            is_inner: whether rows that the way leads nowhere from are left out.
        """
        alias = self.alias
        for number, step in enumerate(path, 1):
            part = path[:number]
            self.fans_out |= not step.is_to_one
            if part in self._joins:
                found, on, was_inner = self._joins[part]
                self._joins[part] = (found, on, was_inner or is_inner)
            else:
                found = self.aliases.new(step.end)
                self._joins[part] = (found, on_step(step, alias, found), is_inner)
            alias = found
        return alias

    def has(self, path: Path) -> bool:
        """Whether a way has been joined."""
        return not path or path in self._joins

    def varies(self, value: exp.Expr) -> bool:
        """Whether a row of the table may have several of a value, because it reads what repeats the row."""
        many = {alias for path, (alias, _, _) in self._joins.items() if not is_to_one(path)}
        return any(column.table in many for column in value.find_all(exp.Column))

    def select(self) -> exp.Select:
        """`select` without columns, from the table and all that was joined."""
        select = exp.Select().from_(table_sql(self.graph.table(self.table), self.alias))
        for path, (alias, on, is_inner) in self._joins.items():
            table = table_sql(self.graph.table(path[-1].end), alias)
            select = select.join(table, on=on, join_type="inner" if is_inner else "left")
        return select

    def key(self) -> Sequence[str]:
        """The table's key, () when it has none."""
        keys = self.graph.table(self.table).keys
        return keys[0] if keys else ()


def related(graph: Graph, path: Path, outer: str, aliases: Aliases) -> tuple[exp.Select, Frame]:
    """The rows that a way leads to from one row of another SELECT, to be put in a subquery of it.

    Returns:
        The `select` without columns, and a frame over the rows at the end of the way.
    """
    assert path
    first, *rest = path
    alias = aliases.new(first.end)
    select = exp.Select().from_(table_sql(graph.table(first.end), alias)).where(on_step(first, outer, alias))
    for step in rest:
        following = aliases.new(step.end)
        joined = table_sql(graph.table(step.end), following)
        select = select.join(joined, on=on_step(step, alias, following), join_type="inner")
        alias = following
    return select, Frame(graph, path[-1].end, aliases, alias=alias)


def with_joins(select: exp.Select, frame: Frame) -> exp.Select:
    """A `select` of `related` with what its frame has joined meanwhile."""
    for join in frame.select().args.get("joins") or ():
        select.append("joins", join)
    return select


def on_step(step: Step, start: str, end: str) -> exp.Expr:
    """The condition under which rows of two aliases belong together."""
    relationship = step.relationship
    source, target = (start, end) if step.is_forward else (end, start)
    equalities: list[exp.Expr] = [
        exp.EQ(this=column_sql(b, target), expression=column_sql(a, source))
        for a, b in zip(relationship.source_columns, relationship.target_columns, strict=True)
    ]
    equalities += [
        exp.EQ(this=column_sql(column, source), expression=exp.convert(value))
        for column, value in relationship.condition
    ]
    return exp.and_(*equalities)


def column_sql(name: str, table: str = "") -> exp.Column:
    """A column; quoted where its name has to be."""
    return exp.column(exp.to_identifier(name), table=exp.to_identifier(table) if table else None)


def table_sql(table: GraphTable, alias: str = "") -> exp.Table:
    """A table of the warehouse under an alias."""
    identifier = table.identifier or table.name
    return exp.Table(
        this=exp.to_identifier(identifier),
        db=exp.to_identifier(table.schema) if table.schema else None,
        catalog=exp.to_identifier(table.database) if table.database else None,
        alias=exp.TableAlias(this=exp.to_identifier(alias)) if alias and alias != identifier else None,
    )
