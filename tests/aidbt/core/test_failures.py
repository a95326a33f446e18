"""The classes of failures and what each allows."""

from pathlib import Path

from aidbt.core.failures import Category, Classified, ErrorClass, Strategy

E = ErrorClass


def test_every_class_says_what_it_means_and_where_it_counts():
    for error_class in E:
        assert error_class.meaning and error_class.category in Category and error_class.strategy in Strategy
        assert error_class.value == f"{error_class.family}/{error_class.leaf}"
    assert {error_class.category for error_class in E} == set(Category)


def test_rights_secrets_money_and_damage_are_a_persons():
    for error_class in E:
        if error_class.family in ("CONFIGURATION", "DATA_CORRUPTION", "UNKNOWN"):
            assert error_class.needs_person
    assert E.QUOTA_EXCEEDED.category is E.RATE_LIMIT_EXCEEDED.category
    assert E.RATE_LIMIT_EXCEEDED.strategy is Strategy.THROTTLE


def test_the_gate_stands_at_three_quarters_and_a_half():
    def gate(confidence: float, error_class: ErrorClass = E.NETWORK_TIMEOUT) -> str:
        return Classified(error_class, confidence, "rules", "").gate

    assert [gate(c) for c in (0.76, 0.75, 0.74, 0.5, 0.49)] == ["act", "act", "draft", "draft", "hand_over"]
    assert gate(1.0, E.CREDENTIAL_EXPIRED) == "draft"


def test_the_docs_have_every_class_as_it_is():
    lines = (Path(__file__).parents[3] / "docs" / "failures.md").read_text(encoding="utf-8").splitlines()

    for error_class in E:
        tried = "a person" if error_class.needs_person else error_class.strategy
        assert f"| `{error_class}` | {error_class.meaning} | {error_class.category} | {tried} |" in lines
