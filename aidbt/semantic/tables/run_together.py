"""Names whose words run together, as old systems write them: CUSTMST, ORDDT, ITMDESC."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from aidbt.core.lexicon import expansions, is_word
from aidbt.core.words import singular_words

# Storage words, which say how rows are kept and not what they are.
STORAGE = {"master", "header", "file", "table", "record"}
_SHORTEST = 5
# What a name of four letters may end with: BKNO.
_SHORT_ENDS = {"no", "nm", "cd", "dt"}
_LEAST_SHARE = 0.3
# The last words of such names, whose likeliest meaning is nearly always meant.
_ENDS = {
    "no": "number", "nbr": "number", "num": "number", "nm": "name", "nam": "name", "cd": "code",
    "cod": "code", "cde": "code", "dt": "date", "dte": "date", "dsc": "description", "desc": "description",
    "sts": "status", "stat": "status", "fil": "file", "id": "id", "cat": "category", "prc": "price",
    "amt": "amount", "qty": "quantity", "flg": "flag", "typ": "type", "mst": "master", "hdr": "header",
    "dtl": "detail", "trn": "transaction", "pct": "percent", "yr": "year", "oh": "on hand", "cst": "cost",
    "bal": "balance", "lmt": "limit", "phn": "phone", "adr": "address", "cty": "city", "hst": "history",
    "wgt": "weight", "tim": "time", "tm": "time", "ref": "reference",
}  # fmt: skip


def is_run_together(names: Iterable[str]) -> bool:
    """Whether a good part of the names of a schema are words that run together.

    Example:
        >>> is_run_together(["CUSTMST", "CUSTNO", "CUSTNM"]), is_run_together(["season", "first_name"])
        (True, False)
    """
    found = [singular_words(name) for name in names]
    joined = [words for words in found if len(words) == 1 and len(parted(words[0])) > 1]
    return bool(found) and len(joined) >= _LEAST_SHARE * len(found)


@lru_cache(maxsize=20_000)
def parted(word: str) -> tuple[str, ...]:
    """The words of a name, those that are short and certain written out; itself where it is one word.

    Of the ways to take it apart the one of the fewest parts is taken, and of those one that ends as such
    names do, with the fewest parts of two letters, which may be anything, and the longest first part.

    Example:
        >>> parted("itmdesc"), parted("qtyoh"), parted("qtyshp"), parted("customer")
        (('item', 'description'), ('quantity', 'on', 'hand'), ('quantity', 'shp'), ('customer',))
    """
    if (len(word) < _SHORTEST and word[2:] not in _SHORT_ENDS) or is_word(word):
        return (word,)
    if expansions(word):
        return _written_out(word)
    cuts: list[tuple[str, ...] | None] = [None] * len(word) + [()]
    for start in range(len(word) - 2, -1, -1):
        ways = [
            (word[start:end], *rest)
            for end in range(len(word), start + 1, -1)
            if (rest := cuts[end]) is not None and _is_part(word[start:end], is_last=end == len(word))
        ]
        cuts[start] = min(ways, key=_doubt, default=None)
    parts = cuts[0] or (word,)
    # What is made of whole words alone may be a word of the language, such as "passport".
    if all(is_word(part) for part in parts):
        return (word,)
    first = tuple(spelled for part in parts[:-1] for spelled in _written_out(part))
    last = parts[-1]
    return (*first, *_ENDS[last].split()) if last in _ENDS else (*first, *_written_out(last))


def ends_shortened(word: str) -> bool:
    """Whether a word ends as names do whose words run together: `ordno`, but not "printed"."""
    return word.endswith(tuple(_ENDS)) or bool(expansions(word))


def _doubt(way: tuple[str, ...]) -> tuple[int, bool, int]:
    """How doubtful a way is to take a name apart, the least doubtful first."""
    short = sum(len(part) == 2 and part not in _ENDS for part in way)
    return len(way), way[-1] not in _ENDS, short


def _is_part(part: str, *, is_last: bool) -> bool:
    if is_last and part in _ENDS:
        return True
    return bool(expansions(part)) or (len(part) > 2 and is_word(part))


def _written_out(part: str) -> tuple[str, ...]:
    """What a short form stands for, if it can stand for one thing only."""
    meanings = expansions(part)
    return meanings[0] if len(meanings) == 1 and not is_word(part) else (part,)
