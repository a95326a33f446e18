"""Which rows a question speaks of: the last column of its answer, over the small shop."""

from __future__ import annotations

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows, values

ALL_BUT_ALFA = {"Beta", "Gamma", "Delta"}

VALUES = {
    "customers in Germany": ALL_BUT_ALFA,
    "which customers are from Germany or Portugal": {"Alfa", *ALL_BUT_ALFA},
    "customers in Porto and Munich": {"Alfa", "Gamma"},
    "customers not in Germany": {"Alfa"},
    "customers outside Germany": {"Alfa"},
    "customers that aren't from Germany": {"Alfa"},
    "customers from neither Munich nor Porto": {"Beta", "Delta"},
    "names of customers in Germany": ALL_BUT_ALFA,
    "wholesale customers from Berlin": {"Delta"},
    "list the active customers in Germany": {"Beta", "Delta"},
    "inactive customers": {"Gamma"},
    "snacks and drinks products": {"Green Tea", "Cola", "Crisps", "Nut Bar"},
    "products that are not discontinued": {"Green Tea", "Cola", "Nut Bar", "Chess Set"},
    "open orders": {1005, 1006},
    "orders that are open or returned": {1002, 1005, 1006},
    "orders that were not cancelled": {1000, 1001, 1002, 1003, 1005, 1006},
    "orders of customers in Germany handled by Bo": {1003, 1006},
    "orders containing Cola": {1001, 1005},
    "reviews of Green Tea by German customers": {2},
}

RELATED = {
    "customers with no orders": {"Delta"},
    "customers without a single order": {"Delta"},
    "customers who have never placed an order": {"Delta"},
    "customers who haven't ordered anything": {"Delta"},
    "customers who never ordered Cola": ALL_BUT_ALFA,
    "customers who ordered Cola": {"Alfa"},
    "customers who bought Green Tea": {"Alfa", "Beta"},
    "which customers bought Green Tea in 2025": {"Beta"},
    "customers that have bought both Cola and Green Tea": {"Alfa"},
    "customers who ordered more than 2 times": {"Alfa", "Beta"},
    "customers who ordered exactly once": {"Gamma"},
    "customers with at least three orders": {"Alfa", "Beta"},
    "customers in Germany with 3 or more orders": {"Beta"},
    "customers in Germany who signed up before 2025 and have no open orders": {"Gamma"},
    "products that nobody reviewed": {"Cola", "Crisps", "Nut Bar"},
    "products bought by German customers": {"Chess Set", "Green Tea", "Crisps", "Nut Bar"},
    "products with at least 2 reviews": {"Green Tea"},
    "orders with more than one product": {1000, 1003},
    "orders not containing Cola": {1000, 1002, 1003, 1004, 1006},
    "products that were ordered but never reviewed": {"Cola", "Crisps", "Nut Bar"},
    "which products has Alfa bought in 2024": {"Green Tea", "Nut Bar", "Cola"},
    "which customers did Bo serve": {"Alfa", "Beta"},
    "customers who left a review": {"Alfa", "Beta"},
    "employees with no department": {"Ed"},
    "employees in the Berlin departments": {"Cy", "Di"},
}

COMPARED = {
    "products with a price between 2 and 5": {"Green Tea", "Crisps", "Nut Bar"},
    "products priced between 2 and 5": {"Green Tea", "Crisps", "Nut Bar"},
    "products whose price is at least 4.50": {"Green Tea", "Chess Set"},
    "products with a price of more than 3": {"Green Tea", "Chess Set"},
    "products cheaper than 3": {"Cola", "Crisps"},
    "products with stock below the reorder level": {"Cola", "Crisps"},
    "products whose stock is at or below their reorder level": {"Cola", "Crisps"},
    "orders with a freight above 5 and below 10": {1001, 1005, 1006},
    "reviews rated below 3": {3},
    "reviews with a rating of 5": {1},
    "reviews of the most expensive product": {3},
    "products more expensive than the average": {"Chess Set"},
    "employees who earn more than the average salary": {"Ada", "Cy"},
    "orders with freight less than 4 or more than 10": {1003, 1004},
    "products with no stock left": {"Crisps"},
    "products starting with C": {"Cola", "Crisps", "Chess Set"},
    "reviews without a comment": {2},
    "reviews that have a comment": {1, 3},
    "customers whose name starts with A": {"Alfa"},
    'customers with "ta" in their name': {"Beta", "Delta"},
    "customers whose name ends with 'ta'": {"Beta", "Delta"},
}

TIMES = {
    "orders in 2024": {1000, 1001, 1002},
    "orders placed in March 2025": {1003},
    "orders from the last 30 days": {1004, 1005, 1006},
    "orders placed more than two weeks ago": {1000, 1001, 1002, 1003, 1004},
    "orders older than 6 months": {1000, 1001},
    "orders placed on weekends": {1000, 1005, 1006},
    "orders in 2024 or 2025 from Portugal": {1000, 1001, 1005},
    "orders shipped after the required date": {1001},
    "orders shipped more than 5 days after they were ordered": {1001, 1002},
    "orders shipped within 5 days of the order date": {1000, 1003},
    "orders that took longer than 4 days to ship": {1000, 1001, 1002},
    "orders not shipped yet": {1004, 1005, 1006},
    "orders with no ship date": {1004, 1005, 1006},
    "shipped orders": {1000, 1001, 1002, 1003},
    "orders shipped in 2025": {1002, 1003},
    "customers who signed up this month": {"Delta"},
    "employees hired since 2023": {"Bo", "Cy", "Di"},
    "employees who have not left": {"Ada", "Bo", "Cy", "Ed"},
    "employees still here": {"Ada", "Bo", "Cy", "Ed"},
}

ROLES = {
    "employees without a manager": {"Ada"},
    "employees whose manager is Ada": {"Bo", "Cy"},
    "employees managed by Ada": {"Bo", "Cy"},
    "who reports to Cy": {"Di", "Ed"},
    "name of Bo's manager": {"Ada"},
    "salary of Bo's manager": {900},
    "employees with a salary above their manager's salary": set(),
}


@pytest.mark.parametrize("question", VALUES)
def test_values_name_the_rows_that_have_them(question):
    assert values(question) == VALUES[question]


@pytest.mark.parametrize("question", RELATED)
def test_rows_are_told_apart_by_what_they_are_related_to(question):
    assert values(question) == RELATED[question]


@pytest.mark.parametrize("question", COMPARED)
def test_columns_are_compared(question):
    assert values(question) == COMPARED[question]


@pytest.mark.parametrize("question", TIMES)
def test_times_are_those_that_verbs_and_tables_name(question):
    assert values(question) == TIMES[question]


@pytest.mark.parametrize("question", ROLES)
def test_rows_refer_to_rows_of_their_own_table(question):
    assert values(question) == ROLES[question]


def test_a_list_of_rows_and_what_they_refer_to():
    assert {row[-2:] for row in rows("employees and their managers")} == {
        ("Ada", None),
        ("Bo", "Ada"),
        ("Cy", "Ada"),
        ("Di", "Cy"),
        ("Ed", "Cy"),
    }


def test_columns_side_by_side_belong_to_the_same_rows():
    assert set(rows("name and city of customers in Germany")) == {
        ("Beta", "Berlin"),
        ("Gamma", "Munich"),
        ("Delta", "Berlin"),
    }


@pytest.mark.parametrize(
    "question",
    [
        "customers in Paris",
        "employees in Ada",
        "customers in 2024",
        "products that customers recommend",
        "departments of Cola",
        "customers who are polite",
        "customers whose name is 'Omega'",
        "customers who ordered Cola or Green Tea but not Crisps",
        "customers who reviewed Green Tea but never ordered it",
        "products ordered in 2025 but not in 2024",
        "customers hired in 2024",
        "employees signed up in 2024",
        "customers whose orders were all delivered",
        "orders in the last year",
    ],
)
def test_what_is_not_certain_is_refused(question):
    assert str(refusal(question))


def test_who_did_something_first_is_listed_with_when():
    assert [row[1] for row in rows("who was hired first")] == ["Ada"]


def test_the_time_between_two_dates_is_an_amount():
    assert rows("average number of days between the order date and the ship date") == [(6.5,)]
