"""The steps of a planned query without what changes no row: orders, steps and columns that nobody needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

Selects = list[tuple[str, exp.Select]]
"""(name, step), each of which reads only those before it; all columns are qualified."""

_BOUNDS = ("where", "group", "having", "order", "limit", "distinct", "joins", "qualify")


def tidied(selects: Selects) -> Selects:
    """The steps that give the same rows, in no order where nothing limits them, with less to read."""
    _, last = selects[-1]
    if not last.args.get("limit"):
        last.set("order", None)
    return _without_unread_columns(_without_passing_on(selects))


def _without_passing_on(selects: Selects) -> Selects:
    """The steps without those in between that only pass on columns of another."""
    kept: Selects = []
    for number, (name, select) in enumerate(selects):
        later = [other for _, other in selects[number + 1 :]]
        origin = select.args["from_"].this
        if later and _passes_on(select, [step for step, _ in kept]) and _is_free(later, name, origin.name):
            columns = {column.alias_or_name: column.unalias().name for column in select.expressions}
            for other in later:
                _read_from(other, name, origin.name, columns)
        else:
            kept.append((name, select))
    return kept


def _passes_on(select: exp.Select, steps: Sequence[str]) -> bool:
    """Whether a step gives columns of one other step as they are, and all of its rows."""
    origin = select.args["from_"].this
    if any(select.args.get(part) for part in _BOUNDS) or not isinstance(origin, exp.Table):
        return False
    is_step = origin.name in steps and origin.alias_or_name == origin.name
    return is_step and all(isinstance(column.unalias(), exp.Column) for column in select.expressions)


def _is_free(later: Sequence[exp.Select], name: str, origin: str) -> bool:
    """Whether no step reads both of two others, or one under another name."""
    for select in later:
        read = [table for table in select.find_all(exp.Table) if table.name in (name, origin)]
        reads_it = any(table.name == name for table in read)
        if reads_it and (len(read) > 1 or any(table.alias_or_name != table.name for table in read)):
            return False
    return True


def _read_from(select: exp.Select, name: str, origin: str, columns: Mapping[str, str]) -> None:
    """Let a step read from the origin of another what it reads from that."""
    for table in select.find_all(exp.Table):
        if table.name == name:
            table.set("this", exp.to_identifier(origin))
    for column in list(select.find_all(exp.Column)):
        if column.table == name:
            new = exp.column(columns[column.name], table=origin)
            is_shown = column.parent is select and column.arg_key == "expressions"
            column.replace(exp.alias_(new, column.name) if is_shown else new)


def _without_unread_columns(selects: Selects) -> Selects:
    """The steps without the columns that no later one reads; each keeps one at least."""
    for number in reversed(range(len(selects) - 1)):
        name, select = selects[number]
        later = [other for _, other in selects[number + 1 :]]
        own = {column.name for column in select.find_all(exp.Column) if not column.table}
        read = own.union(*(_read_of(name, other) for other in later))
        used = [column for column in select.expressions if column.alias_or_name in read]
        if used and not select.args.get("distinct"):
            select.set("expressions", used)
    return selects


def _read_of(name: str, select: exp.Select) -> set[str]:
    """The columns that a step reads of another."""
    aliases = {table.alias_or_name for table in select.find_all(exp.Table) if table.name == name}
    return {column.name for column in select.find_all(exp.Column) if column.table in aliases}
