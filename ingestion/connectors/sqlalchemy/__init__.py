"""Any database that SQLAlchemy has a dialect for as a source."""
