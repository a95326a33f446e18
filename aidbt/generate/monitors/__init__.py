"""Monitors that `aidbt generate` proposes as data tests."""
