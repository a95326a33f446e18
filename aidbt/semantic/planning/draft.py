"""A SELECT in the making: its CTEs, their columns, and the names of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.frames import Aliases
from aidbt.semantic.planning.terms import column_like
from aidbt.semantic.query import Output, SemanticQuery


@dataclass
class Draft:
    """What has been planned of one query so far."""

    query: SemanticQuery
    graph: Graph
    aliases: Aliases
    ctes: list[tuple[str, exp.Query]] = field(default_factory=list)

    @property
    def _prefix(self) -> str:
        """What names of columns that are not shown begin with, and no other."""
        prefix = "_"
        while any(output.name.startswith(prefix) for output in self.query.outputs):
            prefix += "_"
        return prefix

    def _output(self, name: str) -> Output:
        for output in self.query.outputs:
            if output.name == name:
                return output
        raise CannotPlan(f"no column of the answer is called {name}")

    def _column(self, name: str, cte: str) -> exp.Column:
        """A column of a CTE, of the type that stands there."""
        selects = dict(self.ctes)[cte].selects
        return column_like(name, cte, next(s.unalias() for s in selects if s.alias_or_name == name))

    def _cte(self, name: str, select: exp.Query) -> str:
        alias = self.aliases.new(name)
        self.ctes.append((alias, select))
        return alias
