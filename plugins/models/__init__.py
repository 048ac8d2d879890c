"""First-party models."""
