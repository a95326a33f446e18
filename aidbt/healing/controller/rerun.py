"""The smallest run that makes good what a failed one left undone.

`dbt retry` runs a failed test again on the table that made it fail, and forgets what the command was about.
Here the models that such a test reads are built again, with all that hangs on them, within what the failed
command asked for, in one process of dbt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aidbt.core.errors import UnknownName
from aidbt.core.healing import Stage
from aidbt.healing.controller.asked import Asked, asked_of
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.kept_rows import grows, only_tests, replaces_nothing
from aidbt.healing.proof.building import fqn
from aidbt.healing.proof.changed import with_below
from aidbt.project.manifest import Manifest, Node
from aidbt.project.selection import all_above, select_nodes

_BUILT = ("model", "seed", "snapshot")
_TESTS = ("test", "unit_test")
# What a command builds; a failed test's model is built again whatever the command was.
OF_COMMAND = {
    "build": _BUILT, "retry": _BUILT, "test": _BUILT, "run": ("model",), "seed": ("seed",),
    "snapshot": ("snapshot",),
}  # fmt: skip
_ONCE = ("run-operation", "clone")  # nobody knows what running them twice does
# Only rows newer than the newest: no more than that, and none of the days before it.
_FRESH = re.compile(
    r"is_incremental\(\)[\s\S]*[^<>]>\s*\((?![^<>=%]*\b(interval|date_?(add|sub|diff)))[^<>=%]*"
    r"\bmax\s*\([^()]*\)(?!\s*(::\s*\w+\s*)?-)",
    re.IGNORECASE,
)
_BEFORE_NODES = (Stage.DEPS, Stage.PARSE, Stage.CONNECT)


@dataclass(frozen=True, slots=True)
class Rerun:
    """What dbt is to do.

    Attributes:
        command: its words, e.g. "build" or "source freshness".
        select: dbt's selection; empty for what the options say, else for the whole project.
        options: further words.
        nodes: unique_ids of all that it builds; empty where it builds nothing, or only dbt knows.
        places: (schema, name) of every table and view that it may replace.
    """

    command: str
    select: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    nodes: frozenset[str] = frozenset()
    places: tuple[tuple[str, str], ...] = ()


def places_of(manifest: Manifest, nodes: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
    """Where nodes stand; without any where all do, what reads others after those."""
    built = [manifest.nodes[name] for name in nodes or manifest.nodes if name in manifest.nodes]
    return tuple(
        sorted((n.schema, n.identifier or n.name) for n in built if n.resource_type in _BUILT and n.schema)
    )


def rerun(run: FailedRun, manifest: Manifest | None, *, changed: Collection[str] = ()) -> Rerun:
    """What has to run again after a failed run.

    Args:
        manifest: of the project as it is now; without one the failed command runs again.
        changed: unique_ids of what a mend changed or made; it is built with all that hangs on it.
    """
    asked = asked_of(run.command)
    if run.is_green and manifest is not None and changed:
        return _of_change(asked, manifest, changed)
    if asked.command and asked.command not in OF_COMMAND:
        return Rerun(asked.command, options=asked.kept())
    kinds = tuple(k for k in OF_COMMAND.get(asked.command, _BUILT) if not asked.types or k in asked.types)
    reached = [failure.unique_id for failure in run.failures if failure.unique_id]
    there = [manifest.find(name) if manifest else None for name in (*reached, *run.skipped)]
    failed = [node for node in there[: len(reached)] if node is not None]
    is_known = None not in there and all(node.resource_type in (*_BUILT, *_TESTS) for node in failed)
    is_told = not run.is_held and run.wrote_results and len(reached) == len(run.failures) > 0
    if manifest is None or not is_known or not is_told:  # of a log nobody knows what is missing in it
        return _whole(asked, manifest, kinds)
    never = _never_reached(run, asked, manifest, kinds) - set(changed)  # what a mend made is new, not missed
    untold = [manifest.nodes[name] for name in sorted(never)]
    if not asked.selects and any(node.resource_type in _BUILT for node in untold):
        return _whole(asked, manifest, kinds)
    undone = [*(node for node in there if node is not None), *untold]
    chosen = {node.unique_id for node in undone if node.resource_type in kinds}
    tests = [node for node in failed if node.resource_type in _TESTS]
    chosen |= with_below({parent for test in tests for parent in _built_parents(test, manifest)}, manifest)
    # What hangs on a failed model was skipped, whether or not somebody wrote that down.
    chosen |= with_below({node.unique_id for node in failed if node.resource_type in kinds}, manifest)
    chosen |= with_below(set(changed), manifest)
    if asked.selects:
        chosen &= _asked_for(run, manifest, set(changed)) | {node.unique_id for node in untold}
    nodes = [manifest.nodes[name] for name in chosen if name in manifest.nodes]
    nodes = [node for node in nodes if node.resource_type in kinds]
    waiting = [node for node in undone if node.resource_type == "test"]
    words = {fqn(node) for node in (*nodes, *tests, *waiting)}
    built = frozenset(node.unique_id for node in nodes)
    return Rerun("build", tuple(sorted(words)), asked.kept(selection=False), built)


def _of_change(asked: Asked, manifest: Manifest, changed: Collection[str]) -> Rerun:
    """After a run in which nothing failed: what a mend changed, and all that hangs on it."""
    below = [manifest.nodes[name] for name in with_below(set(changed), manifest) if name in manifest.nodes]
    nodes = [node for node in below if node.resource_type in _BUILT]
    options = asked.kept(selection=False) if asked.command in OF_COMMAND else ()
    words = tuple(sorted(fqn(node) for node in nodes))
    return Rerun("build", words, options, frozenset(node.unique_id for node in nodes))


def _never_reached(run: FailedRun, asked: Asked, manifest: Manifest, kinds: Collection[str]) -> set[str]:
    """What the command was about and no result tells of: dbt was interrupted, or stopped at a failure."""
    is_stopped = "fail-fast" in dict(asked.options)
    if asked.command == "retry" or not (is_stopped or (run.succeeded and not asked.selects)):
        return set()
    told = {*run.succeeded, *run.warned, *run.skipped, *(failure.unique_id for failure in run.failures)}
    asked_for = set(_whole(asked, manifest, kinds).nodes)
    has_tests = asked.command in ("build", "test", "") and (not asked.types or "test" in asked.types)
    if not asked.selects and has_tests:
        asked_for |= {node.unique_id for node in manifest.of_type("test")}
    left = [manifest.nodes[name] for name in asked_for - told if name in manifest.nodes]
    return {node.unique_id for node in left if node.config.get("materialized") != "ephemeral"}


def never_twice(run: FailedRun) -> str:
    """Why a failed command may not be run again; "" when it may."""
    if run.went_on:
        return run.went_on
    command = asked_of(run.command).command
    return f"nobody knows what running `dbt {command}` twice does" if command in _ONCE else ""


def not_in_full(run: FailedRun, manifest: Manifest, nodes: Collection[str]) -> list[str]:
    """Names of the nodes that the failed command meant to build from nothing; running it again does not."""
    given = dict(asked_of(run.command).options).get("full-refresh")
    if given is None or "false" in [word.casefold() for word in given]:
        return []
    built = [manifest.nodes[name] for name in nodes if name in manifest.nodes]
    is_kept = [n for n in built if n.config.get("materialized") == "incremental"]
    return sorted(node.name for node in is_kept if node.config.get("full_refresh") is not False)


def keeps_of_before(run: FailedRun, manifest: Manifest, changed: Collection[str]) -> list[str]:
    """unique_ids of the tables that a mend's changes reach, that keep rows, and that took some in the failed
    run: those were made as before the mend, and running it again may leave them."""
    below = with_below(set(changed), manifest)
    ran = [manifest.nodes[name] for name in _may_have_run(run, manifest).intersection(below)]
    return sorted(node.unique_id for node in ran if grows(node))


def _may_have_run(run: FailedRun, manifest: Manifest) -> set[str]:
    """The nodes that may have been built in the failed run, or in the one that it went on from."""
    if run.is_held:
        return set(run.succeeded) & manifest.nodes.keys()
    ran = {*run.succeeded, *run.warned}
    told = {*ran, *run.skipped, *(failure.unique_id for failure in run.failures if failure.unique_id)}
    goes_on = asked_of(run.command).command in ("test", "retry") or only_tests(told)
    if goes_on or not (run.wrote_results or run.stage in _BEFORE_NODES):
        failed = {failure.unique_id for failure in run.failures}
        models = {name for name in failed if name.partition(".")[0] in _BUILT}
        ran |= manifest.nodes.keys() - {*run.skipped, *failed, *with_below(models, manifest)}
    return ran & manifest.nodes.keys()


def left_behind(run: FailedRun, manifest: Manifest, changed: Collection[str], again: Rerun) -> list[str]:
    """Names of the tables that a mend's changes reach and that do not run again, where what failed was a part
    of the tests: another run made them before, and nothing says whether it did so from the mistake."""
    told = {*run.succeeded, *run.warned, *run.skipped, *(one.unique_id for one in run.failures)}
    if not (asked_of(run.command).selects and only_tests(told)):
        return []
    below = [manifest.nodes[name] for name in with_below(set(changed), manifest) - again.nodes]
    views = ("view", "ephemeral")
    return sorted(
        n.name for n in below if n.resource_type in _BUILT and n.config.get("materialized") not in views
    )


def added_twice(run: FailedRun, manifest: Manifest, nodes: Collection[str]) -> list[str]:
    """Names of the nodes that ran well, only add rows, and would add them again."""
    ran = [manifest.nodes[name] for name in _may_have_run(run, manifest).intersection(nodes)]
    return sorted(node.name for node in ran if only_adds(node))


def only_adds(node: Node) -> bool:
    """Whether running a model again adds rows that it has: nothing of it is replaced by a key or a part, and
    it takes more than is newer."""
    return replaces_nothing(node) and not _FRESH.search(str(node.raw.get("raw_code") or ""))


def _whole(asked: Asked, manifest: Manifest | None, kinds: Collection[str]) -> Rerun:
    """The failed command once more."""
    command = asked.command if asked.command in OF_COMMAND and asked.command != "retry" else "build"
    rerun = Rerun(command, options=asked.kept())
    if manifest is None or command == "test" or not kinds:
        return rerun
    if {name for name, _ in asked.options} & {"selector", "exclude-resource-type"}:
        return rerun
    try:
        found = select_nodes(manifest, asked.all_of("select"), asked.all_of("exclude"), types=kinds)
    except UnknownName:  # in a part of dbt's language that only dbt knows
        return rerun
    return Rerun(command, options=rerun.options, nodes=frozenset(node.unique_id for node in found))


def _asked_for(run: FailedRun, manifest: Manifest, changed: set[str]) -> set[str]:
    """What the command was about; and what leads there from what a mend changed."""
    own = {*run.succeeded, *run.skipped, *run.warned, *(f.unique_id for f in run.failures)}
    above = all_above(manifest)
    leading = {parent for name in own for parent in above.get(name, ())}
    tested = {p for name in own if (n := manifest.find(name)) for p in _built_parents(n, manifest)}
    return own | changed | tested | (with_below(changed, manifest) & leading)


def _built_parents(node: Node, manifest: Manifest) -> Iterator[str]:
    for parent in (manifest.find(name) for name in node.depends_on):
        if parent is not None and parent.resource_type in _BUILT:
            yield parent.unique_id
