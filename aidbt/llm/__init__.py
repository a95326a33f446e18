"""Language models: asking them, and embeddings of text."""
