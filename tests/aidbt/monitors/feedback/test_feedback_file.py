"""aidbt/feedback.yml: read with its lines, appended to without touching what is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import SettingsError
from aidbt.core.measured import Monitor
from aidbt.core.patch import apply_patch
from aidbt.monitors.feedback.file import FEEDBACK_FILE, Said, feedback_patch, load_feedback, parse_feedback

ORDERS = Monitor("model.shop.orders", "row_count")
AT = datetime(2026, 4, 1, 9, 12, tzinfo=UTC)
MARCH_31 = datetime(2026, 3, 31)


def entry(**changed: Any) -> Said:
    known: dict[str, Any] = {
        "verdict": "false-alarm",
        "of": [(ORDERS, "day", [MARCH_31])],
        "by": "ana",
        "at": AT,
    }
    return Said(**{**known, **changed})


def add(root: Path, said: Said) -> str:
    apply_patch(feedback_patch(root, said), root)
    return (root / FEEDBACK_FILE).read_text()


FIRST_ENTRY = """\
feedback:
  - as: false-alarm
    by: ana
    at: 2026-04-01 09:12
    incident: INC-12
    note: Easter sale
    of:
      - node: model.shop.orders
        metric: row_count
        buckets: ['2026-03-31']
"""


def test_the_first_entry_makes_the_file(tmp_path: Path):
    text = add(tmp_path, entry(note="Easter sale", incident="INC-12"))

    assert text[text.index("feedback:\n") :] == FIRST_ENTRY
    [found] = load_feedback(tmp_path)
    assert (found.monitor, found.first, found.until) == (ORDERS, MARCH_31, MARCH_31 + timedelta(days=1))
    assert (found.verdict, found.by, found.at, found.note) == ("false-alarm", "ana", AT, "Easter sale")


BY_HAND = """\
# ours
feedback:
  - as: real   # the loader stood still
    of:
      - {node: orders, metric: mean, column: amount, buckets: [2026-03-30, 2026-03-31 14:00]}

  - {as: expected, by: "bo", of: [{node: orders, metric: row_count, buckets: [2026-04-02]}]}
"""


def test_what_a_person_wrote_stays_as_it_is(tmp_path: Path):
    (tmp_path / "aidbt").mkdir()
    (tmp_path / FEEDBACK_FILE).write_text(BY_HAND)

    text = add(tmp_path, entry())

    assert text.startswith(BY_HAND)
    found = load_feedback(tmp_path)
    assert [(f.verdict, f.first, f.line) for f in found[:3]] == [
        ("real", datetime(2026, 3, 30), 3),
        ("real", datetime(2026, 3, 31, 14), 3),
        ("expected", datetime(2026, 4, 2), 7),
    ]
    assert found[1].until - found[1].first == timedelta(minutes=1)
    assert found[3].verdict == "false-alarm"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "feedback:\n", "feedback: []\n", "feedback: []"])
def test_a_file_without_entries_takes_the_first(tmp_path: Path, text: str):
    (tmp_path / "aidbt").mkdir()
    (tmp_path / FEEDBACK_FILE).write_text(text)

    assert parse_feedback(text) == ()
    assert len(parse_feedback(add(tmp_path, entry()))) == 1


OF = "of: [{node: a, metric: b, buckets: [2026-03-31]}]"
WRONG = {
    "feedback:\n  - as: fine\n    " + OF: (2, "fine"),
    "feedback:\n  - as: real\n": (2, "missing"),
    "feedback:\n  - {as: real, of: []}\n": (2, "of"),
    "feedback:\n  - as: real\n    because: x\n    " + OF: (3, "unknown key"),
    "feedback:\n  - as: real\n    of:\n      - {node: a, metric: b, buckets: [Tuesday]}\n": (4, "2026-03-31"),
    "feedback:\n  - as: real\n    of:\n      - {node: a, metric: b, buckets: [7]}\n": (4, "2026-03-31"),
    "feedback:\n  - as: real\n   of: x\n": (3, ""),
    "feedbak: []\n": (1, "feedback"),
    "- 1\n": (None, "mapping"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str):
    (tmp_path / "aidbt").mkdir()
    (tmp_path / FEEDBACK_FILE).write_text(text)
    line, word = WRONG[text]

    with pytest.raises(SettingsError) as caught:
        load_feedback(tmp_path)

    said = f"{caught.value.message} {caught.value.hint}"
    assert word in said and said.startswith(FEEDBACK_FILE)
    assert line is None or caught.value.line == line
    with pytest.raises(SettingsError):
        feedback_patch(tmp_path, entry())


def test_an_hour_at_midnight_is_no_day():
    hour = entry(of=[(ORDERS, "hour", [MARCH_31])])

    [edit] = feedback_patch(Path("/nowhere"), hour).edits

    [found] = parse_feedback(edit.after or "")
    assert found.until - found.first == timedelta(minutes=1)


@given(note=st.text(max_size=60), by=st.text(max_size=20))
def test_any_words_come_back_as_they_were(note: str, by: str):
    if not (note + by).isprintable():
        return
    [edit] = feedback_patch(Path("/nowhere"), entry(note=note, by=by)).edits

    [found] = parse_feedback(edit.after or "")
    assert (found.note, found.by) == (note, by)
