"""Changes, what they do to something, and what all of them come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal[
    "fails", "skipped", "removed", "retyped", "grain", "rows", "values", "moved", "definition", "added"
]
"""What happens to something: it cannot be built or run; it is not built because something before it fails;
a column is gone, has another type; other columns tell the rows apart; other rows; other values; the relation
has another name; it is built in another way with the same result; it is new."""
Weight = Literal["breaking", "data", "safe"]

WEIGHTS: dict[Effect, Weight] = {
    "fails": "breaking", "skipped": "breaking", "removed": "breaking", "retyped": "breaking",
    "grain": "breaking", "rows": "data", "values": "data", "moved": "data", "definition": "safe",
    "added": "safe",
}  # fmt: skip
EFFECTS: tuple[Effect, ...] = tuple(WEIGHTS)

ThingKind = Literal[
    "column", "node", "data test", "unit test", "contract", "exposure", "metric", "semantic model",
    "saved query",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes.

    Attributes:
        column: "" for the node as a whole; its rows with "rows" or "grain", all of it with "removed".
        detail: in words, e.g. "INTEGER → VARCHAR".
        data_type: of "retyped", the new type; "" when it is not known.
    """

    node: str
    column: str
    effect: Effect
    detail: str = ""
    data_type: str = ""

    @property
    def weight(self) -> Weight:
        """How much it matters to whoever reads the node."""
        return WEIGHTS[self.effect]


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing that a change reaches.

    Attributes:
        name: as people know it, e.g. "fct_orders.amount" or the name of a test.
        why: what happens to it, in a sentence.
        path: (the column, node or thing, how it uses the one before), from the change to it.
    """

    kind: ThingKind
    name: str
    node: str
    effect: Effect
    why: str
    path: tuple[tuple[str, str], ...] = ()
    column: str = ""

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return WEIGHTS[self.effect]

    @property
    def steps(self) -> int:
        """How many steps lead to it; 0 is in the changed node itself."""
        return max(len(self.path) - 1, 0)


@dataclass(frozen=True, slots=True)
class Impact:
    """What changes reach, the weightiest and nearest first.

    Attributes:
        changes: that it follows from.
        unknown: (unique_id, why) of nodes that a change may reach without anybody knowing: what their columns
            are made of is not known.
    """

    changes: tuple[Change, ...]
    affected: tuple[Affected, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()

    def of_weight(self, weight: Weight) -> list[Affected]:
        """What is affected with that weight."""
        return [thing for thing in self.affected if thing.weight == weight]

    @property
    def weight(self) -> Weight:
        """The weightiest of what is affected, and of the changes that break the changed node itself."""
        weights = {thing.weight for thing in self.affected}
        weights |= {"breaking" for change in self.changes if change.effect == "fails"}
        return "breaking" if "breaking" in weights else "data" if "data" in weights else "safe"
