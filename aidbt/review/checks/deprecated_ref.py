"""References to model versions that are on their way out."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.review.checks.check import Check, Hit, Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for unique_id in subject.node.depends_on:
        parent = subject.side.manifest.find(unique_id)
        if parent is None or parent.resource_type != "model":
            continue
        raw = parent.raw
        version = f" v{raw['version']}" if raw.get("version") is not None else ""
        if raw.get("deprecation_date"):
            day = str(raw["deprecation_date"])[:10]
            yield Hit(f"it reads {parent.name}{version}, which is deprecated as of {day}")


CHECK = Check(
    "deprecated_ref",
    "A deprecated model is read",
    "read the latest version, and drop the v= of the ref",
    _find,
)
