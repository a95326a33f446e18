"""Rows that belong together in a role and otherwise too: "projects per employee", who leads them or not."""

from __future__ import annotations

from aidbt.semantic.english.checks.said import Said
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.ways import path_of
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Path, Relationship, has_role, is_to_one
from aidbt.semantic.query import Attribute, SemanticQuery, measures

# How many steps it is over the rows of one table in between.
_STEPS = 2


def check_unsaid_roles(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That a role by which things are told is spoken of, where rows in between relate them as well.

    Raises:
        Refused: they may be meant.
    """
    graph = lexicon.graph
    spoken = {verb_stem(token.text.lower()) for sentence, _ in said for token in sentence}
    tables = {term.table for term in query.group_by if isinstance(term, Attribute) and not term.via}
    for start in sorted({measure.table for measure in measures(query) if measure.table}):
        for end in sorted(tables - {start, ""}):
            path = path_of(graph, start, end)
            unsaid = [step.relationship for step in path or () if not _is_said(step.relationship, spoken)]
            if path is not None and unsaid and any(_is_between(way) for way in graph.paths(start, end)):
                role = unsaid[0].role
                raise Refused(
                    f"rows of {start} and {end} belong together by the {role}, and otherwise too",
                    hint=f"say that the {role} is meant, or who else",
                )


def _is_said(relationship: Relationship, spoken: set[str]) -> bool:
    """Whether a relationship is in no role, or in one that is spoken of."""
    return not relationship.role or any(verb_stem(word) in spoken for word in relationship.role.split())


def _is_between(way: Path) -> bool:
    """Whether rows that refer to both ends relate them, in no role."""
    return len(way) == _STEPS and not has_role(way) and not is_to_one(way) and way[-1].is_to_one
