"""Claim: from its message alone it is known of which class a failure is, and where not, that is said.

`--data FILE` holds labelled messages, a JSON object a line (message, label, accept, adapter); `--predict OUT`
writes {"label", "confidence"} of each, in order. Without it the messages of `benchmarks/failure_messages` are
judged, each by a model that has not seen its source. Beside ours: the usual list of keywords, and the nearest
of our messages by MiniLM where its weights are at hand.

`unsafe` is the share of all that pass the gate (confidence 0.75) with a wrong family, `family_captured` the
share of captured faults whose family is right. Who captured these wrote the decision list too, so that its
figures on our own messages are better than on those of others.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aidbt.core.failures import ACT_FROM, ErrorClass
from aidbt.healing.classification.classify import Classifier
from aidbt.healing.classification.marks import Failed
from aidbt.healing.classification.messages import normal_form
from benchmarks.common import report, standard_arguments
from benchmarks.failure_messages import Example
from benchmarks.fit_classifier import corpus, folds

GOALS = {"leaf_lenient": 0.92, "accuracy_at_75": 0.98, "coverage_at_75": 0.70, "family_captured": 0.95}
Guess = tuple[ErrorClass, float]

# What such lists look like: words in any message, the first that is found decides.
E = ErrorClass
KEYWORDS: tuple[tuple[str, ErrorClass], ...] = (
    (r"timed? ?out|timeout", E.NETWORK_TIMEOUT),
    (r"connection (reset|refused|closed|aborted)|broken pipe", E.CONNECTION_RESET),
    (r"rate limit|too many requests|\b429\b|throttl", E.RATE_LIMIT_EXCEEDED),
    (r"quota", E.QUOTA_EXCEEDED),
    (r"unavailable|\b50[0234]\b|internal error", E.TEMPORARY_UNAVAILABLE),
    (r"out of memory|memory|no space|disk full|resources exceeded", E.RESOURCE_EXHAUSTION),
    (r"lock|deadlock|concurrent|serializ", E.CONCURRENCY_CONFLICT),
    (r"permission|access denied|not authorized|forbidden|\b403\b|privilege", E.PERMISSION_DENIED),
    (r"authenticat|password|credential|token|expired|\b401\b", E.CREDENTIAL_EXPIRED),
    (r"duplicate|unique", E.DUPLICATE_KEY),
    (r"foreign key", E.REFERENTIAL_INTEGRITY),
    (r"not null|null value|non-null", E.NULL_VIOLATION),
    (r"check constraint|too long|violat|got \d+ result", E.CONSTRAINT_VIOLATION),
    (
        r"column.*(does not exist|not found|cannot be resolved)|invalid identifier|unrecognized "
        r"name",
        E.COLUMN_REMOVED,
    ),
    (r"too many (data )?columns|extra column|new column", E.COLUMN_ADDED),
    (r"changed type|type mismatch|schema mismatch|incompatible type", E.TYPE_CHANGED),
    (r"(table|relation|view|object|schema).*(does not exist|not found|cannot be found)", E.TABLE_RENAMED),
    (
        r"could not (convert|parse|cast)|invalid input syntax|cannot be cast|not "
        r"recognized|invalid (date|timestamp)",
        E.TYPE_COERCION_FAILURE,
    ),
    (r"env var|profile", E.MISSING_SETTING),
    (r"compilation error|undefined|depends on a", E.COMPILATION),
    (r"syntax error|unexpected", E.SQL_SYNTAX),
    (r"no module named|not installed|dbt deps", E.MISSING_DEPENDENCY),
    (r"no matching signature|function|group by|ambiguous", E.SQL_SEMANTIC),
    (r"not found|\b404\b|endpoint", E.ENDPOINT_CHANGED),
)


def main() -> None:
    chosen = arguments(sys.argv[1:])
    started = time.process_time()
    if chosen.data:
        examples = labelled(chosen.data)
        ours = guesses(Classifier(), examples)
    else:
        if chosen.predict:
            raise SystemExit("--predict needs --data: predictions are written in its order")
        examples, ours = held_out(quick=chosen.quick)
    cpu_s = time.process_time() - started
    if chosen.predict:
        lines = (json.dumps({"label": str(label), "confidence": sure}) for label, sure in ours)
        chosen.predict.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = figures(examples, ours)
    real = [(example, guess) for example, guess in zip(examples, ours, strict=True) if example.how]
    if real:
        found["family_captured"] = figures(*zip(*real, strict=True))["family"]
    short = [
        f"{name} {found[name]} < {goal}"
        for name, goal in GOALS.items()
        if (found.get(name, goal) or 0) < goal
    ]
    short += [f"unsafe {found['unsafe']} > 0"] if found["unsafe"] else []
    peers = {"keywords": figures(examples, [by_keywords(example.message) for example in examples])}
    if chosen.data and (nearest := minilm()):
        peers["MiniLM nearest"] = figures(examples, nearest(examples))
    shown = {**found, "short of goals": short or "none", "cpu_s": round(cpu_s, 2)}
    best = max(peer["leaf_lenient"] for peer in peers.values())
    ratios = {"leaf_lenient ours / best peer": round(found["leaf_lenient"] / best, 2)} if best else {}
    report("errors", ours=shown, peers=peers, ratios=ratios, output=chosen.output)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = standard_arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FILE", help="labelled messages, one JSON object a line")
    parser.add_argument("--predict", type=Path, metavar="OUT", help="write the answers there")
    return parser.parse_args(words)


def labelled(path: Path) -> list[Example]:
    """The messages of a file.

    Raises:
        SystemExit: it cannot be read, or is no such file.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [
            Example(
                line["message"],
                ErrorClass(line["label"]),
                line.get("adapter", ""),
                line.get("adapter", ""),
                tuple(ErrorClass(name) for name in line.get("accept", ())),
            )
            for line in lines
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path} is no file of labelled messages: {error}") from error


def guesses(classifier: Classifier, examples: Sequence[Example]) -> list[Guess]:
    """Ours."""
    found = (classifier.classify(Failed(example.message, example.adapter)) for example in examples)
    return [(one.error_class, one.confidence) for one in found]


def held_out(*, quick: bool) -> tuple[list[Example], list[Guess]]:
    """Our messages, each group of sources answered by a model of all others; three groups in quick form."""
    examples: list[Example] = []
    found: list[Guess] = []
    for place, (_, model, held) in enumerate(folds(corpus())):
        examples += held
        found += guesses(Classifier(model), held)
        if quick and place == 2:
            break
    return examples, found


def by_keywords(message: str) -> Guess:
    """The first keyword that is found; such lists say nothing of how sure they are."""
    text = message.lower()
    label = next((label for words, label in KEYWORDS if re.search(words, text)), E.UNCLASSIFIED_ERROR)
    return label, 1.0


def minilm() -> Callable[[Sequence[Example]], Iterator[Guess]] | None:
    """The class of the nearest of our messages, as sure as they are alike; None without weights."""
    from aidbt.core.config import EmbeddingSettings
    from aidbt.core.errors import AidbtError
    from aidbt.llm.embeddings import open_embedder

    try:
        embedder = open_embedder(EmbeddingSettings())
    except AidbtError:
        return None
    if embedder is None:
        return None
    known = corpus()
    vectors = embedder.encode([normal_form(example.message) for example in known])

    def nearest(examples: Sequence[Example]) -> list[Guess]:
        alike = embedder.encode([normal_form(example.message) for example in examples]) @ vectors.T
        return [(known[row.argmax()].label, float(row.max())) for row in alike]

    return nearest  # type: ignore[return-value]


def figures(examples: Sequence[Example], found: Sequence[Guess]) -> dict[str, Any]:
    """The figures of a judge of such answers: leaf strict and lenient, family, macro F1, and at the gate."""
    pairs = list(zip(examples, found, strict=True))
    count = len(pairs)
    right, wrong, missed = (Counter[ErrorClass]() for _ in range(3))
    for example, (label, _) in pairs:
        if label is example.label:
            right[label] += 1
        else:
            wrong[label] += 1
            missed[example.label] += 1
    f1 = [2 * right[c] / max(1, 2 * right[c] + wrong[c] + missed[c]) for c in {e.label for e in examples}]
    sure = [(example, label) for example, (label, confidence) in pairs if confidence >= ACT_FROM]
    lenient = sum(label in example.right for example, (label, _) in pairs)
    family = sum(_is_family(example, label) for example, (label, _) in pairs)
    values = {
        "leaf_strict": sum(right.values()) / count,
        "leaf_lenient": lenient / count,
        "family": family / count,
        "macro_f1": sum(f1) / len(f1),
        "coverage_at_75": len(sure) / count,
        "accuracy_at_75": sum(label in e.right for e, label in sure) / len(sure) if sure else None,
        "unsafe": sum(not _is_family(example, label) for example, label in sure) / count,
    }
    return {"n": count} | {name: None if v is None else round(v, 4) for name, v in values.items()}


def _is_family(example: Example, label: ErrorClass) -> bool:
    return label.family in {other.family for other in example.right}


if __name__ == "__main__":
    main()
