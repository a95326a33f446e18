"""A query as one SELECT: each measure at its own grain, then joined."""
