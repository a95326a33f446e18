"""What `mapping.signals` may say."""

from __future__ import annotations

import pytest
from match_tasks import task

from aidbt.core.config import MappingSettings
from aidbt.core.errors import SettingsError
from aidbt.mapping.matcher import match
from aidbt.mapping.signals import SIGNALS


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_number_from_0_is_refused(factor: float):
    with pytest.raises(SettingsError, match="the factor of name is"):
        match(task(["a"], ["a"]), MappingSettings(signals={"name": factor}))


def test_leaving_every_signal_out_is_refused_instead_of_matching_nothing():
    nothing = dict.fromkeys(SIGNALS.names(), 0.0)

    with pytest.raises(SettingsError, match="leaves every signal out"):
        match(task(["a"], ["a"]), MappingSettings(signals=nothing))


def test_one_signal_is_enough():
    alone = {name: float(name == "name") for name in SIGNALS.names()}

    (found,) = match(task(["a"], ["a"]), MappingSettings(signals=alone, review=0.0))

    assert found.source == "a"
