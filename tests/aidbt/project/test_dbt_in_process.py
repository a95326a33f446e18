"""dbt inside this process swallows no Ctrl-C, and leaves no log open, whatever the disk says."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal

from aidbt.project.dbt_in_process import _close_dbt_logs, _interrupts


def test_a_ctrl_c_that_is_swallowed_inside_is_counted_and_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)

    with _interrupts() as counted, contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert counted == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_log_that_a_full_disk_does_not_take_is_let_go_all_the_same():
    class Full(logging.Handler):
        def close(self) -> None:
            super().close()
            raise OSError(errno.ENOSPC, "No space left on device")

    log, kept = logging.getLogger("file_log"), logging.NullHandler()
    log.addHandler(Full())
    log.addHandler(kept)

    _close_dbt_logs()

    assert not log.handlers
