"""What a change of a query's SQL changes of its result: not its text, its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidbt.core.types import is_same_type
from aidbt.sql.parse import call_deep
from aidbt.sql.resolved import ResolvedQuery

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.same.forms import QueryForms

__all__ = ["QueryChange", "compare_queries"]

STAR = "*"


@dataclass(frozen=True, slots=True)
class QueryChange:
    """How the result of a query changes.

    Attributes:
        added, removed: names of columns.
        renamed: (name before, name after) of columns with the same values.
        retyped: (name after, type before, type after).
        changed: names, after the change, of columns whose values are made in another way; "*" are those that
            a star passes on without their names being known.
        reordered: whether the columns that stay come in another order.
        rows: what decides the rows in another way, in words, e.g. "the filter"; empty when the same rows
            come out.
        grain: whether other columns may tell the rows apart: another grouping or deduplication, or a key
            that no longer certainly is one.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()
    changed: tuple[str, ...] = ()
    reordered: bool = False
    rows: tuple[str, ...] = ()
    grain: bool = False

    @property
    def is_none(self) -> bool:
        """Whether the result is the same: the same rows, the same columns in the same order."""
        return self == QueryChange()


def compare_queries(
    before: tuple[exp.Query, ResolvedQuery],
    after: tuple[exp.Query, ResolvedQuery],
    *,
    renamed: Mapping[tuple[str, str], str] | None = None,
) -> QueryChange:
    """How the result of a query changes from one text to another, on the same data.

    What is the same is certainly the same; what is said to change may, in a writing that is not understood,
    stay the same. The order of the result's rows is no part of it.

    Args:
        before, after: the tree that was resolved, and what `resolve` made of it.
        renamed: (key of a relation, name before) → the name after, of columns of what both read.

    Example:
        >>> from aidbt.core.schema import Column
        >>> from aidbt.sql.parse import parse_sql
        >>> from aidbt.sql.relations import RelationIndex
        >>> from aidbt.sql.resolve import resolve
        >>> from aidbt.sql.resolved import KnownRelation
        >>> orders = KnownRelation("orders", (Column("id"), Column("paid")))
        >>> index = RelationIndex([("", "", "orders", orders)], "duckdb")
        >>> def read(text):
        ...     tree = parse_sql(text, "duckdb").tree
        ...     return tree, resolve(tree, index, "duckdb", text=text)
        >>> one = read("select id from orders where paid")
        >>> other = read("with o as (select * from orders) select o.ID as id from o where (paid)")
        >>> compare_queries(one, other).is_none
        True
        >>> compare_queries(one, read("select id as order_id from orders")).rows
        ('the filter',)
    """
    try:
        return _compare(before, after, renamed or {})
    except RecursionError:
        return call_deep(lambda: _compare(before, after, renamed or {}))


def _compare(
    before: tuple[exp.Query, ResolvedQuery],
    after: tuple[exp.Query, ResolvedQuery],
    names_read: Mapping[tuple[str, str], str],
) -> QueryChange:
    from aidbt.sql.resolve.run import rows_of
    from aidbt.sql.same.forms import QueryForms
    from aidbt.sql.same.frames import Numbers
    from aidbt.sql.same.trees import depends_on_order

    roots = (rows_of(before[0]), rows_of(after[0]))
    if roots[0] is None or roots[1] is None:
        raise ValueError("both queries must be resolved")
    if not names_read and before[0] == after[0] and _gives(before[1]) == _gives(after[1]):
        return QueryChange()
    numbers = Numbers()
    keeps_order = any(depends_on_order(tree) for tree, _ in (before, after))
    old = QueryForms(roots[0], numbers, keeps_order=keeps_order, names=names_read)
    # One that still says the old name means the same column, though it will not find it.
    taken = {(relation, name) for (relation, _), name in names_read.items()}
    gone = {column: name for column, name in names_read.items() if column not in taken}
    new = QueryForms(roots[1], numbers, keeps_order=keeps_order, names=gone)
    one, other = _by_name(before[1], old), _by_name(after[1], new)
    renamed = _renamed(one, other)
    names = {name: renamed.get(name, name) for name in one if renamed.get(name, name) in other}
    changed = [now for was, now in names.items() if one[was] != other[now]]
    if old.rest() != new.rest():
        changed.append(STAR)
    return QueryChange(
        added=tuple(name for name in other if name not in names.values()),
        removed=tuple(name for name in one if name not in names),
        renamed=tuple(renamed.items()),
        retyped=tuple(_retyped(before[1], after[1], names)),
        changed=tuple(changed),
        reordered=list(names.values()) != [name for name in other if name in names.values()],
        rows=_rows(old, new),
        grain=_grain(old, new, (before[0], after[0]), names),
    )


def _by_name(query: ResolvedQuery, forms: QueryForms) -> dict[str, int]:
    """Column → its form; a name that comes again is told with its number."""
    found: dict[str, int] = {}
    for column, form in zip(query.columns, forms.columns(), strict=True):
        again = sum(name == column.name or name.startswith(f"{column.name} (") for name in found)
        found[f"{column.name} ({again + 1})" if column.name in found else column.name] = form
    return found


def _gives(query: ResolvedQuery) -> tuple[object, ...]:
    """What the same text gives may differ with the relations that it reads."""
    columns = tuple((column.name, column.data_type, column.uses) for column in query.columns)
    return columns, query.relations, query.is_complete


def _renamed(one: dict[str, int], other: dict[str, int]) -> dict[str, str]:
    """Columns that are gone → new ones that alone have the same form."""
    gone = [name for name in one if name not in other]
    new = [name for name in other if name not in one]
    found = {}
    for name in gone:
        same = [candidate for candidate in new if other[candidate] == one[name]]
        if len(same) == 1 and sum(one[rival] == one[name] for rival in gone) == 1:
            found[name] = same[0]
    return found


def _retyped(
    before: ResolvedQuery, after: ResolvedQuery, names: dict[str, str]
) -> list[tuple[str, str, str]]:
    types = {column.name: column.data_type for column in after.columns}
    found = []
    for column in before.columns:
        now = names.get(column.name)
        data_type = types.get(now or "", "")
        if now is None or not (column.data_type and data_type):
            continue
        if not is_same_type(column.data_type, data_type):
            found.append((now, column.data_type, data_type))
    return found


def _rows(old: QueryForms, new: QueryForms) -> tuple[str, ...]:
    """What decides the rows in another way, in words."""
    from aidbt.sql.same.forms import ROW_PARTS

    if old.rows() == new.rows():
        return ()
    one, other = old.row_parts(), new.row_parts()
    differ = {word for word, _ in (one - other) + (other - one)}
    return tuple(word for word in ROW_PARTS if word in differ) or ("how its parts are put together",)


def _grain(
    old: QueryForms, new: QueryForms, trees: tuple[exp.Query, exp.Query], names: dict[str, str]
) -> bool:
    from aidbt.sql.grain import unique_keys

    if old.rows() == new.rows() and old.grain() == new.grain():
        return False
    before = [frozenset(names.get(name, "") for name in key) for key in unique_keys(trees[0])]
    after = [frozenset(key) for key in unique_keys(trees[1])]
    kept = [key for key in before if "" not in key]
    if any(not any(still <= key for still in after) for key in kept):
        return True
    return old.grain() != new.grain() and not (kept and set(kept) == set(after))
