"""What reviewers look for in a changed model, one file a check; see docs/checks."""

from __future__ import annotations

from aidbt.core.registry import Registry

CHECKS = Registry(
    "review check",
    {
        "fan_out": "aidbt.review.checks.fan_out:CHECK",
        "left_join_undone": "aidbt.review.checks.left_join_undone:CHECK",
        "join_key_types": "aidbt.review.checks.join_key_types:CHECK",
        "not_in_null": "aidbt.review.checks.not_in_null:CHECK",
        "unstable_dedup": "aidbt.review.checks.unstable_dedup:CHECK",
        "unordered_aggregate": "aidbt.review.checks.unordered_aggregate:CHECK",
        "unordered_limit": "aidbt.review.checks.unordered_limit:CHECK",
        "lossy_cast": "aidbt.review.checks.lossy_cast:CHECK",
        "integer_division": "aidbt.review.checks.integer_division:CHECK",
        "mixed_time_zones": "aidbt.review.checks.mixed_time_zones:CHECK",
        "last_day_lost": "aidbt.review.checks.last_day_lost:CHECK",
        "union_distinct": "aidbt.review.checks.union_distinct:CHECK",
        "select_star": "aidbt.review.checks.select_star:CHECK",
        "hard_coded_relation": "aidbt.review.checks.hard_coded_relation:CHECK",
        "unbounded_incremental": "aidbt.review.checks.unbounded_incremental:CHECK",
        "unique_key_untested": "aidbt.review.checks.unique_key_untested:CHECK",
        "duckdb_merge": "aidbt.review.checks.duckdb_merge:CHECK",
        "deprecated_ref": "aidbt.review.checks.deprecated_ref:CHECK",
        "contract_removed": "aidbt.review.checks.contract_removed:CHECK",
        "test_removed": "aidbt.review.checks.test_removed:CHECK",
        "missing_key_test": "aidbt.review.checks.missing_key_test:CHECK",
        "missing_description": "aidbt.review.checks.missing_description:CHECK",
        "missing_unit_test": "aidbt.review.checks.missing_unit_test:CHECK",
    },
)
