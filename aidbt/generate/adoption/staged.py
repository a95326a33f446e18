"""The staging models that people wrote, read as decided mappings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aidbt.core.schema import Mapping
from aidbt.lineage.written.staging import NotRead, StagingModel, as_mapping, read_staging_model
from aidbt.project.declared import Declared


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the SQL models on sources say.

    Attributes:
        models: what could be read, by path.
        not_read: path → why it could not be.
    """

    models: dict[str, StagingModel]
    not_read: dict[str, str]


def read_models(here: Declared, dialect: str) -> Adopted:
    """Every model of the project that reads a source, read as a staging model; where that only passes the
    source on (`select *`), the models that read it, as if they read the source.
    """
    models: dict[str, StagingModel] = {}
    not_read: dict[str, str] = {}

    def read(paths: Iterable[str]) -> dict[str, StagingModel]:
        found = {}
        for path in paths:
            model = read_staging_model(here.files[path], path=path, dialect=dialect)
            if isinstance(model, NotRead):
                not_read[path] = model.reason
            else:
                found[path] = model
        return found

    sql = [path for path in here.files if path.endswith(".sql")]
    first = read(path for path in sql if path in here.readers)
    passing = {m.name: m.source for m in first.values() if m.source is not None and _passes_on(m)}
    called = (
        re.compile(rf"""\bref\(\s*['"]({"|".join(map(re.escape, passing))})['"]\s*\)""") if passing else None
    )
    second = read(p for p in sql if p not in first and called and called.search(here.files[p]))
    for path, model in second.items():
        source = passing.get(model.relations[0].name) if model.is_plain else None
        if source is not None:
            models[path] = replace(model, relations=(source,))
    followed = {m.source for m in models.values()}
    models |= {p: m for p, m in first.items() if not (_passes_on(m) and m.source in followed)}
    return Adopted(dict(sorted(models.items())), not_read)


def _passes_on(model: StagingModel) -> bool:
    """Whether it selects the rows of its source as they are."""
    return bool(model.columns) and all(column.kind == "star" for column in model.columns)


def adopted_mappings(read: Adopted, here: Declared) -> Iterator[Mapping]:
    """The mappings that people decided by writing staging models, as the warehouse calls their tables."""
    places = {(t.source, t.table): t for t in here.tables}
    for model in read.models.values():
        place = places.get((model.source.parent, model.source.name)) if model.source is not None else None
        listed = [str(column.get("name", "")) for column in place.columns] if place is not None else []
        mapping = as_mapping(model, listed)
        if mapping is not None and place is not None:
            yield replace(mapping, schema=place.schema or "", table=place.identifier)
