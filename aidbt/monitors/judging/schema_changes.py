"""What changed of a table's columns between two collections: an exact comparison, each change classified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aidbt.core.measured import Anomaly, Grain, Monitor, node_name
from aidbt.core.types import is_same_type
from aidbt.sql.widening import widens

Kind = Literal["added", "removed", "renamed", "wider", "narrower", "retyped"]
# How bad each is on the scale of scores: 6 and more breaks what reads the column, 3 to 6 may break it. A new
# column breaks nothing: it is told, and is no anomaly.
SCORES: dict[Kind, float] = {
    "removed": 9.0,
    "renamed": 9.0,
    "narrower": 6.0,
    "retyped": 6.0,
    "wider": 3.5,
    "added": 0.0,
}
METRIC = "schema"
# (columns that are gone, columns that came, each name → type) → (old name, new name) of those renamed.
Renames = Callable[[Mapping[str, str], Mapping[str, str]], Sequence[tuple[str, str]]]


def _no_renames(gone: Mapping[str, str], came: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One column that is not as it was.

    Attributes:
        kind: `wider` holds every value that the old type held, `narrower` is the way back, `retyped` neither.
        before, after: its type; "" where there was or is none.
        new_name: of a renamed column; "" otherwise.
    """

    kind: Kind
    column: str
    before: str = ""
    after: str = ""
    new_name: str = ""

    def __str__(self) -> str:
        """The change as people say it.

        Example:
            >>> str(SchemaChange("narrower", "amount", "BIGINT", "INTEGER"))
            'column amount is INTEGER, was BIGINT (narrower)'
        """
        if self.kind == "added":
            return f"column {self.column} ({self.after}) is new"
        if self.kind == "removed":
            return f"column {self.column} ({self.before}) is gone"
        if self.kind == "renamed":
            return f"column {self.column} is gone, probably renamed to {self.new_name}"
        note = "" if self.kind == "retyped" else f" ({self.kind})"
        return f"column {self.column} is {self.after}, was {self.before}{note}"


def schema_changes(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    dialect: str = "",
    renames: Renames = _no_renames,
) -> list[SchemaChange]:
    """What changed of the columns, those that are gone first; another order of columns is no change.

    Args:
        before, after: name → type; where either is empty nothing is known, and nothing is said.
        renames: tells which of the columns that are gone have a new name.

    Example:
        >>> [str(change) for change in schema_changes({"a": "INTEGER", "b": "DATE"}, {"a": "BIGINT"})]
        ['column b (DATE) is gone', 'column a is BIGINT, was INTEGER (wider)']
    """
    if not before or not after:
        return []
    gone = {name: type_ for name, type_ in before.items() if name not in after}
    came = {name: type_ for name, type_ in after.items() if name not in before}
    renamed = {old: new for old, new in renames(gone, came) if old in gone and new in came} if gone else {}
    changes = [
        SchemaChange("renamed", name, type_, came[renamed[name]], renamed[name])
        if name in renamed
        else SchemaChange("removed", name, type_)
        for name, type_ in gone.items()
    ]
    changes += [
        SchemaChange(_retyped(before[name], after[name], dialect), name, before[name], after[name])
        for name in before
        if name in after and not is_same_type(before[name], after[name], dialect)
    ]
    taken = set(renamed.values())
    return changes + [
        SchemaChange("added", name, after=type_) for name, type_ in came.items() if name not in taken
    ]


def _retyped(before: str, after: str, dialect: str) -> Kind:
    if widens(before, after, dialect):
        return "wider"
    return "narrower" if widens(after, before, dialect) else "retyped"


def schema_anomalies(
    node: str, changes: Sequence[SchemaChange], start: datetime, *, grain: Grain = "day"
) -> list[Anomaly]:
    """The changes that may break what reads the table, as anomalies; new columns are left out.

    Args:
        start: when it was seen, as the start of that bucket.
    """
    of = node_name(node)
    return [
        Anomaly(
            monitor=Monitor(node, METRIC, change.column),
            start=start,
            grain=grain,
            score=SCORES[change.kind],
            message=f"{of}: {change}",
            detector=METRIC,
            is_certain=True,
            evidence={
                "change": change.kind,
                **{name: getattr(change, name) for name in ("before", "after") if getattr(change, name)},
            },
        )
        for change in changes
        if SCORES[change.kind] > 0
    ]
