"""What waits for a person, one item each: the proposal, what its columns hold, and why it was made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from typing import Literal

from aidbt.core.schema import (
    MODEL_CHOSE,
    ColumnMatch,
    ColumnProfile,
    MappedColumn,
    MappedTest,
    Mapping,
    TableProfile,
    Target,
)
from aidbt.mapping.decisions import SOURCE_GONE


def behind(margin: float | None) -> str:
    """How far a rival is from the match, in words; "" where that is not known.

    Example:
        >>> behind(0.45), behind(-0.14), behind(None)
        (', behind by 45 %', ', ahead by 14 %', '')
    """
    if not margin:
        return ""
    return f", {'behind' if margin > 0 else 'ahead'} by {percent(abs(margin))}"


def percent(share: float) -> str:
    """A probability or share for people; 100 % is certain, and 0 % impossible.

    Example:
        >>> percent(0.864), percent(0.9999), percent(1), percent(0.001)
        ('86 %', '99 %', '100 %', '<1 %')
    """
    if 0 < share < 0.01:
        return "<1 %"
    return f"{100 if share >= 1 else min(round(100 * share), 99)} %"


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """What a source column holds, as its table's profile knows it.

    Attributes:
        values: up to 5 (value, share 0..1 of the sampled rows), most frequent first, cut after 60 characters;
            none for personal data, and where values are not kept.
        minimum, maximum: as text; "" where they are not known or not shown.
        null_rate: 0..1 of all rows.
        hidden: the kind of personal data, whose values are not shown; "" for none.
        lengths: the fewest and the most characters of its texts; None where that is not known.
        formats: what its texts read as, with the share 0..1 of the sampled rows, most frequent first.
    """

    column: str
    data_type: str
    values: tuple[tuple[str, float], ...] = ()
    minimum: str = ""
    maximum: str = ""
    null_rate: float = 0.0
    hidden: str = ""
    lengths: tuple[int, int] | None = None
    formats: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """What it holds, in one line.

        Example:
            >>> ColumnSample("origin", "VARCHAR", (("EWR", 0.36), ("JFK", 0.33))).text
            'EWR 36 %, JFK 33 %'
            >>> ColumnSample("mail", "VARCHAR", hidden="email", null_rate=0.5, lengths=(9, 31)).text
            'values not shown: email; 9 to 31 characters; 50 % null'
            >>> ColumnSample("zip", "VARCHAR", lengths=(5, 5), formats=(("integer", 1.0),)).text
            'values not kept; 5 characters; 100 % integer'
        """
        if self.hidden:
            held = "; ".join([f"values not shown: {self.hidden}", *self._shape])
        elif self.values:
            # Shares only where they tell something: not of numbers that hardly repeat.
            held = ", ".join(f"{v} {percent(share)}" if share >= 0.01 else v for v, share in self.values)
        elif self.minimum or self.maximum:
            held = f"{self.minimum} … {self.maximum}"
        else:
            held = "no value" if self.null_rate == 1 else "; ".join(["values not kept", *self._shape])
        return held + (f"; {percent(self.null_rate)} null" if 0 < self.null_rate < 1 else "")

    @property
    def _shape(self) -> Iterator[str]:
        """What can be told of values without showing one."""
        if self.lengths is not None:
            fewest, most = self.lengths
            several = f"{most:,} characters" if most != 1 else "1 character"
            yield several if fewest == most else f"{fewest:,} to {several}"
        if self.formats:
            yield ", ".join(f"{percent(share)} {name}" for name, share in self.formats)


@dataclass(frozen=True, slots=True)
class Impact:
    """How much hangs on one question.

    Attributes:
        named_in: the models that read its staging model, also through others, and name its column.
        models: how many models read its staging model, also through others.
        rows: of its table; None where that is not known.
    """

    named_in: tuple[str, ...] = ()
    models: int = 0
    rows: int | None = None

    @property
    def text(self) -> str:
        """How much it is, in one line.

        Example:
            >>> Impact(("dim_user",), 3, 1200).text, Impact(rows=1).text, Impact().text
            ('in 1 of 3 models, 1,200 rows', '1 row', '')
        """
        models = f"in {len(self.named_in)} of {_count(self.models, 'model')}" if self.models else ""
        rows = _count(self.rows, "row") if self.rows is not None else ""
        return ", ".join(part for part in (models, rows) if part)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One question to a person.

    Attributes:
        selector: what `accept`, `reject`, `choose` and `never` take.
        key: the "source.table" it is about.
        proposal: the source column, or the values of a proposed test; "" when nothing was found.
        score: the probability 0..1 that the proposal is right; None where none was given.
        alternatives: the next best source columns with their probabilities, best first.
        test: the proposed test's name; "" for a column.
        column: the column of the staging model.
        target: the declared target it is a column of; "" for none, and then nothing is matched.
        wanted_type, description: what its target declares; "" for nothing.
        sources, source_type, cast, expression: how it would be made.
        never: source columns that are not to be proposed for it again.
        samples: what the proposed source columns and the alternatives hold, where it is known.
        gone: the proposed source columns that the table does not have, as far as that is known.
        signals, reasons, rival, margin: why (`ColumnMatch`), where that was asked for.
        impact: how much hangs on it; None where that was not asked for.
    """

    selector: str
    key: str
    proposal: str
    score: float | None
    note: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    test: str = ""
    column: str = ""
    target: str = ""
    wanted_type: str = ""
    description: str = ""
    sources: tuple[str, ...] = ()
    source_type: str = ""
    cast: str | None = None
    expression: str | None = None
    never: tuple[str, ...] = ()
    samples: tuple[ColumnSample, ...] = ()
    gone: tuple[str, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    rival: str = ""
    margin: float | None = None
    impact: Impact | None = None

    @property
    def kind(self) -> Literal["column", "test"]:
        return "test" if self.test else "column"

    @property
    def can_accept(self) -> bool:
        """Whether it can be accepted as it stands: something is proposed, and no cast needs an expression."""
        is_gone = self.gone or self.note.startswith(SOURCE_GONE)
        return bool(self.test or (self.sources and not is_gone and not self._loses_values))

    @property
    def _loses_values(self) -> bool:
        """Whether its note says that the plain cast loses something: the same source needs an expression."""
        is_plain = bool(self.cast) and not self.expression
        return is_plain and bool(self.note) and not self.note.startswith(MODEL_CHOSE)

    @property
    def commands(self) -> dict[str, str]:
        """What decides it, ready to be pasted, the likely first; SOURCE_COLUMN and SQL are to be written."""
        where = shlex.quote(self.selector)
        reject = {"reject": f"aidbt review reject {where}"}
        if self.test:
            return {"accept": f"aidbt review accept {where}", **reject}
        if self._loses_values and not self.gone:
            other = f"{shlex.join(self.sources)} --expression SQL"
        else:
            other = shlex.quote(self.alternatives[0][0]) if self.alternatives else "SOURCE_COLUMN"
        choose = {"choose": f"aidbt review choose {where} {other}"}
        is_guess = bool(self.target) or self.score is not None
        never = {"never": f"aidbt review never {where}"} if is_guess and len(self.sources) == 1 else {}
        if self.can_accept:
            return {"accept": f"aidbt review accept {where}", **reject, **choose, **never}
        return {**choose, **reject, **never}

    def sample(self, column: str) -> ColumnSample | None:
        """What that source column holds, or None when it is not known."""
        return next((sample for sample in self.samples if sample.column == column), None)


def items_of(mappings: Sequence[Mapping], targets: Dict[str, Target]) -> list[ReviewItem]:
    """What waits in the given mappings, columns before tests."""
    columns = [_column_item(m, c, targets.get(m.target or "")) for m in mappings for c in m.waiting()]
    tests = [_test_item(m, test) for m in mappings for test in m.waiting_tests()]
    return [*columns, *tests]


def _column_item(mapping: Mapping, column: MappedColumn, target: Target | None) -> ReviewItem:
    wanted = next((c for c in target.columns if c.name == column.target), None) if target else None
    return ReviewItem(
        f"{mapping.key}.{column.target}",
        mapping.key,
        " + ".join(column.sources),
        column.score,
        column.note,
        tuple(other for other in column.alternatives if other[0] not in column.never),
        column=column.target,
        target=mapping.target or "",
        wanted_type=wanted.data_type if wanted else "",
        description=(wanted.description if wanted else "") or column.description,
        sources=column.sources,
        source_type=column.source_type,
        cast=column.cast,
        expression=column.expression,
        never=column.never,
    )


def _test_item(mapping: Mapping, test: MappedTest) -> ReviewItem:
    made = next((c for c in mapping.columns if c.target == test.column), None)
    return ReviewItem(
        f"{mapping.key}.{test.column}:{test.test}",
        mapping.key,
        f"{test.to}.{test.field}" if test.to else ", ".join(test.columns or test.values),
        None,
        test.note,
        test=test.test,
        column=test.column,
        sources=made.sources if made else (),
        source_type=made.source_type if made else "",
    )


def with_samples(items: Sequence[ReviewItem], profiles: Dict[str, TableProfile]) -> list[ReviewItem]:
    """The items with what their source columns hold, as far as their tables' profiles are at hand.

    Args:
        profiles: by "source.table".
    """
    return [_with_sample(item, profiles[item.key]) if item.key in profiles else item for item in items]


_VALUES = 5
_LONGEST = 60  # characters of a value: one may hold megabytes
_WORTH_SAYING = 0.05  # of the rows, that read as something


def _with_sample(item: ReviewItem, profile: TableProfile) -> ReviewItem:
    known = {column.name: column for column in profile.columns}
    names = dict.fromkeys([*item.sources, *(name for name, _ in item.alternatives)])
    return replace(
        item,
        samples=tuple(column_sample(known[name]) for name in names if name in known),
        gone=tuple(name for name in item.sources if name not in known),
    )


def column_sample(column: ColumnProfile) -> ColumnSample:
    """What may be shown of a profiled column: of personal data no value, only its kind and its form."""
    is_known = column.min_length is not None and column.max_length is not None
    formats = sorted(column.formats.items(), key=lambda item: -item[1])
    about = ColumnSample(
        column.name,
        column.data_type,
        null_rate=column.null_rate,
        hidden=column.pii,
        lengths=(column.min_length or 0, column.max_length or 0) if is_known else None,
        formats=tuple((name, share) for name, share in formats if share >= _WORTH_SAYING and name != "code"),
    )
    if column.pii:
        return about
    return replace(
        about,
        values=tuple((_short(value), share) for value, share in column.top_values[:_VALUES]),
        minimum=_short(column.minimum or ""),
        maximum=_short(column.maximum or ""),
    )


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"


def with_evidence(items: Sequence[ReviewItem], matches: Dict[str, ColumnMatch]) -> list[ReviewItem]:
    """The items with why each was proposed, where a match says so about the same proposal.

    Args:
        matches: by selector, as they are found now; a person or an older run may have proposed otherwise.
    """
    return [
        replace(
            item,
            signals=found.signals,
            reasons=found.reasons,
            rival=found.rival,
            margin=found.margin,
        )
        if (found := matches.get(item.selector)) is not None and (found.source or "") == item.proposal
        else item
        for item in items
    ]
