"""All faults, by name."""

from __future__ import annotations

from benchmarks.faults.fault import Fault
from benchmarks.faults.kinds import code, configuration, drift, postgres, quality, spark, transient

FAULTS: tuple[Fault, ...] = (
    *transient.FAULTS, *drift.FAULTS, *quality.FAULTS, *code.FAULTS, *configuration.FAULTS,
    *postgres.FAULTS, *spark.FAULTS,
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}

# Twelve that cover the families and the four ways in which a fault may have to end.
QUICK = (
    "locked_and_free_again", "renamed_email", "renamed_with_two_candidates", "table_renamed_beside_a_backup",
    "type_integer_as_text", "few_bad_casts", "late_duplicates", "emptied_source", "typo_in_ref",
    "unit_test_notices_a_sum", "missing_variable", "good_commit",
)  # fmt: skip
