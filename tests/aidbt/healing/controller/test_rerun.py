"""The smallest run after a failed one, and the text of a proposal."""

from __future__ import annotations

from datetime import UTC, datetime

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Mend, Stage
from aidbt.healing.controller.propose import branch_of, proposal
from aidbt.healing.controller.rerun import Rerun, rerun
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node


def node(unique_id: str, *reads: str) -> Node:
    kind, package, *rest = unique_id.split(".")
    return Node(
        unique_id, kind, rest[0], f"models/{rest[0]}.sql", depends_on=reads, raw={"fqn": [package, *rest]}
    )


def manifest(*nodes: Node) -> Manifest:
    metadata = ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {})
    return Manifest(metadata, {n.unique_id: n for n in nodes}, {}, {}, {})


SHOP = manifest(
    node("model.shop.stg"), node("model.shop.orders", "model.shop.stg"),
    node("model.shop.totals", "model.shop.orders"), node("test.shop.unique_orders", "model.shop.orders"),
)  # fmt: skip


def failed(*names: str, skipped: tuple[str, ...] = ()) -> FailedRun:
    return FailedRun(Stage.NODE, tuple(RunFailure(name, "error", "no") for name in names), skipped=skipped)


def test_what_failed_and_was_skipped_runs_again_and_nothing_that_went_well():
    run = failed("model.shop.orders", skipped=("model.shop.totals",))

    assert rerun(run, SHOP) == Rerun("build", ("fqn:shop.orders", "fqn:shop.totals"))


def test_the_model_of_a_failed_test_is_built_again_with_all_that_hangs_on_it():
    assert rerun(failed("test.shop.unique_orders"), SHOP).select == (
        "fqn:shop.orders+", "fqn:shop.unique_orders",
    )  # fmt: skip


def test_what_a_mend_edited_above_the_failure_is_built_again_and_all_that_hangs_on_it():
    run = failed("test.shop.unique_orders")

    assert "fqn:shop.stg+" in rerun(run, SHOP, edited=["models/stg.sql"]).select
    assert rerun(run, SHOP, edited=["macros/cents.sql"]) == Rerun("build")


def test_what_got_to_no_node_or_to_an_unknown_one_runs_as_a_whole():
    assert rerun(failed(""), SHOP) == Rerun("build")
    assert rerun(failed("model.shop.orders"), None) == Rerun("build")
    assert rerun(failed("model.shop.gone"), SHOP) == Rerun("build")
    assert rerun(failed("model.shop.orders", ""), SHOP) == Rerun("build")


def test_a_branch_is_a_name_that_git_takes_whatever_the_cause_is_called():
    assert branch_of("renamed:crm.orders.E-Mail ü~^:?", "HEAL-3") == "aidbt/heal/renamed-crm.orders.e-mail-3"
    assert branch_of("..", "HEAL-3") == "aidbt/heal/cause-3"
    assert branch_of("a" * 300, "HEAL-3") == f"aidbt/heal/{'a' * 60}-3"
    assert ".lock" not in branch_of("x.lock", "HEAL-3")[-5:]


def test_a_proposal_says_why_what_was_checked_and_what_to_run():
    diagnosis = Diagnosis(
        "k", ErrorClass.COMPILATION, 0.97, Stage.PARSE, "model.shop.orders",
        proof=(Evidence("git", "a.sql", "stg was there\nbefore"),),
    )  # fmt: skip
    diff = "+```\n"

    text = proposal(
        "HEAL-3", diagnosis, Mend("right_name", "Write 'a' instead of b"), into="main", found=("one",),
        reasons=("nobody said",), diff=diff,
    )  # fmt: skip

    assert "## Why it failed\n\n- stg was there before" in text.body
    assert "~~~~diff\n+```\n~~~~" in text.body
    assert text.commands[1].startswith("gh pr create --head aidbt/heal/k-3 --base main --title 'Write '")
