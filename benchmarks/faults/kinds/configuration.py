"""Settings, rights and places that only a person can put right."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.faults.fault import Edit, Fault
from benchmarks.faults.slot import Slot
from benchmarks.faults.troubles import fresh_container


def _setting(name: str, leaf: str, title: str, **more: object) -> Fault:
    settings: dict[str, object] = {"expects": "person", **more}
    return Fault(name, f"CONFIGURATION/{leaf}", title, **settings)  # type: ignore[arg-type]


def _profiles(old: str, new: str) -> Callable[[Slot], None]:
    def step(slot: Slot) -> None:
        path = slot.profiles / "profiles.yml"
        text = path.read_text()
        if text.count(old) != 1:
            raise ValueError(f"the profiles do not hold {old!r} once")
        path.write_text(text.replace(old, new))

    return step


_THREADS = "      threads: 2\n"

FAULTS = (
    _setting(
        "missing_variable", "MISSING_SETTING", "SHOP_DATABASE is not set where this runs",
        env=(("SHOP_DATABASE", None),),
    ),
    _setting(
        "missing_profile", "MISSING_SETTING", "the profiles know no profile called shop",
        outside=(fresh_container, _profiles("shop:\n", "store:\n")),
    ),
    _setting(
        "missing_target", "MISSING_SETTING", "the profile's target is not among its outputs",
        outside=(_profiles("target: prod", "target: production"),),
    ),
    _setting(
        "unreadable_profiles", "MISSING_SETTING", "profiles.yml is no YAML",
        outside=(_profiles("  outputs:\n", "  outputs: {\n"),),
    ),
    _setting(
        "missing_adapter", "MISSING_SETTING", "the profile asks for an adapter that is not installed",
        accept=("CODE/MISSING_DEPENDENCY",), outside=(_profiles("type: duckdb", "type: oracle"),),
    ),
    _setting(
        "folder_that_is_not_there", "ENDPOINT_CHANGED", "the database's folder is not mounted",
        env=(("SHOP_DATABASE", "/nonexistent/warehouse/shop.duckdb"),),
    ),
    _setting(
        "another_empty_database", "ENDPOINT_CHANGED", "SHOP_DATABASE names another file, which is empty",
        accept=("SCHEMA_DRIFT/TABLE_RENAMED", "CONFIGURATION/MISSING_SETTING"),
        env=(("SHOP_DATABASE", "target/empty.duckdb"),),
    ),
    _setting(
        "read_only", "PERMISSION_DENIED", "the database may only be read",
        outside=(_profiles(_THREADS, _THREADS + "      config_options: {access_mode: read_only}\n"),),
    ),
    _setting(
        "attached_database_is_gone", "ENDPOINT_CHANGED", "a database that the profile attaches is gone",
        outside=(
            _profiles(
                _THREADS,
                _THREADS + "      attach: [{path: /nonexistent/finance.duckdb, read_only: true}]\n",
            ),
        ),
    ),
    _setting(
        "quota_of_temporary_files", "QUOTA_EXCEEDED", "nothing may be spilled to disk, and memory is short",
        accept=("TRANSIENT/RESOURCE_EXHAUSTION",),
        outside=(
            _profiles(
                _THREADS,
                _THREADS + "      settings: {memory_limit: 3MB, max_temp_directory_size: 100KB}\n",
            ),
        ),
    ),
    _setting(
        "missing_var", "MISSING_SETTING", "a commit reads var('fiscal_year_start'), which nobody sets",
        accept=("CODE/COMPILATION",), wanted="weekday",
        edits=(
            Edit(
                "models/marts/fct_daily_revenue.sql", "where status <> 'cancelled'",
                "where status <> 'cancelled' and ordered_date >= '{{ var(\"fiscal_year_start\") }}'",
            ),
        ),
    ),
    _setting(
        "newer_dbt_required", "MISSING_SETTING", "a commit requires a dbt that is not installed",
        accept=("CODE/MISSING_DEPENDENCY",), wanted="net_amount",
        edits=(
            Edit(
                "dbt_project.yml", "profile: shop\n",
                'profile: shop\nrequire-dbt-version: [">=1.99.0"]\n',
            ),
        ),
    ),
    _setting(
        "wrong_schema", "MISSING_SETTING", "a commit reads the shop from the schema of a test system",
        accept=("SCHEMA_DRIFT/TABLE_RENAMED", "CODE/SQL_SEMANTIC", "CONFIGURATION/ENDPOINT_CHANGED"),
        wanted="weekday", expects="either",
        edits=(Edit("models/sources.yml", "    schema: raw_shop\n", "    schema: raw_shop_uat\n"),),
        mend=(Edit("models/sources.yml", "    schema: raw_shop_uat\n", "    schema: raw_shop\n"),),
    ),
)  # fmt: skip
