"""What people said of alerts, and what follows from it."""
