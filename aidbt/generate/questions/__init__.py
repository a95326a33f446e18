"""What the rows leave open: asked once per pattern, and what an answer makes of the columns."""
