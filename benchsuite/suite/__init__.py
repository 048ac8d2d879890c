"""From a YAML file to a plan: read, validate, expand."""
