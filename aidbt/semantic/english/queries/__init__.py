"""How the phrases of a question become one query: groups, listings, and what goes without saying."""
