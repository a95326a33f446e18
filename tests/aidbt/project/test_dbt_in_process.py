"""dbt inside this process swallows no Ctrl-C."""

from __future__ import annotations

import contextlib
import signal

from aidbt.project.dbt_in_process import _interrupts


def test_a_ctrl_c_that_is_swallowed_inside_is_counted_and_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)

    with _interrupts() as counted, contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert counted == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before
