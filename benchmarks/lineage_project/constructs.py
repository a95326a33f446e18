"""Models out of the cases of the oracle's corpus: the query of a case over other models of the project.

What a case's columns are made of has been seen by running it (tests/lineage_oracle). A model puts other
relations in the place of the case's tables, so that what its columns are made of follows from that.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.lineage_project.made import ColumnOf, Relation, Truth, quoted
from tests.lineage_oracle import Case, Lineage

_DIRECT = r"(?<!\w)(from|join)(\s+){table}(?![\w.])"
_WITH = re.compile(r"with\s+(recursive\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Import:
    """A relation in the place of one table of a case.

    Attributes:
        made_of: column of the case's table → the relation's column that stands for it; None for a NULL.
    """

    table: str
    relation: Relation
    made_of: dict[str, str | None]
    types: dict[str, str]

    @property
    def is_exact(self) -> bool:
        return self.relation.shape == self.table

    def select(self) -> str:
        """The query that gives the relation the form of the table."""
        if self.is_exact:
            return f"select * from {self.relation.call}"
        columns = ",\n        ".join(
            f"cast({'null' if of is None else quoted(of)} as {self.types[column]}) as {quoted(column)}"
            for column, of in self.made_of.items()
        )
        return f"select\n        {columns}\n    from {self.relation.call}"


def exact_import(table: str, relation: Relation) -> Import:
    """A relation that has the table's columns already."""
    return Import(table, relation, {name: name for name in relation.columns}, relation.columns)


def adapted_import(
    table: str, types: Mapping[str, str], relation: Relation, chance: random.Random
) -> Import | None:
    """A relation whose columns are cast to those of the table; None when hardly any can be."""
    made_of: dict[str, str | None] = {}
    for column, data_type in types.items():
        fitting = [name for name, other in relation.columns.items() if _casts(other, data_type)]
        made_of[column] = chance.choice(fitting) if fitting else None
    kept = sum(of is not None for of in made_of.values())
    return Import(table, relation, made_of, dict(types)) if 2 * kept > len(types) else None


def _casts(given: str, wanted: str) -> bool:
    """Whether every value of one type can be cast to the other."""
    if wanted.startswith(("STRUCT", "JSON")) or wanted.endswith("]"):
        return given == wanted
    return wanted == "VARCHAR" or _kind(given) == _kind(wanted)


def _kind(data_type: str) -> str:
    word = data_type.partition("(")[0]
    if word in ("INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL", "SMALLINT", "TINYINT"):
        return "number"
    return "moment" if word in ("DATE", "TIMESTAMP") else data_type


@dataclass(frozen=True, slots=True)
class Draft:
    """A model before it is written."""

    cases: tuple[str, ...]
    sql: str
    columns: dict[str, str]
    truth: Truth
    level: int


def joined(parts: Sequence[Draft]) -> Draft:
    """One long model of several: each a CTE, cross joined, with the columns of all of them."""
    named = {f"{column}_{at}": (at, column) for at, part in enumerate(parts) for column in part.columns}
    ctes = ",\n\n".join(f"part_{at} as (\n{part.sql}\n)" for at, part in enumerate(parts))
    listed = ",\n    ".join(f"part_{at}.{quoted(of)} as {quoted(name)}" for name, (at, of) in named.items())
    read = "\ncross join ".join(f"part_{at}" for at in range(len(parts)))
    return Draft(
        cases=tuple(name for part in parts for name in part.cases),
        sql=f"with {ctes}\n\nselect\n    {listed}\nfrom {read}",
        columns={name: parts[at].columns[of] for name, (at, of) in named.items()},
        truth=Truth(
            {name: parts[at].truth.edges[of] for name, (at, of) in named.items()},
            {name: parts[at].truth.either.get(of, frozenset()) for name, (at, of) in named.items()},
            frozenset().union(*(part.truth.rows for part in parts)),
            {
                "(rows)": frozenset().union(*(part.truth.free.get("(rows)", frozenset()) for part in parts)),
                **{name: parts[at].truth.free.get(of, frozenset()) for name, (at, of) in named.items()},
            },
        ),
        level=max(part.level for part in parts),
    )


def ways_to_write(case: Case, imports: Sequence[Import]) -> list[str]:
    """The model's SQL in each way it might be written, the plainest first; some may not run.

    Relations outright in place of the tables; the relations as CTEs before the query, which keep the names of
    the tables; and the whole query as one more CTE.
    """
    ways = []
    if all(i.is_exact for i in imports) and not re.search(r"\bwith\b", case.query, re.IGNORECASE):
        ways.append(_outright(case.query, imports))
    given = ",\n".join(f"{quoted(i.table)} as (\n    {i.select()}\n)" for i in imports)
    if not imports:
        return [case.query]
    begins = _WITH.match(case.query)
    if begins:
        ways.append(f"{begins.group().strip()} {given},\n{case.query[begins.end() :]}")
    else:
        ways.append(f"with {given}\n{case.query}")
    return [*ways, f"with {given},\nfinal as (\n{case.query}\n)\nselect * from final"]


def _outright(query: str, imports: Sequence[Import]) -> str:
    for given in imports:
        call, alias = given.relation.call, f" as {given.table}"
        pattern = _DIRECT.format(table=re.escape(given.table))
        query = re.sub(f"{pattern}(?!\\s+as\\s)", rf"\1\2{call}{alias}", query, flags=re.IGNORECASE)
        query = re.sub(pattern, rf"\1\2{call}", query, flags=re.IGNORECASE)
    return query


def truth_of(case: Case, names: Sequence[str], imports: Sequence[Import]) -> Truth:
    """What a model's columns are made of, its names given as DuckDB stored them."""
    assert case.lineage is not None
    standing = {(i.table, column): i for i in imports for column in i.made_of}

    def real(one: tuple[str, str]) -> ColumnOf | None:
        given = standing[one]
        of = given.made_of[one[1]]
        return (given.relation.unique_id, of) if of is not None else None

    def all_real(many: frozenset[tuple[str, str]]) -> frozenset[ColumnOf]:
        return frozenset(found for one in many if (found := real(one)) is not None)

    seen: Lineage = case.lineage
    edges = {name: all_real(seen.edges[at]) for at, name in enumerate(names)}
    either = {
        name: frozenset(group for some in seen.either[at] if (group := all_real(some)))
        for at, name in enumerate(names)
    }
    free = {
        name: all_real(frozenset(one for (of, one) in case.unseen if of == seen.names[at]))
        for at, name in enumerate(names)
    }
    free["(rows)"] = all_real(frozenset(one for (of, one) in case.unseen if of == "(rows)"))
    return Truth(edges, either, all_real(seen.rows), free)
