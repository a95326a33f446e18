"""What changed on the two sides of a mapping, and what is said about it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from typing import Literal

from aidbt.core.errors import nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import MappedColumn, Mapping, Relation
from aidbt.mapping.files import mapping_path
from aidbt.mapping.renames import Candidates, Renamed
from aidbt.mapping.retypes import Retype, Retyped

# What an item of a list is called in the mapping of a list's items; the table has no such columns.
_OF_AN_ITEM = ("item", "item_index")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed on one side. The order of columns is no change.

    Attributes:
        removed: columns that are gone and were not found under another name.
        likely: the added columns that a removed one could be.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    likely: Dict[str, Candidates] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed or self.retyped)


def known_columns(mapping: Mapping) -> dict[str, None]:
    """The names of the table's columns that the mapping knows, in its order; an ordered set."""
    names = [name for column in mapping.columns for name in column.sources]
    names += mapping.unmapped
    names += [name for rule in mapping.row_rules for name in (*rule.keys, rule.order_by) if name]
    if mapping.items:
        names = [mapping.items.partition(".")[0], *(name for name in names if name not in _OF_AN_ITEM)]
    return dict.fromkeys(names)


def needed_columns(mapping: Mapping) -> dict[str, None]:
    """Those whose going matters: all that the mapping knows but what a person rejected."""
    return known_columns(replace(mapping, columns=tuple(c for c in mapping.columns if is_kept(c))))


def is_kept(column: MappedColumn) -> bool:
    """Whether nobody rejected it."""
    return column.status != "rejected"


def findings_of(mapping: Mapping, source: Changes, target: Changes) -> list[Finding]:
    """One finding per change of the two sides, the source's first.

    Args:
        mapping: as it was decided.
    """
    found = [_gone(mapping, name, source) for name in source.removed]
    found += [_renamed(mapping, item, "source") for item in source.renamed]
    found += [_retyped(mapping, item, "source") for item in source.retyped]
    found += [
        Finding("source.column_added", Severity.INFO, f"{mapping.key}.{name}", f"{name} is new in the source")
        for name in source.added
    ]
    found += [
        Finding(
            "target.column_gone",
            Severity.WARN,
            f"{mapping.key}.{name}",
            f"the target {mapping.target} declares no {name} any more; to leave it out:"
            f" aidbt review reject {shlex.quote(f'{mapping.key}.{name}')}",
        )
        for name in target.removed
    ]
    found += [_renamed(mapping, item, "target") for item in target.renamed]
    found += [_retyped(mapping, item, "target") for item in target.retyped]
    found += [
        Finding(
            "target.column_added",
            Severity.INFO,
            f"{mapping.key}.{name}",
            f"the target {mapping.target} declares {name}, which is not mapped yet",
        )
        for name in target.added
    ]
    return found


def _gone(mapping: Mapping, name: str, source: Changes) -> Finding:
    users = [column for column in mapping.selected() if name in column.sources]
    rules = [rule.rule for rule in mapping.row_rules if name in (*rule.keys, rule.order_by)]
    where = f"{mapping.key}.{name}"
    if users:
        says = f"but {users[0].target} is made from it: the model cannot be built"
        message = f"{says}; {_way_out(mapping, users[0], source.likely.get(name, ()))}"
    elif rules:
        message = f"but the row rule {rules[0]} reads it: write its new name in {mapping_path(mapping)}"
    else:
        message = "and staging does not read it"
    severity = Severity.ERROR if users or rules else Severity.INFO
    return Finding(
        "source.column_gone", severity, where, f"the source has no column {name} any more, {message}"
    )


def _way_out(mapping: Mapping, column: MappedColumn, likely: Candidates) -> str:
    """What to do about a column whose source is gone.

    Args:
        likely: what the source could be called now.
    """
    selector = shlex.quote(f"{mapping.key}.{column.target}")
    leave_out = f"to leave it out: aidbt review reject {selector}"
    if not likely:
        return leave_out
    names = " or ".join(f"{name} ({_percent(probability)})" for name, probability in likely)
    take = f": aidbt review choose {selector} {shlex.quote(likely[0][0])}" if column.is_passthrough else ""
    return f"it may be called {names} now{take}; {leave_out}"


def _renamed(mapping: Mapping, item: Renamed, side: Literal["source", "target"]) -> Finding:
    targets = [c.target for c in mapping.selected() if item.old in c.sources]
    is_used = side == "target" or bool(targets)
    asks = is_used and not item.is_accepted
    says = f"{item.old} is called {item.new} now ({_percent(item.probability)}"
    says += f": {', '.join(item.reasons)})" if item.reasons else ")"
    if asks:
        name = item.new if side == "target" else targets[0]
        says += f"; to take it over: aidbt review accept {shlex.quote(f'{mapping.key}.{name}')}"
    severity = Severity.ERROR if asks else Severity.WARN if is_used else Severity.INFO
    return Finding(
        f"{side}.column_renamed",
        severity,
        f"{mapping.key}.{item.old}",
        says,
        evidence={"new": item.new, "probability": f"{item.probability:.2f}"},
    )


def _percent(probability: float) -> str:
    """A probability for people; nothing that was not decided is certain."""
    return f"{min(round(100 * probability), 99)} %"


_SEVERITY: dict[Retype, Severity] = {
    "widened": Severity.INFO,
    "compatible": Severity.WARN,
    "incompatible": Severity.ERROR,
}


def _retyped(mapping: Mapping, item: Retyped, side: Literal["source", "target"]) -> Finding:
    says = f"{item.column} was {item.before} when it was decided and is {item.now} now"
    if side == "target":
        says = f"{item.column} was {item.before} and is declared as {item.now} now"
    if item.kind == "widened":
        says += ", which holds every value it had"
    elif item.kind == "compatible":
        proven = f"every row keeps its value by a cast to {item.cast}" if item.cast else "no cast is needed"
        says += f"; {proven}"
    elif item.lost:
        says += f"; {item.lost:,} rows would lose their value by a cast to {item.cast}"
    else:
        says += "; a person has to look"
    evidence = {"kind": item.kind, "before": item.before, "now": item.now}
    if item.lost is not None:
        evidence["rows_lost"] = str(item.lost)
    return Finding(
        f"{side}.column_retyped", _SEVERITY[item.kind], f"{mapping.key}.{item.column}", says, evidence
    )


# An unmapped table with so many of a vanished table's columns is likely that table under another name.
_SAME_TABLE = 0.8


def table_gone(mapping: Mapping, others: Dict[str, Relation]) -> Finding:
    """The finding about a mapped table that the warehouse does not have any more.

    Args:
        others: the tables that are not mapped, by "source.table".
    """
    known = known_columns(mapping).keys()
    shares = {key: len(known & set(other.column_names)) / max(len(known), 1) for key, other in others.items()}
    best = max(shares, key=lambda key: shares[key], default=None)
    close = best if best is not None and shares[best] >= _SAME_TABLE else nearest(mapping.parent, others)
    hint = f"; was it renamed to {close}? then change 'table:' in {mapping_path(mapping)}" if close else ""
    return Finding(
        "source.table_gone",
        Severity.ERROR,
        mapping.key,
        f"the warehouse has no table {mapping.table} in {mapping.schema or mapping.source} any more: its"
        f" model cannot be built{hint}",
        evidence={"nearest": close} if close else {},
    )


def unknown_targets(mappings: Iterable[Mapping], targets: Collection[str]) -> list[Finding]:
    """One finding per mapping whose target is not declared (any more).

    Args:
        targets: the names of those that are.
    """
    return [target_gone(m, targets) for m in mappings if m.target is not None and m.target not in targets]


def target_gone(mapping: Mapping, targets: Iterable[str]) -> Finding:
    """The finding about a mapping whose target is not declared any more.

    Args:
        targets: the names of those that are.
    """
    close = nearest(mapping.target or "", targets)
    hint = f"; was it renamed to {close}? then change 'target:' there" if close else ""
    return Finding(
        "mapping.unknown_target",
        Severity.ERROR,
        mapping_path(mapping),
        f"{mapping.key} is mapped to the target '{mapping.target}', which is not declared{hint}",
        evidence={"nearest": close} if close else {},
    )
