"""Shares: which part of what is meant, shares of all groups together, and whether they are per cent."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Number, Shown, Whole
from aidbt.semantic.english.meanings.phrases import Link, Rows
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.number_rules.aggregates import narrowed, per_cent
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import (
    Calculation,
    Compared,
    Exists,
    InPeriod,
    Measure,
    Predicate,
    Term,
    Value,
    conjuncts,
    parts,
)


def add_wholes(asked: Asked, rules: NumberRules) -> None:
    """`share of revenue by region`, `percentage of orders` and behind the groups "that were late".

    Raises:
        Refused: it is not certain which part of the whole is meant.
    """
    asked.shown += [_said_apart(whole, asked, rules) or _of_all(whole, asked.group) for whole in asked.wholes]
    asked.wholes = []


def add_shares(asked: Asked) -> None:
    """`orders per country and their share`, "as a percentage of the total": of the number beside it.

    Raises:
        Refused: there are several numbers, or no groups.
    """
    known = any(map(_is_part, _terms(asked)))
    for kind in [] if known else list(dict.fromkeys(asked.shares)):
        numbers = asked.numbers()
        if len(numbers) != 1 or not asked.group:
            raise Refused("a share is asked for, and it is not said of what")
        asked.shown.append(_of_all(Whole(kind, numbers[0]), asked.group))
    if asked.shares_as:
        is_percent = asked.shares_as == "percentage"
        asked.shown = [_said_as(shown, is_percent=is_percent) for shown in asked.shown]
        asked.returned = [_said_as(shown, is_percent=is_percent) for shown in asked.returned]
        if not any(map(_is_share, _terms(asked))):
            raise Refused("it is not said of what a share is asked for")


def _terms(asked: Asked) -> list[Term]:
    return [number.term for number in asked.numbers()]


def _is_share(term: Term) -> bool:
    return any(
        (isinstance(part, Compared) and part.kind == "share")
        or (isinstance(part, Calculation) and part.operator == "/")
        for part in parts(term)
    )


def _is_part(term: Term) -> bool:
    """Whether a term is a share of all groups, or a part of rows beside all of them."""
    for part in parts(term):
        match part:
            case Compared("share"):
                return True
            case Calculation("/", Measure() as one, Measure() as two):
                if (one.table, one.function, one.of) == (two.table, two.function, two.of):
                    return True
    return False


def _said_as(shown: Shown, *, is_percent: bool) -> Shown:
    """A share per cent, or as a number of up to 1."""
    if not isinstance(shown, Number) or not _is_share(shown.term):
        return shown
    match shown.term:
        case Calculation("*", term, Value(100)):
            return shown if is_percent else replace(shown, term=term)
        case term:
            return replace(shown, term=per_cent(term)) if is_percent else shown


def _said_apart(whole: Whole, asked: Asked, rules: NumberRules) -> Number | None:
    """`what share of the players of each team is injured`: the part, with the groups in between."""
    table = whole.number.table
    _said_as_nouns(table, asked)
    claims = [claim for claim in asked.claims if not isinstance(claim, Period)]
    own = [(rows, said) for rows in asked.group.rows if (said := _own_part(rows, table)) is not None]
    if not claims and not own:
        return None
    found = rules.claimed(Rows(table), claims[0]) if claims else (Rows(table, own[0][1]), 0.0)
    if len(claims) + len(own) > 1 or found is None or whole.is_ratio:
        raise Refused("it is not certain which part of them is meant")
    asked.claims = [claim for claim in asked.claims if claim not in claims]
    parted = [rows for rows, _ in own]
    rows = tuple(replace(r, where=None) if r in parted else r for r in asked.group.rows)
    asked.group = replace(asked.group, rows=rows)
    return rules.ratio_of(whole.kind, narrowed(whole.number, found[0].where), whole.number)


def _said_as_nouns(table: str, asked: Asked) -> None:
    """`what share of the learners of each town are students`: what some of them are called says which."""
    nouns = [one for one in asked.shown if isinstance(one, Rows) and one.table == table and one.where]
    asked.claims += [Link(rows) for rows in nouns]
    asked.shown[:] = [one for one in asked.shown if one not in nouns]


def _own_part(rows: Rows, table: str) -> Predicate | None:
    """What is said of a table's rows behind groups: `of the reels in each vault is in poor condition`."""
    match rows.where:
        case Exists(table=of, where=said, operator=">=", count=1) if of == table:
            return said
        case Exists(table=of, where=said, operator="=", count=0) if of == table and said is not None:
            return negated(said)
    return rows.where if rows.table == table else None


def _of_all(whole: Whole, group: Group) -> Number:
    """`share of revenue by region`: of each group beside all of them."""
    term = whole.number.term
    is_part = isinstance(term, Measure) and any(not isinstance(c, InPeriod) for c in conjuncts(term.where))
    is_restricted = any(rows.where is not None for rows in group.rows)
    if not group or whole.is_ratio or is_part or is_restricted:
        raise Refused("it is not said which part of them is meant")
    share = Compared("share", whole.number.term)
    shown = per_cent(share) if whole.kind == "percentage" else share
    return replace(whole.number, term=shown)
