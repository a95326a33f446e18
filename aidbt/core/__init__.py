"""The nouns and rules all else stands on. Imports only the standard library, pydantic, PyYAML."""
