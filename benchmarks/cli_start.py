"""Claim: `aidbt --help` and `aidbt generate --help` take at most 0.5 s CPU each, beside `dbt --version`."""

from __future__ import annotations

import statistics
import sys

from benchmarks.common import Measured, measure, report, standard_arguments

RUNS = {"quick": 3, "full": 10}


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    python = sys.executable
    commands = {
        "aidbt --help": [python, "-m", "aidbt", "--help"],
        "aidbt generate --help": [python, "-m", "aidbt", "generate", "--help"],
        "dbt --version": [python, "-m", "dbt.cli.main", "--version"],
    }
    taken: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(RUNS["quick" if arguments.quick else "full"]):
        for name, command in commands.items():  # interleaved, so that a busy machine slows all alike
            taken[name].append(measure(command))
    middle = {
        name: {
            "cpu_s": round(statistics.median(run.cpu_s for run in runs), 3),
            "wall_s": round(statistics.median(run.wall_s for run in runs), 3),
            "peak_mb": round(max(run.peak_mb for run in runs)),
        }
        for name, runs in taken.items()
    }
    ours = {f"{n}: {k}": v for n in ("aidbt --help", "aidbt generate --help") for k, v in middle[n].items()}
    peer = middle["dbt --version"]
    report(
        "cli_start",
        ours=ours,
        peers={"dbt --version": peer},
        ratios={
            f"{name} cpu / dbt --version cpu": round(middle[name]["cpu_s"] / peer["cpu_s"], 3)
            for name in ("aidbt --help", "aidbt generate --help")
        },
        output=arguments.output,
    )


if __name__ == "__main__":
    main()
