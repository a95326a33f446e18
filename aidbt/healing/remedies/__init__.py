"""The remedies, in the order in which they are asked."""

from __future__ import annotations

from aidbt.core.registry import Registry

REMEDIES = Registry(
    "remedy",
    {
        "wait_and_run_again": "aidbt.healing.remedies.wait_and_run_again:WaitAndRunAgain",
        "fewer_threads": "aidbt.healing.remedies.fewer_threads:FewerThreads",
        "installed_packages": "aidbt.healing.remedies.installed_packages:InstalledPackages",
        "built_again": "aidbt.healing.remedies.built_again:BuiltAgain",
        "restored_place": "aidbt.healing.remedies.restored_place:RestoredPlace",
        "moved_table": "aidbt.healing.remedies.moved_table:MovedTable",
        "restored_token": "aidbt.healing.remedies.restored_token:RestoredToken",
        "right_name": "aidbt.healing.remedies.right_name:RightName",
        "restored_file": "aidbt.healing.remedies.restored_file:RestoredFile",
        "restored_part": "aidbt.healing.remedies.restored_part:RestoredPart",
        "renamed_column": "aidbt.healing.remedies.renamed_column:RenamedColumn",
        "moved_column": "aidbt.healing.remedies.moved_column:MovedColumn",
        "default_column": "aidbt.healing.remedies.default_column:DefaultColumn",
        "cast_column": "aidbt.healing.remedies.cast_column:CastColumn",
        "new_columns": "aidbt.healing.remedies.new_columns:NewColumns",
        "added_column": "aidbt.healing.remedies.added_column:AddedColumn",
        "quarantine": "aidbt.healing.remedies.quarantine:Quarantine",
    },
)
