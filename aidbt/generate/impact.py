"""What the project builds on its staging models, read from its files alone."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from pathlib import PurePosixPath

from aidbt.core.config import LoadedSettings
from aidbt.core.schema import TableProfile
from aidbt.generate.lock import read_lock
from aidbt.generate.naming import project_layout
from aidbt.generate.plan import project_files
from aidbt.mapping.files import load_mappings
from aidbt.mapping.impact import Downstream
from aidbt.project import Project

# ref('model'), ref('package', 'model'), ref('model', v=2); dbt reads those in SQL comments, too.
_REF = re.compile(r"""\bref\(\s*(['"])(?P<first>[^'"]+)\1\s*(?:,\s*(['"])(?P<second>[^'"]+)\3)?""")


def downstream_of_mappings(
    project: Project, settings: LoadedSettings, profiles: Dict[str, TableProfile]
) -> dict[str, Downstream]:
    """What is built on the staging model of each mapping, by "source.table"; no warehouse is opened.

    Args:
        profiles: what is known of the tables, by "source.table".

    Raises:
        SettingsError: a mapping or a file of the project cannot be read.
    """
    mappings = load_mappings(project.root)
    here = project_files(project, settings, mappings, read_lock(project.root))
    files = {PurePosixPath(path).stem: text for path, text in here.files.items() if _is_model(path)}
    readers: dict[str, set[str]] = {}
    for name, text in files.items():
        for found in _REF.finditer(text):
            readers.setdefault(found["second"] or found["first"], set()).add(name)
    names = project_layout(project, settings).model_names(mappings.values())
    found_at: dict[str, Downstream] = {}
    for key, mapping in mappings.items():
        profile = profiles.get(mapping.parent)
        models = {name: files[name] for name in sorted(_reached(names[key], readers))}
        found_at[key] = Downstream(models, profile.row_count if profile else None)
    return found_at


def _is_model(path: str) -> bool:
    return PurePosixPath(path).suffix in (".sql", ".py")


def _reached(model: str, readers: Dict[str, set[str]]) -> set[str]:
    """Every model that reads a model, or one that does, and so on."""
    reached: set[str] = set()
    waiting = [model]
    while waiting:
        new = readers.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached - {model}
