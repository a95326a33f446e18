"""What engines and clients document of their errors, as tables: codes, and the words of messages."""
