"""Judges unit tests by what they notice: independent of the package that drafts them."""
