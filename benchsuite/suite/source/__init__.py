"""YAML with line numbers, and its problems in words."""
