"""All faults, by name."""

from __future__ import annotations

from benchmarks.faults.fault import Fault
from benchmarks.faults.kinds import (
    bakery,
    bakery_runs,
    bakery_traps,
    code,
    configuration,
    drift,
    postgres,
    quality,
    spark,
    transient,
)

FAULTS: tuple[Fault, ...] = (
    *transient.FAULTS, *drift.FAULTS, *quality.FAULTS, *code.FAULTS, *configuration.FAULTS,
    *bakery.FAULTS, *bakery_runs.FAULTS, *bakery_traps.FAULTS, *postgres.FAULTS, *spark.FAULTS,
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}

# Twelve that cover the families and the ways in which a fault may have to end, on the smaller project.
QUICK = (
    "bakery_locked_and_free_again", "bakery_name_renamed", "bakery_renamed_without_a_trace",
    "bakery_items_table_versioned", "bakery_price_as_text", "bakery_killed_half_way",
    "bakery_few_customers_twice", "bakery_items_emptied", "bakery_some_models_only",
    "bakery_unit_test_notices", "bakery_database_is_a_folder", "bakery_good_commit",
)  # fmt: skip
