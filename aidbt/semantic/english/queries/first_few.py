"""The first so many of what a question asks for in other words: "… per employee? Show the 10 highest."."""

from __future__ import annotations

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Number, Top
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules


def keep_first(asked: Asked, rules: NumberRules) -> None:
    """Keep the first so many of the groups, or of the rows that are listed.

    Raises:
        Refused: it is not certain of what, or by what they are the first.
    """
    if not asked.firsts:
        return
    first = asked.firsts[0]
    if len(asked.best) == 1 and not asked.tops and asked.best[0].is_descending == first.is_descending:
        # `which couriers delivered the most orders? Return the top 3`
        asked.tops, asked.best = [Top(first.limit, asked.best[0], first.is_descending)], []
        return
    numbers = [one for one in asked.shown if isinstance(one, Number)]
    is_sorted = len(numbers) == 1 or (not numbers and len(asked.orders) == 1)
    thing = _of_groups(asked.group, rules) if asked.group else _listed(asked)
    if len(asked.firsts) > 1 or asked.tops or asked.best or thing is None or not is_sorted:
        raise Refused("the first of what is not certain", hint="say the first of what, and by what")
    asked.group = Group()
    asked.shown = [one for one in asked.shown if one != thing]
    asked.tops.append(Top(first.limit, thing, first.is_descending))


def _of_groups(group: Group, rules: NumberRules) -> Rows | Columns | None:
    """What makes the groups, where it is one thing and no time."""
    if group.grains or group.parts or not group.terms:
        return None
    if len(group.rows) == 1 and group.terms == rules.label(group.rows[0].table):
        return group.rows[0]
    return None if group.rows else Columns(group.terms)


def _listed(asked: Asked) -> Rows | Columns | None:
    """The one thing that is listed."""
    things = [one for one in asked.shown if isinstance(one, Rows | Columns)]
    return things[0] if len(things) == 1 else None
