"""Lossless edits of YAML that people wrote: text is spliced in at the places of the parsed tree.

Everything outside of the change keeps its bytes. The changes of a batch are gathered by the place they
touch, each place is rendered once in the style of the file, and all splices are made together. The new text
is parsed again and must hold the intended value; else nothing is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import EditConflict, SettingsError
from aidbt.patching.yaml_changes import AddItem, Change, Places, SetKey, Step, same_value
from aidbt.patching.yaml_source import BOM, Source
from aidbt.patching.yaml_splice import Splicer, spliced
from aidbt.patching.yaml_style import style_of
from aidbt.patching.yaml_write import DBT_LABS, Writer, YamlStyle

__all__ = ["AddItem", "Change", "Edited", "SetKey", "Step", "edit_yaml", "edit_yaml_where_possible"]


def edit_yaml(text: str, changes: Sequence[Change], *, path: str, style: YamlStyle | None = None) -> str:
    """The text with the changes, in order; each sees those before it. Every other byte stays.

    Args:
        path: the file's name, for messages.
        style: how to write what the file itself does not show.

    Raises:
        EditConflict: it is no YAML of one document, a place does not exist or is not the only one, what
            stands there is repeated by an alias or comes from one, or a comment would be lost.
        WriteError: a value cannot be written as YAML.

    Example:
        >>> text = "models:\\n  - name: a  # mine\\n    tests: [unique]\\n\\n  - name: b\\n"
        >>> at_a = ("models", {"name": "a"})
        >>> changes = [SetKey(at_a, "description", "An a.", after=("name",)), AddItem((*at_a, "tests"), "x")]
        >>> print(edit_yaml(text, changes, path="models.yml"), end="")
        models:
          - name: a  # mine
            description: An a.
            tests: [unique, x]
        <BLANKLINE>
          - name: b
    """
    before = _value(text, path)
    source = Source(text)
    edits = Places(source, before, path)
    for change in changes:
        edits.add(change)
    splicer = Splicer(source, Writer(style_of(source, default=style or DBT_LABS)), path)
    splices = [splice for place in edits.places.values() for splice in splicer.splices(place)]
    edited = spliced(source.text, splices, path)
    if text.startswith(BOM):
        edited = BOM + edited
    intended = before
    for place in edits.places.values():
        intended = place.applied_to(intended)
    _check(edited, intended, path)
    return edited


@dataclass(frozen=True, slots=True)
class Edited:
    """A text with the changes that could be made, and those that could not, each with the reason."""

    text: str
    refused: tuple[tuple[Change, EditConflict], ...] = ()


def edit_yaml_where_possible(
    text: str, changes: Sequence[Change], *, path: str, style: YamlStyle | None = None
) -> Edited:
    """The text with every change that `edit_yaml` makes; the refused ones are left to a person.

    Raises:
        WriteError: a value cannot be written as YAML.
    """
    try:
        value = _value(text, path)
    except EditConflict as error:
        return Edited(text, tuple((change, error) for change in changes))
    places = Places(Source(text), value, path)
    possible: list[Change] = []
    refused: list[tuple[Change, EditConflict]] = []
    for change in changes:
        try:
            places.add(change)
        except EditConflict as error:
            refused.append((change, error))
        else:
            possible.append(change)
    edited = _halved(text, possible, path, style)
    return Edited(edited.text, (*refused, *edited.refused))


def _halved(text: str, changes: Sequence[Change], path: str, style: YamlStyle | None) -> Edited:
    """The same for changes that are only refused when they are made; halving finds the few among many."""
    try:
        return Edited(edit_yaml(text, changes, path=path, style=style))
    except EditConflict as error:
        if len(changes) == 1:
            return Edited(text, ((changes[0], error),))
    half = len(changes) // 2
    first = _halved(text, changes[:half], path, style)
    rest = _halved(first.text, changes[half:], path, style)
    return Edited(rest.text, first.refused + rest.refused)


def _value(text: str, path: str) -> Any:
    try:
        return parse_yaml(text, path, repeated_keys=True)  # dbt only warns
    except SettingsError as error:
        hint = error.hint
        if "another document" in error.message:
            hint = "dbt reads one document in a file: remove the line '---' between them, or split the file"
        raise EditConflict(
            error.message, hint=hint or "dbt cannot read it either: correct it first"
        ) from error


def _check(edited: str, intended: Any, path: str) -> None:
    """The last line of defence: what was written must read as what was meant."""
    try:
        same = same_value(parse_yaml(edited, path, repeated_keys=True), intended)
    except SettingsError as error:
        raise EditConflict(
            f"{path}: the edit would make it unreadable ({error.message}); it was not made",
            hint="make the change by hand",
        ) from error
    if not same:
        raise EditConflict(
            f"{path}: the edit would change more than it should; it was not made",
            hint="make the change by hand; a block of text (| or >) at the end needs a line break behind it",
        )
