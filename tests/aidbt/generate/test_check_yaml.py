"""What is written is checked against dbt's own schema before it reaches a project."""

import pytest

from aidbt.core.errors import WriteError
from aidbt.generate import changes
from aidbt.generate.check_yaml import check_dbt_yaml

MODEL = "models:\n  - name: a\n    columns:\n      - name: b\n"
RELATIONSHIP = (
    "        data_tests:\n          - relationships:\n              arguments: {to: ref('x'), field: y}\n"
)


def test_what_dbt_takes_passes():
    assert check_dbt_yaml(MODEL + RELATIONSHIP) is None


def test_a_severity_passes_in_small_letters_as_dbt_takes_it():
    assert check_dbt_yaml(MODEL + RELATIONSHIP + "              config: {severity: warn}\n") is None


@pytest.mark.parametrize(
    "text",
    [
        MODEL + "        data_testz: [unique]\n",
        MODEL + RELATIONSHIP + "              config: {severity: loud}\n",
        "models:\n  - name: a\n    meta: {a: 1}\n",
        "sources:\n  - name: a\n    tables: [{name: x, freshness: {warn_after: {count: 1, period: hour}}}]\n",
    ],
)
def test_what_dbt_would_refuse_or_move_is_found(text):
    assert check_dbt_yaml(text)


def test_a_fault_of_ours_writes_nothing(filled_shop, monkeypatch):
    # The check is the last guard before files: a renderer that went wrong must not reach a project.
    real = changes.property_file
    monkeypatch.setattr(changes, "property_file", lambda *given: real(*given) + "\nexposures:\n  - nam: a\n")

    with pytest.raises(WriteError, match="not be valid for dbt"):
        filled_shop.generate()

    assert filled_shop.texts() == {}
