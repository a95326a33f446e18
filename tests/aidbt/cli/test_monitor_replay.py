"""`aidbt monitor replay`: detectors beside each other on what the store holds."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import AidbtError, UnknownName
from aidbt.core.measured import Bucket
from aidbt.monitors.detectors import isolation_forest
from aidbt.store import open_store
from aidbt.store.buckets import Buckets
from tests.dbt_shop import DBT, Shop, new_shop

DAYS = 80
GONE = 60  # the day on which no rows came
NODE = "model.shop.orders"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    made = new_shop(folder, {"models/orders.sql": "{{ config(materialized='table') }} select 1 as id"})
    where = ["--project-dir", made.root, "--profiles-dir", made.root]
    subprocess.run([DBT, "parse", "--quiet", *where], check=True)
    return made


@pytest.fixture
def measured(shop: Shop) -> Shop:
    """The shop with eighty days of buckets of one model, one of them empty."""
    path = shop.root / ".aidbt" / "state.db"
    path.unlink(missing_ok=True)
    rng = np.random.default_rng(2)
    today = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    store = open_store(path)
    Buckets(store).put(
        Bucket(
            NODE,
            "day",
            today - timedelta(days=DAYS - day),
            {("rows", ""): 0.0 if day == GONE else float(rng.integers(950, 1050))},
        )
        for day in range(DAYS)
    )
    store.close()
    return shop


def replayed(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, ["monitor", "replay", *arguments, *where])


def answered(shop: Shop, *arguments: str) -> Any:
    return json.loads(replayed(shop, *arguments, "--output", "json").stdout)


def failed(shop: Shop, *arguments: str) -> AidbtError:
    error = replayed(shop, *arguments).exception
    assert isinstance(error, AidbtError)
    return error


@pytest.mark.long
def test_every_detector_is_asked_and_the_one_in_use_comes_first(measured: Shop):
    found = answered(measured)

    members = found["grains"]["day"]["members"]
    assert [member["name"] for member in members][:3] == ["statistical", "classic", "isolation_forest"]
    assert members[0]["verdict"] == "in use"
    assert members[0]["alerts"] == members[1]["alerts"] == 1
    assert found["grains"]["day"]["buckets"] == DAYS - 14


def test_people_read_what_was_found_and_what_to_do_next(measured: Shop):
    lines = replayed(measured).stdout.splitlines()

    assert lines[0] == f"replayed 1 monitor over {DAYS - 14} days"
    assert "per 100 monitors a week" in lines[1]
    assert lines[-1] == "next: aidbt monitor feedback"


def test_another_setting_of_the_knob_is_tried_beside(measured: Shop):
    members = answered(measured, "--false-alarms", "20", "--detector", "classic")["grains"]["day"]["members"]

    assert [member["name"] for member in members] == ["statistical", "classic", "statistical at 20"]
    assert members[2]["alerts"] >= members[0]["alerts"]


def test_what_people_said_stands_beside_what_would_be_told(measured: Shop):
    gone = datetime.now(UTC).date() - timedelta(days=DAYS - GONE)
    quiet = gone - timedelta(days=9)
    entries = [("real", "orders", gone), ("false-alarm", "orders", quiet), ("real", "odrers", gone)]
    said = "".join(
        f"  - {{as: {verdict}, of: [{{node: {node}, metric: row_count, buckets: [{day}]}}]}}\n"
        for verdict, node, day in entries
    )
    path = measured.root / "aidbt" / "feedback.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"feedback:\n{said}")
    try:
        found = answered(measured)
    finally:
        path.unlink()

    used = found["grains"]["day"]["members"][0]
    assert found["judged"] == 2
    assert (used["real_found"], used["real"], used["false_told"], used["false"]) == (1, 1, 0, 1)


def test_a_detector_whose_package_is_missing_is_left_out_with_the_way_to_get_it(
    measured: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(isolation_forest, "find_spec", lambda name: None)

    text = replayed(measured).stdout

    assert "not asked: isolation_forest" in text
    assert "aidbt[monitors]" in text


def test_with_nothing_measured_it_says_what_to_do(shop: Shop):
    (shop.root / ".aidbt" / "state.db").unlink(missing_ok=True)

    assert replayed(shop).stdout.splitlines()[-1] == "next: aidbt monitor collect"


def test_names_that_do_not_exist_are_refused(measured: Shop):
    unknown = failed(measured, "--detector", "clasic")

    assert isinstance(unknown, UnknownName)
    assert "classic" in str(unknown.hint)
    assert isinstance(failed(measured, "--select", "odrers"), UnknownName)
    assert replayed(measured, "--false-alarms", "0").exit_code == 2
