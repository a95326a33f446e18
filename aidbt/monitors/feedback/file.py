"""`<project>/aidbt/feedback.yml`: what people said of alerts, in a file that is reviewed like others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aidbt.core.config import explain, line_of, parse_yaml, read_text
from aidbt.core.errors import SettingsError
from aidbt.core.measured import Grain, Monitor
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.monitors.feedback.verdicts import Feedback, Verdict
from aidbt.patching.yaml_changes import AddItem, Change, SetKey
from aidbt.patching.yaml_edit import edit_yaml
from aidbt.patching.yaml_write import Flow, dump_yaml

FEEDBACK_FILE = "aidbt/feedback.yml"
_HEAD = """\
# What people said of alerts. `aidbt monitor feedback` appends to it; edit it as you like.
# as: false-alarm | real | expected (from that bucket on) | missed
"""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _time(value: Any) -> datetime | date:
    """A day, or a time without an offset, in UTC where it has one."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("write a day as 2026-03-31, a time as '2026-03-31 14:00'") from None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return value
    raise ValueError("write a day as 2026-03-31, a time as '2026-03-31 14:00'")


class _Of(_File):
    node: Annotated[str, Field(min_length=1)]
    metric: Annotated[str, Field(min_length=1)]
    column: str = ""
    buckets: list[Any] = Field(min_length=1)

    @field_validator("buckets")
    @classmethod
    def _are_times(cls, buckets: list[Any]) -> list[datetime | date]:
        return [_time(bucket) for bucket in buckets]


class _Entry(_File):
    verdict: Verdict = Field(alias="as")
    by: str = ""
    at: Any = None
    incident: str = ""
    note: str = ""
    of: list[_Of] = Field(min_length=1)

    @field_validator("at")
    @classmethod
    def _is_time(cls, at: Any) -> datetime | date | None:
        return None if at is None else _time(at)


class _FeedbackFile(_File):
    feedback: list[_Entry] | None = None


def load_feedback(root: Path) -> tuple[Feedback, ...]:
    """What people said, in the order of the file; nothing where there is none.

    Raises:
        SettingsError: the file is not as it should be (file, line, nearest key).
    """
    path = root / FEEDBACK_FILE
    return parse_feedback(read_text(path)) if path.exists() else ()


def parse_feedback(text: str) -> tuple[Feedback, ...]:
    """The same of a text.

    Raises:
        SettingsError: see `load_feedback`.
    """
    value = parse_yaml(text, FEEDBACK_FILE)
    try:
        content = _FeedbackFile.model_validate(value if value is not None else {})
    except ValidationError as error:
        found = explain(error, _FeedbackFile, path=FEEDBACK_FILE, text=text)
        if not (found.hint or "").startswith(("did you", "known keys")):
            found.hint = (
                "as: false-alarm, real, expected or missed; of: a list of node, metric, column, buckets"
            )
        raise found from error
    return tuple(
        item
        for number, entry in enumerate(content.feedback or ())
        for item in _values(entry, line_of(text, ["feedback", number]) or 0)
    )


def _values(entry: _Entry, line: int) -> Iterator[Feedback]:
    at = entry.at
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    for of in entry.of:
        for bucket in of.buckets:
            first, until = _span(bucket)
            yield Feedback(
                monitor=Monitor(of.node, of.metric, of.column),
                first=first,
                until=until,
                verdict=entry.verdict,
                by=entry.by,
                at=at.replace(tzinfo=UTC) if at is not None else None,
                note=entry.note,
                incident=entry.incident,
                line=line,
            )


def _span(bucket: datetime | date) -> tuple[datetime, datetime]:
    """The bucket that begins then; a day is every bucket of that day, a time every one of that minute."""
    if isinstance(bucket, datetime):
        minute = bucket.replace(second=0, microsecond=0)
        return minute, minute + timedelta(minutes=1)
    start = datetime(bucket.year, bucket.month, bucket.day)
    return start, start + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a person says of one or more monitors.

    Attributes:
        of: each monitor with the grain and the starts of its buckets.
    """

    verdict: Verdict
    of: Sequence[tuple[Monitor, Grain, Sequence[datetime]]]
    by: str
    at: datetime
    note: str = ""
    incident: str = ""


def feedback_patch(root: Path, said: Said) -> Patch:
    """The file with one more entry at its end; every other byte stays.

    Raises:
        SettingsError: the file that is there cannot be read; nothing is written.
        EditConflict: an entry cannot be added without losing something.
    """
    path = root / FEEDBACK_FILE
    entry = _written(said)
    if not path.exists():
        after = _HEAD + dump_yaml({"feedback": [entry]})
        return Patch((FileEdit(FEEDBACK_FILE, None, after, "feedback"),), "feedback")
    text = read_text(path)
    parse_feedback(text)
    before = parse_yaml(text, FEEDBACK_FILE)
    is_list = isinstance(before, dict) and isinstance(before.get("feedback"), list)
    change: Change = AddItem(("feedback",), entry) if is_list else SetKey((), "feedback", [entry])
    after = (
        edit_yaml(text, [change], path=FEEDBACK_FILE) if text.strip() else dump_yaml({"feedback": [entry]})
    )
    if not parse_feedback(after)[len(parse_feedback(text)) :]:
        raise SettingsError("the entry could not be added", path=FEEDBACK_FILE, hint="write it by hand")
    return Patch((FileEdit(FEEDBACK_FILE, digest(text), after, "feedback", text),), "feedback")


def _written(said: Said) -> dict[str, Any]:
    known: dict[str, Any] = {"as": said.verdict, "by": said.by}
    known["at"] = f"{said.at.astimezone(UTC):%Y-%m-%d %H:%M}"
    known |= {"incident": said.incident} if said.incident else {}
    known |= {"note": said.note} if said.note else {}
    known["of"] = [
        {
            "node": monitor.node,
            "metric": monitor.metric,
            **({"column": monitor.column} if monitor.column else {}),
            "buckets": Flow([_bucket(start, grain) for start in sorted(set(starts))]),
        }
        for monitor, grain, starts in said.of
    ]
    return known


def _bucket(start: datetime, grain: Grain) -> str:
    return f"{start:%Y-%m-%d}" if grain == "day" else f"{start:%Y-%m-%d %H:%M}"
