"""What definitions tell besides a name and a formula: ranks, changes since a period before, open windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aidbt.semantic.english.instructions.definition_times import ADVERBS
from aidbt.semantic.english.instructions.formulas import Formula, Operation, formula_of
from aidbt.semantic.query import Grain

# --- ranks --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToldRank:
    """What is ranked, by what, inside of what, in words; `of` and `within` are "" where that is not said."""

    of: str
    by: str
    is_ascending: bool = False
    within: str = ""


_BASED_ON = r"(?:by|based on|according to|in terms of|on|with respect to|in order of)"
_RANKS = (
    re.compile(
        rf"^(?:the )?(?:rank(?:s|ing|ed)?|orders|sorts) (?:of )?(?:each |every |all |the "
        rf"|a )*(?P<of>[\w ]+?),? {_BASED_ON} (?P<by>.+)$",
        re.I,
    ),
    re.compile(
        rf"^(?:an? |the )?(?:[\w ]+? )?rank(?:ing)? of (?:each |every |all |the |an? )*(?P<of>[\w ]+?),? "
        rf"{_BASED_ON} (?P<by>.+)$",
        re.I,
    ),
    re.compile(
        rf"^(?:an? |the )?(?:(?P<of>[\w ]+?)(?:'s|s')? )?rank(?:ing)?,? {_BASED_ON} (?P<by>.+)$", re.I
    ),
)
_FIRST_RANK = re.compile(
    r",? (?:with|where|in which|such that|so that|and|identifying|assigning|giving|meaning"
    r"|(?=(?:the )?rank (?:1|one) (?:is|has|having|being|goes|for)))\b"
    r"(?=[^,]*\b(?:(?:rank|position|place) (?:1|one|first|number one)|top rank|first rank|top|first|#1)\b)"
    r"(?P<said>.*)$",
    re.I,
)
_HIGHEST, _LOWEST = (
    re.compile(rf"\b(?:{words})\b", re.I)
    for words in (
        "highest|most|greatest|largest|biggest|best|longest|maximum",
        "lowest|least|smallest|fewest|worst|shortest|minimum|cheapest|earliest",
    )
)


def rank_told(body: str) -> ToldRank | None:
    """The rank that a body tells; None for another one, or one whose first is not certain.

    Example:
        >>> rank_told("customer rank by total amount, with rank 1 for the lowest amount")
        ToldRank(of='customer', by='total amount', is_ascending=True, within='')
    """
    body = re.sub(r"^.*?, which (?=(?:ranks|orders|sorts) )", "", body)
    first = _FIRST_RANK.search(body)
    said = first["said"] if first else ""
    is_least, is_most = _LOWEST.search(said), _HIGHEST.search(said)
    if first and bool(is_least) == bool(is_most):
        return None
    bare = body[: first.start()] if first else body
    for pattern in _RANKS:
        match = pattern.match(bare)
        if match:
            of, within = _inside(match["of"] or "")
            by, other = _inside(match["by"])
            by = re.sub(r"\b(?:their|its) |^the ", "", by)
            return ToldRank(of, by, bool(is_least), within or other)
    return None


_WITHIN_EACH = re.compile(
    r",? (?:(?:within|inside(?: of)?) (?:each|every|their|its|the same|the)"
    r"|in (?:each|every|their|its|the same)|for (?:each|every)) (?P<within>\w+(?: \w+)?)$",
    re.I,
)


def _inside(text: str) -> tuple[str, str]:
    """A text without "within their category" at its end, and what ranks are counted inside of."""
    match = _WITHIN_EACH.search(text)
    return (text[: match.start()], match["within"]) if match else (text, "")


def ranked_thing(body: str) -> str:
    """What stands before "rank": host revenue, of "host revenue rank, which ..."; "" for nothing."""
    match = re.match(r"^(?:the )?(?P<head>[\w ]+?) rank(?:ing)?\b", body, re.I)
    return match["head"] if match and "rank" not in match["head"].lower() else ""


# --- changes since a period before ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToldChange:
    """What changes, in words, from one length of time to the next.

    Attributes:
        is_percent: whether a relative change is per cent, not a fraction.
        of_formula: the same as a formula calls it, where it is told by one too.
    """

    of: str
    grain: Grain
    kind: Literal["change", "relative_change"]
    is_percent: bool = False
    of_formula: str = ""


_GRAIN = "(?P<grain>day|week|month|quarter|year)"
_ADVERB = "(?P<adverb>daily|weekly|monthly|quarterly|yearly|annual)"
_KIND = (
    r"(?P<kind>(?:absolute |relative |percentage |percent |% )?"
    r"(?:change|growth|difference|increase|variation)(?: rate| percentage)?)"
)
_BEFORE = r"(?:previous|prior|preceding|last)"
_SINCE = r"(?:from|since|over|against|compared (?:to|with)|comparing (?:to|with)|vs\.?|versus|relative to)"
_CHANGES = (
    re.compile(
        rf"^(?:the )?{_GRAIN}[- ](?:over|on|to)[- ](?P=grain) {_KIND} (?:in|of|for) (?P<of>.+)$", re.I
    ),
    re.compile(rf"^(?:the )?(?P<short>[dwmqy])o(?P=short) {_KIND} (?:in|of|for) (?P<of>.+)$", re.I),
    re.compile(rf"^(?:the )?{_ADVERB} {_KIND} (?:in|of|for) (?P<of>.+)$", re.I),
    re.compile(
        rf"^(?:the )?{_KIND} (?:in|of) (?P<of>.+?),? {_SINCE} (?:one {_GRAIN} to the next"
        rf"|(?:that of )?(?:the )?(?:immediately )?{_BEFORE} (?P<before>day|week|month|quarter|year)"
        r"|(?:the )?(?P<earlier>day|week|month|quarter|year) (?:before|earlier))\b.*$",
        re.I,
    ),
)
_SHORT = {
    grain.value[0]: grain.value for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
}
_AGAINST = re.compile(
    rf",? (?:based on|using|{_SINCE}) (?:that of )?(?:the )?(?:immediately )?{_BEFORE} "
    r"(?:day|week|month|quarter|year)(?:'s)?(?: \w+)?",
    re.I,
)


def change_told(bodies: Sequence[str]) -> ToldChange | None:
    """The change that bodies tell, in words and perhaps, more exactly, as a formula.

    Example:
        >>> change_told(["month-over-month change in revenue", "(revenue - previous month revenue)"]).kind
        'change'
    """
    formulas = [found for body in bodies if (found := _change_of_formula(body))]
    words = [found for body in bodies if (found := _change_of_words(body))]
    if not words:
        return formulas[0] if formulas else None
    if not formulas:
        # What is said by a formula that is not understood is not what the words alone say.
        return words[0] if len(bodies) == 1 else None
    return replace(formulas[0], of=words[0].of, of_formula=formulas[0].of)


def _change_of_words(body: str) -> ToldChange | None:
    for pattern in _CHANGES:
        match = pattern.match(body)
        if match:
            groups = match.groupdict()
            grain = next(v for k in ("grain", "before", "earlier", "adverb", "short") if (v := groups.get(k)))
            grain = ADVERBS.get(grain.lower()) or _SHORT.get(grain.lower()) or grain.lower()
            is_relative = bool(re.search(r"relative|percent|%|growth|rate", match["kind"], re.I))
            of = _AGAINST.sub("", match["of"])
            return ToldChange(of, Grain(grain), "relative_change" if is_relative else "change", is_relative)
    return None


_OF_BEFORE = re.compile(
    rf"\b(?:(?:of|in|for|from|at|during) )?(?:the |a )?{_BEFORE} (?P<grain>day|week|month|quarter"
    rf"|year)(?:'s|s')?\b",
    re.I,
)
_OF_THIS = re.compile(
    r"\b(?:(?:(?:of|in|for|from|at|during) )?(?:the |a )?(?:given|current|this|present|that|same)"
    r"|(?:of|in|for) the) (?:day|week|month|quarter|year)(?:'s|s')?\b",
    re.I,
)


def _change_of_formula(body: str) -> ToldChange | None:
    """`(a of the month - a of the month before) / a of the month before * 100`."""
    formula = formula_of(body.replace("_", " "))
    is_percent = (
        isinstance(formula, Operation) and formula.operator == "*" and 100 in (formula.left, formula.right)
    )
    if is_percent and isinstance(formula, Operation):
        formula = formula.left if formula.right == 100 else formula.right
    if not isinstance(formula, Operation):
        return None
    if formula.operator == "/" and isinstance(formula.left, Operation):
        pair = _pair(formula.left)
        is_same = pair is not None and formula.left.right == formula.right
        return ToldChange(*pair, "relative_change", is_percent) if pair and is_same else None
    pair = _pair(formula)
    return ToldChange(*pair, "change") if pair and not is_percent else None


def _pair(formula: Formula) -> tuple[str, Grain] | None:
    """What is taken of a period and of the one before it, where one is taken from the other."""
    if not isinstance(formula, Operation) or formula.operator != "-":
        return None
    later, earlier = formula.left, formula.right
    if not isinstance(later, str) or not isinstance(earlier, str):
        return None
    before = _OF_BEFORE.search(earlier)
    one, other = _OF_THIS.sub(" ", later).split(), _OF_BEFORE.sub(" ", earlier).split()
    is_same = [word.lower() for word in one] == [word.lower() for word in other]
    return (" ".join(one), Grain(before["grain"].lower())) if before and is_same else None


# --- windows that are left open ---------------------------------------------------------------------

_ANY = (
    r"(?:some|any|given|selected?|specified|specific|recent|certain|defined|chosen|particular|designated|desired"
    r"|relevant|required|requested|stated|predefined|unspecified|set)"
)
_SPAN = (
    r"(?:periods?|time ?frames?|time ?ranges?|time ?spans?|windows?|intervals?|durations?|ranges?"
    r"|spans?|times?"
    r"|days?|weeks?|months?|quarters?|years?|dates?)"
)
_WITHIN = (
    r"(?:over|in|within|for|during|from|across|on|since|after|before|until|by)"
    rf" (?:(?:an?|the|any|some)? ?{_ANY}|an?|some|any)"
)
_OPEN = re.compile(
    rf"(?P<clause>,? (?:who|that|which|assessing|considering|focusing on|looking at|for)(?: \w+){{1,4}}?)?"
    rf",? {_WITHIN} (?:\w+ ){{0,2}}?{_SPAN}(?: of \w+)?(?:,? (?:including|inclusive of)[\w ]*)?$"
    r"|(?P<lately>,? (?:who|that|which) (?:have |has |had |were |are )?(?:\w+ recently|recently \w+))$"
    r"|(?P<recent>,? (?:for|over|of|in) recent \w+)$"
    rf"|,? (?:over|in|for|during|within) (?:whatever|whichever|any) {_SPAN} (?:that )?(?:(?:is|was|are) )?"
    r"(?:asked|needed|requested|wanted|chosen|given)(?: for)?$"
    rf"|\s*\({_WITHIN} [\w ]+\)$",
    re.I,
)


def without_open_window(body: str) -> tuple[str, bool]:
    """A body without "over a given period", and whether a time is needed that the question has to say.

    Example:
        >>> without_open_window("average price over a recent period")
        ('average price', True)
        >>> without_open_window("average price in the past 7 days")
        ('average price in the past 7 days', False)
    """
    is_needed = False
    while match := _OPEN.search(body):
        is_needed |= bool(match["clause"] or match["lately"] or match["recent"]) or "recent" in match.group()
        body = body[: match.start()].rstrip(" ,")
    return body, is_needed
