"""`aidbt/generated.lock`: what was generated, with the hash of what was written and of what it follows from.

The text hash tells whether a person edited the file since; the hash of the decisions tells whether a
difference comes from a new decision or only from another version of aidbt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.core.patch import digest, read_or_none

LOCK_FILE = "aidbt/generated.lock"
# How the entry of a monitor begins that was put into somebody's property file.
MONITOR_ENTRY = "monitor "
_HEAD = """\
# Written by aidbt: what it generated. `text` is the git blob id of what it wrote, `from` the hash of the
# decisions behind it. Commit this file.
version: 2
"""
_CONFLICT_MARKS = ("<<<<<<<", ">>>>>>>")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of one file or of one entry in somebody's file.

    Attributes:
        text: digest of the text that was written.
        decided: hash of the decisions it follows from; "" when it was not noted.
    """

    text: str
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """What was generated.

    Attributes:
        files: whole files by path, relative to the project.
        entries: by file and entry ("model stg_x", "source shop.users") what was written into files that
            hold other things too.
        sources: the pairs "source.table" that were declared in whole files.
        aidbt: the version that wrote it last; "" when unknown.
        digest: of the lock file as read; None when there is none.
    """

    files: dict[str, Written] = field(default_factory=dict)
    entries: dict[str, dict[str, Written]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    aidbt: str = ""
    digest: str | None = None


def read_lock(project_dir: Path) -> Lock:
    """The project's lock; empty when nothing was generated yet.

    Raises:
        SettingsError: it is not as aidbt wrote it, for example in a merge conflict.
    """
    text = read_or_none(project_dir / LOCK_FILE)
    if text is None:
        return Lock()
    hint = f"take either side of {LOCK_FILE}, then run: aidbt generate"
    if any(line.startswith(_CONFLICT_MARKS) for line in text.splitlines()):
        raise SettingsError("the lock file holds a merge conflict", path=LOCK_FILE, hint=hint)
    try:
        content = parse_yaml(text, LOCK_FILE)
    except SettingsError as error:
        raise SettingsError(error.message, hint=hint) from error
    if not isinstance(content, dict) or content.get("version") not in (1, 2):
        raise SettingsError(
            "not a lock file that this version of aidbt knows",
            path=LOCK_FILE,
            hint=f"upgrade aidbt, or {hint}",
        )
    try:
        files = {str(path): _written(value) for path, value in (content.get("files") or {}).items()}
        entries = {
            str(path): {str(name): _written(value) for name, value in found.items()}
            for path, found in (content.get("entries") or {}).items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise SettingsError("the lock file was changed by hand", path=LOCK_FILE, hint=hint) from error
    sources = tuple(str(pair) for pair in content.get("sources") or ())
    return Lock(files, entries, sources, str(content.get("aidbt") or ""), digest(text))


def _written(value: Any) -> Written:
    if isinstance(value, str):  # version 1 noted the text only
        return Written(value)
    return Written(str(value["text"]), str(value.get("from") or ""))


def lock_text(lock: Lock) -> str:
    """The text of a lock file, sorted by path."""
    from aidbt.mapping.files import flow

    def line(name: str, written: Written, indent: str) -> str:
        return f"{indent}{flow(name)}: {{text: '{written.text}', from: '{written.decided}'}}\n"

    text = _HEAD + f"aidbt: {flow(lock.aidbt)}\nfiles:\n"
    text += "".join(line(path, written, "  ") for path, written in sorted(lock.files.items()))
    if lock.entries:
        text += "entries:\n"
        for path, entries in sorted(lock.entries.items()):
            text += f"  {flow(path)}:\n"
            text += "".join(line(name, written, "    ") for name, written in sorted(entries.items()))
    if lock.sources:
        text += "sources:\n" + "".join(f"  - {flow(pair)}\n" for pair in sorted(lock.sources))
    return text


def decided_digest(*parts: Any) -> str:
    """A short hash of decisions, the same in every version that knows the same facts: what has its default
    is left out, so that a field added later changes nothing.
    """
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        found = {}
        for item in fields(value):
            inner = getattr(value, item.name)
            if item.compare and inner != item.default and inner not in ((), [], {}):
                found[item.name] = _plain(inner)
        return found
    if isinstance(value, Dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        items = [_plain(inner) for inner in value]
        return sorted(items, key=str) if isinstance(value, frozenset | set) else items
    return value
