"""What is about no table and no file: locks, connections, rights, memory, settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.failures import ACT_FROM, Classified, Strategy
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    PROVED,
    STRONG,
    diagnosis,
    git_evidence,
    message_evidence,
    unchanged_code,
)
from aidbt.healing.diagnosis.rights import grant_asked_for
from aidbt.healing.diagnosis.symptoms import Symptom
from aidbt.healing.evidence.case import Case, Reached
from aidbt.healing.evidence.what_failed import INTERRUPTED, KILLED, NOT_TOLD, is_ended_from_outside, stage_of
from aidbt.warehouse.holders import Holder

_STEPS = {
    Strategy.RETRY: "wait, and run the failed nodes again",
    Strategy.THROTTLE: "wait until the limit is over, and run the failed nodes again",
    Strategy.SCALE: "run the failed nodes again with fewer threads, or in smaller parts",
    Strategy.SCHEMA: "compare the columns of the sources with what the models read",
    Strategy.DEDUPLICATE: "look for the rows that came twice",
    Strategy.CLEAN: "look for the rows that the message is about",
    Strategy.CONFIGURE: "look at the file that the message names",
    Strategy.PERSON: "hand this to a person with the rights: nothing here can mend it",
}
_PASSES = ("TRANSIENT",)
_WAREHOUSE = ("TRANSIENT", "CONFIGURATION")


def missing_setting(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A variable, profile or target that is asked for and is not there."""
    facts: dict[str, object] = {}
    proof = [message_evidence(failure)]
    if symptom.what == "missing_variable":
        facts["variable"] = symptom.name
        if case.env.get(symptom.name) is False:
            text = f"{symptom.name} is not set here either"
            proof.insert(0, Evidence("probe", symptom.name, text))
        step = f"set the environment variable {symptom.name} where dbt runs"
    elif symptom.what == "missing_dbt_var":
        facts["variable"] = symptom.name
        step = f"give {symptom.name} a value under vars in dbt_project.yml, or with --vars"
    elif symptom.what == "missing_profile":
        facts["profile"] = symptom.name
        step = "put the profile and its target into profiles.yml, or name the folder with --profiles-dir"
    else:
        return None
    proof += [git_evidence(case, change) for change in case.code.files if change.path == "dbt_project.yml"]
    return diagnosis(
        f"setting:{symptom.name}", E.MISSING_SETTING, PROVED, failure=failure, root="project", proof=proof,
        facts=facts, next_step=step,
    )  # fmt: skip


def killed(case: Case, failure: RunFailure) -> Diagnosis | None:
    """A run that was killed or interrupted, or whose machine went away."""
    if not is_ended_from_outside(failure.message):
        return None
    done = len(case.run.succeeded)
    text = f"its log breaks off without an end, after {done:,} nodes" if done else "its log has no end"
    text = text if failure.message == KILLED else INTERRUPTED
    return diagnosis(
        "killed", E.TEMPORARY_UNAVAILABLE, LIKELY, failure=failure, root="project",
        stage=Stage.NODE if done else None,
        proof=[Evidence("log", "dbt.log", text)], unknown=["whether it still runs somewhere"],
        ruled_out=[e for e in [unchanged_code(case)] if e],
        next_step="run again; where it keeps being ended, look at the limits of the machine or the job",
    )  # fmt: skip


def locked(case: Case, failure: RunFailure) -> Diagnosis:
    """The database file is held by another process."""
    reached = case.reached
    facts: dict[str, object] = {}
    proof = [message_evidence(failure)]
    step = "wait until the other process lets the file go, and run again; its process is not ended"
    if reached is not None and reached.is_locked:
        facts |= {"holder": reached.holder, "pid": reached.pid or None}
        proof.insert(0, Evidence("probe", "warehouse", f"it was held by {reached.holder} when asked"))
    elif reached is not None and reached.is_open:
        facts["is_over"] = "yes"
        proof.insert(0, Evidence("probe", "warehouse", "the file is free now"))
        step = "run again: the file is free now"
    return diagnosis(
        "warehouse:lock", E.CONCURRENCY_CONFLICT, PROVED, failure=failure, root="warehouse", proof=proof,
        facts=facts, next_step=step,
    )  # fmt: skip


def full(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A disk, or what may be written of it, was used up."""
    if symptom.what != "full":
        return None
    found = diagnosis(
        "warehouse:full", E.RESOURCE_EXHAUSTION, STRONG, failure=failure, root="warehouse",
        proof=[message_evidence(failure)],
        next_step="make room where the warehouse writes, and run the failed nodes again",
    )  # fmt: skip
    return _probed(case, found)


def damaged(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A file, or the bytes of a text, that cannot be read."""
    if symptom.what == "missing_file":
        return _file_that_is_not_there(case, failure, symptom)
    if symptom.what not in ("encoding", "file_format"):
        return None
    step = "ask whoever delivers the file: what it holds cannot be read"
    return diagnosis(
        "file:damaged", E.CORRUPT_DATA, STRONG, failure=failure, root=failure.unique_id or "project",
        proof=[message_evidence(failure)], facts={"what": "file"}, next_step=step,
    )  # fmt: skip


def _file_that_is_not_there(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis:
    """Late, where the same place held it at the last good run; else perhaps the wrong place."""
    is_there = case.files.get(symptom.name)
    was_there = case.good is not None and not any(symptom.name in (c.after or "") for c in case.code.files)
    facts: dict[str, object] = {"file": symptom.name}
    proof = [message_evidence(failure)]
    step = "wait for the file; ask whoever delivers it"
    if is_there:
        facts["is_over"] = "yes"
        proof.insert(0, Evidence("probe", symptom.name, "the file is there now"))
        step = "run the failed nodes again"
    elif is_there is False:
        proof.insert(0, Evidence("probe", symptom.name, "the file is not there now either"))
    is_late = bool(failure.unique_id and was_there) or bool(is_there)
    if not failure.unique_id and not is_there:  # the database itself
        step = "look where the profile points, and whether its folder is mounted"
    error_class = E.TEMPORARY_UNAVAILABLE if is_late else E.ENDPOINT_CHANGED
    sure = STRONG if is_late or not failure.unique_id else GUESS
    return diagnosis(
        f"file:{symptom.name}", error_class, sure, failure=failure,
        root=failure.unique_id or "project", proof=proof, facts=facts, next_step=step,
        ruled_out=[e for e in [unchanged_code(case)] if e],
    )  # fmt: skip


def by_message(case: Case, failure: RunFailure, said: Classified | None) -> Diagnosis:
    """What the message alone says, with what a probe of the warehouse adds."""
    if said is None or failure.message == NOT_TOLD:
        return _unknown(failure)
    error_class = said.error_class
    is_test = failure.status == "fail" and failure.unique_id.startswith("test.")
    if is_test:  # its message says only how many rows there were
        error_class = _class_by_name(failure.unique_id)
    is_plain = error_class.family in _KNOWN_BY_WORDS or error_class is E.MISSING_DEPENDENCY
    sure = GUESS if is_test else said.confidence if is_plain else min(said.confidence, _BY_WORDS)
    found = diagnosis(
        "message", error_class, sure, failure=failure, root=failure.unique_id or "project",
        proof=[
            message_evidence(failure), Evidence("message", "classification", said.why or error_class.meaning),
        ],
        next_step=_step(case, failure, error_class),
        unknown=[] if sure >= ACT_FROM else [_OPEN if said.confidence >= ACT_FROM else _UNCLEAR],
        facts={"alternatives": ", ".join(str(a) for a in said.alternatives)},
    )  # fmt: skip
    if error_class.family not in _WAREHOUSE or found.stage in (Stage.PARSE, Stage.DEPS):
        return found
    # The same trouble with the warehouse is one cause, however many nodes it stopped.
    found = replace(found, key=f"warehouse|{error_class}", root="warehouse")
    return _probed(case, found)


def _step(case: Case, failure: RunFailure, error_class: E) -> str:
    asked = grant_asked_for(case, failure) if error_class is E.PERMISSION_DENIED else ""
    if asked:
        return asked
    if error_class is E.RESOURCE_EXHAUSTION and stage_of(failure) is Stage.CONNECT:
        return "wait until the server has a place free, and run again; ask who has them all"
    if failure.unique_id.startswith("macro."):
        return f"look at the macro {failure.unique_id.rpartition('.')[2]} and what it was called with"
    return _STEPS[error_class.strategy]


# Of these the words say it; elsewhere only the tables and files that they are about do.
_KNOWN_BY_WORDS = ("TRANSIENT", "CONFIGURATION", "DATA_CORRUPTION")
_BY_WORDS = 0.74
_OPEN = "which change of a table or a file made it so"
_UNCLEAR = "what the message means for certain"
_CLASS_BY_NAME = {
    "not_null": E.NULL_VIOLATION, "unique": E.DUPLICATE_KEY, "relationships": E.REFERENTIAL_INTEGRITY,
    "source_not_null": E.NULL_VIOLATION, "source_unique": E.DUPLICATE_KEY,
    "source_relationships": E.REFERENTIAL_INTEGRITY, "dbt_utils_unique_combination": E.DUPLICATE_KEY,
}  # fmt: skip


def _class_by_name(unique_id: str) -> E:
    """What a test is about, by the name that dbt gives it, where no manifest knows it."""
    name = unique_id.split(".")[2]
    return next(
        (found for start, found in _CLASS_BY_NAME.items() if name.startswith(start)), E.CONSTRAINT_VIOLATION
    )


def _probed(case: Case, found: Diagnosis) -> Diagnosis:
    reached = case.reached
    if reached is None:
        return found
    if not reached.is_open:
        return _out_of_reach(found, reached)
    waited = [failure for failure in found.failures if _WAITED.search(failure.message)]
    held = case.holders(waited)
    if held:
        return _held(found, held)
    probe = Evidence("probe", "warehouse", "the warehouse answers now")
    if found.error_class.family not in _PASSES:
        return replace(found, ruled_out=(*found.ruled_out, probe))
    if found.error_class is E.RESOURCE_EXHAUSTION and found.stage is not Stage.CONNECT:
        return replace(found, proof=_after_first(found, probe))  # what ran short may be short still
    facts = {**found.facts, "is_over": "yes"}
    return replace(
        found, proof=_after_first(found, probe), facts=facts, next_step="run the failed nodes again"
    )


def _after_first(found: Diagnosis, *more: Evidence) -> tuple[Evidence, ...]:
    """The proof with what was asked, after what failed."""
    return (*found.proof[:1], *more, *found.proof[1:])


_TELLING = 20  # letters of a line that two messages do not share by chance


def _out_of_reach(found: Diagnosis, reached: Reached) -> Diagnosis:
    said = [line.strip() for failure in found.failures for line in failure.message.splitlines()]
    is_same = any(len(line) >= _TELLING and line in reached.problem for line in said)
    text = f"it cannot be reached from here now: {reached.problem}"
    text = "it says the same from here now" if is_same else text
    step = reached.hint if is_same and reached.hint else found.next_step
    return replace(found, proof=_after_first(found, Evidence("probe", "warehouse", text)), next_step=step)


# What PostgreSQL says of a statement that may have waited for a table which another session holds.
_WAITED = re.compile(r"(?:lock|statement) timeout|could not obtain lock|deadlock detected", re.IGNORECASE)


def _held(found: Diagnosis, held: Sequence[Holder]) -> Diagnosis:
    """That another session still holds a table that a failed node waited for."""
    first = held[0]
    tables = ", ".join(dict.fromkeys(f"{one.schema}.{one.table}" for one in held if one.pid == first.pid))
    probe = Evidence("probe", tables, f"{tables} was held by {first} when asked")
    return replace(
        found, key=f"warehouse|{E.CONCURRENCY_CONFLICT}", error_class=E.CONCURRENCY_CONFLICT,
        proof=_after_first(found, probe),
        facts={**found.facts, "holder": str(first), "pid": str(first.pid), "held": tables},
        next_step="wait until it lets go, or ask whose it is, and run again; it is not ended by aidbt",
    )  # fmt: skip


_ASK = "hand over the folder with the run's own run_results.json or dbt.log (--artifacts)"
_READ = "read the message: nothing that is known explains it"


def _unknown(failure: RunFailure) -> Diagnosis:
    return diagnosis(
        "message", E.UNCLASSIFIED_ERROR, 0.2, failure=failure, root=failure.unique_id or "project",
        proof=[message_evidence(failure)], unknown=["what the message means"],
        next_step=_ASK if failure.message == NOT_TOLD else _READ,
    )  # fmt: skip
