"""Whether a column holds personal data: a guess from its name, its type and a few of its values.

Names decide where they are plain, values where their form gives them away (check digits, shapes), and both
together otherwise. A name that the values contradict is no evidence: `contact` with "email", "phone". The
values are looked at and forgotten; none becomes part of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aidbt.core.schema import Column, ColumnProfile
from aidbt.core.types import type_family
from aidbt.warehouse import pii_formats as formats
from aidbt.warehouse.pii_names import HASHED, INFRASTRUCTURE, NamedAs, is_of_a_place, named_as
from aidbt.warehouse.words import words_of

SAMPLED_VALUES = 200


@dataclass(frozen=True, slots=True)
class Pii:
    """A guess that a column holds personal data.

    Attributes:
        kind: "email", "phone", "name", "address", "postcode", "birth_date", "national_id", "passport",
            "iban", "bank_account", "card_number", "ip_address", "device_id", "location", "username",
            "secret", "gender", "health", "religion", "ethnicity", "orientation", "politics" or "salary".
        reasons: sentences for a person; no value stands in them.
        confidence: 0.5..1.
    """

    kind: str
    reasons: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind is called and recognised.

    Attributes:
        families: the types that can hold it; "text" means types that are not known, too.
        looks: whether a value may be one; None where values do not tell.
        looks_sure: the same where the name alone says too little; None where `looks` serves there too.
        proves: whether a value can hardly be anything else, whatever the name.
        passed: what the values have in common when they pass `proves`.
    """

    one: str
    many: str
    families: str = "text"
    looks: Callable[[str], bool] | None = None
    proves: Callable[[str], bool] | None = None
    passed: str = ""
    looks_sure: Callable[[str], bool] | None = None


_KINDS = {
    "email": _Kind("an e-mail address", "e-mail addresses", "text", formats.is_email, formats.is_email),
    "phone": _Kind(
        "a phone number",
        "phone numbers",
        "text integer number",
        formats.is_phone_shaped,
        formats.is_international_phone,
    ),
    "name": _Kind(
        "a person's name", "names of people", "text other", formats.is_person_shaped, formats.has_given_name
    ),
    "address": _Kind(
        "a person's address", "addresses", "text integer other", looks_sure=formats.is_address_shaped
    ),
    "postcode": _Kind("a postcode", "postcodes", "text integer", formats.is_postcode),
    "birth_date": _Kind(
        "a date of birth",
        "possible dates of birth",
        "text date timestamp integer number",
        formats.is_birth_date,
    ),
    "national_id": _Kind(
        "a national id number",
        "national id numbers",
        "text integer number",
        formats.is_document_number,
        formats.is_national_id,
    ),
    "passport": _Kind("a passport number", "document numbers", "text integer", formats.is_document_number),
    "iban": _Kind(
        "an IBAN", "IBANs", "text", formats.is_document_number, formats.is_iban, "the check digits of an IBAN"
    ),
    "bank_account": _Kind(
        "a bank account number", "account numbers", "text integer number", formats.is_document_number
    ),
    "card_number": _Kind(
        "a payment card's number",
        "card numbers",
        "text integer number",
        formats.is_card_shaped,
        formats.is_card_number,
        "the Luhn check and belong to a card issuer",
    ),
    "ip_address": _Kind(
        "an IP address", "IP addresses", "text other", formats.is_ip_address, formats.is_no_version
    ),
    "device_id": _Kind("a device's id", "MAC addresses", "text integer", None, formats.is_mac_address),
    "location": _Kind("a position", "positions", "text integer number other", looks_sure=formats.is_position),
    "username": _Kind("a user name", "user names", "text"),
    "secret": _Kind("a secret", "secrets", "text integer other"),
    "gender": _Kind("a person's gender", "genders", "text integer boolean"),
    "health": _Kind("data about health", "data about health", "text integer number boolean date other"),
    "religion": _Kind("a religion", "religions", "text integer"),
    "ethnicity": _Kind("an ethnic origin", "ethnic origins", "text integer"),
    "orientation": _Kind("a sexual orientation", "sexual orientations", "text integer"),
    "politics": _Kind("a political opinion or membership", "political opinions", "text integer boolean"),
    "salary": _Kind("what a person earns", "earnings", "integer number text"),
}
# Kinds that the values alone can show, the surest first, and the share of values that does.
_BY_VALUES = {
    "iban": 0.9,
    "email": 0.8,
    "national_id": 0.9,
    "card_number": 0.95,
    "device_id": 0.95,
    "ip_address": 0.6,
    "phone": 0.8,
    "name": 0.4,
}
# One in ten numbers passes the Luhn check by chance: this many in a row do not.
_VALUES_THAT_PROVE = 10
_COMMON_SHAPES = ("card_number", "national_id", "name", "device_id", "ip_address")
_LOOKS_RIGHT, _LOOKS_WRONG = 0.6, 0.25
_SOME_GIVEN_NAMES = 0.2
_E_MAILS_IN_TEXT = 0.1
_NO_PERSONS_IP = INFRASTRUCTURE | frozenset(
    "version ver release build firmware oid netmask mask cidr".split()
)
_NOT_NAMED_AS_PEOPLE_ARE = frozenset(
    "product item sku brand city state country region category color street".split()
)


def guess_pii(
    column: Column, values: Sequence[str], *, table: str = "", siblings: Sequence[str] = ()
) -> Pii | None:
    """What personal data a column seems to hold, or None.

    Args:
        values: some of its values as text, e.g. 200 of a sample; empty when none could be read.
        table: the name of its table, and `siblings` the names of the table's columns: a vague name ("name",
            "latitude") means one thing in `customers` and another in `airports`.

    Example:
        >>> guess_pii(Column("kontakt_email", "VARCHAR"), []).kind
        'email'
        >>> guess_pii(Column("email_count", "INTEGER"), ["3", "0"]) is None
        True
    """
    family = "text" if not column.data_type else type_family(column.data_type)
    is_uuid = column.data_type.upper() == "UUID"
    filled = [text for value in values if (text := value.strip())]
    named = named_as(column.name, table=table, siblings=siblings)
    if named is not None and (family not in _KINDS[named.kind].families.split() or is_uuid):
        named = None
    by_name = _confirmed(column.name, named, filled) if named else None
    if by_name is not None and by_name.confidence >= 0.9:
        return by_name
    by_values = None
    if not is_uuid and family in ("text", "integer", "number", "other"):
        by_values = _by_values(
            column.name, filled, family, of_a_place=is_of_a_place(column.name, table=table)
        )
    return max((p for p in (by_values, by_name) if p), key=lambda p: p.confidence, default=None)


def with_pii(profile: ColumnProfile, pii: Pii | None) -> ColumnProfile:
    """The profile with the guess; one that holds personal data keeps no values and no figures made of few.

    Its format is no list of codes then either: no accepted values follow from it.
    """
    if pii is None:
        return profile
    kept = {name: share for name, share in profile.formats.items() if name != "code"}
    return replace(
        profile,
        pii=pii.kind,
        pii_reasons=pii.reasons,
        minimum=None,
        maximum=None,
        mean=None,
        stddev=None,
        quantiles=(),
        top_values=(),
        formats=kept,
    )


def _confirmed(name: str, named: NamedAs, values: Sequence[str]) -> Pii | None:
    """The guess that a name leads to, when the values do not contradict it."""
    kind = _KINDS[named.kind]
    is_hash = bool(HASHED & set(words_of(name)))
    reasons = [f"named like {kind.one}", *([named.context] if named.context else [])]
    if is_hash or not values:
        return Pii(named.kind, tuple(reasons), 0.8) if named.is_certain else None
    proven = _share(kind.proves, values)
    if proven >= _BY_VALUES.get(named.kind, 2.0):
        reasons.append(_proof(named.kind, proven, values))
        return Pii(named.kind, tuple(reasons), 0.99)
    if named.kind in ("name", "username", "secret") and _is_code_list(values):
        return None
    if named.kind == "secret":
        return _secret(named, values, reasons)
    looks = _share(kind.looks, values) if kind.looks is not None else None
    if looks is None:
        is_sure = kind.looks_sure is None or _share(kind.looks_sure, values) >= _LOOKS_RIGHT
        counts = named.is_certain or (named.context and is_sure)
        return Pii(named.kind, tuple(reasons), 0.85) if counts else None
    if looks < _LOOKS_WRONG:
        return None
    if named.is_certain:
        if looks >= _LOOKS_RIGHT:
            reasons.append(f"{_percent(looks)} of {len(values)} sampled values are written like {kind.many}")
        return Pii(named.kind, tuple(reasons), 0.95 if looks >= _LOOKS_RIGHT else 0.7)
    if named.context and looks >= _LOOKS_RIGHT and kind.proves is None:
        return Pii(named.kind, tuple(reasons), 0.7)
    if named.kind == "name":
        if proven >= _SOME_GIVEN_NAMES:
            return Pii("name", (*reasons, _proof("name", proven, values)), 0.8)
        if named.context and _share(formats.is_capitalised_name, values) >= 0.9:
            return Pii("name", (*reasons, "the sampled values are written like names of people"), 0.6)
        return None
    if named.context and looks >= 0.9:
        return Pii(named.kind, tuple(reasons), 0.6)
    return None


def _secret(named: NamedAs, values: Sequence[str], reasons: list[str]) -> Pii | None:
    """Passwords may look like anything; what is vaguely a token must look random."""
    if named.is_certain:
        return Pii("secret", tuple(reasons), 0.9)
    if _share(formats.is_secret_shaped, values) < 0.9 or len(set(values)) < 0.5 * len(values):
        return None
    return Pii("secret", (*reasons, "the sampled values are long single words"), 0.7)


def _by_values(name: str, values: Sequence[str], family: str, *, of_a_place: bool) -> Pii | None:
    """The kind that the values alone show, whatever the column is called."""
    distinct = len(set(values))
    for kind, least in _BY_VALUES.items():
        if family not in _KINDS[kind].families.split() or _is_ruled_out(kind, name, of_a_place=of_a_place):
            continue
        if distinct < (_VALUES_THAT_PROVE if kind in _COMMON_SHAPES else 3):
            continue
        share = _share(_KINDS[kind].proves, values, at_least=least)
        if share >= least:
            return Pii(kind, (_proof(kind, share, values),), 0.9)
    with_email = _share(formats.has_email, values) if family in ("text", "other") else 0.0
    if with_email >= _E_MAILS_IN_TEXT and len(values) >= _VALUES_THAT_PROVE:
        reason = f"e-mail addresses stand in {_percent(with_email)} of {len(values)} sampled texts"
        return Pii("email", (reason,), 0.75)
    return None


def _is_ruled_out(kind: str, name: str, *, of_a_place: bool) -> bool:
    """Whether the column's name says that values of this form are something else in it."""
    words = set(words_of(name))
    if kind == "ip_address":
        return bool(words & _NO_PERSONS_IP)
    if kind == "name":
        return bool(words & _NOT_NAMED_AS_PEOPLE_ARE)
    return kind == "phone" and of_a_place


def _proof(kind: str, share: float, values: Sequence[str]) -> str:
    entry = _KINDS[kind]
    if entry.passed:
        how_many = f"all {len(values)}" if share == 1 else f"{_percent(share)} of {len(values)}"
        return f"{how_many} sampled values pass {entry.passed}"
    if kind == "name":
        return f"{_percent(share)} of {len(values)} sampled values have a common given name"
    return f"{_percent(share)} of {len(values)} sampled values are {entry.many}"


def _is_code_list(values: Sequence[str]) -> bool:
    """Few values that repeat, in small or capital letters throughout: words of a list, not of people."""
    distinct = set(values)
    if len(values) < _VALUES_THAT_PROVE or len(distinct) > len(values) / 4:
        return False
    if any(value[:1].isupper() and not value.isupper() for value in distinct):
        return False  # written like a name: it may be one that repeats
    return len(distinct) <= 12 and not any(formats.has_given_name(value) for value in distinct)


def _share(test: Callable[[str], bool] | None, values: Sequence[str], *, at_least: float = 0.0) -> float:
    """The share of the values that pass; 0 as soon as it cannot be `at_least` any more."""
    if test is None or not values:
        return 0.0
    misses, bearable = 0, (1 - at_least) * len(values) + 1e-9
    for value in values:
        misses += not test(value)
        if misses > bearable:
            return 0.0
    return 1 - misses / len(values)


def _percent(share: float) -> str:
    """A share that is never rounded up to all of them."""
    return "100 %" if share == 1 else f"{min(share * 100, 99):.0f} %"
