"""Questions answered over rows in memory."""
