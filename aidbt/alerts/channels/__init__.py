"""The ways to people, one module each."""
