"""What many ends come to."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.faults.catalog import BY_NAME


def figures(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One healer's figures.

    `right ends` of all: mended rightly, handed over with nothing changed where a person must decide (or may),
    silent where nothing is wrong. `wrong mends`: said to be healed and not so, or something was changed that
    must not be.
    """
    told = [result for result in results if result["end"] != "no fault"]
    ends = [result["end"] for result in told]
    mendable = [result for result in told if result["expects"] == "mend"]
    mended = [result for result in told if result["end"] == "right mend"]
    found = {
        "faults": len(told),
        "right ends": _share(sum(result["right"] for result in told), len(told)),
        "right mends of the mendable": _share(sum(r["right"] for r in mendable), len(mendable)),
        "wrong mends": ends.count("wrong mend"),
        "hand-overs": ends.count("hand-over"),
        "false alarms": ends.count("false alarm"),
        "missed": ends.count("missed"),
        "no report": ends.count("no report"),
    }
    if mended:
        found["dbt runs per mend"] = round(statistics.mean(result["dbt_runs"] for result in mended), 1)
        found["most dbt runs of a mend"] = max(result["dbt_runs"] for result in mended)
        found["seconds per mend"] = round(statistics.median(result["seconds"] for result in mended), 1)
    return found | _classes(told)


def side_by_side(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures of several healers side by side, as a table of Markdown; found: healer → its figures."""
    names = list(dict.fromkeys(name for figures_of in found.values() for name in figures_of))
    rows = [["", *found], *([name, *(str(of.get(name, "-")) for of in found.values())] for name in names)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(found) + 1)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "0 of 0"


def _classes(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """How many classes were right, for healers that name one."""
    named = [(BY_NAME[r["name"]], r["report"]["class"]) for r in results if _class_of(r)]
    named = [(fault, label) for fault, label in named if fault.family != "NONE"]
    if not named:
        return {}
    leaf = sum(label in (fault.label, *fault.accept) for fault, label in named)
    families = sum(
        label.partition("/")[0] in {right.partition("/")[0] for right in (fault.label, *fault.accept)}
        for fault, label in named
    )
    return {"class right": _share(leaf, len(named)), "family right": _share(families, len(named))}


def _class_of(result: Mapping[str, Any]) -> str | None:
    told = result.get("report")
    return told.get("class") if isinstance(told, dict) and isinstance(told.get("class"), str) else None
