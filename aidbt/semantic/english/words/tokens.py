"""A sentence as words, numbers, quoted texts and punctuation, each with its place in the sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import zip_longest
from typing import Literal

from aidbt.semantic.english.words.word_lists import lines

Kind = Literal["word", "number", "quoted", "mark"]

_TOKEN = re.compile(
    r"""
    (?P<quoted> "[^"]*" | “[^”]*” | `[^`]*` | (?<!\w)'(?:[^']|(?<=\w)'(?=\w))*'(?!\w) | ‘[^’]*’(?!\w) )
  | (?P<date> \d{4}-\d{2}-\d{2} (?: [T ]\d{2}:\d{2}(?::\d{2})? )? )
  | (?P<season> \d+(?:/\d+)+(?!\w) )
  | (?P<number> (?:(?<![\w)])[-+])?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?!\w|\.\d) )
  | (?P<address> [\w.+-]+@\w+(?:[.-]\w+)+ )
  | (?P<domain> (?<!\S)\.[A-Za-z]{2,6}(?!\w) )
  | (?P<short> (?<!\S)&(?!\S) | [wW]/[oO]?(?!\w) | (?:no\.|[#№])(?=\ (?:of|the)\b) )
  | (?P<word> (?:[A-Za-z]\.){2,}(?!\w) | (?:Dr|Mrs?|Ms|Prof|St|Jr|Sr)\.(?=\s) | \w+ (?: [-'’.&/]\w+ )* '? )
  | (?P<mark> <= | >= | <> | != | [<>=] | \S )
    """,
    re.VERBOSE,
)
# More digits are no number: nothing counts so far, and calculating with them fails.
_MOST_DIGITS = 40
_SHORT = {"&": "and", "w/": "with", "w/o": "without", "no.": "number", "#": "number", "№": "number"}
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "thousand": 1000, "dozen": 12}


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign of a sentence.

    Attributes:
        text: as written, without quotes.
        lemma: of a word its base form in small letters; of others the text.
        number: what a number or number word says; a percentage as it is written (10% is 10).
        start, end: where it stands in the sentence, in characters.
    """

    text: str
    lemma: str
    kind: Kind
    start: int
    end: int
    number: float | int | None = None


def tokens(sentence: str) -> list[Token]:
    """The tokens of a sentence, in order.

    Example:
        >>> [token.lemma for token in tokens("Customers' orders above 1,000 in 'New York'?")]
        ['customer', 'order', 'above', '1000', 'in', 'New York', '?']
    """
    sentence = unicodedata.normalize("NFC", sentence)
    found: list[Token] = []
    for match in _TOKEN.finditer(sentence):
        kind, text, (start, end) = match.lastgroup or "mark", match.group(), match.span()
        if kind == "quoted":
            found.append(Token(text[1:-1].strip(), text[1:-1].strip(), "quoted", start, end))
        elif kind == "address":
            found.append(Token(text, text, "quoted", start, end))
        elif kind == "number" and len(text) > _MOST_DIGITS:
            found.append(Token(text, text, "word", start, end))
        elif kind == "number":
            plain = re.sub(r"[$€£%+,]", "", text)
            number = float(plain) if "." in plain else int(plain)
            found.append(Token(text, plain, "number", start, end, number))
        elif kind == "date":
            found.append(Token(text, text, "number", start, end))
        elif kind in ("season", "domain"):
            found.append(Token(text, text, "word", start, end))
        elif kind == "short":
            found.append(Token(text, _SHORT[text.lower()], "word", start, end))
        elif kind == "word":
            found.extend(_words(text, start))
        else:
            found.append(Token(text, text, "mark", start, end))
    return found


def with_average_last(sentence: Sequence[Token]) -> list[Token]:
    """A sentence whose "on average" stands at its end and not between its phrases; [] for any other one."""
    for start in range(1, len(sentence) - 2):
        words = [token.lemma for token in sentence[start - 1 : start + 2]]
        if words[1:] == ["on", "average"] and words[0] != "than":
            rest = [*sentence[:start], *sentence[start + 2 :]]
            end = len(rest) - (rest[-1].kind == "mark")
            return [*rest[:end], *sentence[start : start + 2], *rest[end:]]
    return []


def _words(text: str, start: int) -> Iterator[Token]:
    """The words of a run of letters: those that hyphens join, and a verb before its shortened "not"."""
    for match in re.finditer(r"[^-]+", text):
        part, begin = match.group(), start + match.start()
        negated = _NEGATED.fullmatch(part)
        if negated:
            split = begin + negated.end("verb")
            verb = _SHORTENED.get(negated["verb"].lower(), negated["verb"])
            yield Token(part[: split - begin], lemma(verb.lower()), "word", begin, split)
            yield Token(part[split - begin :], "not", "word", split, begin + len(part))
        else:
            word = _word(part, begin, begin + len(part))
            # "Check-ins" are several; `ins` alone is short for something else.
            is_particle = begin > start and word.lemma == "ins"
            yield replace(word, lemma="in") if is_particle else word


_NEGATED = re.compile(
    r"(?P<verb>do|does|did|have|has|had|is|are|was|were|ca|wo|could|would|should|must|need)n['’]?t", re.I
)
_SHORTENED = {"ca": "can", "wo": "will"}


def _word(text: str, start: int, end: int) -> Token:
    bare = re.sub(r"(?<=\w)(?:['’](?:s|m|d|re|ve|ll)?)$", "", text)
    # "US" is the country and "us" is not; "U.S." is written without its dots.
    bare = bare.removesuffix(".") if bare.count(".") == 1 else bare
    plain = bare.replace(".", "") if re.fullmatch(r"(?:\w\.)+\w?", bare) else bare
    lower = "usa" if plain == "US" else plain.lower()
    ordinal = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", lower)
    if ordinal:
        return Token(text, lower, "word", start, end, int(ordinal[1]))
    return Token(text, lemma(lower), "word", start, end, _NUMBER_WORDS.get(lower))


@lru_cache(maxsize=4096)
def lemma(word: str) -> str:
    """The base form of an English word: the singular of nouns, and of irregular verbs the infinitive.

    Example:
        >>> [lemma(word) for word in ("countries", "matches", "wrote", "made", "bus", "statuses")]
        ['country', 'match', 'write', 'make', 'bus', 'status']
    """
    irregular = _irregular().get(word)
    if irregular is not None:
        return irregular
    word = _BRITISH.sub("iz", word)
    for plural, singular in _COMPOUNDS.items():
        if word.endswith(plural) and len(word) > len(plural) + 2:
            return word.removesuffix(plural) + singular
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(s|x|z|ch|sh)es$", word) and len(word) > 4:
        keeps_e = re.search(r"([aeiou][sz]|[nr]s)es$", word) and not re.search(r"[^ao]uses$", word)
        return word[:-1] if keeps_e else word[:-2]
    if word.endswith("s") and not re.search(r"(ss|us|is)$", word) and len(word) > 3:
        return word[:-1]
    return word


# "organise", "prioritisation"; but not "promise", "exercise", "raise".
_BRITISH = re.compile(r"(?<=al|an|or|il|im|ar|it)is(?=(?:e[sd]?|ing|ations?)$)")
_COMPOUNDS = {"people": "person", "women": "woman", "men": "man"}


@cache
def _irregular() -> dict[str, str]:
    """The base forms of the words of the list."""
    found: dict[str, str] = {}
    for _, line in lines("irregular.txt"):
        base, _, others = line.partition(":")
        found.update(dict.fromkeys([base.strip(), *others.split()], base.strip()))
    return found


_DOUBLED = re.compile(r"([bdgklmnprt])\1$")


_ENDINGS = (
    "izations", "ization", "ations", "ation", "ments", "ment", "fully", "ful", "ally", "ions", "ion", "ings",
    "ing",    "ized", "ize", "ers", "er", "ors", "or", "ed", "es", "ly", "al", "e",
)  # fmt: skip


# Nouns whose verbs the endings do not show.
_SAME_STEMS = {
    "failure": "fail", "succeed": "success", "succeeded": "success", "arrival": "arrive", "closure": "close",
    "departure": "depart", "delivery": "deliver", "expiry": "expire", "registration": "register",
    "resolution": "resolve", "submission": "submit", "admission": "admit", "decision": "decide",
    "response": "respond", "sale": "sell",
}  # fmt: skip
_STUDIES = re.compile(r"olog(?:y|ist)$")


@lru_cache(maxsize=4096)
def verb_stem(word: str) -> str:
    """What forms of a verb, and nouns made of it, begin with alike.

    Example:
        >>> verb_stem("received") == verb_stem("receiver") == verb_stem("receives")
        True
    """
    base = _STUDIES.sub("olog", lemma(word))
    base = _SAME_STEMS.get(base, base)
    # "ordered" loses two endings, as "order" loses one that is none.
    for _ in range(2):
        for ending in _ENDINGS:
            if base.endswith(ending) and len(base) - len(ending) >= 3:
                base = base[: -len(ending)]
                break
    return _DOUBLED.sub(r"\1", base)


_SHOWING = frozenset("give show return list display report tell provide please".split())
# "For Rome: show …" says no more than of what.
_SHORTEST_SAID = 3


def sentences(sentence: Sequence[Token]) -> list[list[Token]]:
    """The sentences of a text; what a colon tells to show is one of its own.

    Example:
        >>> [len(found) for found in sentences(tokens("Sales in May: show the total. For Rome: how many?"))]
        [4, 4, 6]
    """
    found: list[list[Token]] = [[]]
    for token, following in zip_longest(sentence, sentence[1:]):
        found[-1].append(token)
        is_shown = token.text in ":–—" and following is not None and following.text.lower() in _SHOWING
        if token.kind == "mark" and (token.text in ".?!;" or (is_shown and len(found[-1]) > _SHORTEST_SAID)):
            found.append([])
    return [tokens_ for tokens_ in found if any(token.kind != "mark" for token in tokens_)]
