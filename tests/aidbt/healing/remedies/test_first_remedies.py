"""What holds for every remedy; slips of the hand; and waiting."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.remedies import REMEDIES
from aidbt.healing.remedies.code.one_edit import OneEdit, applied, undone_slips
from aidbt.healing.remedies.code.slips import is_slip, nearest_slip
from aidbt.healing.remedies.fewer_threads import FewerThreads
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.wait_and_run_again import WaitAndRunAgain, is_there
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse
from tests.dbt_shop import new_shop, no_profiles

NOON = datetime(2026, 3, 1, tzinfo=UTC)
LATE = Diagnosis(
    "k", ErrorClass.TEMPORARY_UNAVAILABLE, 0.9, Stage.NODE, "model.shop.rates", facts={"file": "rates.csv"}
)


def manifest(*nodes: Node) -> Manifest:
    return Manifest(ArtifactMetadata(12, "", NOON, "", {}), {n.unique_id: n for n in nodes}, {}, {}, {})


def shop(root: Path, *nodes: Node) -> tuple[Case, Tools]:
    good = GoodState("dev", NOON, "r")
    found = Case("shop", root, FailedRun(Stage.NODE), good=good, good_manifest=manifest(*nodes))
    return found, Tools(
        new_shop(root).open(), Settings(), lambda: cast(Warehouse, None), lambda: 0, profiles=no_profiles
    )


def test_every_remedy_declines_what_is_not_its_own(tmp_path: Path):
    other = Diagnosis("k", ErrorClass.CREDENTIAL_EXPIRED, 0.97, Stage.CONNECT, "project")
    for name in REMEDIES.names():
        found = REMEDIES.load(name)().propose(other, *shop(tmp_path))
        assert isinstance(found, Declined)
        assert found.why and found.remedy == name


@pytest.mark.parametrize(
    ("word", "meant", "is_typo"),
    [
        ("ordres", "orders", True), ("oders", "orders", True), ("Orderss", "orders", True),
        ("clean_txt", "clean_text", True), ("stgorders", "stg_orders", True), ("selct", "select", True),
        ("form", "from", True), ("shp", "shop", True), ("cent_to_amount", "cents_to_amount", True),
        ("amount_net", "amount", False), ("orders_v2", "orders", False), ("orders_v3", "orders_v2", False),
        ("orders_b", "orders", False), ("customer_id_", "customer_id", True),
        ("di", "id", True), ("xy", "id", False), ("", "id", False), ("min_price", "max_price", False),
        ("new_customers", "net_customers", False), ("first_name", "last_name", False), ("id", "ID", False),
        ("ordered_date", "order_date", False), ("qtr", "qty", False), ("end_at", "ended_at", False),
    ],
)  # fmt: skip
def test_a_word_that_was_meant_and_is_not_there_yet_is_no_typo(word: str, meant: str, is_typo: bool):
    assert is_slip(word, meant) is is_typo


def test_only_one_name_can_be_meant():
    assert nearest_slip("ordrs", ["orders", "customers"]) == "orders"
    assert nearest_slip("order_x", ["order_a", "order_b"]) is None
    assert nearest_slip("paid_dates", ["paid_date"], vocabulary=["paid_date", "dates"]) == "paid_date"
    assert nearest_slip("said_at", ["paid_at"], vocabulary=["said_by", "paid_at"]) is None


def test_line_ends_stay_as_they_are():
    (edit,) = undone_slips("select a,\n  b\nfrom t\n", "select a\r\n  b\r\nfrom t\r\n")

    assert edit.applied("select a\r\n  b\r\nfrom t\r\n") == "select a,\r\n  b\r\nfrom t\r\n"


def test_edits_that_overlap_are_not_made():
    with pytest.raises(ValueError, match="overlap"):
        applied([OneEdit(0, 3, "a", "b", "a"), OneEdit(2, 4, "a", "b", "a")], "abcdef")


def test_rows_are_never_added_twice(tmp_path: Path):
    locked = Diagnosis(
        "k", ErrorClass.CONCURRENCY_CONFLICT, 0.97, Stage.NODE, "model.shop.log",
        failures=(RunFailure("model.shop.log", "error", "lock"),), facts={"holder": "process 4711"},
    )  # fmt: skip
    adds = Node("model.shop.log", "model", "log", "", config={"materialized": "incremental"})
    keyed = replace(adds, config=adds.config | {"unique_key": "id"})

    def proposed(node: Node) -> Mend | Declined:
        return WaitAndRunAgain().propose(locked, *shop(tmp_path, node))

    assert isinstance(proposed(adds), Declined)
    for config in (
        {"incremental_strategy": "delete+insert"},
        {"incremental_strategy": "append", **keyed.config},
    ):
        assert isinstance(proposed(replace(adds, config=adds.config | config)), Declined)
    short = replace(locked, error_class=ErrorClass.RESOURCE_EXHAUSTION)
    assert isinstance(FewerThreads().propose(short, *shop(tmp_path, adds)), Declined)
    waits = proposed(keyed)
    assert isinstance(waits, Mend) and waits.waits is not None
    assert waits.waits.for_what == "the warehouse, held by process 4711"


def test_a_file_is_waited_for_until_it_holds_something(tmp_path: Path):
    mend = WaitAndRunAgain().propose(LATE, *shop(tmp_path))
    assert isinstance(mend, Mend) and mend.waits is not None and mend.waits.is_over is not None

    seen = [mend.waits.is_over()]
    (tmp_path / "rates.csv").touch()
    seen.append(mend.waits.is_over())
    (tmp_path / "rates.csv").write_text("day,rate\n")
    assert [*seen, mend.waits.is_over()] == [False, False, True]


def test_a_file_that_is_just_being_written_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "rates.csv"
    file.write_text("day,rate\n")
    # Somebody writes on while it is looked at.
    monkeypatch.setattr(time, "sleep", lambda _: file.write_text("day,rate\n2026-01-01,1\n"))
    assert not is_there(tmp_path, "rates.csv")

    os.utime(file, (0, 0))
    assert is_there(tmp_path, "rates.csv")


def test_memory_is_left_to_one_node_at_a_time(tmp_path: Path):
    short = replace(LATE, error_class=ErrorClass.RESOURCE_EXHAUSTION)
    mend = FewerThreads().propose(short, *shop(tmp_path))

    assert isinstance(mend, Mend)
    assert mend.dbt_args == ("--threads", "1")
    found, tools = shop(tmp_path)
    profiles = tmp_path / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("threads: 2", "threads: 1"))
    assert isinstance(FewerThreads().propose(short, found, tools), Declined)


def test_fewer_threads_make_no_place_at_a_server_that_has_none(tmp_path: Path):
    said = RunFailure("", "error", "FATAL:  sorry, too many clients already")
    full = replace(LATE, error_class=ErrorClass.RESOURCE_EXHAUSTION, failures=(said,))
    shared = FewerThreads().propose(full, *shop(tmp_path))

    assert isinstance(shared, Mend) and shared.claims[0].text == "several nodes shared the connections"
    assert isinstance(FewerThreads().propose(replace(full, stage=Stage.CONNECT), *shop(tmp_path)), Declined)
