"""Semantic models and metrics proposed for tables: what their keys, names, types and values speak for.

Few and telling: a table's count, what of it can be added up or averaged, and the ratios that two of these
obviously make. What a name leaves open is left out, with the reason, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aidbt.core.schema import TableProfile
from aidbt.core.words import singular_words
from aidbt.project.conventions import plural
from aidbt.semantic.definitions import (
    Dimension,
    Entity,
    EntityType,
    Measure,
    MeasureInput,
    Metric,
    MetricInput,
    SemanticManifest,
    SemanticModel,
    SemanticRelation,
)
from aidbt.semantic.drafting.names import RESERVED, DraftNames, entity_key, safe_name
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.tables.column_roles import role_of

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Of more different texts than that nobody makes groups.
_MOST_VALUES = 1_000
_FEW_ROWS = 20
_PROSE = frozenset(
    """
    address agent body comment description file hash id link message note path ref reference remark summary
    text token url uuid
    """.split()
)
_MOST_DIMENSIONS, _MOST_MEASURES, _MOST_SHARES = 12, 6, 2
_PEOPLE = frozenset(
    """
    account agent author buyer client customer driver employee guest host member passenger patient person
    player rider seller student subscriber supplier tenant user vendor visitor
    """.split()
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that no draft uses, or a whole table ("" for the column), and why."""

    table: str
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """The draft of one table.

    Attributes:
        metrics: over its rows alone.
    """

    model: SemanticModel
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class Draft:
    """Drafts of tables, and what was left out of them."""

    tables: tuple[Drafted, ...]
    left_out: tuple[LeftOut, ...] = ()


def draft(
    graph: Graph,
    profiles: Sequence[TableProfile],
    models: Mapping[str, str],
    existing: SemanticManifest,
) -> Draft:
    """Semantic models with their metrics for some tables of a graph.

    Args:
        profiles: of the graph's tables.
        models: the dbt model of each table that is to be drafted, by the table's name.
        existing: what the project defines already: its entities are joined, its names are taken.
    """
    names = DraftNames(graph, models, existing)
    drafts = [
        _TableDraft(graph, table, _profile(table, profiles), names).drafted(models[table.name])
        for table in graph.tables
        if table.name in models
    ]
    left_out = [item for _, items in drafts for item in items]
    used = _used([drafted for drafted, _ in drafts], existing)
    unused = [drafted for drafted, _ in drafts if drafted not in used]
    left_out += [LeftOut(d.model.relation.name, "", "no metric can be grouped by it") for d in unused]
    return Draft(tuple(used), tuple(left_out))


def _used(drafts: Sequence[Drafted], existing: SemanticManifest) -> list[Drafted]:
    """The drafts with metrics, and those that metrics can be grouped by, over however many joins."""
    used = [drafted for drafted in drafts if drafted.metrics]
    joined = {e.name for model in existing.semantic_models for e in model.entities if e.type == "foreign"}
    while True:
        joined |= {e.name for drafted in used for e in drafted.model.entities if e.type == "foreign"}
        more = [d for d in drafts if d not in used and joined & set(d.model.prefixes)]
        if not more:
            return [drafted for drafted in drafts if drafted in used]
        used += more


def _profile(table: GraphTable, profiles: Sequence[TableProfile]) -> TableProfile | None:
    return next((p for p in profiles if (p.schema, p.name) == (table.schema, table.name)), None)


# --- one table ---------------------------------------------------------------------------------------------


@dataclass
class _TableDraft:
    """The draft of one table, in the making."""

    graph: Graph
    table: GraphTable
    profile: TableProfile | None
    names: DraftNames
    left_out: list[LeftOut] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def drafted(self, model: str) -> tuple[Drafted, list[LeftOut]]:
        """The semantic model and the metrics, and what was left out."""
        entities = tuple(self._entities())
        dimensions = tuple(self._dimensions())
        time = self._time(dimensions)
        pairs = list(self._measures(model)) if time else []
        if not time:
            self._leave("", "it has no time that its rows are counted at, so it has no measures")
        measures = tuple(measure for measure, _ in pairs)
        metrics = [metric for _, metric in pairs]
        metrics += self._ratios(pairs, dimensions)
        key = [entity.name for entity in entities if entity.type == "primary"]
        found = SemanticModel(
            name=safe_name(model),
            relation=SemanticRelation(self.table.schema, self.table.identifier or self.table.name),
            model=model,
            entities=entities,
            dimensions=dimensions,
            measures=measures,
            time_dimension=time,
            primary_entity="" if key else self.names.entity(self.table.name),
            description=self.table.description,
        )
        return Drafted(found, tuple(metrics)), self.left_out

    @property
    def _noun(self) -> str:
        return "_".join(self.names.noun(self.table.name))

    @property
    def _rows(self) -> str:
        """What the rows are called."""
        return _said(plural(self._noun))

    def _leave(self, column: str, reason: str) -> None:
        self.left_out.append(LeftOut(self.table.name, column, reason))

    # --- entities and dimensions ------------------------------------------------------------------------

    def _entities(self) -> Iterator[Entity]:
        key = entity_key(self.table)
        if _BARE.fullmatch(key):
            self.used |= {key, self.names.entity(self.table.name)}
            yield self._entity(self.names.entity(self.table.name), "primary", key)
            for alias in self.names.aliases.get(self.table.name, ()):
                self.used.add(alias)
                yield Entity(alias, "unique", key, f"The {self._noun} as {_said(alias)}.")
        for reference in self.graph.relationships:
            column = reference.source_columns[0]
            if reference.source != self.table.name:
                continue
            name = self.names.foreign(reference)
            if name and name not in self.used and _BARE.fullmatch(column):
                self.used |= {name, column}
                yield self._entity(name, "foreign", column)
            elif self.table.column(column).kind != "text" and column not in self.used:
                # A code such as that of an airport is something to group by all the same; a number is none.
                self.used.add(column)
                self._leave(column, f"it refers to {reference.target}, which has no semantic model")

    def _entity(self, name: str, kind: EntityType, column: str) -> Entity:
        said = self.table.column(column).description
        return Entity(name, kind, column, said)

    def _dimensions(self) -> Iterator[Dimension]:
        number = 0
        for column in self.table.columns:
            if column.name in self.used or not self._is_dimension(column):
                continue
            name = self._element(column.name)
            if not _BARE.fullmatch(column.name) or name in self.used:
                self._leave(column.name, "it has a name that a dimension cannot have")
                continue
            number += 1
            if number > _MOST_DIMENSIONS:
                self._leave(column.name, f"the draft has {_MOST_DIMENSIONS} dimensions already")
                continue
            self.used |= {column.name, name}
            if column.kind in ("time", "date"):
                yield Dimension(name, "time", column.name, "day", description=column.description)
            else:
                yield Dimension(name, "categorical", column.name, description=column.description)

    def _is_dimension(self, column: GraphColumn) -> bool:
        if column.is_pii:
            self._leave(column.name, "it holds personal data")
            return False
        if column.kind in ("time", "date", "bool"):
            return True
        if column.kind != "text":
            return False
        if column.name == self.table.label:
            return True
        if singular_words(column.name)[-1:] and singular_words(column.name)[-1] in _PROSE:
            self._leave(column.name, "its name speaks of texts that are all different")
            return False
        if column.values or self._has_few_values(column.name):
            return True
        self._leave(column.name, "it is a text with too many different values to group by")
        return False

    def _has_few_values(self, column: str) -> bool:
        seen = self.profile.column(column) if self.profile else None
        if self.profile is None or seen is None:
            return False
        repeats = 2 * seen.distinct_count <= self.profile.row_count or self.profile.row_count < _FEW_ROWS
        return 0 < seen.distinct_count <= _MOST_VALUES and repeats

    def _element(self, column: str) -> str:
        """The name of a dimension of a column."""
        name = safe_name(column)
        return f"{self._noun}_{name}" if name in RESERVED else name

    def _time(self, dimensions: Sequence[Dimension]) -> str:
        """The time dimension that rows are counted at; "" where none, or none before others, says so."""
        times = [dimension for dimension in dimensions if dimension.type == "time"]
        if len(times) == 1:
            return times[0].name
        for dimension in times:
            if dimension.expr == self.table.time:
                return dimension.name
        # The time of an order is when it was ordered, not when it was shipped.
        stem = self.names.noun(self.table.name)[-1][:4]
        own = [d.name for d in times if "".join(singular_words(d.expr)[:1]).startswith(stem)]
        if len(own) != 1 and times:
            self._leave(
                "", f"it has several times and none before others: {', '.join(d.name for d in times)}"
            )
        return own[0] if len(own) == 1 else ""

    # --- measures and metrics ---------------------------------------------------------------------------

    def _measures(self, model: str) -> Iterator[tuple[Measure, Metric]]:
        """The measures with their metrics: the count of rows first, then numbers, then people."""
        counted = self.names.unique(f"{self._noun}_count")
        measure = Measure(counted, "sum", "1", description=f"The number of {self._rows}.")
        yield self._simple(model, measure, counted)
        number = 0
        for column in self.table.columns:
            if column.name in self.used or column.kind != "number" or not self._is_measure(column):
                continue
            number += 1
            if number > _MOST_MEASURES:
                self._leave(column.name, f"the draft has {_MOST_MEASURES} measures already")
                continue
            yield self._of_number(model, column)
        for reference in self.graph.relationships:
            if reference.source == self.table.name and self.names.foreign(reference):
                yield from self._of_people(model, reference)

    def _is_measure(self, column: GraphColumn) -> bool:
        role = role_of(column.name)
        if column.is_pii or not _BARE.fullmatch(column.name) or role == "neither":
            return False
        if role == "state":
            self._leave(column.name, "it is a state, which does not add up over time; say how it is meant")
        if role == "aggregate":
            self._leave(column.name, "it is a mean already, and the mean of means counts all groups alike")
        if role == "unknown":
            self._leave(column.name, "its name does not say whether it adds up")
        return role in ("summed", "averaged")

    def _of_number(self, model: str, column: GraphColumn) -> tuple[Measure, Metric]:
        """The sum or the mean of a column."""
        is_summed = role_of(column.name) == "summed"
        base = safe_name(column.name)
        prefix = "total" if is_summed else "average"
        is_said = prefix in singular_words(base)
        metric = base if is_said else f"{prefix}_{base}"
        is_shared = column.name.lower() in self.names.repeated
        is_taken = self.names.is_taken(base) or self.names.is_taken(metric)
        if (is_shared or is_taken) and not base.startswith(f"{self._noun}_"):
            base = f"{self._noun}_{base}"
        how = "Sum" if is_summed else "Mean"
        said = f"{how} of {column.name} over {self._rows}."
        measure = Measure(
            self.names.unique(base),
            "sum" if is_summed else "average",
            column.name,
            description=f"{column.description.rstrip('.')}. {said}" if column.description else said,
        )
        name = measure.name if is_said else self.names.unique(f"{prefix}_{base}")
        return self._simple(model, measure, name)

    def _of_people(self, model: str, reference: Relationship) -> Iterator[tuple[Measure, Metric]]:
        """How many different people rows refer to, where they are people."""
        entity = self.names.foreign(reference)
        if self.names.noun(reference.target)[-1] not in _PEOPLE:
            return
        name = self.names.unique(f"{plural(entity)}_with_{plural(self._noun)}")
        said = f"The number of different {_said(plural(entity))} that {self._rows} have."
        measure = Measure(name, "count_distinct", reference.source_columns[0], description=said)
        yield self._simple(model, measure, name)

    def _simple(self, model: str, measure: Measure, name: str) -> tuple[Measure, Metric]:
        metric = Metric(
            name,
            "simple",
            label=_said(name).capitalize(),
            description=measure.description,
            measure=MeasureInput(measure.name),
            semantic_model=safe_name(model),
        )
        return measure, metric

    def _ratios(
        self, pairs: Sequence[tuple[Measure, Metric]], dimensions: Sequence[Dimension]
    ) -> Iterator[Metric]:
        """The mean amount of a row, where the table has one amount; and the shares of what is true or not."""
        if not pairs:
            return
        noun, (_, counted) = self._noun, pairs[0]
        amounts = [metric for measure, metric in pairs[1:] if measure.agg == "sum"]
        if len(amounts) == 1:
            per = f"{amounts[0].name.removeprefix('total_')}_per_{noun}"
            said = f"{amounts[0].label} divided by {counted.label.lower()}."
            yield self._ratio(f"average_{per}", MetricInput(amounts[0].name), counted, said)
        entity = self.names.entity(self.table.name)
        flags = [d for d in dimensions if self.table.column(d.expr).kind == "bool"]
        for flag in flags[:_MOST_SHARES]:
            stem = flag.name.removeprefix("is_").removeprefix("has_").removeprefix("was_")
            where = f"{{{{ Dimension('{entity}__{flag.name}') }}}} = true"
            said = f"The share of {self._rows} of which {flag.name} is true."
            # Without a name of its own MetricFlow takes the denominator for it.
            alias = f"{stem}_{counted.name}"
            upper = MetricInput(counted.name, alias, filters=(where,))
            yield self._ratio(f"{stem}_{noun}_share", upper, counted, said)

    def _ratio(self, name: str, upper: MetricInput, lower: Metric, said: str) -> Metric:
        name = self.names.unique(name)
        return Metric(
            name,
            "ratio",
            label=_said(name).capitalize(),
            description=said,
            inputs=(upper, MetricInput(lower.name)),
        )


def _said(name: str) -> str:
    return name.replace("_", " ")
