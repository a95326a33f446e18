"""What somebody gave, left or got: a column of their own rows, or of rows that belong to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.semantic.english.checks.said import Said, said_of
from aidbt.semantic.english.checks.strays import way_to_one
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import SemanticQuery

_HANDED_OVER = {"give", "award", "assign", "grant", "leave", "submit", "receive", "get"}


def check_handed_over(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That nobody gave or got what is recorded of others: "what rating did riders give" is not answered with
    the rating that drivers have, since nothing says who gave it.

    Raises:
        Refused: somebody did.
    """
    for sentence, items in said:
        words = [word for item in items for word in item.words()]
        for what, who, verb in _handed_over(sentence, words):
            if not _belongs(what, who, lexicon.graph):
                raise Refused(f"it is not known who '{verb}' it", spans=(verb,))


def _handed_over(sentence: Sequence[Token], words: Sequence[Item]) -> Iterator[tuple[Columns, Rows, str]]:
    """What is shown, who gave it, and the verb: "the rating that riders gave", "ratings given by riders"."""
    what: Columns | None = None
    for place, word in enumerate(words):
        if word.category == "Col" and isinstance(word.meaning, Columns):
            what = word.meaning
            continue  # `leave`, `award` or `grant` may be what a column is called
        if sentence[word.start].lemma not in _HANDED_OVER or what is None or word.end > word.start + 1:
            continue
        before, after = words[place - 1], words[place + 1 : place + 3]
        is_by = bool(after) and said_of(sentence, after[0]) == ["by"]
        somebody = after[-1] if is_by else before
        if isinstance(somebody.meaning, Rows):
            yield what, somebody.meaning, sentence[word.start].text


def _belongs(what: Columns, who: Rows, graph: Graph) -> bool:
    """Whether columns are of somebody, of rows that belong to them or of what they belong to."""
    tables = {term.table for term in what.terms}
    return all(
        t == who.table or way_to_one(t, who.table, graph) or way_to_one(who.table, t, graph) for t in tables
    )
