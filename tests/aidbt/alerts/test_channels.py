"""What each channel sends, to real servers; and how it says that it could not."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aidbt.alerts.channel import CHANNELS, EDITABLE, ChannelRefused, ChannelUnavailable
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.incidents import IncidentState
from tests.aidbt.alerts.receivers import Receiver, answer, cut, hang, trickle
from tests.aidbt.alerts.told import HOSTILE, channel, incident, message, send

SECRET_PATH = "/services/T000/B000/XXXsecretXXX"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def posted(kind: str, receiver: Receiver, root: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Any:
    monkeypatch.setenv("TEAM_URL", receiver.url + SECRET_PATH)
    return channel(root, kind=kind, url_env="TEAM_URL", **more)


# --- what is sent -------------------------------------------------------------------------------------


def test_slack_gets_blocks_with_a_text_for_notifications(receiver: Receiver, tmp_path: Path, monkeypatch):
    send(posted("slack", receiver, tmp_path, monkeypatch), message())
    (got,) = receiver.got
    assert (got.method, got.path) == ("POST", SECRET_PATH)
    body = got.json
    assert body["text"].startswith("orders has 62 % fewer rows")
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "context"]
    section = body["blocks"][1]["text"]["text"]
    assert section.startswith(":red_circle: *INC-1* opened\n")
    assert "• 380 rows; on other Fridays 900 to 1,100" in section
    assert "owner: finance" in body["blocks"][2]["elements"][0]["text"]


def test_slack_stays_within_its_limits_whatever_there_is(receiver: Receiver, tmp_path: Path, monkeypatch):
    many = [incident(f"INC-{n}", title="x" * 5000, owner="o" * 5000) for n in range(60)]
    send(posted("slack", receiver, tmp_path, monkeypatch), message(*many))
    blocks = receiver.got[0].json["blocks"]
    assert len(blocks) <= 50
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(len(b["text"]["text"]) <= 3000 for b in blocks if b["type"] == "section")


def test_teams_gets_an_adaptive_card(receiver: Receiver, tmp_path: Path, monkeypatch):
    send(posted("teams", receiver, tmp_path, monkeypatch), message())
    body = receiver.got[0].json
    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][1]["color"] == "Attention"
    facts = {fact["title"]: fact["value"] for fact in card["body"][-1]["facts"]}
    assert facts["owner"] == "finance" and facts["affected"] == "orders"


def test_teams_gets_no_more_than_it_takes(receiver: Receiver, tmp_path: Path, monkeypatch):
    many = [incident(f"INC-{n}", title="x" * 5000, owner="o" * 50) for n in range(60)]
    send(posted("teams", receiver, tmp_path, monkeypatch), message(*many))
    assert len(receiver.got[0].body) < 28_000


def test_a_webhook_gets_every_change_under_one_key_with_what_to_do(receiver, tmp_path: Path, monkeypatch):
    hook = posted("webhook", receiver, tmp_path, monkeypatch)
    send(hook, message(id="m1"))
    send(hook, message(what="updated", id="m2"))
    send(hook, message(incident(state=IncidentState.RESOLVED), what="resolved", id="m3"))
    told = [got.json["incidents"][0] for got in receiver.got]
    assert {one["key"] for one in told} == {"shop/INC-1"}
    assert [one["action"] for one in told] == ["open", "update", "close"]
    assert [got.headers["idempotency-key"] for got in receiver.got] == ["m1", "m2", "m3"]
    assert told[0]["exposed"] == ["model.shop.a", "model.shop.b"]
    assert told[0]["cause"] == {"kind": "data", "column": ""}


def test_a_webhook_is_signed_over_what_is_really_sent(receiver: Receiver, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOOK_KEY", "correct horse")
    send(posted("webhook", receiver, tmp_path, monkeypatch, secret_env="HOOK_KEY"), message())
    got = receiver.got[0]
    at, digest = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", got.headers["x-aidbt-signature"]).groups()
    expected = hmac.new(b"correct horse", at.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert abs(int(at) - time.time()) < 60


def test_the_console_says_it_in_text(tmp_path: Path):
    said: list[str] = []
    send(channel(tmp_path, said, kind="console"), message())
    assert said[0].splitlines()[0] == (
        "error: orders has 62 % fewer rows than expected on a Friday; 2 models below"
    )
    assert "  - 380 rows; on other Fridays 900 to 1,100" in said[0]
    assert "next: aidbt incidents show INC-1" in said[0]


def test_what_has_passed_is_told_only_when_all_has():
    failed, rows = "model.shop.orders", "model.shop.orders|row_count|"
    some = incident(failures=(failed,), well=frozenset({failed}))
    assert message(some).items[0].lines == ("380 rows; on other Fridays 900 to 1,100",)
    over = incident(failures=(failed,), well=frozenset({failed, rows}), state=IncidentState.RESOLVED)
    assert message(over).items[0].lines[0] == "orders failed in a run of dbt"


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook", "console"])
def test_names_of_others_are_text_and_nothing_else(kind: str, receiver, tmp_path: Path, monkeypatch):
    odd = incident(title=HOSTILE, owner=HOSTILE, affected=(f"model.shop.{HOSTILE}",), exposed=(HOSTILE,))
    said: list[str] = []
    if kind == "console":
        send(channel(tmp_path, said, kind=kind), message(odd))
        return
    send(posted(kind, receiver, tmp_path, monkeypatch), message(odd))
    body = receiver.got[0].json  # it is JSON, with all of it inside of texts
    texts = str(body)
    assert "{{ 7" in texts and "49" not in texts
    if kind == "slack":
        assert "<b>" not in body["blocks"][1]["text"]["text"]
    if kind == "teams":
        assert "[x](" not in texts.replace("\\\\", "\\").replace("\\[x\\](", "")


def test_a_digest_and_what_came_together_say_so(receiver: Receiver, tmp_path: Path, monkeypatch):
    slack = posted("slack", receiver, tmp_path, monkeypatch)
    several = [incident("INC-1"), incident("INC-2", state=IncidentState.RESOLVED)]
    send(slack, message(*several))
    send(slack, message(*several, is_digest=True))
    assert [got.json["text"] for got in receiver.got] == [
        "shop: 2 incidents at once",
        "shop: 2 incidents in this digest",
    ]


# --- how it fails -------------------------------------------------------------------------------------

HTTP_KINDS = ["slack", "teams", "webhook"]


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize(
    ("step", "error", "said"),
    [
        (answer(500), ChannelUnavailable, "answered 500"),
        (answer(429, Retry_After="30"), ChannelUnavailable, "answered 429"),
        (answer(404), ChannelRefused, "answered 404"),
        (answer(302, Location="http://127.0.0.1:1/elsewhere"), ChannelRefused, "leads elsewhere"),
        (cut, ChannelUnavailable, "broke off"),
        (hang, ChannelUnavailable, "did not answer within 0.3 s"),
    ],
)
def test_a_server_that_does_not_take_it_is_an_error_without_the_address(
    kind: str, step: Any, error: type[AidbtError], said: str, tmp_path: Path, monkeypatch
):
    with Receiver(step) as receiver:
        to = posted(kind, receiver, tmp_path, monkeypatch)
        began = time.monotonic()
        with pytest.raises(error, match=said) as caught:
            send(to, message(), seconds=0.3)
        assert time.monotonic() - began < 3
    assert "secret" not in f"{caught.value!r} {caught.value}"
    if "429" in said:
        assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"message": "Bad credentials"}, r"answered 422 \(Bad credentials\)"),
        ({"message": "no such hook XXXsecretXXX"}, "answered 422$"),
        ({"message": "<script>alert(1)</script>"}, "answered 422$"),
        ("x" * 5000, "answered 422$"),
        (None, r"answered 422 \(ok\)"),
    ],
)
def test_what_a_server_says_is_passed_on_where_it_is_plain(
    value: Any, said: str, tmp_path: Path, monkeypatch
):
    with Receiver(answer(422, value)) as receiver, pytest.raises(ChannelRefused) as caught:
        send(posted("slack", receiver, tmp_path, monkeypatch), message())
    assert re.search(said, caught.value.message)


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path, monkeypatch):
    with Receiver(answer(403, {"message": "secondary rate limit"}, Retry_After="60")) as receiver:
        with pytest.raises(ChannelUnavailable) as caught:
            send(posted("slack", receiver, tmp_path, monkeypatch), message())
        assert caught.value.retry_after == 60


def test_user_and_password_of_an_address_are_sent_and_not_shown(tmp_path: Path, monkeypatch):
    with Receiver() as receiver:
        monkeypatch.setenv("TEAM_URL", receiver.url.replace("://", "://ann:p%40ss@"))
        send(channel(tmp_path, kind="slack", url_env="TEAM_URL"), message())
        assert receiver.got[0].headers["authorization"] == "Basic YW5uOnBAc3M="


def test_a_server_that_is_not_there_cannot_be_reached(tmp_path: Path, monkeypatch):
    with Receiver() as receiver:
        to = posted("slack", receiver, tmp_path, monkeypatch)
    with pytest.raises(ChannelUnavailable, match=r"127\.0\.0\.1 cannot be reached"):
        send(to, message())


@pytest.mark.parametrize(
    "url", ["hooks.slack.com/x", "file:///etc/passwd", "http://", "http://a b/", "http://h:x/"]
)
def test_what_is_no_web_address_is_refused_without_being_shown(url: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TEAM_URL", url)
    with pytest.raises(SettingsError, match="its URL is not") as caught:
        send(channel(tmp_path, kind="slack", url_env="TEAM_URL"), message())
    assert "passwd" not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("TEAM_URL", raising=False)
    with pytest.raises(SettingsError, match="the variable TEAM_URL is not set"):
        send(channel(tmp_path, kind="slack", url_env="TEAM_URL"), message())


def test_every_channel_of_the_registry_says_whether_it_can_edit(tmp_path: Path):
    needs = {
        "email": {"host": "localhost", "sender": "a@b.c", "to": ("d@e.f",)},
        "github": {"repository": "a/b"},
    }
    for kind in CHANNELS.names():
        more = needs.get(kind, {"url_env": "TEAM_URL"} if kind in HTTP_KINDS else {})
        assert channel(tmp_path, kind=kind, **more).can_edit == (kind in EDITABLE)


# --- templates of one's own ---------------------------------------------------------------------------


def test_a_template_of_the_project_counts_before_ours(receiver: Receiver, tmp_path: Path, monkeypatch):
    folder = tmp_path / "aidbt" / "alerts"
    folder.mkdir(parents=True)
    (folder / "slack.json.jinja").write_text('{"text": {{ message.items[0].incident.id|json }}}')
    send(posted("slack", receiver, tmp_path, monkeypatch), message())
    assert receiver.got[0].json == {"text": "INC-1"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% if %}", "slack.json.jinja:1: "),
        ('{"text": {{ message.titel|json }}}', "has no attribute 'titel'"),
        ("{'text': 1}", "no JSON"),
        ("{{ message.__class__.__mro__ }}", "slack.json.jinja"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ message.items | slack }}", "'tuple' object has no attribute 'replace'"),
        ("{% include 'slack.json.jinja' %}", "includes itself"),
    ],
)
def test_a_broken_template_is_named_and_nothing_is_sent(
    template: str, said: str, receiver: Receiver, tmp_path: Path, monkeypatch
):
    folder = tmp_path / "aidbt" / "alerts"
    folder.mkdir(parents=True)
    (folder / "slack.json.jinja").write_text(template)
    with pytest.raises(SettingsError) as caught:
        send(posted("slack", receiver, tmp_path, monkeypatch), message())
    assert said in str(caught.value)
    assert "delete it" in str(caught.value)
    assert receiver.got == []


# --- GitHub -------------------------------------------------------------------------------------------


def github(receiver: Receiver, root: Path, monkeypatch) -> Any:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    return channel(root, kind="github", repository="acme/shop", api_url=receiver.url)


def test_github_gets_an_issue_that_is_changed_and_closed(tmp_path: Path, monkeypatch):
    with Receiver(answer(201, {"number": 42}), answer(200, {})) as receiver:
        to = github(receiver, tmp_path, monkeypatch)
        reference = send(to, message())
        assert reference == "42"
        assert send(to, message(what="worse", id="m2"), reference=reference) == "42"
        over = incident(state=IncidentState.RESOLVED)
        send(to, message(over, what="resolved", id="m3"), reference=reference)
        no_incident = replace(over, state=IncidentState.TERMINATED)
        send(to, message(no_incident, what="terminated", id="m4"), reference=reference)
    made, worse, resolved, closed = receiver.got
    assert (made.method, made.path) == ("POST", "/repos/acme/shop/issues")
    assert made.headers["authorization"] == "Bearer ghp_secret"
    assert made.json["labels"] == ["data-incident"]
    assert made.json["title"].startswith("INC-1: orders has 62 % fewer rows")
    assert (worse.method, worse.path, worse.json["state"]) == ("PATCH", "/repos/acme/shop/issues/42", "open")
    assert (resolved.json["state"], resolved.json["state_reason"]) == ("closed", "completed")
    assert closed.json["state_reason"] == "not_planned"


def test_an_issue_that_was_made_before_its_number_was_known_is_found_again(tmp_path: Path, monkeypatch):
    with Receiver(answer(201, {"number": 7})) as receiver:
        send(github(receiver, tmp_path, monkeypatch), message())
        body = receiver.got[0].json["body"]
    issues = [{"number": 1, "body": None}, {"number": 7, "body": body}]
    with Receiver(answer(200, issues), answer(200, {})) as receiver:
        assert send(github(receiver, tmp_path, monkeypatch), message(), repeated=True) == "7"
        assert [got.method for got in receiver.got] == ["GET", "PATCH"]


def test_an_issue_calls_nobody_and_formats_nothing(tmp_path: Path, monkeypatch):
    with Receiver(answer(201, {"number": 1})) as receiver:
        send(github(receiver, tmp_path, monkeypatch), message(incident(owner=HOSTILE)))
        body = receiver.got[0].json["body"]
    assert "@all" not in body and "<b>" not in body.replace("\\<b\\>", "")


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_a_server_that_took_it_and_never_ends_its_answer_holds_up_nobody(
    kind: str, tmp_path: Path, monkeypatch
):
    with Receiver(trickle) as receiver:
        began = time.monotonic()
        send(posted(kind, receiver, tmp_path, monkeypatch), message())
        assert time.monotonic() - began < 3


def test_an_issue_whose_number_never_comes_may_have_been_made(tmp_path: Path, monkeypatch):
    with (
        Receiver(trickle) as receiver,
        pytest.raises(ChannelUnavailable, match=r"did not answer within 0\.3 s") as caught,
    ):
        send(github(receiver, tmp_path, monkeypatch), message(), seconds=0.3)
    assert caught.value.may_have_arrived


@pytest.mark.parametrize("value", [[], {"number": "x"}, None])
def test_what_is_no_answer_of_github_is_said(value: Any, tmp_path: Path, monkeypatch):
    with (
        Receiver(answer(200, value)) as receiver,
        pytest.raises(ChannelRefused, match="no issue"),
    ):
        send(github(receiver, tmp_path, monkeypatch), message())
