"""Column lineage of a project of 1,000 models that uses every construct, beside the peers.

    python -m benchmarks.lineage [--models 1000] [--data DIR] [--without PEER …] [--compiled TARGET …]

The project is generated and compiled by dbt once (kept in --data, else in the benchmarks' cache); that is
not counted. Its truth follows from how it is generated: what a construct's columns are made of has been seen
by running it (tests/golden/lineage). The peers get the manifest and the catalog that dbt wrote, and so do we;
each runs alone, in a process of its own, imports included. What a tool gets wrong is named on stderr. Of
other projects, given as their target folders, our coverage is printed: nobody knows their truth.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Measured, measure, report, standard_arguments
from benchmarks.lineage_peers import PEERS, read_edges, run_peer
from benchmarks.lineage_project import Project, lineage_project
from benchmarks.lineage_project.score import Score, score


def main() -> None:
    parser = standard_arguments(__doc__)
    parser.add_argument("--models", type=int, default=0, help="how many (1000; with --quick 250)")
    parser.add_argument("--data", type=Path, help="where the compiled project is kept")
    parser.add_argument("--without", nargs="*", choices=list(PEERS), default=[], help="peers to leave out")
    parser.add_argument(
        "--compiled", nargs="*", type=Path, default=[], help="target folders of other projects"
    )
    arguments = parser.parse_args()
    models = arguments.models or (250 if arguments.quick else 1000)
    project = lineage_project(arguments.data or _cache(), models=models)
    ours, our_score, our_run = _ours(project)
    peers, ratios = {}, {}
    for name in PEERS:
        if name in arguments.without:
            continue
        edges, run = run_peer(name, project.manifest, project.catalog)
        found = score(project, edges)
        _name_failing(name, found)
        peers[name] = {**_figures(run), **found.figures()}
        ratios[f"cpu of {name} to ours"] = round(run.cpu_s / our_run.cpu_s, 2)
        ratios[f"memory of {name} to ours"] = round(run.peak_mb / our_run.peak_mb, 2)
        ratios[f"inexact columns of {name}"] = found.columns - found.exact
    ratios["inexact columns of ours"] = our_score.columns - our_score.exact
    for target in arguments.compiled:
        ours[f"coverage of {target.resolve().parent.name}"] = _coverage(target)
    report("lineage", ours=ours, peers=peers, ratios=ratios, output=arguments.output)


def _cache() -> Path:
    return Path(os.environ.get("AIDBT_BENCHMARK_CACHE", Path.home() / ".cache" / "aidbt-benchmarks"))


def _ours(project: Project) -> tuple[dict[str, Any], Score, Measured]:
    answer, run = _run("cold", project.manifest, project.catalog)
    found = score(project, read_edges(answer["edges"]))
    _name_failing("ours", found)
    without, _ = _run("bare", project.manifest, project.catalog)
    again, _ = _run("again", project.manifest, project.catalog)
    coverage = answer["coverage"]
    unresolved = coverage.pop("unresolved")
    for finding in answer["findings"]:
        print(f"ours finds {finding}", file=sys.stderr)
    for node, columns, why in unresolved:
        print(f"ours leaves {node}: {', '.join(columns)}: {why}", file=sys.stderr)
    figures = {
        **_figures(run),
        "unchanged cpu_s": round(again["unchanged_s"], 3),
        "one changed leaf cpu_s": round(again["changed_leaf_s"], 3),
        "models read again for it": len(again["reread"]),
        **coverage,
        "columns unresolved and explained": sum(len(columns) for _, columns, why in unresolved if why),
        **found.figures(),
        **_row_figures(project, answer["rows"]),
        "columns exact % without a catalog of models": score(project, read_edges(without["edges"])).figures()[
            "columns exact %"
        ],
    }
    return figures, found, run


def _coverage(target: Path) -> dict[str, Any]:
    """What we know of a project of which nobody knows the truth, and why the rest is not known."""
    answer, run = _run("cold", target / "manifest.json", target / "catalog.json")
    return {**_figures(run), **answer["coverage"], "findings": answer["findings"]}


def _run(way: str, manifest: Path, catalog: Path) -> tuple[dict[str, Any], Measured]:
    with tempfile.TemporaryDirectory(prefix="aidbt-lineage-") as folder:
        answer = Path(folder) / "answer.json"
        module = "benchmarks.lineage_project.ours"
        run = measure([sys.executable, "-m", module, way, manifest, catalog, answer])
        return json.loads(answer.read_text(encoding="utf-8")), run


def _row_figures(project: Project, rows: dict[str, list[list[str]]]) -> dict[str, int]:
    """What decides the rows; of models that read no ephemeral one, whose filters may stand on either side."""
    found = missed = wrong = 0
    for node, truth in project.truth.items():
        parents = {parent for made_of in truth.edges.values() for parent, _ in made_of}
        if parents & project.ephemeral:
            continue
        needed = {(parent, column.lower()) for parent, column in truth.rows}
        free = {(parent, column.lower()) for parent, column in truth.free.get("(rows)", ())}
        said = {(parent, column.lower()) for parent, column in rows.get(node, ())}
        found, missed, wrong = (
            found + len(needed & said),
            missed + len(needed - said),
            wrong + len(said - needed - free),
        )
    return {"row uses found": found, "row uses missed": missed, "row uses wrong": wrong}


def _figures(run: Measured) -> dict[str, float]:
    return {"cpu_s": round(run.cpu_s, 1), "wall_s": round(run.wall_s, 1), "peak_mb": round(run.peak_mb)}


def _name_failing(name: str, found: Score) -> None:
    for construct, columns in sorted(found.failing.items()):
        print(f"{name}: {columns} columns are not exact in models of {construct}", file=sys.stderr)


if __name__ == "__main__":
    main()
