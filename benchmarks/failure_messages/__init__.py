"""Messages of failures whose class is known: what the classifier is fitted on, and judged by.

`captured.jsonl` are messages of real engines and clients, each provoked by `python -m
benchmarks.failure_messages.capturing`; its label is what was broken. `written/*.txt` are written from the
formats and codes that engines document, one file for each source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from aidbt.core.failures import ErrorClass

FOLDER = Path(__file__).parent
CAPTURED = FOLDER / "captured.jsonl"
WRITTEN = FOLDER / "written"


@dataclass(frozen=True, slots=True)
class Example:
    """A message and what it is.

    Attributes:
        accept: what the message alone may mean as well.
        source: which engine, client or document; folds keep a source together.
        how: what was done to provoke it; "" where it was written.
    """

    message: str
    label: ErrorClass
    adapter: str
    source: str
    accept: tuple[ErrorClass, ...] = ()
    how: str = ""

    @property
    def right(self) -> frozenset[ErrorClass]:
        """Every class that is right for the message."""
        return frozenset((self.label, *self.accept))


def captured(path: Path = CAPTURED) -> list[Example]:
    """The messages of real faults."""
    return [_example(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def written(folder: Path = WRITTEN) -> list[Example]:
    """The messages written from documented formats."""
    return [example for path in sorted(folder.glob("*.txt")) for example in _of_file(path)]


def save(examples: Sequence[Example], path: Path = CAPTURED) -> None:
    """Keep captured messages, one JSON object a line."""
    lines = [json.dumps(asdict(example), ensure_ascii=False) for example in examples]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _example(fields: dict[str, object]) -> Example:
    return Example(
        str(fields["message"]),
        ErrorClass(str(fields["label"])),
        str(fields["adapter"]),
        str(fields["source"]),
        tuple(ErrorClass(name) for name in fields["accept"]),  # type: ignore[attr-defined]
        str(fields["how"]),
    )


def _of_file(path: Path) -> Iterator[Example]:
    """`[CLASS, may be CLASS too]` begins a class; each line after it is a message, "\\n" its line breaks."""
    adapter = path.stem
    right: list[ErrorClass] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and "/" in line and " = " not in line:
            right = [ErrorClass(name.strip()) for name in line[1:-1].split(",")]
        elif line and not line.startswith("#"):
            yield Example(line.replace("\\n", "\n"), right[0], adapter, path.stem, tuple(right[1:]))
