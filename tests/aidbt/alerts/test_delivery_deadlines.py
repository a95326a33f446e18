"""How long sending may take: what is prepared before does not count, and what was too short is named."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

from aidbt.alerts.channel import Delivery
from aidbt.alerts.delivery import Sent, send_all
from aidbt.alerts.parcels import Parcel
from aidbt.alerts.writing import Templates
from aidbt.core.config import AlertSettings, ChannelSettings
from aidbt.core.resilience import Clock, ManualClock, SystemClock
from tests.aidbt.alerts.receivers import Receiver, answer, hang
from tests.aidbt.alerts.told import message

WEBHOOK = "aidbt.alerts.channels.webhook"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver(answer(200)) as receiver:
        monkeypatch.setenv("PAGER_URL", receiver.url)
        yield receiver


def sent(root: Path, clock: Clock, *, deadline_s: float = 30, **settings: Any) -> list[Sent]:
    pager = ChannelSettings(kind="webhook", url_env="PAGER_URL", **settings)
    alerts = AlertSettings(channels={"pager": pager})
    parcel = Parcel("pager", (), Delivery(message()))
    return list(
        send_all([parcel], alerts, Templates(root), say=print, clock=clock, deadline_s=deadline_s)
    )  # fmt: skip


class _Slow(importlib.abc.MetaPathFinder):
    """Importing the webhook takes a minute."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def find_spec(self, name: str, *_: object) -> None:
        if name == WEBHOOK:
            self._clock.advance(60)


def test_what_is_imported_and_read_first_takes_nothing_of_the_time_to_send(address, tmp_path, monkeypatch):
    clock, compiled = ManualClock(), jinja2.Environment.compile

    def slowly(*args: Any, **more: Any) -> Any:
        clock.advance(60)
        return compiled(*args, **more)

    monkeypatch.setattr(jinja2.Environment, "compile", slowly)
    monkeypatch.delitem(sys.modules, WEBHOOK, raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Slow(clock), *sys.meta_path])

    [done] = sent(tmp_path, clock)

    assert done.error is None and clock.now() >= 120
    assert len(address.got) == 1


def test_a_template_that_is_wrong_and_not_wanted_keeps_nothing_from_being_sent(address, tmp_path):
    own = tmp_path / "aidbt" / "alerts"
    own.mkdir(parents=True)
    (own / "slack.json.jinja").write_text("{% if %}")
    (own / "old.jinja").write_bytes(b"\xff\xfe\x00")

    [done] = sent(tmp_path, SystemClock())

    assert done.error is None and len(address.got) == 1


@pytest.mark.parametrize(
    ("allowed", "setting"),
    [
        ({"timeout_s": 0.2}, "alerts.channels.pager.timeout_s"),
        ({"deadline_s": 0.2}, "alerts.deadline_s"),
    ],
)
def test_a_server_that_is_too_slow_is_told_with_the_setting(allowed, setting, tmp_path, monkeypatch):
    with Receiver(hang) as receiver:
        monkeypatch.setenv("PAGER_URL", receiver.url)
        [done] = sent(tmp_path, SystemClock(), **allowed)

    assert done.error is not None
    assert done.error.message == "127.0.0.1 did not answer within 0.2 s"
    assert done.error.hint == f"not tried again: 0.2 s were allowed by {setting}"


def test_time_that_is_used_up_before_anything_was_sent_is_told_with_the_setting(
    address, tmp_path, monkeypatch
):
    clock, rendered = ManualClock(), jinja2.Template.render

    def slowly(*args: Any, **more: Any) -> Any:
        clock.advance(11)
        return rendered(*args, **more)

    monkeypatch.setattr(jinja2.Template, "render", slowly)

    [done] = sent(tmp_path, clock, timeout_s=10)

    assert done.error is not None and address.got == []
    assert done.error.hint == "raise alerts.channels.pager.timeout_s in aidbt.yml"
