"""How a cause is healed: which steps there are, what may be done without a person, and each step once."""
