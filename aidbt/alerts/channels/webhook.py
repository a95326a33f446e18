"""A URL of one's own that takes JSON: every change of an incident under the same key.

The body is what webhook.json.jinja writes. The header Idempotency-Key is the same at every try of a message.
With a secret, X-Aidbt-Signature is "t=SECONDS,v1=HEX", the HMAC-SHA256 of "SECONDS.BODY".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

from aidbt.alerts.channel import Channel, Delivery, required_secret
from aidbt.alerts.http import send_bytes
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings
from aidbt.core.resilience import Deadline


def open_webhook(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that posts JSON to the URL in a variable."""
    return _Webhook(name, settings, templates)


class _Webhook:
    can_edit = True

    def __init__(self, name: str, settings: ChannelSettings, templates: Templates) -> None:
        self.name = name
        self._settings = settings
        self._templates = templates

    def send(self, delivery: Delivery, until: Deadline) -> str:
        url = required_secret(self._settings.url_env, self.name, "URL")
        value = self._templates.json("webhook.json.jinja", delivery.message)
        body = json.dumps(value, ensure_ascii=False).encode()
        headers = {"Idempotency-Key": delivery.message.id}
        if self._settings.secret_env:
            key = required_secret(self._settings.secret_env, self.name, "secret").get_secret_value()
            headers["X-Aidbt-Signature"] = signature(key, body, int(time.time()))
        send_bytes("POST", url, body, until, headers=headers)
        return "sent"


def signature(key: str, body: bytes, at: int) -> str:
    """What proves that a message comes from who knows the key, and when it was sent."""
    digest = hmac.new(key.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
