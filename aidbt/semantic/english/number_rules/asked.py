"""What the phrases of a question ask for, sorted by what they are for, before they are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import cast

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Change,
    Filtered,
    First,
    Frequent,
    Group,
    Having,
    Nested,
    Number,
    Numbers,
    Ranking,
    Scoped,
    Shown,
    Sorted,
    Tail,
    Top,
    TopColumns,
    Whole,
)
from aidbt.semantic.english.meanings.phrases import (
    Amount,
    Claim,
    Claims,
    Columns,
    Condition,
    Link,
    Opposite,
    Recurring,
    Rows,
)
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import DatePart, Grain, Measure, parts

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
# What a verb that asks stands behind: of "cards that were given for …" it is none.
_BEFORE_SHOW = ("", "Show", "Comma", "And", "Group")


@dataclass
class Asked:
    """The phrases of a question.

    Attributes:
        shown: what the question's main sentence names to be seen.
        returned: what later sentences say that the answer should show.
        general: those of the claims that hold of all numbers: said ahead of them, or in a later sentence.
        counts: whether a number of the rows is asked for besides.
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


def asked_of(sentences: Sequence[Iterable[Item]]) -> Asked:
    """What all sentences of a question ask for; the first one is what it is about.

    Raises:
        Refused: a phrase means something only beside another one.
    """
    questions = [part for sentence in sentences for part in _questions(list(sentence))]
    first, *others = [_collected(question) for question in questions]
    _check_said_after(questions)
    if first.says_when:
        raise Refused("a time is spoken of that was not named before")
    if first.spans:
        raise Refused("a length of time is asked for, and it is not said between what")
    for other in others:
        _add_sentence(first, other)
    first.tops = list(dict.fromkeys(first.tops))
    _settle(first)
    orders = first.orders
    if orders and orders[0].after not in (None, orders[0].by):
        raise Refused("it is said how to sort what is alike, and not by what to sort first")
    first.orders = [order for place, order in enumerate(orders) if not _is_told_again(place, orders)]
    return first


def _questions(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The questions of a sentence: "how many orders came in 2024, and what was the total freight" are two, of
    which the second is of what the first one counts.
    """
    for place, (one, other) in enumerate(pairwise(items)):
        before, rest = items[:place], [item for item in items[place + 2 :] if item.category != "Fill"]
        numbers = [item.meaning for item in before if isinstance(item.meaning, Number)]
        is_asked = (one.category, other.category, other.meaning) == ("And", "Show", "ask")
        if not is_asked or [item.category for item in rest] != ["Number"]:
            continue
        is_bare = not any(word.category in ("Rows", "Poss") for word in rest[0].words())
        if is_bare and len(numbers) == 1:
            return [before, items[place + 1 :]]
    return [items]


def _add_sentence(first: Asked, other: Asked) -> None:
    """Add what a later sentence asks for.

    Raises:
        Refused: its condition may be of one number or of all.
    """
    if other.counts and other.claims:
        raise Refused("it is not certain whether a condition is of one number or of all")
    first.returned += other.shown
    first.general += other.claims
    first.group |= other.group
    first.times |= other.times
    first.says_again |= other.says_again
    first.spans |= other.spans
    first.shares += other.shares
    first.said_groups += other.said_groups
    first.shares_as = first.shares_as or other.shares_as
    for name in (
        "claims",
        "havings",
        "orders",
        "best",
        "tops",
        "by",
        "theirs",
        "wholes",
        "nested",
        "changes",
        "rankings",
        "filtered",
        "tails",
        "firsts",
        "units",
        "scopes",
    ):
        getattr(first, name).extend(getattr(other, name))
    for name in (
        "counts",
        "is_each",
        "is_average",
        "compares",
        "shows",
        "has_ties",
        "has_all",
        "is_in_year",
    ):
        setattr(first, name, getattr(first, name) or getattr(other, name))


def _check_said_after(sentences: Sequence[Sequence[Item]]) -> None:
    """That "the total" is of a number that was spoken of before it; of how many there are only where it is
    told what to show: "return the month and the total", but not "how many are there, and what is the total".

    Raises:
        Refused: it is of something else.
    """
    measured: list[object] = []
    for items in sentences:
        is_shown = False
        for item in items:
            if item.category == "Said" and item.meaning in _FIGURES:
                counts = all(m.function.startswith("count") for m in _measures_of(measured))
                is_other = counts and item.meaning in ("total", "sum") and not is_shown
                if not measured or is_other:
                    raise Refused(f"the {item.meaning} is asked for, and it is not said of what")
            if isinstance(item.meaning, _MEASURED) or item.category == "CountAll":
                measured.append(item.meaning)
            is_shown |= item.category == "Show" and item.meaning in (None, "list")


def _measures_of(said: Sequence[object]) -> Iterator[Measure]:
    return (part for part in parts(tuple(said)) if isinstance(part, Measure))


_FIGURES = {"total", "sum", "average", "mean", "median", "maximum", "minimum", "result"}
_MEASURED = (Number, Numbers, Best, Top, TopColumns, Scoped, Nested, Whole, Having, Change, Frequent)


def _is_told_again(place: int, orders: Sequence[Sorted]) -> bool:
    """Whether a later order says of the same column in which direction: "by price, from high to low"."""
    one = orders[place]
    if one.is_descending is not None or not isinstance(one.by, Columns):
        return False
    later = [other.by for other in orders[place + 1 :] if other.is_descending is not None]
    return any(isinstance(by, Columns) and by.terms == one.by.terms for by in later)


def _collected(items: Iterable[Item]) -> Asked:
    asked = Asked()
    last = ""
    for item in items:
        asked.compares |= item.category == "Periods"
        if item.category not in STANDING:
            raise Refused("it is not understood how these words belong to the rest", spans=())
        if last == "Said" and isinstance(item.meaning, Rows | Columns | Amount):
            raise Refused("it is not certain what is said of a number that was asked for before")
        if item.category == "Show" and item.meaning != "besides" and last not in _BEFORE_SHOW:
            raise Refused("it is not certain whether something else is asked for")
        if item.category in ("Number", "Theirs", "NumberOfThose") and last in ("Number", "Numbers"):
            raise Refused("two numbers stand side by side, and it is not said how they belong together")
        if last == "Show" and item.category in ("Link", "Claim"):
            raise Refused("it is said what holds of something, and not of what")
        _take(asked, item)
        last = last if item.category == "Fill" else item.category
    if last in ("And", "Show"):
        raise Refused("something is asked for at the end that is not understood")
    return asked


def _take(asked: Asked, item: Item) -> None:
    meaning = item.meaning
    match meaning:
        case Numbers(items):
            asked.shown += items
        case Group():
            asked.group |= meaning
        case Sorted():
            asked.orders.append(meaning)
        case Best():
            asked.best.append(meaning)
        case Top():
            asked.tops.append(meaning)
        case TopColumns(columns, top):
            asked.shown.append(columns)
            asked.tops.append(top)
        case Frequent():
            asked.tops.append(Top(1, meaning))
        case First():
            asked.firsts.append(meaning)
        case Having():
            asked.havings.append(meaning)
        case Whole():
            asked.wholes.append(meaning)
        case Filtered():
            asked.filtered.append(meaning)
        case Tail():
            asked.tails.append(meaning)
        case Nested():
            asked.nested.append(meaning)
        case Change():
            asked.changes.append(meaning)
        case Ranking():
            asked.rankings.append(meaning)
        case Scoped():
            _take_scoped(asked, item)
        case Number() if item.category == "Theirs":
            asked.theirs.append(meaning)
        case Number() if item.category == "NumberOfThose":
            asked.those.append(meaning)
        case Number() if item.category == "ByNumber":
            asked.by.append(meaning)
        case Rows() | Columns() if item.category == "SaidGroup":
            asked.said_groups.append(meaning)
        case Condition() | Link() if item.category == "Contrast":
            asked.claims.append(meaning)
            asked.general.append(meaning)
            asked.compares = True
        case Condition() | Link() | Claims() | Opposite() | Period() | Recurring():
            asked.claims.append(meaning)
            if not (asked.numbers() or asked.wholes or asked.nested):
                asked.general.append(meaning)
        case Rows() | Columns() | Amount() | Number():
            asked.shown.append(meaning)
        case _:
            _take_glue(asked, item)


def _take_scoped(asked: Asked, item: Item) -> None:
    """What belongs to groups of its own by a definition, or by "each" before it."""
    match item.meaning:
        case Scoped(Number() as number, group) if item.category == "NumberEach":
            asked.shown.append(number)
            asked.group |= group
        case Scoped(Top() as top, group):
            asked.tops.append(top)
            asked.scopes.append(group)
        case Scoped(TopColumns(columns, top), group):
            asked.shown.append(columns)
            asked.tops.append(top)
            asked.scopes.append(group)
        case Scoped(Number() as number, group):
            asked.shown.append(number)
            asked.scopes.append(group)
        case _:
            _take_glue(asked, item)


def _take_glue(asked: Asked, item: Item) -> None:
    if item.category not in GLUE:
        raise Refused("it is not understood how these words belong to the rest")
    asked.counts |= item.category == "CountAll"
    asked.is_each |= item.category == "CountAll" and item.meaning == "each"
    asked.is_average |= item.category == "OnAverage"
    asked.compares |= item.category == "Versus"
    asked.has_all |= item.category == "AllGroups"
    asked.says_when |= item.category == "ThatTime"
    if item.category == "SaidSpan":
        asked.spans.add(Grain(str(item.meaning)))
        return
    if item.category == "Said":
        asked.says_again.add(str(item.meaning))
    if item.category == "ItsShare":
        asked.shares.append(str(item.meaning))
    asked.is_in_year |= item.category == "InYear"
    if item.category == "AsShare":
        asked.shares_as = str(item.meaning)
    asked.has_ties |= item.category == "Ties"
    if item.category == "InUnit":
        asked.units.append(str(item.meaning))
    if item.meaning in (Grain.SECOND, Grain.MINUTE):
        raise Refused("it is not certain whether a length of time is meant")
    if isinstance(item.meaning, Grain):
        asked.times |= Group(grains=(item.meaning,))
    if item.category == "Part":
        asked.times |= Group(parts=(cast("DatePart", item.meaning),))
    asked.lists |= item.category == "Show" and item.meaning == "list"
    asked.asks |= item.category == "Show" and item.meaning == "ask"
    asked.shows |= item.category == "Show" and item.meaning is None


def _settle(asked: Asked) -> None:
    """Of a column that several tables have, take the one of a table that is spoken of."""
    spoken = [shown.table for shown in asked.shown if isinstance(shown, Amount)]
    spoken += [rows.table for rows in (*asked.group.rows, *asked.rows())]
    spoken += [number.table for number in asked.numbers()]
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    if any(not top.is_descending for top in asked.tops) and any(best.is_descending for best in bests):
        raise Refused("the last of what has most is asked for, and it is not certain which end is meant")
    asked.returned = [_grouped_by(shown, asked.group) for shown in asked.returned]
    asked.shown = [_settled(shown, spoken) for shown in asked.shown]
    asked.returned = [_settled(shown, spoken) for shown in asked.returned]
    asked.tops = [_settled_top(top, spoken) for top in asked.tops]
    asked.orders = [_settled_order(order, spoken) for order in asked.orders]
    rivals = dict(asked.group.rivals)
    columns = [Columns((term,), None, rivals.get(term, ())) for term in asked.group.terms]
    settled = [_settled(column, spoken) for column in columns]
    terms = tuple(column.terms[0] for column in settled if isinstance(column, Columns))
    asked.group = replace(asked.group, terms=tuple(dict.fromkeys(terms)))


def _settled_top(top: Top, spoken: Sequence[str]) -> Top:
    """`top 5 countries by number of users`: the users' own country."""
    match top.of:
        case Columns() as columns:
            settled = _settled(columns, spoken)
            return replace(top, of=settled) if isinstance(settled, Columns) else top
        case Best(rows=Columns() as columns) as best:
            settled = _settled(columns, spoken)
            return replace(top, of=replace(best, rows=settled)) if isinstance(settled, Columns) else top
    return top


def _settled_order(order: Sorted, spoken: Sequence[str]) -> Sorted:
    """`the five heaviest parcels, ordered by weight`: the parcels' own weight."""
    return replace(order, by=_settled(order.by, spoken)) if isinstance(order.by, Columns) else order


def _grouped_by(shown: Shown, group: Group) -> Shown:
    """The column that makes the groups, where one that is called the same is to be shown."""
    if isinstance(shown, Columns) and shown.rows is None and len(shown.terms) == 1:
        for term in group.terms:
            if term in shown.alike and term != shown.terms[0]:
                return replace(shown, terms=(term,), alike=())
    return shown


def _settled(shown: Shown, spoken: Sequence[str]) -> Shown:
    if not isinstance(shown, Columns) or shown.rows is not None or len(shown.terms) != 1:
        return shown
    for table in spoken:
        if shown.terms[0].table == table:
            return shown
        for other in shown.alike:
            if other.table == table:
                return replace(shown, terms=(other,), alike=())
    return shown
