"""Which runs count: those of the target that a command works with. Of the others it is said that they are."""

from __future__ import annotations

from collections.abc import Mapping

from aidbt.core.errors import ProfileError
from aidbt.observability.recorded import RecordedRun
from aidbt.project import Project


def watched_target(project: Project) -> str:
    """The target of `--target` or DBT_TARGET, else the profile's own; "" where no profile can be read, and
    then all runs count.
    """
    if project.target_name:
        return project.target_name
    try:
        return project.profile().target
    except ProfileError:
        return ""


def is_watched(run: RecordedRun, target: str) -> bool:
    """Whether a run is of that target, or may be since nobody knows of which it is."""
    return not target or run.asked.target in ("", target)


def left_out(counts: Mapping[str, int], target: str) -> str:
    """What to say of runs of other targets; "" where there are none.

    Args:
        counts: target → runs, as `Store.run_targets` has them.

    Example:
        >>> left_out({"prod": 8, "dev": 2, "": 1}, "dev")
        '8 runs are of the target prod and do not count here (dev); with --target prod they do'
    """
    others = {name: number for name, number in counts.items() if target and name not in ("", target)}
    if not others:
        return ""
    total = sum(others.values())
    names = sorted(others, key=lambda name: (-others[name], name))
    of = f"the target {names[0]}" if len(names) == 1 else f"the targets {', '.join(names)}"
    runs, these = ("runs are", "they do") if total > 1 else ("run is", "it does")
    return (
        f"{total:,} {runs} of {of} and {'do' if total > 1 else 'does'} not count here ({target});"
        f" with --target {names[0]} {these}"
    )
