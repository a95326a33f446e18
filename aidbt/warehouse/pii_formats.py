"""How personal data is written: shapes and check digits, value by value. Nothing here keeps a value."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

_EMAIL = re.compile(r"[\w.%+'-]{1,64}@(?:[\w-]+\.)+[^\W\d_]{2,24}")
_PHONE_SHAPE = re.compile(r"(?:\+|00)?[(\d][\d\s()./-]{5,22}\d(?:\s?(?:x|ext\.?)\s?\d{1,6})?", re.IGNORECASE)
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_NORTH_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}")
_MAC = re.compile(r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}", re.IGNORECASE)
_POSTCODE = re.compile(
    r"(?:[A-Z]{1,2}[ -]?)?(?=[A-Z0-9 -]*\d)[A-Z0-9]{2,5}(?:[ -]?[A-Z0-9]{2,4})?", re.IGNORECASE
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_NINO = re.compile(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]")
_DNI = re.compile(r"[XYZ\d]\d{7}-?[A-Z]")
_CODICE_FISCALE = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
_CPF = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
_DOCUMENT = re.compile(r"(?=(?:.*\d){4})[A-Z0-9][A-Z0-9 ./-]{4,22}", re.IGNORECASE)
_PERSON = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ ,'’.-]+[^\W\d_]+\.?)*")
_SECRET = re.compile(r"\S{8,}")
_DEGREES = r"[-+]?\d{1,3}(?:\.\d+)?"
# 52.52, 13.405; 52°31'12"N 13°24'18"E; what GIS types are written as; keys of a record of both.
_POSITION = re.compile(
    rf"[(\[]?\s*{_DEGREES}\s*[,; ]\s*{_DEGREES}\s*[)\]]?|[-+]?\d{{1,3}}\.\d{{3,}}"
    r"|\d{1,3}\s*°.*|(?:srid=\d+;\s*)?point\s*z?\s*\(.*|0[01][0-9a-f]{40,}|.*\b(?:lat\w*|coordinates)\b.*:.*",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS_SHAPE = re.compile(r"(?=.*[^\W\d_]{2})(?=.*(?:\d|,)).*\s.*", re.DOTALL)
_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d{2}(?!\d)|^(?:19|20)\d{6}$")


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def has_email(text: str) -> bool:
    """Whether an e-mail address stands somewhere in a longer text."""
    return "@" in text and _EMAIL.search(text) is not None


def is_phone_shaped(text: str) -> bool:
    """7 to 15 digits, written as phone numbers are."""
    return _PHONE_SHAPE.fullmatch(text) is not None and 7 <= sum(map(str.isdigit, text)) <= 15


def is_international_phone(text: str) -> bool:
    """A phone number that can be nothing else: E.164 with its plus sign, or one of North America's shapes."""
    compact = re.sub(r"[ ().-]", "", text)
    return _E164.fullmatch(compact) is not None or _NORTH_AMERICAN.fullmatch(text) is not None


def is_ip_address(text: str) -> bool:
    """An IPv4 or IPv6 address, with or without a prefix length."""
    if not (text.count(".") == 3 or text.count(":") >= 2):
        return False
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def is_no_version(text: str) -> bool:
    """An IP address that is hardly a version number such as 1.12.0.3."""
    return is_ip_address(text) and (
        ":" in text or any(int(part) > 31 for part in text.split("/")[0].split("."))
    )


def is_mac_address(text: str) -> bool:
    return _MAC.fullmatch(text) is not None


def is_postcode(text: str) -> bool:
    return 3 <= len(text) <= 10 and _POSTCODE.fullmatch(text) is not None


def is_position(text: str) -> bool:
    """Whether a text may be a point on the earth: a pair of degrees, one of many digits, or GIS notation.

    Example:
        >>> is_position("52.52, 13.405"), is_position("POINT (13.4 52.5)"), is_position("engineer")
        (True, True, False)
    """
    return _POSITION.fullmatch(text) is not None


def is_address_shaped(text: str) -> bool:
    """Whether a text has a word and a number or a comma in it, as most addresses do.

    Example:
        >>> is_address_shaped("12 Main Street"), is_address_shaped("north"), is_address_shaped("17")
        (True, False, False)
    """
    return _ADDRESS_SHAPE.fullmatch(text) is not None


def is_iban(text: str) -> bool:
    """An IBAN whose check digits are right (ISO 13616, mod 97 of ISO 7064)."""
    compact = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(compact):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def is_card_shaped(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    return digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19


def is_card_number(text: str) -> bool:
    """A payment card's number: an issuer's range, its length and Luhn's check digit."""
    digits = re.sub(r"[ -]", "", text)
    if not (digits.isascii() and digits.isdigit()):
        return False
    return len(digits) in _card_lengths(digits) and passes_luhn(digits)


def _card_lengths(digits: str) -> tuple[int, ...]:
    two, four = int(digits[:2] or 0), int(digits[:4] or 0)
    if two in (34, 37):
        return (15,)
    if two in (36, 38, 39) or 3000 <= four <= 3059:
        return (14, 16)
    if digits.startswith("4"):
        return (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720 or 3528 <= four <= 3589:
        return (16,)
    if four == 6011 or two in (62, 64, 65):
        return (16, 17, 18, 19)
    if two in (50, *range(56, 62), 63, *range(66, 70)):  # Maestro
        return (12, 13, 14, 15, 16, 17, 18, 19)
    return ()


def is_national_id(text: str) -> bool:
    """A national number that its own form gives away: US SSN with dashes, UK NINO, Spanish DNI and NIE,
    Italian codice fiscale, Brazilian CPF with dots, German Steuer-ID.
    """
    if _SSN.fullmatch(text) or _NINO.fullmatch(text) or _CODICE_FISCALE.fullmatch(text):
        return True
    if _is_dni(text) or is_steuer_id(text):
        return True
    return _CPF.fullmatch(text) is not None and _is_cpf(re.sub(r"\D", "", text))


def _is_dni(text: str) -> bool:
    if not _DNI.fullmatch(text):
        return False
    digits = str("XYZ".find(text[0])) + text[1:8] if text[0] in "XYZ" else text[:8]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == text[-1]


def _is_cpf(digits: str) -> bool:
    for length in (9, 10):
        weighted = sum(int(d) * (length + 1 - i) for i, d in enumerate(digits[:length]))
        if weighted * 10 % 11 % 10 != int(digits[length]):
            return False
    return len(set(digits)) > 1


def is_document_number(text: str) -> bool:
    """Four digits or more, perhaps with letters and separators: as papers and people are numbered."""
    return _DOCUMENT.fullmatch(text) is not None


def is_steuer_id(text: str) -> bool:
    """A German tax number of a person (11 digits, ISO 7064 MOD 11,10; one digit stands twice or thrice)."""
    digits = text.replace(" ", "")
    if not (re.fullmatch(r"[1-9]\d{10}", digits) and len(set(digits[:10])) in (8, 9)):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_person_shaped(text: str) -> bool:
    """Words without digits, as names of people are written; so are many other things."""
    return len(text) <= 60 and _PERSON.fullmatch(text) is not None


def is_capitalised_name(text: str) -> bool:
    """Two to four words that each begin with a capital letter."""
    parts = re.split(r"[ ,]+", text)
    return is_person_shaped(text) and 2 <= len(parts) <= 4 and all(part[:1].isupper() for part in parts)


def has_given_name(text: str) -> bool:
    """Whether one of the words is among the most common given names, and nothing but words stands there."""
    if not is_person_shaped(text):
        return False
    parts = re.split(r"[ ,.-]+", text.lower())
    return len(parts) <= 4 and any(part in _GIVEN_NAMES for part in (parts[0], parts[-1]))


def is_secret_shaped(text: str) -> bool:
    """One long word, unlike the words of a language."""
    return _SECRET.fullmatch(text) is not None and (any(map(str.isdigit, text)) or len(text) >= 20)


def is_birth_date(text: str) -> bool:
    """A date or year in which somebody who lives may have been born."""
    found = _YEAR.search(text)
    return found is not None and 1890 <= int(found[0][:4]) <= datetime.now(UTC).year


# Common given names of several countries; enough of them among the values tells people from things.
_GIVEN_NAMES = frozenset(
    """james robert john michael david william richard joseph thomas charles christopher daniel matthew
    anthony mark donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason
    jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel
    gregory frank patrick raymond jack dennis jerry tyler aaron henry peter adam nathan mary patricia
    jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa margaret betty sandra ashley
    dorothy kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon laura
    cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen samantha katherine
    christine debra rachel carolyn janet catherine maria heather diane olivia sophia isabella mia hans
    klaus jurgen jürgen wolfgang stefan andreas thomas uwe günter gunter ursula monika petra sabine
    renate brigitte anja julia katharina lukas leon felix jonas finn jean pierre michel philippe alain
    nicolas marie nathalie isabelle sophie camille lea léa chloé chloe antoine julien jose josé juan
    luis carlos manuel antonio francisco javier miguel pedro jorge carmen ana lucia lucía sofia elena
    giuseppe giovanni marco luca francesco alessandro giulia chiara mohamed mohammed muhammad ahmed ali
    fatima omar hassan ibrahim wei ming li fang priya rahul amit anil sunita ravi raj deepak neha anita
    yuki hiroshi kenji piotr krzysztof anna agnieszka jan willem pieter johan erik lars sven olaf ingrid
    astrid ivan dmitri sergei olga natalia svetlana kim min ji""".split()
)
