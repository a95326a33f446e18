"""The benchmark of failures: its figures, its file of messages, and what the corpus is made of."""

import json
from collections import Counter
from pathlib import Path

import pytest

from aidbt.core.failures import ErrorClass as E
from benchmarks.errors import by_keywords, figures, labelled
from benchmarks.failure_messages import Example, captured, written
from benchmarks.fit_classifier import corpus


def example(label: E, *accept: E) -> Example:
    return Example("m", label, "", "", accept)


def test_figures_are_those_of_the_judge():
    examples = [
        example(E.NETWORK_TIMEOUT),
        example(E.COLUMN_REMOVED, E.COLUMN_RENAMED),
        example(E.PERMISSION_DENIED),
        example(E.STALE),
    ]
    guesses = [
        (E.NETWORK_TIMEOUT, 0.9),
        (E.COLUMN_RENAMED, 0.8),
        (E.CREDENTIAL_EXPIRED, 0.75),
        (E.NETWORK_TIMEOUT, 0.74),
    ]

    found = figures(examples, guesses)

    assert (found["leaf_strict"], found["leaf_lenient"], found["family"]) == (0.25, 0.5, 0.75)
    assert (found["coverage_at_75"], found["accuracy_at_75"], found["unsafe"]) == (0.75, 0.6667, 0.0)
    assert figures(examples, [(E.STALE, 0.8)] * 4)["unsafe"] == 0.75


def test_a_file_of_messages_is_read_and_anything_else_is_refused(tmp_path: Path):
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"message": "x", "label": "TRANSIENT/NETWORK_TIMEOUT", "accept": []}) + "\n\n")

    assert [one.label for one in labelled(path)] == [E.NETWORK_TIMEOUT]
    path.write_text('{"message": "x", "label": "NO/SUCH"}')
    with pytest.raises(SystemExit, match="no file of labelled messages"):
        labelled(path)


def test_keywords_are_fooled_where_words_mislead():
    assert by_keywords("connection timed out")[0] is E.NETWORK_TIMEOUT
    assert by_keywords("ORA-00904")[0] is E.UNCLASSIFIED_ERROR


def test_the_corpus_has_hundreds_of_both_kinds_and_every_class():
    classes = Counter(one.label for one in corpus())

    assert len(captured()) > 600 and len(written()) > 900
    assert set(classes) == set(E)
    assert all(one.how for one in captured()) and not any(one.how for one in written())


def test_captured_messages_are_of_no_machine():
    assert not [one for one in captured() if "aidbt-faults-" in one.message or "/root/" in one.message]
