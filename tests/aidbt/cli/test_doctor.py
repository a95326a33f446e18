"""`aidbt doctor` asks the sources too: what is in their way, who does not answer, which files are wrong."""

from __future__ import annotations

import json
import threading

import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.core.findings import Finding, Severity
from ingestion.connectors import CONNECTORS
from tests.ingestion.transactions import LOGS, Log, LogConnector

PROFILE = "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH}}}\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setitem(CONNECTORS._table, "log", "tests.ingestion.transactions:ConfiguredLog")
    LOGS["shop"] = Log()
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(PROFILE.replace("PATH", str(tmp_path / "warehouse.duckdb")))
    connector(tmp_path, "shop", "connector: log\n")
    return tmp_path


def connector(root, name, text):
    folder = root / "aidbt" / "connectors"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yml").write_text(text)


def doctor(root, *arguments):
    return CliRunner().invoke(cli, ["doctor", "--project-dir", str(root), *arguments])


def sources(done):
    return {
        check["detail"]: check["state"]
        for check in json.loads(done.output)["checks"]
        if check["part"] == "source"
    }


def test_a_source_that_can_be_read_is_said_to_be(project):
    done = doctor(project, "--output", "json")

    assert sources(done) == {"shop: nothing stands in the way of reading it": "ok"}
    assert json.loads(done.output)["findings"] == []


def test_what_stands_in_the_way_of_a_source_is_a_finding_and_fails(project):
    LOGS["shop"].findings = [
        Finding("cdc.wal_level", Severity.ERROR, "shop", "wal_level is replica"),
        Finding("cdc.no_key", Severity.WARN, "shop: orders", "orders has no key"),
    ]

    done = doctor(project)

    assert done.exit_code == 1
    assert "fail source     shop cannot be read as it is set up" in done.output
    assert (
        "  error shop: wal_level is replica [cdc.wal_level]\n  warn shop: orders: orders has no key"
        in done.output
    )
    found = json.loads(doctor(project, "--output", "json").output)
    assert [finding["code"] for finding in found["findings"]] == ["cdc.wal_level", "cdc.no_key"]


def test_a_warning_stops_nothing(project):
    LOGS["shop"].findings = [Finding("cdc.no_key", Severity.WARN, "shop", "orders has no key")]

    done = doctor(project)

    assert "warn source     shop can be read, but see below" in done.output


def test_each_file_that_is_wrong_is_a_finding_and_the_others_are_asked(project):
    connector(project, "crm", "connector: csv\npath: '{{ env_var(\"NOT_SET_ANYWHERE\") }}'\n")
    connector(project, "erp", "connector: [\n")

    found = json.loads(doctor(project, "--output", "json").output)["findings"]

    assert [(finding["code"], finding["where"]) for finding in found] == [
        ("ingest.settings", "crm"),
        ("ingest.settings", "erp"),
    ]
    assert "NOT_SET_ANYWHERE" in found[0]["message"]
    assert "shop: nothing stands in the way" in doctor(project).output


def test_a_source_that_does_not_answer_is_a_finding_and_holds_nothing_up(project, monkeypatch):
    monkeypatch.setattr("aidbt.cli.ingest_sources._ANSWER_WITHIN_S", 0.2)
    answers = threading.Event()
    monkeypatch.setattr(LogConnector, "check_changes", lambda *_: answers.wait(60) and ())
    try:
        done = doctor(project)
    finally:
        answers.set()

    assert done.exit_code == 1
    assert (
        "error shop: it has not answered for 0.2 s; is it up, and reachable from here? [ingest.no_answer]"
        in done.output
    )


def test_sources_can_be_left_out(project):
    LOGS["shop"].findings = [Finding("cdc.wal_level", Severity.ERROR, "shop", "wal_level is replica")]

    assert sources(doctor(project, "--no-sources", "--output", "json")) == {}
