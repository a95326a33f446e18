"""What reads the columns of nodes without being a node: tests, contracts, exposures, metrics and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from aidbt.lineage.effects import EFFECTS, Affected, Effect, ThingKind
from aidbt.lineage.graph import ROWS, ColumnRef
from aidbt.lineage.schemas import has_contract, tested_columns, tested_node
from aidbt.lineage.spread import Spread
from aidbt.project.manifest import Manifest, Node

_WORD = re.compile(r"[A-Za-z_]\w*")
_READERS = frozenset({"exposure", "metric", "semantic_model", "saved_query"})
_BREAKS: frozenset[Effect] = frozenset({"removed", "retyped"})
# Configurations of a node that name columns of it.
_KEYS = ("unique_key", "updated_at", "check_cols", "partition_by", "cluster_by")


def reached_things(spread: Spread) -> Iterator[Affected]:
    """Every test, contract, exposure, metric, semantic model and saved query that is reached."""
    manifest = spread.manifest
    for node in (*manifest.nodes.values(), *manifest.others.values()):
        if node.resource_type == "test":
            yield from _data_test(node, spread)
        elif node.resource_type == "unit_test":
            yield from _unit_test(node, spread)
        elif node.resource_type in _READERS:
            yield from _reader(node, spread)
        elif node.resource_type in ("model", "snapshot"):
            yield from _keys(node, spread)
        if has_contract(node):
            yield from _contract(node, spread)


# --- tests --------------------------------------------------------------------------------------------


def _data_test(test: Node, spread: Spread) -> Iterator[Affected]:
    """A data test fails to run without a column that it names, and may judge otherwise after others."""
    refs = _tested(test, spread)
    is_singular = not refs
    rows = [ColumnRef(name, ROWS) for name in test.depends_on]
    touched = [ref for ref in (*refs, *rows) if spread.effects(ref)]
    if is_singular:
        touched += [ref for name in test.depends_on for ref in spread.of_node(name) if ref.column]
    if not touched:
        return
    error = _new_error(test, spread) if is_singular else ""
    found = []
    for ref in touched:
        for effect in spread.effects(ref):
            outcome = _test_outcome(effect, ref, is_named=not is_singular)
            if error and effect in ("removed", "retyped"):
                outcome = "fails"
            if outcome is not None:
                why = error if outcome == "fails" and error else _test_words(outcome, ref)
                found.append(_affected("data test", test, spread, ref, effect, outcome, why))
    yield from _worst(found)


def _tested(test: Node, spread: Spread) -> list[ColumnRef]:
    """The columns that a generic test names; none of a singular one."""
    tested = tested_node(test)
    if not tested:
        return []
    refs = [_ref(spread, tested, name) for name in tested_columns(test)]
    kwargs = (test.raw.get("test_metadata") or {}).get("kwargs") or {}
    if kwargs.get("field"):  # relationships: the column of the other side
        others = [name for name in test.depends_on if name != tested] or [tested]
        refs += [_ref(spread, name, str(kwargs["field"])) for name in others]
    # An expression, a condition or another argument may name columns too.
    words = _words(str(value) for key, value in kwargs.items() if key not in ("model", "column_name", "to"))
    words |= _words([str(test.config.get("where") or "")])
    node = spread.lineage.nodes.get(tested)
    refs += [ColumnRef(tested, c.name) for c in (node.columns if node else ()) if c.name.casefold() in words]
    return list(dict.fromkeys(refs)) or [ColumnRef(tested, ROWS)]


def _new_error(test: Node, spread: Spread) -> str:
    """Why the SQL of a test does not run any more; "" when it does, or cannot be read."""
    read = spread.project.read(test)
    return "" if isinstance(read, str) else next(iter(read.errors), "")


def _test_outcome(effect: Effect, ref: ColumnRef, *, is_named: bool) -> Effect | None:
    if effect in ("added", "definition", "moved"):
        return None
    if effect == "removed":
        return "fails" if is_named or not ref.column else None
    return "skipped" if effect in ("fails", "skipped") else "values"


def _test_words(outcome: Effect, ref: ColumnRef) -> str:
    if outcome == "fails":
        return f"it names {ref.column}, which is gone" if ref.column else "what it tests is gone"
    if outcome == "skipped":
        return "what it tests is not built"
    return "it may judge otherwise: what it tests has other values or rows"


def _unit_test(test: Node, spread: Spread) -> Iterator[Affected]:
    """A unit test names columns of its inputs and of its model, and runs the model's SQL."""
    named = _fixture_columns(test.raw)
    model = next((name for name in test.depends_on if name.endswith(f".{test.raw.get('model')}")), "")
    found = []
    for name in test.depends_on:
        for ref, effects in spread.of_node(name).items():
            for effect, reached in effects.items():
                outcome: Effect | None = None
                why = ""
                if effect == "removed" and (not ref.column or ref.column.casefold() in named):
                    outcome, why = "fails", f"it names {ref.column or 'a node'}, which is gone"
                elif effect in ("fails", "skipped") and name == model:
                    outcome, why = "fails", "the SQL of its model does not run"
                elif name == model and reached.before is None and effect in ("values", "rows", "grain"):
                    outcome, why = "values", "the SQL of its model gives something else"
                if outcome is not None:
                    found.append(_affected("unit test", test, spread, ref, effect, outcome, why))
    yield from _worst(found)


def _fixture_columns(raw: dict[str, Any]) -> set[str]:
    """Every column that the fixtures of a unit test name, in lower case."""
    fixtures = [*(raw.get("given") or ()), raw.get("expect") or {}]
    found: set[str] = set()
    for fixture in fixtures:
        rows = fixture.get("rows") if isinstance(fixture, dict) else None
        if isinstance(rows, list):
            found |= {str(name).casefold() for row in rows if isinstance(row, dict) for name in row}
        elif isinstance(rows, str):
            found |= _words([rows])
    return found


# --- what a node says of itself -----------------------------------------------------------------------


def _contract(node: Node, spread: Spread) -> Iterator[Affected]:
    """A column that goes or changes its type breaks the contract that promises it."""
    for column in node.columns:
        ref = _ref(spread, node.unique_id, column.name)
        for effect in sorted(spread.effects(ref).keys() & _BREAKS):
            if effect == "removed" or column.data_type:
                promised = f" as {column.data_type}" if effect == "retyped" else ""
                why = f"it promises {column.name}{promised}"
                yield _affected("contract", node, spread, ref, effect, "fails", why)


def _keys(node: Node, spread: Spread) -> Iterator[Affected]:
    """A node cannot be built without the columns that its configuration names."""
    for key in _KEYS:
        for name in _listed(node.config.get(key)):
            ref = _ref(spread, node.unique_id, name)
            if "removed" in spread.effects(ref):
                why = f"its {key} names {name}, which is gone"
                yield _affected("node", node, spread, ref, "removed", "fails", why)


def _listed(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("field")
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(part) for part in value] if isinstance(value, list) else []


# --- exposures, metrics, semantic models, saved queries ------------------------------------------------


def _reader(thing: Node, spread: Spread) -> Iterator[Affected]:
    """The worst that happens to an exposure, a metric, a semantic model or a saved query."""
    kind = cast(ThingKind, thing.resource_type.replace("_", " "))
    named = _columns_named(thing, spread.manifest)
    found = []
    for name in _nodes_read(thing, spread.manifest):
        for ref, effects in spread.of_node(name).items():
            if ref.column and named is not None and ref.column.casefold() not in named:
                continue
            for effect in effects:
                if effect in ("added", "definition"):
                    continue
                outcome: Effect = "fails" if effect == "removed" and named is not None else effect
                outcome = "skipped" if effect == "fails" else outcome
                why = _reader_words(outcome, ref)
                found.append(_affected(kind, thing, spread, ref, effect, outcome, why))
    yield from _worst(found)


def _nodes_read(thing: Node, manifest: Manifest) -> list[str]:
    """The models, seeds and sources that a thing reads, through metrics and semantic models."""
    return [name for name in _through(thing, manifest) if manifest.others.get(name) is None]


def _through(thing: Node, manifest: Manifest) -> list[str]:
    found: dict[str, None] = {}
    waiting = list(thing.depends_on)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            above = manifest.others.get(name)
            waiting += above.depends_on if above is not None else ()
    return list(found)


def _columns_named(thing: Node, manifest: Manifest) -> set[str] | None:
    """The columns that a thing may read, in lower case; None when nothing says which."""
    if thing.resource_type == "exposure":
        return None
    if thing.resource_type == "semantic_model":
        return _words(_semantic_expressions(thing.raw))
    things = [manifest.others[n] for n in _through(thing, manifest) if n in manifest.others]
    models = [item for item in things if item.resource_type == "semantic_model"]
    metrics = [thing, *(item for item in things if item.resource_type == "metric")]
    named: set[str] = set()
    for metric in metrics:
        words = _words(_texts(metric.raw.get("type_params"), metric.raw.get("filter")))
        words |= _words(_texts(metric.raw.get("query_params")))
        # A measure, dimension or entity stands for the expression that makes it.
        dotted = {part for word in words for part in word.split("__")}
        named |= words | dotted
        for model in models:
            for item in _semantic_items(model.raw):
                if str(item.get("name")).casefold() in words | dotted:
                    named |= _words(_texts(item))
    for model in models:
        named |= _words([str((model.raw.get("defaults") or {}).get("agg_time_dimension") or "")])
    return named


def _semantic_items(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for group in ("entities", "dimensions", "measures") for item in raw.get(group) or ()]


def _semantic_expressions(raw: dict[str, Any]) -> Iterator[str]:
    for item in _semantic_items(raw):
        yield str(item.get("expr") or item.get("name") or "")


def _texts(*values: Any) -> Iterator[str]:
    """Every text in nested values."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(*value.values())
        elif isinstance(value, list):
            yield from _texts(*value)


def _reader_words(effect: Effect, ref: ColumnRef) -> str:
    what = ref.column or "what it reads"
    return {
        "fails": f"it names {what}, which is gone",
        "skipped": "what it reads is not built",
        "removed": f"{what} is gone; whether it is used there is not known",
        "retyped": f"{what} has another type",
        "rows": "it shows other rows",
        "grain": "other columns tell the rows of what it reads apart",
        "values": f"{what} has other values",
        "moved": "what it reads has another name in the warehouse",
    }[effect]


# --- both ---------------------------------------------------------------------------------------------


def _words(texts: Iterable[str]) -> set[str]:
    return {word.casefold() for text in texts for word in _WORD.findall(text)}


def _ref(spread: Spread, node: str, column: str) -> ColumnRef:
    name = column.strip('"`[]')
    known = spread.lineage.nodes.get(node)
    found = known.column(name) if known else None
    return ColumnRef(node, found.name if found else name)


def _worst(found: Sequence[Affected]) -> Sequence[Affected]:
    """One thing is told once: the weightiest that happens to it, by the shortest path."""
    ranked = sorted(found, key=lambda thing: (EFFECTS.index(thing.effect), thing.steps))
    return ranked[:1]


def _affected(
    kind: ThingKind, thing: Node, spread: Spread, ref: ColumnRef, effect: Effect, outcome: Effect, why: str
) -> Affected:
    path = (*spread.path(ref, effect), (thing.name, kind))
    return Affected(kind, thing.name, thing.unique_id, outcome, why, path)
