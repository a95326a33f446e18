"""Addresses by what stands behind their sign: "a Gmail address", "a .io or .dev email", "with outlook"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Rows, Texts
from aidbt.semantic.english.number_rules.units_said import UnitRules
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import AnyOf, Attribute, Matches, Predicate

_MAILS = {"email", "mail"}
_PROVIDERS = frozenset(
    "gmail googlemail hotmail outlook yahoo icloud protonmail gmx aol yandex fastmail zoho".split()
)
_DOMAIN = re.compile(r"@?(?:[\w-]+\.)+[a-z]{2,6}|\.[a-z]{2,6}", re.I)
_NOUNS = {"email", "mail", "address", "account", "domain", "mailbox", "inbox"}
# How far the noun may be from the first domain of several.
_FARTHEST = 6


@dataclass(frozen=True, slots=True)
class Mail:
    """What stands behind the sign of an address: any of several providers, or domains."""

    texts: Texts


def mails_at(sentence: Sequence[Token], start: int) -> Iterator[tuple[int, Mail]]:
    """The providers and domains of addresses that begin at a token, with how many tokens each has.

    A domain is one only where an address is spoken of, and the noun for it belongs to what is before it.
    """
    text = sentence[start].text.lower()
    before = [token.lemma for token in sentence[max(start - 2, 0) : start]]
    following = [token.lemma for token in sentence[start + 1 : start + _FARTHEST]]
    is_domain = bool(_DOMAIN.fullmatch(text)) and bool(_NOUNS & {*before, *following})
    if sentence[start].kind != "word" or not (text in _PROVIDERS or is_domain):
        return
    length = 1
    yield length, Mail((text,))
    while length <= len(following) and following[length - 1] in _NOUNS:
        length += 1
        yield length, Mail((text,))


class MailRules(UnitRules):
    """What is said of addresses, over one graph."""

    def mail_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of addresses."""
        rule("And Or Comma", "Mail", lambda _, mail: [("JMail", mail, 0.0)])
        rule("Mail", "JMail", lambda one, other: [("Mail", Mail((*one.texts, *other.texts)), 0.0)])
        rule("Prep", "Mail", lambda how, mail: [("AtMail", mail, 0.0)] if how in ("at", "with", "on") else [])
        rule("Mail", "Rows", self.rows_mail)
        rule("Col", "Mail AtMail", lambda columns, mail: self.mail_of(mail, columns))
        rule("Texts", "Col", lambda texts, columns: self.mail_of(Mail(texts), columns))
        lift("Mail", self.mail)

    def mail(self, mail: Mail) -> Found:
        """`with a Gmail address`, of rows that have one."""
        for table in self.graph.tables:
            for column in _mail_columns(table):
                found = Condition(table.name, _is_at(column, mail), is_own=True)
                yield from (("Cond", found, 0.1), ("Feature", found, 0.1))

    def rows_mail(self, mail: Mail, rows: Rows) -> Found:
        """`Gmail customers`."""
        for column in _mail_columns(self.graph.table(rows.table)):
            found = self.claimed(rows, Condition(rows.table, _is_at(column, mail), is_own=True))
            if found:
                yield "Rows", found[0], 0.1

    def mail_of(self, mail: Mail, columns: Columns) -> Found:
        """`email is a Gmail address`."""
        for column in self.only(columns, "text"):
            if _MAILS & set(singular_words(column.column)):
                yield "Cond", Condition(column.table, _is_at(column, mail)), 0.2


def _mail_columns(table: GraphTable) -> Iterator[Attribute]:
    """The column of addresses, where a table has one."""
    found = [c.name for c in table.columns if c.kind == "text" and _MAILS & set(singular_words(c.name))]
    if len(found) == 1:
        yield Attribute(table.name, found[0])


def _is_at(column: Attribute, mail: Mail) -> Predicate:
    """That an address is one of a provider, or ends with a domain."""
    found = tuple(_like(column, text) for text in mail.texts)
    return found[0] if len(found) == 1 else AnyOf(found)


def _like(column: Attribute, text: str) -> Matches:
    if text.startswith("."):
        return Matches(column, "ends", text)
    bare = text.removeprefix("@")
    return Matches(column, "ends", f"@{bare}") if "." in bare else Matches(column, "contains", f"@{bare}.")
