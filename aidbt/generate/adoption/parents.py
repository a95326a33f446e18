"""The tables that new tables may refer to and that are staged already: by people, or by us before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from aidbt.core.schema import Mapping, Relation
from aidbt.core.words import singular
from aidbt.generate.adoption.staged import Adopted
from aidbt.project.conventions import bare_table, snake_case
from aidbt.project.declared import Declared

# More of them are not looked at: each costs a scan the first time.
_MOST_PARENTS = 40


@dataclass(frozen=True, slots=True)
class StagedByPeople:
    """A staging model that somebody wrote, as what `ref` and its columns say.

    Attributes:
        columns: source column → column of the model.
        source: the source and its table, as dbt calls them.
        has_every_row: whether every key of its source is in it.
    """

    model: str
    columns: dict[str, str]
    source: tuple[str, str]
    has_every_row: bool = True


def staged_by_people(read: Adopted, here: Declared) -> dict[str, StagedByPeople]:
    """The hand-written staging models by "source.table", the table as the warehouse calls it."""
    places = {(t.source, t.table): t.identifier for t in here.tables}
    found: dict[str, StagedByPeople] = {}
    for model in read.models.values():
        if model.source is None:
            continue
        source, table = model.source.parent, model.source.name
        columns = {
            column.sources[0].name: column.name
            for column in model.columns
            if column.kind in ("direct", "cast") and len(column.sources) == 1
        }
        keeps_keys = all(rule.kind == "deduplication" for rule in model.rules)
        staged = StagedByPeople(model.name, columns, (source, table), has_every_row=keeps_keys)
        found[f"{source}.{places.get((source, table), table)}"] = staged
    return found


def likely_parents(
    new: Iterable[Mapping], staged: Collection[Mapping], table_prefixes: Iterable[str] = ()
) -> list[Mapping]:
    """The staged tables that a column of a new table is named after, such as `customer_id` or `customer`.

    Tables of the same source come before those of others, which have to be named in full.
    """
    prefixes = list(table_prefixes)
    words: dict[str, set[str]] = {}
    for mapping in new:
        for column in mapping.proposed():
            for name in (snake_case(column.sources[0]), column.target.lower()):
                for word in _entities_in(name):
                    words.setdefault(word, set()).add(mapping.source)

    def asked_by(mapping: Mapping) -> set[str]:
        return words.get(singular(bare_table(mapping.source, mapping.table, prefixes)), set())

    own = [mapping for mapping in staged if mapping.source in asked_by(mapping)]
    others = [m for m in staged if asked_by(m) and m.source not in asked_by(m)]
    return [*own, *others][:_MOST_PARENTS]


def with_types(mapping: Mapping, relation: Relation) -> Mapping:
    """The mapping with the types that its source columns have now, which hand-written models do not say."""
    types = {column.name.lower(): column.data_type for column in relation.columns}
    columns = (
        replace(column, source_type=column.source_type or types.get(column.sources[0].lower(), ""))
        if len(column.sources) == 1
        else column
        for column in mapping.columns
    )
    return replace(mapping, columns=tuple(columns))


def _entities_in(name: str) -> list[str]:
    """What a column's name may refer to: what stands before its ending, with and without a role."""
    words = name.split("_")
    if words[-1] in ("id", "key", "code", "uuid", "guid", "fk", "sk"):
        words = words[:-1]
    return [singular("_".join(words[start:])) for start in range(len(words))]
