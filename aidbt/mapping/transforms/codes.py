"""Proposals about codes and flags: codes and their labels, words for yes and no, opposites, one status."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.mapping.transforms.ground import MIN_ALIGNED, Ground, Side, related, stems
from aidbt.mapping.transforms.judge import Proposal, Verdict
from aidbt.mapping.transforms.numbers import (
    FALSE_WORDS,
    TRUE_WORDS,
    choice,
    first_true,
    negated,
    truth,
    truth_as,
)
from aidbt.mapping.transforms.value import Value, column_value
from aidbt.warehouse.words import words_of

_MOST_CODES = 60
_ROWS_PER_CODE = 3
_PURITY = 0.98
_LONGEST_CODE = 4
_OPPOSITES = (
    ("active", "inactive"), ("active", "archived"), ("active", "disabled"), ("active", "deleted"),
    ("enabled", "disabled"), ("open", "closed"), ("visible", "hidden"), ("valid", "invalid"),
    ("public", "private"), ("complete", "incomplete"), ("available", "unavailable"), ("paid", "unpaid"),
    ("verified", "unverified"), ("read", "unread"), ("locked", "unlocked"), ("online", "offline"),
    ("approved", "rejected"), ("domestic", "international"), ("subscribed", "unsubscribed"),
)  # fmt: skip
_OPPOSITE = {frozenset(pair) for pair in _OPPOSITES}
_NOT = frozenset({"not", "non", "no", "un", "in", "dis"})
_STATUS = frozenset({"status", "state", "stage"})


def code_proposals(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Every proposal of this module for one target column, but those of `judged_codes`."""
    for source in sources:
        yield from _flags(ground, target, source)
    yield from _status(ground, target, sources)


# --- codes and labels -----------------------------------------------------------------------------------


def judged_codes(
    ground: Ground, target: Column, sources: Sequence[Column]
) -> Iterator[tuple[Proposal, Verdict]]:
    """Codes whose labels the rows, or else the initials of both lists, tell without doubt."""
    if type_family(target.data_type) not in ("text", "other"):
        return
    for source in sources:
        if type_family(source.data_type) not in ("text", "integer", "boolean") or ground.source.is_pii(
            source.name
        ):
            continue
        if ground.target.is_pii(target.name):
            continue
        found = _codes_by_rows(ground, target, source) or _codes_by_initials(ground, target, source)
        if found is not None:
            yield found


def _codes_by_rows(ground: Ground, target: Column, source: Column) -> tuple[Proposal, Verdict] | None:
    """Labels that the aligned rows prove: each code has one label of its own, in enough rows of each."""
    if not 2 <= len(ground.source.value_set(source.name)) <= _MOST_CODES:
        return None
    wanted = ground.wanted(target.name)
    rows = [(code, label) for row, label in wanted if (code := row.get(source.name)) is not None]
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for code, label in rows:
        seen[code][label] += 1
    if len(rows) < MIN_ALIGNED or not 2 <= len(seen) <= min(_MOST_CODES, len(rows) / _ROWS_PER_CODE):
        return None
    labels = {code: counts.most_common(1)[0][0] for code, counts in seen.items()}
    is_rename = len(set(labels.values())) == len(labels) and labels != {code: code for code in labels}
    equal = sum(counts[labels[code]] for code, counts in seen.items())
    thinnest = min(counts[labels[code]] for code, counts in seen.items())
    if not is_rename or equal < _PURITY * len(rows) or thinnest < _ROWS_PER_CODE:
        return None
    reason = f"each of {len(labels)} codes of {source.name} stands for one value of {target.name}"
    said = f"{equal:,} of {len(rows):,} rows aligned by {ground.key} say so; any other code becomes null"
    proposal = _coded(ground, target, source, labels, reason)
    return proposal, Verdict(0.97 + 0.02 * (equal == len(rows)), True, (reason, said))


def _codes_by_initials(ground: Ground, target: Column, source: Column) -> tuple[Proposal, Verdict] | None:
    """Labels that the letters of the codes leave no choice about, and no code or label left over."""
    own, wanted = ground.source.value_set(source.name), ground.target.value_set(target.name)
    if not 2 <= len(own) <= _MOST_CODES or not 2 <= len(wanted) <= _MOST_CODES or own == wanted:
        return None
    codes_first = _labels_by_initials(own, wanted)
    labels_first = _labels_by_initials(wanted, own)
    if codes_first:
        labels = codes_first
    elif labels_first:
        labels = {label: code for code, label in labels_first.items()}
    else:
        return None
    is_related = related(stems(source.name), stems(target.name)) >= 0.5
    # Two or three letters that happen to fit are no proof while the names say nothing.
    is_proof = is_related or len(labels) >= 4
    reason = (
        f"the {len(labels)} values of {source.name} and those of {target.name} are codes and their labels"
    )
    said = "each has one partner by its first letters, and none is left over; any other becomes null"
    proposal = _coded(ground, target, source, labels, reason)
    return proposal, Verdict(0.85 if is_proof else 0.5, is_proof, (reason, said))


def _labels_by_initials(codes: frozenset[str], labels: frozenset[str]) -> dict[str, str]:
    """The label of each code, where there is exactly one for each; else empty."""
    if len(codes) != len(labels) or not all(0 < len(code) <= _LONGEST_CODE for code in codes):
        return {}
    fits = {code: [label for label in labels if _abbreviates(code, label)] for code in codes}
    found = {code: matching[0] for code, matching in fits.items() if len(matching) == 1}
    return found if len(found) == len(codes) == len(set(found.values())) else {}


def _abbreviates(code: str, label: str) -> bool:
    """Whether a code is a longer label's beginning, or its words' initials."""
    code, words = code.casefold(), words_of(label)
    is_shorter = len(code) < len(label)
    initials = "".join(word[0] for word in words)
    return is_shorter and code.isalpha() and (label.casefold().startswith(code) or code == initials)


def _coded(ground: Ground, target: Column, source: Column, labels: dict[str, str], reason: str) -> Proposal:
    value = choice(column_value(source, ground.dialect), labels)
    return Proposal("codes", value, target, 0.5, reason)


# --- flags ----------------------------------------------------------------------------------------------


def _flags(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    """Booleans out of words, words out of booleans, and the opposite of both."""
    value, words = column_value(source, ground.dialect), _yes_no(ground.source, source)
    is_same = related(stems(source.name), stems(target.name)) >= 0.5
    is_opposite = are_opposites(source.name, target.name)
    wants = _yes_no(ground.target, target)
    if words is None or wants is None:
        return
    read = value if value.family == "boolean" else truth(value, *words)
    names = f"{source.name} and {target.name}"
    if is_opposite or ground.pairs:
        flipped = negated(read) if value.family == "boolean" else truth(value, words[1], words[0])
        prior = 0.45 if is_opposite else 0.0
        reason = f"{names} say the opposite" + ("" if is_opposite else " in their rows")
        yield Proposal("negation", _as_wanted(flipped, target, ground), target, prior, reason)
    if (is_same or ground.pairs) and not is_opposite and (value.family == "boolean") != _is_boolean(target):
        prior = 0.45 if is_same else 0.0
        reason = f"{names} both say yes or no, in different words"
        yield Proposal("yes and no", _as_wanted(read, target, ground), target, prior, reason)


def _yes_no(side: Side, column: Column) -> tuple[frozenset[str], frozenset[str]] | None:
    """The words for yes and for no of a column, in lower case; None where it holds anything else."""
    family = type_family(column.data_type)
    if family == "boolean":
        return frozenset({"true"}), frozenset({"false"})
    if family not in ("text", "integer"):
        return None
    held = side.value_set(column.name)
    if len(held) > _MOST_CODES:
        return None
    values = {value.strip().lower() for value in held}
    true, false = values & TRUE_WORDS, values & FALSE_WORDS
    return (frozenset(true), frozenset(false)) if true and false and values <= true | false else None


def _is_boolean(column: Column) -> bool:
    return type_family(column.data_type) == "boolean"


def _as_wanted(value: Value, target: Column, ground: Ground) -> Value:
    """A boolean in the words of the target, where it has any."""
    family = type_family(target.data_type)
    if family not in ("text", "integer"):
        return value
    words = ground.target.value_set(target.name)
    true = next(word for word in sorted(words) if word.strip().lower() in TRUE_WORDS)
    false = next(word for word in sorted(words) if word.strip().lower() in FALSE_WORDS)
    return truth_as(value, true, false, family)


def are_opposites(left: str, right: str) -> bool:
    """Whether two names say the opposite of each other.

    Example:
        >>> are_opposites("is_inactive", "active"), are_opposites("is_active", "active_flag")
        (True, False)
    """
    a, b = words_of(left), words_of(right)
    plain_a, plain_b = set(stems(left)) - _NOT, set(stems(right)) - _NOT
    if any(frozenset((x, y)) in _OPPOSITE for x in plain_a - plain_b for y in plain_b - plain_a):
        return plain_a - plain_b != plain_a or len(plain_a) == 1
    return plain_a == plain_b and ("not" in a or "non" in a) != ("not" in b or "non" in b)


def _status(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Flags that are named as the target's values, the rarest first: what is refunded was paid before."""
    labels = ground.target.value_set(target.name)
    if type_family(target.data_type) not in ("text", "other") or not 2 <= len(labels) <= _MOST_CODES:
        return
    if ground.target.is_pii(target.name):
        return
    by_words = {stems(label): label for label in labels}
    flags = [
        (column, by_words[stems(column.name)])
        for column in sources
        if _is_boolean(column) and stems(column.name) in by_words
    ]
    if len(flags) < 2:
        return
    flags.sort(key=lambda flag: _times_true(ground.source, flag[0].name))
    reason = (
        f"{', '.join(column.name for column, _ in flags)} are named as {len(flags)} of the {len(labels)}"
        f" values of {target.name}; where several are true the first counts, where none is it is null"
    )
    value = first_true([(column_value(column, ground.dialect), label) for column, label in flags])
    prior = 0.5 if set(stems(target.name)) & _STATUS else 0.4
    yield Proposal("flags", value, target, prior, reason, "cover")


def _times_true(side: Side, name: str) -> int:
    return sum(value.lower() in TRUE_WORDS for value in side.values(name))
