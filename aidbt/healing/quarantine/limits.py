"""Whether rows may be set aside: a pure decision over the figures."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.healing.quarantine.figures import Figures
from aidbt.healing.quarantine.rules import Kind, Rule

MOST_ROWS: dict[Kind, float] = {"nulls": 0.10, "duplicates": 0.05}
_MOST_OTHERS = 0.05
MOST_OF_AMOUNT = 0.05
_FEW = 20  # fewer bad rows are no stream that broke
_HALF = 0.5  # of the rows that are new
_RARE = 0.1  # of the rows that are new, for values that are readable and wrong
_HANDFUL = 3
# What stands for no value. "unknown" and "other" are left out: they may be meant.
_NO_VALUES = frozenset(
    ("", "-", "--", "?", ".", "n/a", "na", "#n/a", "null", "none", "nil", "nan", "undefined")
)


def why_not(rule: Rule, found: Figures, name: str) -> str:
    """Why the rows may not be set aside without a person, in a sentence with the figures; "" when they may.

    Args:
        name: of the source, for the sentence.
    """
    return next(_reasons(rule, found, name), "")


def _reasons(rule: Rule, found: Figures, name: str) -> Iterator[str]:
    bad, rows = found.bad, found.rows
    if not bad:
        yield f"no row of {name} breaks the rule now"
        return
    if rule.got is not None and rule.kind != "duplicates" and rule.got != bad:
        yield f"the test counted {rule.got:,} rows, in {name} {bad:,} break the rule"
    most = MOST_ROWS.get(rule.kind, _MOST_OTHERS)
    if bad > most * rows:
        share = bad / rows
        yield f"{bad:,} of {rows:,} rows of {name} are wrong ({share:.1%}); up to {most:.0%} may be set aside"
    for column, amount in found.amounts.items():
        if amount.share > MOST_OF_AMOUNT:
            yield (
                f"the rows hold {amount.share:.1%} of all {column} ({amount.moved:,.2f} of"
                f" {amount.total:,.2f}); up to {MOST_OF_AMOUNT:.0%} may be set aside"
            )
    if found.changed:
        told = ", ".join(found.changed[:3])
        yield f"columns of {name} changed too ({told}), so the rows may be right under another name"
    if rule.kind != "duplicates":
        yield from _old_rows(found, name)
        yield from _broken_stream(rule, found, name)
    if rule.kind == "other_values":
        new = [str(value) for value in found.values if str(value).strip().casefold() not in _NO_VALUES]
        if new:
            told = ", ".join(f"'{value[:30]}'" for value in new[:3])
            yield f"{told} may be a new value of {rule.columns[0]}: whether it is wrong is a decision"
    if rule.kind == "range" and not _is_below_zero(found):
        yield f"the values of {', '.join(rule.columns)} can be read, so what they should be is a decision"
    if rule.kind == "range" and 2 * found.reversed >= bad:
        yield f"{found.reversed:,} of the rows have the number of another row: they may take it back"
    if rule.kind == "orphans":
        yield from _parent(rule, found)


def _old_rows(found: Figures, name: str) -> Iterator[str]:
    if found.known_before:
        yield (
            f"{found.known_before:,} of the rows were good at the last good run: they would vanish from all"
            " that reads them"
        )
    if found.bad_new is not None and found.bad_new < found.bad:
        old = found.bad - found.bad_new
        yield f"{old:,} of the rows were loaded before the last good run, and were good then"
    if found.rows_then is None:
        yield f"how {name} was at the last good run is not known"
    elif found.rows < found.rows_then + found.bad:
        yield f"{name} has not grown by as many rows as are wrong, so rows of before may have been spoilt"
    elif not found.looked_up and (found.bad_new is None or found.new != found.rows - found.rows_then):
        yield f"whether the rows are new or were good at the last good run cannot be told in {name}"


def _broken_stream(rule: Rule, found: Figures, name: str) -> Iterator[str]:
    if found.new is None or found.rows_then is None:
        return
    grown = found.rows - found.rows_then
    new = min(found.new, grown) if grown > 0 else found.new  # a table may be landed whole
    bad = found.bad_new if found.bad_new is not None else found.bad
    if bad >= _FEW and bad > _HALF * new:
        yield f"{bad:,} of the {new:,} new rows of {name} are wrong: its load is, and not some rows"
    if found.whole:
        yield f"all new rows of {name} with {found.whole} are wrong: that is no chance, and not some rows"
    if rule.kind == "bad_casts" and bad >= max(new, 2) and any(_says_much(value) for value in found.values):
        yield f"all {new:,} new rows of {name} are written in another way: how to read them is a decision"
    if rule.kind == "range" and bad > _HANDFUL and bad > _RARE * new:
        yield f"{bad:,} of the {new:,} new rows of {name} have such values: that is no slip"


def _says_much(value: object) -> bool:
    """Whether a value that cannot be read holds a number all the same, as "12,50" does."""
    return any(char in "123456789" for char in str(value))


def _is_below_zero(found: Figures) -> bool:
    """Whether all values are negative numbers, where the test wants none."""
    try:
        return bool(found.values) and all(float(value) < 0 for value in found.values)
    except (TypeError, ValueError):
        return False


def _parent(rule: Rule, found: Figures) -> Iterator[str]:
    assert rule.parent is not None
    parent = f"{rule.parent.source.source_name}.{rule.parent.source.name}"
    if found.parent_now is None or found.parent_then is None:
        yield f"how {parent} was at the last good run is not known"
    elif found.parent_now < found.parent_then:
        yield f"{parent} has lost rows: {found.parent_then:,} then, {found.parent_now:,} now"
    elif found.parent_lost:
        yield f"{parent} has lost {found.parent_lost:,} of the rows that it had"
    elif found.parent_follows:
        yield f"the rows refer to what comes next in {parent}: it may not have been loaded yet"
    elif found.parent_lags:
        yield f"{parent} was not loaded when the rows that refer to it were"
    elif found.parent_untold and found.parent_now == found.parent_then:
        yield f"nothing came to {parent} since the last good run: it may not have been loaded yet"
    elif found.parent_untold and found.kept_below:
        yield (
            f"whether their rows of {parent} only come later cannot be told, and {found.kept_below} would not"
            " take them then"
        )
