"""Where columns come from: read from the SQL that a project keeps, never guessed."""
