"""Claim: watching 20 models of 200,000 rows and 12 columns costs at most 2 s of CPU above a bare dbt run with
four monitors each, and at most 5 s with all columns; a day more costs what is new only; a year of 1,000
models of 20 columns is scored in at most 60 s of CPU and 2 GB.

The peer is Elementary, as a package of the same dbt project. Its dbt package is on GitHub only: where that
cannot be reached it is not measured: the benchmark says so and exits non-zero (`--no-peers` leaves it out).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import measure, report, standard_arguments

MODELS = {"quick": 4, "full": 20}
ROWS = {"quick": 50_000, "full": 200_000}
NODES = {"quick": 50, "full": 1_000}
COLUMNS, BUCKETS = 20, 365
ROUNDS = {"quick": 1, "full": 3}

PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", threads: 2}
"""
PROJECT = """\
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
models: {+materialized: table, +event_time: ordered_at}
"""
# A year up to yesterday, rows in the order of time, as they arrive.
MODEL = """\
select
    i as order_id, (hash(i * 7 + {n}) % 5000)::int as customer_id,
    date_trunc('second', current_date::timestamp - to_seconds((({rows} - i) * 31536000.0 / {rows})::bigint))
        as ordered_at,
    ((hash(i * 3 + {n}) % 1000000) / 100)::decimal(12, 2) as amount, (hash(i + {n}) % 1000)::int as quantity,
    (hash(i * 11) % 100000) / 100.0 as weight,
    ['new', 'paid', 'sent', 'done'][1 + (hash(i * 5) % 4)::int] as status,
    ['de', 'fr', 'it', 'us', 'pl'][1 + (hash(i * 13) % 5)::int] as country, hash(i * 17) % 2 = 0 as is_gift,
    case when hash(i * 19) % 10 > 2 then 'note ' || (hash(i * 23) % 10000)::varchar end as note,
    date '2020-01-01' + (hash(i * 29) % 1500)::int as first_seen, md5(i::varchar) as token
from range({rows}) r(i)
"""
# Four monitors: rows, age, share of nulls and mean of one column.
FOUR = "monitors: {columns: described}\n"
ALL = "monitors: {}\n"
HISTORY = """
import sys
from pathlib import Path
from benchmarks.monitor_cost import score_history
score_history(Path(sys.argv[1]), int(sys.argv[2]))
"""
MAKE_HISTORY = """
import sys
from pathlib import Path
from benchmarks.monitor_cost import make_history
make_history(Path(sys.argv[1]), int(sys.argv[2]))
"""


def main() -> None:
    parser = standard_arguments(__doc__)
    parser.add_argument("--no-peers", action="store_true", help="leave the peer out")
    arguments = parser.parse_args()
    size = "quick" if arguments.quick else "full"
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
        collected = collecting(Path(folder) / "shop", size)
        scored = scoring(Path(folder) / "history.db", NODES[size])
    report(
        "monitor_cost",
        ours={
            "models": MODELS[size],
            "rows each": ROWS[size],
            **collected,
            "history models": NODES[size],
            **scored,
        },
        peers={},
        ratios={},
        output=arguments.output,
    )
    if not arguments.no_peers:
        raise SystemExit(
            "the peer Elementary was not measured: the wheel elementary-data holds the project of its report"
            " only, and the dbt package with its monitors is on GitHub, which cannot be reached from here"
        )


# --- collecting -------------------------------------------------------------------------------------------


def collecting(root: Path, size: str) -> dict[str, Any]:
    """CPU seconds of dbt's run, and of collecting after it, the best of some rounds."""
    make_project(root, MODELS[size], ROWS[size])
    dbt: list[str | Path] = [
        Path(sys.executable).parent / "dbt",
        "run",
        "--project-dir",
        root,
        "--profiles-dir",
        root,
        "--quiet",
    ]
    measure(dbt)  # the first run parses
    figures: dict[str, list[float]] = {}
    for _ in range(ROUNDS[size]):
        figures.setdefault("dbt run cpu_s", []).append(measure(dbt).cpu_s)
        for name, settings in (("four monitors", FOUR), ("all columns", ALL)):
            (root / "aidbt.yml").write_text(settings)
            (root / ".aidbt" / "state.db").unlink(missing_ok=True)
            for step in ("first", "again"):
                cpu_s, rows = _collect(root, MODELS[size])
                figures.setdefault(f"{name} {step} cpu_s", []).append(cpu_s)
                figures.setdefault(f"{name} {step} rows read", []).append(rows)
    return {name: round(min(values), 2) for name, values in figures.items()}


def _collect(root: Path, models: int) -> tuple[float, int]:
    """CPU seconds of one collection, and the rows that are in the buckets that it measured."""
    command = [sys.executable, "-m", "aidbt", "monitor", "collect", "--output", "json"]
    done = measure([*command, "--project-dir", root, "--profiles-dir", root])
    measured = json.loads(done.stdout)["measured"]
    if len(measured) != models:
        raise SystemExit(f"not all models were measured: {done.stdout[:500]}")
    return done.cpu_s, sum(each["rows"] for each in measured)


def make_project(root: Path, models: int, rows: int) -> None:
    """A dbt project whose models are made of nothing but numbers."""
    (root / "models").mkdir(parents=True)
    (root / "profiles.yml").write_text(PROFILES)
    (root / "dbt_project.yml").write_text(PROJECT)
    described = []
    for n in range(models):
        (root / "models" / f"orders_{n}.sql").write_text(MODEL.format(n=n, rows=rows))
        described.append(f"  - {{name: orders_{n}, columns: [{{name: amount}}]}}")
    (root / "models" / "schema.yml").write_text("models:\n" + "\n".join(described) + "\n")


# --- scoring a long history -------------------------------------------------------------------------------


def scoring(path: Path, nodes: int) -> dict[str, Any]:
    """CPU seconds and memory of reading a year of buckets, making metrics of them and scoring those."""
    made = measure([sys.executable, "-c", MAKE_HISTORY, path, str(nodes)])
    scored = measure([sys.executable, "-c", HISTORY, path, str(nodes)])
    return {
        "history written cpu_s": round(made.cpu_s, 1),
        "history mb": round(path.stat().st_size / 1e6),
        "history scored cpu_s": round(scored.cpu_s, 1),
        "history scored peak_mb": round(scored.peak_mb),
        "monitors scored": int(scored.stdout.split()[-1]),
    }


def make_history(path: Path, nodes: int) -> None:
    """A year of buckets of models with 20 columns, with weekdays, noise and a tree of lineage."""
    from datetime import datetime, timedelta

    import numpy as np

    from aidbt.core.measured import Bucket
    from aidbt.store import open_store
    from aidbt.store.buckets import Buckets

    store = open_store(path)
    rng = np.random.default_rng(7)
    first = datetime(2025, 1, 1)
    week = np.array([1, 1.05, 1.1, 1.05, 1, 0.5, 0.4])
    for node in range(nodes):
        volume = rng.poisson(rng.uniform(200, 5000) * week[np.arange(BUCKETS) % 7]).astype(float)
        nulls = rng.binomial(volume[:, None].astype(int), 0.03, (BUCKETS, COLUMNS)).astype(float)
        buckets = []
        for day in range(BUCKETS):
            facts: dict[tuple[str, str], float] = {
                ("rows", ""): float(volume[day]),
                ("event_age_s", ""): float(rng.integers(0, 900)),
            }
            facts |= {("nulls", f"column_{c}"): float(nulls[day, c]) for c in range(COLUMNS)}
            buckets.append(Bucket(f"model.shop.m{node}", "day", first + timedelta(days=day), facts))
        Buckets(store).put(buckets)
    store.close()


def score_history(path: Path, nodes: int) -> None:
    """Score every monitor of a year, as a check does."""
    from aidbt.monitors.detectors.statistical import StatisticalDetector
    from aidbt.monitors.histories import history_of
    from aidbt.store import open_store
    from aidbt.store.buckets import Buckets

    store = open_store(path)
    upstream: Mapping[str, list[str]] = {
        f"model.shop.m{n}": [f"model.shop.m{n // 2}"] for n in range(1, nodes)
    }
    history = history_of(list(Buckets(store).read(None, "day")), upstream=upstream)
    assert history is not None
    scores = StatisticalDetector().scores(history)
    assert scores.score.shape == history.values.shape
    store.close()
    print(len(history.monitors))


if __name__ == "__main__":
    main()
