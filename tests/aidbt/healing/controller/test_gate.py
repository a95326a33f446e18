"""How far a mend may go: every rule of people wins, and each says so."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Stage
from aidbt.healing.controller.gate import Allowed, Gate, Ground, Rules, gate
from aidbt.store.cases import Standing

ROOT, FAILED = "source.shop.crm.orders", "model.shop.stg_orders"
RENAMED = Diagnosis(
    "k", ErrorClass.COLUMN_RENAMED, 0.95, Stage.NODE, ROOT,
    failures=(RunFailure(FAILED, "error", "no column mail"),), blast_radius=("model.shop.orders",),
)  # fmt: skip
RULES = Rules(policies={"SCHEMA_DRIFT/COLUMN_RENAMED": "auto"}, deployed_branch="main")
GROUND = Ground(True, frozenset({FAILED}), "c0ffee", "main", is_clean=True, actor="ana")
LOCKED = replace(RENAMED, error_class=ErrorClass.CONCURRENCY_CONFLICT)


def test_a_sure_cause_of_an_auto_class_on_the_deployed_branch_may_be_deployed():
    assert gate(RENAMED, RULES, GROUND) == Gate(Allowed.PROMOTE)


AUTO, HANDED, ONLY = RULES, Allowed.HAND_OVER, Allowed.PROPOSE
DOUBTED = {ErrorClass.COLUMN_RENAMED: Standing(500, 1, 0, is_doubted=True)}
CASES = {
    "confidence 0.74": (replace(RENAMED, confidence=0.74), AUTO, GROUND, Allowed.DRAFT, "0.74, below 0.75"),
    "confidence 0.50": (replace(RENAMED, confidence=0.50), AUTO, GROUND, Allowed.DRAFT, "below 0.75"),
    "confidence 0.49": (replace(RENAMED, confidence=0.49), AUTO, GROUND, HANDED, "below 0.50"),
    "no number": (replace(RENAMED, confidence=float("nan")), AUTO, GROUND, HANDED, "below 0.50"),
    "a person's": (
        replace(RENAMED, error_class=ErrorClass.PERMISSION_DENIED),
        replace(AUTO, policies={"CONFIGURATION": "auto"}), GROUND, Allowed.DRAFT, "always a person's",
    ),
    "paused": (RENAMED, replace(AUTO, paused="by ana: audit"), GROUND, HANDED, "by ana: audit"),
    "off at the root": (RENAMED, replace(AUTO, off=frozenset({ROOT})), GROUND, HANDED, "crm.orders"),
    "off at the file": (RENAMED, replace(AUTO, off=frozenset({FAILED})), GROUND, HANDED, "is off"),
    "not an approver": (RENAMED, replace(AUTO, approvers=frozenset({"ben"})), GROUND, ONLY, "'ana', who is"),
    "never": (RENAMED, replace(AUTO, policies={"SCHEMA_DRIFT": "never"}), GROUND, HANDED, "says never"),
    "propose": (RENAMED, replace(AUTO, policies={"SCHEMA_DRIFT": "propose"}), GROUND, ONLY, "says propose"),
    "nobody said": (RENAMED, replace(AUTO, policies={}), GROUND, ONLY, "is not set to auto"),
    "a wrong mend": (RENAMED, replace(AUTO, standings=DOUBTED), GROUND, ONLY, "proved wrong"),
    "throttled": (RENAMED, AUTO, replace(GROUND, throttled_s=4000.0), HANDED, "limited for 1.1 hours"),
    "no git": (RENAMED, AUTO, replace(GROUND, commit=""), HANDED, "no git"),
    "dirty": (RENAMED, AUTO, replace(GROUND, is_clean=False), HANDED, "not committed"),
    "detached": (RENAMED, AUTO, replace(GROUND, branch=""), HANDED, "detached"),
    "far": (RENAMED, replace(AUTO, blast_radius=0), GROUND, Allowed.DRAFT, "1 node hangs on it, more than"),
    "critical": (RENAMED, replace(AUTO, critical=frozenset({FAILED})), GROUND, Allowed.DRAFT, "stg_orders"),
    "critical below": (
        RENAMED, replace(AUTO, critical=frozenset({"model.shop.orders"})), GROUND, ONLY, "hangs on it",
    ),
    "off below": (RENAMED, replace(AUTO, off=frozenset({"model.shop.orders"})), GROUND, ONLY, "hangs on it"),
    "not declared": (RENAMED, replace(AUTO, deployed_branch=""), GROUND, ONLY, "nobody declared"),
    "other branch": (RENAMED, AUTO, replace(GROUND, branch="dev"), ONLY, "'dev' is checked out"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rule_limits_it_and_says_why(name: str):
    diagnosis, rules, ground, allowed, why = CASES[name]

    found = gate(diagnosis, rules, ground)

    assert found.allowed is allowed
    assert any(why in reason for reason in found.reasons), found.reasons


def test_no_rule_can_be_argued_away_by_another_one():
    for one, other in itertools.combinations(CASES.values(), 2):
        if one[0] is not RENAMED or other[0] is not RENAMED:
            continue
        changed = {
            name: getattr(other[1], name)
            for name in Rules.__slots__
            if getattr(other[1], name) != getattr(RULES, name)
        }
        ground = {
            name: getattr(other[2], name)
            for name in Ground.__slots__
            if getattr(other[2], name) != getattr(GROUND, name)
        }
        of_one = {n for n in Rules.__slots__ if getattr(one[1], n) != getattr(RULES, n)}
        of_one |= {n for n in Ground.__slots__ if getattr(one[2], n) != getattr(GROUND, n)}
        if of_one & {*changed, *ground}:
            continue  # both say another thing of the same
        both = gate(RENAMED, replace(one[1], **changed), replace(one[2], **ground))
        assert both.allowed <= min(one[3], other[3])


def test_waiting_and_running_again_needs_no_deployed_branch_and_no_clean_tree():
    rules = Rules(policies={"TRANSIENT": "auto"})

    assert gate(LOCKED, rules, Ground(changes_files=False)) == Gate(Allowed.PROMOTE)
    assert gate(LOCKED, replace(rules, paused="by ana"), Ground(False)).allowed is Allowed.HAND_OVER


def test_a_mistyped_word_is_not_left_to_a_person_for_its_class():
    wrong = replace(RENAMED, error_class=ErrorClass.SQL_SEMANTIC)
    rules = replace(RULES, policies={"CODE": "auto"})

    assert gate(wrong, rules, GROUND).allowed is Allowed.DRAFT
    assert gate(replace(wrong, facts={"replacement": "mail"}), rules, GROUND) == Gate(Allowed.PROMOTE)


def test_a_class_counts_before_its_family_and_a_risen_one_needs_nobody():
    rules = replace(RULES, policies={"SCHEMA_DRIFT": "auto", "SCHEMA_DRIFT/COLUMN_RENAMED": "never"})
    risen = replace(RULES, policies={}, standings={RENAMED.error_class: Standing(73, 0, 73)})

    assert gate(RENAMED, rules, GROUND).allowed is Allowed.HAND_OVER
    assert gate(RENAMED, risen, GROUND) == Gate(Allowed.PROMOTE)


def test_the_strictest_reason_stands_first():
    found = gate(replace(RENAMED, confidence=0.6), replace(RULES, paused="by ana", policies={}), GROUND)

    assert found.allowed is Allowed.HAND_OVER
    assert [reason.split(" ")[0] for reason in found.reasons] == [
        "healing", "the", "SCHEMA_DRIFT/COLUMN_RENAMED",
    ]  # fmt: skip
