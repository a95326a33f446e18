"""The project's semantic layer: read from its files or its manifest, and asked about its metrics."""
