"""Watching runs and the installation."""
