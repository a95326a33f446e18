"""What is wrong for one cause, from its first sign until it has passed."""
