"""The closed list of English that questions are made of, beside the words of the data."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from aidbt.semantic.english.tokens import Token
from aidbt.semantic.query import Grain

Entry = tuple[str, Hashable]
_MARKS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "!=": "<>", "<>": "<>"}


def _phrases() -> dict[tuple[str, ...], list[Entry]]:
    found: dict[tuple[str, ...], list[Entry]] = {}

    def add(category: str, meaning: Hashable, *texts: str) -> None:
        for text in texts:
            found.setdefault(tuple(text.split()), []).append((category, meaning))

    add(
        "Count",
        "count",
        "how many",
        "number of",
        "the number of",
        "count of",
        "total number of",
        "total count of",
        "amount of",
        "quantity of",
        "the count of",
        "the total number of",
        "overall number of",
    )
    add(
        "Count",
        "count_distinct",
        "how many distinct",
        "how many unique",
        "how many different",
        "number of distinct",
        "number of unique",
        "number of different",
        "count of distinct",
        "count of unique",
        "distinct number of",
        "total number of unique",
        "total number of distinct",
    )
    add(
        "Agg",
        "sum",
        "total",
        "sum of",
        "total of",
        "sum",
        "overall",
        "combined",
        "the sum of",
        "cumulative total",
    )
    add("Agg", "avg", "average", "mean", "avg", "average of", "the average of", "mean of")
    add("Agg", "median", "median", "median of")
    add(
        "Agg",
        "max",
        "maximum",
        "max",
        "maximum of",
        "highest",
        "greatest",
        "largest",
        "biggest",
        "latest",
        "peak",
    )
    add("Agg", "min", "minimum", "min", "lowest", "smallest", "least", "earliest", "minimum of")
    add("Agg", "stddev", "standard deviation of", "standard deviation")
    add(
        "Sup",
        True,
        "highest",
        "greatest",
        "largest",
        "biggest",
        "most",
        "best",
        "maximum",
        "latest",
        "newest",
        "most recent",
        "longest",
        "top",
        "the most",
        "more",
        "max",
        "most number of",
        "maximum number of",
    )
    add(
        "Sup",
        False,
        "lowest",
        "smallest",
        "least",
        "fewest",
        "worst",
        "minimum",
        "earliest",
        "oldest",
        "shortest",
        "cheapest",
        "the least",
        "the fewest",
        "min",
    )
    add(
        "Frequent",
        True,
        "most common",
        "most frequent",
        "most frequently used",
        "most popular",
        "most used",
        "most commonly used",
        "most often used",
        "most frequently",
    )
    add("Frequent", False, "least common", "least frequent", "least popular", "least used", "rarest")
    add(
        "Cmp",
        ">",
        "more than",
        "greater than",
        "over",
        "above",
        "higher than",
        "larger than",
        "bigger than",
        "exceeding",
        "longer than",
        "exceed",
        "great than",
        "later than",
    )
    add(
        "Cmp",
        ">=",
        "at least",
        "no less than",
        "no fewer than",
        "not less than",
        "greater than or equal to",
        "minimum of",
        "more than or equal to",
    )
    add("Cmp", "<", "less than", "fewer than", "below", "under", "lower than", "smaller than", "shorter than")
    add(
        "Cmp",
        "<=",
        "at most",
        "no more than",
        "not more than",
        "less than or equal to",
        "maximum of",
        "up to",
    )
    add("Cmp", "=", "exactly", "equal to", "equal", "precisely", "of exactly")
    add("CmpAfter", ">=", "or more", "or above", "or higher", "or greater", "and above", "or over", "+")
    add("CmpAfter", "<=", "or less", "or fewer", "or below", "or lower", "and below", "or under")
    add(
        "Each",
        None,
        "each",
        "every",
        "per",
        "for each",
        "in each",
        "of each",
        "by each",
        "for every",
        "within each",
        "to each",
        "at each",
        "with each",
        "on each",
        "from each",
        "in every",
        "by",
        "broken down by",
        "grouped by",
        "split by",
        "group by",
        "across",
        "for all",
        "across all",
        "for different",
        "differ by",
        "by the",
        "each type of",
        "across different",
    )
    add(
        "Neg",
        None,
        "not",
        "never",
        "n't",
        "no",
        "neither",
        "without",
        "without any",
        "not any",
        "no any",
        "lack",
        "not have any",
        "cannot",
    )
    add("To", False, "to", "over", "against", "versus")
    add("To", True, "out of", "among", "out of all")
    add("NameOf", None, "name", "title")
    add(
        "Like",
        "starts",
        "start with",
        "begin with",
        "starting with",
        "beginning with",
        "start with the letter",
        "begin with the letter",
        "starting with the letter",
    )
    add(
        "Like",
        "ends",
        "end with",
        "ending with",
        "end in",
        "ending in",
        "end with the letter",
        "ending with the letter",
        "ending in the letter",
    )
    add("Like", "contains", "contain", "containing", "include", "including", "that contain", "like", "match")
    add(
        "CountAll",
        None,
        "count",
        "their count",
        "respective count",
        "their respective count",
        "number of each",
        "the count",
        "corresponding count",
        "frequency",
    )
    add(
        "Prep",
        None,
        "of",
        "in",
        "for",
        "to",
        "from",
        "with",
        "on",
        "at",
        "within",
        "among",
        "into",
        "under",
        "during",
        "by",
        "as",
        "about",
        "out of",
        "through",
        "via",
        "located in",
        "based in",
        "located on",
        "located at",
        "living in",
        "who live in",
        "live in",
        "belong to",
        "part of",
        "in the",
        "whose",
    )
    add("Rel", None, "who", "that", "which", "whose", "where", "whom", "when")
    add(
        "Fill",
        None,
        "the",
        "a",
        "an",
        "all",
        "any",
        "be",
        "have",
        "do",
        "there",
        "me",
        "please",
        "their",
        "its",
        "his",
        "her",
        "your",
        "our",
        "they",
        "it",
        "them",
        "we",
        "i",
        "us",
        "also",
        "only",
        "distinct",
        "unique",
        "different",
        "that be",
        "so",
        "then",
        "of all",
        "respective",
        "respectively",
        "corresponding",
        "along",
        "together",
        "own",
        "given",
        "certain",
        "specific",
        "database",
        "in the database",
        "in total",
        "total",
        "overall",
        "result",
        "record",
        "list of",
        "the list of",
        "distinct list of",
        "of the",
        "would",
        "can",
        "could",
        "will",
        "should",
        "who be",
        "ever",
        "'s",
        "such",
        "currently",
        "what",
        "all of the",
        "some",
        "these",
        "those",
        "this",
        "made",
        "associated",
        "available",
        "existing",
        "value",
        "query",
        "as well",
        "each of",
        "just",
        "occurred",
        "happened",
        "occur",
        "happen",
        "information",
        "detail",
        "considering",
        "consider",
        "named",
        "called",
        "titled",
        "combination of",
        "type of",
        "kind of",
        "change over",
        "differ",
    )
    add("And", None, "and", "as well as", "along with", "together with", "plus", "and also")
    add("Or", None, "or")
    add(
        "Show",
        None,
        "what be",
        "which",
        "who",
        "who be",
        "what",
        "return",
        "list",
        "show",
        "show me",
        "give",
        "give me",
        "display",
        "find",
        "get",
        "tell me",
        "retrieve",
        "provide",
        "name",
        "identify",
        "what's",
        "calculate",
        "compute",
        "determine",
        "i want",
        "i want to know",
        "let me know",
        "can you",
        "what were",
        "fetch",
        "report",
        "select",
        "what be the",
        "return the",
        "how do",
        "how",
        "also return",
        "how many",
        "see",
        "show all",
        "list all",
        "for",
    )
    add(
        "Order",
        None,
        "order by",
        "ordered by",
        "sort by",
        "sorted by",
        "order the result by",
        "sort the result by",
        "order result by",
        "order the result in",
        "order by the",
        "ordered",
        "sorted",
        "order",
        "sort",
        "ranked by",
        "rank by",
        "arrange by",
        "arranged by",
        "in order of",
        "start from",
        "starting from",
        "order them by",
        "sorted in order of",
    )
    add(
        "Dir",
        True,
        "in descending order",
        "descending",
        "desc",
        "from highest to lowest",
        "highest first",
        "from most to least",
        "in decreasing order",
        "from largest to smallest",
        "from longest to shortest",
        "from newest to oldest",
        "from best to worst",
        "best first",
        "with the longest duration first",
        "largest first",
        "most recent first",
        "in descend order",
        "from high to low",
        "in reverse order",
        "latest first",
    )
    add(
        "Dir",
        False,
        "in ascending order",
        "ascending",
        "asc",
        "from lowest to highest",
        "alphabetically",
        "lowest first",
        "in alphabetical order",
        "from least to most",
        "from shortest to longest",
        "from smallest to largest",
        "from oldest to newest",
        "chronologically",
        "in increasing order",
        "from low to high",
        "earliest first",
        "in chronological order",
        "starting from the earliest date",
        "from earliest to latest",
        "by name alphabetically",
    )
    add("Top", None, "top", "first", "the top", "the first", "best")
    add(
        "Ratio",
        "ratio",
        "ratio of",
        "the ratio of",
        "ratio between",
        "proportion of",
        "fraction of",
        "the proportion of",
    )
    add(
        "Ratio",
        "percentage",
        "percentage of",
        "percent of",
        "share of",
        "the percentage of",
        "what percentage of",
        "what percent of",
    )
    for grain in Grain:
        add("Grain", grain, grain.value)
    for word, grain in {
        "daily": Grain.DAY,
        "weekly": Grain.WEEK,
        "monthly": Grain.MONTH,
        "quarterly": Grain.QUARTER,
        "yearly": Grain.YEAR,
        "annual": Grain.YEAR,
        "annually": Grain.YEAR,
        "hourly": Grain.HOUR,
    }.items():
        add("EachGrain", grain, word)
    for word in (
        "make",
        "have",
        "place",
        "write",
        "publish",
        "serve",
        "offer",
        "contain",
        "include",
        "receive",
        "send",
        "issue",
        "own",
        "hold",
        "belong",
        "associate",
        "present",
        "locate",
        "live",
        "work",
        "create",
        "use",
        "buy",
        "sell",
        "purchase",
        "visit",
        "attend",
        "teach",
        "take",
        "study",
        "play",
        "perform",
        "direct",
        "produce",
        "record",
        "release",
        "relate",
        "link",
        "assign",
        "give",
        "get",
        "earn",
        "pay",
        "cite",
        "appear",
        "participate",
        "register",
        "enroll",
        "complete",
        "submit",
        "report",
        "manage",
        "employ",
        "run",
    ):
        for form in _forms(word):
            add("Verb", word, form)
    return found


def _forms(verb: str) -> set[str]:
    stem = verb.removesuffix("e")
    forms = {verb, f"{stem}ed", f"{stem}ing", f"{verb}s"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        forms |= {f"{verb[:-1]}ied"}
    if verb in ("submit",):
        forms |= {"submitted", "submitting"}
    return forms


PHRASES = _phrases()
LONGEST = max(map(len, PHRASES))


def entries_at(sentence: Sequence[Token], start: int) -> Iterator[tuple[int, str, Hashable]]:
    """Phrases of the closed list that begin at a token: length, category, meaning."""
    token = sentence[start]
    if token.kind == "mark":
        if token.text in _MARKS:
            yield 1, "Cmp", _MARKS[token.text]
        elif token.text in ",;:":
            yield 1, "Comma", None
        elif token.text in "()?.!-":
            yield 1, "Fill", None
        return
    words: list[str] = []
    for token in sentence[start : start + LONGEST]:
        if token.kind not in ("word", "mark"):
            break
        words.append(token.lemma.lower())
        for category, meaning in PHRASES.get(tuple(words), ()):
            yield len(words), category, meaning
