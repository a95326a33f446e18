"""`aidbt report`: where it writes, what it says, and what it answers to a slip."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.cli.report import since_of
from aidbt.core.errors import ArtifactError, UsageError, WriteError
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import record
from aidbt.session import open_session
from tests.aidbt.monitors.findings import AROUND, anomaly
from tests.dbt_shop import Shop, new_shop

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path)


def report(project: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(project.root), "--profiles-dir", str(project.root)]
    return CliRunner().invoke(cli, ["report", *arguments, *where])


def found(project: Shop, *names: str) -> None:
    """What a check finds and keeps."""
    session = open_session(project.root, profiles_dir=project.root)
    news = News(tuple(anomaly(name) for name in names))
    record(session.store, news, AROUND, session.settings.values, now=datetime.now(UTC))
    session.close()


def answered(project: Shop, *arguments: str) -> Any:
    return json.loads(report(project, *arguments, "--output", "json").stdout)


def test_of_a_new_project_it_says_what_is_left_out_and_how_to_begin(shop: Shop):
    result = report(shop)
    lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert lines[0] == "Nothing is known of this project yet."
    assert lines[1].startswith(
        f"written {shop.root}/target/report.html (0.0 MB): 0 incidents, 0 tests, 0 runs"
    )
    assert lines[2].startswith("  Names, owners, lineage and quality are left out: ")
    assert lines[-1] == "next: aidbt build (or aidbt observe), then aidbt monitor run"
    assert "How to begin." in (shop.root / "target" / "report.html").read_text()


def test_what_is_open_stands_in_the_page_and_on_the_screen(shop: Shop, tmp_path: Path):
    found(shop, "orders")
    page = tmp_path / "new" / "folder" / "page.html"
    result = report(shop, "--out", str(page))

    assert result.stdout.splitlines()[0] == "1 warning is open."
    assert result.stdout.splitlines()[-1] == "next: aidbt incidents show INC-1"
    assert "orders has 62 % fewer rows" in page.read_text()
    assert not list(page.parent.glob(".*"))  # nothing half written stays


def test_programs_get_the_numbers(shop: Shop):
    found(shop, "orders")
    answer = answered(shop)

    assert (answer["state"], answer["open_incidents"], answer["runs"]) == ("warn", ["INC-1"], 0)
    assert answer["size_bytes"] == Path(answer["path"]).stat().st_size


def test_a_page_that_cannot_be_written_is_one_error(shop: Shop):
    (shop.root / "taken").write_text("a file where a folder should be")
    result = report(shop, "--out", str(shop.root / "taken" / "page.html"))

    assert isinstance(result.exception, WriteError)
    assert "cannot be written" in result.exception.message


def test_a_manifest_that_is_named_and_not_there_is_an_error(shop: Shop):
    assert isinstance(report(shop, "--manifest", str(shop.root / "no.json")).exception, ArtifactError)


def test_feedback_that_cannot_be_read_is_no_reason_not_to_report(shop: Shop):
    (shop.root / "aidbt").mkdir()
    (shop.root / "aidbt" / "feedback.yml").write_text("feedback: [broken")

    assert report(shop).exit_code == 0


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ("14d", NOW - timedelta(days=14)),
        ("7", NOW - timedelta(days=7)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
    ],
)
def test_the_period_is_days_or_a_date(said: str, begin: datetime):
    assert since_of(said, NOW) == begin


@pytest.mark.parametrize(
    "said", ["0d", "-3d", "yesterday", "", "2026-13-01", "9999999999999d", "4000000d", "2027-01-01"]
)
def test_what_is_no_period_is_refused(said: str):
    with pytest.raises(UsageError):
        since_of(said, NOW)
