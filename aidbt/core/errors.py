"""What can go wrong, as one tree.

    AidbtError
    ├── UsageError              the command or call itself is wrong
    │   ├── UnknownName         a name that does not exist, with the nearest one that does
    │   └── MissingExtra        a package that an optional feature needs is not installed
    ├── SettingsError           aidbt.yml, a target, a mapping or a connector file is wrong (file and line)
    ├── ProjectError            no dbt project, several, or one that cannot be read
    │   ├── ProfileError        the profile or target does not exist or cannot be used
    │   ├── ArtifactError       a dbt artifact is missing, broken, or of a version we do not read
    │   └── DbtError            dbt could not run at all (a failing model is a result, not this)
    ├── WarehouseError          the warehouse refused or could not be reached
    │   ├── WarehouseLocked     another process holds it (retryable)
    │   └── StatementRefused    it answered, and would not run this statement
    ├── SourceError             a system that data is read from failed
    │   └── SourceUnavailable   it could not be reached or went away (retryable)
    ├── StoreError              aidbt's own state could not be read or written
    │   ├── VersionConflict     somebody saved a newer version meanwhile
    │   ├── StoreBusy           another process is writing (retryable)
    │   ├── StoreUnavailable    its server could not be reached, or its disk is full (retryable)
    │   ├── LeaseTaken          somebody else holds the lease (retryable)
    │   └── LeaseLost           a lease that was ours is somebody else's by now
    ├── WriteError              files could not be written; nothing was half written
    │   └── EditConflict        a file changed between reading and writing
    └── ResilienceError         raised by core.resilience itself
        ├── CircuitOpen         too many failures lately, not tried
        ├── DeadlineExceeded    the time allowed is used up
        └── BudgetExceeded      the amount allowed is used up

Every error says what happened and, where there is one, what to do next (`hint`).
`retryable` is true only for what may succeed when the same thing is tried again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime


class AidbtError(Exception):
    """Base of everything aidbt raises on purpose.

    Attributes:
        message: what happened, in one sentence, with the values.
        hint: what to do next, or None.
        retryable: whether trying again may help.
        retry_after: seconds that the other side asked to wait, when it did.
        exit_code: what a command exits with; 2 means it could not run.
    """

    retryable = False
    retry_after: float | None = None
    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageError(AidbtError):
    """The command or call itself is wrong."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when nothing is close."""
    by_folded = {item.casefold(): item for item in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


class UnknownName(UsageError):
    """A name that does not exist; the hint offers the nearest one that does.

    Example:
        >>> print(UnknownName("model", "dim_custmer", ["dim_customer"]))
        no model is called 'dim_custmer'
        hint: did you mean 'dim_customer'?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = nearest(name, known)
        if close:
            hint = f"did you mean '{close}'?"
        elif known:
            hint = f"known: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"
        else:
            hint = f"there is no {kind} yet"
        super().__init__(f"no {kind} is called '{name}'", hint=hint)
        self.name = name


def require_known(names: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Check that every name is known.

    Raises:
        UnknownName: one is not.
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, known)


class MissingExtra(UsageError):
    """A package that an optional feature needs is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs a package that is not installed", hint=f"pip install 'aidbt[{extra}]'"
        )
        self.extra = extra


class SettingsError(AidbtError):
    """A file of settings, a target, a mapping or a connector is wrong."""

    def __init__(
        self, message: str, *, path: str | None = None, line: int | None = None, hint: str | None = None
    ) -> None:
        where = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(f"{where}{message}", hint=hint)
        self.path = path
        self.line = line


class ProjectError(AidbtError):
    """No dbt project, several, or one that cannot be read."""


class ProfileError(ProjectError):
    """The profile or target does not exist or cannot be used."""


class ArtifactError(ProjectError):
    """A dbt artifact is missing, broken, or of a version that is not read."""


class DbtError(ProjectError):
    """dbt could not run at all. A failing model is a result, not this."""


class WarehouseError(AidbtError):
    """The warehouse refused, or could not be reached."""


class StatementRefused(WarehouseError):
    """The warehouse refused one statement, and takes others."""


class WarehouseLocked(WarehouseError):
    """Another process holds the warehouse."""

    retryable = True


class SourceError(AidbtError):
    """A system that data is read from failed."""


class SourceUnavailable(SourceError):
    """The source could not be reached, or went away while it was read."""

    retryable = True


class StoreError(AidbtError):
    """aidbt's own state could not be read or written."""


class StoreBusy(StoreError):
    """Another process is writing to the store."""

    retryable = True


class StoreUnavailable(StoreError):
    """The server of the store could not be reached, or went away; or the disk of the store is full."""

    retryable = True


class LeaseTaken(StoreError):
    """Somebody else holds the lease on a resource.

    Attributes:
        resource, holder, mode: what is held, by whom, "shared" or "exclusive".
        since, until: when it was taken, and when it ends by itself unless it is renewed.
    """

    retryable = True

    def __init__(self, resource: str, holder: str, mode: str, *, since: datetime, until: datetime) -> None:
        super().__init__(
            f"'{resource}' is in use ({mode}) by {holder}, since {since:%Y-%m-%d %H:%M:%S} UTC,"
            f" until {until:%H:%M:%S} UTC unless it goes on",
            hint="wait until it has finished; if it was killed, try again after that time",
        )
        self.resource = resource
        self.holder = holder
        self.mode = mode
        self.since = since
        self.until = until


class LeaseLost(StoreError):
    """A lease that was ours ended, and may be somebody else's by now: what it allowed must stop."""


class VersionConflict(StoreError):
    """Somebody saved a newer version of the same thing meanwhile."""

    def __init__(self, kind: str, key: str, expected: int, actual: int | None) -> None:
        now = f"version {actual}" if actual is not None else "gone"
        super().__init__(
            f"{kind} '{key}' changed meanwhile: expected version {expected}, it is {now}",
            hint="read it again and repeat the change",
        )
        self.expected = expected
        self.actual = actual


class WriteError(AidbtError):
    """Files could not be written; nothing was half written."""


class EditConflict(WriteError):
    """A file changed between reading and writing it, or an edit cannot be made without losing something."""

    exit_code = 1


class ResilienceError(AidbtError):
    """Raised by `core.resilience` itself."""


class CircuitOpen(ResilienceError):
    """Too many failures lately: not tried."""


class DeadlineExceeded(ResilienceError):
    """The time allowed is used up."""


class BudgetExceeded(ResilienceError):
    """The amount allowed is used up."""
