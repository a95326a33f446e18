"""Incremental models that read all of their input at every run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aidbt.project.manifest import Node
from aidbt.review.checks.check import Check, Hit, Side, Subject

_BLOCK = re.compile(r"\{%-?\s*if\b[^%]*\bis_incremental\(\)[^%]*%\}(?P<body>.*?)\{%-?\s*(?:endif|else)", re.S)
_BOUND = re.compile(r"[<>=]|\bbetween\b|\bin\b|\bexists\b|\blimit\b|\{\{", re.IGNORECASE)
_DATA_ONLY = frozenset({"microbatch", "insert_overwrite"})


def _find(subject: Subject) -> Iterator[Hit]:
    node = subject.node
    if node.config.get("materialized") != "incremental" or node.raw.get("language") == "python":
        return
    # A microbatch is cut by dbt; partitions that are overwritten are often cut by their own list.
    if node.config.get("incremental_strategy") in _DATA_ONLY:
        return
    text = str(node.raw.get("raw_code") or "")
    if "is_incremental()" not in text:
        if not _macros_ask(node, subject.side):
            yield Hit(
                "it is incremental and reads all of its input each time: it never asks is_incremental()"
            )
        return
    blocks = [found["body"] for found in _BLOCK.finditer(text)]
    if blocks and not any(_BOUND.search(block) for block in blocks):
        yield Hit("its is_incremental() block holds no condition, so all of its input is read every time")


def _macros_ask(node: Node, side: Side) -> bool:
    """Whether a macro that the model calls asks is_incremental() for it."""
    macros = side.manifest.raw.get("macros") or {}
    waiting = list((node.raw.get("depends_on") or {}).get("macros") or ())
    seen = set(waiting)
    while waiting:
        macro = macros.get(waiting.pop()) or {}
        if macro.get("package_name") != "dbt" and "is_incremental()" in str(macro.get("macro_sql") or ""):
            return True
        called = set((macro.get("depends_on") or {}).get("macros") or ()) - seen
        seen |= called
        waiting += called
    return False


CHECK = Check(
    "unbounded_incremental",
    "An incremental model reads all of its input",
    "filter the big input in {% if is_incremental() %}, by a column that says what is new",
    _find,
)
