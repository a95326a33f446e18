"""Changing files that people wrote: lossless edits of YAML, a three-way merge, and what git remembers."""

from aidbt.patching.git import blob_text, blobs
from aidbt.patching.merge import Conflict, Merged, merge_texts
from aidbt.patching.yaml_edit import (
    AddItem,
    Change,
    Edited,
    SetKey,
    Step,
    edit_yaml,
    edit_yaml_where_possible,
)
from aidbt.patching.yaml_style import Flow, YamlStyle, dump_yaml, infer_style

__all__ = [
    "AddItem",
    "Change",
    "Conflict",
    "Edited",
    "Flow",
    "Merged",
    "SetKey",
    "Step",
    "YamlStyle",
    "blob_text",
    "blobs",
    "dump_yaml",
    "edit_yaml",
    "edit_yaml_where_possible",
    "infer_style",
    "merge_texts",
]
