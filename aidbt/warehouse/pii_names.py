"""What a column's name says about whether it holds personal data, with its table and neighbours around it.

A name is read as a noun phrase: what it is about stands last (`email_subject` is a subject), except for a few
words that only qualify (`email_work`, `phone_2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aidbt.warehouse.words import singular_word, words_of


@dataclass(frozen=True, slots=True)
class NamedAs:
    """What a name says.

    Attributes:
        is_certain: the name is enough; otherwise the values have to agree.
        context: why a vague name counts here ("the table is about people"), or "".
    """

    kind: str
    is_certain: bool
    context: str = ""


# Whose data it is.
_PEOPLE = frozenset(
    """customer client user owner contact employee patient passenger guest member student teacher driver
    author recipient sender buyer manager agent doctor physician nurse tenant subscriber applicant
    candidate borrower beneficiary donor player person lead rep salesperson salesrep staff assignee
    requester attendee participant holder cardholder accountholder insured policyholder mother father
    spouse parent child respondent worker technician officer resident citizen voter signatory kunde
    kunden mitarbeiter ansprechpartner inhaber besitzer patienten fahrer empfanger kontakt cliente
    clientes empleado usuario utilisateur titulaire contacto adherent salarie profile learner visitor
    rider caller actor reviewer consumer shopper payee payer consignee kin survivor claimant crew pilot
    committer faculty alumnus colleague""".split()
)
# Places and organisations: their addresses, phones and positions are no person's.
_PLACES = frozenset(
    """airport store shop branch station stop warehouse hotel venue restaurant city town country state
    region county port airline carrier company organization organisation org business office headquarter
    hq bank hospital school university museum park site facility plant depot terminal poi landmark
    weather sensor observatory district nation continent zone brand manufacturer filiale standort firma
    flughafen agency dealership clinic franchise outlet datacenter geo province municipality""".split()
)
_THINGS = frozenset(
    """product item sku article file table column field model device app application category campaign
    event plan feature project task queue job database schema host server service node cluster domain
    tag label role group team movie song album track genre book game animal pet horse plane aircraft
    vehicle ship document report dashboard metric currency language""".split()
)
# What people do and write: it has names and numbers of its own, and people's data beside them.
_RECORDS = frozenset(
    """order invoice payment ticket repo repository commit claim contract deal opportunity subscription
    shipment transaction charge refund session visit log issue booking reservation quote receipt""".split()
)
INFRASTRUCTURE = frozenset("server host gateway dns router node subnet cluster proxy lb vip pod vpn".split())
# The name is about a figure or a question, not the data itself.
_ABOUT = frozenset(
    """is has num n nb nbr count of total avg average mean median min max sum pct percent share ratio
    hide show send allow allows requires needs can should opt default template sample test dummy
    rank""".split()
)
# What may follow the noun and changes nothing.
_QUALIFIERS = frozenset(
    """no nr num nbr number nummer numero address addr adresse line primary secondary home work mobile
    private business office personal billing shipping raw clean cleaned normalized normalised norm lower
    upper value encrypted old new current previous prev alt alternate other main full hash hashed md5
    sha c e field col original cust customer client user owner contact employee de en fr one two three
    digest plain unformatted formatted masked""".split()
)
HASHED = frozenset("hash hashed md5 sha sha256 digest".split())

_CERTAIN = {
    "email": """email, e mail, mail address, email address, e mail address, mail adresse, email adresse,
        emailaddress, correo, correo electronico, courriel, adresse email, adresse mail, emails, email
        id""",
    "phone": """phone, phone number, telephone, telephone number, mobile phone, mobile number, mobile
        no, cell phone, cell number, cellphone, msisdn, telefon, telefonnummer, telefonnr, tel, tel no,
        handy, handynummer, mobilnummer, mobilfunknummer, rufnummer, telefono, celular, movil, telefone,
        telefoon, puhelin, fax, fax number, faxnummer, whatsapp, whatsapp number, numero telephone,
        numero de telephone, contact number, phonenum, phoneno, phones, telno, phone home, landline""",
    "name": """first name, last name, given name, family name, surname, middle name, maiden name, full
        name, forename, fname, lname, mname, vorname, nachname, familienname, geburtsname, prenom, nom,
        nom famille, nom de famille, nom complet, apellido, apellidos, primer nombre, nombre completo,
        cognome, sobrenome, nome completo, voornaam, achternaam, fornamn, efternamn, fornavn, etternavn,
        etunimi, sukunimi, imie, nazwisko, preferred name, name first, name last, name full, name
        middle, legal first name, birth name, middle initial, last names, first names, contact, contact
        person, ansprechpartner, contact name, kontakt, kontaktperson, name on card, cardholder, next of
        kin, signatory, nickname real, given names, nom client, nom prenom, emergency contact,
        recipient, kundenname, kontaktname, person name, mothers maiden name""",
    "address": """street, street address, street name, street number, address line, address line 1,
        address, strasse, strassenname, hausnummer, house number, house no, anschrift, wohnadresse,
        adresse, rue, direccion, calle, domicilio, indirizzo, via indirizzo, endereco, adres, straat,
        home address, mailing address, postal address, residential address, billing address, shipping
        address, delivery address, addr, addr line, apartment, apartment number, apt number, apt no,
        street line""",
    "postcode": """postcode, post code, zip, zip code, zipcode, postal code, postalcode, plz,
        postleitzahl, code postal, codigo postal, cap codice, cep, pincode, pin code, postnummer""",
    "birth_date": """birth date, birthdate, date of birth, dateofbirth, dob, birthday, birth day, birth
        year, year of birth, geburtsdatum, geburtstag, geburtsjahr, gebdatum, date naissance, date de
        naissance, fecha nacimiento, fecha de nacimiento, data nascita, data di nascita, data
        nascimento, born on, born at, born, geboortedatum, fodselsdato, fodelsedatum, dt nascimento,
        birth dt, date birth, birth month""",
    "national_id": """ssn, social security number, social security no, social security, nino, national
        insurance number, national id, national id number, national identity number, steuer id,
        steuerid, steuer identifikationsnummer, steueridentifikationsnummer, steuernummer, idnr,
        sozialversicherungsnummer, sv nummer, svnr, ahv nummer, cpf, curp, dni, nie, nif, bsn, pesel,
        aadhaar, aadhar, personnummer, codice fiscale, fiscal code, nir, numero securite sociale, nhs
        number, nhs no, medicare number, id card number, identity card number, ausweisnummer,
        personalausweisnummer, ssn last 4, ssn 4, taxpayer id, itin, driver license number, drivers
        license number, driver licence number, drivers license, driver license, drivers licence, driving
        licence, driving licence number, fuhrerscheinnummer, license plate, licence plate, number plate,
        kennzeichen, burgerservicenummer, rut, personal id number, government id, patient id number,
        medical record number, mrn""",
    "passport": """passport, passport number, passport no, passport id, reisepass, reisepassnummer,
        pasaporte, passeport, passnummer, passaporto, numero passeport, numero pasaporte""",
    "iban": "iban, iban number, iban code, bank iban",
    "bank_account": """bank account, bank account number, bank account no, bankaccount, kontonummer,
        numero compte, numero de cuenta""",
    "card_number": """card number, card no, cardnumber, credit card, credit card number, credit card no,
        creditcard, creditcardnumber, debit card number, cc number, cc num, cc no, ccnumber, ccnum, pan,
        kreditkartennummer, kartennummer, numero carte, numero tarjeta""",
    "ip_address": """ip, ip address, ipaddress, ip addr, ipaddr, ipv 4, ipv 6, client ip, remote ip,
        remote addr, user ip, source ip, src ip, login ip, ip adresse, x forwarded for, ips""",
    "device_id": """mac address, mac addr, macaddress, imei, imsi, idfa, gaid, idfv, advertising id,
        advertiser id, device fingerprint, browser fingerprint""",
    "location": """latitude, longitude, lat, lon, lng, long lat, lat long, lat lng, lat lon, latlng,
        latlong, geolocation, geo location, gps, gps coordinates, gps position, coordinates, geo point,
        geopoint, breitengrad, langengrad, latitud, longitud""",
    "username": """username, user name, login name, loginname, nickname, nick name, screen name,
        screenname, benutzername, nutzername, nom utilisateur, nombre usuario, nome utente, twitter
        handle, user login, instagram handle, instagram, facebook profile, linkedin url, linkedin
        profile, linkedin, twitter, skype, skype id, github username, github login, telegram""",
    "secret": """password, passwd, pwd, passwort, kennwort, mot de passe, contrasena, senha, password
        hash, password digest, password salt, passphrase, secret, secret key, client secret, api key,
        apikey, api token, access token, refresh token, auth token, bearer token, id token, session
        token, reset token, reset password token, remember token, private key, ssh key, access key,
        secret access key, cvv, cvc, cvv 2, security code, security answer, otp, otp secret, pin hash,
        encryption key, signing key, webhook secret, oauth token, authentication token, confirmation
        token, verification token, app password, login token, crypted password, encrypted password,
        device token, push token""",
    "gender": "gender, sex, geschlecht, sexe, sexo, sesso, gender identity, kon, pronouns, gender code",
    "health": """diagnosis, diagnosis code, diagnosis description, diagnoses, diagnose, icd 10, icd 9,
        icd code, icd 10 code, medical history, medical condition, health condition, allergy, allergies,
        blood type, blood group, disability, disability status, medication, medications, disease, hiv
        status, hiv, pregnant, krankheit, blutgruppe, behinderung, diagnostic, symptoms, has diabetes,
        disabled person, is pregnant, is smoker, smoker, smoking status, vaccination status, mental
        health, body mass index, bmi, chronic conditions, grad der behinderung, enfermedad, maladie,
        health insurance number, diabetes""",
    "religion": "religion, religious affiliation, confession, konfession, denomination, faith, religione",
    "ethnicity": "ethnicity, ethnic group, ethnic origin, race ethnicity, ethnie, racial group, race code",
    "orientation": "sexual orientation, sexuelle orientierung, sexuality",
    "politics": """political affiliation, political party, political views, party affiliation, union
        member, union membership, trade union, trade union membership, is union member, gewerkschaft""",
    "salary": """salary, base salary, annual salary, monthly salary, gross salary, net salary, wage,
        wages, hourly wage, gehalt, jahresgehalt, monatsgehalt, bruttogehalt, lohn, stundenlohn,
        salaire, salario, sueldo, stipendio, annual income, household income, monthly income, personal
        income, yearly income, base pay, gross pay, net pay, salaris, remuneration""",
}  # fmt: skip
# Said of people and of much else: the table or the values decide.
_VAGUE = {
    "name": """name, nombre, nome, naam, navn, namn, display name, displayname, legal name, name 1,
        names, author, driver, owner, patient, passenger, customer, employee, salesperson, sales rep,
        account manager, agent, guest, member, tenant, applicant, assignee, requester, beneficiary,
        created by, updated by, approved by, assigned to, prepared by, signed by, sold by, kunde,
        sachbearbeiter, verkaufer, doctor, physician, manager, reviewer, artist, host, sender, account
        name, child, parent, spouse""",
    "phone": "mobile, cell, mobil, portable, number, contact no, contact info",
    "email": "mail, login, contact info, correo e, userid, user",
    "username": "login, handle, alias, user, account name, screen, nick",
    "national_id": "tax id, tin, tax number, id number, national number, identification number, sin",
    "secret": "token, pin, key, salt, credentials, hash, secret value, session id, session key",
    "health": "condition, treatment, prescription, procedure code, health status, medical notes",
    "ethnicity": "race",
    "salary": "income, compensation, hourly rate, pay rate, bonus",
    "ip_address": "host, address, ip port, remote host, client",
    "bank_account": "account number, account no, konto, routing number, sort code",
    "address": "location address, residence, location, street 2, house, unit number, wohnort",
    "birth_date": "birth, nacimiento, naissance, nascita",
    "device_id": "device id, device identifier, mac, fingerprint",
    "location": "position, geo, geometry, geom, location, point",
    "politics": "party",
}  # fmt: skip
# What these kinds are no person's data of.
_NOT_OF = {
    "phone": ("place",),
    "address": ("place", "thing"),
    "postcode": ("place", "thing"),
    "gender": ("place", "thing"),
    "birth_date": ("place", "thing"),
    "location": ("place",),
}


def _compiled(kinds: dict[str, str]) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for kind, text in kinds.items():
        for phrase in text.split(","):
            words = tuple(phrase.split())
            found.setdefault(words, kind)
            if len(words) > 1:
                found.setdefault(("".join(words),), kind)
    return found


_CERTAIN_PHRASES, _VAGUE_PHRASES = _compiled(_CERTAIN), _compiled(_VAGUE)
_LONGEST = max(map(len, _CERTAIN_PHRASES))
# Written together with what stands before: "billingemailaddress".
_ENDINGS = (
    *sorted((p[0] for p in _CERTAIN_PHRASES if len(p) == 1 and len(p[0]) >= 9), key=len, reverse=True),
    "email",
)


def named_as(name: str, *, table: str = "", siblings: Sequence[str] = ()) -> NamedAs | None:
    """What personal data a column's name speaks of, or None.

    Args:
        table: the table's name; "name" is a person's in `customers`, not in `products`.
        siblings: the names of the table's other columns.
    """
    words = words_of(name)
    found = _phrase(words)
    if found is None:
        return None
    kind, before, is_certain = found
    owner = _owner(before) or _owner_of_table(table)
    if owner in _NOT_OF.get(kind, ()) or (kind == "ip_address" and INFRASTRUCTURE & set(before)):
        return None
    around = tuple(siblings)
    people_around = owner == "person" or (owner == "" and _has_people(around))
    if kind == "postcode":
        is_somebodys = people_around or _has_street(around) or bool(_WHERE_PEOPLE_LIVE & set(before))
        return NamedAs(kind, True, "it belongs to a person's address") if is_somebodys else None
    if is_certain:
        return NamedAs(kind, True)
    context = "the table is about people" if people_around else ""
    if kind == "name" and words[len(before)] in _NAME:
        return _name_of(before, context)
    return NamedAs(kind, False, context)


def _name_of(before: tuple[str, ...], context: str) -> NamedAs | None:
    """What "name" means behind these words: a person's, or the name of something."""
    if before:
        is_persons = singular_word(before[-1]) in _PEOPLE or bool(_WHERE_PEOPLE_LIVE & set(before))
        return NamedAs("name", True) if is_persons else None
    return NamedAs("name", bool(context), context)


_NAME = frozenset("name names nombre nome naam navn namn".split())
_WHERE_PEOPLE_LIVE = frozenset("billing shipping home delivery mailing".split())


def is_of_a_place(name: str, *, table: str) -> bool:
    """Whether a column is about a place or an organisation, as far as the names say."""
    return (_owner(words_of(name)) or _owner_of_table(table)) == "place"


@lru_cache(maxsize=65_536)
def _phrase(words: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool] | None:
    """The kind of the phrase that the name ends in, the words before it, and whether it is a certain one."""
    for phrases, is_certain in ((_CERTAIN_PHRASES, True), (_VAGUE_PHRASES, False)):
        found = _last_phrase(words, phrases)
        if found is not None:
            kind, before = found
            return None if _ABOUT & set(before) else (kind, before, is_certain)
    if len(words) == 1 and words[0].endswith(_ENDINGS):
        ending = next(ending for ending in _ENDINGS if words[0].endswith(ending))
        return _CERTAIN_PHRASES[(ending,)], (words[0].removesuffix(ending),), True
    return None


def _last_phrase(
    words: tuple[str, ...], phrases: dict[tuple[str, ...], str]
) -> tuple[str, tuple[str, ...]] | None:
    """The kind of the longest phrase at the end, with only qualifiers behind it; and what is before it."""
    for end in range(len(words), 0, -1):
        for start in range(max(end - _LONGEST, 0), end):
            kind = phrases.get(words[start:end])
            if kind is not None:
                return kind, words[:start]
        if words[end - 1] not in _QUALIFIERS and not words[end - 1].isdigit():
            return None
    return None


def _owner(words: Sequence[str]) -> str:
    """What the words are about: "person", "place", "thing", "record" or ""; the last that says so counts."""
    for word in reversed(words):
        single = singular_word(word)
        if single in _PEOPLE:
            return "person"
        if single in _PLACES:
            return "place"
        if single in _THINGS:
            return "thing"
        if single in _RECORDS:
            return "record"
    return ""


@lru_cache(maxsize=4096)
def _owner_of_table(table: str) -> str:
    return _owner(words_of(table))


@lru_cache(maxsize=4096)
def _has_people(siblings: tuple[str, ...]) -> bool:
    certain = ("name", "birth_date", "gender", "email", "national_id")
    found = (_phrase(words_of(name)) for name in siblings)
    return any(
        hit is not None and hit[2] and hit[0] in certain and _owner(hit[1]) not in ("place", "thing")
        for hit in found
    )


@lru_cache(maxsize=4096)
def _has_street(siblings: tuple[str, ...]) -> bool:
    found = (_phrase(words_of(name)) for name in siblings)
    return any(
        hit is not None and hit[2] and hit[0] == "address" and _owner(hit[1]) in ("", "person")
        for hit in found
    )
