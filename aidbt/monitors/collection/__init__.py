"""Measuring models: what is asked of each, in one statement, and what its answer says."""
