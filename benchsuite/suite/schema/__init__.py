"""The models of a suite file, and the JSON Schema made of them."""
