"""`python -m benchmarks [--quick]`: every benchmark, one after the other; exits 1 when one cannot run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HELPERS = {
    "__init__",
    "__main__",
    "anomaly_ceiling",
    "anomaly_data",
    "anomaly_weights",
    "common",
    "database_instances",
    "fit_classifier",
    "fit_matcher",
    "heal_driver",
    "query_answers",
}


def names() -> list[str]:
    """What `make bench` runs, each with `--quick`."""
    folder = Path(__file__).parent
    packages = {path.parent.name for path in folder.glob("*/__main__.py")}
    return sorted({path.stem for path in folder.glob("*.py")} - HELPERS | packages)


def main() -> None:
    failed = [
        name
        for name in names()
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=False).returncode
    ]
    if failed:
        raise SystemExit(f"could not run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
