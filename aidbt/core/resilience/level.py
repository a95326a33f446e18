"""How well a feature works while something is missing."""

from __future__ import annotations

from enum import StrEnum

from aidbt.core.errors import UnknownName


class Level(StrEnum):
    """How well something worked, from best to worst; every result carries one.

    Compares by how much is missing: FULL < REDUCED < MINIMAL < BUFFER.
    """

    FULL = "full"
    REDUCED = "reduced"
    MINIMAL = "minimal"
    BUFFER = "buffer"

    @staticmethod
    def worst(*levels: Level) -> Level:
        """The level of a whole with these parts; FULL for none."""
        return max(levels, default=Level.FULL)

    def _rank(self) -> int:
        return tuple(Level).index(self)

    # All four, because str has its own, by letter.
    def __lt__(self, other: str) -> bool:
        return self._rank() < Level(other)._rank()

    def __le__(self, other: str) -> bool:
        return self._rank() <= Level(other)._rank()

    def __gt__(self, other: str) -> bool:
        return self._rank() > Level(other)._rank()

    def __ge__(self, other: str) -> bool:
        return self._rank() >= Level(other)._rank()


# Document 003, "Feature Degradation Matrix", one row a feature: full, reduced, minimal, buffer.
DEGRADATION: dict[str, dict[Level, str]] = {
    feature: dict(zip(Level, does, strict=True))
    for feature, *does in (
        ("data_ingestion", "full", "full", "pass-through", "kept in storage until it can be processed"),
        ("schema_mapping", "LLM and embeddings", "embeddings only", "manual", "skipped"),
        ("transformations", "SQL written from English", "pre-defined SQL", "pass-through", "skipped"),
        ("anomaly_detection", "ML ensemble", "statistical only", "thresholds only", "skipped"),
        ("quality_scoring", "all dimensions", "core dimensions", "basic checks", "skipped"),
        ("self_healing", "full automatic healing", "transient failures only", "manual", "disabled"),
    )
}


def behaviour(feature: str, level: Level) -> str:
    """What a feature does at a level, in a few words.

    Raises:
        UnknownName: there is no such feature in `DEGRADATION`.

    Example:
        >>> behaviour("schema_mapping", Level.REDUCED)
        'embeddings only'
    """
    if feature not in DEGRADATION:
        raise UnknownName("feature", feature, DEGRADATION)
    return DEGRADATION[feature][level]
