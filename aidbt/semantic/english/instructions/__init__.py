"""What comes with a question: definitions of its words, advice, and how texts are compared."""
