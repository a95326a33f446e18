"""The dictionary of short forms and the thesaurus: what they answer, and that every shipped line is sound."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import AidbtError
from aidbt.core.lexicon import (
    LOOSE,
    STRICT,
    SynonymGroup,
    expansions,
    groups_of,
    is_word,
    read_abbreviations,
    read_synonyms,
    related,
)
from aidbt.core.words import singular
from aidbt.project.conventions import snake_case


def shipped(name: str) -> str:
    return files("aidbt.core.lexicon").joinpath(name).read_text(encoding="utf-8")


ABBREVIATIONS = read_abbreviations(shipped("abbreviations.txt"), "abbreviations.txt")
GROUPS = read_synonyms(shipped("synonyms.txt"), "synonyms.txt")
PHRASES = sorted({phrase for group in GROUPS for phrase in group.phrases})


# --- what is asked of them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "likeliest"),
    [
        ("amt", "amount"),
        ("cd", "code"),
        ("no", "number"),
        ("dob", "date of birth"),
        ("uom", "unit of measure"),
        ("fk", "foreign key"),
        ("sbp", "systolic blood pressure"),
        ("hr", "hour"),
        ("kd", "customer"),
        ("bez", "description"),
        ("tva", "value added tax"),
        ("fec", "date"),
    ],
)
def test_a_short_form_stands_first_for_its_likeliest_meaning(short: str, likeliest: str):
    assert " ".join(expansions(short)[0]) == likeliest


def test_a_short_form_with_several_meanings_offers_them_all():
    assert ("heart", "rate") in expansions("hr")
    assert ("human", "resource") in expansions("hr")


def test_a_short_form_that_ends_in_s_is_found_by_its_singular_too():
    assert expansions(singular("cogs")) == expansions("cogs") == (("cost", "of", "good", "sold"),)


def test_case_and_number_do_not_matter():
    assert expansions("QTYS") == expansions("qty") == (("quantity",),)
    assert related("ZIP Codes", "postal code") == STRICT
    assert groups_of("Surnames") == groups_of("surname") != ()


@pytest.mark.parametrize("word", ["quantity", "Longitudes", "phone", "zip"])
def test_a_word_is_one_that_is_written_out(word: str):
    assert is_word(word)


@pytest.mark.parametrize("short", ["qty", "lon", "num", "dept", "id", "flurble"])
def test_a_short_form_is_no_word_even_where_the_thesaurus_names_it(short: str):
    assert not is_word(short)


@pytest.mark.parametrize("word", ["", "größe", "名前", "qtx", "x" * 500])
def test_an_unknown_word_has_no_expansion_and_no_group(word: str):
    assert expansions(word) == ()
    assert groups_of(word) == ()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("sex", "gender", STRICT),
        ("surname", "family name", STRICT),
        ("zip", "postal code", STRICT),
        ("client", "customer", STRICT),
        ("vendor", "supplier", STRICT),
        ("bill", "invoice", STRICT),
        ("created", "inserted", STRICT),
        ("anything", "anything", STRICT),
        ("amount", "total", LOOSE),
        ("city", "town", LOOSE),
        ("start", "effective", LOOSE),
        ("id", "key", LOOSE),
        ("start", "end", 0.0),
        ("client", "vendor", 0.0),
        ("city", "zip", 0.0),
        ("first name", "last name", 0.0),
        ("nobody's word", "sex", 0.0),
    ],
)
def test_two_phrases_are_as_related_as_the_group_they_share(a: str, b: str, expected: float):
    assert related(a, b) == related(b, a) == expected


def test_a_pair_in_a_strict_and_a_loose_group_is_related_strictly():
    assert {group.strength for group in groups_of("begin") if "start" in group.phrases} == {STRICT, LOOSE}
    assert related("begin", "start") == STRICT


@given(st.sampled_from(PHRASES), st.sampled_from(PHRASES))
def test_phrases_are_related_just_when_they_share_a_group(a: str, b: str):
    shared = [group.strength for group in groups_of(a) if b in group.phrases]

    assert related(a, b) == related(b, a) == (STRICT if a == b else max(shared, default=0.0))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_may_be_asked_about(a: str, b: str):
    assert all(expansions(a))
    assert 0 <= related(a, b) <= related(a, a) == 1


# --- what the shipped files hold ----------------------------------------------------------------------


def test_every_field_is_covered():
    assert len(ABBREVIATIONS) >= 1_000
    assert len(GROUPS) >= 400
    assert {group.strength for group in GROUPS} == {STRICT, LOOSE}


def test_every_word_is_in_the_form_that_the_words_of_column_names_have():
    words = [word for meanings in ABBREVIATIONS.values() for words in meanings for word in words]
    words += [word for phrase in PHRASES for word in phrase.split()]

    assert [word for word in words if singular(word) != word] == []
    assert [short for short in ABBREVIATIONS if snake_case(f"x_{short}") != f"x_{short}"] == []


def test_no_line_is_spent_on_the_long_beginning_of_one_word():
    told_by_their_letters = [
        short
        for short, meanings in ABBREVIATIONS.items()
        if len(short) >= 5 and len(meanings) == 1 and " ".join(meanings[0]).startswith(short)
    ]

    assert told_by_their_letters == []


def test_a_plural_short_form_hides_no_other_word():
    plurals = [
        short for short in ABBREVIATIONS if singular(short) not in ABBREVIATIONS and singular(short) != short
    ]

    assert [singular(short) for short in plurals if singular(short) in " ".join(PHRASES).split()] == []


def test_no_group_repeats_a_part_of_one_that_is_as_strong():
    repeated = [
        group
        for group in GROUPS
        for other in GROUPS
        if group is not other
        and group.strength <= other.strength
        and set(group.phrases) <= set(other.phrases)
    ]

    assert repeated == []


# --- how a file is read -------------------------------------------------------------------------------


def test_comments_and_blank_lines_say_nothing_and_order_is_kept():
    text = "# a section\n\n  hr: hours | heart rate\n# another\nqty: quantity\n"

    assert read_abbreviations(text, "a.txt") == {
        "hr": (("hour",), ("heart", "rate")),
        "qty": (("quantity",),),
    }


def test_a_tilde_makes_a_group_loose():
    text = "sex | gender\n~ cities | town\n"

    assert read_synonyms(text, "s.txt") == (
        SynonymGroup(("sex", "gender"), STRICT),
        SynonymGroup(("city", "town"), LOOSE),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("amt amount", "'amt amount' is no short form with its expansions"),
        (": amount", "': amount' is no short form with its expansions"),
        ("Amt: amount", "'Amt: amount' is no short form with its expansions"),
        ("a mt: amount", "'a mt: amount' is no short form with its expansions"),
        ("amt:", "'' is no phrase of unaccented words"),
        ("amt: amount |", "'' is no phrase of unaccented words"),
        ("amt: Amount", "'Amount' is no phrase of unaccented words"),
        ("gr: größe", "'größe' is no phrase of unaccented words"),
        ("amt: unit  price", "'unit  price' is no phrase of unaccented words"),
        ("amt: amount | amounts", "'amount' stands there twice"),
        ("amt: amount | amt", "'amt' stands for itself"),
        ("a: b | c | d | e | f", "'a' has 5 expansions, more than 4"),
        ("qty: quality", "'qty' has a line already"),
    ],
)
def test_a_malformed_abbreviation_is_named_with_its_file_and_line(line: str, message: str):
    with pytest.raises(AidbtError) as caught:
        read_abbreviations(f"# section\nqty: quantity\n{line}\n", "house.txt")

    assert caught.value.message == f"house.txt:3: {message}"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("gender", "'gender' is a group of one"),
        ("~ gender", "'~ gender' is a group of one"),
        ("~", "'' is no phrase of unaccented words"),
        ("gender | ", "'' is no phrase of unaccented words"),
        ("gender | ~ sex", "'~ sex' is no phrase of unaccented words"),
        ("town | towns", "'town' stands there twice"),
        ("~ town | city", "'~ town | city' is a group already"),
    ],
)
def test_a_malformed_group_is_named_with_its_file_and_line(line: str, message: str):
    with pytest.raises(AidbtError) as caught:
        read_synonyms(f"city | town\n\n{line}\n", "house.txt")

    assert caught.value.message == f"house.txt:3: {message}"
    assert caught.value.hint
