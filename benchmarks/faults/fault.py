"""What a fault is: how a healthy project is broken, and what a right end looks like."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from benchmarks.faults.slot import Slot

# mend: a right mend is expected. either: a right mend or a hand-over. person: must be handed over.
# none: nothing is broken, whoever acts or alarms is wrong.
Expects = Literal["mend", "either", "person", "none"]
Engine = Literal["duckdb", "postgres", "spark"]
Project = Literal["shop", "bakery"]

# Where a mend of a fault in a source may edit; new files may stand anywhere but among the tests.
UPSTREAM = ("models/staging/", "models/sources.yml", "macros/", "aidbt/")


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a file of the project.

    Attributes:
        old: stands there exactly once; None: the file is new.
        new: what stands there afterwards; None: the file is deleted.
    """

    path: str
    old: str | None
    new: str | None

    def apply(self, root: Path) -> None:
        """Edit the file.

        Raises:
            ValueError: `old` does not stand there once.
        """
        path = root / self.path
        if self.new is None:
            path.unlink()
        elif self.old is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.new)
        else:
            text = path.read_text()
            if text.count(self.old) != 1:
                raise ValueError(f"{self.path} holds {text.count(self.old)} of {self.old!r}, not one")
            path.write_text(text.replace(self.old, self.new))

    def undone(self) -> Edit:
        """The edit that takes this one back; not for deleted or new files."""
        return Edit(self.path, self.new, self.old)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Raw rows that a mend has to set aside, and to account for.

    Attributes:
        keys: a text that stands in each of those rows and in no other quarantined row.
        rows: how many raw rows that are.
    """

    keys: tuple[str, ...]
    rows: int


# Called with slot and site around a stage; what it entered is left when the stage ends.
Trouble = Callable[["Slot", Any], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One real way to break the project, declared.

    Attributes:
        label: family/leaf of the taxonomy; `accept`: others that are right too.
        project: which of the healthy projects; the bakery stands on DuckDB only.
        title: what happened, for people.
        land: SQL after the newest load landed: what the source did.
        files: edits of the landed files.
        right: SQL instead of `land` for the run that shows what is right (e.g. a declared default).
        wanted: the name of the wanted change that comes in the same commit (`wanted.py`).
        edits: what the commit broke beside it.
        outside: edits of what no commit holds (profiles, installed packages), done before the run and
            not undone.
        env: variables of the run, the healer and the judge; None takes one away.
        left: what happens to the artifacts of the failing run before anybody gets them.
        under: words for Python that run the failing dbt, which follows them.
        run: what troubles the failing run.
        heal: what troubles the healer and ends with it, or earlier by itself.
        mend: a right mend, as edits; how the judge itself is tested.
        mend_outside: the same for what no commit holds, as words for dbt.
        quarantine: raw rows that the mend sets aside.
        touches: where the mend may edit files that exist; () means everywhere but tests.
        extra_columns: whether staging may have columns more than before.
        green: the run of the broken project succeeds.
        command: what production runs, and what fails; `healthy`: what builds all that is right.
    """

    name: str
    label: str
    title: str
    expects: Expects
    accept: tuple[str, ...] = ()
    engine: Engine = "duckdb"
    project: Project = "shop"
    land: tuple[str, ...] = ()
    files: tuple[Callable[[Path], None], ...] = ()
    right: tuple[str, ...] | None = None
    wanted: str | None = None
    edits: tuple[Edit, ...] = ()
    outside: tuple[Callable[[Slot], None], ...] = ()
    env: tuple[tuple[str, str | None], ...] = ()
    left: tuple[Callable[[Path], None], ...] = ()
    under: tuple[str, ...] = ()
    run: Trouble | None = None
    heal: Trouble | None = None
    mend: tuple[Edit, ...] = ()
    mend_outside: tuple[str, ...] = ()
    quarantine: Quarantine | None = None
    touches: tuple[str, ...] = ()
    extra_columns: bool = False
    green: bool = False
    command: str = "dbt build"
    healthy: str = "dbt build"

    @property
    def family(self) -> str:
        return self.label.partition("/")[0]

    @property
    def site(self) -> str:
        """Where it happens: a project on an engine."""
        return self.engine if self.project == "shop" else self.project
