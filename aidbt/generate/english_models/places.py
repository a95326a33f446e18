"""What a model and its columns may be called, and where its files stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from aidbt.core.errors import UsageError
from aidbt.generate.lock import Lock
from aidbt.project import Project
from aidbt.project.conventions import snake_case
from aidbt.project.declared import Declared
from aidbt.project.manifest import Manifest
from aidbt.semantic.planning.frames import Aliases
from aidbt.semantic.query import Measure, Output, OutputRef, SemanticQuery, measures, source_names
from aidbt.semantic.rewriting import rewritten
from aidbt.sql.identifiers import reserved_words

# Folders in which projects keep what is asked about, in the order of preference.
_LAST_LAYERS = ("gold", "marts", "mart", "reporting", "reports", "analytics")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_NAME = 63  # PostgreSQL cuts what is longer


class NameTaken(UsageError):
    """A model of somebody else has this name."""

    exit_code = 1


def check_name(name: str) -> None:
    """Check that a model can have a name.

    Raises:
        UsageError: dbt or the warehouse cannot take it.
    """
    if not _NAME.match(name):
        close = re.sub(r"[^a-z0-9_]", "", snake_case(name)) or "my_model"
        hint = f"for example: --name {close if _NAME.match(close) else 'm_' + close}"
        raise UsageError(f"'{name}' cannot be a model's name: letters, digits and _ only", hint=hint)
    if len(name) > _LONGEST_NAME:
        raise UsageError(
            f"the name has {len(name)} characters; {_LONGEST_NAME} are the most that every warehouse keeps"
        )


def check_not_taken(name: str, here: Declared, manifest: Manifest, ours: Iterable[str]) -> None:
    """Check that nothing else in the project has a new model's name; not in another case either, since
    warehouses and some file systems know no case.

    Args:
        here: what people wrote.
        ours: paths of what aidbt wrote.

    Raises:
        NameTaken: something has.
    """
    written = map(PurePosixPath, ours)
    own = next((p for p in written if p.suffix == ".sql" and p.stem.lower() == name.lower()), None)
    if own is not None:
        raise NameTaken(
            f"aidbt wrote a model of this name already, for another reason: {own}",
            hint="choose another --name; nothing was written",
        )
    path = {model.lower(): path for model, path in here.models.items()}.get(name.lower())
    if path is None:
        kinds = ("seed", "snapshot")
        others = [node for kind in kinds for node in manifest.of_type(kind) if node.name == name]
        path = others[0].path if others else None
    if path is not None:
        raise NameTaken(
            f"{name} is there already, and was not written by aidbt: {path}",
            hint="choose another --name; nothing was written",
        )


def sql_place(project: Project, name: str, folder: str, lock: Lock, here: Declared) -> str:
    """The path of the model's SQL: where it stands, where it stood, else in a folder.

    Args:
        folder: as a person gave it; "" leaves it to us.

    Raises:
        UsageError: dbt reads no models there, or the model stands elsewhere.
    """
    file = f"{name}.sql"
    known = [path for path in lock.files if PurePosixPath(path).name == file]
    stands = [path for path in (*known, *here.files) if PurePosixPath(path).name == file]
    place = next((path for path in stands if (project.root / path).is_file()), next(iter(known), ""))
    wanted = _inside(project, folder) if folder else ""
    if place and wanted and str(PurePosixPath(place).parent) != wanted:
        raise UsageError(
            f"{name} stands in {PurePosixPath(place).parent}", hint="move it with git mv, or leave --path out"
        )
    return place or f"{wanted or usual_folder(project)}/{file}"


def with_moves(lock: Lock, name: str, project: Project, here: Declared) -> Lock:
    """The lock with the files of a model where somebody moved them."""
    files = dict(lock.files)
    for path in lock.files:
        file = PurePosixPath(path)
        if file.stem == name and not (project.root / path).exists():
            now = [other for other in here.files if PurePosixPath(other).name == file.name]
            if len(now) == 1:
                files[now[0]] = files.pop(path)
    return replace(lock, files=files)


def usual_folder(project: Project) -> str:
    """Where the project keeps models that are asked about, else "gold" in its first model path."""
    for models in project.paths("model"):
        for layer in _LAST_LAYERS:
            if (models / layer).is_dir():
                return (models / layer).relative_to(project.root).as_posix()
    return f"{project.paths('model')[0].relative_to(project.root).as_posix()}/gold"


def _inside(project: Project, folder: str) -> str:
    """The folder relative to the project.

    Raises:
        UsageError: it is in no model path.
    """
    full = (project.root / folder).resolve()
    paths = [path.resolve() for path in project.paths("model")]
    if not any(full.is_relative_to(path) for path in paths) or full.is_file():
        listed = ", ".join(path.relative_to(project.root.resolve()).as_posix() for path in paths)
        raise UsageError(f"dbt reads no models in {folder}", hint=f"choose a folder in {listed}")
    return full.relative_to(project.root.resolve()).as_posix()


def folder_materialized(project: Project, path: str) -> str:
    """How dbt_project.yml says that models in a folder are materialized; "view" where it says nothing.

    Args:
        path: of the model's file, relative to the project.
    """
    inside = next(
        (models for models in project.paths("model") if (project.root / path).is_relative_to(models)),
        Path(project.root / path).parent,
    )
    folders = (project.root / path).parent.relative_to(inside).parts
    level: object = project.config.get("models")
    found = "view"
    for step in ("", project.name, *folders):
        if step:
            level = level.get(step) if isinstance(level, dict) else None
        if not isinstance(level, dict):
            break
        said = level.get("+materialized", level.get("materialized"))
        found = said if isinstance(said, str) else found
    return found


def with_column_names(query: SemanticQuery, dialect: str) -> SemanticQuery:
    """The query with outputs that can be columns: in snake_case, each once, none a reserved word."""
    taken = Aliases()
    names = {output.name: _column_name(output.name, taken, dialect) for output in query.outputs}
    is_grouped = bool(query.group_by or measures((query.outputs, query.having, query.order_by)))
    of_source = set() if is_grouped else source_names(query)

    def renamed(part: Any) -> Any | None:
        if isinstance(part, Measure) or part in query.group_by:
            return part  # what is in it is of the rows that are grouped
        is_own = isinstance(part, OutputRef) and part.name not in of_source
        return OutputRef(names.get(part.name, part.name)) if is_own else None

    return replace(
        query,
        outputs=tuple(Output(rewritten(o.term, renamed), names[o.name], o.is_shown) for o in query.outputs),
        having=rewritten(query.having, renamed),
        order_by=rewritten(query.order_by, renamed),
        limit_within=rewritten(query.limit_within, renamed),
    )


def _column_name(name: str, taken: Aliases, dialect: str) -> str:
    plain = re.sub(r"[^a-z0-9_]", "_", snake_case(name)).strip("_") or "value"
    plain = f"n_{plain}" if plain[0].isdigit() else plain
    return taken.new(f"{plain}_value" if plain in reserved_words(dialect) else plain)
