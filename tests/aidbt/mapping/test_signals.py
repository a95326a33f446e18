"""Every matching signal: what each must do, then what each says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match_tasks import columns, decided, embed, profiled, said, says, schemas, table

from aidbt.core.schema import Column, ColumnProfile
from aidbt.mapping.sides import TableSide
from aidbt.mapping.signals import SIGNALS, Pairs, SchemaPair
from aidbt.mapping.signals.type import BLOCKED, carries_over

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

MEGABYTES = "lorem ipsum " * 300_000


def one_table(source, target, **known) -> SchemaPair:
    """One table without values on each side."""
    return schemas([table(*source)], [table(*target)], **known)


def holding(source: list[str], target: list[str], *, types: tuple[str, str] = ("", "")) -> SchemaPair:
    """A column `a` with some values beside a column `b` with others."""
    return schemas(
        [table(("a", types[0]), values={"a": tuple(source)})],
        [table(("b", types[1]), values={"b": tuple(target)})],
    )


def profile_of(data_type: str, **figures) -> TableSide:
    """A table with one column `a` that was profiled, not sampled."""
    figures = {"null_rate": 0.0, "distinct_count": 50, **figures}
    return table(("a", data_type), profile=profiled(ColumnProfile("a", data_type, **figures)))


ODD_TASKS = {
    "nothing": schemas([], []),
    "no source": schemas([], [table("a")]),
    "no target": schemas([table("a")], []),
    "tables without columns": schemas([table(), table("a", "b"), table()], [table(), table("b")]),
    "one each": one_table(["a"], ["a"]),
    "names all alike": one_table(["value"] * 4, ["value"] * 5),
    "500 characters": one_table(["x" * 500, "word_" * 100], ["x" * 499 + "y", "y" * 500]),
    "not Latin": one_table(["größe", "名前", "имя_id", "العمر", "हिन्दी", "İstan"], ["size", "名前", "имя"]),
    "no names": one_table(["", "%%", "_", "1"], ["", "##", " "]),
    "two targets of one name": one_table(["email"], [("email", "varchar"), ("email", "integer")]),
    "types unknown": one_table([("a", "STRUCT(x INT)"), "b"], [("a", "GEOMETRY"), ("b", "date")]),
    "all null": schemas(
        [profile_of("VARCHAR", null_rate=1.0, distinct_count=0)],
        [profile_of("DOUBLE", null_rate=1.0, distinct_count=0)],
    ),
    "no rows": schemas(
        [table("a", profile=profiled(ColumnProfile("a", "INTEGER", 0.0, 0), rows=0))], [table("a")]
    ),
    "infinite": schemas(
        [profile_of("DOUBLE", quantiles=(-math.inf, 0, 1, 2, math.inf))],
        [
            profile_of("DOUBLE", quantiles=(-math.inf,) * 5),
            profile_of("DOUBLE", quantiles=(-1e308, 0, 1, 2, 1.7e308)),
        ],
    ),
    "blank values": holding(["", "  ", "\n"], ["-", "--", "?"]),
    "huge values": holding([MEGABYTES, "[" * 3_000_000], [MEGABYTES, "short"], types=("VARCHAR", "varchar")),
    "one value": holding(["x"] * 500, ["x"]),
    "everything ruled out": one_table(["a"], ["a"], never=frozenset({("t", "a", "t", "a")})),
    "everything known": schemas(
        [
            table(("cust_nm", "VARCHAR"), ("qty", "INTEGER"), name="orders", source_name="crm",
                  values={"cust_nm": ("Ann", "Bob"), "qty": ("1", "2", "30")}),
            table(Column("id", "INTEGER", description="Key of the customer"), name="customers"),
        ],
        [
            table(Column("customer_name", "varchar", description="Name of who ordered"),
                  Column("quantity", "integer", synonyms=("amount", "")), name="order",
                  values={"customer_name": ("Ann", "Cid"), "quantity": ("2", "40")}),
            table(Column("customer_id", "integer", constraints=("primary_key",)), name="customer"),
        ],
        history=decided(("cust_nm", "customer_name")),
    ),
}  # fmt: skip


def both_ways(pair: SchemaPair) -> list[SchemaPair]:
    """The task without a model of meaning, and with one."""
    with_meaning = SchemaPair(pair.source, pair.target, embed, pair.history, pair.never)
    return [pair, with_meaning]


# --- what every signal must do ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIGNALS.names())
@pytest.mark.parametrize("case", ODD_TASKS)
def test_a_signal_says_numbers_between_0_and_1_and_where_it_has_evidence(name, case):
    for pair in both_ways(ODD_TASKS[case]):
        found = says(name, pair)

        assert found.scores.keys() == found.masks.keys()
        for measure, scores in found.scores.items():
            assert scores.shape == found.masks[measure].shape == (len(pair.every_pair),)
            assert found.masks[measure].dtype == bool
            assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("name", SIGNALS.names())
def test_a_signal_has_the_same_measures_in_every_task(name):
    measures = {tuple(says(name, pair).scores) for odd in ODD_TASKS.values() for pair in both_ways(odd)}

    assert len(measures) == 1


@pytest.mark.parametrize("name", SIGNALS.names())
def test_a_signal_says_the_same_every_time(name):
    for pair in both_ways(ODD_TASKS["everything known"]):
        again = SchemaPair(pair.source, pair.target, pair.embed, pair.history)
        first, second = says(name, pair), says(name, again)

        for measure in first.scores:
            assert np.array_equal(first.scores[measure], second.scores[measure])
            assert np.array_equal(first.masks[measure], second.masks[measure])


@pytest.mark.parametrize("name", SIGNALS.names())
@pytest.mark.parametrize("case", ["everything known", "not Latin", "500 characters", "infinite"])
def test_what_a_signal_says_of_a_pair_does_not_depend_on_which_other_pairs_are_looked_at(name, case):
    for pair in both_ways(ODD_TASKS[case]):
        everything, every = says(name, pair), pair.every_pair
        for k in range(len(every)):
            alone = SIGNALS.load(name)(pair, Pairs(every.source[k : k + 1], every.target[k : k + 1]))
            for measure, scores in everything.scores.items():
                assert alone.masks[measure][0] == everything.masks[measure][k]
                if alone.masks[measure][0]:
                    assert alone.scores[measure][0] == pytest.approx(scores[k], abs=1e-6)


NAMES = st.lists(st.text(max_size=40), max_size=5)


@settings(max_examples=40, deadline=None)
@given(source=NAMES, target=NAMES)
def test_any_text_may_be_a_name(source, target):
    for pair in both_ways(one_table(source, target)):
        for name in SIGNALS.names():
            found = says(name, pair)
            assert all(np.isfinite(scores).all() for scores in found.scores.values())


VALUES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.floats().map(str),
        st.integers().map(str),
        st.dates().map(str),
        st.datetimes().map(str),
        st.text(alphabet="_-'a1. /:[{", max_size=300),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(source=VALUES, target=VALUES)
def test_any_text_may_be_a_value(source, target):
    pair = holding(source, target, types=("VARCHAR", "varchar"))

    for name in ("type", "statistics", "values"):
        found = says(name, pair)
        assert all(np.isfinite(scores).all() for scores in found.scores.values())


# --- names --------------------------------------------------------------------------------------------


def words_alike(source: list[str], target: list[str], **known) -> np.ndarray:
    return said("name", "words", one_table(source, target, **known))


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("cust_email", "email", "id"),
        ("tailnum", "tail_number", "flight_number"),
        ("dep_delay", "departure_delay_minutes", "arrival_delay_minutes"),
        ("dep_delay", "departure_delay_minutes", "departure_time"),
        ("qty", "quantity", "quality"),
        ("customerID", "customer_id", "customer_name"),
        ("dob", "date_of_birth", "order_date"),
        ("dob", "birth_date", "order_date"),
        ("amt", "amount", "account"),
        ("lat", "latitude", "lateness_flag"),
        ("custaddrline1", "customer_address_line_1", "customer_address_line_2"),
        ("custaddrline1", "customer_address_line_1", "customer_name"),
        ("prdctn_strt", "production_start", "product_street"),
        ("zip", "postal_code", "city"),
        ("uom", "unit_of_measure", "unit_price"),
        ("kunde_plz", "customer_postal_code", "customer_name"),
        ("strasse", "street", "state"),
    ],
)
def test_the_right_name_has_more_words_in_common(source, right, wrong):
    alike = words_alike([source], [right, wrong])

    assert alike[0, 0] > alike[0, 1]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("firstName", "first_name"),
        ("FIRST_NAME", "first name"),
        ("Größe", "grosse"),
        ("x%", "x"),
    ],
)
def test_the_same_letters_are_the_same_name_whatever_their_style(source, target):
    assert said("name", "same", one_table([source], [target]))[0, 0] == 1


@pytest.mark.parametrize(("source", "target"), [("%", "%"), ("名前", "名前"), ("имя", "ИМЯ")])
def test_a_name_without_latin_letters_is_the_same_as_itself(source, target):
    assert said("name", "same", one_table([source], [target]))[0, 0] == 1


def test_names_without_any_word_are_alike_only_when_they_are_equal():
    pair = one_table(["%%", ""], ["##", ""])

    for signal, measure in (
        ("name", "same"),
        ("name", "words"),
        ("letters", "letters"),
        ("letters", "spelled"),
    ):
        assert not said(signal, measure, pair).any()


def test_a_synonym_without_letters_makes_nothing_the_same():
    synonymous = Column("discount", synonyms=("", "%"))

    same = said("name", "same", one_table(["", "#", "%"], [synonymous]))

    assert same[:, 0].tolist() == [0, 0, 1]


def test_long_names_that_differ_at_their_end_are_not_the_same():
    asked = "how satisfied are you with the following aspects of the service in our shop: "
    questions = [asked + "price", asked + "quality"]

    same = said("name", "same", one_table(questions, questions))

    assert np.array_equal(same, np.eye(2))
    assert said("name", "same", one_table(["x" * 500], ["x" * 499 + "y"]))[0, 0] == 0


def test_the_words_of_the_own_table_may_be_left_out():
    pair = schemas([table("id", "name", name="customers")], [table("customer_id", name="customer")])

    same = said("name", "same", pair)

    assert same[:, 0].tolist() == [pytest.approx(0.9), 0]


def test_id_is_the_key_of_its_own_table_and_of_no_other():
    pair = schemas([table("id", name="orders")], [table("order_id", "customer_id", name="orders")])

    assert said("name", "same", pair)[0].tolist() == [pytest.approx(0.9), 0]


def test_a_prefix_that_every_column_has_says_little():
    names = ["cust_name", "cust_mail", "cust_zip", "cust_city"]

    alike = words_alike(names, ["customer_name", "customer_postal_code"])

    assert alike[0, 0] > alike[1, 0] + 0.3


def test_digits_tell_columns_apart():
    alike = words_alike(["addr1", "addr2"], ["address_line_1", "address_line_2"])

    assert alike[0, 0] > alike[0, 1]
    assert alike[1, 1] > alike[1, 0]


def test_a_synonym_of_the_target_counts_as_its_name():
    pair = one_table(["plate"], [Column("registration", synonyms=("plate",)), "registration_date"])

    assert said("name", "same", pair)[0].tolist() == [1, 0]
    assert said("name", "words", pair)[0, 0] == pytest.approx(1)


def test_words_that_people_spelled_out_elsewhere_are_known_here():
    target = ["grommet_count", "gasket_count"]
    history = decided(("gmt_color", "grommet_color"), tables=["parts"])

    before = words_alike(["gmt_count"], ["xylophone_count", *target])
    after = words_alike(["gmt_count"], ["xylophone_count", *target], history=history)

    assert after[0, 1] == pytest.approx(1)
    assert after[0, 1] > before[0, 1]


def test_rare_letters_count_more_than_those_of_every_name():
    names = ["record_value_kilo", "record_value_mega", "record_value_giga"]

    alike = said("letters", "letters", one_table(["kilo"], names))

    assert alike[0].argmax() == 0
    assert alike[0, 1:].max() < 0.2


@pytest.mark.parametrize(("source", "target"), [("cusno", "customer_number"), ("prtwgt", "part_weight")])
def test_short_forms_that_run_together_are_split_where_the_other_side_has_all_their_words(source, target):
    found = said("name", "words", one_table([source], [target, "created_at"]))

    assert found[0, 0] > 0.8
    assert found[0, 1] == 0


def test_words_that_run_together_are_split_by_those_of_a_declared_synonym_too():
    wanted = Column("aircraft_registration", synonyms=("tail_number",))

    assert said("name", "words", schemas([table("tailnum")], [table(wanted)]))[0, 0] > 0.9


def test_a_word_is_not_split_into_short_forms_of_words_that_nobody_has():
    assert said("name", "words", one_table(["cusno"], ["weight", "created_at"])).max() == 0


def test_a_spelled_out_acronym_has_the_letters_of_its_words():
    pair = one_table(["dob"], ["date_of_birth", "dobbin"])

    assert said("letters", "spelled", pair)[0, 0] > 0.9
    assert said("letters", "letters", pair)[0, 0] < 0.3


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("kvgr", "kunden_vertrags_grunddaten", "vertrag_nummer"),
        ("mtrlnr", "material_nummer", "monitor_liste"),
        ("fstnm", "first_name", "fastener"),
        ("prgdt", "program_date", "paragraph_digit"),
    ],
)
def test_a_short_form_takes_its_letters_from_where_words_begin(source, right, wrong):
    shortened = said("abbreviation", "shortened", one_table([source], [right, wrong]))

    assert shortened[0, 0] > shortened[0, 1]


def test_letters_in_another_order_are_no_abbreviation():
    shortened = said("abbreviation", "shortened", one_table(["arr", "rra"], ["arrival"]))

    assert shortened[0, 0] > 0.8
    assert shortened[1, 0] < 0.6


def test_letters_beside_others_than_latin_ones_are_found_too():
    shortened = said("abbreviation", "shortened", one_table(["名前_cdpr", "cdpr"], ["code_product", "unit"]))

    assert shortened[0, 0] == shortened[1, 0] > 0.8
    assert shortened[0, 1] == 0


def test_letters_beside_others_are_found_whatever_other_names_there_are():
    alone = said("abbreviation", "shortened", one_table(["名前_cdpr"], ["code_product"]))
    beside = said("abbreviation", "shortened", one_table(["名前_cdpr", "cdprdct"], ["code_product"]))

    assert beside[0, 0] == alone[0, 0]


# --- meaning ------------------------------------------------------------------------------------------


def test_without_a_model_meaning_abstains():
    found = says("meaning", one_table(["flurble"], ["grommet"]))

    assert not any(mask.any() for mask in found.masks.values())


def test_a_model_knows_what_no_letter_tells():
    pair = one_table(["flurble"], ["grommet", "gasket"], embed=embed)

    assert said("meaning", "meaning", pair)[0, 0] == pytest.approx(1)
    assert said("meaning", "meaning_near", pair)[0].argmax() == 0
    assert said("name", "words", pair)[0, 0] == 0


def test_a_model_is_asked_about_short_forms_as_what_they_stand_for():
    asked: list[str] = []

    def noted(texts):
        asked.extend(texts)
        return embed(texts)

    said("meaning", "meaning", one_table(["cust_blnc", "stat_xqz"], ["statistic", "flurble"], embed=noted))

    assert {"customer balance", "statistic xqz"} <= set(asked)
    assert not {"cust blnc", "stat xqz"} & set(asked)


def test_a_wide_task_compares_long_texts_where_names_are_nearest():
    wide = [Column(f"c{n}", description="a gasket") for n in range(1400)]
    targets = [Column("grommet", description="holds it"), *wide]

    described = said("meaning", "meaning_described", one_table(["flurble"], targets, embed=embed))

    assert described[0, 0] > 0
    assert np.isfinite(described).sum() == 1299


def test_wide_sources_of_a_wide_task_compare_no_long_texts():
    targets = [Column(f"c{n}", description="a gasket") for n in range(700)]

    found = said(
        "meaning", "meaning_described", one_table([f"d{n}" for n in range(700)], targets, embed=embed)
    )

    assert np.isnan(found).all()


def test_the_meaning_of_a_description_counts_only_where_there_is_one():
    pair = one_table(["flurble"], [Column("c1", description="grommet"), "c2"], embed=embed)

    described = said("meaning", "meaning_described", pair)

    assert described[0, 0] > 0
    assert np.isnan(described[0, 1])


def test_the_meaning_of_tables_counts_only_where_there_are_several():
    one = one_table(["flurble"], ["grommet"], embed=embed)
    several = schemas(
        [table("a", name="flurble")], [table("b", name="grommet"), table("b", name="gasket")], embed=embed
    )

    assert np.isnan(said("meaning", "table_meaning", one)).all()
    assert said("meaning", "table_meaning", several)[0].argmax() == 0


# --- descriptions -------------------------------------------------------------------------------------


def test_a_description_that_has_the_words_of_the_name_speaks_for_it():
    target = columns(Column("delay", description="Minutes of lateness at departure"), Column("note"))

    described = said("description", "described", one_table(["departure_lateness", "color"], target))

    assert described[0, 0] > 0.9
    assert described[1, 0] == 0
    assert np.isnan(described[:, 1]).all()


def test_comments_on_both_sides_are_compared_by_their_rare_words():
    source = [Column("a", description="Gross weight of the parcel in grams")]
    target = [
        Column("x", description="The weight in grams of the whole parcel"),
        Column("y", description="The name of the sender"),
    ]

    alike = said("description", "descriptions", one_table(source, target))

    assert alike[0, 0] > 0.5
    assert alike[0, 1] == 0


# --- types --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "at_least", "below"),
    [
        ("integer", "integer", 1, 1.1),
        ("integer", "number", 0.9, 1),
        ("integer", "timestamp", 0, 0.5),
        ("timestamp", "date", 0.5, 1),
        ("boolean", "date", 0, 0.1),
    ],
)
def test_types_carry_over_as_far_as_a_plain_cast_keeps_the_value(source, target, at_least, below):
    assert at_least <= carries_over(source, target, None) < below


@pytest.mark.parametrize(
    ("source", "target", "score"),
    [
        ("BIGINT", "integer", 1),
        ("INTEGER", "decimal(10,2)", 0.95),
        ("TIMESTAMP", "date", 0.6),
        ("BOOLEAN", "date", 0),
        ("VARCHAR", "date", 0.4),
    ],
)
def test_a_pair_of_types_says_how_well_values_carry_over(source, target, score):
    pair = one_table([("a", source)], [("b", target)])

    assert said("type", "type", pair)[0, 0] == pytest.approx(score)


def test_text_counts_as_what_it_is_seen_to_hold():
    dates = ColumnProfile("d", "VARCHAR", 0, 50, formats={"date": 1.0})
    pair = holding(["2024-01-31", "2023-12-01"], [], types=("VARCHAR", "date"))
    numbers = holding(["2024-01-31", "2023-12-01"], [], types=("VARCHAR", "integer"))

    assert carries_over("text", "date", dates) > 0.8
    assert carries_over("text", "integer", dates) == 0
    assert said("type", "type", pair)[0, 0] > 0.8
    assert said("type", "type", numbers)[0, 0] == pytest.approx(BLOCKED)


def test_an_unknown_type_is_no_evidence():
    unknown = one_table(["a", ("b", "STRUCT(x INT)")], [("a", "integer"), ("b", "GEOMETRY")])

    assert np.isnan(said("type", "type", unknown)).all()


# --- values -------------------------------------------------------------------------------------------


def test_without_values_and_without_a_profile_statistics_and_values_abstain():
    for signal in ("statistics", "values"):
        found = says(signal, one_table(["a"], ["a"]))
        assert not any(mask.any() for mask in found.masks.values())


def test_values_written_alike_speak_for_a_pair():
    mails = ["a@example.com", "b@example.org"]

    alike = said("statistics", "shapes", holding(mails, ["c@example.net"]))
    other = said("statistics", "shapes", holding(mails, ["2024-01-01"]))

    assert alike[0, 0] == pytest.approx(1)
    assert other[0, 0] == 0


def test_distributions_of_numbers_that_lie_apart_share_nothing():
    years, ages = [str(n) for n in range(1990, 2020)], [str(n) for n in range(20, 50)]

    assert said("statistics", "range", holding(ages, ages[5:]))[0, 0] > 0.8
    assert said("statistics", "range", holding(ages, years))[0, 0] < 0.1
    assert np.isnan(said("statistics", "range", holding(ages, ["x", "y"]))[0, 0])


def test_dates_written_as_text_have_a_distribution():
    source = [f"2024-01-{n:02}" for n in range(1, 28)]

    near = said("statistics", "range", holding(source, [f"2024-01-{n:02}" for n in range(3, 30)]))
    far = said("statistics", "range", holding(source, [f"1960-01-{n:02}" for n in range(3, 30)]))

    assert near[0, 0] > 0.8
    assert far[0, 0] < 0.1


def test_a_profile_says_what_a_sample_would():
    source = profile_of("VARCHAR", formats={"date": 1.0}, mean_length=10.0)
    dates, words = table(("d", "date"), values={"d": ("2024-01-01",)}), table("w", values={"w": ("red",)})

    shapes = said("statistics", "shapes", schemas([source], [dates, words]))

    assert shapes[0].tolist() == [1, 0]


def test_the_kind_of_personal_data_of_a_profile_tells_a_target_by_its_name():
    held = profiled(
        ColumnProfile("f7", "VARCHAR", 0.0, 90, pii="email"), ColumnProfile("f8", "VARCHAR", 0.0, 90)
    )
    source = table(("f7", "VARCHAR"), ("f8", "VARCHAR"), profile=held)

    found = said("statistics", "personal", schemas([source], [table("email_address", "phone", "note")]))

    assert found[0].tolist() == [1, 0, 0]
    assert np.isnan(found[1]).all()


def test_the_kind_of_personal_data_is_seen_in_a_sample_too():
    source = table("f7", values={"f7": tuple(f"ann{n}@example.com" for n in range(20))})

    found = said("statistics", "personal", schemas([source], [table("email", "note")]))

    assert found[0].tolist() == [1, 0]


def test_a_column_with_nulls_does_not_fit_a_key():
    held = profiled(
        ColumnProfile("full", "INTEGER", 0, 100, is_unique=True), ColumnProfile("holes", "INTEGER", 0.4, 60)
    )
    key = Column("id", constraints=("primary_key",))

    kept = said(
        "statistics", "constraints", schemas([table("full", "holes", profile=held)], [table(key, "note")])
    )

    assert kept[0, 0] == 1
    assert kept[1, 0] < 0.5
    assert np.isnan(kept[:, 1]).all()


def test_values_in_common_are_a_share_of_the_smaller_set():
    colors = ["red", "green", "blue"]

    assert said("values", "values", holding(colors, colors))[0, 0] == pytest.approx(1)
    assert said("values", "values", holding(colors, [*colors, "black"]))[0, 0] > 0.8
    assert said("values", "values", holding(colors, ["pink", "white"]))[0, 0] == 0
    assert np.isnan(said("values", "values", holding(colors, []))[0, 0])


@pytest.mark.parametrize("there", [["true", "false"], ["1", "0"], ["T", "F"], ["Yes", "No"]])
def test_yes_and_no_are_true_and_false(there):
    assert said("values", "values", holding(["Y", "N"], there))[0, 0] == pytest.approx(1)


def test_codes_are_the_initials_of_labels():
    pair = holding(["S", "M", "D"], ["Single", "Married", "Divorced"])
    wrong = holding(["S", "M", "D"], ["Open", "Closed", "Waiting"])

    assert said("values", "codes", pair)[0, 0] == pytest.approx(1)
    assert said("values", "codes", wrong)[0, 0] == 0
    assert np.isnan(said("values", "codes", holding(["Open"] * 2, ["Open"]))[0, 0])


def test_values_that_a_target_declares_count_as_its_values():
    target = table(Column("state", values=("open", "closed")), "note")
    source = table("a", values={"a": ("open", "closed", "open")})

    shared = said("values", "values", schemas([source], [target]))

    assert shared[0, 0] == pytest.approx(1)
    assert np.isnan(shared[0, 1])


# --- context and history ------------------------------------------------------------------------------


def test_the_names_of_tables_count_where_there_are_several():
    pair = schemas([table("a", name="orders")], [table("a", name="order"), table("a", name="weather")])

    alike = said("context", "table", pair)

    assert alike[0, 0] > 0.9
    assert alike[0, 1] < 0.2
    assert np.isnan(said("context", "table", one_table(["a"], ["a"]))).all()


def test_a_key_that_many_tables_have_is_like_one_that_many_tables_have():
    sides = [[table("key", f"c{n}", name=f"{side}{n}") for n in range(4)] for side in "ab"]

    spread = said("context", "spread", schemas(*sides))

    assert spread[0, 0] == 1
    assert spread[0, 1] == 0


def test_what_people_decided_about_other_tables_tells_a_match():
    source = [table("cdt", "note", source_name="crm")]
    pair = schemas(source, [table("created_at", "closed_at")], history=decided(("cdt", "closed_at")))

    found = said("history", "history", pair)

    assert found[0].tolist() == [0, 1]
    assert np.isnan(found[1]).all()


def test_a_decision_that_only_one_table_made_tells_nothing():
    history = decided(("cdt", "closed_at"), tables=["deals"])
    pair = schemas([table("cdt", source_name="crm")], [table("closed_at")], history=history)

    assert np.isnan(said("history", "history", pair)).all()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("billing_city", "shipping_city"),
        ("crt_dt", "updated_date"),
        ("min_price", "max_price"),
        ("last_name", "full_name"),
    ],
)
def test_words_that_exclude_each_other_speak_against_a_pair(source, target):
    assert said("name", "opposed", one_table([source], [target]))[0, 0] == 1


@pytest.mark.parametrize(
    ("source", "target"), [("start_to_end", "end_to_start"), ("billing_city", "city"), ("name", "name")]
)
def test_a_word_that_both_names_have_excludes_nothing(source, target):
    assert np.isnan(said("name", "opposed", one_table([source], [target]))[0, 0])


def test_a_synonym_of_several_words_is_found():
    found = said("name", "words", one_table(["surname"], ["last_name", "first_name"]))

    assert found[0, 0] > 0.9
    assert found[0, 1] < 0.6
