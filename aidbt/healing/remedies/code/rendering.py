"""A model's text rendered about as dbt would, without dbt and without a warehouse: enough to see whether what
comes out can be parsed and which columns it has. What a warehouse would answer is empty here.

Who uses it renders the last good text the same way: where that does not give SQL which can be parsed, nothing
is concluded from the text of now.
"""

from __future__ import annotations

import datetime
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from jinja2 import ChainableUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from aidbt.project.manifest import Manifest

# dbt's own blocks around a text; what stands inside is rendered.
_OWN_TAGS = re.compile(r"\{%[-+]?\s*(?:end)?(?:snapshot|materialization|test|data_test|docs)\b[^%]*?[-+]?%\}")
# What macros of people raise while they run.
_FAULTS = (
    TypeError, ValueError, AttributeError, NameError, LookupError, ArithmeticError, RuntimeError, re.error,
)  # fmt: skip


class NotRendered(Exception):
    """Why a text cannot be rendered."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a text may use.

    Attributes:
        macros: name → (package, text that defines it).
        variables: of dbt_project.yml.
    """

    macros: Mapping[str, tuple[str, str]]
    project: str
    adapter: str
    variables: Mapping[str, Any]


def surroundings_of(manifest: Manifest, project: str, adapter: str, variables: Any) -> Surroundings:
    """The macros of a project and its packages as a manifest holds them; the project's own before others."""
    found: dict[str, tuple[str, str]] = {}
    for macro in (manifest.raw.get("macros") or {}).values():
        name, package = str(macro.get("name")), str(macro.get("package_name"))
        if name not in found or package == project:
            found[name] = (package, str(macro.get("macro_sql") or ""))
    own = variables.get(project) if isinstance(variables, dict) else None
    flat = {**(variables if isinstance(variables, dict) else {}), **(own if isinstance(own, dict) else {})}
    return Surroundings(found, project, adapter, flat)


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Anything(ChainableUndefined):
    """What is not known: it can be asked for anything and prints as a name."""

    def __call__(self, *_: Any, **__: Any) -> _Anything:  # type: ignore[override]
        return self

    def __str__(self) -> str:
        return "any_name"

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Renderer:
    """Renders texts for one kind of run."""

    def __init__(self, around: Surroundings, is_incremental: bool) -> None:
        self._around = around
        self._environment = SandboxedEnvironment(undefined=_Anything, extensions=["jinja2.ext.do"])
        self._environment.filters.update(as_text=str, as_bool=bool, as_native=lambda x: x, as_number=float)
        macros = {name: self._macro(name, text) for name, (_, text) in around.macros.items()}
        packages: dict[str, SimpleNamespace] = {}
        for name, (package, _) in around.macros.items():
            setattr(packages.setdefault(package, SimpleNamespace()), name, macros[name])
        self._environment.globals.update({**macros, **packages, **self._context(is_incremental)})

    def render(self, text: str) -> str:
        """The text as dbt would about render it.

        Raises:
            NotRendered: Jinja cannot read it, or it stops itself.
        """
        try:
            return self._environment.from_string(_OWN_TAGS.sub("", text)).render()
        except _Returned:
            return ""
        except (TemplateError, *_FAULTS) as error:
            raise NotRendered(str(error)) from error

    def _macro(self, name: str, text: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            made = getattr(self._environment.from_string(text).module, name, None)
            try:
                return made(*args, **kwargs) if made is not None else ""
            except _Returned as returned:
                return returned.value

        return call

    def _context(self, is_incremental: bool) -> dict[str, Any]:
        anything = _Anything()
        variables = self._around.variables
        return {
            "ref": lambda *names, **_: _quoted("ref", *names),
            "source": lambda *names: _quoted("source", *names),
            "this": _quoted("this"),
            "config": _Config(),
            "is_incremental": lambda: is_incremental,
            "var": lambda name, default=None: variables.get(name, anything if default is None else default),
            "env_var": lambda name, default="value": default,
            "return": _return,
            "execute": False,
            "adapter": _Adapter(self),
            "target": SimpleNamespace(
                name="target", type=self._around.adapter, schema="main", database="main", threads=1
            ),
            "model": anything, "graph": anything, "api": anything, "run_query": anything,
            "load_result": anything, "exceptions": _Exceptions(), "log": _silent, "print": _silent,
            "modules": SimpleNamespace(datetime=datetime, itertools=itertools, re=re),
            "tojson": lambda value, default=None: json.dumps(value, default=str), "zip": zip,
            "fromjson": lambda text, default=None: json.loads(text), "set": set,
            "dbt_version": "1.11.0", "flags": anything, "invocation_id": "id", "run_started_at": _NOON,
            "database": "main", "schema": "main", "builtins": anything,
        }  # fmt: skip

    def dispatched(self, name: str) -> Any:
        """The macro that stands for a name on this adapter."""
        for prefix in (f"{self._around.adapter}__", "default__"):
            found = self._environment.globals.get(prefix + name)
            if found is not None:
                return found
        return _Anything()


_NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


class _Adapter:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def dispatch(self, name: str, *_: Any, **__: Any) -> Any:
        return self._renderer.dispatched(name)

    def quote(self, name: Any) -> str:
        return f'"{name}"'

    def __getattr__(self, name: str) -> Any:
        return _Anything()


class _Config:
    def __call__(self, *_: Any, **__: Any) -> str:
        return ""

    def get(self, name: str, default: Any = None, **_: Any) -> Any:
        return default

    require = get


class _Exceptions:
    def warn(self, *_: Any) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:
        def stop(*said: Any) -> None:
            raise TemplateError(" ".join(str(item) for item in said) or name)

        return stop


def _return(value: Any = None) -> None:
    raise _Returned(value)


def _silent(*_: Any, **__: Any) -> str:
    return ""


def _quoted(*names: Any) -> str:
    return '"' + "__".join(str(name) for name in names) + '"'
