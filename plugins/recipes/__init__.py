"""First-party recipes."""
