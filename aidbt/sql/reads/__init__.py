"""Reading one column of a source in another way, in whatever SQL a person wrote.

Where the column is named, what is read instead stands in its place, under the old name; where a star takes
it, or Jinja hides it, the source is read with its columns listed as they were. Every other character stays,
and the new text is resolved again: it gives the same columns, made of the same ones.
"""

from __future__ import annotations

import re
from dataclasses import replace

from aidbt.sql.reads.change import Edited, Instead, ReadChange, Refused, Style, mentions, style_of
from aidbt.sql.reads.listing import is_in_macro, list_columns
from aidbt.sql.reads.naming import edit_reads
from aidbt.sql.reads.resolving import THE_SOURCE, ResolvedModel, resolved_model, unknown_reads

__all__ = ["Edited", "Instead", "ReadChange", "Refused", "Style", "mentions", "read_instead", "style_of"]


def read_instead(text: str, change: ReadChange) -> Edited | Refused:
    """A model's text after a change of what it reads; the same text where it reads none of it.

    Example:
        >>> from aidbt.core.schema import Column
        >>> then, now = (Column("id"), Column("email")), (Column("id"), Column("mail"))
        >>> mail = Instead("{}", ("mail",))
        >>> change = ReadChange(("crm", "people"), "email", mail, then, now, "duckdb", "people")
        >>> read_instead("select id, lower(email) as email from {{ source('crm', 'people') }}", change).text
        "select id, lower(mail) as email from {{ source('crm', 'people') }}"
    """
    probe = _probe(change)
    found, is_listed = _decided(text, probe)
    if probe is change or isinstance(found, Refused) or found.text == text:
        return found
    before = resolved_model(text, change, change.then, change.others)
    model = None if isinstance(before, str) else before
    if is_listed or model is None:
        return list_columns(text, model, change)
    return edit_reads(text, model, change)


def _probe(change: ReadChange) -> ReadChange:
    """The change as if a column that goes on being read had another name now: so a read that was overlooked
    shows."""
    if change.instead is None or change.column not in change.instead.columns:
        return change
    name = "aidbt_" + re.sub(r"\W", "_", change.column)
    columns = tuple(name if one == change.column else one for one in change.instead.columns)
    now = tuple(replace(one, name=name) if one.name == change.column else one for one in change.now)
    return replace(change, instead=replace(change.instead, columns=columns), now=now)


def _decided(text: str, change: ReadChange) -> tuple[Edited | Refused, bool]:
    """The text after the change, and whether its columns are listed for it."""
    before = resolved_model(text, change, change.then, change.others)
    if isinstance(before, str):
        return _unparsed(text, change, before), True
    if is_in_macro(before.model, change.source):
        return Refused("a macro reads the source itself"), False
    if not before.reads_source():
        is_read = mentions(change.compiled, change.column) if change.column else bool(change.compiled)
        return Refused("a macro of the project reads the source") if is_read else Edited(text, 0), False
    if not change.column:
        return _without_new(text, before, change), True
    edited = edit_reads(text, before, change)
    why = edited.why if isinstance(edited, Refused) else _wrong(edited.text, before, change)
    if not why:
        return edited, False
    listed = list_columns(text, before, change)
    if isinstance(listed, Refused):
        return Refused(f"{why}; {listed.why}"), True
    problem = _wrong(listed.text, before, change, compares_uses=False)
    return Refused(f"{why}; {problem}") if problem else listed, True


def _without_new(text: str, before: ResolvedModel, change: ReadChange) -> Edited | Refused:
    """The text that gives what it gave before columns came that stars take with them."""
    now = resolved_model(text, change, change.now, change.others)
    if not isinstance(now, str) and now.names == before.names and not now.problems - before.problems:
        return Edited(text, 0)
    listed = list_columns(text, before, change)
    problem = "" if isinstance(listed, Refused) else _wrong(listed.text, before, change, compares_uses=False)
    return Refused(problem) if problem else listed


def _unparsed(text: str, change: ReadChange, why: str) -> Edited | Refused:
    """What nobody can resolve: left alone where it names neither the column nor a star."""
    told = text + change.compiled
    if change.column and not mentions(told, change.column) and "*" not in told:
        return Edited(text, 0)
    listed = list_columns(text, None, change)
    return Refused(f"{why}; {listed.why}") if isinstance(listed, Refused) else listed


def _wrong(text: str, before: ResolvedModel, change: ReadChange, *, compares_uses: bool = True) -> str:
    """What is not as before once the text is edited; "" when it gives the same, made of the same."""
    after = resolved_model(text, change, change.after, change.others)
    if isinstance(after, str):
        return f"after the edit it cannot be read: {after}"
    more = frozenset() if compares_uses else change.wanted
    if [name for name in after.names if name not in more] != before.names:
        return "after the edit it does not give the same columns"
    is_unknown = bool(change.column) and unknown_reads(after, change.column, by_schema=True)
    if after.problems - before.problems or is_unknown:
        return "after the edit a name in it is not known"
    if compares_uses and _meant(before, change) != after.uses():
        return "after the edit it is not made of the same columns"
    return ""


def _meant(before: ResolvedModel, change: ReadChange) -> list[set[tuple[str, str]]]:
    """What each column has to be made of after the edit."""
    old = (THE_SOURCE, change.column)
    new = {(THE_SOURCE, name) for name in change.instead.columns} if change.instead is not None else set()
    return [(uses - {old}) | new if old in uses else uses for uses in before.uses()]
