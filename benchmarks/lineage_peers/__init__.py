"""The peers of the lineage benchmark: each runs in a venv of its own, by `extract.py`."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import Measured, measure, peer_venv

LIMIT_S = 30 * 60
Edges = dict[str, dict[str, set[tuple[str, str]]]]
"""unique_id of a node → output column → the columns of other nodes that it is made of, all in lower case."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer: the venv it lives in and the function of `extract.py` that calls it."""

    venv: str
    requirements: tuple[str, ...]
    method: str


PEERS = {
    "dbt-colibri": Peer("dbt-colibri", ("dbt-colibri==0.3.7",), "colibri"),
    "recce": Peer("recce", ("recce==1.69.1",), "recce"),
    "sqlglot lineage": Peer("sqlglot", ("sqlglot==30.30.0",), "sqlglot"),
}


def run_peer(name: str, manifest: Path, catalog: Path) -> tuple[Edges, Measured]:
    """The edges a peer finds in a compiled project, and what that took, its imports included.

    Raises:
        SystemExit: the peer cannot be installed, or failed.
        subprocess.TimeoutExpired: it did not end in time.
    """
    peer = PEERS[name]
    python = peer_venv(peer.venv, peer.requirements)
    script = Path(__file__).with_name("extract.py")
    with tempfile.TemporaryDirectory(prefix="aidbt-peer-") as folder:
        answer = Path(folder) / "answer.json"
        run = measure(
            [python, script, peer.method, manifest, catalog, answer],
            env={"PYTHONPATH": ""},
            timeout_s=LIMIT_S,
        )
        return read_edges(json.loads(answer.read_text(encoding="utf-8"))), run


def read_edges(found: dict[str, dict[str, list[list[str]]]]) -> Edges:
    """The edges as `extract.py` wrote them; names are compared without case, as DuckDB does."""
    return {
        node: {
            column.lower(): {(parent, name.lower()) for parent, name in uses}
            for column, uses in columns.items()
        }
        for node, columns in found.items()
    }
