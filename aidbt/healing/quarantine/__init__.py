"""Setting bad rows of a source aside: which they are, whether they may be, and the files that do it."""
