"""Semantic models and metrics proposed for tables."""
