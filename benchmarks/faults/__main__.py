"""How often is a mend right, and how often wrong? Real dbt projects are broken in two hundred real ways; a
healer is told to heal each, and an independent judge looks at tables, repository and tests. Beside it:
`dbt retry` with backoff, and `git revert HEAD`.

    python -m benchmarks.faults                      ours (`python -m benchmarks.heal_driver`) and both peers
    python -m benchmarks.faults --healer 'COMMAND'   any command that speaks the protocol (docs in README.md)
    python -m benchmarks.faults --healer revert --only typo_in_ref,renamed_email
    python -m benchmarks.faults --list
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import queue
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.common import report, standard_arguments
from benchmarks.faults.bench import Bench, FaultDidNotHappen
from benchmarks.faults.catalog import BY_NAME, FAULTS, QUICK
from benchmarks.faults.fault import Fault
from benchmarks.faults.figures import figures, side_by_side
from benchmarks.faults.healer import TIMEOUT_S, CommandHealer, Healer, RightHealer, built_in
from benchmarks.faults.landing import Calendar
from benchmarks.faults.sites import site_of
from benchmarks.faults.slot import DBT, Slot
from benchmarks.faults.warm_dbt import HEALER, warm_dbt
from tests.kit import ServerMissing

OURS = "benchmarks.heal_driver"


@dataclass(frozen=True, slots=True)
class Slots:
    """Where slots are made, how many of them at a time, and which dbt they run."""

    root: Path
    jobs: int
    dbt: Path


def main() -> None:
    args = _arguments().parse_args()
    faults = _chosen(args)
    if args.list:
        for fault in faults:
            print(f"{fault.name:40} {fault.label:36} {fault.expects:7} {fault.engine:9} {fault.title}")
        return
    names = args.healer or ["ours", "retry", "revert"]
    with _folder(args.keep) as root, warm_dbt() if args.warm_dbt else nullcontext(DBT) as dbt:
        ours = str(dbt.with_name(HEALER)) if args.warm_dbt else f"{shlex.quote(sys.executable)} -m {OURS}"
        healers = {name: _healer(name, ours, args.timeout) for name in names}
        lines = root / "results.jsonl"
        done = _read(lines)
        for result in _results(faults, healers, done, Slots(root, args.jobs, dbt)):
            with lines.open("a") as file:
                file.write(json.dumps(result) + "\n")
            _show(result)
            done.append(result)
    wanted = {fault.name for fault in faults}
    found = {
        name: figures([r for r in done if r["healer"] == name and r["name"] in wanted]) for name in healers
    }
    first, *others = found
    if args.output == "json":
        report("faults", ours=found[first], peers={n: found[n] for n in others}, ratios={}, output="json")
    else:
        sys.stdout.write(side_by_side(found) + "\n")
    if any(r["end"] == "no fault" for r in done):
        raise SystemExit(1)


def _arguments() -> argparse.ArgumentParser:
    parser = standard_arguments(__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--healer", action="append", metavar="COMMAND", help="also: retry, revert, nothing, right"
    )
    parser.add_argument("--only", default="", metavar="NAMES", help="names of faults, with commas")
    parser.add_argument("--engine", choices=["duckdb", "postgres", "spark"], help="only the faults on it")
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_S, help="seconds after which a healer is killed"
    )
    parser.add_argument(
        "--warm-dbt", action="store_true", help="start dbt and our healer once; not for figures of time"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many faults at a time")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work here; a later call goes on where this ends"
    )
    parser.add_argument("--list", action="store_true", help="list the faults and end")
    return parser


def _chosen(args: argparse.Namespace) -> list[Fault]:
    names = [name for name in args.only.split(",") if name] or (list(QUICK) if args.quick else list(BY_NAME))
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SystemExit(f"no such fault: {', '.join(unknown)}; --list shows all {len(FAULTS)}")
    return [BY_NAME[name] for name in names if args.engine in (None, BY_NAME[name].engine)]


def _healer(name: str, ours: str, timeout_s: float) -> Healer:
    if name == "right":
        return RightHealer()
    if name == "ours":
        if importlib.util.find_spec(OURS) is None:
            raise SystemExit(
                f"there is no {OURS} yet: name a healer with --healer (retry, revert, nothing, right)"
            )
        name = ours
    return CommandHealer(built_in(name) or name, timeout_s=timeout_s)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="aidbt-faults-") as name:
        yield Path(name)


def _read(path: Path) -> list[dict[str, Any]]:
    """What earlier calls found; a fault that did not happen is tried again."""
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [result for result in found if result["end"] != "no fault"]


def _results(
    faults: Sequence[Fault], healers: dict[str, Healer], done: Sequence[dict[str, Any]], slots: Slots
) -> Iterator[dict[str, Any]]:
    """Every result as it comes; site after site, each with as many slots as there are jobs."""
    there = {(result["name"], result["healer"]) for result in done}
    left = [fault for fault in faults if any((fault.name, healer) not in there for healer in healers)]
    calendar = Calendar(datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None))
    for name in sorted({fault.site for fault in left}):
        of_site = [fault for fault in left if fault.site == name]
        try:
            yield from _results_on(name, calendar, of_site, healers, there, slots)
        except ServerMissing as error:
            print(f"left out: {len(of_site)} faults on {name}: {error}", file=sys.stderr)


def _results_on(
    name: str,
    calendar: Calendar,
    faults: Sequence[Fault],
    healers: dict[str, Healer],
    there: set[tuple[str, str]],
    slots: Slots,
) -> Iterator[dict[str, Any]]:
    """The results on one site; those that are `there` are not told again."""
    # A server is one for all, and faults stop it.
    count = min(slots.jobs, len(faults)) if faults[0].engine == "duckdb" else 1
    with site_of(name, calendar) as site, ThreadPoolExecutor(count) as pool:
        free: queue.Queue[Bench] = queue.Queue()
        for number in range(count):
            slot = Slot(slots.root / f"{name}{number}", executable=slots.dbt)
            bench = Bench(slot, site, healers)
            bench.prepare()
            free.put(bench)
        for waiting in as_completed([pool.submit(_run, free, fault) for fault in faults]):
            found = waiting.result()
            yield from (result for result in found if (result["name"], result["healer"]) not in there)


def _run(free: queue.Queue[Bench], fault: Fault) -> list[dict[str, Any]]:
    bench = free.get()
    try:
        return [{"healer": name, **result.as_json()} for name, result in bench.run(fault).items()]
    except (FaultDidNotHappen, subprocess.TimeoutExpired) as error:
        gone = {"name": fault.name, "label": fault.label, "expects": fault.expects, "end": "no fault"}
        return [{"healer": name, **gone, "right": False, "reasons": [str(error)]} for name in bench.healers]
    finally:
        free.put(bench)


def _show(result: dict[str, Any]) -> None:
    mark = "ok" if result["right"] else "--"
    why = "" if result["right"] else f": {'; '.join(result['reasons'][:3])}"
    print(
        f"{mark} {result['healer']:10} {result['name']:40} {result['end']}{why}", file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    main()
