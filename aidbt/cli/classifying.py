"""The classifier of a project: what it learned from outcomes, and whom it may ask."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidbt.core.failures import Classified
    from aidbt.core.findings import Finding
    from aidbt.core.healing import Diagnosis
    from aidbt.healing.classification.classify import Classifier
    from aidbt.healing.classification.learned import TextModel
    from aidbt.healing.classification.retraining import Retrained
    from aidbt.session import Session

MODEL_FILE = "classifier.npz"


def classifier_of(session: Session, *, ask: bool = False) -> Classifier:
    """The classifier with the model and the past cases of the project.

    What cannot be read of them is left out: it classifies as shipped then.

    Args:
        ask: let it ask the language model of the settings where nothing else is sure.

    Raises:
        UsageError: it is to ask, and the settings name no model.
    """
    from aidbt.core.errors import StoreError, UsageError
    from aidbt.healing.classification.asking import asks
    from aidbt.healing.classification.classify import Classifier
    from aidbt.healing.classification.learned import shipped_model
    from aidbt.healing.classification.outcomes import known_cases
    from aidbt.store.cases import Cases

    model = session.llm if ask else None
    if ask and model is None:
        raise UsageError("no language model is named", hint="add one to llm.providers in aidbt.yml")
    try:
        cases = known_cases(Cases(session.store, "aidbt").all())
    except StoreError:
        cases = ()
    timeout_s = session.settings.values.llm.timeout_s
    return Classifier(
        model=_own_model(session.project.root) or shipped_model(),
        cases=cases,
        ask=asks(model, timeout_s=timeout_s) if model is not None else None,
    )


def has_learned(session: Session) -> bool:
    """Whether the project has state from which a classifier may know more than the shipped one; nothing is
    made by asking."""
    store = session.settings.values.store
    return bool(store.url.get_secret_value()) or (session.project.root / store.path).is_file()


def by_project(session: Session, *, ask: bool = False) -> Callable[[str, str], Classified]:
    """(message, adapter) → its class, by the classifier of the project; made when it is asked first.

    Where `heal.ask_llm` allows it a language model is asked too, if one is named; nothing fails by it.
    """
    made: list[Classifier] = []

    def classify(message: str, adapter: str) -> Classified:
        from aidbt.core.errors import StoreError
        from aidbt.healing.classification.marks import Failed

        if not made:
            is_allowed = session.settings.values.heal.ask_llm and session.llm is not None
            made.append(classifier_of(session, ask=ask or is_allowed))
        try:
            return made[0].classify(Failed(message, adapter))
        except StoreError:  # the account of what models cost cannot be kept: none is asked then
            return replace(made[0], ask=None).classify(Failed(message, adapter))

    return classify


def with_past(session: Session, causes: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """The causes with what is known of failures that said the same; as they are where the store cannot be
    read."""
    from aidbt.core.errors import StoreError
    from aidbt.healing.classification.outcomes import said_before
    from aidbt.store.cases import Cases

    try:
        past = Cases(session.store, "aidbt").all() if causes else ()
    except StoreError:
        past = ()
    if not past:
        return tuple(causes)
    messages = (next((f.message for f in one.failures if f.message), "") for one in causes)
    return tuple(
        replace(one, before=said_before(message, past)) for one, message in zip(causes, messages, strict=True)
    )


def retrain(session: Session) -> Retrained:
    """The model fitted again with the outcomes of the project, and kept where it is surely better.

    Raises:
        StoreError: the outcomes cannot be read.
        MissingExtra: scikit-learn is not installed.
        WriteError: the model cannot be written.
    """
    from aidbt.core.errors import WriteError
    from aidbt.core.patch import state_dir
    from aidbt.healing.classification.learned import save_model, shipped_model
    from aidbt.healing.classification.outcomes import known_outcomes
    from aidbt.healing.classification.retraining import known_messages, retrained
    from aidbt.store.cases import Cases

    root = session.project.root
    outcomes = known_outcomes(Cases(session.store, "aidbt").all())
    found = retrained(outcomes, _own_model(root) or shipped_model(), known_messages())
    if found.model is not None:
        try:
            place = state_dir(root) / MODEL_FILE
            fresh = place.with_name(f"new-{MODEL_FILE}")
            save_model(found.model, fresh)
            fresh.replace(place)  # whoever reads it meanwhile has the old one
        except OSError as error:
            raise WriteError(f"{MODEL_FILE} cannot be written: {error.strerror}") from error
    return found


def accuracy(session: Session) -> Finding | None:
    """Word that classes were right less often lately than they claimed; None where that does not show.

    Where a text model was learned, what was said before it counts no more.

    Raises:
        StoreError: the outcomes cannot be read.
    """
    from datetime import UTC, datetime

    from aidbt.core.patch import STATE_DIR
    from aidbt.healing.classification.outcomes import known_outcomes
    from aidbt.healing.classification.retraining import accuracy_finding
    from aidbt.store.cases import Cases

    past, place = Cases(session.store, "aidbt").all(), session.project.root / STATE_DIR / MODEL_FILE
    with contextlib.suppress(OSError):
        since = datetime.fromtimestamp(place.stat().st_mtime, UTC)
        past = tuple(case for case in past if case.at >= since)
    return accuracy_finding(known_outcomes(past))


def _own_model(root: Path) -> TextModel | None:
    """The model that outcomes of the project made; None where there is none that can be read."""
    from aidbt.core.errors import AidbtError
    from aidbt.core.patch import STATE_DIR
    from aidbt.healing.classification.learned import load_model

    place = root / STATE_DIR / MODEL_FILE
    if not place.is_file():
        return None
    try:
        return load_model(place)
    except AidbtError:
        return None
