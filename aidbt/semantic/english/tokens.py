"""A sentence as words, numbers, quoted texts and punctuation, each with its place in the sentence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["word", "number", "quoted", "mark"]

_TOKEN = re.compile(
    r"""
    (?P<quoted> "[^"]*" | “[^”]*” | `[^`]*` | (?<!\w)'(?:[^']|(?<=\w)'(?=\w))*'(?!\w) | ‘[^’]*’(?!\w) )
  | (?P<date> \d{4}-\d{2}-\d{2} (?: [T ]\d{2}:\d{2}(?::\d{2})? )? )
  | (?P<number> [-+]?\$?\d{1,3}(?:,\d{3})+(?:\.\d+)?%? | [-+]?\$?\d+(?:\.\d+)?%?(?!\w) )
  | (?P<word> \w+ (?: [-'’.&/]\w+ )* '? )
  | (?P<mark> <= | >= | <> | != | [<>=] | \S )
    """,
    re.VERBOSE,
)
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "thousand": 1000, "dozen": 12}
_IRREGULAR = {
    "ids": "id", "people": "person", "children": "child", "men": "man", "women": "woman", "data": "data",
    "indices": "index", "statuses": "status", "series": "series", "has": "have", "had": "have",
    "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "being": "be", "am": "be",
    "did": "do", "does": "do", "done": "do", "made": "make", "sent": "send", "bought": "buy", "sold": "sell",
    "wrote": "write", "written": "write", "paid": "pay", "spent": "spend", "got": "get", "gotten": "get",
    "gave": "give", "given": "give", "took": "take", "taken": "take", "went": "go", "gone": "go",
    "held": "hold", "left": "leave", "lost": "lose", "met": "meet", "won": "win", "ran": "run", "saw": "see",
    "seen": "see", "best": "best", "less": "less", "this": "this", "its": "its", "theirs": "their",
    "previous": "previous", "us": "us", "news": "news", "business": "business", "class": "class",
    "address": "address", "process": "process", "access": "access", "always": "always", "plus": "plus",
    "minus": "minus", "various": "various", "across": "across", "bus": "bus", "gas": "gas", "yes": "yes",
    "as": "as", "his": "his", "versus": "versus", "analysis": "analysis", "basis": "basis",
    "during": "during", "following": "following", "thing": "thing", "string": "string", "spring": "spring",
    "need": "need", "speed": "speed", "seed": "seed", "feed": "feed", "red": "red", "hundred": "hundred",
}  # fmt: skip


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
        elif kind == "number":
            plain = text.strip("$%+").replace(",", "").replace("$", "")
            number = float(plain) if "." in plain else int(plain)
            found.append(Token(text, plain, "number", start, end, number))
        elif kind == "date":
            found.append(Token(text, text, "number", start, end))
        elif kind == "word":
            found.append(_word(text, start, end))
        else:
            found.append(Token(text, text, "mark", start, end))
    return found


def _word(text: str, start: int, end: int) -> Token:
    bare = re.sub(r"['’]s?$", "", text)
    lower = bare.lower()
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
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(s|x|z|ch|sh)es$", word) and len(word) > 4:
        return word[:-1] if re.search(r"[aeiou](s|z)es$", word) and not word.endswith("uses") else word[:-2]
    if word.endswith("s") and not re.search(r"(ss|us|is)$", word) and len(word) > 3:
        return word[:-1]
    return word


_DOUBLED = re.compile(r"([bdgklmnprt])\1$")


@lru_cache(maxsize=4096)
def verb_stem(word: str) -> str:
    """What forms of a verb, and nouns made of it, begin with alike.

    Example:
        >>> verb_stem("received") == verb_stem("receiver") == verb_stem("receives")
        True
    """
    base = lemma(word)
    for ending in (
        "ations",
        "ation",
        "ions",
        "ion",
        "ings",
        "ing",
        "ers",
        "er",
        "ors",
        "or",
        "ed",
        "es",
        "e",
    ):
        if base.endswith(ending) and len(base) - len(ending) >= 3:
            base = base[: -len(ending)]
            break
    return _DOUBLED.sub(r"\1", base)
