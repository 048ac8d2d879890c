"""The plan: cases, their grid, and components with validated parameters."""
