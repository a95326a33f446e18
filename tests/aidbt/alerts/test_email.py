"""Mails over a real SMTP conversation, with STARTTLS and a login."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from aidbt.alerts.channel import Channel, ChannelRefused, ChannelUnavailable
from aidbt.core.errors import SettingsError
from tests.aidbt.alerts.receivers import MailServer, certificate
from tests.aidbt.alerts.told import HOSTILE, channel, incident, message, send


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


def mail_channel(server: MailServer, root: Path, **more: Any) -> Channel:
    settings = {
        "kind": "email", "host": "localhost", "port": server.port or 25,
        "sender": "aidbt <aidbt@shop.example>", "to": ("data@shop.example", "ann@shop.example"), **more,
    }  # fmt: skip
    return channel(root, **settings)


def test_a_mail_goes_encrypted_to_all_and_later_ones_join_its_thread(own_certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    monkeypatch.setenv("MAIL_USER", "ann")
    monkeypatch.setenv("MAIL_PASSWORD", "pä$$word")
    with MailServer(own_certificate, "ann", "pä$$word").running() as server:
        to = mail_channel(server, tmp_path, user_env="MAIL_USER", password_env="MAIL_PASSWORD")
        reference = send(to, message(id="m1"))
        send(to, message(what="resolved", id="m2"), reference=reference)
    first, second = server.mails
    assert server.encrypted == [True, True]
    assert server.recipients[:2] == ["TO:<data@shop.example>", "TO:<ann@shop.example>"]
    assert first["Subject"].startswith("[shop] INC-1 orders has 62 % fewer rows")
    assert first["Message-ID"] == "<m1@aidbt.shop.example>" == reference
    assert second["In-Reply-To"] == reference
    assert "  - 380 rows; on other Fridays 900 to 1,100" in first.get_content()


def test_a_name_with_line_breaks_makes_no_headers(tmp_path: Path):
    with MailServer().running() as server:
        title = "x\r\nBcc: evil@example.org\r\n" + HOSTILE
        send(mail_channel(server, tmp_path, security="none"), message(incident(title=title)))
    assert server.mails[0]["Bcc"] is None
    assert server.recipients == ["TO:<data@shop.example>", "TO:<ann@shop.example>"]


def test_a_server_without_starttls_gets_nothing(tmp_path: Path):
    with MailServer().running() as server:
        with pytest.raises(ChannelRefused, match="offers no STARTTLS"):
            send(mail_channel(server, tmp_path), message())
        assert server.mails == []


def test_a_certificate_that_nobody_vouches_for_gets_nothing(own_certificate: Path, tmp_path: Path):
    with MailServer(own_certificate).running() as server:
        with pytest.raises(ChannelRefused, match="certificate of localhost is not valid"):
            send(mail_channel(server, tmp_path), message())
        assert server.mails == []


def test_a_wrong_password_is_said_and_not_shown(own_certificate: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    monkeypatch.setenv("MAIL_USER", "ann")
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-secret")
    with MailServer(own_certificate, "ann", "right").running() as server:
        to = mail_channel(server, tmp_path, user_env="MAIL_USER", password_env="MAIL_PASSWORD")
        with pytest.raises(ChannelRefused, match="does not take user and password") as caught:
            send(to, message())
    assert "wrong-secret" not in str(caught.value)


def test_no_password_is_sent_to_another_host_unencrypted(tmp_path: Path):
    with pytest.raises(SettingsError, match="unencrypted"):
        mail_channel(MailServer(), tmp_path, host="mail.example.org", security="none", user_env="MAIL_USER")


@pytest.mark.parametrize(
    ("refuses", "error"),
    [("451 try later", ChannelUnavailable), ("550 5.7.1 spam", ChannelRefused)],
)
def test_a_refusal_says_whether_it_is_worth_another_try(refuses: str, error: Any, tmp_path: Path):
    with MailServer(refuses=refuses).running() as server, pytest.raises(error, match=refuses[:3]):
        send(mail_channel(server, tmp_path, security="none"), message())


def test_a_server_that_says_nothing_is_given_up_in_time(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = MailServer(port=mute.getsockname()[1])
        with pytest.raises(ChannelUnavailable, match="did not answer in time"):
            send(mail_channel(server, tmp_path, security="none"), message(), seconds=0.3)


def test_an_address_that_is_none_is_refused(tmp_path: Path):
    for address in ("ann", "ann@x\nBcc: b@x"):
        with pytest.raises(SettingsError, match="an address that is none"):
            mail_channel(MailServer(), tmp_path, sender=address)
