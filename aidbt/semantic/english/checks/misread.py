"""Words that rules take for others: what is said in an ordinary way and read in another is not answered.

Each check is of one turn of phrase whose words a reading holds in a place where nobody means them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

from aidbt.core.words import words_of
from aidbt.semantic.english.checks import misjoined, misplaced, mistimed, torn_apart, wholes
from aidbt.semantic.english.checks.said import TO_HAVE, VERBS, Said, said_of, table_of
from aidbt.semantic.english.grounding.index import Lexicon, ValueName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Rows
from aidbt.semantic.english.words.tokens import Token, lemma, verb_stem
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    Extreme,
    InPeriod,
    Measure,
    OneOf,
    SemanticQuery,
    Value,
    attributes,
    measures,
    parts,
)

_SILENT = {*VERBS, "Fill"}
_DONE = {"Verb", "Act", "Did"}
_DENIED = {"No", "Neg"}
_NUMBERS = {"Count", "Agg", "Ratio", "Sup", "SupCol", "Most", "Much"}
_NAMES_OF_NUMBERS = frozenset(
    """share percentage percent proportion fraction ratio rate average mean median total sum number count
    amount""".split()
)
_MONEY = frozenset("revenue turnover income earning cost profit spending spend expense".split())
_COUNTED = frozenset("ct cnt count num n nr qty quantity number no total amount".split())
_PERSONAL = {"full", "first", "last", "middle", "given", "family"}
_DUE = {"until", "due", "expiry", "expires", "expiration", "expire", "valid"}
_PASTS = {"left", "saw", "rose", "fell", "felt", "ground", "wound", "spoke", "bore"}
_DEEDS = frozenset(
    "open read answer finish complete close return accept reject redeem use confirm approve".split()
)


def check_misread(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That no words are read as others than they are.

    Raises:
        Refused: some may be.
    """
    for sentence, items in said:
        words = [word for item in items for word in item.words()]
        found = [check(sentence, words, query) for check in _OF_WORDS]
        found += [check(sentence, items, query) for check in _OF_PHRASES]
        found += [_roles(sentence, words, query, lexicon)]
        found += [_full_names(sentence, words, lexicon)]
        found += [misjoined.far_values(sentence, words, query, lexicon)]
        found += [misjoined.raters(sentence, words, query, lexicon)]
        found += [mistimed.senders(sentence, words, query, lexicon)]
        found += [misplaced.dates(sentence, words, query, lexicon)]
        found += [wholes.counted_values(sentence, words, query, lexicon)]
        found += [torn_apart.verbs_and_times(sentence, words, query, lexicon)]
        for word in chain.from_iterable(found):
            text = " ".join(said_of(sentence, word))
            raise Refused(f"'{text}' may mean something else here", spans=(text,))


def _silent(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Numbers that are read as verbs, "the share of those that are late", and codes in capitals as words of
    the language: "doctors (MD or DO)".
    """
    is_loud = all(token.text.upper() == token.text for token in sentence)
    for word in words:
        if word.end - word.start != 1 or word.category not in (*_SILENT, "Is"):
            continue
        token = sentence[word.start]
        is_number = word.category in VERBS and token.lemma in _NAMES_OF_NUMBERS
        before = sentence[word.start - 1].text.lower() if word.start else ""
        is_code = token.text.isupper() and len(token.text) > 1 and token.text.isalpha() and not is_loud
        if (is_number and before in ("the", "their", "its", "a")) or (is_code and before in ("(", "or", ",")):
            yield word
        # "Sightings of bears" are of animals: no verb in the present stands behind such a word.
        is_present = word.category in VERBS and token.text.lower() in (token.lemma, f"{token.lemma}s")
        if is_present and before == "of":
            yield word


def _every(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What is done to every row of others: "members who read every message" are no groups."""
    if any(word.category in _NUMBERS for word in words):
        return
    # "Went to" is a verb, and "to" behind one says nothing of its own.
    spoken = [w for w in words if w.category not in ("Fill", "Prep") or w.end > w.start + 1]
    for before, word in pairwise(spoken):
        is_done = before.category in (*_DONE, "Prep")
        if word.category == "Each" and is_done and "every" in said_of(sentence, word):
            yield word


def _ages(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Numbers before "have", which are not of what one has: "members over 60 have an order"."""
    counts = {part.count for part in parts(query) if isinstance(part, Exists)}
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        is_number = (before.category, word.category, after.category) == ("Cmp", "Num", "Is")
        if is_number and set(said_of(sentence, after)) & TO_HAVE and word.meaning in counts:
            yield word


def _plurals(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """So many of what a column holds one of: "with at least 5 ratings" is no rating of 5."""
    compared = {part.left for part in parts(query) if isinstance(part, Comparison)}
    for before, word in pairwise(words):
        if before.category != "Num" or word.category != "Col" or not isinstance(word.meaning, Columns):
            continue
        token = sentence[word.end - 1]
        named = words_of(word.meaning.terms[0].column)
        is_plural = token.lemma != token.text.lower() and token.lemma in named
        if is_plural and not _COUNTED & set(named) and word.meaning.terms[0] in compared:
            yield word


def _expired(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """What is to end at some time has not ended by having such a time: "an expired certificate"."""
    held = [part for part in parts(query) if isinstance(part, InPeriod | Comparison)]
    used = {(a.table, a.column) for a in attributes((tuple(held), query.group_by, query.order_by))}
    for word in words:
        if word.category != "Did" or not isinstance(word.meaning, Columns):
            continue
        term = word.meaning.terms[0]
        is_due = bool(_DUE & set(words_of(term.column))) and said_of(sentence, word)[0] == "expired"
        if is_due and (term.table, term.column) not in used:
            yield word


def _passive(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Rows that are done something to by rows of the same table: "members referred by a banned member"."""
    is_related = any(part.via for part in parts(query) if isinstance(part, Attribute | Exists))
    rows = [word for word in words if word.category == "Rows"]
    # In "given by corporate sponsors to that given by others" both of them did it.
    agents = {
        word.start
        for number, word in enumerate(words)
        if any(one.meaning == "by" for one in words[max(number - 2, 0) : number])
    }
    for number, (before, word) in enumerate(pairwise(words), 1):
        if before.category not in VERBS or word.meaning != "by" or is_related:
            continue
        later = [w for w in rows if w.start >= word.end and w in words[number : number + 5]]
        earlier = [w for w in rows if w.end <= before.start and w.start not in agents]
        if later and earlier and table_of(later[0]) == table_of(earlier[-1]):
            yield before


def _verbs_of_values(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Verbs that are no value of what follows: "members pay a premium" says nothing of paid claims."""
    spoken = [word for word in words if word.category != "Fill"]
    for word, after in pairwise(spoken):
        if word.category != "Val" or not isinstance(word.meaning, Condition) or word.end - word.start > 1:
            continue
        token, values = sentence[word.start], _values_of(word.meaning)
        is_other = token.text.lower() == token.lemma and all(v.lower() != token.lemma for v in values)
        is_verb = is_other and {verb_stem(v) for v in values if " " not in v} == {verb_stem(token.text)}
        if is_verb and after.category == "Col" and table_of(after) != word.meaning.table:
            yield word


def _values_of(condition: Condition) -> list[str]:
    predicate = condition.predicate
    if isinstance(predicate, OneOf):
        return [str(value.value) for value in predicate.values]
    if isinstance(predicate, Comparison) and isinstance(predicate.right, Value):
        return [str(predicate.right.value)]
    return []


def _names(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Columns that a word before their noun stands for: "animals" are no `animal_class`, and "full members"
    are no `full_name`.
    """
    counted = {m.of for m in measures(query) if m.function == "count_distinct"}
    for before, word in pairwise([None, *words]):
        if word is None or word.category != "Col" or not isinstance(word.meaning, Columns):
            continue
        spoken = {token.lemma for token in sentence[word.start : word.end]}
        named = words_of(word.meaning.terms[0].column)
        if spoken <= _PERSONAL and word.meaning.terms[0] in counted:
            yield word
        is_counted = before is not None and before.category == "Count" and word.meaning.terms[0] in counted
        if is_counted and len(named) > 1 and named[-1] in _KINDS and named[-1] not in spoken:
            yield word


_KINDS = {"class", "kind", "category", "group", "status", "color", "colour", "size", "level", "grade"}


def _now(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What holds now did not happen today: "students who are enrolled now"."""
    return (word for word in words if word.category == "Time" and said_of(sentence, word) == ["now"])


def _alone(_: Sequence[Token], words: Sequence[Item], __: SemanticQuery) -> Iterator[Item]:
    """Values of a column that are denied rows: "specialties with no active doctors" are not those of doctors
    that are not, and no sale alone tells of "buyers who bought in 2024 but not in 2025".
    """
    named = [word for word in words if table_of(word)]
    if not named or named[0].category != "Col":
        return
    table, acts = table_of(named[0]), [word for word in named if word.category == "Act"]
    for number, word in enumerate(words):
        behind = [one for one in words[number + 1 : number + 4] if one.category == "Rows"]
        is_denied = word.category == "No" and any(_is_rows(one, table) for one in behind)
        is_done = any(one.start < word.start and _is_rows(one, table) for one in acts)
        if named[0].start < word.start and (is_denied or (is_done and word.category in _DENIED)):
            yield word


def _is_rows(word: Item, table: str) -> bool:
    return isinstance(word.meaning, Rows) and word.meaning.table == table


def _averages(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Averages of one row each, which are none of how many there are: "the average glucose reading"."""
    inner = measures(query.source) if query.source is not None else ()
    counted = {m.table for m in inner if isinstance(m, Measure) and m.function == "count"}
    for number, word in enumerate(words):
        after = [w for w in words[number + 1 : number + 4] if w.category not in ("Fill", "Val")]
        if word.category == "Agg" and after and after[0].category == "Rows" and table_of(after[0]) in counted:
            token = sentence[after[0].end - 1]
            if token.text.lower() == token.lemma:
                yield after[0]


def _average_ones(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """The average of rows that a value says which are: "earn less than the average captain"."""
    said = list(parts(query))
    for number, word in enumerate(words):
        after = [one for one in words[number + 1 : number + 4] if one.category != "Fill"]
        is_compared = any(one.category == "Cmp" for one in words[max(number - 3, 0) : number])
        if word.category != "Agg" or not is_compared or not after or after[0].category != "Val":
            continue
        is_last = not any(one.category in ("Col", "Rows") for one in after[1:2])
        if isinstance(value := after[0].meaning, Condition) and is_last:
            within = [part.where for part in said if isinstance(part, Extreme | Measure) and part.where]
            if value.predicate not in parts(tuple(within)):
                yield after[0]


def _how_many(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """How many rows there are is no sum of what others hold: "how many members pay a premium"."""
    if any(measure.function.startswith("count") for measure in measures(query)) or query.source:
        return
    for before, word in pairwise(words):
        if before.category == "Count" and word.category == "Rows" and measures(query):
            yield word


def _money(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """Sums of money are no rows that are counted, though they come of them: revenue is no number of sales."""
    if any(measure.of is not None for measure in measures(query)):
        return
    for before, word in pairwise([None, *words]):
        if word is None or word.category != "Rows" or (before is not None and before.category == "Count"):
            continue
        said = {sentence[at].lemma for at in range(word.start, word.end)}
        if said & _MONEY and not said & set(words_of(table_of(word))):
            yield word


def _values_of_stock(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What things are worth is not how many there are: "the value of the stock"."""
    for number, word in enumerate(words):
        if word.category not in ("HowMuchOf", "ValueOf", "Show") or "value" not in said_of(sentence, word):
            continue
        named = [one for one in words[number + 1 :] if one.category == "Col"][:1]
        if any(isinstance(one.meaning, Columns) and _is_of_stock(one.meaning) for one in named):
            yield word


def _is_of_stock(columns: Columns) -> bool:
    return bool({"stock", "quantity", "qty", "units", "inventory"} & set(words_of(columns.terms[0].column)))


def _best_values(_: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """The most of what many rows hold each, by their own number: "top 3 buyers by jars" adds the jars up."""
    if not query.base or not query.distinct or query.limit is None or len(query.outputs) < 2:
        return
    tops = [word for word in words if word.category == "Top"]
    for word in words:
        if tops and word.category == "Col" and word.start > tops[0].start:
            yield word
        if word.category in ("Col", "Rows"):
            return


def _pasts(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """Verbs in the past that are spelled as a value is: "players who left" have no left foot for it."""
    for before, word in pairwise(words):
        is_verb = before.category in ("Rows", "Rel") and word.category in ("Val", "Cond")
        if is_verb and sentence[word.start].text.lower() in _PASTS and word.end - word.start == 1:
            yield word


def _deeds(sentence: Sequence[Token], words: Sequence[Item], _: SemanticQuery) -> Iterator[Item]:
    """What was not done with rows that are there: who "did not open any message" may have got some."""
    for before, word in pairwise(words):
        if before.category in _DENIED and word.category in VERBS and sentence[word.start].lemma in _DEEDS:
            yield word


def _full_names(sentence: Sequence[Token], words: Sequence[Item], lexicon: Lexicon) -> Iterator[Item]:
    """Names of things where people are asked for: "their full name" is not the one of their department."""
    for before, word in pairwise(words):
        is_full = said_of(sentence, before) == ["full"] and before.category in _SILENT
        if is_full and word.category == "Col" and table_of(word) not in lexicon.people_tables:
            yield word


def _roles(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> Iterator[Item]:
    """Rows that all others have and that a value calls by the same name: "messages from members" are those
    whose sender is one.
    """
    plain = {
        p.table for p in parts(query) if isinstance(p, Exists) and p.where is None and p.operator == ">="
    }
    groups = {term.table for term in query.group_by if isinstance(term, Attribute)}
    for verb, before, word in zip([None, *words], words, words[1:], strict=False):
        if word.category != "Rows" or said_of(sentence, before) not in (["from"], ["by"]):
            continue
        if before.category == "When" and table_of(word) in lexicon.people_tables:
            yield word  # "sent by members" says who, and not until when
        is_done = verb is not None and verb.category in _DONE
        if table_of(word) not in (plain | groups if is_done else plain):
            continue
        named = lexicon.meanings.get((lemma(sentence[word.end - 1].text),), ())
        tables = {m.table for m in measures(query)} | {query.base}
        if any(isinstance(m, ValueName) and m.table in tables for m in named):
            yield word


def _bounds(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> Iterator[Item]:
    """The most of something, which is no column: "which class has the maximum places"."""
    said = [word for word in words if word.category != "Fill"]
    for show, rows, verb, column in zip(said, said[1:], said[2:], said[3:], strict=False):
        kinds = (show.category, rows.category, verb.category, column.category)
        if kinds != ("Show", "Rows", "Is", "Col") or "which" not in said_of(sentence, show):
            continue
        if sentence[column.start].lemma in _EXTREMES and not query.order_by and query.where is None:
            yield column


_EXTREMES = {"maximum", "minimum", "max", "min"}

_Check = Callable[[Sequence[Token], Sequence[Item], SemanticQuery], Iterator[Item]]
_OF_WORDS: tuple[_Check, ...] = (
    *(_silent, _every, _ages, _plurals, _expired, _passive, _verbs_of_values, _names, _now, _alone),
    *(_averages, _average_ones, _how_many, _money, _pasts, _deeds, _values_of_stock, _best_values),
    *(mistimed.done_times, mistimed.stages, mistimed.years, mistimed.both_times),
    *(mistimed.idle_verbs, mistimed.contrasts, mistimed.but_none, mistimed.denied_values, mistimed.subjects),
    *(misjoined.of_both, misjoined.numbers, misjoined.owned, misjoined.denied_list, misjoined.names),
    *(misjoined.claims, torn_apart.years, torn_apart.ends, torn_apart.so_many, _bounds),
    *(
        misplaced.edges,
        misplaced.in_how_many,
        misplaced.articles,
        misplaced.kinds_of_groups,
        wholes.asserted_parts,
    ),
)
_OF_PHRASES: tuple[_Check, ...] = (
    *(misjoined.predicates, misjoined.left_out, misjoined.of_group, torn_apart.counts, torn_apart.of_last),
    *(
        mistimed.dashed,
        mistimed.of_counted,
        mistimed.places,
        misplaced.bracketed_parts,
        misplaced.going_by,
        misplaced.per_on_average,
    ),
)
