"""Profiles with which a person signs in, e.g. in a browser: without one it would be waited in vain."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from aidbt.core.errors import WarehouseError

# Adapter → the key of the target that says how to sign in, and its values that ask a person.
_ASKING = {
    "databricks": ("auth_type", frozenset({"oauth"})),
    "fabric": ("authentication", frozenset({"activedirectoryinteractive"})),
    "redshift": ("method", frozenset({"browser", "browser_identity_center"})),
    "snowflake": ("authenticator", frozenset({"externalbrowser"})),
    "sqlserver": ("authentication", frozenset({"activedirectoryinteractive"})),
    "trino": ("method", frozenset({"oauth", "oauth_console"})),
}


def require_no_person(kind: str, settings: Mapping[str, Any]) -> None:
    """Refuse a target that a person signs in to, where no terminal says that one is there.

    Raises:
        WarehouseError: a person would have to sign in.
    """
    key, asking = _ASKING.get(kind, ("", frozenset()))
    way = str(settings.get(key) or "")
    if way.lower() not in asking or settings.get("client_secret"):  # with which a program signs in by itself
        return
    if sys.stdin is not None and sys.stdin.isatty():
        return
    raise WarehouseError(
        f"the profile's target wants a person to sign in ({key}: {way}), and there is no terminal",
        hint="run this in a terminal, or let the target sign in with a key, a token or a password",
    )
