"""The semantic layer that dbt wrote beside a manifest, when it last parsed the project."""

from __future__ import annotations

from pathlib import Path

from aidbt.core.config import DbtSettings
from aidbt.core.errors import DbtError, UsageError
from aidbt.project import Project
from aidbt.project.compiled import compiled_project
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.layer.manifest import ARTIFACT, read_artifact
from aidbt.semantic.layer.project_layer import parse_error


def layer_beside(manifest_path: Path) -> SemanticManifest | None:
    """The semantic layer of the parse that a manifest is of; None without metrics.

    Raises:
        ArtifactError: it cannot be read.
    """
    path = manifest_path.with_name(ARTIFACT)
    if not path.exists():
        return None
    found = read_artifact(path)
    return found if found.metrics else None


def project_metrics(project: Project, settings: DbtSettings) -> SemanticManifest:
    """The semantic layer of a project as its files are now, with metrics that can be asked for by name.

    Raises:
        AidbtError: dbt cannot parse the project; see `parse_error`.
        ArtifactError: it cannot be read.
        UsageError: the project has no metrics.
    """
    try:
        compiled = compiled_project(project, settings, needed=())
    except DbtError as error:
        raise parse_error(error, project) from error
    found = layer_beside(compiled.path)
    if found is None:
        raise UsageError(
            "the project has no metrics", hint="draft some with 'aidbt semantic draft', or ask in a sentence"
        )
    return found
