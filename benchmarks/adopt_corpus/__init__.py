"""Synthetic dbt projects of 300 models and 40 sources in the style of real conventions, with the truth.

Three teams: `dbt_labs` (dbt Labs' guides, Airbyte), `gitlab` (upper case, leading commas, `::TYPE AS`,
suffixes of its own, dlt) and `fivetran` (its packages: a `_tmp` model below each staging model, `fields` by
macro, `final`). The same seed gives the same files. 5 % of the staging models break their team's rules.
"""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.adopt_corpus.files import Files, add_downstream, add_settings, add_staging
from benchmarks.adopt_corpus.models import intermediate_models, mart_models
from benchmarks.adopt_corpus.styles import STYLES
from benchmarks.adopt_corpus.tables import draw_tables, with_odd_ones
from benchmarks.adopt_corpus.truth import Truth, truth_of
from benchmarks.adopt_corpus.warehouse import fill_warehouse

__all__ = ["STYLES", "Truth", "write_project"]

SOURCES = 40
INTERMEDIATE_MODELS = 60
MARTS = 80


def write_project(folder: Path, style: str, seed: int = 0, *, scale: float = 1.0) -> Truth:
    """Write a project, with profiles.yml and warehouse.duckdb, into `folder` and say what is true of it.

    Args:
        folder: Made when it is not there; must be empty.
        style: A key of `STYLES`.
        seed: Which tables have which columns, and which models are odd.
        scale: Share of the 40 sources and of the models, above 0 and up to 1, for a quick form.

    Returns:
        style, seed: As given.
        models: Number of models by layer: staging (with `_tmp` models), intermediate, marts.
        layout: Patterns of paths and names, with {source}, {table}, {model}, {entity}, …
        staged: [source, table] of every declared table; each has a staging model.
        staging: Model to {path, source, table, columns}; columns is raw to staged name, null when left out.
        rules: One for each kind of raw column: {kind, to, expression, columns, renames, casts, broken}.
            columns keep the rule; renames of them change the name by it, casts pass through an expression;
            broken is how many more of the kind do not keep it (in models that are odd for their names).
        tests: key, reference, code: which tests such columns carry, in that order; none: which never.
        yaml, sql: Facts of the style.
        odd: {model, path, why} of the models that break the rules; why is names, sql, place or model.
        loader: Who loaded, and the columns it adds.
        unstaged: {schema, source, declared, table, path, model, columns} of undeclared tables, as this
            team would stage them; `declared` says that the source is, with other tables.
        ignored: [schema, table] that nobody should stage: the loader's own, empty, scratch.

    Raises:
        ValueError: no such style, or `folder` is not empty.
    """
    if style not in STYLES:
        raise ValueError(f"no style is called '{style}': {', '.join(STYLES)}")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty")
    ways = STYLES[style]
    dice = random.Random(f"{style} {seed}")
    tables = draw_tables(ways, dice, max(1, round(SOURCES * scale)))
    staged, unstaged = with_odd_ones(ways, dice, tables[0]), tables[1]
    middle = intermediate_models(ways, staged, round(INTERMEDIATE_MODELS * scale))
    marts = mart_models(ways, staged, middle, round(MARTS * scale))
    files = Files()
    add_settings(files, ways)
    add_staging(files, ways, staged)
    add_downstream(files, ways, middle + marts)
    files.write(folder)
    ignored = fill_warehouse(folder / "warehouse.duckdb", ways, staged + unstaged)
    return truth_of(ways, seed, staged, unstaged, len(middle), len(marts), ignored)
