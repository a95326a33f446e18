"""Who judges: each detector gives every bucket of every monitor a score."""
