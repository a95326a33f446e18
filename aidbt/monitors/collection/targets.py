"""What is measured of which node: its table, its columns, the time that its rows stand for. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.measured import node_name
from aidbt.core.schema import Column, Relation
from aidbt.core.types import type_family
from aidbt.monitors.judging.declared import event_times, monitor_tests
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.pii import guess_pii
from aidbt.warehouse.profiling import is_load_time

# Materializations that leave rows in the warehouse; of a view each scan runs its query anew.
_VIEWS = ("view", "ephemeral")
_TIMES = ("date", "timestamp")
# Elementary's own tables are made of measurements already.
_NOT_OURS = ("elementary",)
# The generic tests of several columns together → the argument that names those.
_COMBINATIONS = {
    "unique_combination_of_columns": "combination_of_columns",
    "expect_compound_columns_to_be_unique": "column_list",
    "aidbt_unique_combination": "columns",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A node that can be measured.

    Attributes:
        event_time: when its rows happened; None where nothing says so, and then it is measured as a whole.
        why: what named the event time, for people.
        load_time: when a loader wrote its rows; None where no column says so.
        columns: those that are measured, without the event time.
        private: names of columns that seem to hold personal data: only counts are taken of them.
        keys: columns that are declared or tested to be unique.
        composite_keys: the same of two and more columns together.
        codes: columns that are declared to hold one of a list of values.
    """

    unique_id: str
    relation: Relation
    event_time: Column | None = None
    why: str = ""
    load_time: Column | None = None
    columns: tuple[Column, ...] = ()
    private: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    composite_keys: tuple[tuple[str, ...], ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The node as people call it."""
        return node_name(self.unique_id)


@dataclass(frozen=True, slots=True)
class Targets:
    """What can be measured, and what is in the way of the rest.

    Attributes:
        gone: unique_id → the table that was measured or seen and is not there any more.
        seen: unique_ids of sources that models read, and that are there but not measured, without a time.
    """

    targets: tuple[Target, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    gone: Mapping[str, str] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()


def find_targets(
    manifest: Manifest,
    nodes: Iterable[Node],
    relations: Iterable[Relation],
    settings: MonitorSettings,
    *,
    is_selected: bool = False,
    measured: Collection[str] = (),
    seen: Collection[str] = (),
) -> Targets:
    """What to measure of the given nodes.

    Models and snapshots that are tables; sources whose rows have a time; views only where a person selected
    them, where `monitors.event_time` names them or where monitors stand on them as data tests.

    Args:
        relations: what is in the warehouse.
        is_selected: whether a person named the nodes.
        measured: unique_ids that were measured before: only of those a table can be gone,
        seen: and of those that were in `Targets.seen` before.
    """
    known = {(r.schema.lower(), r.name.lower()): r for r in relations}
    declared = _Declared(manifest)
    targets: list[Target] = []
    findings = list(_unknown_settings(manifest, settings))
    unbuilt, views = [], []
    was_there = {*measured, *declared.read.intersection(seen)}
    gone: dict[str, str] = {}
    untimed: dict[str, list[str]] = {}
    for node in sorted(nodes, key=lambda node: node.unique_id):
        is_named = node.name in settings.event_time or node.unique_id in settings.event_time
        is_wanted = is_selected or is_named or node.unique_id in declared.watched
        if node.package in _NOT_OURS or not _is_measured(node, is_wanted):
            views += [node] if node.config.get("materialized") == "view" else []
            continue
        relation = known.get((node.schema.lower(), (node.identifier or node.name).lower()))
        if relation is None:
            is_gone = node.unique_id in was_there
            if is_gone or is_selected:
                findings.append(_gone(node))
                gone |= {node.unique_id: _table(node)} if is_gone else {}
            elif node.resource_type != "source" or _named_time(node, settings, declared)[0]:
                unbuilt.append(node)
            continue
        target, problem = _target(node, relation, settings, declared)
        findings += problem
        if target.event_time is not None or node.resource_type != "source" or is_selected:
            targets.append(target)
        elif node.unique_id in declared.read:
            untimed[node.unique_id] = _times(relation)
    findings += [*_unbuilt(unbuilt), *_unwatched(views), *_untimed(untimed)]
    return Targets(tuple(targets), tuple(findings), gone, frozenset(untimed))


class _Declared:
    """What the project says of columns: unique keys, accepted values, default times of the semantic layer."""

    def __init__(self, manifest: Manifest) -> None:
        self.keys: dict[str, list[str]] = {}
        self.composite_keys: dict[str, list[Sequence[str]]] = {}
        self.codes: dict[str, list[str]] = {}
        for test in manifest.of_type("test"):
            about = test.raw.get("test_metadata") or {}
            given = about.get("kwargs") or {}
            column = test.raw.get("column_name") or given.get("column_name")
            node = test.raw.get("attached_node") or next(iter(test.depends_on), "")
            into = {"unique": self.keys, "accepted_values": self.codes}.get(about.get("name", ""))
            if into is not None and column:
                into.setdefault(node, []).append(str(column).strip('"`'))
            together = given.get(_COMBINATIONS.get(about.get("name", ""), ""))
            if isinstance(together, list) and not test.config.get("where"):
                self.composite_keys.setdefault(node, []).append(together)
        self.times = _semantic_times(manifest)
        self.tested = event_times(manifest)
        self.watched = {test.monitor.node for test in monitor_tests(manifest)}
        self.read = {
            up for kind in ("model", "snapshot") for n in manifest.of_type(kind) for up in n.depends_on
        }


def _semantic_times(manifest: Manifest) -> dict[str, str]:
    """Model → the column of the default time dimension of its semantic model."""
    found = {}
    for model in manifest.of_type("semantic_model"):
        default = (model.raw.get("defaults") or {}).get("agg_time_dimension")
        for dimension in model.raw.get("dimensions") or ():
            if dimension.get("name") == default:
                found.update(dict.fromkeys(model.depends_on, dimension.get("expr") or default))
    return found


def _is_measured(node: Node, is_selected: bool) -> bool:
    if node.resource_type in ("source", "snapshot"):
        return True
    if node.resource_type == "seed":
        return is_selected
    kind = node.config.get("materialized")
    return node.resource_type == "model" and (kind not in _VIEWS or (is_selected and kind == "view"))


def _named_time(node: Node, settings: MonitorSettings, declared: _Declared) -> tuple[str, str]:
    """The column that is said to be the event time, and where that is said; "" twice where nothing is."""
    for name in (node.unique_id, node.name, f"{node.source_name}.{node.name}"):
        if name in settings.event_time:
            return settings.event_time[name], "monitors.event_time"
    if node.config.get("event_time"):
        return str(node.config["event_time"]), "event_time of its config"
    if node.unique_id in declared.tested:
        return declared.tested[node.unique_id], "event_time of its monitors"
    if node.raw.get("loaded_at_field"):
        return str(node.raw["loaded_at_field"]), "loaded_at_field"
    if node.unique_id in declared.times:
        return declared.times[node.unique_id], "the semantic layer's time dimension"
    return "", ""


def _target(
    node: Node, relation: Relation, settings: MonitorSettings, declared: _Declared
) -> tuple[Target, list[Finding]]:
    load_time = next(
        (c for c in relation.columns if type_family(c.data_type) == "timestamp" and is_load_time(c.name)),
        None,
    )
    event_time, why, findings = _event_time(node, relation, settings, declared, load_time)
    private = frozenset(
        c.name
        for c in relation.columns
        if guess_pii(c, (), table=relation.name, siblings=relation.column_names) is not None
    )
    together = [*declared.composite_keys.get(node.unique_id, ()), *_config_keys(node)]
    composite, single = _keys(relation, together)
    unique = [*declared.keys.get(node.unique_id, ()), *single]
    return (
        Target(
            unique_id=node.unique_id,
            relation=relation,
            event_time=event_time,
            why=why,
            load_time=load_time,
            columns=tuple(c for c in _wanted(node, relation, settings) if c != event_time),
            private=private,
            keys=tuple(dict.fromkeys(c.name for name in unique if (c := _column(relation, name)))),
            composite_keys=() if settings.columns == "none" else composite,
            codes=tuple(
                dict.fromkeys(
                    c.name
                    for name in declared.codes.get(node.unique_id, ())
                    if (c := _column(relation, name)) and c.name not in private
                )
            ),
        ),
        findings,
    )


def _wanted(node: Node, relation: Relation, settings: MonitorSettings) -> Sequence[Column]:
    if settings.columns == "none":
        return ()
    if settings.columns == "described":
        described = {column.name.lower() for column in node.columns}
        return [column for column in relation.columns if column.name.lower() in described]
    return relation.columns


def _config_keys(node: Node) -> list[list[str]]:
    """The columns that an incremental model is unique by, and those of its constraints."""
    key: Any = node.config.get("unique_key")
    found = [[c.name] for c in node.columns if {"primary_key", "unique"} & set(c.constraints)]
    for constraint in node.raw.get("constraints") or ():
        if constraint.get("type") in ("primary_key", "unique") and constraint.get("columns"):
            found.append(constraint["columns"])
    if key and node.resource_type != "snapshot":  # which has many rows of a key
        found.append(key if isinstance(key, list) else [key])
    return found


def _keys(
    relation: Relation, declared: Iterable[Sequence[str]]
) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """Those of two and more columns that the table has, and the columns that are keys alone."""
    composite: dict[frozenset[str], tuple[str, ...]] = {}
    single = []
    for names in declared:
        columns = [_column(relation, str(name)) for name in names]
        found = tuple(dict.fromkeys(column.name for column in columns if column is not None))
        if None in columns:
            continue
        if len(found) == 1:
            single.append(found[0])
        else:
            composite.setdefault(frozenset(found), found)
    return tuple(composite.values()), single


def _column(relation: Relation, name: str) -> Column | None:
    """The column of a name, however it is spelled."""
    folded = name.strip().strip('"`').lower()
    return relation.column(name) or next((c for c in relation.columns if c.name.lower() == folded), None)


def _event_time(
    node: Node,
    relation: Relation,
    settings: MonitorSettings,
    declared: _Declared,
    load_time: Column | None,
) -> tuple[Column | None, str, list[Finding]]:
    name, why = _named_time(node, settings, declared)
    where = node.name
    if not name:
        if load_time is not None:
            return load_time, "the loader's column", []
        return None, "", _no_time(node, relation) if node.resource_type != "source" else []
    column = _column(relation, name)
    if column is None:
        near = nearest(name, relation.column_names)
        hint = f"; did you mean {near}?" if near else ""
        message = f"{why} names {name}, which {relation} does not have{hint}; it is measured as a whole"
        return None, "", [Finding("monitor.no_such_event_time", Severity.WARN, where, message)]
    if type_family(column.data_type) not in _TIMES:
        message = (
            f"{why} names {column.name}, which is {column.data_type.lower()}, no date and no timestamp; it is"
            " measured as a whole"
        )
        return None, "", [Finding("monitor.event_time_is_no_time", Severity.WARN, where, message)]
    return column, why, []


def _no_time(node: Node, relation: Relation) -> list[Finding]:
    times = _times(relation)
    like = f", e.g. {', '.join(times[:3])}" if times else ""
    message = (
        "nothing says when its rows happened, so it is measured as a whole with each collection;"
        f" set event_time in its config, or monitors.event_time in aidbt.yml{like}"
    )
    return [Finding("monitor.no_event_time", Severity.INFO, node.name, message)]


def _times(relation: Relation) -> list[str]:
    return [column.name for column in relation.columns if type_family(column.data_type) in _TIMES]


def _untimed(times: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Sources that have a time, and nothing says that their rows go by it: one finding for all."""
    timed = {node_name(node): columns for node, columns in times.items() if columns}
    if not timed:
        return []
    some, their = ("1 source is", "its") if len(timed) == 1 else (f"{len(timed):,} sources are", "their")
    named = "; ".join(f"{name} has {', '.join(columns[:3])}" for name, columns in list(timed.items())[:3])
    named += "; …" if len(timed) > 3 else ""
    name, columns = next(iter(timed.items()))
    message = (
        f"{some} not measured, since nothing says which time {their} rows go by ({named});"
        f" to measure one, set loaded_at_field in its YAML, or in aidbt.yml: monitors: {{event_time:"
        f" {{{name}: {columns[0]}}}}}"
    )
    return [Finding("monitor.sources_without_time", Severity.INFO, "project", message)]


def _table(node: Node) -> str:
    return ".".join(part for part in (node.schema, node.identifier or node.name) if part)


def _gone(node: Node) -> Finding:
    return Finding(
        "monitor.table_gone",
        Severity.ERROR,
        node.name,
        f"there is no table {_table(node)}, or this user may not see it; what is known of it is kept",
    )


def _unbuilt(nodes: Sequence[Node]) -> list[Finding]:
    """Tables that nobody has built here yet: no error, and one finding for all."""
    if not nodes:
        return []
    some, it = ("1 model has", "it") if len(nodes) == 1 else (f"{len(nodes):,} models have", "them")
    message = f"{some} no table here yet, or this user may not see {it}: {_named(nodes)}"
    return [Finding("monitor.not_built", Severity.INFO, "project", message)]


def _unwatched(views: Sequence[Node]) -> list[Finding]:
    """Views, whose queries would run anew with each collection."""
    if not views:
        return []
    some = "1 view is" if len(views) == 1 else f"{len(views):,} views are"
    message = (
        f"{some} not watched, since each scan would run its query anew: {_named(views)}; to watch one, give"
        " it monitors as data tests, or name its event time in monitors.event_time (aidbt.yml)"
    )
    return [Finding("monitor.views", Severity.INFO, "project", message)]


def _named(nodes: Sequence[Node]) -> str:
    return ", ".join(node.name for node in nodes[:3]) + (", …" if len(nodes) > 3 else "")


def _unknown_settings(manifest: Manifest, settings: MonitorSettings) -> Iterable[Finding]:
    if not settings.event_time:
        return
    known = {name: None for node in manifest.nodes.values() for name in (node.name, node.unique_id)}
    for node in manifest.sources.values():
        known |= dict.fromkeys((node.name, node.unique_id, f"{node.source_name}.{node.name}"))
    for name in _missing(settings.event_time, known):
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else ""
        yield Finding(
            "monitor.unknown_model",
            Severity.WARN,
            "aidbt.yml",
            f"monitors.event_time names '{name}', which is no model or source{hint}",
        )


def _missing(named: Mapping[str, str], known: Mapping[str, None]) -> list[str]:
    return [name for name in named if name not in known]
