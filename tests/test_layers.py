"""Imports point down, and a few things are done in one place only. Read from the source, nothing is run.

Every import counts: inside functions, under TYPE_CHECKING, and the dotted paths of registry tables
("aidbt.mapping.signals.name:NameSignal"), which are imports written as text.
"""

from __future__ import annotations

import ast
import gc
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

# The house, from the top down. A package imports what its layer may import and, of its own layer, only
# itself.
LAYERS = {
    "front door": ["aidbt"],  # aidbt/__init__.py and aidbt/__main__.py themselves
    "L5 interfaces": ["aidbt.cli", "aidbt.api", "aidbt.mcp"],
    "session": ["aidbt.session"],
    "L4 processes": [
        "aidbt.healing", "aidbt.review", "aidbt.observability", "aidbt.serving", "aidbt.orchestration",
    ],
    "L3 writers": ["aidbt.generate"],
    "L2 analysis": ["aidbt.mapping", "aidbt.lineage", "aidbt.semantic", "aidbt.monitors", "aidbt.features"],
    "L1 outside world": [
        "aidbt.project", "aidbt.warehouse", "aidbt.sql", "aidbt.llm", "aidbt.store", "aidbt.patching",
        "aidbt.alerts",
    ],
    "L0 core": ["aidbt.core"],
    "companion": ["ingestion"],
}  # fmt: skip
MAY_IMPORT = {
    "front door": list(LAYERS),
    "L5 interfaces": list(LAYERS),
    "session": ["L1 outside world", "L0 core"],
    "L4 processes": ["L3 writers", "L2 analysis", "L1 outside world", "L0 core"],
    "L3 writers": ["L2 analysis", "L1 outside world", "L0 core"],
    "L2 analysis": ["L1 outside world", "L0 core"],
    "L1 outside world": ["L0 core"],
    "L0 core": [],
    "companion": ["L1 outside world", "L0 core"],
}
# How English is read: its packages, of which each imports only those that stand before it.
ENGLISH = "aidbt.semantic.english"
STEPS_OF_ENGLISH = [
    "words", "meanings", "grounding", "checks", "row_rules", "number_rules", "queries", "instructions",
    "reading",
]  # fmt: skip
CORE_MAY_USE = {"pydantic", "yaml"}  # besides the standard library

READS_ENVIRONMENT = "aidbt/core/config.py"
TALKS_TO_PEOPLE = "aidbt/cli/"
# Where anything at all may be swallowed, and why that is right there.
BROAD_EXCEPTS = {
    "aidbt/project/dbt_invocation.py": "whatever breaks in a display must not break dbt's run",
}

_LAYER_OF = {package: layer for layer, packages in LAYERS.items() for package in packages}
_TALK = {"print", "input", "exit", "quit", "breakpoint"}
_DOTTED_PATH = re.compile(r"(?:aidbt|ingestion)(?:\.\w+)+:\w+")
_SQL = re.compile(
    r"\s*(select\s|insert\s+into\s|update\s+\S*\s+set\s|delete\s+from\s|merge\s+into\s|with\s+\S+\s+as\s*\("
    r"|(create|drop|alter)\s+(or\s+replace\s+)?(temp\w*\s+)?(table|view|schema|index|database|sequence|type)\b"
    r"|copy\s|attach\s|detach\s|pragma\s|truncate\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Module:
    """One file of the tree: "aidbt/store/db.py" is the module "aidbt.store.db"."""

    path: str
    name: str
    nodes: tuple[ast.AST, ...]

    @property
    def package(self) -> str:
        """What stands in the table of layers: "aidbt.store", "aidbt.session", "ingestion", "aidbt"."""
        parts = self.name.split(".")
        front_door = self.name in ("aidbt", "aidbt.__main__")
        return parts[0] if front_door or parts[0] == "ingestion" else ".".join(parts[:2])


class Tree:
    """Every module of `aidbt` and `ingestion` below a folder."""

    def __init__(self, root: Path) -> None:
        paths = [path for top in ("aidbt", "ingestion") for path in sorted((root / top).rglob("*.py"))]
        self.modules: dict[str, Module] = {}
        for path in paths:
            short = path.relative_to(root).as_posix()
            name = short.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            self.modules[name] = Module(short, name, tuple(ast.walk(tree)))

    @cached_property
    def imports(self) -> list[tuple[Module, int, str]]:
        """(module, line, what it imports): a module of this tree, or the full name of somebody else's."""
        return [(m, line, target) for m in self.modules.values() for line, target in self._imports_of(m)]

    @cached_property
    def tables(self) -> list[tuple[Module, int, str]]:
        """(module, line, the module named by a dotted path) of every registry table."""
        return [
            (module, node.lineno, node.value.partition(":")[0])
            for module in self.modules.values()
            for node in module.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _DOTTED_PATH.fullmatch(node.value)
        ]

    def _imports_of(self, module: Module) -> Iterator[tuple[int, str]]:
        for node in module.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(module, node)
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    yield node.lineno, inner if inner in self.modules else base

    @staticmethod
    def _base(module: Module, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = node.level - module.path.endswith("__init__.py")
        parts = module.name.split(".")
        return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


# --- the rules: each gives one line per violation -----------------------------------------------------


def imports_that_do_not_point_down(tree: Tree) -> list[str]:
    found = []
    for module, line, target in [*tree.imports, *tree.tables]:
        if target.split(".")[0] not in ("aidbt", "ingestion"):
            continue
        theirs = Module(target, target, ()).package
        if theirs == module.package:
            continue
        mine = _LAYER_OF.get(module.package)
        other = _LAYER_OF.get(theirs)
        if mine is None or other is None:
            continue  # said by packages_without_a_layer
        if mine == other:
            found.append(
                f"{module.path}:{line}: {module.package} imports its neighbour {theirs} (both {mine})"
            )
        elif other not in MAY_IMPORT[mine]:
            found.append(f"{module.path}:{line}: {module.package} ({mine}) imports {theirs} ({other})")
    return found


def english_that_does_not_point_down(tree: Tree) -> list[str]:
    def step(name: str) -> int:
        _, is_english, rest = name.partition(f"{ENGLISH}.")
        return STEPS_OF_ENGLISH.index(rest.split(".")[0]) if is_english else -1

    steps = STEPS_OF_ENGLISH
    return [
        f"{module.path}:{line}: {steps[step(module.name)]} imports {steps[step(target)]}"
        for module, line, target in tree.imports
        if step(module.name) >= 0 and step(target) > step(module.name)
    ]


def packages_without_a_layer(tree: Tree) -> list[str]:
    packages = {module.package for module in tree.modules.values()}
    return [
        f"{package} stands in no layer: add it to LAYERS" for package in sorted(packages - _LAYER_OF.keys())
    ]


def foreign_packages_in_core(tree: Tree) -> list[str]:
    known = sys.stdlib_module_names | CORE_MAY_USE | {"aidbt", "ingestion"}
    return [
        f"{module.path}:{line}: core imports {target}"
        for module, line, target in tree.imports
        if module.package == "aidbt.core" and target.split(".")[0] not in known
    ]


def circular_imports(tree: Tree) -> list[str]:
    """One line per group of modules that import each other, wherever in the file they do.

    A registry may name what is built on it: those are imported when they are asked for.
    """
    graph: dict[str, set[str]] = {name: set() for name in tree.modules}
    for module, _, target in tree.imports:
        if target in graph and target != module.name:
            graph[module.name].add(target)
    reachable = {name: _reachable(graph, name) for name in graph}
    groups = {frozenset({name, *(m for m in reachable[name] if name in reachable[m])}) for name in graph}
    return [f"circular: {', '.join(sorted(group))}" for group in groups if len(group) > 1]


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name])
    return seen


def environment_read_elsewhere(tree: Tree) -> list[str]:
    words = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    return [
        f"{module.path}:{line}: only {READS_ENVIRONMENT} reads the environment ({name})"
        for module in tree.modules.values()
        if module.path != READS_ENVIRONMENT
        for line, name in _names_of(module, "os")
        if name in words
    ]


def talk_below_the_cli(tree: Tree) -> list[str]:
    found: list[tuple[Module, int, str]] = []
    for module in tree.modules.values():
        if module.path.startswith(TALKS_TO_PEOPLE):
            continue
        for node in module.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TALK:
                found.append((module, node.lineno, node.func.id))
            elif isinstance(node, ast.Raise) and node.exc and "SystemExit" in ast.unparse(node.exc):
                found.append((module, node.lineno, "SystemExit"))
        found += [(module, line, "sys.exit") for line, name in _names_of(module, "sys") if name == "exit"]
        found += [(module, line, "os._exit") for line, name in _names_of(module, "os") if name == "_exit"]
    found += [
        (module, line, target)
        for module, line, target in tree.imports
        if target == "click" and not module.path.startswith(TALKS_TO_PEOPLE)
    ]
    return [
        f"{module.path}:{line}: only {TALKS_TO_PEOPLE} prints, asks or exits ({what})"
        for module, line, what in found
    ]


def _names_of(module: Module, library: str) -> Iterator[tuple[int, str]]:
    """(line, name) for each `library.name` and each `from library import name`, under any alias."""
    aliases = {
        alias.asname or alias.name
        for node in module.nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == library
    }
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == library and not node.level:
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
        ):
            yield node.lineno, node.attr


def sql_put_together_as_text(tree: Tree) -> list[str]:
    """f-strings, `.format` and `%` that start like a statement."""
    found = []
    for module in tree.modules.values():
        for node in module.nodes:
            start: ast.expr | None = None
            if isinstance(node, ast.JoinedStr) and node.values:
                start = node.values[0]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                start = node.left
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "format"
            ):
                start = node.func.value
            if isinstance(start, ast.Constant) and isinstance(start.value, str) and _SQL.match(start.value):
                found.append(f"{module.path}:{node.lineno}: SQL put together as text: {start.value[:40]!r}")
    return found


def broad_excepts(tree: Tree) -> list[str]:
    """Handlers of everything that do not raise again."""
    found = []
    for module in tree.modules.values():
        if module.path in BROAD_EXCEPTS:
            continue
        for node in module.nodes:
            if not isinstance(node, ast.ExceptHandler) or not _is_broad(node.type):
                continue
            if not any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
                found.append(f"{module.path}:{node.lineno}: catches everything and goes on")
    return found


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(item) for item in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))


RULES: list[Callable[[Tree], list[str]]] = [
    imports_that_do_not_point_down,
    english_that_does_not_point_down,
    packages_without_a_layer,
    foreign_packages_in_core,
    circular_imports,
    environment_read_elsewhere,
    talk_below_the_cli,
    sql_put_together_as_text,
    broad_excepts,
]


# --- the house itself ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house() -> Iterator[Tree]:
    # Millions of syntax nodes, none of which is garbage while there is the tree.
    gc.disable()
    tree = Tree(REPOSITORY)
    gc.freeze()
    gc.enable()
    yield tree
    gc.unfreeze()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(house: Tree, rule: Callable[[Tree], list[str]]):
    assert rule(house) == []


def test_every_module_of_the_house_was_read(house: Tree):
    assert {"aidbt", "aidbt.session", "aidbt.core.errors", "aidbt.store.db"} <= house.modules.keys()
    assert any(target == "aidbt.core.config" for _, _, target in house.imports)


# --- the rules catch what they are for ----------------------------------------------------------------


def tree_of(root: Path, files: dict[str, str]) -> Tree:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree(root)


BROKEN = {
    "a lower layer imports a higher one": (
        imports_that_do_not_point_down,
        {"aidbt/store/db.py": "import aidbt.mapping.mapper", "aidbt/mapping/mapper.py": ""},
        "aidbt/store/db.py:1: aidbt.store (L1 outside world) imports aidbt.mapping (L2 analysis)",
    ),
    "core imports anything of ours": (
        imports_that_do_not_point_down,
        {"aidbt/core/x.py": "from aidbt.store import Store", "aidbt/store/__init__.py": "Store = 1"},
        "aidbt/core/x.py:1: aidbt.core (L0 core) imports aidbt.store (L1 outside world)",
    ),
    "a neighbour is imported": (
        imports_that_do_not_point_down,
        {"aidbt/store/db.py": "\nfrom aidbt.project import files", "aidbt/project/files.py": ""},
        "aidbt/store/db.py:2: aidbt.store imports its neighbour aidbt.project (both L1 outside world)",
    ),
    "inside a function": (
        imports_that_do_not_point_down,
        {
            "aidbt/llm/client.py": "def f():\n    from aidbt.warehouse import base",
            "aidbt/warehouse/base.py": "",
        },
        "aidbt/llm/client.py:2: aidbt.llm imports its neighbour aidbt.warehouse (both L1 outside world)",
    ),
    "under TYPE_CHECKING": (
        imports_that_do_not_point_down,
        {"aidbt/core/x.py": "import typing\nif typing.TYPE_CHECKING:\n    from aidbt.sql import q"},
        "aidbt/core/x.py:3: aidbt.core (L0 core) imports aidbt.sql (L1 outside world)",
    ),
    "by a relative import": (
        imports_that_do_not_point_down,
        {"aidbt/store/db.py": "from ..project import files", "aidbt/store/__init__.py": ""},
        "aidbt/store/db.py:1: aidbt.store imports its neighbour aidbt.project (both L1 outside world)",
    ),
    "by a relative import of a package": (
        imports_that_do_not_point_down,
        {"aidbt/store/__init__.py": "from ..project import files"},
        "aidbt/store/__init__.py:1: aidbt.store imports its neighbour aidbt.project (both L1 outside world)",
    ),
    "as a dotted path in a table": (
        imports_that_do_not_point_down,
        {"aidbt/warehouse/__init__.py": "TABLE = {'x': 'aidbt.generate.plan:Plan'}"},
        "aidbt/warehouse/__init__.py:1: aidbt.warehouse (L1 outside world) imports aidbt.generate "
        "(L3 writers)",
    ),
    "the session does more than open": (
        imports_that_do_not_point_down,
        {"aidbt/session.py": "from aidbt.generate import plan"},
        "aidbt/session.py:1: aidbt.session (session) imports aidbt.generate (L3 writers)",
    ),
    "the session is asked for from below": (
        imports_that_do_not_point_down,
        {"aidbt/generate/plan.py": "from aidbt.session import Session"},
        "aidbt/generate/plan.py:1: aidbt.generate (L3 writers) imports aidbt.session (session)",
    ),
    "the front door is asked for from below": (
        imports_that_do_not_point_down,
        {"aidbt/generate/plan.py": "import aidbt", "aidbt/__init__.py": ""},
        "aidbt/generate/plan.py:1: aidbt.generate (L3 writers) imports aidbt (front door)",
    ),
    "ingestion knows the analysis": (
        imports_that_do_not_point_down,
        {"ingestion/pipeline.py": "import aidbt.mapping"},
        "ingestion/pipeline.py:1: ingestion (companion) imports aidbt.mapping (L2 analysis)",
    ),
    "aidbt below the cli knows ingestion": (
        imports_that_do_not_point_down,
        {"aidbt/observability/runs.py": "from ingestion import pipeline"},
        "aidbt/observability/runs.py:1: aidbt.observability (L4 processes) imports ingestion (companion)",
    ),
    "a step of English knows a later one": (
        english_that_does_not_point_down,
        {
            "aidbt/semantic/english/words/a.py": "from aidbt.semantic.english.checks import b",
            "aidbt/semantic/english/checks/b.py": "from aidbt.semantic.english.words import c",
        },
        "aidbt/semantic/english/words/a.py:1: words imports checks",
    ),
    "a package that nobody placed": (
        packages_without_a_layer,
        {"aidbt/utils/misc.py": ""},
        "aidbt.utils stands in no layer: add it to LAYERS",
    ),
    "core uses another package": (
        foreign_packages_in_core,
        {"aidbt/core/x.py": "def f():\n    import numpy.linalg"},
        "aidbt/core/x.py:2: core imports numpy.linalg",
    ),
    "two modules import each other": (
        circular_imports,
        {
            "aidbt/store/a.py": "from aidbt.store.b import x",
            "aidbt/store/b.py": "def f():\n    from aidbt.store.c import y",
            "aidbt/store/c.py": "from aidbt.store import a",
        },
        "circular: aidbt.store.a, aidbt.store.b, aidbt.store.c",
    ),
    "os.environ": (
        environment_read_elsewhere,
        {"aidbt/store/db.py": "import os\nx = os.environ['A']"},
        "aidbt/store/db.py:2: only aidbt/core/config.py reads the environment (environ)",
    ),
    "getenv under another name": (
        environment_read_elsewhere,
        {"ingestion/x.py": "from os import getenv as g"},
        "ingestion/x.py:1: only aidbt/core/config.py reads the environment (getenv)",
    ),
    "print": (
        talk_below_the_cli,
        {"aidbt/store/db.py": "print('hello')"},
        "aidbt/store/db.py:1: only aidbt/cli/ prints, asks or exits (print)",
    ),
    "input": (
        talk_below_the_cli,
        {"ingestion/x.py": "x = input('sure?')"},
        "ingestion/x.py:1: only aidbt/cli/ prints, asks or exits (input)",
    ),
    "sys.exit": (
        talk_below_the_cli,
        {"aidbt/store/db.py": "import sys\nsys.exit(1)"},
        "aidbt/store/db.py:2: only aidbt/cli/ prints, asks or exits (sys.exit)",
    ),
    "SystemExit": (
        talk_below_the_cli,
        {"aidbt/store/db.py": "raise SystemExit(1)"},
        "aidbt/store/db.py:1: only aidbt/cli/ prints, asks or exits (SystemExit)",
    ),
    "click": (
        talk_below_the_cli,
        {"aidbt/store/db.py": "import click\nclick.echo('hello')"},
        "aidbt/store/db.py:1: only aidbt/cli/ prints, asks or exits (click)",
    ),
    "an f-string of SQL": (
        sql_put_together_as_text,
        {"aidbt/store/db.py": 'x = 1\ny = f"""\n  SELECT * from {x}"""'},
        "aidbt/store/db.py:2: SQL put together as text: '\\n  SELECT * from '",
    ),
    "a CREATE in an f-string": (
        sql_put_together_as_text,
        {"aidbt/store/db.py": 'x = 1\ny = f"create or replace temp table t as {x}"'},
        "aidbt/store/db.py:2: SQL put together as text: 'create or replace temp table t as '",
    ),
    "SQL with format": (
        sql_put_together_as_text,
        {"aidbt/store/db.py": "y = 'insert into {}'.format(1)"},
        "aidbt/store/db.py:1: SQL put together as text: 'insert into {}'",
    ),
    "SQL with percent": (
        sql_put_together_as_text,
        {"aidbt/store/db.py": "y = 'delete from %s' % 1"},
        "aidbt/store/db.py:1: SQL put together as text: 'delete from %s'",
    ),
    "a bare except": (
        broad_excepts,
        {"aidbt/store/db.py": "try:\n    pass\nexcept:\n    pass"},
        "aidbt/store/db.py:3: catches everything and goes on",
    ),
    "except Exception": (
        broad_excepts,
        {"aidbt/store/db.py": "try:\n    pass\nexcept (ValueError, Exception) as e:\n    pass"},
        "aidbt/store/db.py:3: catches everything and goes on",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found(tmp_path: Path, name: str):
    rule, files, expected = BROKEN[name]

    assert rule(tree_of(tmp_path, files)) == [expected]


def test_what_is_allowed_is_not_reported(tmp_path: Path):
    tree = tree_of(
        tmp_path,
        {
            "aidbt/__init__.py": "def open():\n    from aidbt.session import Session",
            "aidbt/__main__.py": "from aidbt.cli.main import main",
            "aidbt/session.py": "from aidbt.store import Store\nfrom aidbt.core import config",
            "aidbt/cli/main.py": "import click\nfrom aidbt import session\nfrom ingestion import x\nprint(1)",
            "aidbt/cli/other.py": "import sys\nfrom aidbt.cli import main\nsys.exit(0)",
            "aidbt/store/__init__.py": "from aidbt.store.db import Store",
            "aidbt/store/db.py": "from aidbt.core.config import environment\nimport sqlalchemy\nimport os\n"
            "Store = os.path.join('a')\nhint = f'set the delimiter: {Store}'",
            "aidbt/core/config.py": "import os, yaml, pydantic, json\nx = os.environ",
            "aidbt/core/patch.py": "try:\n    pass\nexcept BaseException:\n    raise",
            "ingestion/x.py": "from aidbt.warehouse import open_warehouse",
            "aidbt/warehouse/__init__.py": "TABLE = {'duckdb': 'aidbt.warehouse.duckdb:DuckDB'}",
            "aidbt/warehouse/duckdb.py": "from aidbt.warehouse import TABLE",
        },
    )

    assert [line for rule in RULES for line in rule(tree)] == []
