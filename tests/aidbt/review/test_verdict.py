"""What a review comes to, from what was found."""

from __future__ import annotations

from typing import Any, get_args

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.impact import Affected, Change, Impact
from aidbt.review.changed_nodes import ChangedNode
from aidbt.review.checks.run import Checked
from aidbt.review.compared import NodeData
from aidbt.review.diff_values import DataDiff, SchemaDiff
from aidbt.review.verdict import Verdict, Word, reach_verdict

STG, FCT = "model.shop.stg", "model.shop.fct"
GONE = Change(STG, "amount", "removed", "its SQL gives it no more")
FAILS = Affected("node", "fct", FCT, "fails", "no column 'amount'", (("stg.amount", ""), ("fct", "reads")))
WRONG = Finding("column.unknown", Severity.ERROR, "models/fct.sql:3", "no column 'amount'", {"node": FCT})


def check(name: str, node: str = STG, severity: Severity = Severity.WARN) -> Finding:
    return Finding(f"check.{name}", severity, f"models/{node}.sql", f"{name} of {node}", {"node": node})


def verdict(impact: Impact | None = None, findings: tuple[Finding, ...] = (), **found: Any) -> Verdict:
    changed = [
        ChangedNode(STG, "stg", "model", "models/stg.sql", "modified", ("SQL",), readers=5),
        ChangedNode(FCT, "fct", "model", "models/fct.sql", "modified", ("SQL",), readers=0),
    ]
    return reach_verdict(changed, impact or Impact(()), Checked(findings), **found)


def test_no_verdict_approves():
    assert get_args(Word) == ("blocks", "needs a look", "nothing found")
    assert verdict().word == "nothing found"


def test_what_is_only_information_is_no_reason():
    assert verdict(findings=(check("unstable_dedup", severity=Severity.INFO),)).word == "nothing found"


def test_one_thing_that_breaks_blocks_whatever_else_is_found():
    found = verdict(findings=(check("select_star"), check("contract_removed", severity=Severity.ERROR)))

    assert (found.word, [reason.weight for reason in found.reasons]) == ("blocks", ["blocks", "look"])


def test_a_model_that_dbt_cannot_compile_blocks():
    failed = Finding("lineage.not_compiled", Severity.WARN, "models/fct.sql", "dbt could not compile it")

    assert verdict(wrong=[failed]).word == "blocks"


def test_a_node_that_fails_is_told_once_at_its_line_with_the_way_to_it():
    found = verdict(Impact((GONE,), (FAILS,)), wrong=[WRONG], failures=[("fct", "Binder Error")])

    [reason] = found.of_weight("blocks")
    assert (reason.where, reason.path) == ("models/fct.sql:3", ("stg.amount", "fct"))


def test_what_damages_data_comes_first_and_then_what_most_nodes_read():
    findings = (check("missing_description"), check("fan_out", FCT), check("fan_out", STG))

    assert [reason.text for reason in verdict(findings=findings).reasons] == [
        f"fan_out of {STG}", f"fan_out of {FCT}", f"missing_description of {STG}",
    ]  # fmt: skip


def test_data_that_was_compared_is_told_and_not_guessed():
    guess = Impact((Change(STG, "amount", "values"), Change(FCT, "amount", "values")))
    same = NodeData(
        STG, "stg", DataDiff("b.stg", "h.stg", 3, 3, SchemaDiff()), ("Both sides have the same.",)
    )

    assert [reason.where for reason in verdict(guess).reasons] == ["stg", "fct"]
    assert [reason.where for reason in verdict(guess, data=[same]).reasons] == ["fct"]


def test_what_could_not_be_read_is_for_a_person_to_look_at():
    found = reach_verdict([], Impact((), (), ((FCT, "a Python model"),)), Checked(unread=((STG, "a cycle"),)))

    assert (found.word, [reason.where for reason in found.reasons]) == ("needs a look", ["fct", "stg"])
