"""What this process keeps to itself between uses, given back before another program needs it."""

from __future__ import annotations

from collections.abc import Callable

_HELD: list[Callable[[], None]] = []


def hold(give_back: Callable[[], None]) -> None:
    """Remember how something is given back; whoever uses it again takes hold of it anew."""
    _HELD.append(give_back)


def give_back() -> None:
    """Give back all that is held, the last first."""
    while _HELD:
        _HELD.pop()()
