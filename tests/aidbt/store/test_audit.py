"""The audit can be added to and read; every other change of it is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from aidbt.core.errors import StoreError
from aidbt.store import Store
from aidbt.store.audit import Audit, Entry, broken, digest_of, from_lines, to_lines


def chain(count: int) -> list[Entry]:
    """A chain as it would be written."""
    made: list[Entry] = []
    for number in range(1, count + 1):
        previous = made[-1].digest if made else "0" * 64
        entry = Entry(number, f"2026-03-0{number}", "ana", "planned", "HEAL-1", previous=previous)
        made.append(replace(entry, digest=digest_of(entry)))
    return made


def test_entries_hold_the_digest_of_the_one_before(store: Store):
    audit = Audit(store)
    audit.add(who="ana", what="paused", subject="project", after="Müller's orders")
    audit.add(who="ben", what="resumed", subject="project")

    entries = audit.entries()

    assert [entry.number for entry in entries] == [1, 2]
    assert entries[1].previous == entries[0].digest
    assert broken(entries) == ""
    assert audit.entries(after=1) == entries[1:]
    assert from_lines(to_lines(entries)) == entries


def test_what_is_changed_in_the_database_is_found(store: Store):
    audit = Audit(store)
    for what in ("planned", "promoted", "ended"):
        audit.add(who="ana", what=what, subject="HEAL-1")
    with store.transaction() as connection:
        connection.execute(text("update heal_audit set who = 'eve' where number = 2"))

    assert broken(audit.entries()) == "entry 2 was changed after it was written"


def test_an_end_that_was_cut_off_is_found_by_what_was_exported(store: Store):
    audit = Audit(store)
    for what in ("planned", "promoted", "ended"):
        audit.add(who="ana", what=what, subject="HEAL-1")
    exported = audit.entries()
    with store.transaction() as connection:
        connection.execute(text("delete from heal_audit where number = 3"))

    assert broken(audit.entries()) == ""
    assert broken(audit.entries(), known=exported) == "entries 3 to 3 were exported and are gone"

    audit.add(who="eve", what="looked", subject="HEAL-1")
    assert broken(audit.entries(), known=exported) == "entry 3 is another than the one that was exported"


@given(st.data())
def test_whatever_is_changed_removed_swapped_or_put_in_breaks_the_chain(data: st.DataObject):
    entries = chain(5)
    place = data.draw(st.integers(0, 3))
    how = data.draw(st.sampled_from(["field", "field and digest", "removed", "swapped", "twice"]))
    name = data.draw(st.sampled_from(["at", "who", "what", "subject", "before", "after", "evidence"]))
    changed = replace(entries[place], **{name: "another"})
    if how == "field":
        entries[place] = changed
    elif how == "field and digest":
        entries[place] = replace(changed, digest=digest_of(changed))
    elif how == "removed":
        del entries[place]
    elif how == "swapped":
        entries[place], entries[place + 1] = entries[place + 1], entries[place]
    else:
        entries.insert(place, entries[place])

    assert broken(chain(5)) == ""
    assert broken(entries) != ""


def test_a_file_that_is_no_export_is_refused():
    with pytest.raises(StoreError, match="line 2 is no entry"):
        from_lines(to_lines(chain(1)) + "{}\n")
