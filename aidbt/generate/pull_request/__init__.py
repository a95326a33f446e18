"""What a reviewer is told: the summary of a run, and the text of a pull request."""
