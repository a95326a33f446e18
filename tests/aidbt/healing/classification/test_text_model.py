"""The learned classifier: its file, and that it generalises to sources it has not seen."""

from pathlib import Path

import numpy as np
import pytest

from aidbt.core.errors import AidbtError
from aidbt.core.failures import ErrorClass as E
from aidbt.healing.classification.learned import fit_text_model, load_model, save_model, shipped_model

TIMEOUTS = [f"request to host{n} timed out after {n} s" for n in range(12)]
RIGHTS = [f"user u{n} lacks the privilege to read table t{n}" for n in range(12)]


@pytest.fixture(scope="module")
def model():
    labels = [E.NETWORK_TIMEOUT] * 12 + [E.PERMISSION_DENIED] * 12
    return fit_text_model([*TIMEOUTS, *RIGHTS], labels)


def test_it_tells_what_it_has_not_seen_by_the_letters(model):
    (first, chance), *_ = model.likeliest("the reading of pages timed out")

    assert first is E.NETWORK_TIMEOUT and chance > 0.6
    assert model.likeliest("missing privilege: read")[0][0] is E.PERMISSION_DENIED
    assert model.probabilities("timed out").sum() == pytest.approx(1)


def test_a_message_without_a_known_letter_has_chances_too(model):
    assert np.isfinite(model.probabilities("")).all() and np.isfinite(model.probabilities("日本")).all()


def test_its_file_gives_the_same_answers_and_the_same_bytes(model, tmp_path: Path):
    save_model(model, tmp_path / "a.npz")
    save_model(model, tmp_path / "b.npz")
    read = load_model(tmp_path / "a.npz")

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    for message in (TIMEOUTS[0], RIGHTS[0], "timed privilege"):
        assert read.probabilities(message) == pytest.approx(model.probabilities(message), abs=0.01)


def test_a_damaged_file_is_refused_with_a_hint(model, tmp_path: Path):
    save_model(model, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["bias"] = arrays["bias"] + 1
    np.savez_compressed(tmp_path / "changed.npz", **arrays)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:200])

    for name in ("changed.npz", "cut.npz", "gone.npz"):
        with pytest.raises(AidbtError, match=name) as error:
            load_model(tmp_path / name)
        assert error.value.hint


def test_the_shipped_model_knows_every_class_that_messages_can_show():
    assert set(shipped_model().classes) == set(E)
