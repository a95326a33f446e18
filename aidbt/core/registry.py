"""One registry per family of plug-ins: a visible table of names, imported on use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from aidbt.core.errors import MissingExtra, UnknownName, UsageError


class Registry:
    """Names of one family, each a dotted path that is imported when it is first asked for.

    Other people's packages add names through the entry point group `aidbt.<family>`;
    a name of ours cannot be replaced that way.

    Args:
        family: the singular noun used in messages, e.g. "matching signal".
        table: name → "package.module:attribute".
        extras: name → the extra of aidbt that brings its packages.

    Example:
        >>> Registry("separator", {"path": "os:sep"}).load("path") in "/\\\\"
        True
    """

    def __init__(
        self, family: str, table: Mapping[str, str], *, extras: Mapping[str, str] | None = None
    ) -> None:
        self.family = family
        self._table = dict(table)
        self._extras = dict(extras or {})

    @property
    def group(self) -> str:
        """The entry point group of this family."""
        return "aidbt." + self.family.replace(" ", "_") + "s"

    def names(self) -> list[str]:
        """Every name, ours first in the order of the table, then other packages' in alphabetical order."""
        others = sorted({point.name for point in entry_points(group=self.group)} - self._table.keys())
        return [*self._table, *others]

    def load(self, name: str) -> Any:
        """The object registered as `name`.

        Raises:
            UnknownName: nothing is registered under that name.
            MissingExtra: it needs a package that is not installed.
            UsageError: another package registered something that cannot be imported.
        """
        path = self._table.get(name)
        if path is None:
            return self._load_entry_point(name)
        module_name, _, attribute = path.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            extra = self._extras.get(name)
            if extra is None or (error.name or "").partition(".")[0] in ("aidbt", "ingestion"):
                raise
            raise MissingExtra(f"{self.family} '{name}'", extra) from error
        return getattr(module, attribute)

    def _load_entry_point(self, name: str) -> Any:
        for point in entry_points(group=self.group):
            if point.name == name:
                try:
                    return point.load()
                except (ImportError, AttributeError) as error:
                    raise UsageError(
                        f"{self.family} '{name}' cannot be loaded from '{point.value}': {error}",
                        hint="the package that registers it is broken or incomplete; reinstall or remove it",
                    ) from error
        raise UnknownName(self.family, name, self.names())
