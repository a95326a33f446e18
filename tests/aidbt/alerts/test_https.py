"""HTTPS as messages really go: certificates are checked, and a proxy sees neither address nor message."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.alerts.channel import ChannelRefused
from tests.aidbt.alerts.receivers import Receiver, certificate, proxy
from tests.aidbt.alerts.told import channel, message, send


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_message_goes_over_tls(own_certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    with Receiver(certificate=own_certificate) as receiver:
        monkeypatch.setenv("TEAM_URL", f"{receiver.url}/hook")
        send(channel(tmp_path, kind="slack", url_env="TEAM_URL"), message())
        assert receiver.got[0].path == "/hook"


def test_a_certificate_that_nobody_vouches_for_gets_nothing(own_certificate, tmp_path, monkeypatch):
    with Receiver(certificate=own_certificate) as receiver:
        monkeypatch.setenv("TEAM_URL", f"{receiver.url}/hook")
        with pytest.raises(ChannelRefused, match="the certificate of localhost is not valid"):
            send(channel(tmp_path, kind="slack", url_env="TEAM_URL"), message())
        assert receiver.got == []


def test_a_proxy_of_the_environment_is_gone_through_and_sees_the_host_alone(
    own_certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    with Receiver(certificate=own_certificate) as receiver, proxy() as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:pass@{address}")
        monkeypatch.setenv("TEAM_URL", f"{receiver.url}/secret")
        to = channel(tmp_path, kind="slack", url_env="TEAM_URL")
        send(to, message())
        assert receiver.got[0].path == "/secret"
        assert asked[0].startswith("CONNECT localhost:")
        assert "Proxy-Authorization: Basic YW5uOnBhc3M=" in asked
        assert "secret" not in " ".join(asked)
        monkeypatch.setenv("NO_PROXY", "localhost")
        seen = len(asked)
        send(to, message())
        assert len(asked) == seen
