"""Running the rules: worker processes, and conformance cards."""
