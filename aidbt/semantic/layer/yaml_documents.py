"""YAML read so that every mapping knows where it was written."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from aidbt.core.config import parse_yaml

_DOCUMENT_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)


class Located(dict[Any, Any]):
    """A mapping of a YAML file, with the file's path and the line it starts in, from 1."""

    path = ""
    line = 0

    def placed(self, content: Mapping[Any, Any]) -> dict[str, Any]:
        """The content with this place as its metadata, in the form of dbt's artifact."""
        piece = {
            "filename": self.path,
            "content": "",
            "start_line_number": self.line,
            "end_line_number": self.line,
        }
        return {**content, "metadata": {"repo_file_path": self.path, "file_slice": piece}}


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader (libyaml's when present), of which mappings are `Located`."""

    path = ""

    def construct_located(self, node: yaml.MappingNode) -> Iterator[Located]:
        located = Located()
        located.path, located.line = self.path, node.start_mark.line + 1
        yield located
        located.update(self.construct_mapping(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_located)


def documents(text: str, path: str) -> Iterator[Any]:
    """The values of a text's documents, one by one; lines are counted from the start of the text.

    Raises:
        SettingsError: it is not valid YAML (file and line).
    """
    marks = [(match.start(), match.end()) for match in _DOCUMENT_START.finditer(text)]
    for (_, start), (end, _) in itertools.pairwise([(0, 0), *marks, (len(text), 0)]):
        # Empty lines stand for what comes before, so that errors name the line of the file.
        piece = "\n" * text.count("\n", 0, start) + text[start:end]
        loader = _Loader(piece)
        loader.path = path
        try:
            yield loader.get_single_data()
        except (yaml.YAMLError, ValueError, RecursionError):
            parse_yaml(piece, path, repeated_keys=True)  # says what is wrong, and where
            raise
        finally:
            loader.dispose()
