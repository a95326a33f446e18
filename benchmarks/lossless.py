"""Claim: adding a test to every column of hand-written dbt YAML changes no byte that is not its own. Beside
dbt-osmosis, which adds one missing column to each of the same models, and a plain ruamel.yaml round trip.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import duckdb

from aidbt.core.config import parse_yaml
from aidbt.patching import AddItem, Change, SetKey, edit_yaml_where_possible
from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments
from benchmarks.generate import REQUIREMENTS

SIZES = {"quick": (1, 3), "full": (4, 8)}  # files of each style, models in each
COLUMNS = ("id", "customer_id", "status", "amount", "is_gift", "note", "ordered_at", "region")
MISSING = "added_later"  # stands in the warehouse only
TEST = "dbt_utils.not_empty_string"
PEER_LIMIT_S = 20 * 60
# What makes dbt-osmosis add the missing column and leave as much of the rest alone as it can.
CAREFUL = (
    "--skip-add-data-types", "--skip-add-tags", "--skip-merge-meta", "--skip-inherit-descriptions",
    "--prefer-yaml-values", "--use-unrendered-descriptions", "--no-scaffold-empty-configs",
    "--keep-eof-blank-lines",
)  # fmt: skip
ROUND_TRIP = """
import sys
from pathlib import Path
from ruamel.yaml import YAML
careful = sys.argv[1] == "careful"
for path in map(Path, sys.argv[2:]):
    yaml = YAML()
    if careful:
        yaml.preserve_quotes, yaml.width = True, 4096
        yaml.indent(mapping=2, sequence=4, offset=2)
    value = yaml.load(path.read_bytes())
    with path.open("wb") as file:
        yaml.dump(value, file)
"""


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    files, models = SIZES["quick" if arguments.quick else "full"]
    python = peer_venv("dbt-osmosis", REQUIREMENTS)
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name:
        folder = Path(name)
        corpus = make_project(folder / "corpus", files, models)
        ours = {
            "styles": len(STYLES),
            "files": len(corpus),
            "models": len(corpus) * models,
            "columns": len(corpus) * models * len(COLUMNS),
            "bytes": sum(map(len, corpus.values())),
            "foreign bytes changed": 0,
        }
        for job, changes in JOBS.items():
            ours |= {f"{job}: {what}": value for what, value in _ours(corpus, changes).items()}
            ours["foreign bytes changed"] += ours[f"{job}: foreign bytes changed"]
        peers = {
            f"ruamel.yaml, {kind} round trip": _round_trip(python, corpus, _copy(folder, kind), kind)
            for kind in ("plain", "careful")
        }
        for command in ("document",) if arguments.quick else ("document", "refactor"):
            peers[f"dbt-osmosis yaml {command}"] = _osmosis(python, corpus, _copy(folder, command), command)
    report(
        "lossless",
        ours=ours,
        peers=peers,
        ratios={
            f"share of bytes changed by {name}": round(figures["foreign bytes changed"] / ours["bytes"], 4)
            for name, figures in peers.items()
        },
        output=arguments.output,
    )


# --- ours -------------------------------------------------------------------------------------------------


def a_test_for_every_column(text: str) -> list[Change]:
    key = "data_tests" if "data_tests" in text else "tests"
    changes: list[Change] = []
    for model in parse_yaml(text, "corpus")["models"]:
        for column in model["columns"]:
            at = ("models", {"name": model["name"]}, "columns", {"name": column["name"]})
            if key in column:
                changes.append(AddItem((*at, key), TEST))
            else:
                changes.append(SetKey(at, key, [TEST], after=("name", "description", "data_type")))
    return changes


def a_column_for_every_model(text: str) -> list[Change]:
    return [
        AddItem(("models", {"name": model["name"]}, "columns"), {"name": MISSING})
        for model in parse_yaml(text, "corpus")["models"]
    ]


JOBS = {
    "a test for every column": a_test_for_every_column,
    "a column for every model": a_column_for_every_model,
}


def _ours(corpus: dict[str, bytes], changes_of: Callable[[str], list[Change]]) -> dict[str, Any]:
    found: Counter[str] = Counter()
    cpu_s = 0.0
    for path, before in corpus.items():
        text = before.decode()
        changes = changes_of(text)
        started = time.process_time()
        edited = edit_yaml_where_possible(text, changes, path=path)
        cpu_s += time.process_time() - started
        made = len(changes) - len(edited.refused)
        if edited.text.count(TEST) + edited.text.count(MISSING) != made:
            raise SystemExit(f"{path}: not every change is there")
        found["made"] += made
        found["left to a person (aliases)"] += len(edited.refused)
        found["foreign bytes changed"] += foreign_bytes(before, edited.text.encode())
    return {
        "made": found["made"],
        "left to a person (aliases)": found["left to a person (aliases)"],
        "foreign bytes changed": found["foreign bytes changed"],
        "cpu_s": round(cpu_s, 2),
    }


# --- peers ------------------------------------------------------------------------------------------------


def _round_trip(python: Path, corpus: dict[str, bytes], project: Path, kind: str) -> dict[str, Any]:
    run = measure([python, "-c", ROUND_TRIP, kind, *(project / path for path in corpus)])
    return _compared(corpus, project, run)


def _osmosis(python: Path, corpus: dict[str, bytes], project: Path, command: str) -> dict[str, Any]:
    """`dbt-osmosis yaml`, which is to add the one missing column to each model."""
    automatic = ["--auto-apply"] if command == "refactor" else []
    program = python.with_name("dbt-osmosis")
    run = measure(
        [program, "yaml", command, *CAREFUL, *automatic, "--project-dir", project, "--profiles-dir", project],
        env={"PYTHONPATH": "", "DO_NOT_TRACK": "1"},
        timeout_s=PEER_LIMIT_S,
    )
    added = sum(path.read_bytes().count(MISSING.encode()) for path in project.glob("models/**/*.yml"))
    return {"columns added": added, **_compared(corpus, project, run)}


def _compared(corpus: dict[str, bytes], project: Path, run: Measured) -> dict[str, Any]:
    found: Counter[str] = Counter()
    for path, before in corpus.items():
        # A file that was moved is compared with nothing.
        after = (project / path).read_bytes() if (project / path).exists() else b""
        found["files"] += after != before
        found["foreign"] += foreign_bytes(before, after)
        found["comments"] += max(0, len(_COMMENT.findall(before)) - len(_COMMENT.findall(after)))
    return {
        "files changed": found["files"],
        "foreign bytes changed": found["foreign"],
        "comments lost": found["comments"],
        "cpu_s": round(run.cpu_s, 1),
        "wall_s": round(run.wall_s, 1),
    }


_COMMENT = re.compile(rb"(?m)(?:^|\s)#\s")
_TOKEN = re.compile(rb"\w+|\s|[^\w\s]")


def foreign_bytes(before: bytes, after: bytes) -> int:
    """How many bytes of `before` do not stand in `after` in the same order: by lines, and where lines
    changed by the words and signs in them.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lost = 0
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            lost += _lost(b"".join(old[i1:i2]), b"".join(new[j1:j2]))
    return lost


def _lost(old: bytes, new: bytes) -> int:
    characters = iter(new)
    if all(byte in characters for byte in old):
        return 0
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return len(old) - sum(len(token) for start, _, size in blocks for token in a[start : start + size])


# --- the corpus -------------------------------------------------------------------------------------------


def _each(template: str, models: Sequence[str], *, between: str = "") -> str:
    """The template for each model: MODEL is its name, and a line with COLUMN stands once for each column
    that the template does not name itself.
    """
    rest = [column for column in COLUMNS if not re.search(rf"name: \W?{column}\b", template)]
    blocks = re.split(r"(?s)<<(.*?)>>", template)
    for number in range(1, len(blocks), 2):
        blocks[number] = "".join(blocks[number].replace("COLUMN", column) for column in rest)
    return between.join("".join(blocks).replace("MODEL", model) for model in models)


def _labs(models: Sequence[str]) -> str:
    return "version: 2\n\nmodels:\n" + _each(
        """\
  - name: MODEL
    description: One row per order of MODEL, as the shop's system has it.
    columns:
      - name: id
        description: The key.
        data_tests:
          - unique
          - not_null
      - name: customer_id
        description: Who ordered.
        data_tests:
          - not_null
      - name: status
        description: "{{ doc('order_status') }}"
        data_tests:
          - accepted_values:
              arguments:
                values: ['placed', 'shipped', 'returned']
      - name: note
        description: ""
<<      - name: COLUMN
>>""",
        models,
        between="\n",
    )


def _windows(models: Sequence[str]) -> str:
    return _labs(models).replace("\n", "\r\n")


def _byte_order_mark(models: Sequence[str]) -> str:
    text = _labs(models).replace("the shop's", "la tienda española").replace("The key.", '"tab\there 夏"')
    return "\ufeff" + text


def _indentless(models: Sequence[str]) -> str:
    return "version: 2\nmodels:\n" + _each(
        """\
- name: "MODEL"
  description: "Orders: current state # no comment"
  columns:
  - name: "id"   # surrogate
    tests: ["unique", "not_null"]
  - name: "customer_id"
    tests:
    - not_null   # slow
    # - relationships: {to: ref('customers'), field: id}
  # everything below is computed
<<  - name: "COLUMN"
    description: "COLUMN, as sent"
>>""",
        models,
    )


def _anchors(models: Sequence[str]) -> str:
    head = _each(
        """\
  - name: MODEL
    config: &defaults {tags: [nightly], materialized: view}
    columns:
      - name: id
        tests: &key_tests
          - unique
          - not_null
      - name: customer_id
        description: &customer Who ordered, as the CRM knows them.
        meta: &sent {sent: true}
<<      - name: COLUMN
>>""",
        models[:1],
    )
    rest = _each(
        """
  - name: MODEL
    config: *defaults
    columns:
      - name: id
        tests: *key_tests
      - {name: customer_id, description: *customer}
<<      - name: COLUMN
        meta: *sent
>>""",
        models[1:],
    )
    return f"version: 2\n\nmodels:\n{head}{rest}"


def _flow(models: Sequence[str]) -> str:
    return "version: 2\nmodels:\n" + _each(
        """\
  - name: MODEL
    columns:
      - {name: id, tests: [unique, not_null]}
      - {name: customer_id, description: 'who: "them"', tests: [accepted_values: {values: [1, 2]}]}
      - { name: status, description: where it is }
      - {name: amount,
         description: in cents,   # since 2020
         tests: [
           not_null,
         ]}
<<      - {name: COLUMN}
>>""",
        models,
    )


def _comments(models: Sequence[str]) -> str:
    return "# Owner: data platform\n\nversion: 2   # for our linter\n\nmodels:\n" + _each(
        """
  # ------------------------------------------------------------ MODEL
  - name: MODEL   # owned by finance

    columns:
      # the key
      - name: id
        tests:
          - unique  # slow
          - not_null
          # - dbt_utils.not_constant

      # who
      - name: customer_id   # of the CRM
        # tests:
        #   - not_null

      # the rest is as the shop sends it

<<      - name: COLUMN   # COLUMN?
>>
      # - name: retired
""",
        models,
    )


def _texts(models: Sequence[str]) -> str:
    return "version: 2\nmodels:\n" + _each(
        """\
  - name: MODEL
    description: |
      Orders.

      * one row per order
        * indented
    columns:
      - name: id
        description: >-
          The key,
          given by the shop.

      - name: customer_id
        description: >
          Who ordered.

            not folded

      - name: status
        description: "over
          two lines"
<<      - name: COLUMN
        description: |-
          COLUMN
>>
""",
        models,
    )


def _wide(models: Sequence[str]) -> str:
    return "version: 2\n\nmodels:\n\n" + _each(
        """\
    -   name: MODEL

        description: 'Orders, dashes indented by four: it''s a habit'

        columns:

            -   name: id
                tests:
                    -   unique
                    -   not_null
<<
            -   name: COLUMN
>>""",
        models,
        between="\n\n",
    )


def _values(models: Sequence[str]) -> str:
    return "version: 2\nmodels:\n" + _each(
        """\
  - name: MODEL
    config:
      enabled: yes
      tags: ["{{ 'nightly' }}", 'on']
      meta: {since: 2020-01-31, owner: ~, factor: 1_000, ratio: .5, version: "1.10", at: 12:30:45}
    columns:
      - name: "id"
        quote: No
        description: '{{ doc("order_status") }}'
        tests:
          - unique:
              config: {severity: "{{ 'warn' if target.name == 'dev' else 'error' }}", where: "id <> ''"}
<<      - name: 'COLUMN'
        tags: []
>>""",
        models,
    )


STYLES: dict[str, Callable[[Sequence[str]], str]] = {
    "labs": _labs,
    "windows": _windows,
    "byte_order_mark": _byte_order_mark,
    "indentless": _indentless,
    "anchors": _anchors,
    "flow": _flow,
    "comments": _comments,
    "texts": _texts,
    "wide": _wide,
    "values": _values,
}


def make_project(project: Path, files: int, models: int) -> dict[str, bytes]:
    """A dbt project and its built warehouse; returns its YAML files by path."""
    corpus: dict[str, bytes] = {}
    for style, text_of in STYLES.items():
        for number in range(files):
            names = [f"{style}_{number}_{letter}" for letter in "abcdefgh"[:models]]
            folder = project / "models" / f"{style}_{number}"
            folder.mkdir(parents=True)
            for name in names:
                (folder / f"{name}.sql").write_text("select 1 as id\n")
            corpus[f"models/{folder.name}/_models.yml"] = text_of(names).encode()
    for path, content in corpus.items():
        (project / path).write_bytes(content)
    (project / "models" / "docs.md").write_text("{% docs order_status %}\nWhere it is.\n{% enddocs %}\n")
    settings = {
        "name": "corpus",
        "version": "1.0.0",
        "config-version": 2,
        "profile": "corpus",
        "models": {"corpus": {"+dbt-osmosis": "_models.yml"}},
    }
    (project / "dbt_project.yml").write_text(json.dumps(settings))  # JSON is YAML
    target = {"type": "duckdb", "path": "warehouse.duckdb"}
    profile = {"corpus": {"target": "dev", "outputs": {"dev": target}}}
    (project / "profiles.yml").write_text(json.dumps(profile))
    _build(project)
    return corpus


def _build(project: Path) -> None:
    """What dbt would build, with one column more than the files know."""
    columns = ", ".join(f"{column} integer" for column in (*COLUMNS, MISSING))
    with duckdb.connect(str(project / "warehouse.duckdb")) as connection:
        for path in sorted(project.glob("models/*/*.sql")):
            connection.execute(f"create table main.{path.stem} ({columns})")


def _copy(folder: Path, name: str) -> Path:
    """A copy of the corpus whose profile names its own warehouse."""
    project = folder / name
    shutil.copytree(folder / "corpus", project)
    profile = project / "profiles.yml"
    profile.write_text(profile.read_text().replace("warehouse.duckdb", str(project / "warehouse.duckdb")))
    return project


if __name__ == "__main__":
    main()
