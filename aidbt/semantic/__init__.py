"""What a project's data means: its semantic layer, and questions about it made into SQL."""
