"""What a healer writes: a branch with its text, or a deployment with its run; and what became of one that
nobody finished."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from aidbt.core.attempts import Attempt
from aidbt.core.errors import AidbtError, EditConflict, ProjectError
from aidbt.core.healing import Diagnosis, Mend, Prepared
from aidbt.core.patch import state_dir
from aidbt.healing.controller.attempt import Tried
from aidbt.healing.controller.in_the_way import PAUSES_S, in_the_way
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.outcomes import past_case
from aidbt.healing.controller.propose import Proposal, branch_of, proposal
from aidbt.healing.controller.rerun import Rerun
from aidbt.healing.controller.standing import Standing, kept_file
from aidbt.patching import commits
from aidbt.patching.publishing import pull_request, push_branch
from aidbt.store.cases import Cases

_LOCKED = re.compile(
    r"could not set lock|database is locked|being used by another process"
    r"|lock timeout|could not obtain lock|deadlock detected",
    re.IGNORECASE,
)


def propose(
    means: Means, attempt: Attempt, diagnosis: Diagnosis, mend: Mend, *, found: Sequence[str],
    reasons: Sequence[str], others: Sequence[str] = (),
) -> tuple[Tried, tuple[str, ...]]:  # fmt: skip
    """A branch at the mend's commit and the text of its pull request; with the commands that publish both.

    Raises:
        EditConflict: a person committed to the branch.
        ProjectError: git cannot do it, or the text cannot be written.
    """
    root = means.project.root
    branch = branch_of(diagnosis.key, attempt.id)
    was = commits.branch_commit(root, branch)
    if was and was != attempt.commit and not commits.is_ours(root, was):
        raise EditConflict(f"somebody committed to '{branch}', so it is left as it is")
    text = proposal(
        attempt.id, diagnosis, mend,
        into=means.rules.deployed_branch or _branch(root) or "main", found=found, reasons=reasons,
        diff=commits.patch_text(root, attempt.base, attempt.commit), others=others,
    )  # fmt: skip
    write_note(root, f"{attempt.id}.md", text.body)
    if was != attempt.commit:
        commits.set_branch(root, branch, attempt.commit, was=was)
    found_at, left = _published(means, branch, text) if means.pushes else ("", text.commands)
    at = f"; the pull request is {found_at}" if found_at else ""
    said = f"proposed on the branch {branch}{at}"
    done = Tried(True, said, branch=branch, commit=attempt.commit, pull_request=found_at)
    return done, left


def _published(means: Means, branch: str, text: Proposal) -> tuple[str, tuple[str, ...]]:
    """(address of the pull request, what a person has still to run); the proposal stands without it, too."""
    root = means.project.root
    try:
        push_branch(root, branch)
        body = state_dir(root) / "heal" / text.file
        found = pull_request(root, branch, into=text.into, title=text.title, body=body)
    except AidbtError as error:
        return "", (f"# not published: {error.message}", *text.commands)
    return found, () if found else text.commands[1:]


def proposed_before(means: Means, attempt: Attempt, diagnosis: Diagnosis) -> Tried | None:
    """A proposal that was begun, where its branch stands."""
    branch = branch_of(diagnosis.key, attempt.id)
    stands = commits.branch_commit(means.project.root, branch) == attempt.commit
    return Tried(True, f"proposed on the branch {branch}", branch=branch) if stands else None


def deploy(
    means: Means, attempt: Attempt, run: Rerun, before: Sequence[Callable[[], Prepared]] = ()
) -> Tried:  # fmt: skip
    """The checked-out branch at the mends' commit, where there is one, and dbt's run of it; what is not green
    is taken back, with what was done before it.

    Raises:
        EditConflict: the checkout is no longer what it was; nothing was changed.
        ProjectError: git cannot do it.
    """
    if attempt.commit:
        held = in_the_way(means, run)
        if held:
            return Tried(False, f"{held}, so nothing was deployed")
        branch = means.rules.deployed_branch
        commits.follow(means.project.root, attempt.commit, branch=branch, base=attempt.base)
    prepared: list[Prepared] = []
    is_green = False
    try:
        for prepare in before:
            done = prepare()
            if not done.holds:
                return _taken_back(means, attempt, done.found, is_wrong=False)
            prepared.append(done)
        tried = _run(means, attempt, run)
        is_green = tried.is_good
    finally:
        for done in reversed(prepared):
            done.end(is_green)
    return tried


def deployed_before(means: Means, attempt: Attempt, run: Rerun, risk: str = "") -> Tried | None:
    """What became of a deployment that was begun; its run is made where it is missing.

    Args:
        risk: why it must not be made once more; then the deployment is taken back.
    """
    if not attempt.commit:
        return None  # a run that ended half way is run again
    root = means.project.root
    if commits.contains(root, attempt.commit):
        if _is_undone(root, attempt):
            return Tried(False, "it was taken back, since its run failed", was_undone=True)
        if risk:
            return _taken_back(means, attempt, f"{risk}{_as_before(means, attempt)}", is_wrong=False)
        return _run(means, attempt, run)
    if commits.head(root).dirty:
        raise ProjectError("the checkout is half way between two commits, or somebody works in it")
    return None


def write_note(root: Path, name: str, content: str) -> str:
    """Write a text or a draft for people into `.aidbt/heal`; where it is, from the root on.

    Raises:
        ProjectError: it cannot be written.
    """
    try:
        folder = state_dir(root) / "heal"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{name} cannot be written: {error.strerror}") from error
    return (folder / name).relative_to(root).as_posix()


def _run(means: Means, attempt: Attempt, run: Rerun) -> Tried:
    standing = Standing(means, attempt)
    left = standing.put_back("")  # where a healer was killed in its run: from where that began
    if left:
        return _taken_back(means, attempt, f"its run was broken off{left}", is_wrong=False)
    unkept = standing.keep(run)
    try:
        ran = means.run(run)
        for pause_s in PAUSES_S:
            if ran.is_green or not _LOCKED.search(ran.said):
                break
            means.clock.sleep(pause_s)  # somebody else just holds the warehouse: that is no wrong mend
            ran = means.run(run)
    except AidbtError as error:  # dbt could not be started, or was killed
        return _taken_back(means, attempt, f"{error.message}{standing.put_back(unkept)}")
    if not ran.is_green:
        is_wrong = _LOCKED.search(ran.said) is None
        return _taken_back(means, attempt, f"{ran.said}{standing.put_back(unkept)}", is_wrong=is_wrong)
    standing.note_run(ran.run)
    found = "deployed, and its run is green" if attempt.commit else "its run is green"
    return Tried(True, found, commit=attempt.commit)


def _taken_back(means: Means, attempt: Attempt, why: str, *, is_wrong: bool = True) -> Tried:
    if not attempt.commit:
        return Tried(False, f"it failed again: {why}")
    root = means.project.root
    text = f"Take back {attempt.id}: its run failed\n"
    undoing = commits.commit_undoing(
        root, attempt.commit, base=attempt.base, message=text, at=attempt.opened_at
    )
    commits.follow(root, undoing, branch=means.rules.deployed_branch, base=attempt.commit)
    if is_wrong:
        Cases(means.store, means.actor).add(past_case(attempt, "wrong", why))
    return Tried(False, f"taken back, since its run failed: {why}", was_undone=True)


def _as_before(means: Means, attempt: Attempt) -> str:
    """The tables of before put back, where they are kept; what to say of it."""
    if not kept_file(means.project.root, attempt).exists():
        return "; the tables stay as that run left them"
    return Standing(means, attempt).put_back("")


def _is_undone(root: Path, attempt: Attempt) -> bool:
    """Whether the files of the mends are again what they were before."""
    theirs = set(commits.changed_paths(root, attempt.base, attempt.commit))
    return not theirs & set(commits.changed_paths(root, attempt.base, "HEAD"))


def _branch(root: Path) -> str:
    try:
        return commits.head(root).branch
    except ProjectError:
        return ""
