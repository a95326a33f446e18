"""Columns of rows: `the restaurant's rating`, `prices of Drinks`, `name and city`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.phrases import Claim, Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.row_rules.noun_names import NounNames
from aidbt.semantic.english.words.additive import is_extra
from aidbt.semantic.query import Attribute, Comparison, Missing, Not, Value, attributes, parts

_BARE_NAMES = {"name", "title"}


class NounColumns(NounNames):
    """Columns, and of which rows they are, over one graph."""

    def rows_column(self, rows: Rows, columns: Columns) -> Found:
        """`restaurant's rating`: the table before its column; what "shops in Berlin" have that is another
        table's is no column of theirs.
        """
        is_own = rows.where is None or columns.terms[0].table == rows.table
        if len(columns.terms) == 1 and columns.rows is None and is_own:
            cost = self._column_cost(rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, rows), cost + (0.1 if rows.where is None else 0.6)

    def column_of(self, columns: Columns, link: Link) -> Found:
        """`names of the restaurants in …`, after the preposition."""
        if columns.rows is None and link.is_plain and not link.is_act:
            cost = self._column_cost(link.rows, columns)
            if cost is not None:
                yield "Col", Columns(columns.terms, link.rows), cost

    def column_did(self, columns: Columns, did: Columns) -> Found:
        """`hours logged`, in a time that follows: of rows seen at the time when that was done."""
        when, own = did.terms[0], columns.terms[0]
        if columns.rows is None and len(columns.terms) == 1 and own.table == when.table and own != when:
            done = Not(Missing(when)) if self.column(when).nullable else None
            yield "Col", replace(columns, rows=Rows(own.table, done, when)), 0.1

    def column_done(self, columns: Columns, done: Columns) -> Found:
        """`the tickets that were sold`, as many as `tickets_sold` says."""
        if columns.terms == done.terms:
            yield "Col", columns, -0.4

    def _column_cost(self, rows: Rows, columns: Columns) -> float | None:
        """What it costs that columns are said of rows; None of those that have one so called themselves."""
        own = [term for term in columns.alike if term.table == rows.table]
        if own and not any(term in own for term in columns.terms):
            return None
        if any(self._is_others_name(rows.table, term) for term in columns.terms):
            return None
        if self._is_anothers(rows.table, columns):
            return None
        costs = [self.distance(rows.table, term.table) for term in columns.terms]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def _is_anothers(self, table: str, columns: Columns) -> bool:
        """Whether rows of a table have a column of that very name too: the ids of learners are their own, and
        not those of what they viewed.
        """
        is_own = any(other.table == table and not other.via for other in columns.alike)
        return is_own and columns.terms[0].table != table

    def _is_others_name(self, table: str, term: Attribute) -> bool:
        """Whether a column is called just "name", or "title", and rows of another table have a name too: of
        "names of the teachers" no instrument's name is meant.
        """
        is_bare = term.column.lower() in _BARE_NAMES
        return is_bare and term.table != table and not term.via and bool(self.graph.table(table).label)

    def takes_away(self, of: object, claim: Claim) -> bool:
        """Whether a claim behind an amount says what is not in it: "the total amount without tax" is no
        amount of rows that are free of tax.
        """
        if not isinstance(claim, Condition) or not isinstance(of, Attribute):
            return False
        compared = [part for part in parts(claim.predicate) if isinstance(part, Comparison)]
        is_none = any(comparison.right == Value(0) for comparison in compared)
        columns = attributes(claim.predicate)
        is_other = columns != [of] and {column.table for column in columns} == {of.table}
        return is_none and is_other and all(is_extra(column.column) for column in columns)

    def column_claim(self, columns: Columns, claim: Claim) -> Found:
        """`prices of Drinks`."""
        if columns.rows is None and self.takes_away(columns.terms[0], claim):
            return
        rows = columns.rows or Rows(columns.terms[0].table)
        if columns.rows is None and isinstance(claim, Link) and self._is_anothers(claim.rows.table, columns):
            return
        if isinstance(claim, Link) and claim.is_act and claim.rows == Rows(rows.table):
            return  # "shipped orders" are no column that somebody orders
        found = self.claimed(rows, claim)
        if found and not (columns.rows is None and isinstance(claim, Link) and self._refers(columns)):
            yield "Col", replace(columns, rows=found[0]), found[1] + 0.2

    def _refers(self, columns: Columns) -> bool:
        """Whether a column stands for rows of another table: of "airports with flights" those are meant."""
        places = {(r.source, column) for r in self.graph.relationships for column in r.source_columns}
        return any((term.table, term.column) in places for term in columns.terms)

    def _are_more(self, rows: Rows, one: Columns, other: Columns) -> bool:
        """Whether columns are other ones of the same rows, and do not say of which: "and are active"."""
        is_own = all(term.table == rows.table and not term.via for term in other.terms)
        is_flag = any(self.column(term).kind == "bool" for term in other.terms)
        return is_own and not is_flag and not set(one.terms) & set(other.terms)

    def columns(self, one: Columns, other: Columns) -> Found:
        """`name and city`, of the same table where both may be."""
        others = _others(one, other)
        other = _of_table(other, one.terms[-1].table)
        one = _of_table(one, other.terms[0].table) if one.rows is None else one
        if one.rows is None and other.rows is None and not set(one.terms) & set(other.terms):
            cost = self.distance(one.terms[0].table, other.terms[-1].table)
            if cost is not None:
                terms = (*one.terms, *other.terms)
                yield "Col", Columns(terms, others=others), cost + 0.1
        elif one.rows is not None and other.rows is None and self._are_more(one.rows, one, other):
            # "names of the sites and their number of beds"
            yield "Col", Columns((*one.terms, *other.terms), one.rows), 0.2


def _others(one: Columns, other: Columns) -> tuple[Attribute, ...]:
    """All that the words of columns may mean."""
    return tuple(dict.fromkeys(t for each in (one, other) for t in (*each.terms, *each.alike, *each.others)))


def _of_table(columns: Columns, table: str) -> Columns:
    """A column as that of a table, where its words may mean one of its columns too."""
    own = [term for term in columns.alike if term.table == table]
    is_others = len(columns.terms) == 1 and columns.terms[0].table != table
    return replace(columns, terms=(own[0],)) if is_others and own else columns
