"""What is known of a failed run: what it left, the sources then and now, the changes of the code."""
