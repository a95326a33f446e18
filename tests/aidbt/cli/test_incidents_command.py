"""`aidbt incidents`: what it shows, what a person does with it, and what it answers to a slip."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import SettingsError, UnknownName, UsageError
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import end, record
from aidbt.session import open_session
from aidbt.store.incidents import Incidents
from tests.aidbt.alerts.receivers import Receiver, answer
from tests.aidbt.monitors.findings import AROUND, anomaly
from tests.dbt_shop import Shop, new_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path)


def found(project: Shop, *names: str) -> None:
    """What a check finds and keeps."""
    session = open_session(project.root, profiles_dir=project.root)
    news = News(tuple(anomaly(name) for name in names))
    record(session.store, news, AROUND, session.settings.values, now=datetime.now(UTC))
    session.close()


def incidents(project: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(project.root), "--profiles-dir", str(project.root)]
    return CliRunner().invoke(cli, ["incidents", *arguments, *where])


def answered(project: Shop, *arguments: str) -> Any:
    return json.loads(incidents(project, *arguments, "--output", "json").stdout)


def test_where_nothing_is_wrong_it_says_so(shop: Shop):
    result = incidents(shop, "list")
    assert result.stdout == "nothing is wrong that is known\n"
    assert answered(shop, "list") == {"incidents": [], "waiting": []}


def test_the_list_begins_with_what_was_found_and_ends_with_what_to_do(shop: Shop):
    found(shop, "stg_orders", "visits")
    lines = incidents(shop, "list").stdout.splitlines()
    assert lines[0] == "found 2 incidents open"
    assert "INC-1" in lines[2] and "finance" in lines[2] and "62 % fewer rows" in lines[2]
    assert lines[-1] == "next: aidbt incidents show INC-1"
    assert [one["id"] for one in answered(shop, "list", "--owner", "Finance")["incidents"]] == ["INC-1"]
    of_finance = incidents(shop, "list", "--owner", "Finance").stdout
    assert of_finance.startswith("found 1 incident of Finance open, 1 of others\n")
    # That an owner has none does not say that nothing is wrong.
    of_nobody = incidents(shop, "list", "--owner", "sales").stdout
    assert of_nobody == "nothing is open of sales, 2 of others\n"


def test_show_says_where_it_begins_what_it_reaches_and_what_happened(shop: Shop):
    found(shop, "stg_orders", "orders")
    text = incidents(shop, "show", "1").stdout
    assert text.splitlines()[0].startswith("INC-1 warn, open: stg_orders has 62 % fewer rows")
    assert "begins at         model.shop.stg_orders" in text
    assert "may be wrong too  model.shop.refunds, model.shop.revenue, exposure.shop.weekly" in text
    assert "380, expected 1,000" in text or "380, expected 1000" in text
    assert "opened" in text and "next: aidbt incidents ack INC-1" in text
    whole = answered(shop, "show", "INC-1")
    assert whole["affected"] == ["model.shop.stg_orders", "model.shop.orders"]
    assert whole["anomalies"][0]["monitor"]["metric"] == "row_count"


def test_who_looks_after_it_is_noted_and_what_was_none_is_ended(shop: Shop):
    found(shop, "orders")
    assert incidents(shop, "ack", "INC-1", "--by", "ann", "--note", "on it").exit_code == 0
    assert "(ack)" in incidents(shop, "list").stdout
    result = incidents(shop, "resolve", "INC-1", "--as", "false-alarm", "--by", "ann")
    assert "ended INC-1" in result.stdout
    assert "wrote aidbt/feedback.yml: the next check follows it" in result.stdout
    said = (shop.root / "aidbt" / "feedback.yml").read_text()
    assert "false-alarm" in said and "INC-1" in said and "by: ann" in said
    assert incidents(shop, "list").stdout == "nothing is wrong that is known, 1 over\n"
    assert "INC-1" in incidents(shop, "list", "--all").stdout
    shown = answered(shop, "show", "1")
    assert [(e["what"], e["by"]) for e in shown["timeline"]][1:] == [
        ("acknowledged", "ann"),
        ("terminated", "ann"),
    ]


def test_what_is_mended_teaches_nothing_and_neither_does_what_should_not(shop: Shop):
    found(shop, "orders", "visits")
    assert incidents(shop, "resolve", "1").exit_code == 0
    assert incidents(shop, "resolve", "2", "--as", "expected", "--no-feedback").exit_code == 0
    assert not (shop.root / "aidbt" / "feedback.yml").exists()


def test_feedback_that_cannot_be_added_to_ends_nothing(shop: Shop):
    found(shop, "orders")
    shop.write({"aidbt/feedback.yml": "feedback: [{as: falsch}]\n"})
    result = incidents(shop, "resolve", "1", "--as", "false-alarm")
    assert isinstance(result.exception, SettingsError)
    assert "found 1 incident open" in incidents(shop, "list").stdout


@pytest.mark.parametrize("command", ["show", "ack", "resolve"])
def test_a_mistyped_id_is_answered_with_the_one_that_is_meant(command: str, shop: Shop):
    found(shop, "orders")
    result = incidents(shop, command, "ICN-1")
    assert isinstance(result.exception, UnknownName)
    assert "did you mean 'INC-1'" in str(result.exception)


def test_what_is_over_is_not_ended_again(shop: Shop):
    found(shop, "orders")
    incidents(shop, "resolve", "1")
    result = incidents(shop, "ack", "1")
    assert isinstance(result.exception, UsageError)
    assert "INC-1 is over: resolved" in str(result.exception)


def test_send_tells_people_and_says_what_it_could_not(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    channels = "{team: {kind: slack, url_env: TEAM_URL, timeout_s: 1}, here: {kind: console}}"
    shop.write({"aidbt.yml": f"alerts:\n  channels: {channels}\n"})
    with Receiver(answer(404)) as team:
        monkeypatch.setenv("TEAM_URL", f"{team.url}/secret")
        found(shop, "orders")
        result = incidents(shop, "send")
        assert result.exit_code == 1
        assert result.stdout.splitlines()[0] == "sent 1 message"
        assert "not sent to team: 127.0.0.1 answered 404" in result.stdout
        assert "warn: orders has 62 % fewer rows" in result.stderr
        assert "secret" not in result.output
        assert "waiting team: 1 message not sent yet" in incidents(shop, "list").stdout
        team.script = [answer(200)]
        assert incidents(shop, "send", "--now").exit_code == 0
        assert incidents(shop, "send").stdout == "nothing was sent\n"
        # Who was told that it began is told that it ended.
        assert "told here, team" in incidents(shop, "resolve", "1").stdout


def test_a_channel_can_be_tried_before_it_is_needed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    shop.write({"aidbt.yml": "alerts:\n  channels: {team: {kind: slack, url_env: TEAM_URL, timeout_s: 1}}\n"})
    monkeypatch.delenv("TEAM_URL", raising=False)
    unset = incidents(shop, "send", "--test", "team")
    assert unset.exit_code == 1 and "the variable TEAM_URL is not set" in unset.stdout
    with Receiver(answer(200)) as team:
        monkeypatch.setenv("TEAM_URL", team.url)
        assert incidents(shop, "send", "--test", "team").stdout == "sent to team\n"
        assert "this is a test of the channel 'team'; nothing is wrong" in team.got[0].json["text"]
    assert incidents(shop, "list").stdout == "nothing is wrong that is known\n"
    assert isinstance(incidents(shop, "send", "--test", "taem").exception, UnknownName)


def test_without_a_command_it_lists(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(shop.root)
    result = CliRunner().invoke(cli, ["incidents"])
    assert result.stdout == "nothing is wrong that is known\n"


def test_the_digest_shows_what_is_open_and_what_ended(shop: Shop):
    found(shop, "orders", "visits")
    incidents(shop, "resolve", "2")
    text = incidents(shop, "digest").stdout
    assert text.splitlines()[0] == "shop: 2 incidents in this digest"
    assert "  INC-1, open since" in text and "  INC-2, from" in text
    assert "resolved: visits has 62 % fewer rows" in text


def test_a_channel_that_is_misspelt_is_refused_with_the_line(shop: Shop):
    shop.write({"aidbt.yml": "alerts:\n  channels: {team: {kind: console}}\n  routes:\n    - to: [taem]\n"})
    result = incidents(shop, "list")
    assert isinstance(result.exception, SettingsError)
    assert "did you mean 'team'" in str(result.exception)


def two_things(project: Shop) -> None:
    session = open_session(project.root, profiles_dir=project.root)
    news = News((anomaly("orders"), anomaly("orders", "mean", "amount")))
    record(session.store, news, AROUND, session.settings.values, now=datetime.now(UTC))
    session.close()


def test_show_says_of_each_finding_where_it_is_and_whether_it_has_passed(shop: Shop):
    found(shop, "orders", "stg_orders")
    incidents(shop, "resolve", "1", "--as", "false-alarm", "--only", "orders", "--by", "ann")
    lines = incidents(shop, "show", "1").stdout.splitlines()
    place = lines.index("  stg_orders, where it begins")
    assert lines[place - 1] == "found"
    assert "is none" in lines[place + 3] and lines[place + 2].startswith("  orders, ")


def test_nothing_is_said_of_what_nobody_named_or_saw(shop: Shop):
    two_things(shop)
    refused = incidents(shop, "resolve", "1", "--as", "expected")
    assert isinstance(refused.exception, UsageError)
    assert "INC-1 holds 2 things: 'orders row_count', 'orders.amount mean'" in str(refused.exception)
    assert not (shop.root / "aidbt" / "feedback.yml").exists()
    part = incidents(shop, "resolve", "1", "--as", "expected", "--only", "orders.amount")
    assert "noted; INC-1 stays open for the rest: orders has 62 % fewer rows" in part.stdout
    said = (shop.root / "aidbt" / "feedback.yml").read_text()
    assert "metric: mean" in said and "row_count" not in said
    wrong = incidents(shop, "resolve", "1", "--as", "expected", "--only", "orders.amuont")
    assert isinstance(wrong.exception, UnknownName)
    # One is left, of which nothing has to be asked.
    assert "ended INC-1" in incidents(shop, "resolve", "1", "--as", "expected").stdout


def test_all_of_it_is_meant_where_that_is_said(shop: Shop):
    two_things(shop)
    assert "ended INC-1" in incidents(shop, "resolve", "1", "--as", "false-alarm", "--whole").stdout


def test_what_has_come_since_it_was_looked_at_is_not_meant(shop: Shop):
    found(shop, "orders")
    session = open_session(shop.root, profiles_dir=shop.root)
    seen = Incidents(session.store).get("1")
    two_things(shop)
    with pytest.raises(UsageError, match=r"INC-1 has more by now .* orders\.amount mean"):
        end(session.store, "1", session.settings.values, AROUND, by="ann", verdict="expected", seen=seen)
    session.close()
