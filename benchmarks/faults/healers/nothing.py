"""Hands everything over."""

from __future__ import annotations

from benchmarks.faults.healers.protocol import asked


def main() -> None:
    call = asked()
    if call.mode == "heal":
        call.tell("escalated")


if __name__ == "__main__":
    main()
