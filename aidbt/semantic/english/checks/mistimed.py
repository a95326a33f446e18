"""Times, stages and asides that are read of something else than what they were said of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.said import said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon, ValueName
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.phrases import Columns, Link
from aidbt.semantic.english.words.tokens import Token, lemma
from aidbt.semantic.query import (
    Attribute,
    Exists,
    Measure,
    Not,
    SemanticQuery,
    Term,
    attributes,
    measures,
    parts,
)

_ADVERBS = {"ever", "already", "just", "yet", "once", "often"}
_PASSING = set(
    """scheduled planned booked reserved ordered requested submitted issued assigned sent shipped dispatched
    placed started registered listed announced opened""".split()
)


def stages(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What has happened is no stage that rows are at: classes that "have been scheduled" may be over."""
    for word in words:
        said = [token.text.lower() for token in sentence[: word.start]]
        while said and (said[-1].endswith("ly") or said[-1] in _ADVERBS):
            said.pop()
        is_stage = word.category in ("Val", "Cond") and sentence[word.start].text.lower() in _PASSING
        if is_stage and word.end == word.start + 1 and said[-1:] == ["been"]:
            yield word


def done_times(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What was done each month is counted by when that was: "how many courses were viewed in each month"."""
    times = {term.table for term in _cut(query)}
    held = {part.table for part in parts(query) if isinstance(part, Exists)} - times
    kinds = list(pairwise(word.category for word in words if word.category != "Fill"))
    if not times or not {("Each", "Grain"), ("Each", "Part")} & set(kinds):
        return
    for number, word in enumerate(words):
        before = [one.category for one in words[max(number - 4, 0) : number] if one.category != "Fill"]
        is_thing = word.category in ("Rows", "Val")
        # Of "had a cancelled order" the order stands behind what is said of it.
        last = {*before[-1:], *(before[-2:-1] if before[-1:] in (["Val"], ["ActOf"]) else ())}
        is_object = is_thing and (bool(last & _OF_OBJECTS) or _had_none(words[:number]))
        is_done = word.category in ("Act", "Did") or is_object
        if is_done and table_of(word) in held and not {"Rel", "Who"} & set(before):
            yield word


_OF_OBJECTS = {"Verb", "Weak", "Owning"}


def _had_none(before: Sequence[Item]) -> bool:
    """Whether what stands before is "had no", as those have of whom nothing is known each month."""
    return bool(before) and before[-1].category == "No" and before[-1].end - before[-1].start > 1


def years(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """The year of what is grouped by year is that one, and no year in which something else was founded."""
    cut = [term for term in _cut(query) if "year" in (term.grain, term.part)]
    for word in words if cut else ():
        if word.category != "Col" or not isinstance(word.meaning, Columns):
            continue
        is_bare = set(said_of(sentence, word)) <= {"the", "year", "years"}
        named = words_of(word.meaning.terms[0].column)
        if is_bare and "year" in named and len(named) > 1 and word.meaning.terms[0] not in cut:
            yield word


def both_times(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What happened in both of two times happened in each: "a visit in both January and February"."""
    for word, after in pairwise(words) if not _cut(query) else ():
        if said_of(sentence, word) == ["both"] and after.category == "Time":
            yield word


def idle_verbs(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What is "open" is not what was opened at some time, of which nothing is asked: "(open loans only)"."""
    wheres = [measure.where for measure in measures(query)]
    asked: list[Term] = [o.term for o in query.outputs if not isinstance(o.term, Measure)]
    asked += [measure.of for measure in measures(query) if measure.of is not None]
    held = (query.where, query.having, query.group_by, query.order_by, tuple(wheres), tuple(asked))
    used = {(term.table, term.column) for term in attributes(held)}
    for word in words:
        if word.category != "Did" or word.end > word.start + 1 or not isinstance(word.meaning, Columns):
            continue
        text = sentence[word.start].text.lower()
        named = {part for term in word.meaning.terms for part in words_of(term.column)}
        is_bare = not text.endswith("ed") and bool({f"{text}ed", f"{text}d"} & named)
        if is_bare and all((term.table, term.column) not in used for term in word.meaning.terms):
            yield word


def dashed(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What stands behind a dash is rarely said of the group alone: "members per club - with a check-in"."""
    for item in items:
        inside = [word for word in item.words() if word.end < item.end] if item.category == "Group" else []
        marks = ("-", "–", "—", "(") if any(word.category == "Only" for word in inside) else ("-", "–", "—")
        yield from (word for word in inside if sentence[word.start].text in marks)


def of_counted(_: Sequence[Token], items: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What holds of those that are counted is not said of their groups: "copies per book that are worn"."""
    counted = {measure.table for measure in measures(query)}
    for item in items:
        words = [word for word in item.words() if word.category != "Fill"]
        named = {table_of(word) for word in words if word.category in ("Rows", "Act", "Did")}
        held = {part.table for part in parts(item.meaning) if isinstance(part, Exists)}
        if isinstance(item.meaning, Group) and (held & counted) - named:
            yield from [word for word in words if word.category == "Rel"][:1]


def places(sentence: Sequence[Token], items: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Where somebody lives is a place of theirs, and no condition: "orders per city where customers live"."""
    for item in items:
        words = [word for word in item.words() if word.category not in ("Fill", "Is")]
        kinds = [word.category for word in words] if isinstance(item.meaning, Link) else []
        is_clause = kinds[1:] == ["Rows", "Verb"] and kinds[0] in ("InWhich", "Rel")
        if is_clause and said_of(sentence, words[0])[-1] in ("where", "which", "what"):
            yield words[0]


def denied_values(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What was never done with any room of a type, and not with one of them: "room types never booked"."""
    spoken = [word for word in words if word.category not in ("Fill", "Is")]
    for column, denial, done in zip(spoken, spoken[1:], spoken[2:], strict=False):
        kinds = (column.category, done.category)
        if denial.category not in ("Neg", "No") or kinds != ("Col", "Act") or query.group_by:
            continue
        term = column.meaning.terms[0] if isinstance(column.meaning, Columns) else None
        if term is not None and term.table != query.base and len(query.outputs) == 1:
            yield denial


def senders(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """Who did it are those that a value calls so, where rows are of two kinds: "members sent a message"."""
    apart = [m for m in measures(query) if m.function == "count_distinct" and isinstance(m.of, Attribute)]
    for word in words if apart else ():
        named = lexicon.meanings.get((lemma(sentence[word.end - 1].text),), ())
        kinds = {meaning.table for meaning in named if isinstance(meaning, ValueName)}
        if word.category == "Rows" and any(_is_over(m, table_of(word)) and m.table in kinds for m in apart):
            yield word


def _is_over(measure: Measure, table: str) -> bool:
    """Whether things of a table are counted over the rows of another one."""
    return isinstance(measure.of, Attribute) and measure.of.table == table != measure.table


def subjects(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Several that did something are no kind of what they did it to: "members used messages"."""
    spoken = [word for word in words if word.category != "Fill"]
    for word, verb, rows in zip(spoken, spoken[1:], spoken[2:], strict=False):
        if (word.category, rows.category) != ("Val", "Rows") or verb.category not in ("Verb", "Weak"):
            continue
        last = sentence[word.end - 1]
        is_plural = last.text.lower() != last.lemma and last.text.endswith("s")
        if is_plural and getattr(word.meaning, "table", "") == table_of(rows):
            yield word


def contrasts(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What is set against what is meant is no condition on it: "those with the most backers, not pledges"."""
    for mark, word, rows in zip(words, words[1:], words[2:], strict=False):
        is_not = word.category == "Neg" and said_of(sentence, word) == ["not"] and rows.category == "Rows"
        if mark.category == "Comma" and is_not:
            yield word


def but_none(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Having some and no others is said of who has them, and not of each: "rooms with a screen but no small
    rooms".
    """
    denied = {part.table for part in parts(query) if isinstance(part, Exists) and part.count == 0}
    denied |= {
        p.predicate.table for p in parts(query) if isinstance(p, Not) and isinstance(p.predicate, Exists)
    }
    for number, (word, no) in enumerate(pairwise(words)):
        if word.category != "And" or no.category != "No":
            continue
        rows = next((one for one in words[number + 2 :] if one.category == "Rows"), None)
        before = {table_of(one) for one in words[1:number] if one.category == "Rows"}
        if rows is not None and table_of(rows) in before - denied:
            yield no


def _cut(query: SemanticQuery) -> list[Attribute]:
    """The times that make groups."""
    return [term for term in query.group_by if isinstance(term, Attribute) and (term.grain or term.part)]
