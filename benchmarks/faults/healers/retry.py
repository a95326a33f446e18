"""`dbt retry` with backoff, as schedulers do it: green within three tries is healed."""

from __future__ import annotations

import time

from benchmarks.faults.healers.protocol import asked

_WAITS_S = (1, 2, 4)


def main() -> None:
    call = asked()
    if call.mode != "heal":
        return
    for wait_s in _WAITS_S:
        time.sleep(wait_s)
        if call.run(call.dbt, "retry"):
            call.tell("healed", "dbt retry")
            return
    call.tell("escalated")


if __name__ == "__main__":
    main()
