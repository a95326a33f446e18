"""Learning where a team keeps its files and what it calls them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from aidbt.core.config import GenerateSettings
from aidbt.core.words import singular
from aidbt.project.conventions import bare_table, plural, snake_case

_LEAST = 2
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PlacedModel:
    """A staging model with where it stands.

    Attributes:
        path: its SQL file; `properties` the file with its YAML entry, "" when it has none.
    """

    model: str
    source: str
    table: str
    path: str
    properties: str = ""


@dataclass(frozen=True, slots=True)
class LearnedLayout:
    """The layout of a project.

    Attributes:
        settings: the patterns by setting; only those that enough files agree on.
        table_prefixes: what raw tables' names start with and the models' names do not.
        agree: setting → (files that follow the pattern, files looked at).
        odd: paths and names that do not.
    """

    settings: dict[str, str] = field(default_factory=dict)
    table_prefixes: tuple[str, ...] = ()
    agree: dict[str, tuple[int, int]] = field(default_factory=dict)
    odd: tuple[str, ...] = ()


def learn_layout(models: Sequence[PlacedModel], source_files: dict[str, str]) -> LearnedLayout:
    """The patterns of names and paths that most of the staging models follow.

    Args:
        source_files: the file that declares each source.
    """
    prefixes = _table_prefixes(models)
    names = [(model.model, _name_patterns(model, prefixes)) for model in models]
    paths = [(model.path, _path_patterns(model.path, model)) for model in models]
    entries = [(m.properties, _path_patterns(m.properties, m)) for m in models if m.properties]
    sources = [
        (path, _path_patterns(path, PlacedModel("", source, "", path)))
        for source, path in sorted(source_files.items())
    ]
    settings: dict[str, str] = {}
    agree: dict[str, tuple[int, int]] = {}
    odd: list[str] = []
    for name, seen in (
        ("model_name", names),
        ("model_file", paths),
        ("models_file", entries),
        ("sources_file", sources),
    ):
        found = _most(seen)
        if found is not None:
            pattern, times = found
            settings[name] = pattern
            agree[name] = times, len(seen)
            odd += [text for text, patterns in seen if pattern not in patterns]
    return LearnedLayout(_usable(settings), prefixes, agree, tuple(dict.fromkeys(odd)))


def _most(seen: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, int] | None:
    """The pattern that fits most of what was seen; of equals the one that says more."""
    seen = list(seen)
    votes = Counter(pattern for _, patterns in seen for pattern in dict.fromkeys(patterns))
    if not votes:
        return None
    pattern, times = max(
        votes.items(), key=lambda item: (item[1], item[0].count("{"), -len(item[0]), item[0])
    )
    few = min(_LEAST, len(seen))
    return (pattern, times) if times >= few and times >= _SHARE * len(seen) else None


def schema_prefixes(schemas: Iterable[tuple[str, str]]) -> list[str]:
    """What the schemas of sources start with and the sources' names do not, the most frequent first.

    Args:
        schemas: (source, schema) of every declared source.
    """
    seen = Counter(
        schema[: -len(source)].lower()
        for source, schema in schemas
        if schema.lower().endswith(source.lower()) and len(schema) > len(source)
    )
    return [prefix for prefix, times in seen.most_common() if times >= _LEAST]


_OUTSIDE_BRACES = re.compile(r"[^{}]+(?![^{}]*\})")
_PREFIXES = ("raw_", "src_", "source_", "tbl_", "t_", "v_", "{source}_")


def _table_prefixes(models: Sequence[PlacedModel]) -> tuple[str, ...]:
    """The prefixes of raw tables that most models on such tables leave out."""
    found = []
    for prefix in _PREFIXES:
        about = [
            m for m in models if bare_table(m.source, m.table, [prefix]) != bare_table(m.source, m.table)
        ]
        gone = [
            m
            for m in about
            if bare_table(m.source, m.table) not in m.model.lower()
            and singular(bare_table(m.source, m.table, [prefix])) in m.model.lower()
        ]
        if len(gone) >= _LEAST and len(gone) > _SHARE * len(about):
            found.append(prefix)
    return tuple(found)


def _name_patterns(model: PlacedModel, prefixes: Sequence[str]) -> list[str]:
    """Every way to write a model's name with its source and its table in braces.

    Of a name in capitals what stands outside of the braces is in capitals too.
    """
    if model.model.isupper():
        plain = replace(model, model=model.model.lower())
        return [_OUTSIDE_BRACES.sub(lambda m: m[0].upper(), p) for p in _name_patterns(plain, prefixes)]
    found = []
    source, table = snake_case(model.source).lstrip("_"), bare_table(model.source, model.table, prefixes)
    words = [("{table}", table), ("{entity}", singular(table)), ("{entities}", plural(table))]
    for part, word in words:
        if word and word in model.model:
            before, _, after = model.model.rpartition(word)
            name = (
                f"{before.replace(source, '{source}', 1)}{part}{after}" if source else before + part + after
            )
            found.append(name)
    return found


def _path_patterns(path: str, model: PlacedModel) -> list[str]:
    """Every way to write a path with its model, source and table in braces."""
    source, table = snake_case(model.source).lstrip("_"), snake_case(model.table).lstrip("_")
    pure = PurePosixPath(path)
    folder = "/".join("{source}" if part == source else part for part in pure.parent.parts)
    stem, suffix = pure.stem, pure.suffix
    stems = [stem]
    if model.model and model.model in stem:
        stems = [stem.replace(model.model, "{model}")]
    elif source and (source in (stem, *stem.split("__")[0].strip("_").split("_")) or f"_{source}" in stem):
        stems.append(stem.replace(source, "{source}", 1))
    if table and not model.model:
        stems.append(stem.replace(table, "{table}", 1))
    return [f"{folder}/{name}{suffix}" for name in dict.fromkeys(stems)]


def _usable(settings: dict[str, str]) -> dict[str, str]:
    """The patterns that `generate` takes: a name needs its table, a path of a model its name."""
    found = dict(settings)
    if "{model}" not in found.get("model_file", "{model}"):
        found.pop("model_file")
    for name, pattern in list(found.items()):
        try:
            GenerateSettings.model_validate({name: pattern})
        except ValueError:
            found.pop(name)
    return found
