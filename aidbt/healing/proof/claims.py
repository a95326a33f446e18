"""Checking what a mend claims."""

from __future__ import annotations

from collections.abc import Iterable

from aidbt.core.errors import AidbtError
from aidbt.core.healing import Checked, Claim


def check_claims(claims: Iterable[Claim]) -> tuple[bool, tuple[str, ...]]:
    """Whether every claim holds, and what was found, a sentence each; the first that does not ends it."""
    said = []
    for claim in claims:
        try:
            checked = claim.check()
        except AidbtError as error:
            checked = Checked(False, f"it could not be checked: {error.message}")
        said.append(f"{'' if checked.holds else 'not so: '}{claim.text}: {checked.found}")
        if not checked.holds:
            return False, tuple(said)
    return True, tuple(said)
