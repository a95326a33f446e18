"""Virtual environments with other versions of dbt, made once and kept outside the repository. Free of pytest.

They stand in the folder that `AIDBT_TEST_CACHE` names, by default `~/.cache/aidbt-tests`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.patch import write_lock

ROOT = Path(__file__).resolve().parents[1]
# The newest duckdb that each adapter was released for; the light core has no dbt at all.
VERSIONS: dict[str, tuple[str, ...]] = {
    "1.10": ("dbt-core>=1.10.8,<1.11", "dbt-duckdb==1.10.*", "duckdb>=1.4,<2"),
    "1.11": ("dbt-core==1.11.*", "dbt-duckdb==1.11.*", "duckdb>=2,<3"),
    "1.12": ("dbt-core==1.12.*", "dbt-duckdb==1.11.*", "duckdb>=2,<3"),
}
# It downloads a binary from GitHub while it is built, and dbt works without it.
LEFT_OUT = "dbt-core-experimental-parser"
