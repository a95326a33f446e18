"""Claim: what is odd is found on data that nobody tuned for, with few false alarms, and better than by the
rules of Elementary, Deequ, re_data and fixed bounds.

`--data DIR` holds a set (see `benchmarks/anomaly_sets`), or folders of sets; real series without labels are
taken from its folder `real/`. Without it the sets are made here, one for each family of businesses. The
threshold comes from the one knob that people have, `--false-alarms`, never from labels. `--predict OUT`
writes table, metric, day, score, alert and incident as parquet: to OUT where it ends in .parquet and one set
is judged, else to `OUT/<set>.parquet`.

`recall_inc_at_1` is the largest share of incidents that any one threshold on the score finds with at most one
false alarm per 100 monitors and week; the other figures are of the alerts as they would be sent.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aidbt.core.config import MonitorSettings
from aidbt.monitors.detectors.registry import DETECTORS, Detector, open_detector
from aidbt.monitors.incidents.grouping import incident_ids
from aidbt.monitors.judging.checking import odd_buckets
from benchmarks.anomaly_sets import LabelledSet, read_set, sets_in
from benchmarks.anomaly_sets.figures import figures
from benchmarks.anomaly_sets.made import MIXES, make_set
from benchmarks.anomaly_sets.peers import PEERS
from benchmarks.anomaly_sets.real import RIVAL, SNOW_STORM, alerted_days, real_series, rival_days
from benchmarks.common import report, standard_arguments

QUICK_MIXES = ("everyday", "calendars")
# Figure → what it should be at least, or at most.
AT_LEAST = {"f1_mon": 0.85, "ap": 0.85, "recall_inc_at_1": 0.92, "recall_inc": 0.80}
AT_MOST = {"false_alarms": 0.5, "false_alarms_cold": 0.3, "alert_incidents_per_hit": 1.3}
SHOWN = (*AT_LEAST, "recall_inc_at_0.5", *AT_MOST)


def main() -> None:
    chosen = arguments(sys.argv[1:])
    detector = open_detector(chosen.detector)
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as scratch:
        folders = set_folders(chosen, Path(scratch))
        judged = {data.name: data for data in map(read_set, folders)}
    ours = {name: judge_ours(data, detector, chosen) for name, data in judged.items()}
    unlabelled = {name: ours.pop(name) for name, data in judged.items() if not data.is_labelled}
    judged = {name: judged[name] for name in ours}
    if not judged:
        report("anomaly", ours=unlabelled, peers={}, ratios={}, output=chosen.output)
        return
    peers = {} if chosen.no_peers else {name: _peer(name, judged) for name in PEERS}
    real = _real(chosen, detector)
    shown = {**_summary(ours), **({"real": real} if real else {}), "sets": ours, **unlabelled}
    theirs = {name: {**_means(of), "sets": of} for name, of in peers.items()}
    ratios = _ratios(shown, theirs)
    if chosen.output == "text":
        shown, theirs = _lines(shown), {name: _means(of_peer["sets"]) for name, of_peer in theirs.items()}
    report("anomaly", ours=shown, peers=theirs, ratios=ratios, output=chosen.output)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = standard_arguments(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="a set, or a folder of sets; made ones by default")
    add("--predict", type=Path, metavar="OUT", help="write what was found of every day there")
    add("--detector", choices=DETECTORS.names(), default="statistical")
    add(
        "--false-alarms", type=float, default=MonitorSettings().false_alarms, metavar="N", help="the one knob"
    )
    add("--seed", type=int, default=0, metavar="N", help="other made sets of the same kinds")
    add("--no-peers", action="store_true", help="ours alone")
    return parser.parse_args(words)


def set_folders(chosen: argparse.Namespace, scratch: Path) -> list[Path]:
    """The sets to judge, made where none are given.

    Raises:
        SystemExit: the folder holds none.
    """
    if chosen.data is None:
        mixes = [mix for mix in MIXES if not chosen.quick or mix.name in QUICK_MIXES]
        return [make_set(mix, scratch, seed=chosen.seed) for mix in mixes]
    found = sets_in(chosen.data)
    if not found:
        raise SystemExit(f"no set in {chosen.data}: a set is a folder with series.parquet")
    return found


# --- ours -------------------------------------------------------------------------------------------------


def judge_ours(data: LabelledSet, detector: Detector, chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures of one set, of one without labels how much was found; that is written where asked for."""
    started = time.process_time()
    found = detector.scores(data.history)
    alerts = odd_buckets(data.history, found, detector.threshold(chosen.false_alarms))
    scores = found.score
    cpu_s = time.process_time() - started
    monitors = data.history.monitors
    node_of = {table: monitor.node for monitor, (table, _) in zip(monitors, data.keys, strict=True)}
    parents = {
        node_of[child]: [node_of[parent] for parent in above if parent in node_of]
        for child, above in data.lineage.items()
        if child in node_of
    }
    incidents = incident_ids(monitors, parents, alerts, scores)
    if chosen.predict:
        _write(prediction_path(chosen, data.name), data, scores, alerts, incidents)
    shared = {"monitors": len(monitors), "cpu_s": round(cpu_s, 2)}
    if not data.is_labelled:
        return {"alerts": int(alerts.sum()), "incidents": len(set(incidents[alerts].tolist())), **shared}
    return {**figures(data, scores, alerts, incidents), **shared}


def prediction_path(chosen: argparse.Namespace, name: str) -> Path:
    """Where the predictions of a set are written.

    Raises:
        SystemExit: one file was named and there are several sets.
    """
    out: Path = chosen.predict
    if out.suffix != ".parquet":
        return out / f"{name}.parquet"
    if chosen.data is None or len(sets_in(chosen.data)) > 1:
        raise SystemExit(f"--predict {out} is one file and there are several sets: name a folder")
    return out


def _write(
    path: Path, data: LabelledSet, scores: np.ndarray, alerts: np.ndarray, incidents: np.ndarray
) -> None:
    count = scores.shape[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(
        {
            "table": np.repeat([table for table, _ in data.keys], count),
            "metric": np.repeat([metric for _, metric in data.keys], count),
            "day": np.tile(np.arange(count), len(data.keys)),
            "score": scores.ravel().astype(float),
            "alert": alerts.ravel(),
            "incident": incidents.ravel(),
        }
    )
    frame.to_parquet(path, index=False)


# --- peers ------------------------------------------------------------------------------------------------


def _peer(name: str, judged: dict[str, LabelledSet]) -> dict[str, dict[str, Any]]:
    found = {}
    for of, data in judged.items():
        scores = PEERS[name].scores(data.history.values)
        found[of] = figures(data, scores, scores > PEERS[name].threshold)
    return found


def _real(chosen: argparse.Namespace, detector: Detector) -> dict[str, Any]:
    """Days alerted on, ours and Elementary's, of each real series; empty where there are none."""
    folders = [] if chosen.data is None else [chosen.data / "real", chosen.data.parent / "real"]
    folder = next((path for path in folders if path.is_dir()), None)
    found: dict[str, Any] = {}
    for series in real_series(folder) if folder else []:
        days = alerted_days(series, detector, chosen.false_alarms)
        found[series.name] = {"days": len(series.days), "ours": len(days), RIVAL: len(rival_days(series))}
        if series.name == SNOW_STORM[0]:
            found[series.name]["snow storm caught"] = sum(day in days for day in SNOW_STORM[1])
            found[series.name]["alerts on"] = ", ".join(map(str, days))
    return found


# --- what is shown ----------------------------------------------------------------------------------------


def _means(sets: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The mean of every figure over the sets; those without faults count for false alarms only."""
    found = {}
    for name in SHOWN:
        counted = [of[name] for of in sets.values() if of[name] is not None]
        if name in ("f1_mon", "recall_inc"):
            counted = [of[name] for of in sets.values() if of["incidents"]]
        if counted:
            found[name] = round(float(np.mean(counted)), 3)
    return found


def _summary(sets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The means, what falls short of the goals, and the cost."""
    means = _means(sets)
    short = [
        f"{name} {means[name]} < {goal}" for name, goal in AT_LEAST.items() if means.get(name, goal) < goal
    ]
    short += [f"{name} {means[name]} > {goal}" for name, goal in AT_MOST.items() if means.get(name, 0) > goal]
    faulty = {name: of["f1_mon"] for name, of in sets.items() if of["incidents"]}
    worst = min(faulty, key=lambda name: faulty[name], default="")
    return {
        **means,
        **({"worst set": f"{worst} {faulty[worst]}"} if len(faulty) > 1 else {}),
        "short of goals": short or "none",
        "cpu_s": round(sum(of["cpu_s"] for of in sets.values()), 2),
    }


def _lines(found: dict[str, Any]) -> dict[str, Any]:
    """The figures for reading: a line for each set, what it found of each kind, and what was false."""
    lines = {name: value for name, value in found.items() if name not in ("sets", "real")}
    for name, of_set in found["sets"].items():
        lines[name] = ", ".join(f"{key} {of_set[key]}" for key in SHOWN if of_set[key] is not None)
        lines[f"{name}: found"] = ", ".join(f"{kind} {share}" for kind, share in of_set["kinds"].items())
        lines[f"{name}: false"] = of_set["false_by_metric"] | of_set["false_by_cause"]
    for name, of_series in found.get("real", {}).items():
        lines[name] = ", ".join(f"{key} {value}" for key, value in of_series.items())
    return lines


def _ratios(ours: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ours beside the best peer of each figure."""
    found: dict[str, Any] = {}
    for name in ("f1_mon", "ap", "recall_inc_at_1"):
        theirs = [of[name] for of in peers.values() if of.get(name)]
        if theirs and ours.get(name) is not None:
            found[f"{name} ours / best peer"] = round(ours[name] / max(theirs), 2)
    quiet = [of["false_alarms"] for of in peers.values() if of.get("f1_mon", 0) >= 0.4]
    if quiet and ours.get("false_alarms"):
        found["false alarms of the quietest peer with F1 >= 0.4 / ours"] = round(
            min(quiet) / ours["false_alarms"], 1
        )
    return found


if __name__ == "__main__":
    main()
