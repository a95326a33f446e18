"""Words that ask for numbers, groups, orders and the best: part of the closed list.

Each table gives by category and meaning the phrases that have it, as lemmas, separated by bars.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from aidbt.semantic.english.number_phrases import Change
from aidbt.semantic.query import Grain

Table = Mapping[Hashable, str]


@dataclass(frozen=True, slots=True)
class Direction:
    """How an answer is sorted, and by what kind of thing when the words say so: `newest first`."""

    is_descending: bool
    of: Literal["", "time", "name"] = ""


COUNTS: Table = {
    "count": """count | count of | the count of | how many | number of | the number of | total number of
        | total count of | the total number of | overall number of | amount of | quantity of | no . of | num of
        | count up | how many of""",
    "count_distinct": """how many distinct | how many unique | how many different | number of distinct
        | number of unique | number of different | count of distinct | count of unique | distinct number of
        | total number of unique | total number of distinct | distinct count of | unique count of""",
}
AGGREGATES: Table = {
    "sum": """sum | total | sum of | total of | overall | combined | the sum of | sum up | add up | how much
        | how much be | how much do | total sum of | grand total of | aggregate | summed | total amount of""",
    "avg": "average | mean | avg | average of | the average of | mean of | typical | average value of",
    "median": "median | median of | median value of",
    "max": "maximum | max | maximum of | highest | greatest | largest | biggest | peak | maximal | longest",
    "min": "minimum | min | lowest | smallest | least | minimum of | minimal | fewest | shortest",
    "stddev": "standard deviation of | standard deviation | std dev of | stddev of | stddev",
}
# Of times only: the first of two orders is also one of several.
TIME_AGGREGATES: Table = {
    "max": "last | final | latest | most recent | newest | maximum | max",
    "min": "first | initial | earliest | oldest | minimum | min",
}
SUPERLATIVES: Table = {
    True: "highest | greatest | largest | biggest | best | maximum | top | max",
    False: "lowest | smallest | worst | minimum | min",
}
# Of rows too, for these say that they are counted.
MOSTS: Table = {
    True: """most | the most | most number of | maximum number of | highest number of | largest number of
        | greatest number of | the largest number of | the highest number of | the greatest number of
        | most amount of""",
    False: """least | fewest | the least | the fewest | lowest number of | smallest number of
        | least number of | fewest number of | the lowest number of | the smallest number of""",
}
# The first by what is said besides: the best-selling product by quantity.
LEADING: Table = {
    True: """best-selling | best selling | top-selling | top selling | leading | top-performing
        | top performing | best-performing | best performing | highest-ranking | most successful""",
    False: "worst-selling | worst selling | worst-performing | worst performing | least successful",
}
FREQUENCIES: Table = {
    True: """most common | most frequent | most frequently used | most popular | most used | commonest
        | most commonly used | most often used | most frequently | most commonly | most often""",
    False: """least common | least frequent | least popular | least used | rarest | least often
        | least frequently | least commonly""",
}
GROUPINGS: Table = {
    True: "per | per each",
    False: """each | every | for each | in each | of each | by each | for every | within each | to each
        | at each | with each | on each | from each | in every | by | broken down by | grouped by | split by
        | group by | across | for different | differ by | by the 
         | of every | break down by | broken out by | split out by | each of the
        | segmented by | a breakdown by | breakdown by | separately for each | separately by | depending on
        | for each of the | in each of the | by different | for the different | bucketed by""",
}
SECOND_PARTS: Table = {
    False: "to | over | against | versus | vs | divided by",
    True: "out of | among | out of all | as a share of | as a percentage of | as a fraction of",
}
COUNT_OF_EACH: Table = {
    None: """count | their count | respective count | their respective count | number of each | the count
        | corresponding count | frequency | how many of each | how many there be of each | how many of them
        | how many each | their number | how often | how often do each occur | how often each occur
        | how often do they occur | how often it occur | how often they occur | how many times | number of time""",
}
# What speaks of a number that was asked for before.
_SAID = """share percentage ratio sum total average mean median difference change growth maximum minimum rate
    proportion result""".split() + ["running total", "cumulative total", "percentage change", "percent change"]
SAID_BEFORE: Table = {None: " | ".join(f"{before} {noun}" for noun in _SAID for before in ("the", "that", "their"))}
PRODUCTS: Table = {None: "time | multiplied by | multiply by | * | x"}
REQUESTS: Table = {
    "list": """list | list all | which | in which | on which | during which | name | find | identify | list out | find all | list of | a list of""",
    "ask": "what be | what | calculate | compute | determine | what be the | whats | work out | how much",
    None: """return | show | show me | give | give me | display | get | tell me | retrieve
        | provide | i want | i want to know | let me know | can you | fetch
        | report | select | return the | how | also return | see | show all
        | for | i need | i'd like | i would like | i would like to see | i want to see | pull | pull up
        | can you show me | can you tell me | could you show me | please show | along with | including
        | together with | what about | plus | and also | include | including their | look up
        | draw up | overview of | a table of | break down""",
}
COMPARISONS: Table = {None: "compare | comparison of | a comparison of | contrast"}
SORTINGS: Table = {
    None: """order by | ordered by | sort by | sorted by | order the result by | sort the result by
        | order result by | order the result in | order by the | ordered | sorted | order | sort | ranked by
        | rank by | arrange by | arranged by | in order of | start from | starting from | order them by
        | sorted in order of | sort them by | sort it by | order it by | ordered from | sorted from
        | sorted on | listed by | ranked""",
}
DIRECTIONS: Table = {
    Direction(True): """in descending order | descending | desc | from highest to lowest | highest first
        | from most to least | in decreasing order | from largest to smallest | from longest to shortest
        | from best to worst | best first | with the longest duration first | largest first
        | in descend order | from high to low | in reverse order | from the highest to the lowest | most first
        | biggest first | greatest first | with the highest first | with the largest first
        | with the most first | high to low | from big to small | from top to bottom | top first
        | the highest first | with the biggest first | in descending order of | descending by
        | from the biggest to the smallest | largest to smallest | highest to lowest | longest first""",
    Direction(False): """in ascending order | ascending | asc | from lowest to highest | lowest first
        | from least to most | from shortest to longest | from smallest to largest | in increasing order
        | from low to high | smallest first | with the lowest first | shortest first | low to high
        | lowest to highest | fewest first | from the lowest to the highest | cheapest first
        | smallest to largest | least first""",
    Direction(True, "time"): """newest first | most recent first | latest first | from newest to oldest | from the newest to the oldest
        | with the newest first | with the most recent first | from latest to earliest
        | in reverse chronological order | from most recent to oldest""",
    Direction(False, "time"): """from oldest to newest | from the oldest to the newest
        | from the earliest to the latest | chronologically | earliest first | oldest first
        | in chronological order | starting from the earliest date | from earliest to latest
        | with the earliest first | with the oldest first""",
    Direction(False, "name"): """alphabetically | in alphabetical order | by name alphabetically | from a to z
        | a to z | in alphabetic order""",
}
TOPS: Table = {
    True: "top | first | the top | the first | best | the best",
    False: "bottom | the bottom | worst",
}
RATIOS: Table = {
    "ratio": "ratio | ratio of | the ratio of | ratio between | the ratio between",
    "fraction": """proportion of | fraction of | the proportion of | the fraction of | what proportion of
        | what fraction of | share of | the share of | what share of""",
    "percentage": """percentage of | percent of | the percentage of | what percentage of | what percent of
        | how many percent of | what be the percentage of | pct of | the percent of""",
}
SHARES: Table = {
    "percentage": """as a percentage of | as percentage of | as a percent of | percentage share of
        | 's percentage of | contribution to""",
    "fraction": "as a share of | as a fraction of | as a proportion of",
}
RATES: Table = {"percentage": "rate | percentage | ratio"}
RUNNING: Table = {
    None: """cumulative | running total of | running | cumulated | accumulated | cumulative total of
        | running sum of | cumulative sum of | the running total of | cumulative total | cumulatively""",
}
FIRST: Table = {None: "first | at the top | on top"}
ON_AVERAGE: Table = {"avg": "on average | on an average"}
DIFFERENCES: Table = {
    None: "difference between | the difference between | gap between | the gap between | difference in",
}
EXCESSES: Table = {1: "how many more", -1: "how many fewer | how many less"}
GRAINS: Table = {
    Grain.HOUR: "hourly", Grain.DAY: "daily", Grain.WEEK: "weekly", Grain.MONTH: "monthly",
    Grain.QUARTER: "quarterly", Grain.YEAR: "yearly | annual | annually",
}  # fmt: skip
PARTS: Table = {
    "day_of_week": "day of the week | day of week | weekday | dow",
    "hour": "hour of the day | hour of day | time of day | time of the day",
    "month": "month of the year | calendar month | month of year",
    "day": "day of the month | day of month",
}
_PREVIOUS = ("previous", "prior", "preceding", "last")


class Add(Protocol):
    """What takes phrases of the closed list."""

    def __call__(self, category: str, meaning: Hashable, *texts: str) -> None: ...


def add_number_words(add: Add) -> None:
    """Hand each phrase to `add(category, meaning, *texts)`."""
    tables: dict[str, Table] = {
        "Count": COUNTS, "Agg": AGGREGATES, "TimeAgg": TIME_AGGREGATES, "Sup": SUPERLATIVES, "Most": MOSTS, "Leading": LEADING, "Said": SAID_BEFORE,
        "Often": FREQUENCIES, "Each": GROUPINGS,
        "To": SECOND_PARTS, "CountAll": COUNT_OF_EACH, "Show": REQUESTS, "Versus": COMPARISONS,
        "Order": SORTINGS, "Dir": DIRECTIONS, "Top": TOPS, "Ratio": RATIOS, "ShareOf": SHARES, "Rate": RATES,
        "Running": RUNNING, "OnAverage": ON_AVERAGE, "First": FIRST, "Diff": DIFFERENCES, "Excess": EXCESSES, "Than": {None: "than"},
         "Product": PRODUCTS, "CountAnd": {"count": "number | count"}, "EachGrain": GRAINS, "Part": PARTS,
    }  # fmt: skip
    for category, table in tables.items():
        for meaning, texts in table.items():
            add(category, meaning, *(" ".join(text.split()) for text in texts.split("|")))
    for grain in Grain:
        add("Grain", grain, grain.value)
        _add_changes(add, grain)


def _add_changes(add: Add, grain: Grain) -> None:
    """What compares a period with the one before it."""
    unit = grain.value
    short = unit[0]
    for before in _PREVIOUS:
        for link in (
            "from",
            "vs",
            "versus",
            "compared to",
            "compared with",
            "against",
            "over",
            "to",
            "since",
        ):
            for article in ("the ", ""):
                tail = f"{link} {article}{before} {unit}"
                change = f"change {tail}", f"how it changed {tail}", f"difference {tail}"
                add("Change", Change("change", grain), *change, f"the change {tail}", f"the difference {tail}")
                relative = "percentage change", "percent change", "growth", "% change", "relative change"
                add("Change", Change("relative_change", grain), *(f"{r} {tail}" for r in relative))
                add("Change", Change("relative_change", grain), *(f"the {r} {tail}" for r in relative))
    for over in (
        f"{unit} over {unit}",
        f"{unit}-over-{unit}",
        f"{unit} on {unit}",
        f"{unit}-on-{unit}",
        f"{short}o{short}",
    ):
        add("Change", Change("change", grain), f"{over} change", f"{over} difference", f"change {over}")
        add("Change", Change("relative_change", grain), f"{over} growth", f"{over} growth rate", f"growth {over}",
            f"{over} percentage change", f"{over} percent change", f"{over} change in percent")  # fmt: skip
