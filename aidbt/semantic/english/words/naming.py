"""Names for the columns of an answer, as people write them: `orders`, `total_amount`, `average_rating`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Duration,
    Measure,
    MetricRef,
    Output,
    Term,
    Value,
    attributes,
)
from aidbt.semantic.tables.naming import UNITS

_FUNCTIONS = {
    "sum": "total", "avg": "average", "min": "lowest", "max": "highest", "median": "median",
    "stddev": "standard_deviation",
}  # fmt: skip
_TIMES = {"min": "first", "max": "last"}
# What modelling layers put before the name of what a table holds.
_LAYERS = {"dim", "fct", "fact", "stg", "int", "src", "raw", "mart", "rpt", "tbl"}


def name_of(term: Term) -> str:
    """What a column of an answer is called.

    Example:
        >>> name_of(Measure("avg", "fct_orders", Attribute("fct_orders", "amount")))
        'average_amount'
        >>> name_of(Measure("count", "dim_user"))
        'users'
    """
    match term:
        case Attribute():
            return str(term.grain or term.part or term.column)
        case Measure():
            return _measure_name(term)
        case Compared():
            return _compared_name(term)
        case Calculation("*" | "/", Attribute() as column, Value()):
            return _without_unit(column.column)  # `price_cents` in euros
        case Calculation("*" | "/", Measure() as measure, Value()):
            return _without_unit(_measure_name(measure))
        case Calculation("*", Calculation("/"), Value(100)):
            return "percentage"
        case Calculation("*", Compared("share" | "relative_change") as compared, Value(100)):
            return (
                _compared_name(compared)
                .replace("share_of", "percentage_of")
                .replace("growth", "percentage_change")
            )
        case Calculation("/", _, _):
            return "ratio"
        case Calculation("-", _, _):
            return "difference"
        case Duration(_, _, unit, _):
            return f"{unit}s"
        case MetricRef(name):
            return name
        case _:
            return "value"


def unique_names(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """Outputs of which no two have one name: the table says which column, and a number the rest."""
    taken: set[str] = set()
    found = []
    for output in outputs:
        name, number = output.name, 1
        if name.lower() in taken and isinstance(output.term, Attribute):
            name = f"{things(output.term.table, is_plural=False)}_{name}"
        base = name
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        found.append(replace(output, name=name))
    return tuple(found)


def things(table: str, *, is_plural: bool = True) -> str:
    """What the rows of a table are called, without what a layer's name puts before it.

    Example:
        >>> things("dim_category"), things("Orders"), things("stg_shop__orders", is_plural=False)
        ('categories', 'orders', 'order')
    """
    words = list(words_of(table.rpartition("__")[2]))
    while len(words) > 1 and words[0] in _LAYERS:
        del words[0]
    if not words:
        return "rows"
    last = singular_words(words[-1])
    noun = last[0] if last else words[-1]
    return "_".join([*words[:-1], _plural(noun) if is_plural else noun])


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "z", "ch", "sh")) else f"{noun}s"


def _measure_name(measure: Measure) -> str:
    if measure.of is None:
        return things(measure.table) if measure.table else "rows"
    if isinstance(measure.of, Duration):
        return f"{_FUNCTIONS.get(measure.function, measure.function)}_{measure.of.unit}s"
    of = attributes(measure.of)
    column = "_".join(words_of(of[0].column)) if len(of) == 1 else "value"
    if measure.function == "count_distinct":
        return f"different_{_plural('_'.join(singular_words(column)))}"
    if measure.function == "count":
        return column
    is_time = column.endswith(("date", "_at", "_on", "time"))
    functions = _FUNCTIONS | _TIMES if is_time else _FUNCTIONS
    prefix = functions[measure.function]
    return column if column.startswith(f"{prefix}_") else f"{prefix}_{column}"


def _without_unit(name: str) -> str:
    """The name of a number in another unit than its column's name says."""
    bare, _, unit = name.rpartition("_")
    return bare if bare and unit in UNITS else name


def _compared_name(compared: Compared) -> str:
    of = name_of(compared.of)
    match compared.kind:
        case "previous":
            return f"previous_{of}"
        case "change":
            return f"change_in_{of}"
        case "relative_change":
            return f"growth_in_{of}"
        case "share":
            return f"share_of_{of}"
        case "running":
            return f"running_{of}"
        case "moving_average":
            return f"moving_average_of_{of}"
        case _:
            return "rank"
