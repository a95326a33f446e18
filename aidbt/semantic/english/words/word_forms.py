"""Words that no list holds: runs of capitals, and short forms spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.lexicon import expansions, is_word
from aidbt.semantic.english.words.tokens import Token

# Small words within the names of people.
_PARTICLES = {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "la", "le", "bin", "ter"}
_TITLES = {"mr", "mrs", "ms", "dr", "prof"}
_MOST_NAMES = 4
# Of longer words in capitals it is a name, of shorter ones a short form.
_LONG = 6


def capitalised(sentence: Sequence[Token], start: int) -> Iterator[tuple[int, str]]:
    """The runs of capitalised words that begin at a token, with how many tokens each has; the first word of a
    sentence alone is none, and titles are left out.

    Example:
        >>> from aidbt.semantic.english.words.tokens import tokens
        >>> list(capitalised(tokens("of Dr. Dmitri Brandt"), 1))
        [(2, 'Dmitri'), (3, 'Dmitri Brandt')]
        >>> list(capitalised(tokens("by Ludwig van Beethoven"), 1))[-1]
        (3, 'Ludwig van Beethoven')
    """
    names: list[str] = []
    for length, token in enumerate(sentence[start:], 1):
        is_title = token.lemma in _TITLES
        if names and token.text in _PARTICLES:
            names.append(token.text)
            continue
        is_short = token.text.isupper() and len(token.text) < _LONG
        if token.kind != "word" or not token.text[0].isupper() or is_short:
            break
        names += [] if is_title else [token.text]
        if names and not is_title and (start > 0 or length > 1):
            yield length, " ".join(names)
        if len(names) == _MOST_NAMES:
            break


def shortens(short: str, word: str) -> bool:
    """Whether a short form may stand for a word: it begins it, or leaves out its vowels.

    Example:
        >>> shortens("con", "concomitant"), shortens("scrng", "screening"), shortens("con", "cancel")
        (True, True, False)
        >>> shortens("wrk", "work"), shortens("cls", "close"), shortens("cls", "class")
        (True, True, False)
    """
    if len(short) > 2 and short == bones(word):
        return short != word
    if len(word) < len(short) + 2 or short[0] != word[0] or (is_word(word) and expansions(short)):
        return False
    if len(short) > 2 and word.startswith(short):
        return True
    rest = iter(word)
    return len(short) > 2 and not set(short[1:]) & set("aeiou") and all(letter in rest for letter in short)


def bones(word: str) -> str:
    """What a word is without the vowels behind its first letter.

    Example:
        >>> bones("election"), bones("elctn")
        ('elctn', 'elctn')
    """
    return word[:1] + "".join(letter for letter in word[1:] if letter not in "aeiou")
