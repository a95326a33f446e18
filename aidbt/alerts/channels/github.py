"""Issues on GitHub: one for each incident, kept up to date and closed with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from aidbt.alerts.channel import Channel, ChannelRefused, Delivery, required_secret
from aidbt.alerts.http import Answer, send_json
from aidbt.alerts.message import Message
from aidbt.alerts.writing import Templates, cut
from aidbt.core.config import ChannelSettings
from aidbt.core.incidents import IncidentState
from aidbt.core.resilience import Deadline

_MOST_BODY, _MOST_TITLE = 60_000, 250  # GitHub takes 65,536 and 256 characters
_PAGES = 3


def open_github(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that writes issues with the token in a variable."""
    return _GitHub(name, settings, templates)


class _GitHub:
    can_edit = True

    def __init__(self, name: str, settings: ChannelSettings, templates: Templates) -> None:
        self.name = name
        self._settings = settings
        self._templates = templates

    def send(self, delivery: Delivery, until: Deadline) -> str:
        message = delivery.message
        issue = {
            "title": cut(_title(message), _MOST_TITLE),
            "body": f"{_mark(message)}\n{cut(self._templates.text('github.md.jinja', message), _MOST_BODY)}",
        }
        number = delivery.reference or (self._find(message, until) if delivery.is_repeated else "")
        if not number:
            made = self._ask("POST", "", {**issue, "labels": list(self._settings.labels)}, until).json()
            number = str(made.get("number", "")) if isinstance(made, dict) else ""
            if not number.isdigit():
                raise ChannelRefused("what GitHub answered is no issue", hint="is api_url the API's address?")
            if message.is_digest or not message.items[0].incident.state.is_over:
                return number
        if not message.is_digest:
            issue |= _state(message)
        self._ask("PATCH", f"/{number}", issue, until)
        return number

    def _find(self, message: Message, until: Deadline) -> str:
        """The issue that was made before its number could be kept; "" where there is none."""
        labels = ",".join(self._settings.labels)
        for page in range(1, _PAGES + 1):
            query = f"?state=all&per_page=100&page={page}" + (f"&labels={_quoted(labels)}" if labels else "")
            found = self._ask("GET", query, None, until).json()
            issues = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
            for item in issues:
                if str(item.get("body") or "").startswith(_mark(message)):
                    return str(item.get("number", ""))
            if len(issues) < 100:
                break
        return ""

    def _ask(self, method: str, path: str, value: Any, until: Deadline) -> Answer:
        token = required_secret(self._settings.token_env, self.name, "token").get_secret_value()
        base = f"{self._settings.api_url.rstrip('/')}/repos/{self._settings.repository}/issues"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return send_json(method, SecretStr(base + path), value, until, headers=headers, reads=True)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _mark(message: Message) -> str:
    """What an issue is found by; nobody sees it."""
    about = "digest" if message.is_digest else message.items[0].incident.id
    return f"<!-- aidbt {message.project} {about} {message.id if message.is_digest else ''}-->"


def _title(message: Message) -> str:
    if message.is_digest:
        return message.headline
    incident = message.items[0].incident
    return f"{incident.id}: {incident.title}"


def _state(message: Message) -> dict[str, str]:
    state = message.items[0].incident.state
    if not state.is_over:
        return {"state": "open"}
    is_done = state is IncidentState.RESOLVED
    return {"state": "closed", "state_reason": "completed" if is_done else "not_planned"}
