"""What a review comes to. It never approves: "nothing found" says no more than that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.impact import Affected, Change, Impact
from aidbt.review.changed_nodes import ChangedNode
from aidbt.review.checks import CHECKS
from aidbt.review.checks.run import CODE, Checked
from aidbt.review.compared import NodeData

Word = Literal["blocks", "needs a look", "nothing found"]
Weight = Literal["blocks", "look"]

# How near to harm each kind of reason is, the nearest first: the order in which people read them.
_ORDER = ("sql", "build", "node", "fails", "contract", "promise", "data", "check", "reach", "unread")
# Checks are registered with what damages data first, and what is only missing last.
_CHECK_ORDER = {CODE + name: place for place, name in enumerate(CHECKS.names(), start=1)}
_NOT_COMPILED = "lineage.not_compiled"  # a warning to whoever reads columns; here it is what breaks the run
_OUTSIDE = frozenset({"exposure", "metric", "semantic model", "saved query"})


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a person has to know before merging.

    Attributes:
        weight: "blocks" is broken or breaks something; "look" is for a person to judge.
        topic: what kind of thing it is, for ranking.
        where: file and line, or the node.
        node: unique_id of the node that it is about; its name, of what failed in a build; "" for none.
        readers: how many nodes stand downstream of that one.
        code: of the finding that it stands for; "" where it is none.
        path: the way from the change to it, as titles; () where there is none.
        mend: what to do about it; "" where that depends.
    """

    weight: Weight
    topic: str
    text: str
    where: str = ""
    node: str = ""
    readers: int = 0
    code: str = ""
    path: tuple[str, ...] = ()
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and the reasons for it, the riskiest first."""

    word: Word
    reasons: tuple[Reason, ...] = ()

    def of_weight(self, weight: Weight) -> list[Reason]:
        """The reasons of one weight."""
        return [reason for reason in self.reasons if reason.weight == weight]


def reach_verdict(
    changed: Sequence[ChangedNode],
    impact: Impact,
    checked: Checked,
    *,
    wrong: Sequence[Finding] = (),
    data: Sequence[NodeData] = (),
    failures: Sequence[tuple[str, str]] = (),
) -> Verdict:
    """The verdict on a change.

    Args:
        wrong: what the change made wrong with the project's SQL.
        failures: (name, message) of nodes and tests that failed when the head was built.
    """
    readers = {node.unique_id: node.readers for node in changed}
    compared = {one.unique_id for one in data if one.diff is not None}
    reasons = [
        *_of_findings(wrong, "sql", readers),
        *(Reason("blocks", "build", f"{name} failed: {said}", node=name) for name, said in failures),
        *(reason for reason in _of_impact(impact, readers) if not _is_told_by(reason, compared)),
        *_of_findings(checked.introduced, "check", readers),
        *(_of_data(data, readers)),
        *(
            _of_node(node, "unread", f"its SQL was not looked at: {why}", readers)
            for node, why in checked.unread
        ),
        *(
            _of_node(node, "unread", f"whether the change reaches it is not known: {why}", readers)
            for node, why in impact.unknown
        ),
    ]
    reasons = sorted(_each_once(reasons), key=_rank)
    word: Word = "nothing found"
    if reasons:
        word = "blocks" if any(reason.weight == "blocks" for reason in reasons) else "needs a look"
    return Verdict(word, tuple(reasons))


def _each_once(reasons: Sequence[Reason]) -> Iterator[Reason]:
    """The reasons, a node that fails told once: where its SQL is wrong, with the way from the change to it,
    and neither as what the change reaches nor as what dbt could not build.
    """
    paths = {reason.node: reason.path for reason in reasons if reason.topic == "node"}
    broken = {reason.node for reason in reasons if reason.topic == "sql" and reason.weight == "blocks"}
    names = {node.rpartition(".")[2] for node in broken | paths.keys()}
    for reason in reasons:
        if reason.topic == "sql" and reason.node in paths:
            yield replace(reason, path=paths[reason.node])
        elif not (
            (reason.topic == "node" and reason.node in broken)
            or (reason.topic == "build" and reason.node in names)
        ):
            yield reason


def _is_told_by(reason: Reason, compared: Collection[str]) -> bool:
    """Whether the data itself was compared, so that nobody need guess whether it differs."""
    return reason.topic == "reach" and reason.node in compared


def _rank(reason: Reason) -> tuple[int, int, int, int, str, str]:
    return (
        0 if reason.weight == "blocks" else 1,
        _ORDER.index(reason.topic) if reason.topic in _ORDER else len(_ORDER),
        _CHECK_ORDER.get(reason.code, 0),
        -reason.readers,
        reason.where,
        reason.text,
    )


def _of_findings(findings: Iterable[Finding], topic: str, readers: Mapping[str, int]) -> Iterator[Reason]:
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        node = finding.evidence.get("node", "")
        is_broken = finding.severity is Severity.ERROR or finding.code == _NOT_COMPILED
        weight: Weight = "blocks" if is_broken else "look"
        yield Reason(
            weight,
            topic,
            finding.message,
            finding.where,
            node,
            readers.get(node, 0),
            finding.code,
            mend=finding.evidence.get("mend", ""),
        )


def _of_impact(impact: Impact, readers: Mapping[str, int]) -> Iterator[Reason]:
    """What breaks, each on its own; what only takes on other values, together by the changed node."""
    skipped = [thing for thing in impact.affected if thing.effect == "skipped"]
    if skipped:
        names = _listed([thing.name for thing in skipped])
        yield Reason("blocks", "fails", f"cannot run, since what they read fails: {names}")
    for thing in impact.affected:
        is_outside = thing.weight == "breaking" and thing.kind in _OUTSIDE and thing.effect != "skipped"
        if thing.effect == "fails":
            topic = thing.kind if thing.kind in ("contract", "node") else "fails"
            what = "it" if thing.kind == "node" else f"the {thing.kind}"
            yield _of_thing(thing, "blocks", topic, f"{what} fails: {thing.why}", readers)
        elif is_outside:
            yield _of_thing(thing, "look", "promise", f"{thing.kind}: {thing.why}", readers)
    yield from _of_changes(impact.changes, readers)
    yield from _of_reach(impact)


def _of_thing(thing: Affected, weight: Weight, topic: str, text: str, readers: Mapping[str, int]) -> Reason:
    path = tuple(title for title, _ in thing.path)
    return Reason(weight, topic, text, thing.name, thing.node, readers.get(thing.node, 0), path=path)


def _of_changes(changes: Sequence[Change], readers: Mapping[str, int]) -> Iterator[Reason]:
    """What the change itself does to the nodes that it touches, whoever reads them."""
    values: dict[str, list[str]] = {}
    for change in changes:
        detail = f" ({change.detail})" if change.detail else ""
        if change.effect == "values":
            values.setdefault(change.node, []).append(change.column or "columns that a star passes on")
        elif change.effect in _WORDS:
            what = f"{change.column} {_WORDS[change.effect]}" if change.column else _WHOLE[change.effect]
            topic = "promise" if change.effect in _PROMISES else "reach"
            yield _of_node(change.node, topic, what + detail, readers)
    for node, columns in values.items():
        yield _of_node(node, "reach", f"other values in {_listed(columns)}", readers)


def _of_node(node: str, topic: str, text: str, readers: Mapping[str, int]) -> Reason:
    return Reason("look", topic, text, node.rpartition(".")[2], node, readers.get(node, 0))


_PROMISES = frozenset({"removed", "retyped", "grain"})
_WORDS = {"removed": "is gone", "retyped": "has another type", "rows": "", "grain": "", "moved": ""}
_WHOLE = {
    "removed": "it is gone",
    "retyped": "it has another type",
    "grain": "other columns may tell its rows apart",
    "rows": "it may have other rows",
    "moved": "it is another relation",
}


def _of_reach(impact: Impact) -> Iterator[Reason]:
    """How far other data reaches, in one reason: each path is in the impact itself."""
    reached = [thing for thing in impact.affected if thing.weight == "data" and thing.steps]
    columns = sum(thing.kind == "column" for thing in reached)
    nodes = len({thing.node for thing in reached if thing.kind in ("column", "node")})
    outside = [thing.name for thing in reached if thing.kind in _OUTSIDE]
    if nodes or outside:
        counted = f"{columns} column{'s' * (columns != 1)} of {nodes} node{'s' * (nodes != 1)} downstream"
        named = ([counted] if nodes else []) + ([_listed(outside)] if outside else [])
        yield Reason("look", "reach", f"other data reaches {' and '.join(named)}")


def _of_data(data: Iterable[NodeData], readers: Mapping[str, int]) -> Iterator[Reason]:
    for one in data:
        if one.diff is None:
            if one.why:
                yield Reason(
                    "look", "unread", f"its data was not compared: {one.why}", one.name, one.unique_id
                )
        elif not one.diff.is_same:
            count = readers.get(one.unique_id, 0)
            yield Reason("look", "data", one.sentences[0], one.name, one.unique_id, count)


def _listed(names: Sequence[str], most: int = 4) -> str:
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
