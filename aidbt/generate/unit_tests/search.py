"""As few rows as can be found on which a model and its mutants differ.

A rich random case tells most mutants apart, as one of some hundred rows does, but nobody can read it. So for
one mutant after the other it is made small, by leaving out rows as long as the mutant still shows (delta
debugging: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). What such a
witness tells apart beside its own mutant needs none of its own. Witnesses are then put together to a few
cases of a size that a person can read, as long as they do not hide each other's mutants.

All choices come from one generator of fixed seed, and limits are counts: the same model gives the same, but
for one whose queries are so slow that the search has to end early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aidbt.generate.unit_tests.aims import Aimed
from aidbt.generate.unit_tests.domains import Domain, Place
from aidbt.generate.unit_tests.judge import Judge
from aidbt.generate.unit_tests.random_rows import RandomRows
from aidbt.generate.unit_tests.subject import Case, Input, Row, Value

# Rich cases in a row that tell nothing new before the search ends, and rich cases in all.
_PATIENCE = 42
_MOST_CASES = 210
# Rows of one input in a case that is made of several witnesses.
_MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Killer:
    """A case with the mutants that give something else on it."""

    case: Case
    kills: frozenset[int]


def find_killers(
    judge: Judge, inputs: Sequence[Input], values: Mapping[Place, Domain], aimed: Aimed
) -> tuple[Killer, ...]:
    """Small cases that together tell apart every mutant that the search could, the most telling first. Each
    tells one apart that those before it do not.
    """
    witnesses = list(_witnesses(judge, RandomRows(inputs, values, aimed), len(inputs)))
    filled = (_filled(judge, killer, inputs, values) for killer in _together(judge, witnesses))
    cases = [_as_dbt_orders(case, inputs) for case in filled]
    return tuple(Killer(case, judge.kills_surely(case, judge.mutants)) for case in cases)


def _witnesses(judge: Judge, rows: RandomRows, inputs: int) -> Iterator[Killer]:
    """A smallest case for one mutant after the other that none of those before tells apart."""
    alive = set(judge.mutants)
    seeds: Case = tuple(() for _ in range(inputs))
    idle = 0
    for number in range(_MOST_CASES):
        if not alive or idle >= _PATIENCE or judge.is_tired:
            return
        idle += 1
        rich = rows.case(number, seeds)
        for mutant in sorted(judge.kills(rich, sorted(alive))):
            if mutant not in alive:
                continue
            witness = _witness(judge, rich, mutant)
            if witness is not None:
                kills = judge.kills_surely(witness, sorted(alive))
                alive -= kills
                idle = 0
                seeds = _united(seeds, witness)
                yield Killer(witness, kills)


def _witness(judge: Judge, rich: Case, mutant: int) -> Case | None:
    """A part of a case that tells one mutant apart, as small as it gets; None where the order of the rows
    decides in every part that was tried.
    """
    gives = bool(judge.expected(rich))  # a test in which no row comes out says little to who reads it

    def shows(case: Case) -> bool:
        return judge.kills_all(case, [mutant]) and (not gives or bool(judge.expected(case)))

    def shows_surely(case: Case) -> bool:
        return shows(case) and judge.kills_all_surely(case, [mutant])

    small = _smaller(rich, shows)
    if shows_surely(small):
        return small
    return _smaller(rich, shows_surely) if shows_surely(rich) else None


def _smaller(case: Case, keeps: Callable[[Case], bool]) -> Case:
    """The case without every run of rows that can be left out, long runs first, then single rows."""
    size = max((len(rows) for rows in case), default=0)
    while size:
        for number in range(len(case)):
            place = max(len(case[number]) - size, 0)
            while place >= 0:
                fewer = _without(case, number, place, size)
                if fewer != case and keeps(fewer):
                    case = fewer
                place -= size
        size //= 2
    return case


def _without(case: Case, number: int, place: int, size: int) -> Case:
    rows = case[number]
    return (*case[:number], rows[:place] + rows[place + size :], *case[number + 1 :])


def _together(judge: Judge, witnesses: Sequence[Killer]) -> Iterator[Killer]:
    """Witnesses put together to as few cases as their mutants and the size of a case allow."""
    left = sorted(witnesses, key=lambda killer: -len(killer.kills))
    told: frozenset[int] = frozenset()
    while left:
        whole, *others = left
        left = []
        for other in others:
            merged = None if judge.is_tired else _merged(judge, whole, other)
            if merged is None:
                left.append(other)
            else:
                whole = merged
        wanted = sorted(whole.kills - told)
        if not wanted:
            continue
        case = whole.case if judge.is_tired else _smaller(whole.case, partial(_keeps, judge, wanted))
        kills = judge.kills_surely(case, judge.mutants)
        told |= kills
        left = [other for other in left if not other.kills <= told]
        yield Killer(case, kills)


def _keeps(judge: Judge, wanted: list[int], case: Case) -> bool:
    return judge.kills_all_surely(case, wanted)


def _merged(judge: Judge, one: Killer, other: Killer) -> Killer | None:
    """One case that tells apart what both did; None where there is none, or it would be too large."""
    kills = one.kills | other.kills
    for case in dict.fromkeys((_united(one.case, other.case), _appended(one.case, other.case))):
        if max(map(len, case)) <= _MOST_ROWS and judge.kills_all_surely(case, sorted(kills)):
            return Killer(case, kills)
    return None


def _united(one: Case, other: Case) -> Case:
    """The rows of both, without those of the other that the first has already."""
    return tuple(
        rows + tuple(row for row in more if row not in rows) for rows, more in zip(one, other, strict=True)
    )


def _appended(one: Case, other: Case) -> Case:
    return tuple(rows + more for rows, more in zip(one, other, strict=True))


def _filled(judge: Judge, killer: Killer, inputs: Sequence[Input], values: Mapping[Place, Domain]) -> Case:
    """The case with a usual value for every NULL that tells nothing: people read a NULL as meant."""
    case = killer.case
    wanted = sorted(killer.kills)
    for number, row, cell, column in _nulls(case, inputs):
        domain = values.get((inputs[number].table, column))
        if domain is None or not domain.usual:
            continue
        filled = _with_cell(case, number, row, cell, domain.usual[row % len(domain.usual)])
        if judge.kills_all_surely(filled, wanted):
            case = filled
    return case


def _nulls(case: Case, inputs: Sequence[Input]) -> list[tuple[int, int, int, str]]:
    """(input, row, cell, column) of every NULL in a column that the model uses."""
    return [
        (number, row, cell, column.name)
        for number, item in enumerate(inputs)
        for row, cells in enumerate(case[number])
        for cell, column in enumerate(item.columns)
        if column.is_used and cells[cell] is None
    ]


def _as_dbt_orders(case: Case, inputs: Sequence[Input]) -> Case:
    """The case with the first row without NULL in front, where dbt puts it."""
    return tuple(_with_full_row_first(rows, item) for rows, item in zip(case, inputs, strict=True))


def _with_full_row_first(rows: tuple[Row, ...], item: Input) -> tuple[Row, ...]:
    shown = [number for number, column in enumerate(item.columns) if column.is_used]
    full = next((row for row in rows if all(row[number] is not None for number in shown)), None)
    if full is None:
        return rows
    place = rows.index(full)
    return (full, *rows[:place], *rows[place + 1 :])


def _with_cell(case: Case, number: int, row: int, cell: int, value: Value) -> Case:
    rows = case[number]
    cells = (*rows[row][:cell], value, *rows[row][cell + 1 :])
    return (*case[:number], (*rows[:row], cells, *rows[row + 1 :]), *case[number + 1 :])
