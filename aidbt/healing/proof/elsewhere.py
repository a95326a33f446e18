"""Turning a throwaway copy of a project so that all it builds goes into schemas of ours.

dbt asks `generate_schema_name` where a node goes, the project's own, a package's, or dbt's. Each of them is
kept under another name in the copy, and one that puts our prefix before what it returns takes its place. So
it works for whatever naming rule people have, and `target` stays what it is.

Hooks may write anywhere. Those of a run are left out; of those of a node only such are run that change
nothing but the node's own table, or a setting of the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aidbt.core.errors import ProjectError
from aidbt.project import Project
from aidbt.project.files import PROJECT_FILE
from aidbt.project.manifest import Manifest, Node

OWN = "aidbt_own_generate_schema_name"
# The macros that a turned copy has in place of others: no node changed for their sake.
PUT_IN = frozenset(("generate_schema_name", "run_hooks", OWN))
_DEFINED = re.compile(r"(\{%[-+]?\s*macro\s+)generate_schema_name(\s*\()")
_LEGACY = re.compile(r"\btarget_schema\b(?=\s*[=:])")
_FILE = "aidbt_elsewhere.sql"

# A hook that changes nothing but the node's own table, or a setting of the session: one statement, no macro.
HARMLESS_HOOK = (
    r"(?is)\s*(?:(?:delete\s+from|update|insert\s+into|truncate(?:\s+table)?|alter\s+table|analyze(?:\s+table)?"
    r"|vacuum|create\s+(?:unique\s+)?index(?:\s+if\s+not\s+exists)?(?:\s+\w+)?\s+on)\s+\{\{-?\s*this\s*-?\}\}"
    r"(?!.*\bset\s+schema\b)[^{};]*|set\s+[^{};]*|)\s*;?\s*"
)

# Jinja that sends statements, and statements that write.
_SENDS = re.compile(r"\b(run_query|statement|adapter\.execute)\s*\(")
_WRITES = re.compile(
    r"\b(insert\s+(into|overwrite)|delete\s+from|update\s+\S+\s+set|merge\s+into|truncate\s|alter\s+\w+\s"
    r"|(create|drop)\s+(or\s+replace\s+)?(temp\w*\s+)?(table|view|schema|function|macro|sequence)\b|copy\s+\S+\s)",
    re.IGNORECASE,
)

_SCHEMA_MACRO = """
{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {{ return("PREFIX" ~ (CALLED(custom_schema_name, node) | string | trim)) }}
{%- endmacro %}
"""
_HOOKS_MACRO = """
{% macro run_hooks(hooks, inside_transaction=True) %}
  {% for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) %}
    {% if not inside_transaction and loop.first %}
      {% call statement(auto_begin=inside_transaction) %}
        commit;
      {% endcall %}
    {% endif %}
    {% set said = hook.get('sql') | string %}
    {% if modules.re.fullmatch(PATTERN, said) %}
      {% set rendered = render(said) | trim %}
      {% if rendered %}
        {% call statement(auto_begin=inside_transaction) %}
          {{ rendered }}
        {% endcall %}
      {% endif %}
    {% endif %}
  {% endfor %}
{% endmacro %}
"""


def turn_elsewhere(there: Project, prefix: str) -> None:
    """Rewrite a throwaway copy of a project so that every schema it builds into begins with `prefix`.

    Args:
        prefix: letters, digits and _; short, for names may have 63 letters at most.

    Raises:
        ProjectError: a file of the copy cannot be read or written.
    """
    try:
        _turn(there, prefix)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProjectError(f"the copy of the project cannot be changed: {error}") from error


def left_out(node: Node) -> list[str]:
    """The hooks of a node that are not run elsewhere."""
    hooks = [*(node.config.get("pre-hook") or ()), *(node.config.get("post-hook") or ())]
    said = [str(hook.get("sql") if isinstance(hook, dict) else hook) for hook in hooks]
    return [text for text in said if not re.fullmatch(HARMLESS_HOOK, text)]


def writes_itself(node: Node, manifest: Manifest) -> bool:
    """Whether the code of a node, or a macro that it calls, sends statements that may write anywhere."""
    macros = manifest.raw.get("macros") or {}
    called = (node.raw.get("depends_on") or {}).get("macros") or ()
    own = [name for name in called if not str(name).startswith(("macro.dbt.", "macro.dbt_"))]
    texts = [str(node.raw.get("raw_code") or ""), *(str((macros.get(m) or {}).get("macro_sql")) for m in own)]
    return any(_SENDS.search(text) and _WRITES.search(text) for text in texts)


def _turn(there: Project, prefix: str) -> None:
    is_ruled = False
    for folder, name, config in _projects(there):
        found = _turn_macros(folder, name, config, prefix)
        is_ruled = is_ruled or (found and folder == there.root)
        _turn_snapshots(folder, config)
        _without_run_hooks(folder)
    macros = there.root / str((there.config.get("macro-paths") or ["macros"])[0])
    macros.mkdir(parents=True, exist_ok=True)
    text = _HOOKS_MACRO.replace("PATTERN", repr(HARMLESS_HOOK))
    if not is_ruled:
        text += _wrapped(prefix, "dbt.generate_schema_name")
    (macros / _FILE).write_text(text, encoding="utf-8")


def _projects(there: Project) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """(folder, name, dbt_project.yml) of the project and of its installed packages."""
    yield there.root, there.name, there.config
    installed = there.root / str(there.config.get("packages-install-path") or "dbt_packages")
    for folder in sorted(installed.iterdir()) if installed.is_dir() else ():
        config = _read(folder / PROJECT_FILE)
        if config:
            yield folder, str(config.get("name")), config


def _read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return content if isinstance(content, dict) else {}


def _turn_macros(folder: Path, name: str, config: dict[str, Any], prefix: str) -> bool:
    """Whether the project or package has a rule of its own, which is another one now."""
    is_there = False
    for path in _files(folder, config, "macro", (".sql",)):
        text = path.read_text(encoding="utf-8")
        turned, times = _DEFINED.subn(rf"\g<1>{OWN}\g<2>", text)
        if times:
            is_there = True
            path.write_text(turned + _wrapped(prefix, f"{name}.{OWN}"), encoding="utf-8")
    return is_there


def _wrapped(prefix: str, called: str) -> str:
    return _SCHEMA_MACRO.replace("PREFIX", prefix).replace("CALLED", called)


def _turn_snapshots(folder: Path, config: dict[str, Any]) -> None:
    """`target_schema` goes past every rule; `schema` does not."""
    suffixes = (".sql", ".yml", ".yaml")
    paths = [*_files(folder, config, "snapshot", suffixes), *_files(folder, config, "model", suffixes[1:])]
    for path in (*paths, folder / PROJECT_FILE):
        text = path.read_text(encoding="utf-8")
        turned = _LEGACY.sub("schema", text)
        if turned != text:
            path.write_text(turned, encoding="utf-8")


def _without_run_hooks(folder: Path) -> None:
    path = folder / PROJECT_FILE
    config = _read(path)
    names = [name for name in config if str(name).replace("_", "-") in ("on-run-start", "on-run-end")]
    if not names:
        return
    for name in names:
        del config[name]
    path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _files(folder: Path, config: dict[str, Any], kind: str, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of a kind; folders outside of the copy are not ours to change."""
    named = config.get(f"{kind}-paths") or [f"{kind}s"]
    folders = [folder / str(item) for item in named]
    inside = [path for path in folders if path.resolve().is_relative_to(folder.resolve())]
    return [
        path
        for top in inside
        for path in sorted(top.rglob("*"))
        if path.suffix in suffixes and path.is_file() and not path.is_symlink()
    ]
