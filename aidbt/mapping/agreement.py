"""How far the matcher, asked afresh, agrees with what was decided: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from aidbt.core.schema import Band, ColumnMatch, DecidedBy, MappedColumn, Mapping, Relation
from aidbt.mapping.mapper import source_columns

_BANDS: tuple[Band, ...] = ("accept", "review", "none")
# The normal distribution's 0.975 quantile: 95 of 100 such intervals hold the true share.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided about one target column, and what the matcher says of it.

    Attributes:
        key: "source.table".
        decided: the source column; None when it was decided to have none.
        fresh: the match, made as if nothing had been decided about the table.
    """

    key: str
    target: str
    decided: str | None
    by: DecidedBy
    fresh: ColumnMatch

    @property
    def agrees(self) -> bool:
        return self.fresh.source == self.decided


@dataclass(frozen=True, slots=True)
class Share:
    """How many answers agree with what was decided.

    Attributes:
        columns: the answers that were compared.
        agreed: those that agree.
        expected: the mean probability 0..1 that the matcher gave its answers; None where it gave none, or
            where it answers that there is no match, which has no probability.
    """

    columns: int
    agreed: int
    expected: float | None = None

    @property
    def rate(self) -> float | None:
        """The share 0..1 that agrees; None without columns."""
        return self.agreed / self.columns if self.columns else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate lies that many more columns would show, 0..1, with a confidence of 95 %.

        The score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
        inference", 1927. It is sound for few columns and for rates near 1, unlike the usual one.
        """
        if not self.columns:
            return 0.0, 1.0
        n, rate = self.columns, self.agreed / self.columns
        middle = rate + _Z**2 / (2 * n)
        spread = _Z * sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2))
        whole = 1 + _Z**2 / n
        return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many answers agree, by what the matcher would do with them.

    Attributes:
        accept: those it would decide without a person.
        review: those it would show to a person.
        none: those for which it finds no match.
    """

    accept: Share
    review: Share
    none: Share

    @property
    def overall(self) -> Share:
        """All of them together."""
        shares = self.accept, self.review, self.none
        return Share(sum(share.columns for share in shares), sum(share.agreed for share in shares))


@dataclass(frozen=True, slots=True)
class Change:
    """A decided column about which another matcher says something else, or is sure where the one was not."""

    one: Answer
    other: Answer


def is_decided(column: MappedColumn) -> bool:
    """Whether somebody has decided about a column."""
    return column.status != "review"


def compare(
    mapping: Mapping, relation: Relation, matches: Iterable[ColumnMatch]
) -> tuple[list[Answer], dict[str, str]]:
    """What was decided in a mapping beside what is matched afresh, in the mapping's order.

    A rejected column was decided to have no source.

    Args:
        matches: of the whole table and the whole target.

    Returns:
        The answers; and, by target column, why a decided one cannot be compared.
    """
    found = {match.target: match for match in matches}
    known = {column.name for column in source_columns(relation)}
    answers, left_out = [], {}
    for column in filter(is_decided, mapping.columns):
        source = None if column.status == "rejected" else next(iter(column.sources), None)
        if column.target not in found:
            left_out[column.target] = "its target column is not declared any more"
        elif column.status == "accepted" and not column.is_passthrough:
            left_out[column.target] = "it is made by an expression"
        elif source is not None and source not in known:
            is_there = relation.column(source) is not None
            left_out[column.target] = (
                "its source column was added by loading" if is_there else "its source column is gone"
            )
        else:
            answers.append(Answer(mapping.key, column.target, source, column.by, found[column.target]))
    return answers, left_out


def agreement(answers: Iterable[Answer], by: DecidedBy) -> Agreement:
    """How many answers agree with what people, or aidbt itself, decided."""
    own = [answer for answer in answers if answer.by == by]
    accept, review, none = ([a for a in own if a.fresh.band == band] for band in _BANDS)
    return Agreement(
        _share(accept, _mean_score(accept)), _share(review, _mean_score(review)), _share(none, None)
    )


def _share(answers: Sequence[Answer], expected: float | None) -> Share:
    return Share(len(answers), sum(answer.agrees for answer in answers), expected)


def _mean_score(answers: Sequence[Answer]) -> float | None:
    return sum(answer.fresh.score for answer in answers) / len(answers) if answers else None


def disagreements(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that contradict a decision: people's first, of those what the matcher is surest of."""
    wrong = [answer for answer in answers if not answer.agrees]
    return sorted(wrong, key=lambda a: (a.by != "person", -a.fresh.score, a.key, a.target))


def changes(one: Iterable[Answer], other: Iterable[Answer]) -> list[Change]:
    """Where two matchers answer otherwise about the same decided columns: another source, or another band.

    Those of people's decisions come first, of those what only the one gets right.
    """
    others = {(answer.key, answer.target): answer for answer in other}
    pairs = [Change(a, others[a.key, a.target]) for a in one if (a.key, a.target) in others]
    changed = [
        pair
        for pair in pairs
        if (pair.one.fresh.source, pair.one.fresh.band) != (pair.other.fresh.source, pair.other.fresh.band)
    ]
    return sorted(
        changed,
        key=lambda c: (c.one.by != "person", c.other.agrees - c.one.agrees, c.one.key, c.one.target),
    )
