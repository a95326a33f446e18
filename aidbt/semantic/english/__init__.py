"""English questions, read by rules: every word is accounted for, or the question is refused."""
