"""`aidbt classify`: of which class failures are, line by line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import click

from aidbt.cli.options import open_from, project_options
from aidbt.core.errors import UsageError

if TYPE_CHECKING:
    from aidbt.core.failures import Classified
    from aidbt.healing.classification.classify import Classifier
    from aidbt.healing.classification.marks import Failed

_KEYS = ("message", "adapter", "sqlstate", "code", "exception")
_FORM = (
    'one JSON object a line, e.g. {"message": "relation \\"orders\\" does not exist", "adapter": "postgres"}'
)


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--why", is_flag=True, help="Also what it rests on, what else it may be, and what may follow.")
@click.option(
    "--retrain",
    is_flag=True,
    help="Learn from the project's outcomes instead, and say whether that is better.",
)
@click.option(
    "--ask", is_flag=True, help="Ask the language model of the project's settings where it is not sure."
)
@project_options
def classify(file: IO[bytes], why: bool, retrain: bool, ask: bool, **where: Any) -> None:
    """Say of which class failures are: JSON lines in, JSON lines out.

    Reads {"message", "adapter"} from FILE or standard input (sqlstate, code and exception where the driver
    gave them) and writes {"label", "confidence"} for each, in order. From 0.75 on a mend that is proved may
    act, from 0.50 on it is a draft, below a person looks. In a project it knows what became of its failures;
    it needs none, and sends nothing without --ask. With --retrain the text model is fitted again with these
    outcomes (about a minute), and kept only where it is surely better on held-out ones.
    """
    if retrain:
        _retrain(where)
        return
    if file.isatty():
        raise UsageError("there is nothing to classify", hint=f"give it {_FORM}")
    classifier = _classifier(ask, where)
    for failed in _failures(file):
        line = json.dumps(_told(classifier.classify(failed), why), ensure_ascii=False)
        click.echo(line)
        sys.stdout.flush()


def _classifier(ask: bool, where: dict[str, Any]) -> Classifier:
    """The one of the project, where there is one and anything is known of it; else as shipped."""
    from aidbt.cli.classifying import classifier_of, has_learned
    from aidbt.core.errors import AidbtError
    from aidbt.healing.classification.classify import Classifier

    try:
        session = open_from(**where)
        return classifier_of(session, ask=ask) if ask or has_learned(session) else Classifier()
    except AidbtError:
        if ask or where.get("project_dir") is not None:
            raise
        return Classifier()


def _retrain(where: dict[str, Any]) -> None:
    from aidbt.cli.classifying import retrain

    found = retrain(open_from(**where))
    done = "a new text model is kept" if found.model is not None else "the text model stays as it is"
    click.echo(f"{done}: {found.why}")


def _failures(file: IO[bytes]) -> Iterator[Failed]:
    """Each line as a failure; lines with nothing in them are passed over.

    Raises:
        UsageError: a line is something else; those before it were answered.
    """
    from aidbt.healing.classification.marks import Failed

    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} is no JSON: {error}", hint=f"expected {_FORM}") from error
        if not isinstance(value, dict) or "message" not in value:
            raise UsageError(f"line {number} has no message", hint=f"expected {_FORM}")
        given = {key: value[key] for key in _KEYS if value.get(key) is not None}
        wrong = next((key for key, text in given.items() if not isinstance(text, str)), None)
        if wrong is not None:
            raise UsageError(f"line {number}: '{wrong}' is no text", hint=f"expected {_FORM}")
        yield Failed(**{"message": "", **given})


def _told(found: Classified, why: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"label": str(found.error_class), "confidence": found.confidence}
    if why:
        told |= {
            "by": found.by,
            "why": found.why,
            "alternatives": [str(other) for other in found.alternatives],
            "gate": found.gate,
            "category": str(found.error_class.category),
            "strategy": str(found.error_class.strategy),
        }
    return told
