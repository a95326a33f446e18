"""`aidbt classify`: lines in, lines out, and one clear error for a bad line."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from aidbt.cli.classify import classify
from aidbt.core.errors import UsageError
from aidbt.core.failures import ErrorClass
from aidbt.healing.classification.messages import normal_form
from aidbt.store import open_store
from aidbt.store.cases import Cases, PastCase
from tests.dbt_shop import new_shop

GONE = {"message": 'relation "raw.leads" does not exist', "adapter": "postgres"}


def run(*lines: object, options: tuple[str, ...] = ()):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return CliRunner().invoke(classify, list(options), input=text)


def test_each_line_gets_one_in_order():
    done = run(GONE, "", {"message": "429 Client Error: Too Many Requests for url: https://a.example"})

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == [
        "SCHEMA_DRIFT/TABLE_RENAMED",
        "TRANSIENT/RATE_LIMIT_EXCEEDED",
    ]
    assert all(
        answer.keys() == {"label", "confidence"} and 0 <= answer["confidence"] <= 1 for answer in answers
    )


def test_why_says_what_it_rests_on_and_what_may_follow():
    (answer,) = (json.loads(line) for line in run(GONE, options=("--why",)).stdout.splitlines())

    assert answer["by"] == "rules" and "does not exist" in answer["why"]
    assert answer["category"] == ErrorClass.TABLE_RENAMED.category
    assert answer["gate"] == "act" and answer["strategy"] == "update_schema_and_retry"
    assert "CONFIGURATION/PERMISSION_DENIED" in answer["alternatives"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", "line 2 has no message"),
        ('{"message": 3}', "line 2: 'message' is no text"),
        ('{"message": "x", "adapter": 3}', "line 2: 'adapter' is no text"),
    ],
)
def test_a_bad_line_is_named_after_those_before_it_were_answered(line: str, said: str):
    done = run(GONE, line, GONE)

    assert isinstance(done.exception, UsageError) and said in done.exception.message and done.exception.hint
    assert len(done.stdout.splitlines()) == 1


def test_bytes_that_are_no_text_are_a_bad_line():
    done = CliRunner().invoke(classify, input=b"\xff\xfe{}\n")

    assert isinstance(done.exception, UsageError) and "line 1" in done.exception.message


def test_nobody_is_asked_where_no_language_model_is_named(tmp_path):
    new_shop(tmp_path)

    done = run(GONE, options=("--ask", "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)))

    assert isinstance(done.exception, UsageError) and "no language model" in done.exception.message
    assert done.stdout == ""


def test_in_a_project_a_failure_that_a_person_named_is_known_again(tmp_path):
    shop = new_shop(tmp_path)
    odd = "the frobnicator at gate 7 declined"
    where = ("--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path))
    (before,) = (json.loads(line) for line in run({"message": odd}, options=where).stdout.splitlines())
    was = ErrorClass.STALE
    (shop.root / ".aidbt").mkdir()
    Cases(open_store(shop.root / ".aidbt/state.db"), "ana").add(
        PastCase(normal_form(odd), was, "told", runbook="call the gate")
    )

    (after,) = (json.loads(line) for line in run({"message": odd}, options=where).stdout.splitlines())

    assert before["label"] != "DATA_QUALITY/STALE"
    assert after["label"] == "DATA_QUALITY/STALE" and after["confidence"] > before["confidence"]


def test_it_answers_a_line_before_the_next_one_comes():
    command = [sys.executable, "-m", "aidbt", "classify"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        for _ in range(2):
            process.stdin.write(json.dumps(GONE) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["label"] == "SCHEMA_DRIFT/TABLE_RENAMED"
        process.stdin.close()
    assert process.returncode == 0
