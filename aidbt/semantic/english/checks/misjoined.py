"""Phrases that are joined with others than they are said of: what may belong elsewhere is not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.said import TO_BE, TO_HAVE, said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.grounding.noun_groups import tables_named
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Condition
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import (
    Comparison,
    Exists,
    Missing,
    SemanticQuery,
    Value,
    attributes,
    measures,
    parts,
)

_EXCLUDING = {"ignoring", "excluding", "except", "without", "disregarding", "omitting", "leaving", "not"}
_BOUNDS = {"under", "over", "above", "below"}
_CONTAINING = {"included", "include", "includes", "contained", "contain", "contains", "involved", "involve"}
_NAMED = {"named", "called", "titled"}
_TO_DO = {"do", "does", "did"}


def predicates(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What is said of things and read as a thing or a column of its own: "and still have active orders",
    "which campgrounds have water".
    """
    for before, item in pairwise(items):
        words = list(item.words())
        is_had = words[0].category in ("Is", "Owning") and bool(TO_HAVE & set(said_of(sentence, words[0])))
        is_still = words[0].category == "Still" and len(words) > 1 and words[1].category in ("Is", "Owning")
        if before.category == "And" and item.category == "Rows" and (is_had or is_still):
            yield words[0]
    for item in items:
        for word in item.words():
            is_long = item.category == word.category == "Col" and word.end - word.start > 1
            if is_long and TO_HAVE & set(said_of(sentence, word)):
                yield word


def left_out(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What a share leaves out is not what it is the share of, "ignoring cancelled ones"; a share of rows is
    none of the number beside it, and rows that "those" are without are no number of their own.
    """
    is_share = False
    for before, item in pairwise([None, *items]):
        if item is None:
            continue
        first = next(item.words())
        if is_share and first.category == "Neg" and _EXCLUDING & set(said_of(sentence, first)):
            yield first
        is_share |= item.category == "Whole"
        beside = (before.category, item.category) if before is not None else ("", "")
        if beside in (("Whole", "Number"), ("AllGroups", "Rows")):
            yield item


def of_group(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What is said of the things that are counted, and read as said of their groups: "how many hives per
    county are not dead". Of a share it is the part: "what share of the hives in each county is not dead".
    """
    if any(item.category == "Whole" for item in items):
        return
    for item in items:
        words = list(item.words())
        if item.category != "Group" or words[0].category != "Each" or len(words) < 4:
            continue
        one, denied, value = words[1:4]
        is_said = denied.category == "Neg" and TO_BE & set(said_of(sentence, denied))
        if is_said and isinstance(value.meaning, Condition) and value.meaning.table != table_of(one):
            yield denied


def of_both(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Who did two things, and is said of the second alone: "both ordered and reviewed by Beta"."""
    plain = {part.table for part in parts(query) if isinstance(part, Exists) and part.where is None}
    for one, and_, other, by in zip(words, words[1:], words[2:], words[3:], strict=False):
        is_done = one.category == other.category == "Act" and and_.category == "And"
        if is_done and by.meaning == "by" and table_of(one) in plain:
            yield one


def claims(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Participles that a share is of and that are read as columns: of "what share of the orders of each
    customer is shipped" no date is asked for.
    """
    is_share = any(word.category == "Ratio" for word in words)
    for one, word in pairwise(words):
        is_claim = one.category == "Is" and said_of(sentence, one)[-1] in TO_BE
        is_column = is_share and word.category == "Col" and word.end - word.start == 1
        if is_claim and is_column and sentence[word.start].text.lower().endswith("ed"):
            yield word


def denied_list(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """The rest of a list that is denied: "leaving out customers from Munich and orders of 2025"."""
    is_denied = False
    for number, word in enumerate(words):
        texts = set(said_of(sentence, word))
        is_denied |= word.category == "Neg" and bool(_EXCLUDING & texts - {"not", "without"})
        after = words[number + 1 : number + 5]
        is_row = word.category == "And" and bool(after) and after[0].category in ("Rows", "Act")
        if is_denied and is_row and any(one.category in ("Val", "Cond", "Time") for one in after[1:]):
            yield word


def numbers(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Numbers that are held against how many rows there are, and are said of something else: "the 3 latest
    orders" are no sum of 3, and "players under 23" are no team of fewer than 23.
    """
    held = {
        p.right.value for p in parts(query.having) if isinstance(p, Comparison) and isinstance(p.right, Value)
    }
    held |= {part.count for part in parts(query) if isinstance(part, Exists)}
    for number, word in enumerate(words):
        if word.category != "Num" or word.meaning not in held:
            continue
        before = words[max(number - 2, 0) : number]
        after = words[number + 1].category if number + 1 < len(words) else ""
        is_bound = len(before) == 2 and before[1].category == "Cmp" and before[0].category == "Rows"
        is_age = (
            is_bound and set(said_of(sentence, before[1])) <= _BOUNDS and after in ("Is", "Each", "Fill", "")
        )
        if after in ("Sup", "SupCol", "TimeAgg", "Most") or is_age:
            yield word


def owned(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Columns that rows are said to have, and of which nothing holds: "visits with a rating got 5 stars"."""
    asked = {part.term for part in parts(query) if isinstance(part, Missing)}
    for one, word, after in zip(words, words[1:], words[2:], strict=False):
        is_owned = (one.category, word.category, after.category) == ("Owning", "Col", "Is")
        if is_owned and isinstance(word.meaning, Columns) and not asked & set(word.meaning.terms):
            yield word


def far_values(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """Values of far rows that nearer ones say themselves: of the sum of jars "sold", `sold_on` of the sale
    does, and of an appointment that "included a surgery" the specialty of its vet says nothing.
    """
    measured = {measure.table for measure in measures(query) if measure.table}
    far = {term for part in parts(query) if isinstance(part, Exists) for term in attributes(part)}
    times = [c for t in measured for c in lexicon.graph.table(t).columns if c.kind in ("time", "date")]
    done = {word for column in times for word in words_of(column.name)}
    for number, word in enumerate(words):
        value = word.meaning
        if word.category != "Val" or not isinstance(value, Condition) or value.table in measured:
            continue
        before = [one for one in words[max(number - 2, 0) : number] if one.category == "Verb"]
        is_contained = any(_CONTAINING & set(said_of(sentence, one)) for one in before)
        is_behind = number > 0 and words[number - 1].category in ("Col", "Rows")
        is_verb = is_behind and word.end - word.start == 1 and sentence[word.start].text.lower() in done
        if is_verb or (is_contained and not far & set(attributes(value.predicate))):
            yield word


def raters(
    sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """Who rated something so rated that, and not anything: "which films did guests rate above 4", "films that
    were rated above 4 by guests".
    """
    spoken = [word for word in words if word.category != "Fill"]
    for number, word in enumerate(spoken):
        if word.category != "Rated":
            continue
        before, after = spoken[max(number - 2, 0) : number], spoken[number + 1 : number + 5]
        is_behind = any(one.category == "Rows" for one in spoken[: max(number - 2, 0)])
        is_asked = is_behind and before[-1].category == "Rows"
        if is_asked and set(said_of(sentence, before[0])) & _TO_DO:
            yield word
        for by, who in pairwise(after):
            named = tables_named(lexicon, sentence[who.start : who.end])
            if said_of(sentence, by) == ["by"] and named & set(lexicon.people_tables):
                yield word


def names(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Words about names before a noun, which are left out: "the top 3 named buyers"."""
    for one, word in pairwise(words):
        is_left_out = one.category == "Fill" and word.category in ("Rows", "Col")
        if is_left_out and _NAMED & set(said_of(sentence, one)):
            yield one
