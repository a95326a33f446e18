"""What the words of a sentence may name in the data, and refusals that say what was not found there."""
