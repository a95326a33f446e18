"""One person's way through the queue: every decision is saved at once, and the last can be taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.errors import EditConflict, UsageError
from aidbt.core.schema import Mapping
from aidbt.mapping.decisions import Selector, accept, parse_selector, reject
from aidbt.mapping.files import load_mapping, load_mappings, load_targets
from aidbt.mapping.queue import Types, chosen, known_source_columns, refused
from aidbt.mapping.saving import Change, save
from aidbt.mapping.waiting import ReviewItem, items_of


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a sitting: what was done about what."""

    selector: str
    verb: str
    change: Change


class Sitting:
    """Decisions on what a person sees, each saved when it is made.

    A column that somebody else decided since the person saw it is not decided over: that is an EditConflict,
    after which the sitting knows what they decided. Decisions about other columns of a file are kept.

    Args:
        dialect: of the project's warehouse, in which expressions are written.
        least: the probability 0..1 below which nothing is proposed in the place of what is refused.
        types: of source columns, as far as profiles know them.
    """

    def __init__(
        self, project_dir: Path, *, dialect: str, least: float = 0.0, types: Types | None = None
    ) -> None:
        self._root = project_dir
        self._dialect = dialect
        self._least = least
        self._types = types or {}
        self._targets = load_targets(project_dir, dialect)
        self._seen = load_mappings(project_dir)
        self._made: list[Decision] = []

    def item(self, selector: str) -> ReviewItem | None:
        """What waits under that selector now, as far as the sitting knows; None when it is decided."""
        mapping = self._seen[parse_selector(selector, self._seen).key]
        return next((i for i in items_of([mapping], self._targets) if i.selector == selector), None)

    def source_columns(self, selector: str) -> dict[str, str]:
        """The source columns that may be chosen, with their types ("" where not known)."""
        return known_source_columns(self._seen[parse_selector(selector, self._seen).key])

    @property
    def counts(self) -> Counter[str]:
        """How many decisions of each kind stand: "accepted", "rejected", "chosen", "refused"."""
        return Counter(decision.verb for decision in self._made)

    def accept(self, selector: str) -> None:
        """Accept what is proposed.

        Raises:
            UsageError: nothing is, or it cannot be accepted as it is.
            EditConflict: it was decided otherwise meanwhile.
        """
        self._decide(selector, "accepted", accept)

    def reject(self, selector: str) -> None:
        """Leave the column or test out. Raises as `accept`."""
        self._decide(selector, "rejected", reject)

    def choose(self, selector: str, sources: Sequence[str], *, expression: str | None = None) -> None:
        """Take other source columns, or an expression; see `queue.chosen` for what is refused."""
        self._decide(
            selector,
            "chosen",
            lambda mapping, wanted: chosen(
                mapping,
                wanted,
                sources,
                self._targets,
                expression,
                self._dialect,
                self._types.get(wanted.key),
            ),
        )

    def never(self, selector: str, source: str = "") -> None:
        """Never propose a source column again, "" for the one proposed; the next best one waits then."""
        self._decide(
            selector,
            "refused",
            lambda mapping, wanted: refused(
                mapping, wanted, source, self._targets, self._dialect, self._least
            ),
        )

    def undo(self) -> str:
        """Take the last decision that stands back; returns its selector.

        Raises:
            UsageError: there is none.
            EditConflict: somebody decided the same anew; then the decision counts as theirs.
        """
        if not self._made:
            raise UsageError("nothing was decided in this sitting", hint="only its own decisions are undone")
        last = self._made[-1].change
        try:
            self._save(Change(last.after, last.before))
        except EditConflict:
            self._made.pop()
            raise
        return self._made.pop().selector

    def _decide(self, selector: str, verb: str, change: Callable[[Mapping, Selector], Mapping]) -> None:
        wanted = parse_selector(selector, self._seen)
        before = self._seen[wanted.key]
        decision = Change(before, change(before, wanted))
        self._save(decision)
        self._made.append(Decision(selector, verb, decision))

    def _save(self, change: Change) -> None:
        key, path = change.before.key, change.before.path
        try:
            (self._seen[key],) = save(self._root, [change]).mappings
        except EditConflict:
            if (self._root / path).exists():
                self._seen[key] = load_mapping(self._root, path)
            raise
