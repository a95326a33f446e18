"""Everything that says which rows and columns are spoken of: nouns, verbs, roles and conditions together."""

from __future__ import annotations

from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.row_rules.acts import ActRules
from aidbt.semantic.english.row_rules.roles import RoleRules


class RowRules(ActRules, RoleRules):
    """How rows are spoken of, over one graph."""

    def row_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of rows, and of what is claimed of them."""
        self.condition_rules(rule, lift)
        self.duration_rules(rule)
        self.interval_rules(rule)
        self.length_rules(rule)
        self.noun_rules(rule, lift)
        self.act_rules(rule, lift)
        self.role_rules(rule, lift)
