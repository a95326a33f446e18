"""What to do to know more: tests to run or to add, freshness to declare, models to measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aidbt.core.config import QualityDimension
from aidbt.core.words import singular
from aidbt.observability.quality.advice import Way, ranked
from aidbt.observability.quality.dimensions import Counts, Dimension, kind_of
from aidbt.observability.quality.evidence import column_of
from aidbt.observability.quality.known import Known, Measured
from aidbt.observability.quality.results import has_freshness
from aidbt.observability.quality.scores import NodeScore, Weights, coverage, covered_of
from aidbt.observability.quality.weights import Subject
from aidbt.project.manifest import Manifest, Node

_NOT_MEASURED = ("view", "ephemeral")
_NONE = Measured()


class Gains:
    """How much more of all nodes would be known."""

    def __init__(self, scores: Sequence[NodeScore], weights: Weights) -> None:
        self.scores = {score.subject.node: score for score in scores}
        self._weights = weights
        self._total = sum(score.subject.weight for score in scores)
        self._made_of: dict[str, list[str]] = {}
        for score in scores:
            for source in score.subject.sources | {score.subject.node}:
                self._made_of.setdefault(source, []).append(score.subject.node)

    def of(
        self, more: Mapping[str, Iterable[tuple[str, Dimension]]], fresh: Iterable[str] = ()
    ) -> tuple[float, tuple[str, ...]]:
        """Points of coverage, and the nodes, if columns of nodes and freshness of sources were known too."""
        asked = tuple(fresh)
        names = dict.fromkeys([*more, *(node for source in asked for node in self._made_of.get(source, ()))])
        gained, nodes = 0.0, []
        for name in names:
            score = self.scores[name]
            added = tuple(more.get(name, ()))
            then = covered_of(score.subject, score.cells, self._weights, more=added, fresh=asked)
            gain = coverage(then, self._weights) - score.total.coverage
            if gain > 1e-9:
                gained += gain * score.subject.weight / self._total
                nodes.append(name)
        return gained, tuple(nodes)


def measuring(
    manifest: Manifest,
    known: Known,
    scores: Sequence[NodeScore],
    tested: Mapping[str, str],
    weights: Weights,
    named: Mapping[str, QualityDimension],
) -> tuple[Way, ...]:
    """What would let more be known, that which brings most for its effort first."""
    gains = Gains(scores, weights)
    tests = _by_node(manifest, tested)
    found = [
        *_tests_to_run(manifest, known, gains, tested, named),
        *_freshness(manifest, known, gains),
        *_monitors(manifest, known, gains),
        *(way for score in scores for way in _tests_to_add(score, known, gains, tests, named)),
        *_relationships(manifest, gains, tests, named),
    ]
    return ranked(way for way in found if way.coverage > 0.005)


def _by_node(manifest: Manifest, tested: Mapping[str, str]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for test, node in tested.items():
        found.setdefault(node, []).append(manifest.get(test))
    return found


def unrun(manifest: Manifest, known: Known, tested: Mapping[str, str], nodes: Iterable[str]) -> list[str]:
    """Tests of some nodes that have no result: new, renamed, never selected, or too long ago."""
    wanted = set(nodes)
    return [test for test, node in tested.items() if node in wanted and test not in known.results]


def _tests_to_run(
    manifest: Manifest,
    known: Known,
    gains: Gains,
    tested: Mapping[str, str],
    named: Mapping[str, QualityDimension],
) -> Iterator[Way]:
    tests = unrun(manifest, known, tested, gains.scores)
    if not tests:
        return
    more: dict[str, list[tuple[str, Dimension]]] = {}
    for name in tests:
        test = manifest.get(name)
        cell = column_of(test).casefold(), kind_of(test, named).dimension
        more.setdefault(tested[name], []).append(cell)
    gain, nodes = gains.of(more)
    said = (
        f"run the {len(tests):,} tests that have no result"
        if len(tests) > 1
        else "run the test without a result"
    )
    yield Way(f"{said}: dbt test, or aidbt observe where they ran elsewhere", 1.0, coverage=gain, nodes=nodes)


def _freshness(manifest: Manifest, known: Known, gains: Gains) -> Iterator[Way]:
    wanted = sorted(
        {name for score in gains.scores.values() for name in score.subject.sources}
        | {name for name in gains.scores if name in manifest.sources}
    )
    unknown = [name for name in wanted if name not in known.results]
    declared = [name for name in unknown if has_freshness(manifest.get(name))]
    if declared:
        gain, nodes = gains.of({}, declared)
        tables = (
            f"{len(declared):,} source tables" if len(declared) > 1 else _source(manifest.get(declared[0]))
        )
        yield Way(f"ask how fresh {tables} is: dbt source freshness", 1.0, coverage=gain, nodes=nodes)
    for name in unknown:
        if name not in declared:
            gain, nodes = gains.of({}, [name])
            said = f"declare the freshness of {_source(manifest.get(name))} (loaded_at_field, warn_after)"
            yield Way(said, 1.0, coverage=gain, nodes=nodes)


def _source(node: Node) -> str:
    return f"{node.source_name}.{node.name}"


def _monitors(manifest: Manifest, known: Known, gains: Gains) -> Iterator[Way]:
    more = {}
    for name, score in gains.scores.items():
        node = manifest.get(name)
        is_table = node.resource_type in ("model", "snapshot") and (
            node.config.get("materialized") not in _NOT_MEASURED
        )
        if is_table and name not in known.measured:
            columns = [(column, Dimension.COMPLETENESS) for column in score.subject.columns]
            more[name] = [*columns, ("", Dimension.VALIDITY), ("", Dimension.CONSISTENCY)]
    if more:
        gain, nodes = gains.of(more)
        said = f"measure {len(more):,} model{'s' if len(more) > 1 else ''} after each run: aidbt monitor run"
        yield Way(f"{said} (counts after two weeks)", 1.0, coverage=gain, nodes=nodes)


def _tests_to_add(
    score: NodeScore,
    known: Known,
    gains: Gains,
    tests: Mapping[str, Sequence[Node]],
    named: Mapping[str, QualityDimension],
) -> Iterator[Way]:
    """Tests of keys that are missing."""
    subject = score.subject
    measured = known.measured.get(subject.node, _NONE)
    there = {
        (column_of(test).casefold(), kind_of(test, named).dimension) for test in tests.get(subject.node, ())
    }
    if not any(dimension is Dimension.UNIQUENESS for _, dimension in there):
        column = _likely_key(subject, measured)
        if column:
            yield _to_add(subject, column, "unique", Dimension.UNIQUENESS, gains, column in measured.distinct)
    for column in sorted(subject.keys & subject.columns.keys()):
        if (column, Dimension.COMPLETENESS) not in there:
            holds = column in measured.filled
            yield _to_add(subject, column, "not_null", Dimension.COMPLETENESS, gains, holds)


def _to_add(subject: Subject, column: str, test: str, dimension: Dimension, gains: Gains, holds: bool) -> Way:
    gain, nodes = gains.of({subject.node: [(column, dimension)]})
    when = "holds today" if holds else "see first that it holds"
    said = f"add {test} on {subject.name}.{subject.columns[column]} ({when})"
    return Way(said, 1.0 if holds else 1.5, coverage=gain, nodes=nodes)


def _likely_key(subject: Subject, measured: Measured) -> str:
    """The column that tells rows apart, by its name or since all its values are different; "" for none."""
    entity = singular(subject.name.rpartition(".")[2].split("__")[-1].removeprefix("stg_").casefold())
    for prefix in ("dim_", "fct_", "int_"):
        entity = entity.removeprefix(prefix)
    names = [name for name in ("id", f"{entity}_id", f"{entity}_key") if name in subject.columns]
    return next(iter([*names, *sorted(measured.distinct & subject.columns.keys())]), "")


def _relationships(
    manifest: Manifest,
    gains: Gains,
    tests: Mapping[str, Sequence[Node]],
    named: Mapping[str, QualityDimension],
) -> Iterator[Way]:
    """Columns that have the name of another model's tested key, in models without a test of consistency."""
    keys: dict[str, list[str]] = {}
    for node, found in tests.items():
        for test in found:
            column = column_of(test).casefold()
            if kind_of(test, named).counts is Counts.KEYS and column.endswith(("_id", "_key")):
                keys.setdefault(column, []).append(node)
    for name, score in gains.scores.items():
        if Dimension.CONSISTENCY in score.dimensions or manifest.get(name).resource_type == "source":
            continue
        for column in score.subject.columns:
            parents = [p for p in dict.fromkeys(keys.get(column, ())) if p in gains.scores]
            if not parents or name in parents:
                continue
            parent = min(parents, key=lambda p: (p.startswith("source."), p))
            gain, nodes = gains.of({name: [(column, Dimension.CONSISTENCY)]})
            to = gains.scores[parent].subject.name
            spelled = f"{score.subject.name}.{score.subject.columns[column]}"
            said = f"add relationships on {spelled} to {to} (see first that it holds)"
            yield Way(said, 1.5, coverage=gain, nodes=nodes)
            break
