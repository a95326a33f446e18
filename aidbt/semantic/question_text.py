"""The text of a question, looked at before anything is done for it."""

from __future__ import annotations

import re
import unicodedata

from aidbt.core.errors import UsageError

LONGEST_QUESTION = 2_000
# The time that reading takes grows with the cube of these.
MOST_WORDS = 120
LONGEST_INSTRUCTIONS = 5_000
_WORD = re.compile(r"\w+|[^\w\s]")


def checked_question(text: str) -> str:
    """The question on one line.

    Raises:
        UsageError: it is empty, too long, or holds characters that are no text.
    """
    if len(text) > LONGEST_QUESTION:
        raise UsageError(
            f"the question has {len(text):,} characters; {LONGEST_QUESTION:,} are the most",
            hint="ask for one thing at a time",
        )
    words = len(_WORD.findall(text))
    if words > MOST_WORDS:
        raise UsageError(
            f"the question has {words:,} words and marks; {MOST_WORDS} are the most",
            hint="ask for one thing at a time",
        )
    question = " ".join(text.split())
    if not question:
        raise UsageError("the question is empty", hint='as in: aidbt query "orders by month last year"')
    for char in question:
        if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn"):
            raise UsageError(f"the question holds a character that is no text (U+{ord(char):04X})")
    return question


def checked_instructions(text: str) -> str:
    """Definitions that belong to a question, as they are.

    Raises:
        UsageError: they are too long.
    """
    if len(text) > LONGEST_INSTRUCTIONS:
        raise UsageError(
            f"the instructions have {len(text):,} characters; {LONGEST_INSTRUCTIONS:,} are the most",
            hint="give the definitions that this question needs",
        )
    return text
