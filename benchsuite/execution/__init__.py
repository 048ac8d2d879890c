"""Which runs are due, and where they happen."""
