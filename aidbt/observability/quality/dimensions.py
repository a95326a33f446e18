"""The five dimensions, which of them each test is evidence of, and what its failures count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aidbt.core.config import QualityDimension
from aidbt.project.manifest import Node


class Dimension(StrEnum):
    """What data can be good or bad at."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"


class Counts(StrEnum):
    """What `failures` of a test counts, and so whether a share of the rows follows from it.

    KEYS: values that occur more than once, so that at least two rows stand behind each. NOTHING: a test of
    the table as a whole, or one whose failures are no rows; it is passed or not.
    """

    ROWS = "rows"
    KEYS = "keys"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a test is evidence of."""

    dimension: Dimension
    counts: Counts = Counts.NOTHING


_C, _V, _K, _T, _U = (
    Dimension.COMPLETENESS,
    Dimension.VALIDITY,
    Dimension.CONSISTENCY,
    Dimension.TIMELINESS,
    Dimension.UNIQUENESS,
)
_BY_DIMENSION: dict[tuple[Dimension, Counts], str] = {
    (_C, Counts.ROWS): "not_null not_empty_string not_null_where expect_column_values_to_not_be_null",
    (_C, Counts.NOTHING): (
        "not_null_proportion at_least_one aidbt_volume aidbt_null_rate volume_anomalies"
        " expect_table_row_count_to_be_between expect_table_row_count_to_equal"
        " expect_row_values_to_have_data_for_every_n_datepart"
    ),
    (_V, Counts.ROWS): (
        "accepted_range expression_is_true sequential_values mutually_exclusive_ranges"
        " expect_column_values_to_be_between expect_column_values_to_be_in_set"
        " expect_column_values_to_not_be_in_set expect_column_values_to_match_regex"
        " expect_column_values_to_not_match_regex expect_column_values_to_match_like_pattern"
        " expect_column_values_to_not_match_like_pattern expect_column_values_to_be_null"
        " expect_column_value_lengths_to_be_between expect_column_value_lengths_to_equal"
    ),
    (_V, Counts.NOTHING): (
        "accepted_values not_accepted_values not_constant aidbt_mean aidbt_distinct aidbt_zero_rate"
        " aidbt_negative_rate column_anomalies dimension_anomalies expect_column_values_to_be_of_type"
        " expect_column_values_to_be_in_type_list"
    ),
    (_K, Counts.ROWS): (
        "relationships relationships_where expect_column_pair_values_to_be_equal"
        " expect_column_pair_values_A_to_be_greater_than_B expect_column_pair_values_to_be_in_set"
    ),
    (_K, Counts.NOTHING): (
        "equality equal_rowcount fewer_rows_than cardinality_equality schema_changes"
        " schema_changes_from_baseline expect_column_to_exist expect_table_columns_to_match_set"
        " expect_table_columns_to_match_ordered_list expect_table_columns_to_contain_set"
        " expect_table_row_count_to_equal_other_table expect_table_aggregation_to_equal_other_table"
    ),
    (_T, Counts.NOTHING): (
        "recency aidbt_freshness freshness_anomalies event_freshness_anomalies"
        " expect_row_values_to_have_recent_data expect_grouped_row_values_to_have_recent_data"
    ),
    (_U, Counts.KEYS): (
        "unique unique_combination_of_columns aidbt_unique_combination unique_where"
        " expect_column_values_to_be_unique expect_compound_columns_to_be_unique"
    ),
    (_U, Counts.NOTHING): "expect_column_proportion_of_unique_values_to_be_between",
}
KINDS: Mapping[str, Kind] = {
    name: Kind(dimension, counts)
    for (dimension, counts), names in _BY_DIMENSION.items()
    for name in names.split()
}
# Words in the name of a test that nobody knows, the first that fits.
_WORDS = (
    ("null", _C), ("missing", _C), ("empty", _C), ("volume", _C), ("row_count", _C), ("rowcount", _C),
    ("uniq", _U), ("duplicate", _U), ("fresh", _T), ("recen", _T), ("stale", _T), ("latency", _T),
    ("relationship", _K), ("orphan", _K), ("reference", _K), ("foreign", _K), ("reconcil", _K), ("equal", _K),
    ("match_source", _K), ("consisten", _K), ("schema", _K),
)  # fmt: skip


def kind_of(test: Node, named: Mapping[str, QualityDimension]) -> Kind:
    """What a data test or unit test is evidence of.

    Its own `meta.aidbt.dimension` counts first, then the settings, then the tests that are known by name (of
    dbt, dbt_utils, dbt_expectations, Elementary and ours), then words in its name; all else is validity.
    Rows are counted only of tests that are known to return the rows that are wrong, or that say so
    themselves with `meta.aidbt.counts: rows`.
    """
    name = test_name(test)
    known = KINDS.get(name)
    said = _said(test)
    wanted = said.get("dimension") or named.get(name)
    counts = Counts.ROWS if said.get("counts") == "rows" else known.counts if known else Counts.NOTHING
    if wanted in list(Dimension):
        return Kind(Dimension(wanted), counts)
    if known is not None:
        return known
    if test.resource_type == "unit_test":
        return Kind(_V)
    folded = name.casefold()
    return Kind(next((dimension for word, dimension in _WORDS if word in folded), _V), counts)


def test_name(test: Node) -> str:
    """The name of a generic test's macro; of any other test its own."""
    about = test.raw.get("test_metadata")
    name = about.get("name") if isinstance(about, Mapping) else None
    return str(name or test.name)


def odd_dimension(test: Node) -> str:
    """What `meta.aidbt.dimension` of a test says that is no dimension; "" where all is well."""
    wanted = _said(test).get("dimension", "")
    return "" if wanted in list(Dimension) else wanted


def _said(test: Node) -> Mapping[str, str]:
    meta = test.config.get("meta") or test.raw.get("meta")
    ours = meta.get("aidbt") if isinstance(meta, Mapping) else None
    return {str(k): str(v) for k, v in ours.items()} if isinstance(ours, Mapping) else {}
