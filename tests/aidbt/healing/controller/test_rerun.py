"""The smallest run after a failed one, and the text of a proposal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Mend, Stage
from aidbt.healing.controller.asked import asked_of
from aidbt.healing.controller.propose import branch_of, proposal
from aidbt.healing.controller.rerun import (
    Rerun,
    added_twice,
    keeps_of_before,
    left_behind,
    not_in_full,
    rerun,
)
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


def failed(*names: str, skipped: tuple[str, ...] = (), **more: Any) -> FailedRun:
    failures = tuple(RunFailure(name, "error", "no") for name in names)
    return FailedRun(Stage.NODE, failures, skipped=skipped, **{"wrote_results": True} | more)


def test_without_results_of_its_own_the_whole_command_runs_again():
    """Of a log nobody knows what else was skipped, or not reached."""
    assert rerun(failed("model.shop.stg", wrote_results=False), SHOP).select == ()


def test_after_a_run_in_which_nothing_failed_only_what_a_mend_changed_is_built():
    green = FailedRun(Stage.DATA, wrote_results=True, command="dbt test --threads 4")

    again = rerun(green, SHOP, changed={"model.shop.orders"})

    assert (again.command, again.options) == ("build", ("--threads", "4"))
    assert again.select == ("fqn:shop.orders", "fqn:shop.totals")
    assert again.nodes == {"model.shop.orders", "model.shop.totals"}


def test_where_the_tables_were_put_back_the_whole_command_runs_again():
    run = failed("model.shop.orders", skipped=("model.shop.totals",), command="dbt build -s +totals")

    again = rerun(replace(run, is_held=True), SHOP)

    assert (again.select, again.options) == ((), ("--select", "+totals"))
    assert again.nodes == {"model.shop.stg", "model.shop.orders", "model.shop.totals"}


def test_what_failed_and_was_skipped_runs_again_and_nothing_that_went_well():
    run = failed("model.shop.orders", skipped=("model.shop.totals",))

    again = rerun(run, SHOP)

    assert (again.command, again.select) == ("build", ("fqn:shop.orders", "fqn:shop.totals"))
    assert again.nodes == {"model.shop.orders", "model.shop.totals"}


def test_a_command_about_kinds_of_nodes_is_about_all_of_these_and_no_others():
    snap = node("snapshot.shop.snap", "model.shop.orders")
    shop = manifest(*SHOP.nodes.values(), snap)
    command = "dbt build --resource-type model test unit_test"
    fine = ("model.shop.stg", "test.shop.unique_orders")

    skipped = ("model.shop.totals",)
    known = rerun(failed("model.shop.orders", succeeded=fine, skipped=skipped, command=command), shop)
    untold = rerun(
        failed("model.shop.totals", succeeded=fine, command=command), shop
    )  # orders was not reached
    whole = rerun(failed("model.shop.orders", wrote_results=False, command=command), shop)

    assert known.nodes == {"model.shop.orders", "model.shop.totals"} and known.select
    assert "snapshot.shop.snap" not in known.nodes | untold.nodes | whole.nodes
    assert (untold.select, whole.select) == ((), ()) and "--resource-type" in untold.options
    assert whole.nodes == {"model.shop.stg", "model.shop.orders", "model.shop.totals"}


def test_what_hangs_on_a_failed_model_runs_again_though_nobody_wrote_that_it_was_skipped():
    assert rerun(failed("model.shop.orders"), SHOP).nodes == {"model.shop.orders", "model.shop.totals"}


def test_the_model_of_a_failed_test_is_built_again_with_all_that_hangs_on_it():
    assert rerun(failed("test.shop.unique_orders"), SHOP).select == (
        "fqn:shop.orders", "fqn:shop.totals", "fqn:shop.unique_orders",
    )  # fmt: skip


def test_what_a_mend_changed_is_built_again_and_all_that_hangs_on_it():
    again = rerun(failed("test.shop.unique_orders"), SHOP, changed=["model.shop.stg"])

    assert "model.shop.stg" in again.nodes


@pytest.mark.parametrize("run", [failed(""), failed("model.shop.gone"), failed("model.shop.orders", "")])
def test_what_got_to_no_node_or_to_an_unknown_one_runs_as_a_whole(run: FailedRun):
    again = rerun(run, SHOP)

    assert (again.command, again.select) == ("build", ())
    assert again.nodes == {"model.shop.stg", "model.shop.orders", "model.shop.totals"}
    assert rerun(run, None) == Rerun("build")


def test_the_options_of_the_failed_command_count_but_for_those_that_lose_rows():
    asked = "dbt --quiet build -s stg+1,tag:night --exclude totals --threads 4 --full-refresh -x"
    selected = ("--select", "stg+1,tag:night", "--exclude", "totals", "--threads", "4")

    assert rerun(failed("", command=asked), SHOP) == Rerun("build", options=selected)
    assert rerun(failed("", command="dbt retry"), SHOP).command == "build"
    assert rerun(failed("", command="dbt docs generate"), SHOP) == Rerun("docs generate")


def test_a_run_of_a_part_stays_within_it_and_what_leads_there():
    run = failed("model.shop.orders", command="dbt run -s orders --threads 2")

    again = rerun(run, SHOP, changed=["model.shop.stg"])

    assert again.select == ("fqn:shop.orders", "fqn:shop.stg")  # and no totals, which nobody asked for
    assert again.options == ("--threads", "2")


@pytest.mark.parametrize("word", ["-s resource_type:test", "--resource-type test", ""])
def test_a_build_of_the_tests_alone_is_the_command_that_tests(word: str):
    run = failed("test.shop.unique_orders", command=f"dbt {'build' if word else 'test'} {word} --threads 2")

    again = rerun(run, SHOP, changed=["model.shop.stg"])

    assert again.nodes == {"model.shop.stg", "model.shop.orders", "model.shop.totals"}
    assert again.options == ("--threads", "2")
    assert left_behind(run, SHOP, ["model.shop.stg"], again) == []


def test_tables_that_a_part_of_the_tests_is_not_about_are_left_behind():
    run = failed("test.shop.unique_orders", command="dbt test -s orders")

    again = rerun(run, SHOP, changed=["model.shop.stg"])

    assert left_behind(run, SHOP, ["model.shop.stg"], again) == ["totals"]


@pytest.mark.parametrize(
    "command", ["dbt heal run --artifacts x", "dbt -q -m not long", "dbt tasks test x -s y"]
)
def test_the_words_of_a_program_that_runs_dbt_within_it_say_nothing(command: str):
    assert rerun(failed("", command=command), SHOP).options == ()
    assert asked_of(command).command == ""


def test_variables_are_found_though_dbt_forgets_the_quotes():
    assert asked_of('dbt build --vars {"day": {"from": 1}} -s x').vars == {"day": {"from": 1}}
    assert asked_of("dbt build --vars 'day: 1'").vars == {"day": 1}


APPEND = {"materialized": "incremental"}
NEWER = "{% if is_incremental() %} where at > (select max(at) from {{ this }}) {% endif %}"


@pytest.mark.parametrize(
    ("config", "code", "adds"),
    [(APPEND, "", True), (APPEND, NEWER, False), (APPEND, NEWER.replace(">", ">="), True),
     ({**APPEND, "unique_key": "id"}, "", False), ({"materialized": "table"}, "", False),
     ({**APPEND, "unique_key": "id", "incremental_strategy": "append"}, "", True),
     ({**APPEND, "incremental_strategy": "merge"}, "", True),
     ({**APPEND, "incremental_strategy": "insert_overwrite"}, "", False),
     (APPEND, NEWER.replace("max(at)", "max(at) - interval 3 day"), True),
     (APPEND, NEWER.replace("(select max(at) from {{ this }})", "'2026-01-01'") + " group by max(x)", True)],
)  # fmt: skip
def test_what_only_adds_rows_and_ran_well_is_not_run_twice(config: dict[str, Any], code: str, adds: bool):
    orders = replace(node("model.shop.orders"), config=config, raw={"raw_code": code})
    run = failed("model.shop.totals", succeeded=("model.shop.orders",))

    assert added_twice(run, manifest(orders), {"model.shop.orders"}) == (["orders"] if adds else [])


def test_what_an_earlier_command_built_may_have_run_too():
    """`dbt run`, then `dbt test`: the test's results tell nothing of the models."""
    orders = replace(node("model.shop.orders"), config=APPEND)

    assert added_twice(failed("test.shop.a", command="dbt test"), manifest(orders), ["model.shop.orders"])
    assert not added_twice(failed("model.shop.stg"), manifest(orders), ["model.shop.orders"])


def test_a_table_that_keeps_rows_and_took_some_of_before_the_mend_is_found():
    orders = replace(SHOP.nodes["model.shop.orders"], config={**APPEND, "unique_key": "id"})
    shop = manifest(*{**SHOP.nodes, orders.unique_id: orders}.values())
    took = failed("test.shop.unique_orders", succeeded=("model.shop.stg", "model.shop.orders"))
    only_printed = failed("model.shop.stg", wrote_results=False)

    assert keeps_of_before(took, shop, ["model.shop.stg"]) == [orders.unique_id]
    assert keeps_of_before(took, shop, ["model.shop.totals"]) == []
    assert keeps_of_before(only_printed, shop, ["model.shop.stg"]) == []
    for tests_alone in (failed("test.shop.a", command="dbt test"), failed("test.shop.a", command="nightly")):
        assert keeps_of_before(tests_alone, shop, ["model.shop.stg"]) == [orders.unique_id]


def test_a_refresh_in_full_is_not_made_good_by_a_run_without():
    orders = replace(node("model.shop.orders"), config={**APPEND, "unique_key": "id"})
    run = failed("model.shop.orders", command="dbt build --full-refresh")

    assert not_in_full(run, manifest(orders), ["model.shop.orders"]) == ["orders"]
    assert not_in_full(failed("model.shop.orders"), manifest(orders), ["model.shop.orders"]) == []
    kept = manifest(replace(orders, config={**orders.config, "full_refresh": False}))
    assert not_in_full(run, kept, ["model.shop.orders"]) == []


def test_what_dbt_never_reached_runs_too():
    """It stops when interrupted, or at a failure: other models and tests of what is built are missing."""
    shop = manifest(*SHOP.nodes.values(), node("model.shop.other"), node("test.shop.a", "model.shop.stg"))
    run = failed("model.shop.orders", succeeded=("model.shop.stg",), skipped=("model.shop.totals",))
    tests = ("test.shop.a", "test.shop.unique_orders")

    assert "model.shop.other" in rerun(run, shop).nodes
    reached = replace(run, succeeded=("model.shop.stg", "model.shop.other"))
    assert "fqn:shop.a" in rerun(reached, shop).select
    assert "fqn:shop.a" in rerun(replace(reached, skipped=(*run.skipped, *tests)), shop).select
    assert "fqn:shop.a" not in rerun(replace(reached, succeeded=(*reached.succeeded, *tests)), shop).select


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
        reasons=("nobody said",), diff=diff, others=["Set aside 1 row"],
    )  # fmt: skip

    assert "## What was found\n\n- stg was there before" in text.body
    assert "which are in it too\n\n- Set aside 1 row" in text.body
    assert "~~~~diff\n+```\n~~~~" in text.body
    assert text.commands[1].startswith("gh pr create --head aidbt/heal/k-3 --base main --title 'Write '")


def test_a_model_that_a_mend_made_is_no_sign_that_the_run_was_broken_off():
    aside = node("model.shop.stg__quarantine")
    made = manifest(*SHOP.nodes.values(), node("model.shop.days"), aside)
    run = failed("test.shop.unique_orders", skipped=("model.shop.totals",), command="dbt build",
                 succeeded=("model.shop.stg", "model.shop.orders", "model.shop.days"))  # fmt: skip

    again = rerun(run, made, changed={"model.shop.stg", aside.unique_id})

    assert "model.shop.days" not in again.nodes and aside.unique_id in again.nodes
