"""A question that is not answered: what is not understood, what that may have meant, what can be asked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import AidbtError
from aidbt.core.lexicon import expansions, is_word, partners
from aidbt.core.resilience import Level
from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.index import (
    ColumnName,
    Meaning,
    MetricName,
    TableName,
    Trait,
    ValueName,
    place,
)
from aidbt.semantic.english.grounding.lexicon import Lexicon
from aidbt.semantic.english.words.tokens import lemma, tokens
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Matches,
    OneOf,
    SemanticQuery,
    Value,
    attributes,
    parts,
)
from aidbt.semantic.wording.names import table_nouns

MOST_CANDIDATES = 3
# A look through a large index takes half a second; who is not understood at all is told so at once.
_MOST_SPANS = 6
# Less alike than that, two words are not one misspelt (the ratio of Ratcliff and Obershelp, 0..1).
_LEAST_ALIKE = 0.72
_LONGEST_CODE = 4
# A word that many names share brings hundreds of them, and an embedding takes a millisecond for each.
_MOST_RANKED = 40

Rank = Callable[[str, Sequence[str]], Sequence[float]]
"""How near in meaning, 0..1, each of several phrases is to a text: what an embedding says."""


class Refused(AidbtError):
    """A question that is not answered, because its meaning is not certain.

    Attributes:
        spans: the words that are not understood, as they were written.
        candidates: for a span up to three names or values that it may have meant.
        nearest: a question that can be answered; "" when none was found.
        readings: what the question may mean, as English sentences, where that is not certain.
        level: REDUCED where a language model should have helped and could not, as in `core.resilience`.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        spans: Sequence[str] = (),
        candidates: Mapping[str, Sequence[str]] | None = None,
        nearest: str = "",
        readings: Sequence[str] = (),
        hint: str | None = None,
        level: Level = Level.FULL,
    ) -> None:
        self.level = level
        self.spans = tuple(spans)
        self.candidates = {span: tuple(found) for span, found in (candidates or {}).items() if found}
        self.nearest = nearest
        self.readings = tuple(readings)
        super().__init__(message, hint=hint or self._hint())

    def _hint(self) -> str | None:
        if self.readings:
            return "say which is meant: " + "; or: ".join(self.readings)
        said = [f"'{span}' may be {_either(found)}" for span, found in self.candidates.items()]
        if self.nearest:
            said.append(f"this can be answered: {self.nearest}")
        return "; ".join(said) or None


class Doubtful(Refused):
    """The likeliest reading may mean something else than it says, and so no less likely one is looked for."""


class Distant(Refused):
    """What is named has too little to do with what is asked about: something else may be called the same."""


class Elsewhere(Refused):
    """What is claimed is of rows that what is asked about has nothing to do with: somebody of another table
    may have that name.
    """


def not_understood(
    spans: Sequence[str],
    lexicon: Lexicon,
    *,
    question: str = "",
    answers: Callable[[str], bool] | None = None,
    rank: Rank | None = None,
) -> Refused:
    """The refusal of a question that has words in it that are not understood.

    Args:
        question: the whole of it, for the nearest one that can be answered.
        answers: whether a question can be answered, to look for that; None does not look.
        rank: orders the candidates, which are there without it already.
    """
    unique = list(dict.fromkeys(spans))
    found = {span: candidates(span, lexicon, rank=rank) for span in unique[:_MOST_SPANS]}
    found |= dict.fromkeys(unique[_MOST_SPANS:], ())
    nearest = nearest_question(question, found, answers) if answers and question else ""
    shown = ", ".join(f"'{span}'" for span in found)
    return Refused(f"not understood: {shown}", spans=tuple(found), candidates=found, nearest=nearest)


def unknown_value(text: str, lexicon: Lexicon, table: str, column: str) -> Refused:
    """The refusal of a question for a value that a column does not hold, with the nearest that it does."""
    known = lexicon.values.get((table, column), ())
    near = difflib.get_close_matches(
        plain(text), {plain(value): value for value in known}, MOST_CANDIDATES, 0.5
    )
    shown = [value for folded in near for value in known if plain(value) == folded][:MOST_CANDIDATES]
    where = f"{column} of {table}"
    nearest = f"; nearest: {', '.join(shown)}" if shown else ""
    return Refused(f"no {where} is '{text}'{nearest}", spans=(text,), candidates={text: shown})


def check_values(query: SemanticQuery, lexicon: Lexicon) -> None:
    """Check that every text that a query compares a column with is a value of it, where all are known.

    Raises:
        Refused: one is not.
    """
    for part in parts(query):
        for attribute, text in _compared(part):
            if lexicon.knows(attribute.table, attribute.column, text) is False:
                raise unknown_value(text, lexicon, attribute.table, attribute.column)
    if query.source is not None:
        check_values(query.source, lexicon)


def _compared(part: object) -> Iterator[tuple[Attribute, str]]:
    match part:
        case Matches(Attribute() as term, "is", text):
            yield term, text
        case OneOf(Attribute() as term, values):
            yield from ((term, value.value) for value in values if isinstance(value.value, str))
        case Comparison("=" | "<>", Attribute() as term, Value(str() as text)):
            yield term, text


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A name or a value that a span may have meant.

    Attributes:
        shown: as the project writes it.
        named: what it means.
        likeness: 0..1; to 2 with what an embedding says.
    """

    shown: str
    named: frozenset[Meaning]
    likeness: float


def candidates(span: str, lexicon: Lexicon, *, rank: Rank | None = None) -> tuple[str, ...]:
    """Up to three names or values of the data that a span may have meant, the likeliest first.

    Names are offered when they are spelt nearly alike, share a word, or are loose synonyms; as the project
    writes them, and values as they stand in the data. What means the same is offered once.
    """
    found = _sorted(_candidates(span, lexicon))
    if rank is not None and len(found) > 1:
        best = found[:_MOST_RANKED]
        near = rank(span, [candidate.shown for candidate in best])
        found = _sorted(replace(c, likeness=c.likeness + n) for c, n in zip(best, near, strict=True))
    chosen: dict[str, frozenset[Meaning]] = {}
    for candidate in found:
        if candidate.shown not in chosen and candidate.named not in chosen.values():
            chosen[candidate.shown] = candidate.named
    return tuple(chosen)[:MOST_CANDIDATES]


def _sorted(found: Iterable[_Candidate]) -> list[_Candidate]:
    return sorted(found, key=lambda c: (-c.likeness, len(c.shown), c.shown))


def _candidates(span: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    words = tuple(token.lemma.lower() for token in tokens(span) if token.kind != "mark")
    if not words:
        return
    nouns = table_nouns(lexicon.graph)
    for phrase, meanings in lexicon.meanings.items():
        # What means nothing is a name whose definition was not understood.
        likeness = _likeness(words, phrase) if meanings and not _is_code(span, meanings) else 0.0
        shown = _shown(phrase, meanings, nouns) if likeness >= _LEAST_ALIKE else ""
        if shown:
            yield _Candidate(shown, frozenset(map(place, meanings)), likeness)


def _shown(phrase: Phrase, meanings: Sequence[Meaning], nouns: Mapping[str, str]) -> str:
    """The value that a phrase is; the name, where it is one or has short forms in it; else its words.

    "" for what is none of it, such as "unremote" where rows are remote or not.
    """
    value = next((meaning.value for meaning in meanings if isinstance(meaning, ValueName)), "")
    if value:
        return value
    surest = max(meanings, key=lambda meaning: meaning.weight)
    written = _written(surest, nouns)
    if isinstance(surest, Trait):
        columns = {word for a in attributes(surest.predicate) for word in singular_words(a.column)}
        return " ".join(phrase) if all(is_word(word) or word in columns for word in phrase) else ""
    is_name = tuple(plain(lemma(word)) for word in singular_words(written)) == phrase
    return written if is_name or (written and any(map(_is_short, phrase))) else " ".join(phrase)


def _is_short(word: str) -> bool:
    return not is_word(word) and bool(expansions(word))


def _written(meaning: Meaning, nouns: Mapping[str, str]) -> str:
    """What the project calls something; "" for what it gives no name."""
    match meaning:
        case TableName(table):
            return nouns[table]
        case ColumnName(_, column):
            return column
        case MetricName(name):
            return name
    return ""


def _is_code(span: str, meanings: Sequence[Meaning]) -> bool:
    """Whether a word in small letters meets nothing but codes, as those of airports: `COS` is no cost."""
    texts = [meaning.value for meaning in meanings if isinstance(meaning, ValueName)]
    are_codes = all(text.isupper() and len(text) <= _LONGEST_CODE for text in texts)
    return len(texts) == len(meanings) and are_codes and not span.isupper()


def nearest_question(
    question: str, found: Mapping[str, Sequence[str]], answers: Callable[[str], bool]
) -> str:
    """The question with what it may have meant in place of what is not understood; "" if none is answered.

    A span without candidates is left out. Only the first two candidates of each are tried, one span at a time
    from the left, and at most eight questions.
    """
    tried = [question]
    for span, options in found.items():
        tried = [_replaced(text, span, option) for text in tried for option in [*options[:2], ""]][:8]
    return next((text for text in tried if text != question and answers(text)), "")


def _replaced(text: str, span: str, option: str) -> str:
    """A text with other words in place of some; not within a word: of "or" nothing is in "orders"."""
    whole = rf"(?<!\w){re.escape(span)}(?!\w)"
    return " ".join(re.sub(whole, lambda _: option, text).split())


def _likeness(words: Phrase, phrase: Phrase) -> float:
    """How alike a span and a name of the data are, 0..1."""
    if words == phrase:
        return 1.0
    a, b = " ".join(words), " ".join(phrase)
    if b in partners(a):
        return 0.9
    least = 0.0
    if len(words) > 1 and len(set(words) & set(phrase)) * 2 >= max(len(words), len(phrase)):
        least = 0.85
    # The quick bounds rule out most of a large index before the exact ratio is asked for.
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < _LEAST_ALIKE or matcher.quick_ratio() < _LEAST_ALIKE:
        return least
    return max(least, matcher.ratio())


def _either(found: Iterable[str]) -> str:
    return " or ".join(f"'{text}'" for text in found)
