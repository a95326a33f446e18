"""What a person asks for when they ask for a model, and what it can be made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aidbt.core.resilience import Level
from aidbt.core.schema import Relation
from aidbt.generate.english_models.decisions import Rows
from aidbt.generate.english_models.kept import Materialized
from aidbt.generate.english_models.parents import Parent
from aidbt.project.manifest import Manifest
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import SemanticQuery
from aidbt.sql.validate import Engine


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it was read.

    Attributes:
        by: the language model that read it; "" for our own English.
    """

    query: SemanticQuery
    by: str = ""
    level: Level = Level.FULL
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for; what is left out stays as it was, or is decided.

    Attributes:
        sentence: "" writes an existing model from its kept reading.
        refine: phrases to be added to the kept sentence.
        folder: where a new model stands; "" in the project's usual folder.
        refresh: whether tests, types and the materialization are decided again.
        replace: whether the sentence may take the place of another one that is kept.
    """

    name: str
    sentence: str = ""
    refine: tuple[str, ...] = ()
    folder: str = ""
    materialized: Materialized | None = None
    contract: bool | None = None
    refresh: bool = False
    replace: bool = False


@dataclass(frozen=True)
class Ground:
    """What a model can be made of, and who is asked on the way.

    Attributes:
        relations, parents: by the name of a table in the graph.
        semantic: the project's semantic layer; None without one.
        read: what a sentence means; raises `Refused`.
        compile: what dbt makes of a template; raises DbtError.
        engine: a guarded connection to the warehouse; None validates without one.
        rows: asks the warehouse; None where it is not to be read.
        may_scan: told which relations are about to be read; raises BudgetExceeded.
    """

    graph: Graph
    relations: Mapping[str, Relation]
    parents: Mapping[str, Parent]
    manifest: Manifest
    semantic: SemanticManifest | None
    read: Callable[[str], Sentence]
    compile: Callable[[str], str]
    engine: Engine | None = None
    rows: Rows | None = None
    may_scan: Callable[[Sequence[Relation]], None] = lambda relations: None
