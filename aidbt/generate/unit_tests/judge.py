"""Tells on which rows a query and its mutants differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidbt.generate.unit_tests.sandbox import Outcome, RowsRefused, Sandbox, orders
from aidbt.generate.unit_tests.subject import Case

_PATIENCE_S = 150.0


class Judge:
    """A query, its mutants, and the sandbox that they are run in.

    Mutants are named by their place in the list.

    Args:
        own: the SQL of the model, `mutants` that of its mutants.
    """

    def __init__(self, sandbox: Sandbox, own: str, mutants: Sequence[str]) -> None:
        self._sandbox = sandbox
        self._own = own
        self._mutants = mutants

    @property
    def is_tired(self) -> bool:
        """Whether queries ran for longer than anybody waits for; on so few rows only very slow ones do."""
        return self._sandbox.spent_s > _PATIENCE_S

    @property
    def mutants(self) -> range:
        return range(len(self._mutants))

    def expected(self, case: Case) -> Outcome | None:
        """What the model gives on the rows in the order that they have; None when it fails on them."""
        try:
            outcome = self._sandbox.outcome(self._own, case)
        except RowsRefused:
            return None
        return None if isinstance(outcome, str) else outcome

    def is_stable(self, case: Case) -> bool:
        """Whether the model gives the same in any order of the rows."""
        expected = self.expected(case)
        return expected is not None and all(self.expected(order) == expected for order in orders(case))

    def kills(self, case: Case, mutants: Iterable[int]) -> frozenset[int]:
        """Those of some mutants that give something else; none where the model itself fails."""
        expected = self.expected(case)
        if expected is None:
            return frozenset()
        return frozenset(number for number in mutants if self._differs(number, case, expected))

    def kills_surely(self, case: Case, mutants: Iterable[int]) -> frozenset[int]:
        """Those that give something else; none where the model's own result depends on the order of the rows.

        A mutant's may: one that lost the key that breaks ties shows in the order that the rows have.
        """
        return self.kills(case, mutants) if self.is_stable(case) else frozenset()

    def kills_all(self, case: Case, mutants: list[int]) -> bool:
        """Whether each of some mutants gives something else; the first that does not comes to the front of
        the list, for it is the likeliest to fail the next time.
        """
        expected = self.expected(case)
        if expected is None:
            return False
        for place, number in enumerate(mutants):
            if not self._differs(number, case, expected):
                mutants.insert(0, mutants.pop(place))
                return False
        return True

    def kills_all_surely(self, case: Case, mutants: list[int]) -> bool:
        """The same, where the model's own result does not depend on the order of the rows."""
        return self.kills_all(case, mutants) and self.is_stable(case)

    def _differs(self, number: int, case: Case, expected: Outcome) -> bool:
        return self._sandbox.outcome(self._mutants[number], case) != expected
