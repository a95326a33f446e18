"""Healers to compare with, each a command that speaks the driver's protocol."""
