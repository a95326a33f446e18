"""What the phrases of a question ask for, sorted by what they are for, before they are put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Change,
    Filtered,
    First,
    Group,
    Having,
    Nested,
    Number,
    Ranking,
    Shown,
    Sorted,
    Tail,
    Top,
    Whole,
)
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Rows
from aidbt.semantic.query import Grain

# Phrases that say something by themselves, and those between them that hold nothing that could be lost.
SOLID = frozenset(
    """Theirs NumberOfThose Rows Col Amount Number AndNumber Numbers Group AndGroup Cond Link Claim Time
    Periods OrderBy
    Best TopOf TopCols FrequentOf ByNumber Having Whole Nested Filtered Change RankOf Scoped
    Tail AskedRows NumberEach WithCols OnlyOf FirstFew Contrast ForAllOf
    AcrossAll""".split()
)
GLUE = frozenset(
    """Show Comma And Fill CountAll OnAverage Versus Said SaidSpan ThatTime ItsShare AsShare InYear SaidGroup
    Grain Part Ties InUnit AllGroups""".split()
)
STANDING = SOLID | GLUE


@dataclass
class Asked:
    """The phrases of a question.

    Attributes:
        shown: what the question's main sentence names to be seen.
        returned: what later sentences say that the answer should show.
        general: those of the claims that hold of all numbers: said ahead of them, or in a later sentence.
        counts: whether a number of the rows is asked for besides.
        spreads: whether rows are named behind several numbers: "total fee and total amount of payments".
        is_distinct: whether "distinct" ones are counted, as of what may be there several times.
        is_each: whether that number is of each kind of them.
        lists: whether the words ask for rows one by one ("list", "which").
        asks: whether they ask what something is ("what").
        shows: whether words ask to see something, of which there may be one or many.
        is_average: whether it is "on average".
        says_again: what numbers are called that were asked for before: "the total".
        says_when: whether a time is spoken of again: "in that month".
        spans: the units of lengths of time that were spoken of before: "the number of days".
        shares: "percentage" or "fraction" where the share of a number is asked for that stands beside it.
        said_groups: what was named before as making the groups: "of that country".
        those: numbers of "those orders", of which it was said before which they are.
        is_in_year: whether a total runs within the year.
        shares_as: as which of them all shares are asked for, where that is said apart.
        has_ties: whether all that are as good as the last one are asked for.
        times: lengths of time, or parts of it, that are named to be seen, not to group by.
        scopes: the groups that numbers belong to by their definitions.
        has_all: whether groups are asked for too that have nothing in them.
        units: what all numbers are asked for in, where that is said apart.
        compares: whether values that a condition names are to be seen side by side.
    """

    shown: list[Shown] = field(default_factory=list)
    returned: list[Shown] = field(default_factory=list)
    group: Group = Group()
    claims: list[Claim] = field(default_factory=list)
    general: list[Claim] = field(default_factory=list)
    havings: list[Having] = field(default_factory=list)
    orders: list[Sorted] = field(default_factory=list)
    best: list[Best] = field(default_factory=list)
    tops: list[Top] = field(default_factory=list)
    by: list[Number] = field(default_factory=list)
    theirs: list[Number] = field(default_factory=list)
    those: list[Number] = field(default_factory=list)
    wholes: list[Whole] = field(default_factory=list)
    nested: list[Nested] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    filtered: list[Filtered] = field(default_factory=list)
    tails: list[Tail] = field(default_factory=list)
    firsts: list[First] = field(default_factory=list)
    scopes: list[Group] = field(default_factory=list)
    counts: bool = False
    spreads: bool = False
    is_distinct: bool = False
    is_each: bool = False
    lists: bool = False
    shows: bool = False
    asks: bool = False
    is_average: bool = False
    compares: bool = False
    says_again: set[str] = field(default_factory=set)
    spans: set[Grain] = field(default_factory=set)
    says_when: bool = False
    shares: list[str] = field(default_factory=list)
    shares_as: str = ""
    said_groups: list[Rows | Columns] = field(default_factory=list)
    is_in_year: bool = False
    has_ties: bool = False
    has_all: bool = False
    times: Group = Group()
    units: list[str] = field(default_factory=list)

    def numbers(self) -> list[Number]:
        """Every number of the question, those to be seen first, each once."""
        found = [shown for shown in (*self.shown, *self.returned) if isinstance(shown, Number)]
        found += self.by
        bests = [*self.best, *(top.of for top in self.tops if isinstance(top.of, Best))]
        found += [best.by for best in bests if isinstance(best.by, Number)]
        found += [having.number for having in self.havings]
        return list(dict.fromkeys(found))

    def rows(self) -> list[Rows]:
        """The rows that are spoken of."""
        bests = [*self.best, *(top.of for top in self.tops if isinstance(top.of, Best))]
        things = [*self.shown, *(top.of for top in self.tops), *(best.rows for best in bests)]
        found = [thing for thing in things if isinstance(thing, Rows)]
        return found + [t.rows for t in things if isinstance(t, Columns) and t.rows is not None]
