"""What a real git repository holds after a mend was deployed, taken back, or left half way. dbt's answer is
given here; how it is got is in test_healing_a_project.py."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, cast

import duckdb
import pytest

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.config import Settings
from aidbt.core.errors import EditConflict, ProjectError
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Mend, Prepared, Stage
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.core.resilience.clock import ManualClock
from aidbt.healing.controller.gate import Allowed, Gate, Rules
from aidbt.healing.controller.hands import Means, ProjectHands, Ran, hands_of
from aidbt.healing.controller.in_the_way import in_the_way
from aidbt.healing.controller.proving import Proof
from aidbt.healing.controller.rerun import Rerun
from aidbt.healing.controller.together import Joint, Planned
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.patching import commits
from aidbt.project import open_project
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.store import Store, open_store
from aidbt.store.cases import Cases
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.dbt_shop import new_shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BAD, GOOD = "select * from {{ ref('ordres') }}\n", "select * from {{ ref('orders') }}\n"
DIAGNOSIS = Diagnosis(
    "code:totals", ErrorClass.COMPILATION, 0.97, Stage.PARSE, "model.shop.totals",
    failures=(RunFailure("", "error", "no node named ordres"),), proof=(Evidence("git", "x", "a typo"),),
)  # fmt: skip
MEND = Mend("right_name", "Write orders", Patch((FileEdit("models/totals.sql", digest(BAD), GOOD),)))


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *words],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shop = new_shop(tmp_path / "shop", {"models/orders.sql": "select 1 as id", "models/totals.sql": BAD})
    shop.write({".gitignore": ".aidbt/\n*.duckdb*\n"})
    git(shop.root, "init", "-q", "-b", "main")
    git(shop.root, "add", ".")
    git(shop.root, "commit", "-q", "-m", "first")
    return shop.root


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as opened:
        yield opened


def hands(root: Path, store: Store, run: Callable[[], Ran] = lambda: Ran(True)) -> ProjectHands:
    project = open_project(root, profiles_dir=root)
    means = Means(
        project, Settings(), store, warehouse=_no_warehouse, run=lambda rerun: run(),
        tell=lambda attempt, diagnosis: None, rules=Rules({}, deployed_branch="main"), actor="ana",
        clock=ManualClock(), rng=Random(1),
    )  # fmt: skip
    case = Case("shop", root, FailedRun(Stage.PARSE, DIAGNOSIS.failures))
    (made,) = hands_of(case, (DIAGNOSIS,), means, dict)
    made.joint = Joint((Planned(DIAGNOSIS, MEND, (), Gate(Allowed.PROMOTE)),))
    made.shared.proofs = Proofs()
    return made


class Proofs(dict[str, Proof]):
    """Every commit was proved."""

    def __init__(self, places: tuple[tuple[str, str], ...] = ()) -> None:
        self.places = places

    def __contains__(self, digest: object) -> bool:
        return True

    def __missing__(self, digest: str) -> Proof:
        return Proof(True, "proved", rerun=Rerun("build", places=self.places))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_one_killed_in_its_run_leaves_nothing_behind_when_the_next_run_is_not_green(root: Path, store: Store):
    table(root, "create table totals as select 1 as id")
    worked_on = attempt(root)

    def killed() -> Ran:
        table(root, "create or replace table totals as select 2 as id")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def red() -> Ran:
        table(root, "create or replace table totals as select 3 as id, 4 as half_done")
        return Ran(False, "a test failed")

    pid = os.fork()
    if pid == 0:
        try:
            deploys(root, store, killed).promote(worked_on)
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert table(root, "from totals") == [(2,)] and git(root, "log", "-1", "--format=%s") == "Write orders"

    done = deploys(root, store, red).settled(worked_on)

    assert done is not None and done.was_undone
    assert done.found == "taken back, since its run failed: a test failed"
    assert table(root, "from totals") == [(1,)]
    assert (root / "models/totals.sql").read_text() == BAD


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_run_that_is_made_again_begins_where_the_killed_one_began(root: Path, store: Store):
    table(root, "create table totals as select 1 as id")
    worked_on = attempt(root)

    def adds(*, is_killed: bool) -> Ran:
        table(root, "insert into totals values (2)")
        if is_killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return Ran(True)

    pid = os.fork()
    if pid == 0:
        try:
            deploys(root, store, lambda: adds(is_killed=True)).promote(worked_on)
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    done = deploys(root, store, lambda: adds(is_killed=False)).settled(worked_on)

    assert done is not None and done.is_good
    assert table(root, "from totals") == [(1,), (2,)]


def test_where_nobody_knows_what_a_killed_run_added_it_is_not_made_again(root: Path, store: Store):
    worked_on = attempt(root)
    commits.follow(root, worked_on.commit, branch="main", base=worked_on.base)
    made = deploys(root, store, lambda: Ran(True))
    known = made.case.good_manifest
    assert known is not None
    adds = replace(known.nodes["model.shop.totals"], config={"materialized": "incremental"})
    made.case = replace(made.case, good_manifest=replace(known, nodes={adds.unique_id: adds}))

    done = made.settled(worked_on)

    assert done is not None and done.was_undone and "might add them twice" in done.found
    assert (root / "models/totals.sql").read_text() == BAD


def deploys(root: Path, store: Store, run: Callable[[], Ran]) -> ProjectHands:
    """Hands whose run replaces one table of a DuckDB file."""
    made = hands(root, store, run)
    warehouse = DuckDBWarehouse(root / "shop.duckdb")
    totals = Node("model.shop.totals", "model", "totals", "models/totals.sql", schema="main")
    manifest = Manifest(ArtifactMetadata("", "", NOON, {}), {totals.unique_id: totals}, {}, {}, {})
    made.means = replace(made.means, warehouse=lambda: warehouse)
    made.case = replace(made.case, good_manifest=manifest)
    made.shared.proofs = Proofs(places=(("main", "totals"),))
    return made


def table(root: Path, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(root / "shop.duckdb")) as database:
        return database.execute(statement).fetchall()


def _no_warehouse() -> None:
    raise AssertionError("nothing here asks the warehouse")


def attempt(root: Path, write: str = "promote") -> Attempt:
    """One whose mend was proved and is about to be written."""
    base = commits.head(root).commit
    commit = commits.commit_patch(root, MEND.patch or Patch(), base=base, message="Write orders\n", at=NOON)
    made = Attempt("code:totals", "dev", AttemptState.VALIDATING, NOON, NOON, "HEAL-1", remedy="right_name")
    return replace(made, base=base, commit=commit, write=write, error_class="CODE/COMPILATION")


@pytest.mark.parametrize("is_green", [True, False])
def test_what_was_done_before_a_run_is_told_how_it_went(root: Path, store: Store, is_green: bool):
    told: list[bool] = []
    made = hands(root, store, lambda: Ran(is_green))
    mend = replace(MEND, before_run=lambda: Prepared(True, "installed", told.append))
    made.joint = Joint((Planned(DIAGNOSIS, mend, (), Gate(Allowed.PROMOTE)),))

    assert made.promote(attempt(root)).is_good is is_green
    assert told == [is_green]


def test_what_is_not_green_is_taken_back_by_a_commit_and_counts_as_a_wrong_mend(root: Path, store: Store):
    worked_on, made = attempt(root), hands(root, store, lambda: Ran(False, "a test failed"))

    done = made.promote(worked_on)

    assert done.was_undone
    assert done.found.startswith("taken back, since its run failed: a test failed; the tables stay")
    assert (root / "models/totals.sql").read_text() == BAD
    assert git(root, "log", "--format=%s") == "Take back HEAL-1: its run failed\nWrite orders\nfirst"
    assert git(root, "status", "--porcelain") == ""
    assert Cases(store, "ana").standings()[ErrorClass.COMPILATION].is_doubted
    assert made.settled(worked_on) == replace(done, found="it was taken back, since its run failed")


def test_a_healer_killed_before_it_deployed_left_nothing(root: Path, store: Store):
    assert hands(root, store).settled(attempt(root)) is None


def test_one_killed_after_it_deployed_is_finished_by_the_run_that_was_missing(root: Path, store: Store):
    worked_on = attempt(root)
    commits.follow(root, worked_on.commit, branch="main", base=worked_on.base)

    green = hands(root, store).settled(worked_on)
    red = hands(root, store, lambda: Ran(False, "no")).settled(worked_on)

    assert green is not None and green.is_good
    assert red is not None and red.was_undone
    assert (root / "models/totals.sql").read_text() == BAD


def test_a_checkout_that_is_half_way_is_not_touched(root: Path, store: Store):
    worked_on = attempt(root)
    (root / "models/totals.sql").write_text(GOOD)  # git was killed between the files and the branch

    with pytest.raises(ProjectError, match="half way"):
        hands(root, store).settled(worked_on)


def test_what_somebody_committed_meanwhile_is_not_overtaken(root: Path, store: Store):
    worked_on = attempt(root)
    git(root, "commit", "-q", "--allow-empty", "-m", "a person was faster")

    with pytest.raises(EditConflict, match="nothing was changed"):
        hands(root, store).promote(worked_on)

    assert git(root, "log", "--format=%s") == "a person was faster\nfirst"


def test_work_that_a_person_put_on_top_is_not_taken_back_with_it(root: Path, store: Store):
    worked_on = attempt(root)

    def a_person_commits() -> Ran:
        git(root, "commit", "-q", "--allow-empty", "-m", "mine")
        return Ran(False, "a test failed")

    with pytest.raises(EditConflict, match="nothing was changed"):
        hands(root, store, a_person_commits).promote(worked_on)

    assert git(root, "log", "--format=%s").splitlines()[0] == "mine"


def test_a_branch_on_which_a_person_works_is_left_as_it_is(root: Path, store: Store):
    worked_on = attempt(root, "propose")
    branch = hands(root, store).propose(worked_on).branch
    again = hands(root, store).propose(worked_on)
    git(root, "checkout", "-q", branch)
    git(root, "commit", "-q", "--allow-empty", "-m", "mine")
    git(root, "checkout", "-q", "main")

    assert again.branch == branch
    with pytest.raises(EditConflict, match="somebody committed"):
        hands(root, store).propose(worked_on)
    assert (root / ".aidbt/heal/HEAL-1.md").read_text().startswith("# Write orders\n")


def test_a_proposal_is_published_only_when_told_to_and_stands_without_it(root: Path, store: Store):
    worked_on, made = attempt(root, "propose"), hands(root, store)
    made.propose(worked_on)
    told = made.commands
    made.means = replace(made.means, pushes=True)

    unpublished = made.propose(worked_on)
    said = made.commands
    git(root.parent, "init", "-q", "--bare", "remote.git")
    git(root, "remote", "add", "origin", str(root.parent / "remote.git"))
    published = made.propose(worked_on)

    assert told[0].startswith("git push") and told[1].startswith("gh pr create")
    assert unpublished.is_good and said[0].startswith("# not published: ") and said[1:] == told
    assert git(root, "ls-remote", "origin", f"refs/heads/{published.branch}").startswith(worked_on.commit)


def test_a_run_that_waited_for_a_lock_in_vain_is_no_wrong_mend(root: Path, store: Store):
    made = hands(root, store, lambda: Ran(False, "canceling statement due to lock timeout"))

    assert made.promote(attempt(root)).was_undone
    assert not Cases(store, "ana").standings()


# --- who holds what is to be replaced ---------------------------------------------------------------------

READER = ("marts", "totals", 4711, "bi", "dashboard", False)
RUN = Rerun("build", places=(("marts", "totals"),))


@dataclass
class Server:
    """A PostgreSQL that says who holds what, another thing each time it is asked; the last one for ever."""

    answers: list[list[tuple[Any, ...]]]
    dialect: str = "postgres"

    @contextmanager
    def connect(self) -> Iterator[Server]:
        yield self

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([[]], ""),
        ([[READER]], "marts.totals is held by process 4711 of bi (dashboard)"),
        ([[READER], []], ""),
        # Readers that come and go are no hindrance that lasts.
        ([[READER], [(*READER[:2], 4712, *READER[3:])]], ""),
        ([[("marts", "others", *READER[2:])]], ""),
    ],
)
def test_who_holds_a_table_all_the_time_is_in_the_way(
    root: Path,
    store: Store,
    answers: list[list[tuple[Any, ...]]],
    found: str,
):
    means = replace(hands(root, store).means, warehouse=lambda: cast(Any, Server(answers)))
    assert in_the_way(means, RUN) == found


def test_nothing_is_deployed_while_a_table_is_held(root: Path, store: Store):
    made, server = hands(root, store, lambda: Ran(False, "not to be run")), Server([[READER]])
    made.means = replace(made.means, warehouse=lambda: cast(Any, server))
    made.shared.proofs = Proofs(places=RUN.places)
    before = git(root, "rev-parse", "HEAD")

    done = made.promote(attempt(root))

    assert not done.is_good and not done.was_undone and done.found.endswith("so nothing was deployed")
    assert git(root, "rev-parse", "HEAD") == before and (root / "models/totals.sql").read_text() == BAD
