"""Proposals about one text: a part of it, its prefix, another spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.mapping.transforms.combining import FIRST_NAME, LAST_NAME, MIDDLE_NAME
from aidbt.mapping.transforms.ground import Ground, related, stems
from aidbt.mapping.transforms.judge import COMMON, Proposal
from aidbt.mapping.transforms.numbers import integer, number
from aidbt.mapping.transforms.value import (
    Value,
    after,
    after_last,
    before,
    before_last,
    column_value,
    lower,
    prefixed,
    trimmed,
    upper,
)

_SEPARATORS = (", ", ",", "; ", ";", " - ", "-", "_", "/", "|", "@", ":", ".", " ")
_LATITUDE, _LONGITUDE = frozenset({"lat", "latitude"}), frozenset({"lon", "lng", "long", "longitude"})
_PLACES = frozenset({"coordinate", "coord", "geo", "location", "position", "latlon", "latlng", "point"})
_LIKELY = 0.45
_TRIED_VALUES = 60

_Step = Callable[[Value], Value]


def text_proposals(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Every proposal of this module for one target column."""
    if type_family(target.data_type) in ("text", "other", "integer", "number"):
        for source in sources:
            if type_family(source.data_type) == "text":
                yield from _splits(ground, target, source)
            yield from _prefixes(ground, target, source)
    if type_family(target.data_type) in ("text", "other"):
        for source in sources:
            if type_family(source.data_type) == "text":
                yield from _spellings(ground, target, source)


def _splits(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    value = column_value(source, ground.dialect)
    named = _named_splits(stems(source.name), stems(target.name))
    for says, step in named:
        yield _split(
            value, step, target, _LIKELY, f"the names say that {target.name} is {says} of {source.name}"
        )
    if not _can_tell(ground, target):
        return
    seen = _separators_in(ground.source.values(source.name))
    names = {says for says, _ in named}
    for says, step in _cuts(seen):
        if says not in names:
            yield _split(value, step, target, 0.0, f"{target.name} looks like {says} of {source.name}")


def _can_tell(ground: Ground, target: Column) -> bool:
    """Whether the target's values can show something that no name says."""
    return bool(ground.wanted(target.name)) or len(ground.target.value_set(target.name)) >= COMMON


def _split(value: Value, step: _Step, target: Column, prior: float, reason: str) -> Proposal:
    cut = step(value)
    family = type_family(target.data_type)
    if family in ("integer", "number"):
        cut = integer(cut) if family == "integer" else number(cut)
    return Proposal("split", cut, target, prior, reason)


def _named_splits(source: tuple[str, ...], target: tuple[str, ...]) -> list[tuple[str, _Step]]:
    """What names alone say: the parts of people's names, of e-mail addresses and of coordinates."""
    have, want = set(source), set(target)
    is_whole_name = "name" in have and not have & (FIRST_NAME | LAST_NAME | MIDDLE_NAME)
    if is_whole_name and want & FIRST_NAME:
        return [_cut("before", " ")]
    if is_whole_name and want & LAST_NAME:
        return [_cut("after", " "), _cut("after the last", " ")]
    if have & {"email", "mail"} and "domain" in want:
        return [_cut("after", "@")]
    if have & (_PLACES | (_LATITUDE | _LONGITUDE)) and not (have & _LATITUDE) ^ (have & _LONGITUDE):
        if want & _LATITUDE:
            return [_cut("before", ",")]
        if want & _LONGITUDE:
            return [_cut("after", ",")]
    return []


def _cuts(separators: Sequence[str]) -> Iterator[tuple[str, _Step]]:
    """Every part of a text that one or two of the separators cut out."""
    for separator in separators:
        for where in _CUTS:
            yield _cut(where, separator)
    for outer in separators:
        for inner in separators:
            if inner != outer and inner.strip() != outer.strip():
                yield (
                    f"what stands between '{outer}' and '{inner}'",
                    partial(_between, outer=outer, inner=inner),
                )


_CUTS = {"before": before, "after": after, "after the last": after_last, "before the last": before_last}


def _cut(where: str, separator: str) -> tuple[str, _Step]:
    return f"what stands {where} '{separator}'", partial(_CUTS[where], separator=separator)


def _between(value: Value, *, outer: str, inner: str) -> Value:
    return before(after(value, outer), inner)


def _separators_in(values: Sequence[str]) -> list[str]:
    """The separators that most of the values have; of two that stand in each other the longer."""
    sample = values[:_TRIED_VALUES]
    found = [s for s in _SEPARATORS if sample and sum(s in v for v in sample) >= 0.5 * len(sample)]
    return [s for s in found if not any(s != other and s in other and s != " " for other in found)]


def _prefixes(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    """Text with the same letters before each value, where the other side has the values alone."""
    likely = 0.35 if related(stems(source.name), stems(target.name)) >= 0.5 else 0.0
    value = column_value(source, ground.dialect)
    own, wanted = ground.source.prefix(source.name), ground.target.prefix(target.name)
    if own and not wanted and value.family == "text" and ground.target.value_set(target.name):
        reason = f"every value of {source.name} begins with '{own}', none of {target.name} does"
        yield _split(value, partial(after, separator=own), target, likely, reason)
    if wanted and not own and value.family in ("text", "integer") and ground.source.values(source.name):
        reason = f"every value of {target.name} begins with '{wanted}', none of {source.name} does"
        yield Proposal("prefix", prefixed(value, wanted), target, likely, reason)


def _spellings(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    """The same text in another case, or with blanks around it."""
    if not _can_tell(ground, target) or not ground.source.values(source.name):
        return
    value = column_value(source, ground.dialect)
    likely = 0.35 if related(stems(source.name), stems(target.name)) >= 0.5 else 0.0
    for kind, change in (("upper", upper), ("lower", lower), ("trim", trimmed)):
        reason = f"{target.name} could be {source.name} in another spelling"
        yield Proposal(kind, change(value), target, likely, reason)
