"""Records that could not land, as causes: one for each table and what its records died of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.diagnosis.finding import LIKELY, PROVED, STRONG

# Normal forms keep numbers of four to six digits, which may be an engine's codes.
_NUMBER = re.compile(r"(?<!\w)\d[\d.,_]*")

# What a record died of → its class.
_CLASSES = {
    "wrong_type": ErrorClass.TYPE_COERCION_FAILURE,
    "not_exact": ErrorClass.TYPE_COERCION_FAILURE,
    "unknown_column": ErrorClass.COLUMN_ADDED,
    "unknown_operation": ErrorClass.CORRUPT_DATA,
    "no_row": ErrorClass.CORRUPT_DATA,
    "not_an_envelope": ErrorClass.CORRUPT_DATA,
    "malformed_json": ErrorClass.CORRUPT_DATA,
    "invalid_utf8": ErrorClass.CORRUPT_DATA,
    "not_text": ErrorClass.CORRUPT_DATA,
}


@dataclass(frozen=True, slots=True)
class Letters:
    """The dead letters of one table and cause.

    Attributes:
        table: as the source calls it; "" for records that name none.
        first, last: ids of the batches they came with.
        reason: of the latest; may hold values of it.
        origin, place: where the latest stands in the source.
        columns: that they died in.
        dead: how many would still be dead if they were replayed now; None where that cannot be tried.
    """

    source: str
    table: str
    cause: str
    waiting: int
    first: str
    last: str
    reason: str
    origin: str = ""
    place: int = 0
    columns: tuple[str, ...] = ()
    dead: int | None = None

    @property
    def key(self) -> str:
        """Of the cause."""
        return "|".join(("letters", self.source, self.table, self.cause))

    @property
    def form(self) -> str:
        """The reason without values of the record."""
        return _NUMBER.sub("N", normal_form(self.reason))

    @property
    def root(self) -> str:
        """What the cause is at, among nodes."""
        return ".".join(part for part in ("connector", self.source, self.table) if part)


def cause_of(letters: Letters) -> Diagnosis:
    """Why records could not land: how many, of what, since when, and one of them without its values."""
    where = f"{letters.source}.{letters.table}" if letters.table else letters.source
    many = f"{letters.waiting:,} record{'s' if letters.waiting != 1 else ''}"
    are = "are" if letters.waiting != 1 else "is"
    came = f"from batch {letters.first} to {letters.last}"
    if letters.first == letters.last:
        came = f"with batch {letters.last}"
    proof = [
        f"{many} of {where} {are} dead letters: {letters.cause}",
        f"{came}; the latest: {letters.form} ({letters.origin}, {letters.place})",
    ]
    if letters.columns:
        proof.append(
            f"all in the column{'s' if len(letters.columns) > 1 else ''} {', '.join(letters.columns)}"
        )
    is_mended = letters.dead == 0
    if letters.dead is not None:
        rows = letters.waiting - letters.dead
        proof.append(f"read again now, {rows:,} of {letters.waiting:,} are rows")
    error_class = _CLASSES.get(letters.cause, ErrorClass.UNCLASSIFIED_ERROR)
    known = STRONG if letters.cause in _CLASSES else LIKELY
    replay = f"aidbt ingest replay {letters.source} --cause {letters.cause}"
    return Diagnosis(
        key=letters.key,
        error_class=error_class,
        confidence=PROVED if is_mended else known,
        stage=Stage.CONNECT,
        root=letters.root,
        column=letters.columns[0] if len(letters.columns) == 1 else "",
        proof=tuple(Evidence("values", where, text) for text in proof),
        facts={"source": letters.source, "code": letters.cause},
        next_step=replay
        if is_mended
        else f"mend what they died of at the source or in its settings, then {replay}",
    )
