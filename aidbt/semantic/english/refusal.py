"""A question that is not answered: what is not understood, what that may have meant, what can be asked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aidbt.core.errors import AidbtError
from aidbt.core.lexicon import partners
from aidbt.semantic.english.index import Meaning
from aidbt.semantic.english.lexicon import Lexicon, ValueName
from aidbt.semantic.english.tokens import tokens
from aidbt.semantic.english.value_names import plain
from aidbt.semantic.english.word_lists import Phrase
from aidbt.semantic.query import Attribute, Comparison, Matches, OneOf, SemanticQuery, Value, parts

MOST_CANDIDATES = 3
# A look through a large index takes half a second; who is not understood at all is told so at once.
_MOST_SPANS = 6
# Less alike than that, two words are not one misspelt (the ratio of Ratcliff and Obershelp, 0..1).
_LEAST_ALIKE = 0.72
_LONGEST_CODE = 4

Rank = Callable[[str, Sequence[str]], Sequence[float]]
"""How near in meaning, 0..1, each of several phrases is to a text: what an embedding says."""


class Refused(AidbtError):
    """A question that is not answered, because its meaning is not certain.

    Attributes:
        spans: the words that are not understood, as they were written.
        candidates: for a span up to three names or values that it may have meant.
        nearest: a question that can be answered; "" when none was found.
        readings: what the question may mean, as English sentences, where that is not certain.
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
    ) -> None:
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


def candidates(span: str, lexicon: Lexicon, *, rank: Rank | None = None) -> tuple[str, ...]:
    """Up to three names or values of the data that a span may have meant, the likeliest first.

    Names are offered when they are spelt nearly alike, share a word, or are loose synonyms; values as they
    stand in the data.
    """
    words = tuple(token.lemma.lower() for token in tokens(span) if token.kind != "mark")
    if not words:
        return ()
    scored: dict[str, float] = {}
    for phrase, meanings in lexicon.meanings.items():
        # What means nothing is a name whose definition was not understood.
        likeness = _likeness(words, phrase) if meanings and not _is_code(span, meanings) else 0.0
        if likeness >= _LEAST_ALIKE:
            shown = next((m.value for m in meanings if isinstance(m, ValueName)), " ".join(phrase))
            scored[shown] = max(likeness, scored.get(shown, 0.0))
    best = sorted(scored, key=lambda shown: (-scored[shown], len(shown), shown))
    if rank is not None and best:
        near = dict(zip(best, rank(span, best), strict=True))
        best.sort(key=lambda shown: -(scored[shown] + near[shown]))
    return tuple(best[:MOST_CANDIDATES])


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
    return " ".join(text.replace(span, option).split())


def _likeness(words: Phrase, phrase: Phrase) -> float:
    """How alike a span and a name of the data are, 0..1."""
    if words == phrase:
        return 1.0
    a, b = " ".join(words), " ".join(phrase)
    if b in partners(a):
        return 0.9
    if len(words) > 1 and len(set(words) & set(phrase)) * 2 >= max(len(words), len(phrase)):
        return 0.85
    # The quick bounds rule out most of a large index before the exact ratio is asked for.
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < _LEAST_ALIKE or matcher.quick_ratio() < _LEAST_ALIKE:
        return 0.0
    return matcher.ratio()


def _either(found: Iterable[str]) -> str:
    return " or ".join(f"'{text}'" for text in found)
