"""Everything that `make bench` runs has a quick form."""

from __future__ import annotations

from pathlib import Path

import benchmarks
from benchmarks.__main__ import HELPERS, names

FOLDER = Path(benchmarks.__file__).parent
_QUICK = "standard_arguments("


def test_what_make_bench_runs_takes_quick_and_the_rest_is_named_as_a_helper():
    takes_it = {path.stem for path in FOLDER.glob("*.py") if _QUICK in path.read_text()}

    packages = {path.parent.name for path in FOLDER.glob("*/__main__.py") if _QUICK in path.read_text()}
    assert set(names()) == (takes_it - HELPERS) | packages
    assert {f"{name}.py" for name in HELPERS} <= {path.name for path in FOLDER.glob("*.py")}
