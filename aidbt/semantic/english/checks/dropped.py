"""Whether words that were read as saying nothing do say something after all.

Most verbs only say that rows are related, and may be left out when they are: "reels stored in a vault". But
"visits scheduled in May" names the time of visits that is `scheduled_for`, and "released payments" those that
are: a word that something in the tables of the answer goes by is not left out of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise, takewhile

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.said import TO_BE, VERBS, Said
from aidbt.semantic.english.checks.unused import Unused
from aidbt.semantic.english.grounding.index import Lexicon, is_begun
from aidbt.semantic.english.grounding.noun_groups import tables_named
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Role, Rows
from aidbt.semantic.english.words.tokens import Token, verb_stem
from aidbt.semantic.query import Measure, SemanticQuery, attributes, measures, parts, queries_in

# What verbs join, beside phrases of the data.
_SPOKEN = {"Quo", "Num", "Sum", "Time", "Who", "Somebody", "Recurring", "Grain", "Part", "OfThem"}
_THINGS = (Rows, Columns, Condition, Role, Amount, Number)
_CODE = 2


def check_dropped(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That no word was left out that something in the query's tables goes by.

    Raises:
        Refused: one was.
    """
    unused = Unused(query, lexicon)
    _check_those([(sentence, [word for item in items for word in item.words()]) for sentence, items in said])
    for sentence, items in said:
        words = [word for item in items for word in item.words()]
        _check_joined(sentence, words)
        _check_kind(sentence, words)
        _check_claimed(sentence, words)
        _check_how_much(sentence, words, query)
        _check_how_many(sentence, query)
        _check_them(words, query)
        _check_said(sentence, words)
        _check_total(sentence, words, query, lexicon)
        _check_object(sentence, words, lexicon)
        _check_having(sentence, words)
        _check_prepositions(sentence, words)
        _check_different(sentence, query)
        _check_including(sentence, words)
        _check_new(words, unused.timed)
        _check_left_out(sentence, words, unused)


def _check_left_out(sentence: Sequence[Token], words: Sequence[Item], unused: Unused) -> None:
    """That nothing in the query's tables goes by a word which was read as saying nothing."""
    for before, word in zip([None, *words], words, strict=False):
        text = sentence[word.start].text.lower()
        is_verb = word.category in VERBS
        if is_verb and before is not None and _is_somebody(sentence, before, text):
            raise Refused(f"'{text}' says who is meant, and nothing goes by it", spans=(text,))
        if not is_verb and (word.category != "Fill" or word.end > word.start + 1):
            continue
        # Codes are written in capitals: "us" is no country, and "a" no grade.
        is_code = len(text) <= _CODE and sentence[word.start].text == text
        found = "" if is_code else unused.named(text, is_verb=is_verb)
        if not found and is_verb and before is not None and before.category == "Col":
            found = unused.time_named(text, before.meaning)
        if found and not is_begun(sentence, word.start):
            raise Refused(f"'{text}' may be said of {found}, and has no place in the answer")


def _check_new(words: Sequence[Item], timed: Collection[str]) -> None:
    """That it is said in which time something was new: of the new customers who bought in May it is not."""
    for word, following in pairwise(words):
        table = getattr(following.meaning, "table", "")
        if word.category == "New" and table not in timed:
            raise Refused("it is not said since when something is new", spans=("new",))


def _is_somebody(sentence: Sequence[Token], before: Item, verb: str) -> bool:
    """Whether "who" opens a question whose verb alone says who is meant: who drove, but not who teaches."""
    if before.start or sentence[0].lemma not in ("who", "whom") or not isinstance(before.meaning, Rows):
        return False
    return verb_stem(verb) not in {verb_stem(word) for word in words_of(before.meaning.table)}


def _check_them(words: Sequence[Item], query: SemanticQuery) -> None:
    """That "them" are things that are shown beside those who did it: "products and who reviewed them"."""
    tables = {term.table for output in query.outputs for term in attributes(output.term)}
    if any(word.category == "Them" for word in words) and (len(tables) < 2 or not query.base):
        raise Refused("it is not certain who or what is spoken of", spans=("them",))


def _check_including(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That ", including inactive customers" leaves out no others: it says that those count too."""
    for word in words:
        is_apart = word.start > 0 and sentence[word.start - 1].kind == "mark"
        if (
            is_apart
            and sentence[word.start].text.lower() == "including"
            and word.category in ("Like", *VERBS)
        ):
            raise Refused("it is not certain what is to be counted besides", spans=("including",))


def _check_said(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That nothing is said of "the total" that would make it another one: "the total donated"."""
    for word, after in pairwise(words):
        if word.category == "Said" and after.start == word.end and after.category in _DONE:
            text = sentence[after.start].text
            raise Refused(f"'{text}' says of what the {word.meaning} is", spans=(text,))


def _check_total(
    sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery, lexicon: Lexicon
) -> None:
    """That "the total payout" is no number of payouts: which of their amounts is meant is not said."""
    counted = {one.table for one in measures(query) if one.function == "count"} - set(lexicon.people_tables)
    for word, after in pairwise(words):
        noun, rest = sentence[after.end - 1], [token.lemma for token in sentence[after.end : after.end + 1]]
        is_one = noun.text.lower() == noun.lemma and not set(rest) & {"count", "number", "volume"}
        named = tables_named(lexicon, [noun])
        is_counted = isinstance(after.meaning, Rows) and after.meaning.table in counted & named
        if word.meaning == "sum" and is_one and is_counted:
            raise Refused("the total is asked for, and it is not said of what", spans=(noun.text,))


_DONE = {*VERBS, "Act", "Did", "Much", "MuchIn", "Val", "Cond"}


def _check_those(said: Said) -> None:
    """That "each of those years" are some that were spoken of."""
    is_timed = False
    for sentence, words in said:
        for word in words:
            texts = {token.text.lower() for token in sentence[word.start : word.end]}
            if word.category == "Group" and texts & {"those", "these"} and not is_timed:
                raise Refused("times are spoken of that were not named before", spans=("those",))
            is_timed |= word.category in ("Time", "Grain", "Span")


def _check_object(sentence: Sequence[Token], words: Sequence[Item], lexicon: Lexicon) -> None:
    """That no word is left out which the data goes by, and something is done with: "who used data"."""
    is_object = False
    for word in words:
        text = sentence[word.start].text.lower()
        is_noun = word.category == "Fill" and word.end == word.start + 1 and text not in _SMALL
        if is_object and is_noun and lexicon.meanings.get((sentence[word.start].lemma,)):
            raise Refused(f"'{text}' names something in the data, and has no place in the answer")
        is_object = word.category in VERBS or (is_object and text in _SMALL)


_SMALL = {"the", "a", "an", "any", "some", "such", "their", "its", "our", "your", "my", "this"}


def _check_having(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That having something is no word that is left out: "those with a recorded result", "without data"."""
    for word in words:
        said = [token.text.lower() for token in sentence[: word.start]]
        while said and (said[-1] in _SMALL or said[-1].endswith("ed")):
            said.pop()
        is_noun = word.category == "Fill" and sentence[word.start].lemma in _NOUNS
        is_had = bool(said) and said[-1] in _HAVING and said[-2:] not in (["along", "with"], ["do", "have"])
        if is_noun and is_had:
            text = " ".join(token.text for token in sentence[len(said) - 1 : word.end])
            raise Refused(f"'{text}' says which of them are meant", spans=(text,))


_HAVING = {"with", "without", "having", "has", "have", "had", "no"}
_NOUNS = {"data", "information", "info", "record", "detail", "result", "entry", "row"}


def _check_prepositions(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That a preposition is not left out with all that stands behind it: "paid in full"."""
    for number, word in enumerate(words):
        if word.category != "Prep" or word.end > word.start + 1 or word.meaning != "in":
            continue
        behind = list(takewhile(lambda one: one.category == "Fill", words[number + 1 :]))
        said = [sentence[one.start].text for one in behind if sentence[one.start].kind == "word"]
        following = words[number + 1 + len(behind) :][:1]
        is_thing = bool(said) and said[-1].lower() not in {*_SMALL, "they", "it", "them", "one", "which"}
        if is_thing and (not following or following[0].category in _ENDS):
            text = " ".join([sentence[word.start].text, *said])
            raise Refused(f"'{text}' has no place in the answer", spans=(text,))


_ENDS = {"And", "Comma", "Show", "Rel", "Who", "Is"}


def _check_how_much(sentence: Sequence[Token], words: Sequence[Item], query: SemanticQuery) -> None:
    """That "how much" is no number of rows: of "how much have guests spent" nobody counts the guests."""
    asks = any(w.category == "Agg" and sentence[w.start].lemma == "how" for w in words)
    measured = [node for node in parts(tuple(queries_in(query))) if isinstance(node, Measure)]
    if asks and measured and all(measure.of is None for measure in measured):
        raise Refused("an amount is asked for, and it is not said of what", spans=("how much",))


def _check_how_many(sentence: Sequence[Token], query: SemanticQuery) -> None:
    """That there is a number for each "how many": "how many are open and how many cost 5" asks for two."""
    asked = sum(
        (one.lemma, other.lemma) in (("how", "many"), ("how", "much")) for one, other in pairwise(sentence)
    )
    numbers = [output for output in query.outputs if output.term not in query.group_by]
    if asked > 1 and len(numbers) < asked:
        raise Refused("more numbers are asked for than are understood", spans=("how many",))


def _check_different(sentence: Sequence[Token], query: SemanticQuery) -> None:
    """That "different ratings" are not counted as often as they were given."""
    said = [token.text for token in sentence if token.lemma in ("different", "distinct", "unique")]
    measured = [node for node in parts(tuple(queries_in(query))) if isinstance(node, Measure)]
    if said and any(measure.function == "count" and measure.of is not None for measure in measured):
        raise Refused("different values are counted as often as they occur", spans=tuple(said))


def _check_joined(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That every verb that is left out joins what stands before it with something else.

    Of "need to study to become a nurse" each says more than that.
    """
    verb: Item | None = None
    is_anything_said = False
    for word in words:
        if word.category not in VERBS:
            is_said = word.category in _SPOKEN or isinstance(word.meaning, _THINGS)
            is_anything_said |= is_said
            verb = None if is_said else verb
            continue
        if verb is not None or not is_anything_said:
            text = sentence[word.start].text
            raise Refused(f"'{text}' says more than that rows belong together", spans=(text,))
        verb = word


_BEFORE_KINDS = {"Prep", "Each", "Count", "Agg", "Show", "Only", "Every", "Num", "Comma"}


def _check_kind(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That no participle before rows says of which kind they are: "total amount of accepted donations"."""
    for before, verb, rows in zip(words, words[1:], words[2:], strict=False):
        text = sentence[verb.start].text
        is_left_out = verb.category in VERBS and verb.meaning != EMPTY and verb.end == rows.start
        is_mark = before.category == "Fill" and sentence[before.end - 1].kind == "mark"
        is_before = (before.category in _BEFORE_KINDS or is_mark) and before.end == verb.start
        if is_left_out and is_before and text.endswith(("ed", "en", "nt")) and isinstance(rows.meaning, Rows):
            raise Refused(f"'{text}' says which of them are meant", spans=(text,))


def _check_claimed(sentence: Sequence[Token], words: Sequence[Item]) -> None:
    """That no verb is left out that rows are said to be: of "how many bids were accepted per year" the others
    are none. What happens to all of them may be said: bids that were made.
    """
    pairs = zip(words, [*words[1:], None], strict=False)
    in_time = [one for one, after in pairs if one.category == "Prep" and after and after.category == "Time"]
    spoken = [word for word in words if word.category != "Fill" and word not in in_time]
    ends = ([*spoken[3:], None], [*spoken[4:], None, None])
    for rows, is_, verb, after, last in zip(spoken, spoken[1:], spoken[2:], *ends, strict=False):
        text = sentence[verb.start].text.lower()
        is_claim = rows.category == "Rows" and is_.category == "Is" and verb.category == "Verb"
        is_passive = sentence[is_.end - 1].text.lower() in _TO_BE and not text.endswith("ing")
        is_alone = after is None or after.category == "Time"
        is_alone |= after is not None and after.category == "Each" and sentence[after.start].lemma == "per"
        is_alone |= (after and after.category) == "Each" and (last and last.category) in ("Grain", "Part")
        if is_claim and is_passive and is_alone and text not in DONE_TO_ALL:
            raise Refused(f"'{text}' says which of them are meant", spans=(text,))


_TO_BE = {*TO_BE, "been"}
DONE_TO_ALL = frozenset(
    """placed made created submitted filed issued recorded booked requested registered posted listed held run
    conducted performed written published built produced done given taken organised organized found logged
    stored kept had scheduled planned arranged received sent offered""".split()
)
"""What happens to all rows as they come to be, so that it says nothing of which they are."""
