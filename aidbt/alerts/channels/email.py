"""E-mail by SMTP: one thread for each incident."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from aidbt.alerts.channel import Channel, ChannelRefused, ChannelUnavailable, Delivery, required_secret
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings
from aidbt.core.errors import SettingsError
from aidbt.core.resilience import Deadline


def open_email(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that hands mails to a server.

    Raises:
        SettingsError: an address is none.
    """
    for address in (settings.sender, *settings.to):
        plain = parseaddr(address)[1]
        if "@" not in plain or any(letter in address for letter in "\r\n"):
            raise SettingsError(f"the channel '{name}' has an address that is none: {address!r}")
    is_here = settings.host in ("localhost", "127.0.0.1", "::1")
    if settings.security == "none" and settings.user_env and not is_here:
        raise SettingsError(
            f"the channel '{name}' would send its password to {settings.host} unencrypted",
            hint="security: starttls or tls",
        )
    return _Email(name, settings, templates)


class _Email:
    can_edit = False

    def __init__(self, name: str, settings: ChannelSettings, templates: Templates) -> None:
        self.name = name
        self._settings = settings
        self._templates = templates

    def send(self, delivery: Delivery, until: Deadline) -> str:
        mail = self._mail(delivery)
        with _translated(self._settings.host, until), self._server(until) as server:
            refused = server.send_message(mail)
        if refused:
            raise ChannelRefused(f"the mail server refused {', '.join(sorted(refused))}")
        return delivery.reference or str(mail["Message-ID"])

    def _mail(self, delivery: Delivery) -> EmailMessage:
        message, settings = delivery.message, self._settings
        mail = EmailMessage()
        subject = self._templates.text("subject.txt.jinja", message)
        mail["Subject"] = " ".join(subject.split())
        mail["From"] = settings.sender
        mail["To"] = ", ".join(settings.to)
        mail["Date"] = format_datetime(message.sent_at)
        # Of the message, not of the try: servers and readers drop what they have got already.
        mail["Message-ID"] = f"<{message.id}@aidbt.{settings.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        if delivery.reference:
            mail["In-Reply-To"] = mail["References"] = delivery.reference
        mail.set_content(self._templates.text("text.txt.jinja", message))
        return mail

    @contextlib.contextmanager
    def _server(self, until: Deadline) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        left = max(until.remaining(), 0.001)
        context = ssl.create_default_context()
        if settings.security == "tls":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=left, context=context
            )
        else:
            opened = smtplib.SMTP(settings.host, settings.port, timeout=left)
        with opened as server:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user_env:
                user = required_secret(settings.user_env, self.name, "user")
                password = required_secret(settings.password_env, self.name, "password")
                _log_in(server, user.get_secret_value(), password.get_secret_value())
            yield server


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    if (user + password).isascii():
        server.login(user, password)
        return
    # smtplib encodes both as ASCII; PLAIN is UTF-8 (RFC 4616).
    server.ehlo_or_helo_if_needed()
    words = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, said = server.docmd("AUTH", f"PLAIN {words}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


@contextlib.contextmanager
def _translated(host: str, until: Deadline) -> Iterator[None]:
    """Our errors; the server's own words are left out, which may repeat what it was told."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise ChannelRefused(
            f"the mail server {host} offers no STARTTLS, no login, or no addresses beyond ASCII",
            hint="security: tls with its port, or none for a server on the same host",
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelRefused(
            f"the mail server {host} does not take user and password ({error.smtp_code})",
            hint="look at the variables of user_env and password_env",
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        kind = ChannelUnavailable if all(400 <= code < 500 for code in codes) else ChannelRefused
        raise kind(f"the mail server {host} takes mail for none of the addresses {codes}") from error
    except smtplib.SMTPResponseException as error:
        kind = ChannelUnavailable if 400 <= error.smtp_code < 500 else ChannelRefused
        raise kind(f"the mail server {host} answered {error.smtp_code}") from error
    except ssl.SSLCertVerificationError as error:
        raise ChannelRefused(f"the certificate of {host} is not valid: {error.verify_message}") from error
    except (smtplib.SMTPException, OSError) as error:
        if isinstance(error, TimeoutError) or until.remaining() <= 0:
            raise ChannelUnavailable(
                f"the mail server {host} did not answer in time", may_have_arrived=True
            ) from error
        raise ChannelUnavailable(
            f"the mail server {host} cannot be reached, or broke off", may_have_arrived=True
        ) from error
