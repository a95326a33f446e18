"""Whether a mend is right: its claims, a build where nobody reads, and its tables beside those of before."""
