"""What a command of dbt asked for: the options that still count when it is run again."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

_COMMANDS = frozenset(
    ("build", "clone", "compile", "debug", "deps", "docs", "init", "list", "ls", "parse", "retry", "run",
     "run-operation", "seed", "show", "snapshot", "source", "test")
)  # fmt: skip
_TWO_WORDS = frozenset(("docs", "source"))
_SHORT = {
    "s": "select", "m": "select", "model": "select", "models": "select", "t": "target",
    "resource-types": "resource-type", "exclude-resource-types": "exclude-resource-type", "f": "full-refresh",
    "x": "fail-fast",
}  # fmt: skip
SELECTING = frozenset(
    ("select", "exclude", "selector", "resource-type", "exclude-resource-type", "indirect-selection")
)
# What changes the outcome. Where things are is the project's; --full-refresh and --fail-fast never come back.
_KEPT = SELECTING | frozenset(
    ("threads", "defer", "no-defer", "favor-state", "no-favor-state", "state", "defer-state", "warn-error",
     "warn-error-options", "event-time-start", "event-time-end", "store-failures", "empty", "sample")
)  # fmt: skip
_KIND = "resource_type:"
_TESTS = frozenset(("test", "unit_test"))
_VARS = re.compile(r"--vars[ =]+['\"]?(?P<text>\{(?:[^{}]|\{[^{}]*\})*\})['\"]?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One command.

    Attributes:
        command: its words without options, e.g. "build" or "source freshness"; "" where it has none.
        options: name without dashes → its values, in the order of the command.
    """

    command: str = ""
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def selects(self) -> bool:
        """Whether it was about a part of the project; one that only named kinds of nodes was about all of
        them."""
        return any(name in SELECTING and name != "resource-type" for name, _ in self.options)

    @property
    def types(self) -> frozenset[str]:
        """The kinds of nodes that it named; empty for all."""
        named = frozenset(self.all_of("resource-type"))
        return frozenset() if named & {"all", "default"} else named

    def kept(self, *, selection: bool = True) -> tuple[str, ...]:
        """Its options that count when it is run again, as words."""
        return tuple(
            word
            for name, values in self.options
            if name in _KEPT and (selection or name not in SELECTING)
            for word in (f"--{name}", *values)
        )

    def value(self, name: str) -> str:
        """The last value of an option; "" when it was not given."""
        return next((values[-1] for key, values in reversed(self.options) if key == name and values), "")

    def all_of(self, name: str) -> list[str]:
        """Every value of an option."""
        return [value for key, values in self.options if key == name for value in values]

    @property
    def vars(self) -> dict[str, Any]:
        """The variables that it set; {} where none, or they cannot be read."""
        try:
            found = yaml.safe_load(self.value("vars"))
        except yaml.YAMLError:
            return {}
        return found if isinstance(found, dict) else {}


def asked_of(command: str) -> Asked:
    """What a command line of dbt says; nothing of one that is another program's: where dbt runs within one,
    it takes that one's words for its own.

    Example:
        >>> asked = asked_of("dbt --quiet build -s orders+ --vars '{day: 1}' --full-refresh")
        >>> asked.command, asked.kept(), asked.vars
        ('build', ('--select', 'orders+'), {'day': 1})
    """
    # dbt keeps a command without the quotes of the shell, so a mapping is found by its braces.
    given = _VARS.search(command)
    command = _VARS.sub(" ", command)
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    found: list[tuple[str, tuple[str, ...]]] = []
    said: list[str] = []
    for place, word in enumerate(words):
        if word.startswith("-") and len(word) > 1:
            name, has_value, value = word.lstrip("-").partition("=")
            found.append((_SHORT.get(name, name), (value,) if has_value else ()))
        elif not said and word in _COMMANDS:
            said = [word, *words[place + 1 : place + 2]] if word in _TWO_WORDS else [word]
        elif found and word not in said and (said or words[place - 1].startswith("-")):
            name, values = found[-1]
            found[-1] = (name, (*values, word))
        elif not said and place:
            return Asked()
    if given is not None:
        found.append(("vars", (given["text"],)))
    return _by_kind(Asked(" ".join(part for part in said if not part.startswith("-")), tuple(found)))


def _by_kind(asked: Asked) -> Asked:
    """The same, where what it selects is kinds of nodes; `build` of nothing but tests is `test`."""
    chosen = asked.all_of("select")
    kinds = [word.removeprefix(_KIND) for word in chosen if word.startswith(_KIND)]
    others = {name for name, _ in asked.options} & SELECTING - {"select", "resource-type"}
    options = asked.options
    if kinds and len(kinds) == len(chosen) and not others:
        options = (*(one for one in options if one[0] != "select"), ("resource-type", tuple(kinds)))
    asked = Asked(asked.command, options)
    if asked.command == "build" and asked.types and asked.types <= _TESTS:
        return Asked("test", tuple(one for one in options if one[0] != "resource-type"))
    return asked
