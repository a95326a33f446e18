"""When the first two remedies apply, what they edit, and when they decline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies import REMEDIES
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.right_name import RightName, _mistyped
from aidbt.healing.remedies.wait_and_run_again import WaitAndRunAgain
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

NOON = datetime(2026, 3, 1, tzinfo=UTC)
FACTS = {"what": "ref", "token": "ordres", "replacement": "orders", "file": "totals.sql"}
TYPO = Diagnosis("k", ErrorClass.COMPILATION, 0.97, Stage.PARSE, "model.shop.totals", facts=FACTS)
# Neither of the two asks the warehouse.
TOOLS = cast(Tools, None)
SQL = "-- totals\r\nselect 1 from {{ ref('ordres') }} -- ä\r\n"


def manifest(*nodes: Node) -> Manifest:
    return Manifest(ArtifactMetadata("", "", NOON, {}), {n.unique_id: n for n in nodes}, {}, {}, {})


def case(root: Path, *models: str, sql: str = SQL) -> Case:
    (root / "totals.sql").write_bytes(sql.encode())
    nodes = [Node(f"model.shop.{name}", "model", name, "") for name in models]
    return Case(
        "shop", root, FailedRun(Stage.PARSE), good=GoodState("dev", NOON, "r"), good_manifest=manifest(*nodes)
    )


def test_every_remedy_declines_what_is_not_its_own(tmp_path: Path):
    other = Diagnosis("k", ErrorClass.CREDENTIAL_EXPIRED, 0.97, Stage.CONNECT, "project")
    for name in REMEDIES.names():
        found = REMEDIES.load(name)().propose(other, case(tmp_path, "orders"), TOOLS)
        assert isinstance(found, Declined)
        assert found.why and found.remedy == name


def test_one_word_is_edited_and_every_other_byte_stays(tmp_path: Path):
    mend = RightName().propose(TYPO, case(tmp_path, "orders", "customers"), TOOLS)

    assert isinstance(mend, Mend) and mend.patch is not None
    (edit,) = mend.patch.edits
    assert edit.after == SQL.replace("ordres", "orders")
    assert check_claims(mend.claims)[0]


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ((), "no good run is remembered"),
        (("customers",), "'orders' was not there either"),
        (("orders", "ordres"), "there was no ref 'ordres' at the last good run: 2 names known"),
        (("orders", "ordrees"), "'ordrees' is the most like it"),
    ],
)
def test_a_claim_that_does_not_hold_is_found(tmp_path: Path, models: tuple[str, ...], why: str):
    mend = RightName().propose(TYPO, case(tmp_path, *models), TOOLS)

    assert isinstance(mend, Mend)
    holds, found = check_claims(mend.claims)
    assert not holds
    assert found[-1].startswith("not so: ") and why in found[-1]


@pytest.mark.parametrize(
    ("token", "meant", "is_typo"),
    [
        ("ordres", "orders", True), ("oders", "orders", True), ("Orderss", "orders", True),
        ("amount_net", "amount", False), ("orders_v2", "orders", False), ("orders_v3", "orders_v2", False),
        ("di", "id", True), ("xy", "id", False), ("", "id", False),
    ],
)  # fmt: skip
def test_a_word_that_was_meant_and_is_not_there_yet_is_no_typo(token: str, meant: str, is_typo: bool):
    assert _mistyped(token, meant).holds is is_typo


def test_two_names_that_are_alike_are_not_told_apart(tmp_path: Path):
    typo = replace(TYPO, facts=FACTS | {"token": "order_x", "replacement": "order_a"})
    mend = RightName().propose(typo, case(tmp_path, "order_a", "order_b", sql="select 1 from order_x"), TOOLS)

    assert isinstance(mend, Mend)
    assert not check_claims(mend.claims)[0]


def test_a_word_that_stands_twice_is_left_to_a_person(tmp_path: Path):
    declined = RightName().propose(TYPO, case(tmp_path, "orders", sql=SQL + SQL), TOOLS)

    assert isinstance(declined, Declined) and "stands 2 times in totals.sql" in declined.why


def test_rows_are_never_added_twice(tmp_path: Path):
    locked = Diagnosis(
        "k", ErrorClass.CONCURRENCY_CONFLICT, 0.97, Stage.NODE, "model.shop.log",
        failures=(RunFailure("model.shop.log", "error", "lock"),), facts={"holder": "process 4711"},
    )  # fmt: skip
    adds = Node("model.shop.log", "model", "log", "", config={"materialized": "incremental"})
    keyed = replace(adds, config=adds.config | {"unique_key": "id"})

    def proposed(node: Node) -> Mend | Declined:
        run = Case("shop", tmp_path, FailedRun(Stage.NODE), manifest=manifest(node))
        return WaitAndRunAgain().propose(locked, run, TOOLS)

    assert isinstance(proposed(adds), Declined)
    waits = proposed(keyed)
    assert isinstance(waits, Mend) and waits.waits is not None
    assert waits.waits.for_what == "the warehouse, held by process 4711"
