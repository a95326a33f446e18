"""Help is instant: asking for it imports nothing heavy, and neither does opening a project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = [
    "adbc_driver_postgresql",
    "dbt",
    "duckdb",
    "httpx2",
    "jinja2",
    "jsonschema_rs",
    "matplotlib",
    "metricflow",
    "numpy",
    "onnx",
    "onnxruntime",
    "openai",
    "pandas",
    "plotext",
    "pyarrow",
    "textual",
    "tokenizers",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "sqlglot",
    "torch",
]

INVOKE = """\
import sys, json
from click.testing import CliRunner
from aidbt.cli.main import cli
result = CliRunner().invoke(cli, json.loads(sys.argv[1]))
assert result.exit_code == 0, (result.output, result.exception)
assert result.output.startswith("Usage: "), result.output
"""


def heavy_after(code: str, *args: str) -> list[str]:
    """The heavy modules that a new Python process has imported after running `code`."""
    report = f"\nimport sys, json; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code + report, *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_heavy_imports_would_be_seen():
    assert heavy_after("import sqlglot") == ["sqlglot"]


@pytest.mark.parametrize("code", ["import aidbt", "import aidbt.cli.main", "import aidbt.session"])
def test_importing_the_entry_points_imports_nothing_heavy(code: str):
    assert heavy_after(code) == []


def commands() -> list[str]:
    from aidbt.cli.main import COMMANDS

    return list(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *(
            pytest.param([name, "--help"], marks=() if name in ("generate", "heal") else pytest.mark.long)
            for name in commands()
        ),
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(arguments: list[str]):
    assert heavy_after(INVOKE, json.dumps(arguments)) == []


def test_opening_a_project_and_its_settings_imports_nothing_heavy(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "aidbt.yml").write_text("generate: {tests: none}\n")

    code = "import sys, aidbt; assert aidbt.open(sys.argv[1]).settings.values.generate.tests == 'none'"

    assert heavy_after(code, str(tmp_path)) == []
