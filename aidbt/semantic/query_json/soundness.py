"""Whether a written query is small enough to be read, and no output of it is made of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aidbt.semantic.query import Output, OutputRef, SemanticQuery, parts
from aidbt.semantic.query_json.form import MOST_CHARACTERS, MOST_DEPTH, MOST_PARTS
from aidbt.semantic.query_json.values import WrongQuery


def check_size(value: Any) -> None:
    """Counts before anything recursive looks: YAML's aliases make a small text an endless document."""
    waiting, parts, characters = [(value, 0)], 0, 0
    while waiting:
        node, depth = waiting.pop()
        parts += 1
        characters += len(node) if isinstance(node, str) else 0
        if depth > MOST_DEPTH:
            raise WrongQuery("", f"the query is nested more than {MOST_DEPTH} levels deep")
        if parts > MOST_PARTS or characters > MOST_CHARACTERS:
            raise WrongQuery("", "the query is too large", hint=f"it may have {MOST_PARTS:,} parts")
        if isinstance(node, Mapping):
            waiting += [(item, depth + 1) for item in node.values()]
        elif isinstance(node, list | tuple):
            waiting += [(item, depth + 1) for item in node]


def check_cycles(outputs: Sequence[Output], source: SemanticQuery | None, at: str) -> None:
    """Return when no output is made of itself; a name that `source` has is its.

    Raises:
        WrongQuery: one is.
    """
    inner = {output.name for output in source.outputs if output.is_shown} if source is not None else set()
    known = {output.name: output.term for output in outputs if output.name not in inner}
    made_of = {
        name: {part.name for part in parts(term) if isinstance(part, OutputRef) and part.name in known}
        for name, term in known.items()
    }
    for _ in known:  # each round settles one more, unless they wait for each other
        settled = {name for name, others in made_of.items() if not others & made_of.keys()}
        made_of = {name: others for name, others in made_of.items() if name not in settled}
    if made_of:
        raise WrongQuery(at, f"'{next(iter(made_of))}' is made of itself", hint="name other outputs in it")
