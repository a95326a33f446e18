"""Sentences that every form of a review begins with."""

from __future__ import annotations

from collections import Counter

from aidbt.review.changed_nodes import ChangedNode
from aidbt.review.pull_request import Review

_PLURALS = {"analysis": "analyses", "saved_query": "saved queries"}
_BUILT = ("source", "seed", "model", "snapshot", "function")


def headline(review: Review) -> str:
    """The verdict with the number of its reasons.

    Never "approved": that is for a person to say.
    """
    verdict = review.verdict
    blocks, look = len(verdict.of_weight("blocks")), len(verdict.of_weight("look"))
    if verdict.word == "nothing found":
        return "nothing found"
    parts = [f"{blocks} to mend before merging"] if blocks else []
    parts += [f"{look} to look at"] if look else []
    return f"{verdict.word}: {', '.join(parts)}"


def what_changed(review: Review) -> str:
    """What the pull request changes, in one line: "3 models changed, 1 added; 2 tests added"."""
    if not review.changed:
        return f"no node differs from where the branch left {review.base_ref}"
    built = [node for node in review.changed if node.resource_type in _BUILT]
    rest = [node for node in review.changed if node.resource_type not in _BUILT]
    return "; ".join(part for part in (_counted(built), _counted(rest)) if part)


def _counted(nodes: list[ChangedNode]) -> str:
    words = {"added": "added", "removed": "removed", "modified": "changed"}
    counts = Counter((node.resource_type, words[node.kind]) for node in nodes)
    return ", ".join(
        f"{number} {_noun(resource_type, number)} {word}" for (resource_type, word), number in counts.items()
    )


def _noun(resource_type: str, number: int) -> str:
    if number == 1:
        return resource_type.replace("_", " ")
    return _PLURALS.get(resource_type, resource_type.replace("_", " ") + "s")


def what_it_reaches(review: Review) -> str:
    """How much stands downstream of the change, by how it is touched; "" where nothing is."""
    impact = review.impact
    counts = {weight: len(impact.of_weight(weight)) for weight in ("breaking", "data", "safe")}  # type: ignore[arg-type]
    names = {"breaking": "breaking", "data": "with other data", "safe": "safe"}
    parts = [f"{number:,} {names[weight]}" for weight, number in counts.items() if number]
    unknown = f"{len(impact.unknown):,} unknown" if impact.unknown else ""
    return ", ".join(part for part in (*parts, unknown) if part)


def not_covered(review: Review) -> str:
    """What part of the project's columns the review could not follow; "" when it is all of them."""
    coverage = review.coverage
    if coverage.is_complete:
        return ""
    missing = coverage.columns - coverage.resolved
    nodes = len({item.node for item in (*coverage.unresolved, *coverage.incomplete)})
    return (
        f"{missing:,} of {coverage.columns:,} columns are not resolved ({nodes} nodes, see aidbt lineage): "
        "what the change does to them is not known"
    )
