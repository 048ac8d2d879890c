"""The studies that ship with benchsuite, a YAML file each."""
