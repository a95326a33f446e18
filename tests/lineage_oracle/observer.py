"""A query looked at under changes of its input."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lineage_oracle.case import CASES, TABLES, Case, CaseError, Input, Lineage
from tests.lineage_oracle.changes import cell_changes, joint_changes, refilled, whole_column_changes

if TYPE_CHECKING:
    import duckdb

Row = tuple[str, ...]
"""A row of an answer, each value as `repr` writes it, so that lists and structs compare and hash."""


def tables_after(setup: str) -> dict[str, dict[str, str]]:
    """The tables of every case, and those that these statements make: column → DuckDB type, in order."""
    with _database(setup) as db:
        return _tables(db)


def _database(setup: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    db = duckdb.connect(config={"threads": 1})
    # Answers of a few rows are there sooner without it, and mean the same.
    db.execute("pragma disable_optimizer")
    db.execute((CASES / TABLES).read_text(encoding="utf-8"))
    if setup:
        db.execute(setup)
    return db


def _tables(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    listed = db.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'main'"
        " and not internal order by table_name, column_index"
    )
    for table, column, data_type in listed.fetchall():
        found.setdefault(table, {})[column] = data_type
    return found


class Observer:
    """A case with its tables in a DuckDB of its own, to be looked at under changes.

    Attributes:
        tables: those that the case may read: column → DuckDB type, in order.
        columns: what the query gives, as a model would store it: a name that comes twice gets a number.

    Example:
        >>> with Observer(read_case("cast")) as observer:  # doctest: +SKIP
        ...     observer.lineage().text()
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.db = _database(case.setup)
        self.tables = {name: columns for name, columns in _tables(self.db).items() if self._is_read(name)}
        self.db.execute("create schema base")
        for table in self.tables:
            self.db.execute(f'create table base."{table}" as from main."{table}"')
        self.db.execute(f"create table base.answer as {case.query}")
        self.columns = {row[0]: row[1] for row in self.db.execute("describe base.answer").fetchall()}
        self.names = tuple(self.columns)

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def lineage(self, *, thorough: bool = True) -> Lineage:
        """What the query's columns depend on.

        Args:
            thorough: whether cells are changed one by one too, not only whole columns.

        Raises:
            CaseError: the query gives no rows, their number changed and `rows` did not, or rows cannot be
                told apart without a `key`.
        """
        before, again = self._answer(), self._answer()
        if not before.rows:
            raise CaseError(f"{self.case.name}: the query gives no rows")
        unsteady = frozenset(_changed(before.rows, again.rows))
        edges: list[set[Input]] = [set() for _ in self.names]
        decisive: set[Input] = set()
        for table, columns in self.tables.items():
            for column in columns:
                answers = list(self._answers(table, column, thorough=thorough))
                if any(answer.behind != before.behind for answer in answers):
                    decisive.add((table, column))
                for at in self._differing(before, answers) - unsteady:
                    edges[at].add((table, column))
        either = self._either(before, edges, unsteady)
        made = {at for at in range(len(self.names)) if edges[at] or either[at]}
        counted = self._counted(before) - made - unsteady
        return Lineage(
            self.names,
            tuple(map(frozenset, edges)),
            tuple(map(frozenset, either)),
            frozenset(decisive),
            frozenset(counted),
            unsteady,
        )

    def answer(self) -> list[Row]:
        """The rows that the query gives, sorted."""
        return sorted(self._answer().rows)

    def influences(self, *, thorough: bool = True) -> list[set[Input]]:
        """For each output column, the input columns that change its values in any way, through the rows too.

        Needs no `rows` and no `key`. Values are compared without order, so that nothing is found which is not
        there.
        """
        before = self._answer()
        unsteady = _changed(before.rows, self._answer().rows) if before.rows else set()
        found: list[set[Input]] = [set() for _ in self.names]
        for table, columns in self.tables.items():
            for column in columns:
                for answer in self._answers(table, column, thorough=thorough):
                    for at in range(len(self.names)):
                        if at not in unsteady and _column(before.rows, at) != _column(answer.rows, at):
                            found[at].add((table, column))
        return found

    def _is_read(self, table: str) -> bool:
        """Whether the table's name stands anywhere in the text; more tables than needed do no harm."""
        text = f"{self.case.query}\n{self.case.rows}"
        return re.search(rf"(?<!\w){re.escape(table)}(?!\w)", text, re.IGNORECASE) is not None

    def _answer(self) -> _Answer:
        rows = self.db.execute(self.case.query).fetchall()
        behind = self.db.execute(self.case.rows).fetchall() if self.case.rows else []
        return _Answer(_as_rows(rows), Counter(_as_rows(behind)))

    def _answers(self, table: str, column: str, *, thorough: bool) -> Iterator[_Answer]:
        """The answers under every change of one input column, less those that the query fails on."""
        data_type = self.tables[table][column]
        for values in self._variants(table, column, thorough=thorough):
            yield from self._answer_with({(table, column): (data_type, values)})
        self._restore(table)

    def _answer_with(self, changes: dict[Input, tuple[str, Sequence[Any]]]) -> Iterator[_Answer]:
        import duckdb

        try:
            for table in {table for table, _ in changes}:
                self._put(table, {column: new for (of, column), new in changes.items() if of == table})
            yield self._answer()
        except duckdb.Error:  # the query runs as it is, so it is the values that it cannot take
            return

    def _put(self, table: str, columns: dict[str, tuple[str, Sequence[Any]]]) -> None:
        """The table with other values in some columns. Made anew: an UPDATE of a list changes the rowid."""
        replaced = ", ".join(
            f'(cast(? as {data_type}[]))[rowid + 1] as "{column}"'
            for column, (data_type, _) in columns.items()
        )
        self.db.execute(
            f'create or replace table main."{table}" as select * replace ({replaced}) from base."{table}"',
            [list(values) for _, values in columns.values()],
        )

    def _restore(self, table: str) -> None:
        self.db.execute(f'create or replace table main."{table}" as from base."{table}"')

    def _values(self, table: str, column: str) -> list[Any]:
        return [row[0] for row in self.db.execute(f'select "{column}" from base."{table}"').fetchall()]

    def _variants(self, table: str, column: str, *, thorough: bool) -> list[list[Any]]:
        values = self._values(table, column)
        also = self.case.also.get((table, column))
        extra = self.db.execute(f"select unnest([{also}])").fetchall() if also else []
        found = [*whole_column_changes(values), *(refilled(values, [v for (v,) in extra]) if extra else ())]
        if thorough:
            found += cell_changes(values, [value for (value,) in extra])
        distinct: dict[str, list[Any]] = {repr(variant): variant for variant in found}
        distinct.pop(repr(values), None)
        return list(distinct.values())

    def _differing(self, before: _Answer, answers: Sequence[_Answer]) -> set[int]:
        """The output columns that differ in an answer that the same input rows stand behind."""
        same = [answer for answer in answers if answer.behind == before.behind]
        for answer in same:
            if len(answer.rows) != len(before.rows):
                raise CaseError(f"{self.case.name}: the number of rows changes and `rows` does not say so")
        found = {at for answer in same for at in _changed(before.rows, answer.rows)}
        key = next((key for key in self._keys() if not found.intersection(key)), None)
        if key is not None:
            return {at for answer in same for at in _changed_by_key(before.rows, answer.rows, key)}
        unexplained = [answer for answer in same if not _explains(found, before.rows, answer.rows)]
        if unexplained and not self.case.keys:
            raise CaseError(f"{self.case.name}: a `key` is needed to tell which columns changed")
        return found

    def _keys(self) -> list[tuple[int, ...]]:
        return [tuple(self.names.index(name) for name in key) for key in self.case.keys]

    def _either(
        self, before: _Answer, edges: Sequence[set[Input]], unsteady: frozenset[int]
    ) -> list[set[frozenset[Input]]]:
        """What changes when columns that are held equal change together, and by no one of them alone."""
        found: list[set[frozenset[Input]]] = [set() for _ in self.names]
        for group in self.case.alike:
            answers: list[_Answer] = []
            for change in joint_changes([self._values(*column) for column in group]):
                types = [self.tables[table][column] for table, column in group]
                answers += self._answer_with(dict(zip(group, zip(types, change, strict=True), strict=True)))
            for table, _ in group:
                self._restore(table)
            for at in self._differing(before, answers) - unsteady:
                if not edges[at].intersection(group):
                    found[at].add(frozenset(group))
        return found

    def _counted(self, before: _Answer) -> set[int]:
        """The output columns of which other values appear when rows go, come twice, or all go."""
        found: set[int] = set()
        for table in self.tables:
            count = len(self.db.execute(f'from base."{table}"').fetchall())
            for row in range(count):
                for change in ("where rowid <> ?", f'union all from base."{table}" where rowid = ?'):
                    self.db.execute(
                        f'create or replace table main."{table}" as from base."{table}" {change}', [row]
                    )
                    for answer in self._answer_with({}):
                        found |= _new_values(before.rows, answer.rows)
            self._restore(table)
        return found


@dataclass(frozen=True, slots=True)
class _Answer:
    rows: list[Row]
    behind: Counter[Row]


def _as_rows(rows: Iterable[Sequence[Any]]) -> list[Row]:
    return [tuple(map(repr, row)) for row in rows]


def _column(rows: Sequence[Row], at: int) -> Counter[str]:
    return Counter(row[at] for row in rows)


def _changed(before: Sequence[Row], after: Sequence[Row]) -> set[int]:
    """The columns whose values, taken without order, differ."""
    return {at for at in range(len(before[0])) if _column(before, at) != _column(after, at)}


def _changed_by_key(before: Sequence[Row], after: Sequence[Row], key: tuple[int, ...]) -> set[int]:
    old, new = ({tuple(row[at] for at in key): row for row in rows} for rows in (before, after))
    if len(old) != len(before) or old.keys() != new.keys():
        raise CaseError(f"columns {key} are no key of the answer")
    return {at for at in range(len(before[0])) if any(new[k][at] != row[at] for k, row in old.items())}


def _explains(changed: set[int], before: Sequence[Row], after: Sequence[Row]) -> bool:
    """Whether all other columns, taken together, are as before."""
    kept = [at for at in range(len(before[0])) if at not in changed]
    old, new = (Counter(tuple(row[at] for at in kept) for row in rows) for rows in (before, after))
    return old == new


def _new_values(before: Sequence[Row], after: Sequence[Row]) -> set[int]:
    return {at for at in range(len(before[0])) if not _column(after, at).keys() <= _column(before, at).keys()}
