"""Random queries over queries: a case of the oracle's corpus that reads another in place of its tables."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from benchmarks.lineage_project.constructs import adapted_import, ways_to_write
from benchmarks.lineage_project.made import Relation
from tests.lineage_oracle import Case, Observer, case_names, read_case

_SHUFFLES = 4


def composed(seed: int) -> Case:
    """A query over a query, of which DuckDB makes some rows; the same for the same seed and corpus."""
    import duckdb

    chance = random.Random(seed)
    cases = [name for name in case_names() if not read_case(name).setup]
    while True:
        outer, inner = chance.sample(cases, 2)
        case = _over(outer, inner, chance)
        try:
            if case is not None and _is_steady(case, inner):
                return case
        except duckdb.Error:  # a cast that the values do not allow
            continue


def _over(outer: str, inner: str, chance: random.Random) -> Case | None:
    """The outer case with what the inner one gives in the place of its tables; None where hardly any fits."""
    given = Relation("model.below", "below", "", _shape(inner)[1])
    tables = _shape(outer)[0]
    adapted = (adapted_import(table, types, given, chance) for table, types in tables.items())
    imports = [found for found in adapted if found is not None]
    if not imports:
        return None
    wrapped = ways_to_write(read_case(outer), imports)[-1].removeprefix("with ")
    query = f"with below as (\n{read_case(inner).query}\n),\n{wrapped}"
    return Case(f"{outer} over {inner}", "", setup="", query=query)


def _is_steady(case: Case, inner: str) -> bool:
    """Whether there are rows, and the same ones in whatever order those of the inner query come.

    Where an order has ties, the first of them is taken by chance, and anything may seem to decide it.
    """
    query = read_case(inner).query
    shuffled = f"select * from (\n{query}\n) as in_order order by random()\n)"
    other = replace(case, query=case.query.replace(f"{query}\n)", shuffled, 1))
    with Observer(case) as observer, Observer(other) as shuffling:
        answer = observer.answer()
        return bool(answer) and all(shuffling.answer() == answer for _ in range(_SHUFFLES))


@cache
def _shape(name: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The tables that a case reads, and the columns that it gives."""
    with Observer(read_case(name)) as observer:
        return observer.tables, observer.columns
