"""The edits of one token that a mistake in lines newly written may need, for a parser to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aidbt.healing.evidence.code_changes import hunks_of
from aidbt.healing.remedies.code.one_edit import KEYWORDS, OneEdit, tokens
from aidbt.healing.remedies.code.slips import nearest_slip

_MOST = 150  # tokens in the lines that changed
_TAKEN_OUT = frozenset(",()")
_LONG_KEYWORDS = [word for word in KEYWORDS if len(word) >= 4]
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def guided_edits(before: str, now: str) -> list[OneEdit]:
    """One comma at the end of a line, one bracket, or one keyword, in the lines that changed.

    Never inside of Jinja. A comma inside of a line is never guessed: between two arguments an operator may
    have been lost. A keyword is one of four letters and more, for a word that was not in the file before.
    """
    words = list(tokens(now))
    lines = set(_changed_lines(before, now))
    starts = _line_starts(now)
    jinja = [match.span() for match in _JINJA.finditer(now)]
    known = {word.casefold() for word, _ in tokens(before)}
    places = [
        i
        for i, (_, start) in enumerate(words)
        if _line(starts, start) in lines and not any(a <= start < b for a, b in jinja)
    ]
    if len(places) > _MOST:
        return []
    found: list[OneEdit] = []
    for i in places:
        word, start = words[i]
        end = start + len(word)
        following = words[i + 1] if i + 1 < len(words) else None
        is_last = following is None or "\n" in now[end : following[1]]
        if word not in ",(":
            found += [
                OneEdit(end, end, mark, "", mark, True) for mark in (")", ",") if mark == ")" or is_last
            ]
        if word in _TAKEN_OUT:
            found.append(OneEdit(start, end, "", word, "", True))
        meant = nearest_slip(word, _LONG_KEYWORDS) if word.isalpha() else None
        if meant is not None and word.casefold() not in KEYWORDS | known:
            meant = meant.upper() if word.isupper() else meant
            found.append(OneEdit(start, end, meant, word, meant, True))
    return found


def _changed_lines(before: str, now: str) -> Iterator[int]:
    for hunk in hunks_of(before.splitlines(), now.splitlines()):
        # The line before too: who appends one forgets its comma.
        yield from range(max(hunk.new_start - 2, 0), hunk.new_start + len(hunk.new) - 1)


def _line_starts(text: str) -> Sequence[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line(starts: Sequence[int], place: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, place) - 1
