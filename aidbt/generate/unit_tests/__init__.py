"""Unit tests for models that people wrote: rows that tell a model from its faults, and what comes of them."""
