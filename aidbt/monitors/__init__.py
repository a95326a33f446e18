"""Watches what models hold: what was measured, what was to be expected, and what is therefore odd."""
