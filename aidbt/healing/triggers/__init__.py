"""What sets healing going besides a failed run."""
