"""What rows do not answer: commands to change data, and questions for how something is done."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.semantic.english.grounding.lexicon import Lexicon
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.words.tokens import Token

# Verbs that are neither nouns nor adjectives.
_CHANGE = frozenset(
    """delete remove erase insert cancel modify overwrite rename reassign reschedule deactivate activate
    reactivate approve reject notify enroll unenroll unsubscribe undo merge replace archive assign suspend
    reimburse promote demote hire""".split()
)
# Verbs that are also the first word of what is asked for: "change in revenue", "book titles", "close dates".
_CHANGE_OR_NOUN = frozenset(
    """update add set mark change book create drop move close open send email mail text pay refund register
    schedule edit fix correct import upload transfer increase decrease raise lower reduce double reset void
    issue charge clear purge buy sell award ban block lock unlock flag tag submit renew extend waive
    adjust""".split()
)
_OBJECTS = frozenset(
    """all the a an every each any this that these those my our his her their its both everyone everybody
    it them me us him""".split()
)
# What a command may begin with, longest first.
_POLITE = tuple(
    tuple(said.split())
    for said in (
        *("could you please", "can you please", "would you please", "will you please", "please go ahead and"),
        *("i want you to", "i need you to", "i would like you to", "i'd like you to", "i would like to"),
        *("i'd like to", "i want to", "i need to", "we want to", "we need to", "go ahead and"),
        *("could you", "can you", "would you", "will you", "please", "kindly", "let's", "let us"),
    )
)
# Of "add up the payments" nothing is changed.
_ASKING = frozenset({("add", "up"), ("add", "together"), ("send", "me"), ("email", "me"), ("set", "out")})


# "How do sales compare by region" asks for numbers, "how does a broker earn its money" for an explanation.
_HOW = frozenset("do does did can could should would will to might must".split())
_IN_NUMBERS = frozenset(
    """compare differ change vary develop evolve break split trend grow look rank relate fluctuate perform
    distribute spread""".split()
)


def check_command(sentence: Sequence[Token], lexicon: Lexicon) -> None:
    """That a sentence does not tell to change data, "cancel all bookings from Leeds", nor asks for the way
    in which something is done, "how do customers pay?".

    Raises:
        Refused: it does.
    """
    said = [token.text.lower().replace("’", "'") for token in sentence]
    asks_how = said[:1] == ["how"] and bool(_HOW & set(said[1:2]))
    if asks_how and not _IN_NUMBERS & {token.lemma for token in sentence}:
        hint = "ask how many or how much there is, or for what differs between groups"
        raise Refused("rows do not say how something is done", spans=(sentence[0].text,), hint=hint)
    polite = next((words for words in _POLITE if tuple(said[: len(words)]) == words), ())
    start = len(polite)
    if len(said) < start + 2 or not _is_command(said[start], said[start + 1], is_told=bool(polite)):
        return
    if any(length > 1 for length, _ in lexicon.found(sentence, start)):
        return  # "cancel reasons" are what a column holds
    raise Refused(
        f"'{said[start]}' tells to change data, and data is only read here",
        spans=(sentence[start].text,),
        hint="ask which rows there are, or how many",
    )


def _is_command(verb: str, following: str, *, is_told: bool) -> bool:
    if (verb, following) in _ASKING:
        return False
    return verb in _CHANGE or (verb in _CHANGE_OR_NOUN and (is_told or following in _OBJECTS))
