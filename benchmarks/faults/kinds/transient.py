"""What passes by itself, sooner or later; and what looks like it and stays."""

from __future__ import annotations

from benchmarks.faults.fault import Fault
from benchmarks.faults.troubles import away, locked, profile

_SHORT_OF_MEMORY = "threads: 2\n      settings: {memory_limit: 3MB, max_temp_directory_size: 0MB}"
_BROKEN_RUN = ("-m", "benchmarks.faults.broken_run")

FAULTS = (
    Fault(
        "locked_for_seconds", "TRANSIENT/CONCURRENCY_CONFLICT",
        "another process writes to the database for seconds",
        "mend", run=locked(), heal=locked(6),
    ),
    Fault(
        "locked_and_free_again", "TRANSIENT/CONCURRENCY_CONFLICT", "another process was writing, and is done",
        "mend", run=locked(),
    ),
    Fault(
        "locked_for_long", "TRANSIENT/CONCURRENCY_CONFLICT",
        "another process holds the database and does not end",
        "person", run=locked(), heal=locked(),
    ),
    Fault(
        "file_comes_late", "TRANSIENT/TEMPORARY_UNAVAILABLE", "the file of rates comes some seconds late",
        "mend", run=away("fx_rates.csv"), heal=away("fx_rates.csv", 4),
        accept=("CONFIGURATION/ENDPOINT_CHANGED", "SCHEMA_DRIFT/TABLE_RENAMED"),
    ),
    Fault(
        "file_does_not_come", "TRANSIENT/TEMPORARY_UNAVAILABLE", "the file of rates does not come",
        "person", run=away("fx_rates.csv"),
        accept=("CONFIGURATION/ENDPOINT_CHANGED", "SCHEMA_DRIFT/TABLE_RENAMED", "DATA_QUALITY/STALE"),
    ),
    Fault(
        "memory_short_for_a_while", "TRANSIENT/RESOURCE_EXHAUSTION",
        "there is too little memory for some seconds",
        "mend", run=profile("threads: 2", _SHORT_OF_MEMORY), heal=profile("threads: 2", _SHORT_OF_MEMORY, 2),
    ),
    Fault(
        "memory_short_for_good", "TRANSIENT/RESOURCE_EXHAUSTION", "the memory limit is too low for the data",
        "person", run=profile("threads: 2", _SHORT_OF_MEMORY), accept=("CONFIGURATION/QUOTA_EXCEEDED",),
    ),
    Fault(
        "disk_was_full", "TRANSIENT/RESOURCE_EXHAUSTION",
        "the database could not grow; now there is room again",
        "mend", under=(*_BROKEN_RUN, "disk", "1000000"), accept=("CONFIGURATION/QUOTA_EXCEEDED",),
    ),
    Fault(
        "killed_half_way", "TRANSIENT/TEMPORARY_UNAVAILABLE",
        "the machine was taken away in the middle of the run",
        "mend", under=(*_BROKEN_RUN, "kill", "OK created sql table model intermediate", "SIGKILL"),
        accept=("TRANSIENT/RESOURCE_EXHAUSTION", "TRANSIENT/CONNECTION_RESET", "UNKNOWN/UNCLASSIFIED_ERROR"),
    ),
    Fault(
        "interrupted_by_the_scheduler", "TRANSIENT/NETWORK_TIMEOUT", "the scheduler's time was up: SIGINT",
        "mend", under=(*_BROKEN_RUN, "kill", "OK created sql table model intermediate", "SIGINT"),
        accept=("TRANSIENT/TEMPORARY_UNAVAILABLE", "UNKNOWN/UNCLASSIFIED_ERROR"),
    ),
)  # fmt: skip
