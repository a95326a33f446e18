"""Claim: adopting a project of 300 models and 40 sources takes at most 10 s CPU, finds the team's rules and
explains its renames, and generating then proposes no change to anything that is staged. Measured on three
synthetic projects in the style of real conventions (`benchmarks/adopt_corpus`), whose truth is known.

No peer learns conventions: beside ours stand dbt's usual ways, which is what a tool without adoption has.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from aidbt.core.config import ConventionSettings, DbtSettings
from aidbt.core.schema import Column
from aidbt.generate.adoption.learn import Adoption, adopt
from aidbt.mapping.files import load_mappings
from aidbt.project import open_project
from aidbt.project.conventions import column_name
from benchmarks.adopt_corpus import STYLES, write_project
from benchmarks.common import measure, report, standard_arguments

AIDBT = [sys.executable, "-m", "aidbt"]


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    scale = 0.2 if arguments.quick else 1.0
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {"dbt's usual ways, nothing learned": {}}
    for style in STYLES:
        with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
            root = Path(folder) / "project"
            truth = write_project(root, style, scale=scale)
            _commit(root)
            figures, peer = _adopted(root, truth)
            ours |= {f"{style}: {name}": value for name, value in figures.items()}
            peers["dbt's usual ways, nothing learned"] |= {f"{style}: {n}": v for n, v in peer.items()}
    slowest = max(value for name, value in ours.items() if name.endswith("init cpu_s"))
    report(
        "adopt", ours=ours, peers=peers, ratios={"slowest init cpu_s / 10 s": round(slowest / 10, 2)},
        output=arguments.output,
    )  # fmt: skip


def _commit(root: Path) -> None:
    who = ["-c", "user.name=Team", "-c", "user.email=team@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "theirs"]):
        subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def _adopted(root: Path, truth: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = measure([*AIDBT, "init", "."], cwd=root)
    learned = adopt(open_project(root), DbtSettings(), dialect="duckdb")
    rules = learned.names.rules.model_copy(update={"table_prefixes": list(learned.layout.table_prefixes)})
    measure([*AIDBT, "generate", *_selected(truth)], cwd=root, check=False)
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    removed = [line for line in _git(root, "diff", "--unified=0") if line[:1] == "-" and line[:3] != "---"]
    right, named = _names_of_new_tables(root, truth)
    usual = _usual_names(truth)
    explained, renamed = _renames(learned)
    figures = {
        "init cpu_s": round(found.cpu_s, 2),
        "init wall_s": round(found.wall_s, 2),
        "rules found": _rules_found(rules, truth),
        "casts found": _casts_found(rules, truth),
        "renames explained": f"{explained} of {renamed} ({explained / renamed:.1%})",
        "layout found": f"{_layout_found(learned, truth)} of 4",
        "columns of new tables named as the team would": f"{right} of {named} ({right / named:.1%})",
        "new models at the team's paths": _new_models(root, truth),
        "staged models changed": sum(line[3:] in _staged_paths(truth) for line in changed),
        "lines removed from anything": len(removed),
    }
    return figures, {
        "columns of new tables named as the team would": f"{usual} of {named} ({usual / named:.1%})"
    }


def _selected(truth: Any) -> list[str]:
    sources = dict.fromkeys(table["source"] for table in truth["unstaged"])
    return [word for source in sources for word in ("-s", f"source:{source}")]


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def _staged_paths(truth: Any) -> set[str]:
    return {model["path"] for model in truth["staging"].values()}


# The setting that holds the rule for a kind of raw column, as the truth calls the kinds.
_SETTINGS = {
    "key": "key", "reference": "foreign_key", "cents": "cents", "amount": "amount", "flag": "boolean",
    "is_flag": "boolean", "date": "date", "moment": "timestamp",
}  # fmt: skip


def _rules_found(rules: ConventionSettings, truth: Any) -> str:
    """Of the rules that rename columns, those that stand in the learned conventions."""
    wanted = [rule for rule in truth["rules"] if rule["renames"] > 0]
    return f"{sum(_is_found(rule, rules) for rule in wanted)} of {len(wanted)}"


def _is_found(rule: Any, rules: ConventionSettings) -> bool:
    kind, form = rule["kind"], rule["to"].replace("{stem}", "{name}")
    if kind == "entity_word":
        return {"name", "status", "type"} <= set(rules.entity_words)
    if kind in _SETTINGS:
        return bool(getattr(rules, _SETTINGS[kind]) == form)
    return rules.renames.get(kind) == form


def _casts_found(rules: ConventionSettings, truth: Any) -> str:
    """Of the kinds of columns that pass through a cast or an expression, those that a rule casts."""
    wanted = [rule for rule in truth["rules"] if rule["casts"] > 0]
    cast = {*rules.casts, *rules.expressions}
    names = {**_SETTINGS, "entity_word": "text", "measure": "number"}
    good = sum(names.get(rule["kind"], rule["kind"]) in cast for rule in wanted)
    return f"{good} of {len(wanted)}"


def _renames(learned: Adoption) -> tuple[int, int]:
    kept = learned.names.explained.get("kept", 0)
    return learned.names.columns - len(learned.names.odd) - kept, learned.names.columns - kept


def _layout_found(learned: Adoption, truth: Any) -> int:
    names = {
        "model_name": "staging_model",
        "model_file": "staging_path",
        "models_file": "models_yaml",
        "sources_file": "sources_yaml",
    }
    return sum(learned.layout.settings.get(ours) == truth["layout"][theirs] for ours, theirs in names.items())


def _names_of_new_tables(root: Path, truth: Any) -> tuple[int, int]:
    """How many columns of the new staging models are called as the team would call them; all of them."""
    mappings = load_mappings(root)
    right = total = 0
    for table in truth["unstaged"]:
        mapping = mappings.get(f"{table['source']}.{table['table']}")
        named = {c.sources[0]: c.target for c in mapping.selected() if c.sources} if mapping else {}
        for raw, staged in table["columns"].items():
            if staged is not None:
                total += 1
                right += named.get(raw) == staged
    return right, total


def _usual_names(truth: Any) -> int:
    """The same by dbt's usual ways."""
    return sum(
        column_name(Column(raw), entity=table["table"], source=table["source"]).name == staged
        for table in truth["unstaged"]
        for raw, staged in table["columns"].items()
    )


def _new_models(root: Path, truth: Any) -> str:
    there = sum((root / table["path"]).exists() for table in truth["unstaged"])
    return f"{there} of {len(truth['unstaged'])}"


if __name__ == "__main__":
    main()
