"""Proving the mends of a run: one commit with all of them, built aside, beside the last good tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from aidbt.core.attempts import Attempt
from aidbt.core.healing import Diagnosis, Mend
from aidbt.core.measured import node_name
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.rerun import (
    OF_COMMAND,
    Rerun,
    added_twice,
    keeps_of_before,
    left_behind,
    never_twice,
    not_in_full,
    places_of,
    rerun,
)
from aidbt.healing.controller.together import Joint, Planned
from aidbt.healing.evidence.case import Case
from aidbt.healing.proof.building import Aside, Ways, build_aside
from aidbt.healing.proof.changed import changed
from aidbt.healing.proof.expected import Mended, doubts_about
from aidbt.healing.proof.guards import lost, weakened
from aidbt.healing.proof.taken import Built, taken_wrong
from aidbt.patching import commits
from aidbt.project.manifest import Manifest
from aidbt.store.good_states import GoodStates


@dataclass(frozen=True, slots=True)
class Proof:
    """What proving gave.

    Attributes:
        found: one sentence; why not, where it does not hold.
        notes: what is to be known beside it.
        rerun: what the deployed commit has to run.
        aside: what was built, where that failed.
    """

    is_good: bool
    found: str
    notes: tuple[str, ...] = ()
    rerun: Rerun | None = None
    aside: Aside | None = None


def chain(means: Means, plans: Collection[Planned], attempt: Attempt) -> str:
    """The commit that holds some mends' edits, one commit for each, on top of the attempt's base; what is
    checked out stays.

    Raises:
        EditConflict, ProjectError: git cannot do it, or a file is another one than was edited.
    """
    root, commit = means.project.root, attempt.base
    for one in plans:
        if one.mend is not None and one.patch is not None:
            text = _message(one.mend, one.diagnosis, attempt)
            commit = commits.commit_patch(root, one.patch, base=commit, message=text, at=attempt.opened_at)
    return commit


def _message(mend: Mend, diagnosis: Diagnosis, attempt: Attempt) -> str:
    by = attempt.id if diagnosis.key == attempt.key else f"with {attempt.id}"
    return f"{mend.title}\n\n{diagnosis.error_class} at {diagnosis.root} ({by}).\n"


def proved(means: Means, case: Case, joint: Joint, commit: str, *, number: str) -> Proof:
    """A commit with the mends of a run, built aside and compared.

    Raises:
        AidbtError: it could not even be begun.
    """
    good = case.good
    if good is None:
        return Proof(False, "there is no last good state to compare with")
    mask = GoodStates(means.store).mask()
    scan_bytes = means.settings.budget.scan_bytes
    ways = Ways(means.project, means.settings.dbt, means.warehouse(), mask, scan_bytes, number)
    runs: list[Rerun] = []

    def also(manifest: Manifest) -> frozenset[str]:
        runs.append(final_run(case, joint, manifest))
        tests = {f.unique_id for f in case.run.failures if f.unique_id.startswith("test.")}
        return runs[0].nodes | (tests - joint.unmended)

    aside = build_aside(
        ways, commit, good, also=also, without=joint.unmended, then=lambda built: _kept_wrong(case, built)
    )
    notes = (*aside.notes, *(f"the schema {name} could not be dropped" for name in aside.left))
    if aside.problem or not runs:
        return Proof(False, aside.problem or "nothing was built", notes, aside=aside)
    problem = (
        _less_safe(case, joint, aside.manifest)
        or not_again(case, aside.manifest, runs[0])
        or _left(case, aside.manifest, runs[0])
    )
    mends = [one.mend for one in joint.patched if one.mend is not None]
    mended = Mended(
        joint.texts, sum(sum(mend.rows_moved.values()) for mend in mends),
        tuple(change for mend in mends for change in mend.changes),
    )  # fmt: skip
    doubts = doubts_about(aside, good, case.code, mended, case.good_manifest)
    found = [problem] if problem else list(doubts)
    if found:
        return Proof(False, found[0], notes)
    at_home = tuple((schema.removeprefix(aside.prefix), name) for schema, name in runs[0].places)
    return Proof(True, _built(aside), notes, replace(runs[0], places=at_home))


def final_run(case: Case, joint: Joint, manifest: Manifest | None) -> Rerun:
    """What has to run once the mends are deployed.

    Args:
        manifest: of the commit that holds them; None where nobody read it: then the failed command.
    """
    before = case.run.manifest
    mended = changed(before, manifest) if before is not None and manifest is not None else set()
    missing = {one.diagnosis.facts.get("missing_model", "") for one in joint.plans}
    mended |= {name for name in missing if manifest is not None and manifest.find(name) is not None}
    options = tuple(word for one in joint.plans if one.mend is not None for word in one.mend.dbt_args)
    again = rerun(case.run, manifest, changed=mended)
    known = manifest or case.best_manifest
    builds = again.command in OF_COMMAND and known is not None
    places = places_of(known, again.nodes) if builds and known else ()
    return replace(again, options=(*again.options, *options), places=places)


def _less_safe(case: Case, joint: Joint, manifest: Manifest | None) -> str:
    """What the mends would take away of what protects the data; "" for nothing.

    Where they only put back what was there, or the failed run could not read the project, the last good one
    says what protected it, as far as it is written in the files that they edit.
    """
    if manifest is None:
        return ""
    mends = [one.mend for one in joint.patched if one.mend is not None]
    if case.run.manifest is not None and not any(mend.restores for mend in mends):
        return next(weakened(case.run.manifest, manifest, good=case.good_manifest), "")
    if case.good_manifest is None:
        return "there is no last good state that says which tests there were"
    new = lost(case.good_manifest, case.run.manifest, manifest) if case.run.manifest is not None else ()
    softer = weakened(case.good_manifest, manifest, only=set(joint.texts))
    return next(softer, "") or next(iter(new), "")


def not_again(
    case: Case, manifest: Manifest | None, run: Rerun, *, is_broken_off: bool = False
) -> str:  # fmt: skip
    """Why that may not run again; "" when it may.

    Args:
        is_broken_off: whether a healer was killed in that run, so that all of it may have been built.
    """
    known = manifest or case.best_manifest
    if known is not None and run.command in OF_COMMAND and run.command != "test":
        nodes = run.nodes if run.nodes or run.select else known.nodes.keys()
        ran = replace(case.run, succeeded=tuple(nodes)) if is_broken_off else case.run
        twice = added_twice(ran, known, nodes)
        if twice:
            return f"{twice[0]} ran well and only adds rows: run again, it might add them twice"
        part = not_in_full(case.run, known, nodes)
        if part:
            return f"the failed run was to build {part[0]} from nothing (--full-refresh): that is a person's"
    return never_twice(case.run)


def _kept_wrong(case: Case, built: Built) -> str:
    """Which table took rows before the mend that the mend would have made otherwise; "" for none."""
    before = case.run.manifest or case.good_manifest
    if before is None:
        return ""
    for name in keeps_of_before(case.run, built.manifest, changed(before, built.manifest)):
        why = taken_wrong(name, before, built)
        if why:
            kept = node_name(name)
            return f"{kept} keeps rows, and took some of before the mend in the failed run: {why}"
    return ""


def _left(case: Case, manifest: Manifest | None, run: Rerun) -> str:
    """Which table stays as it was made before the mend; "" for none."""
    before = case.run.manifest or case.good_manifest
    if before is None or manifest is None:
        return ""
    left = left_behind(case.run, manifest, changed(before, manifest), run)
    return f"{left[0]} hangs on it, and `{case.run.command}` is not about it" if left else ""


def _built(aside: Aside) -> str:
    tests = f"{aside.tests:,} test{'s' if aside.tests != 1 else ''} passed"
    if not aside.tables:
        return f"it was built aside, {tests}"
    tables = f"{len(aside.tables):,} table{'s' if len(aside.tables) != 1 else ''} built aside"
    return f"{tables} as at the last good run, {tests}"
