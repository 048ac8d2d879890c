"""Running the rules: worker processes, the report, and conformance cards."""
