"""What times are called: `order date`, `date of birth`, `delivery`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.semantic.english.words.names import CLEAR, PARTICLES, SHORTER, SYNONYM, TIMES, Name, other_words
from aidbt.semantic.english.words.word_lists import Phrase, people

# What is done at a time, as a noun; nothing that shares are said of too, such as cancellations.
_DEVERBAL = {
    "delivered": "delivery", "registered": "registration", "resolved": "resolution", "requested": "request",
    "submitted": "submission", "approved": "approval", "enrolled": "enrollment", "admitted": "admission",
    "discharged": "discharge", "arrived": "arrival", "departed": "departure", "published": "publication",
    "acquired": "acquisition", "diagnosed": "diagnosis", "graduated": "graduation", "shipped": "shipment",
    "installed": "installation", "purchased": "purchase", "released": "release", "launched": "launch",
}  # fmt: skip


# When people came, and what each of their comings is called.
_JOINED = {"join", "joined", "joining", "registered", "registration", "signup", "signed"}
_JOINING = (("signup",), ("sign", "up"), ("sign", "ups"), ("registration",), ("joiner",), ("joining",))


def time_names(form: Phrase, nouns: Sequence[Phrase]) -> Iterator[Name]:
    """The name of a time with and without the words that say that it is one."""
    bare = form
    while len(bare) > 1 and bare[-1] in (*TIMES, "utc"):
        bare = bare[:-1]
    if bare == form and form[-1] not in TIMES:
        yield Name((*form, "date"), CLEAR)
        return
    if bare[-1] in TIMES:
        return
    yield Name((*bare, "date"), CLEAR)
    yield Name((*bare, "time"), SHORTER)
    yield Name(("date", "of", *bare), CLEAR)
    if bare not in nouns:
        yield Name(bare, 0.8)
        for particle in PARTICLES if len(bare) == 1 else ():
            if bare[0].endswith(particle) and len(bare[0]) > len(particle) + 2:
                yield Name((bare[0].removesuffix(particle), particle), 0.8)
        for noun in _DEVERBAL.get(bare[0], "").split() if len(bare) == 1 else ():
            if (noun,) not in nouns:
                yield Name((noun,), SYNONYM)
        if bare[0] in _JOINED and any(noun[-1:] in people() for noun in nouns):
            yield from (Name(noun, SYNONYM) for noun in _JOINING if noun not in nouns)
    yield from other_words((*bare, "date"), 1.0)
