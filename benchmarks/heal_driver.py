"""The healer under test: speaks the protocol of `benchmarks/faults/README.md` through aidbt's own library.

Here the checked-out branch is declared deployed, every class that can be proved is auto, and quarantine is
allowed; what needs a person is handed over all the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aidbt.cli.diagnose import causes_of
from aidbt.cli.healing_calls import heal_case, read_to_heal
from aidbt.core.attempts import AttemptState
from aidbt.core.errors import AidbtError, ProjectError
from aidbt.core.failures import ErrorClass
from aidbt.healing.controller.asked import asked_of
from aidbt.healing.controller.healing import Healed
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.keeping import keep_good_state
from aidbt.patching.commits import head
from aidbt.session import Session, open_session

_MENDED = (AttemptState.PROMOTED, AttemptState.RESOLVED)


def main() -> None:
    env = placed(os.environ)
    os.chdir(env["BENCH_PROJECT"])  # where dbt was run: paths of files that the project reads begin there
    if env.get("BENCH_MODE") == "prepare":
        folder = Path(env["BENCH_LAST_GOOD"]) if "BENCH_LAST_GOOD" in env else None
        prepare(opened(env), folder if folder is not None and folder.is_dir() else None)
        return
    # Whatever ends this before it is done, a person is needed.
    write(env, report("escalated", actions=["the healer did not come to its end"]))
    try:
        told = heal(opened(env), Path(env["BENCH_ARTIFACTS"]), env.get("BENCH_COMMAND", ""))
    except AidbtError as error:
        unknown = ErrorClass.UNCLASSIFIED_ERROR.value
        said = f"nothing could be done: {error.message}"
        told = report("escalated", error_class=unknown, confidence=0.0, actions=[said])
    print(json.dumps(told, indent=2))
    write(env, told)


def placed(env: Mapping[str, str]) -> dict[str, str]:
    """The environment with the bench's paths as they are from any folder."""
    paths = ("PROJECT", "STATE", "ARTIFACTS", "LAST_GOOD", "REPORT")
    names = {"DBT_PROFILES_DIR", *(f"BENCH_{name}" for name in paths)}
    names |= {"BENCH_DBT"} if os.sep in env.get("BENCH_DBT", "") else set()
    return {name: os.path.abspath(value) if name in names else value for name, value in env.items()}


def write(env: Mapping[str, str], told: Mapping[str, Any]) -> None:
    """Leave a report where the bench looks for it."""
    Path(env["BENCH_REPORT"]).write_text(json.dumps(told))


def opened(env: Mapping[str, str]) -> Session:
    """The project with the settings under which the bench asks for healing."""
    project, state = Path(env["BENCH_PROJECT"]), Path(env["BENCH_STATE"])
    try:
        branch = head(project).branch
    except ProjectError:
        branch = ""
    flags: dict[str, Any] = {
        "store.path": str(state / "aidbt.sqlite"),
        "dbt.runner": "executable",
        "dbt.executable": env.get("BENCH_DBT", "dbt"),
        "heal.classes": {one.family: "auto" for one in ErrorClass},
        "heal.deployed_branch": branch,
        "heal.quarantine": "allowed",
    }
    where = options(env.get("BENCH_COMMAND", "dbt build"))
    profiles = env.get("DBT_PROFILES_DIR")
    return open_session(project, profiles_dir=profiles, flags=flags, as_committed=True, **where)


def options(command: str) -> dict[str, Any]:
    """The profile, target and variables that a dbt command names."""
    asked = asked_of(command)
    found = {"target": asked.value("target"), "profile": asked.value("profile"), "vars": asked.vars}
    return {name: value for name, value in found.items() if value}


def prepare(session: Session, artifacts: Path | None) -> None:
    """Keep the last good state.

    Raises:
        SystemExit: it could not be kept.
    """
    budget = session.settings.values.budget.scan_bytes
    kept = keep_good_state(
        session.project, session.warehouse_at_once, session.store, artifacts=artifacts, scan_bytes=budget
    )
    if kept.state is None:
        raise SystemExit(f"the good state was not kept: {kept.why}")


def as_commanded(case: Case, command: str) -> Case:
    """The case with the command that is known to have failed, where its artifacts tell less of it."""
    said, known = asked_of(case.run.command), asked_of(command)
    tells_less = not said.options and said.command in ("", known.command)
    return replace(case, run=replace(case.run, command=command)) if tells_less and known.command else case


def heal(session: Session, artifacts: Path, command: str = "") -> dict[str, Any]:
    """Every cause of the failed run taken as far as it gets, as a report.

    Args:
        command: what failed, as far as somebody knows.
    """
    case = as_commanded(read_to_heal(session, artifacts), command)
    causes = causes_of(case)
    if not causes:
        return report("no_action" if case.run.is_green else "escalated")
    healed = heal_case(session, case, causes)
    failing = [one for one in healed if one.diagnosis.failures] or healed
    is_mended = bool(failing) and all(one.attempt.state in _MENDED for one in failing)
    first = causes[0]
    return report(
        "healed" if is_mended else "escalated",
        error_class=first.error_class.value,
        confidence=first.confidence,
        actions=[_told(one) for one in healed],
    )


def report(
    status: str,
    *,
    error_class: str | None = None,
    confidence: float | None = None,
    actions: Sequence[str] = (),
) -> dict[str, Any]:
    """What the bench reads."""
    return {"status": status, "class": error_class, "confidence": confidence, "actions": list(actions)}


def _told(one: Healed) -> str:
    attempt = one.attempt
    declined = "; ".join(f"{name}: {why}" for name, why in one.declined)
    return f"{attempt.state}: {attempt.error_class} {attempt.title} | {attempt.why} | {declined}"


if __name__ == "__main__":
    main()
