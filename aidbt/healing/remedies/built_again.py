"""A view, table or seed of the project that somebody dropped is built again, with all that failed for it."""

from __future__ import annotations

from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Node

NAME = "built_again"
_MADE_ANEW = ("view", "table", "seed")


class BuiltAgain:
    """For a relation that a failed node reads, and that is gone."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The run that failed, with what is missing; nothing is edited."""
        node = case.node(diagnosis.facts.get("missing_model", ""))
        if node is None:
            why = "no model of the project is missing in the warehouse"
            return Declined(NAME, why, is_concerned=False)
        kind = str(node.config.get("materialized"))
        if kind not in _MADE_ANEW:
            return Declined(NAME, f"{node.name} kept rows of earlier runs, and building brings none back")
        return Mend(
            NAME,
            f"Build {node.name} again",
            claims=(
                Claim(f"{node.name} stood there at the last good run", lambda: _stood(node, case)),
                Claim(f"{node.name} is gone", lambda: _gone(node, tools)),
            ),
            risk=Risk.LOW,
        )


def _stood(node: Node, case: Case) -> Checked:
    if case.good is None:
        return Checked(False, "no good run is remembered")
    there = relation_of(node, case.good.relations)
    return Checked(there is not None, f"as a {there.kind}" if there is not None else "it did not")


def _gone(node: Node, tools: Tools) -> Checked:
    there = relation_of(node, tools.warehouse().relations())
    return Checked(there is None, "nothing of that name stands there" if there is None else "it is there")
