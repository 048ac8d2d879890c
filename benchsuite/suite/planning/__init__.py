"""From a suite to its plan, with changes from outside, and the small plan for the synthetic sample."""
