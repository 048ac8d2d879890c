"""A whole run, from its task to its record."""
