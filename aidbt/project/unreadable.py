"""Compiling a project in which some models cannot even be parsed, which stops dbt for all of them.

dbt is given a copy in which such a file holds a query without meaning, so that whatever reads the model is
parsed; of two files with one name the first is left out. What dbt then says of these models is thrown away.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from aidbt.core.errors import AidbtError, DbtError
from aidbt.core.findings import RunFailure
from aidbt.project.files import Project, open_project
from aidbt.project.manifest import Manifest
from aidbt.project.other_profile import other_profile

# "Compilation Error in model orders (models/orders.sql)", "- model.shop.orders (models/orders.sql)"
_FILE = re.compile(r"\((?P<path>[^()\n]+\.(?:sql|py))\)")
_SAME_NAME = re.compile(r"\bfound two\b|\bsame (?:name|database representation)\b", re.IGNORECASE)
_STAND_IN = {".sql": "select 1 as stands_in\n", ".py": "def model(dbt, session):\n    return None\n"}
# A call with literal names, closed or not, which can be told without reading the template around it.
_READS = re.compile(r"\b(ref|source)\(\s*('[^'{}]*')(?:\s*,\s*('[^'{}]*'))?")
PREFIX = "dbt cannot compile the project: "
"""What an error of dbt as a whole begins with."""
# What dbt does not read, or makes anew.
_NOT_COPIED = frozenset({".git", ".aidbt", "target", "logs"})


class Unreadable:
    """A copy of a project from which the models that cannot be parsed are taken one by one.

    Attributes:
        project: the copy, with the profile, target and variables of the project it was made of.
        failures: one for each file that was taken, with its path.
    """

    def __init__(self, project: Project, original: Path) -> None:
        self.project = project
        self.failures: list[RunFailure] = []
        self._original = original
        self._with_reads: set[str] = set()

    def take(self, message: str) -> bool:
        """Take the first model that an error of dbt is about; whether there is one that was still there."""
        path = next((found for found in self._named(message) if self._is_there(found)), None)
        if path is None:
            return False
        file = self.project.root / path
        if _SAME_NAME.search(message):
            file.unlink()
        elif path in self._with_reads:  # one of them does not exist
            self._with_reads.remove(path)
            file.write_text(_STAND_IN[file.suffix], encoding="utf-8")
            return True
        else:
            file.write_text(self._stand_in(file), encoding="utf-8")
        self.failures.append(RunFailure("", "error", message.removeprefix(PREFIX), path))
        return True

    def _stand_in(self, file: Path) -> str:
        """What dbt gets in place of a model: it reads the same nodes, as far as they can be told."""
        text = file.read_text(encoding="utf-8", errors="replace").replace('"', "'")
        calls = (f"{call}({', '.join(filter(None, names))})" for call, *names in _READS.findall(text))
        reads = dict.fromkeys(calls) if file.suffix == ".sql" else {}
        if reads:
            self._with_reads.add(file.relative_to(self.project.root).as_posix())
        return "".join(f"-- depends_on: {{{{ {call} }}}}\n" for call in reads) + _STAND_IN[file.suffix]

    def without_stand_ins(self, manifest: Manifest) -> tuple[Manifest, tuple[RunFailure, ...]]:
        """(the manifest with the models' own text and nothing compiled in place of what stood in for them,
        the failures with the unique_ids of their models).
        """
        taken = {failure.path for failure in self.failures}
        nodes = {}
        ids = {}
        for unique_id, node in manifest.nodes.items():
            own = {}
            if "root_path" in node.raw:
                own["root_path"] = str(node.raw["root_path"]).replace(
                    str(self.project.root), str(self._original), 1
                )
            if node.path in taken and node.package in ("", self.project.name):
                text = (self._original / node.path).read_text(encoding="utf-8", errors="replace")
                own |= {"raw_code": text, "compiled_code": ""}
                ids[node.path] = unique_id
            nodes[unique_id] = replace(node, raw={**node.raw, **own}) if own else node
        failures = tuple(replace(failure, unique_id=ids.get(failure.path, "")) for failure in self.failures)
        return replace(manifest, nodes=nodes), failures

    def _named(self, message: str) -> Iterator[str]:
        for match in _FILE.finditer(message):
            yield match["path"]

    def _is_there(self, path: str) -> bool:
        """Whether it is a model of this copy that has not been taken yet."""
        models = [PurePosixPath(str(name)) for name in self.project.config.get("model-paths") or ["models"]]
        is_model = any(PurePosixPath(path).is_relative_to(folder) for folder in models)
        is_taken = path not in self._with_reads and any(f.path == path for f in self.failures)
        return is_model and not is_taken and (self.project.root / path).is_file()


@contextlib.contextmanager
def unreadable(project: Project, error: DbtError) -> Iterator[Unreadable]:
    """A copy of the project to take models from.

    Raises:
        DbtError: the given one, when the project cannot be copied.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aidbt-readable-")))
            root = folder / project.root.name
            _copy(project, root)
            there = open_project(
                root,
                profile=project.profile_name,
                target=project.target_name,
                profiles_dir=stack.enter_context(other_profile(project)),
                vars=project.vars,
            )
        except (OSError, AidbtError):
            raise error from None
        yield Unreadable(there, project.root)


def _copy(project: Project, root: Path) -> None:
    """Links to everything that dbt reads, and the models themselves."""
    root.mkdir()
    copied = {Path(str(name)).parts[0] for name in project.config.get("model-paths") or ["models"]}
    for entry in project.root.iterdir():
        if entry.name in copied:
            shutil.copytree(entry, root / entry.name)
        elif entry.name not in _NOT_COPIED:
            (root / entry.name).symlink_to(entry.resolve(), target_is_directory=entry.is_dir())
