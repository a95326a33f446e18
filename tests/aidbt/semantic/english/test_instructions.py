"""Instructions that come with a question: what they define, how texts match, what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import AidbtError
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.defined import glossed, with_instructions
from aidbt.semantic.english.instructions.formulas import Formula, Operation, formula_of
from aidbt.semantic.english.instructions.parsed import read_instructions, widest, without_advice
from aidbt.semantic.english.instructions.text_matching import TextMatching, matched
from aidbt.semantic.english.reading import read
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import AnyOf, Attribute, Matches, OneOf, Output, SemanticQuery, Value
from tests.aidbt.semantic.english.small_shop import CLOCK, connection, world

REVENUE = "Revenue = quantity * unit_price, summed over order items."


def rows(question: str, instructions: str) -> list[tuple[Any, ...]]:
    """The answer to a question with instructions."""
    graph, lexicon = world()
    words, matching = with_instructions(instructions, question, lexicon, graph)
    query = matched(read(question, graph, words, CLOCK).query, matching, lexicon.values)
    return connection().execute(plan(query, graph).sql("duckdb", identify=True)).fetchall()


# --- what instructions say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "body"),
    [
        ("AOV = total revenue / number of orders", ["aov"], "total revenue / number of orders"),
        ("AOV (average order value) = a / b", ["aov", "average order value"], "a / b"),
        ("A serious event has ser_flg = 'Y'.", ["serious", "serious event"], "ser_flg = 'Y'"),
        ("An order is late when it shipped after due", ["late", "late order"], "shipped after due"),
        ("Randomized means that rand_dt is not null.", ["randomized"], "rand_dt is not null"),
        ("pi_nm is the name of the investigator", ["pi_nm"], "name of the investigator"),
        ("To calculate the Net Margin (NM), subtract costs", ["nm", "net margin"], "subtract costs"),
    ],
)
def test_a_definition_has_its_names_and_a_body(text: str, names: list[str], body: str) -> None:
    (found,) = read_instructions(text).definitions

    assert [" ".join(name) for name in found.names] == names
    assert found.bodies[-1] == body


def test_codes_are_defined_one_by_one() -> None:
    found = read_instructions("sex is coded F for female and M for male.").definitions

    assert {d.names[0]: d.bodies[0] for d in found} == {("female",): "sex = 'F'", ("male",): "sex = 'M'"}


def test_definitions_are_told_apart_where_nothing_ends_them() -> None:
    text = "TAC = Total Active Customers MoM = change over a month To get the total, join a and b. CR = rank"

    found = read_instructions(text).definitions

    assert [d.names[0] for d in found if not d.is_procedure] == [("tac",), ("mom",), ("cr",)]
    assert found[1].bodies == ("change over a month",)


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("Always filter names using ILIKE with percent sign wildcards", "contains"),
        ("Match all strings case-insensitively using wildcard operators", "contains"),
        ("Filter strings with case-insensitive matching", "folded"),
        ("Always filter names using an exact match", ""),
        ("Always join orders with customers first.", ""),
        ("", ""),
    ],
)
def test_advice_on_matching_sets_how_texts_are_compared(text: str, matching: str) -> None:
    assert widest(how for how, _ in read_instructions(text).general) == matching


def test_texts_are_compared_as_instructions_say() -> None:
    city = Attribute("customers", "city")
    query = SemanticQuery(
        (Output(city, "city"),), base="customers", where=OneOf(city, (Value("a"), Value("b")))
    )

    contains = AnyOf((Matches(city, "contains", "a"), Matches(city, "contains", "b")))
    assert matched(query, TextMatching("contains"), {}).where == contains
    folded = OneOf(city, (Value("a"), Value("b")), ignores_case=True)
    assert matched(query, TextMatching("folded"), {}).where == folded
    assert matched(query, TextMatching(), {}) is query


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    for definition in read_instructions(text).definitions:
        assert definition.names and definition.bodies


# --- formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("12 / 4 / 3", 1), ("10 - 4 - 3", 3),
     ("8 divided by 2 plus 1", 5),
     ("50%", 0.5), ("1 - (2 - 3)", 2)],
)  # fmt: skip
def test_formulas_group_as_in_school(text: str, value: float) -> None:
    assert _worked_out(formula_of(text)) == value


@pytest.mark.parametrize("text", ["", "a +", "(a", "a)", "* b", "a (b)", "()"])
def test_what_does_not_fit_is_no_formula(text: str) -> None:
    assert formula_of(text) is None


def test_a_sign_within_a_word_is_a_part_of_it() -> None:
    assert formula_of("give-away margin") == "give-away margin"
    assert formula_of("trade-in value - fee") == Operation("-", "trade-in value", "fee")


_FORMULAS: st.SearchStrategy[Formula] = st.recursive(
    st.sampled_from(["price", "unit price", 3, 0.5]),
    lambda inner: st.builds(Operation, st.sampled_from("+-*/"), inner, inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(_FORMULAS)
def test_a_formula_with_all_its_brackets_is_read_back(formula: Formula) -> None:
    assert formula_of(_written(formula)) == formula


def _written(formula: Formula) -> str:
    if isinstance(formula, Operation):
        return f"({_written(formula.left)} {formula.operator} {_written(formula.right)})"
    return str(formula)


def _worked_out(formula: Formula | None) -> float:
    if isinstance(formula, Operation):
        left, right = _worked_out(formula.left), _worked_out(formula.right)
        return {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1)}[
            formula.operator
        ]
    assert isinstance(formula, int | float)
    return formula


# --- questions with instructions ----------------------------------------------------------------------


def test_a_formula_of_columns_is_summed_over_its_rows() -> None:
    assert rows("what is the revenue", REVENUE) == [(163,)]


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("AOV = quantity * unit_price / number of orders", 163 / 7),
        ("AOV = (quantity * unit_price) / number of orders", 163 / 7),
        ("AOV = (freight * 2 + total freight) / number of orders", 139.5 / 7),
    ],
)
def test_products_beside_aggregates_are_worked_out_of_each_row(definition: str, value: float) -> None:
    (((found,)),) = rows("What is the AOV?", definition)

    assert round(float(found), 4) == round(value, 4)


def test_a_column_times_a_total_is_not_guessed() -> None:
    with pytest.raises(Refused):
        rows("What is the AOV?", "AOV = total quantity * unit_price / number of orders")


def test_a_definition_may_use_another() -> None:
    text = f"AOV (average order value) = revenue / number of orders. {REVENUE}"

    (((value,),), ((same,),)) = (rows("What is our AOV?", text), rows("average order value", text))

    assert round(value, 4) == round(same, 4) == round(163 / 7, 4)


def test_a_defined_number_is_grouped_as_any_other() -> None:
    found = {row[-2]: int(row[-1]) for row in rows("revenue by category", REVENUE)}

    assert found == {"Drinks": 64, "Snacks": 24, "Toys": 75}


@pytest.mark.parametrize(
    ("question", "instructions", "value"),
    [
        ("how many domestic customers are there", "A domestic customer has country = 'Portugal'.", 1),
        ("how many unsent orders are there", "Unsent means that shipped_on is null.", 3),
        ("how many late orders are there", "A late order has shipped_on > required_on.", 1),
        ("how many overdue orders are there", "Overdue means that shipped_on is after required_on.", 1),
        ("how many delays are there", "A delay is an order in which shipped_on is after required_on.", 1),
        ("how many orders got no van", "An order got no van when shipped_on is null.", 3),
        ("how many scarce products are there", "Scarce: stock is less than reorder_level.", 2),
        ("how many kept products are there", "A kept product has discontinued = 'false'.", 4),
        ("how many dispatched orders are there", "An order is dispatched when shipped_on is filled.", 4),
    ],
)
def test_a_defined_adjective_holds_of_its_rows(question: str, instructions: str, value: int) -> None:
    assert rows(question, instructions) == [(value,)]


def test_a_column_goes_by_what_instructions_call_it() -> None:
    assert rows("average refill point of products", "reorder_level is the refill point.") == [(6.2,)]


def test_a_name_that_is_not_understood_takes_the_question_with_it() -> None:
    with pytest.raises(Refused) as caught:
        rows("what is the average price", "price = whatever the moon says about it")

    assert "price" in caught.value.message


@pytest.mark.parametrize(
    "text", ["Scarce means that stock = 'few'.", "Scarce means that stock is less than moon."]
)
def test_a_constant_that_does_not_fit_its_column_defines_nothing(text: str) -> None:
    with pytest.raises(Refused):
        rows("how many scarce products are there", text)


def test_what_a_question_does_not_use_changes_nothing() -> None:
    advice = "To get totals, join orders and customers, group by customer. LUB = nobody knows what"

    assert rows("how many orders are there", advice) == [(7,)]


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=120))
def test_any_instructions_answer_or_refuse(text: str) -> None:
    try:
        rows("how many orders are there", text)
    except AidbtError as error:
        assert error.message


# --- instructions in the question ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "asked", "said"),
    [
        ("How many? Match names case-insensitively.", "How many?", "Match names case-insensitively."),
        ("What is the AOV? AOV = a / b. By month.", "What is the AOV? By month.", "AOV = a / b."),
        ("Orders of Ann. Use wildcards. Use ILIKE.", "Orders of Ann.", "Use wildcards. Use ILIKE."),
        ("Orders by city. Use only those of 'ann', case-insensitively.",) * 2 + ("",),
        ("Orders by city. Compare products like tea and cola.",) * 2 + ("",),
        ("Orders where a = 2. Sort them.", "Orders where a = 2. Sort them.", ""),
        ("Match all orders case-insensitively", "Match all orders case-insensitively", ""),
    ],
)
def test_sentences_that_instruct_are_no_part_of_what_is_asked(question: str, asked: str, said: str) -> None:
    assert without_advice(question) == (asked, said)


@pytest.mark.parametrize("end", [" (case-insensitive)", ", ignoring case", " regardless of case"])
def test_that_case_does_not_matter_is_advice(end: str) -> None:
    asked, said = without_advice(f"customers in 'BERLIN'{end}")

    assert asked == "customers in 'BERLIN'"
    assert widest(how for how, _ in read_instructions(said).general) == "folded"


def test_a_question_may_define_what_it_asks_for() -> None:
    (((found,)),) = rows("What is the AOV? AOV = total freight / number of orders.", "")

    assert round(float(found), 4) == round(46.5 / 7, 4)


# --- brackets that define -----------------------------------------------------------------------------


def test_brackets_say_what_the_unknown_word_before_them_means() -> None:
    graph, lexicon = world()

    question, words = glossed(
        "how many belated (shipped after the required date) orders are there", lexicon, graph
    )

    assert question == "how many belated orders are there"
    query = read(question, graph, words, CLOCK).query
    assert connection().execute(plan(query, graph).sql("duckdb", identify=True)).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How many VIPs (customers with at least 3 orders) are there?", 2),
        ("how many whales (customers with at least 3 orders) are there", 2),
        ("how many zonkers (orders with a freight above 5) are there", 4),
    ],
)
def test_brackets_say_which_rows_are_called_so(question: str, count: int) -> None:
    assert rows(question, "") == [(count,)]


@pytest.mark.parametrize(
    "question",
    [
        "how many orders (freight above 5) are there",
        "how many belated (whatever that is) orders are there",
        "how many orders are there",
        "(a) ((b)) (",
    ],
)
def test_other_brackets_stay_where_they_are(question: str) -> None:
    graph, lexicon = world()

    assert glossed(question, lexicon, graph) == (question, lexicon)
