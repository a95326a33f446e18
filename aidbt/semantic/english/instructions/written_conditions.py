"""Conditions as instructions write them: `flag = 'Y'`, `closed_at is not null`, "a match in which a = b"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon, TableName
from aidbt.semantic.english.meanings.phrases import Condition, Rows
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph, Kind
from aidbt.semantic.query import Attribute, Comparison, Missing, Not, OneOf, Operator, Predicate, Value

# A defined name goes before whatever else its words may mean.
WEIGHT = 1.3

_OPERATORS: dict[str, Operator] = {
    "=": "=", "is": "=", "equals": "=", "equal to": "=", "is equal to": "=", "are equal to": "=", "!=": "<>",
    "<>": "<>", "is not": "<>", ">": ">", "is greater than": ">", "is more than": ">", "is above": ">",
    "is after": ">", "exceeds": ">", "<": "<", "is less than": "<", "is below": "<", "is before": "<",
    ">=": ">=", "is at least": ">=", "<=": "<=", "is at most": "<=", "is not after": "<=",
}  # fmt: skip
_SIGN = "|".join(sorted(map(re.escape, _OPERATORS), key=len, reverse=True))
_CONDITION = re.compile(
    r"^(?:it |they )?(?P<has>has |have )?(?:an? |the )?(?P<column>\w+)"
    r"(?: is (?:(?P<missing>null|empty|missing|blank|not set|not filled)"
    r"|(?:not (?:null|empty|missing|blank)|filled|set|present|known))"
    rf"| (?P<operator>{_SIGN}) (?P<value>'[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|\w*[A-Za-z]\w*))?$",
    re.I,
)
# "status 'resolved' or 'closed'", "status in ('resolved', 'closed')".
_ONE_OF = re.compile(
    r"^(?:it |they )?(?:has |have )?(?:an? |the )?(?P<column>\w+) (?:(?:=|is|are|in|is in|of|is one of"
    r"|one of|either|is either) )?\(?(?P<values>'[^']*'(?:,? or (?:is )?'[^']*'|, ?'[^']*')+)\)?$",
    re.I,
)
# Rows that a definition is of, before what holds of them: "a match in which home_goals equals away_goals".
_ROWS_OF = re.compile(
    r"^(?:an? |the )?(?P<noun>[\w ]+?) (?:in which|for which|where|whose|that has) (?P<said>.+)$"
)


def lemmas_of(text: str) -> Phrase:
    return tuple(plain(token.lemma) for token in tokens(text) if token.kind != "mark")


@dataclass(frozen=True)
class WrittenConditions:
    """Reads conditions on columns that are called by their exact names."""

    lexicon: Lexicon
    graph: Graph

    def column(self, name: Phrase, table: str = "") -> ColumnName | None:
        """The column of exactly that name, where one table alone has it."""
        found = [
            ColumnName(t.name, column.name, WEIGHT)
            for t in self.graph.tables
            for column in t.columns
            if plain(column.name) == "".join(name) and table in ("", t.name)
        ]
        return found[0] if len(found) == 1 and len(name) == 1 else None

    def condition(self, body: str, name: Phrase) -> Condition | None:
        """What `flag = 'Y'`, `closed_at is not null`, `has a shipped_at` say of the rows of a table."""
        several = _ONE_OF.match(body)
        if several:
            one = self.column((plain(several["column"]),), self.table_in(name))
            values = tuple(map(Value, re.findall(r"'([^']*)'", several["values"])))
            found = OneOf(Attribute(one.table, one.column), values) if one else None
            return Condition(one.table, found) if one and found else None
        match = _CONDITION.match(body)
        if not match or (" " not in body and not match["has"]):
            return None  # a name alone says nothing of rows
        column = self.column((plain(match["column"]),), self.table_in(name))
        if column is None:
            return None
        attribute = Attribute(column.table, column.column)
        predicate: Predicate
        if match["value"] is None:
            is_missing = bool(match["missing"]) and not match["has"]
            predicate = Missing(attribute) if is_missing else Not(Missing(attribute))
        else:
            compared = self._compared(attribute, match["operator"], match["value"])
            if compared is None:
                return None
            predicate = compared
        return Condition(column.table, predicate)

    def _compared(self, attribute: Attribute, sign: str, text: str) -> Predicate | None:
        """A column compared with a constant that fits it, or with another column of its table."""
        operator = _OPERATORS[sign.lower()]
        other = self.column((plain(text),), attribute.table)
        if other:
            return Comparison(operator, attribute, Attribute(other.table, other.column))
        constant = _constant(text, self.graph.table(attribute.table).column(attribute.column).kind)
        return Comparison(operator, attribute, constant) if constant else None

    def rows(self, body: str) -> Rows | None:
        """The rows that a body is of by a condition on their columns."""
        match = _ROWS_OF.match(body)
        noun = lemmas_of(match["noun"]) if match else ()
        # The whole of it has to be the rows: "share of delivered orders" is no order.
        is_table = any(isinstance(meaning, TableName) for meaning in self.lexicon.meanings.get(noun, ()))
        condition = self.condition(match["said"], noun) if match and is_table else None
        return Rows(condition.table, condition.predicate) if condition else None

    def table_in(self, name: Phrase) -> str:
        """The table that the last words of a name are of; "" for none."""
        for size in range(1, len(name) + 1):
            for meaning in self.lexicon.meanings.get(name[-size:], ()):
                if isinstance(meaning, TableName) and meaning.weight > 0.8:
                    return meaning.table
        return ""


def _constant(text: str, kind: Kind) -> Value | None:
    """A constant as it is written, for a column of a kind; None when it does not fit."""
    bare = text.strip("'\"")
    if kind == "number":
        is_number = re.fullmatch(r"-?\d+(?:\.\d+)?", bare)
        return Value(float(bare) if "." in bare else int(bare)) if is_number else None
    if kind == "bool":
        return Value(bare.lower() == "true") if bare.lower() in ("true", "false") else None
    return Value(bare) if kind == "text" and text != bare else None


def holds(words: Phrase, name: Phrase) -> bool:
    """Whether words hold a name; of "the upper limit of the test" its first half says it too."""
    heads = [name, name[: name.index("of")] if "of" in name[1:] else name]
    heads += [name[name.index("of") + 1 :]] if "of" in name[1:] else []
    heads = [tuple(word for word in head if word not in ("the", "a", "an")) for head in heads]
    return any(
        head and words[start : start + len(head)] == head for head in heads for start in range(len(words))
    )
