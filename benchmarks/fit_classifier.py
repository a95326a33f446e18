"""Fits the text model of failures and counts how often its answers are right on sources that were not in the
fit: aidbt/healing/classification/classifier.npz and confidence.json.

    python -m benchmarks.fit_classifier [--write]

Messages are those of `benchmarks/failure_messages`: captured from real engines and clients, and written from
documented formats. Folds leave out a whole group of sources, so that nothing is judged by its near-duplicate.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from aidbt.healing.classification import confidence, learned, retraining
from aidbt.healing.classification.confidence import Counted, answer
from aidbt.healing.classification.learned import TextModel, fit_text_model, save_model
from aidbt.healing.classification.marks import Failed, marked
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.classification.rules import ruled
from benchmarks.failure_messages import Example, captured, written

FOLDER = Path(learned.__file__).parent
# Sources that say the same in the same words are left out together.
GROUPS = {
    "redshift": "postgres", "databricks": "spark", "mysql": "mysql", "others": "others", "httpx": "http",
    "requests": "http", "urllib": "http", "urllib3": "http", "http.client": "http", "ssl": "http",
    "services": "http", "aws": "http",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the shipped model and table")
    chosen = parser.parse_args()
    examples = corpus()
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for group, model, held in folds(examples):
        found = [(example, *_answered(example, model)) for example in held]
        for _, cell, is_right in found:
            table[cell][0] += is_right
            table[cell][1] += 1
        print(f"{group}: {sum(r for *_, r in found) / len(found):.3f} of {len(found)}")
    right, seen = (sum(counts[place] for counts in table.values()) for place in (0, 1))
    print(f"all: {right / seen:.3f} of {seen}")
    for cell, counts in sorted(table.items()):
        print(f"  {cell}: {counts[0]} of {counts[1]}, {Counted(*counts).share:.3f}")
    if chosen.write:
        save_model(fit(examples), FOLDER / learned.MODEL_FILE)
        text = json.dumps(dict(sorted(table.items())), indent=1).replace("[\n  ", "[").replace(",\n  ", ", ")
        (FOLDER / confidence.TABLE_FILE).write_text(text.replace("\n ]", "]") + "\n", encoding="utf-8")
        known = sorted({(normal_form(example.message), str(example.label)) for example in examples})
        lines = "\n".join(json.dumps(pair, ensure_ascii=False) for pair in known)
        (FOLDER / retraining.KNOWN_FILE).write_text(lines + "\n", encoding="utf-8")


def corpus() -> list[Example]:
    """Every message once."""
    return list({(e.message, e.label): e for e in [*captured(), *written()]}.values())


def fit(examples: Sequence[Example]) -> TextModel:
    """The model of these messages."""
    return fit_text_model([e.message for e in examples], [e.label for e in examples])


def folds(examples: Sequence[Example]) -> Iterator[tuple[str, TextModel, list[Example]]]:
    """Each group of sources with a model of all others."""
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[GROUPS.get(example.source, example.source)].append(example)
    for group, held in sorted(groups.items()):
        yield group, fit([e for name, of in sorted(groups.items()) if name != group for e in of]), held


def _answered(example: Example, model: TextModel) -> tuple[str, bool]:
    """The kind of answer to a message, and whether it is right."""
    ruling = ruled(marked(Failed(example.message, example.adapter)))
    found = answer(ruling, model.likeliest(example.message))
    return found.cell, found.error_class in example.right


if __name__ == "__main__":
    main()
