"""The faults, one file per family."""
