"""Adopting a project: what its files say about how the team works."""
