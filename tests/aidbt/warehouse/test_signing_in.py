"""Targets that a person signs in to: refused where nobody is there, instead of waiting for ever."""

from __future__ import annotations

import io
import sys

import pytest

from aidbt.core.errors import WarehouseError
from aidbt.warehouse.adapter import AdapterConnection
from aidbt.warehouse.signing_in import require_no_person

BROWSER = {"authenticator": "ExternalBrowser", "user": "me@example.com"}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_is_asked_to_sign_in_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(WarehouseError, match="wants a person to sign in"):
        AdapterConnection("snowflake", BROWSER)
    with pytest.raises(WarehouseError, match="auth_type: oauth"):
        require_no_person("databricks", {"auth_type": "oauth"})


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("snowflake", {"authenticator": "snowflake_jwt"}),
        ("snowflake", {"password": "x"}),
        ("databricks", {"auth_type": "oauth", "client_id": "a", "client_secret": "b"}),
        ("postgres", {"authenticator": "externalbrowser"}),
    ],
)
def test_what_a_program_can_do_alone_is_let_through(
    kind: str, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "stdin", None)
    require_no_person(kind, settings)


def test_at_a_terminal_a_person_may_sign_in(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", _Terminal())
    require_no_person("snowflake", BROWSER)
