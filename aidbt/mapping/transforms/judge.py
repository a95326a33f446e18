"""Trying a proposed transform on what both sides hold: rows that are the same, else how values spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from aidbt.core.schema import Column
from aidbt.core.types import Family, type_family
from aidbt.mapping.transforms.ground import MIN_ALIGNED, Ground, canonical, is_equal
from aidbt.mapping.transforms.trial import tried
from aidbt.mapping.transforms.value import Row, Value

Basis = Literal["values", "quantiles", "parts", "cover"]

# The honest probabilities of each kind of proof.
ALIGNED = 0.97
SPREAD = 0.8
NAMES_ALONE = 0.5

_MOST_ROWS = 0.95
_GAIN = 0.02
_CONTAINED = 0.9
_CONTAINED_MORE = 0.2
COMMON = 10  # values that both sides must share before they prove anything
_FEW_RELATED = 5
# How far three quantiles and their middle may be from the wanted ones, and how far any may.
_QUANTILE = 0.05
_MAYBE = 0.25
_SHARE, _MIN_SHARED = 0.05, 50
_MIN_PRIOR = 0.3
_NUMBERS = ("integer", "number")
_COVER_MORE = 0.1
_FIRST = 40  # rows on which a proposal is tried first
_SPREAD_NEEDS = 0.35
_DOUBTFUL = 0.8  # what is left of a likelihood when something was looked for and not found
_MOST_VALUES = 0.5  # of the values there are, a transform that is right reads more


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transform that names, types or values suggest.

    Attributes:
        prior: 0..0.5, how likely it is by names alone; 0 where only rows could show it.
        reason: why it is proposed, as a sentence.
        basis: what can show it where no rows are the same: the values it gives ("values"), how numbers spread
            ("quantiles"), the parts of the target's values ("parts"), or that all sources together have more
            of the target's values than each alone ("cover").
        separators: between the parts, for "parts".
    """

    kind: str
    value: Value
    target: Column
    prior: float
    reason: str
    basis: Basis = "values"
    separators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely a proposal is, and what says so.

    Attributes:
        probability: 0..1.
        evidence: sentences with numbers, without values of rows.
    """

    probability: float
    verified: bool
    evidence: tuple[str, ...]


def judge(proposal: Proposal, ground: Ground) -> Verdict | None:
    """What both sides say about a proposal, or None where they speak against it, or nothing speaks for it."""
    if len(ground.pairs) >= MIN_ALIGNED:
        tried = _on_rows(proposal, ground)
        if tried is not None:
            share, said, is_proof = tried
            return Verdict(min(ALIGNED + share - _MOST_ROWS, 0.99), True, said) if is_proof else None
    return _WAYS[proposal.basis](proposal, ground)


def agreement(value: Value, target: Column, ground: Ground) -> float:
    """The share of the aligned rows, of those that have a target value, for which a value gives just that."""
    rows = ground.wanted(target.name)
    family = target_family(value, target)
    equal = sum((found := value.of(row)) is not None and is_equal(found, want, family) for row, want in rows)
    return equal / len(rows) if rows else 0.0


def is_there_already(target: Column, ground: Ground) -> bool:
    """Whether a source column holds the target's values as they are, by the aligned rows."""
    rows = ground.wanted(target.name)
    if len(rows) < MIN_ALIGNED:
        return False
    for column in ground.source.columns:
        declared = type_family(target.data_type)
        family = type_family(column.data_type) if declared == "other" else declared
        some = _plain_rows(column, rows[:_FIRST], family)
        if 2 * some >= len(rows[:_FIRST]) and _plain_rows(column, rows, family) >= _MOST_ROWS * len(rows):
            return True
    return False


def equal_rows(source: str, target: str, ground: Ground) -> int:
    """How many of the aligned rows with a target value have that value in a source column too."""
    column, wanted = ground.source.by_name[source], ground.target.by_name[target]
    declared = type_family(wanted.data_type)
    family = type_family(column.data_type) if declared == "other" else declared
    return _plain_rows(column, ground.wanted(target), family)


def target_family(value: Value, target: Column) -> Family:
    """The type that values are compared in: the target's, or that of the value where it declares none."""
    declared = type_family(target.data_type)
    return value.family if declared == "other" else declared


def _on_rows(proposal: Proposal, ground: Ground) -> tuple[float, tuple[str, ...], bool] | None:
    """(share of equal rows, evidence, whether that is proof); None where too few rows have a target value."""
    value = proposal.value
    family = target_family(value, proposal.target)
    rows = ground.wanted(proposal.target.name)
    if len(rows) < MIN_ALIGNED:
        return None
    if not _may_fit(value, rows[:_FIRST], family):
        return 0.0, (), False
    equal = [want for s, want in rows if (found := value.of(s)) is not None and is_equal(found, want, family)]
    share = len(equal) / len(rows)
    # A column that holds the target's values as it is needs no transform.
    plain = max(_plain_rows(ground.source.by_name[name], rows, family) for name in value.columns)
    said = f"{len(equal):,} of {len(rows):,} rows aligned by {ground.key} are equal ({share:.1%})"
    # Numbers meet by chance; a constant meets whatever gives it.
    is_told_apart = len({canonical(want, family) for want in equal}) >= (3 if family in _NUMBERS else 2)
    gain = share - plain / len(rows)
    return share, (proposal.reason, said), share >= _MOST_ROWS and gain > _GAIN and is_told_apart


def _plain_rows(column: Column, rows: Sequence[tuple[Row, str]], family: Family) -> int:
    """How many rows of a column hold the target's value as it is."""
    # No warehouse casts all the words for yes and no.
    as_written = family == "boolean" and type_family(column.data_type) != "boolean"
    compared: Family = "text" if as_written else family
    reads = ((row.get(column.name), want) for row, want in rows)
    return sum(read is not None and is_equal(read, want, compared) for read, want in reads)


def _may_fit(value: Value, rows: Sequence[tuple[Row, str]], family: Family) -> bool:
    """Whether half of some rows are equal: what is not is not worth trying on all of them."""
    equal = sum((found := value.of(s)) is not None and is_equal(found, want, family) for s, want in rows)
    return equal >= len(rows) / 2


def _by_values(proposal: Proposal, ground: Ground) -> Verdict | None:
    """By how many of the distinct values it gives are the target's."""
    value, target = proposal.value, proposal.target
    family = target_family(value, target)
    held = ground.target.canonical_set(target.name, family)
    if proposal.prior < _MIN_PRIOR and len(held) < COMMON:
        return None  # too few to tell anything
    rows = ground.source.rows
    first = _given(value, rows[:_FIRST], family)
    if not first and any(ground.source.values(name) for name in value.columns):
        return None  # it makes nothing of the values that are there
    if not first or not held:
        return _by_names(proposal, ground)
    if len(first & held) < len(first) / 4 and len(held) >= len(first):
        return _by_names(proposal, ground, f"few of its values are among the target's {len(held):,}")
    given = _given(value, rows, family)
    common = len(given & held)
    if family == "boolean":
        return _by_shares(proposal, ground)
    contained = common / min(len(given), len(held))
    plain = max(_contained(ground.source.canonical_set(c, family), held) for c in value.columns)
    said = f"{common:,} of its {len(given):,} different values are among the target's {len(held):,}"
    if contained - plain >= _CONTAINED_MORE:
        is_telling = common >= COMMON and _is_telling(given, family)
        # Small numbers and short words are everywhere: the names must say the same.
        is_named = common >= _FEW_RELATED and proposal.prior >= _SPREAD_NEEDS
        if contained >= _CONTAINED and (is_telling or is_named):
            return Verdict(SPREAD + 0.1 * contained * is_telling, True, (proposal.reason, said))
    return _by_names(proposal, ground, said)


def _by_shares(proposal: Proposal, ground: Ground) -> Verdict | None:
    """By whether a boolean is as often true as the target; half and half says nothing."""
    value, name = proposal.value, proposal.target.name
    given = [found for row in ground.source.rows if (found := value.of(row)) is not None]
    shares = []
    for values in (given, ground.target.values(name)):
        true = sum(canonical(found, "boolean") == "true" for found in values)
        shares.append(true / len(values) if len(values) >= _MIN_SHARED else 0.5)
    said = f"it is true in {shares[0]:.1%} of rows, the target in {shares[1]:.1%}"
    is_alike = (
        abs(shares[0] - shares[1]) <= _SHARE and min(abs(share - 0.5) for share in shares) >= 2 * _SHARE
    )
    if is_alike and proposal.prior >= _MIN_PRIOR:
        return Verdict(SPREAD, True, (proposal.reason, said))
    return _by_names(proposal, ground, said)


def _given(value: Value, rows: Sequence[Row], family: Family) -> set[str]:
    return {canonical(found, family) for row in rows if (found := value.of(row)) is not None}


def _contained(found: frozenset[str], held: frozenset[str]) -> float:
    return len(found & held) / min(len(found), len(held)) if found else 0.0


def _is_telling(values: set[str], family: Family) -> bool:
    if family in ("date", "timestamp"):
        return True
    letters = sum(len(value) for value in values) / len(values)
    return family == "text" and letters >= 3 and not all(value.isdigit() for value in values)


def _by_quantiles(proposal: Proposal, ground: Ground) -> Verdict | None:
    """By whether the numbers that it gives spread as the target's do."""
    value, wanted = proposal.value, ground.target.quantiles(proposal.target.name)
    (name,) = value.columns
    plain = ground.source.quantiles(name)
    # A conversion keeps the order of numbers, so that it is one of the quantiles too.
    given = [float(value.of({name: repr(number)}) or 0.0) for number in plain]
    ratios = [b / a for a, b in zip(given, wanted, strict=False) if a and b]
    if len(ratios) < 3 or len(set(wanted)) < 3:
        return _by_names(proposal, ground)
    middle = median(ratios)
    raw = [b / a for a, b in zip(plain, wanted, strict=False) if a and b]
    if raw and median(raw) < 1:
        raw = [1 / ratio for ratio in raw]
    spread = (max(raw) - min(raw)) / 2 if raw else 0.0
    said = (
        f"the ratio of quantiles is {_figure(median(raw or ratios))} ± {_figure(spread)} over {len(ratios)}"
    )
    if abs(middle - 1) > _MAYBE:
        return None
    close = sum(abs(ratio - 1) <= _QUANTILE for ratio in ratios)
    is_like = close >= 3 and all(abs(ratio - 1) <= _MAYBE for ratio in ratios)
    if is_like and abs(middle - 1) <= _QUANTILE and proposal.prior >= _MIN_PRIOR:
        return Verdict(SPREAD + 0.1 * proposal.prior, True, (proposal.reason, said))
    return _by_names(proposal, ground, said)


def _figure(of: float) -> str:
    return f"{of:,.0f}" if of >= 1000 else f"{of:.4g}"


def _by_parts(proposal: Proposal, ground: Ground) -> Verdict | None:
    """By how many of the target's values are put together from values of the sources."""
    held = ground.target.value_set(proposal.target.name)
    parts = [frozenset(ground.source.values(column)) for column in proposal.value.columns]
    if not held or not all(parts):
        return _by_names(proposal, ground)
    made = sum(_is_made(text, parts, proposal.separators) for text in held)
    share = made / len(held)
    words = " and ".join(proposal.value.columns)
    said = f"{share:.0%} of {len(held):,} values of {proposal.target.name} are made of values of {words}"
    is_proof = made >= COMMON and share >= _CONTAINED
    if is_proof:
        return Verdict(SPREAD + 0.1 * share, True, (proposal.reason, said))
    return _by_names(proposal, ground, said)


def _is_made(text: str, parts: Sequence[frozenset[str]], separators: Sequence[str]) -> bool:
    """Whether a text is one value of each part, in order, with the separators between them."""
    if len(parts) == 1:
        return text in parts[0]
    cut = separators[0]
    # An empty separator can be anywhere.
    places = range(1, len(text)) if not cut else [i for i in range(1, len(text)) if text.startswith(cut, i)]
    return any(
        text[:place] in parts[0] and _is_made(text[place + len(cut) :], parts[1:], separators[1:])
        for place in places
    )


def _by_cover(proposal: Proposal, ground: Ground) -> Verdict | None:
    """By how many more of the target's values the sources have together."""
    value, target = proposal.value, proposal.target
    family = target_family(value, target)
    held = ground.target.canonical_set(target.name, family)
    given = _given(value, ground.source.rows, family)
    if not held or not given:
        return _by_names(proposal, ground)
    together = len(given & held)
    alone = max(len(ground.source.canonical_set(c, family) & held) for c in value.columns)
    said = f"together they have {together:,} of the target's {len(held):,} values, the best alone {alone:,}"
    is_more = (together - alone) / len(held) >= _COVER_MORE and together >= COMMON
    if is_more and together / len(held) >= _CONTAINED:
        return Verdict(SPREAD + 0.1 * together / len(held), True, (proposal.reason, said))
    return _by_names(proposal, ground, said)


def _by_names(proposal: Proposal, ground: Ground, said: str = "") -> Verdict | None:
    """What the names alone are worth, with what the source's own rows say where the target has no values.

    Args:
        said: how both sides' values compare, where they were looked at and do not prove it.
    """
    if proposal.prior < _MIN_PRIOR:
        return None
    probability = min(proposal.prior, NAMES_ALONE)
    if said:
        return Verdict(_DOUBTFUL * probability, False, (proposal.reason, f"not verified: {said}"))
    if not ground.source.rows:
        unseen = "not verified: there are no values of both sides to compare"
        return Verdict(probability, False, (proposal.reason, unseen))
    value = proposal.value
    trial = tried(value, ground.source.rows, target_family(value, proposal.target))
    if trial.filled >= MIN_ALIGNED and not trial.read:
        return None  # it makes nothing of the values that are there
    if trial.read < _MOST_VALUES * trial.filled:
        probability *= _DOUBTFUL
    unseen = f"not verified: the values of {proposal.target.name} were not seen"
    return Verdict(probability, False, (proposal.reason, f"{unseen}; {trial.sentence()}"))


_WAYS: dict[Basis, Callable[[Proposal, Ground], Verdict | None]] = {
    "values": _by_values,
    "quantiles": _by_quantiles,
    "parts": _by_parts,
    "cover": _by_cover,
}
